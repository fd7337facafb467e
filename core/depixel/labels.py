"""
The text that Depixel writes into a picture, so that anyone who finds the file can tell that its detail is invented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from depixel import __version__
from depixel.domain import FACES
from depixel.files.metadata import XMP
from depixel.files.xmp import packet
from depixel.picture import Picture

if TYPE_CHECKING:
    from depixel.consistency import Residual
    from depixel.projecting import Projection
    from depixel.report import Candidate, Report
    from depixel.request import Request

_MADE = (
    '<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about=""'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType='
    '"http://cv.iptc.org/newscodes/digitalsourcetype/{source}"/>'
)

IMAGINED_FACE = FACES.disclosure
SOFTWARE = {"Software": f"Depixel {__version__}"}
"""The text in every picture that Depixel writes."""


def describe_residual(residual: Residual, degradation: str = "area", grid: int = 1) -> str:
    """
    How exactly an answer scales back, as the end of a sentence.

    Args:
        degradation: how it was scaled back; "point" = only the centre of each block was compared.
        grid: how many times the input had been enlarged by nearest neighbour; its true pixels were compared.
    """
    if residual.maximum <= 0.5:
        pixels = "your pixels" if grid == 1 else f"the pixels that yours repeat {grid}x{grid} times"
        return f"scales back to exactly {pixels}" + (" at the centre of each block" if degradation == "point" else "")
    level = "level" if residual.maximum <= 1 else "levels"
    worst = f"{residual.maximum:.2g}" if residual.maximum < 10 else f"{residual.maximum:.0f}"
    return f"scales back within {worst} {level} of 255 (mean {residual.mean:.3f})"


def label_picture(candidate: Candidate, report: Report, *, lossy: bool = False) -> Picture:
    """
    The candidate's picture with `Software` and `Comment` set, and `Description` for faces; other text is kept. The text
    of a `lossy` file does not say how exactly it scales back, which is known only after writing.
    """
    picture = candidate.picture
    text = {**picture.text, **SOFTWARE}
    sentences = [
        f"Upscaled x{report.scale} by Depixel as {report.domain.name} ({report.model}, {candidate.recipe});",
        "its detail is invented, not recovered.",
    ]
    if not lossy:
        exactness = describe_residual(candidate.residual, grid=report.grid)
        sentences.append(f"Scaled down again ({report.degradation}), it {exactness}.")
    if report.domain.imagined:
        sentences.insert(0, IMAGINED_FACE)
        text["Description"] = _joined(IMAGINED_FACE, text.get("Description", ""))
    text["Comment"] = " ".join(sentences)
    return picture.replace(text=with_xmp(text) if report.domain.imagined else text)


def label_disagreement(heat: Picture) -> Picture:
    """The map of the candidates' disagreement with `Software` set."""
    return heat.replace(text={**heat.text, **SOFTWARE})


def projected_report(projection: Projection, request: Request, name: str, seconds: float) -> Report:
    """The report on another upscaler's result (a file called `name`) that was made exact; its picture is labelled."""
    from depixel.report import Candidate, Report

    prepared = projection.prepared
    comment = f"Made by another upscaler; projected by Depixel: it scales back down ({prepared.degradation.name})."
    text = {**projection.picture.text, **SOFTWARE, "Comment": comment}
    picture = projection.picture.replace(text=text)
    before = describe_residual(projection.before, prepared.degradation.name, prepared.grid)
    note = f"Projected from {name}, which {before}."
    return Report(
        candidates=(Candidate(picture, projection.after, (projection.after.rmse / 255) ** 2, 0),),
        settings=request,
        scale=prepared.degradation.factor // prepared.grid,
        domain=prepared.domain,
        degradation=prepared.degradation.name,
        model=f"another upscaler's ({name})",
        device="cpu",
        wrap=prepared.wrap,
        steps=0,
        grid=prepared.grid,
        seconds=seconds,
        notes=(*prepared.notes, note),
    )


def with_xmp(text: dict[str, str], source: str = "compositeWithTrainedAlgorithmicMedia") -> dict[str, str]:
    """
    The text with an XMP packet for programs that do not read PNG text. It repeats the text and says how the picture was
    made (a term of the International Press Telecommunications Council; by default: by a trained model).
    """
    origin = _MADE.replace("{source}", source)
    xmp = (packet(text) or b"").decode("utf-8")
    if origin not in xmp:
        xmp = xmp.replace("</rdf:RDF>", origin + "</rdf:RDF>", 1)
    return {**text, XMP: xmp}


def _joined(ours: str, theirs: str) -> str:
    return theirs if ours in theirs else f"{ours} {theirs}".strip()
