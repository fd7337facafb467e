"""The summary of a batch: counts that add up, the worst residual and every failure by name; or all of it as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from depixel import __version__
from depixel.batch.inputs import InputPictures
from depixel.batch.running import Outcome
from depixel.labels import describe_residual
from depixel.request import Request
from depixel.terminal.printable import counted, one_line, shortened

_MOST_NOTES = 8
STATUSES = ("done", "skipped", "failed", "stopped")


class Tally:
    """Keeps what the summary needs of every outcome, and releases the pictures."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.counts = dict.fromkeys(STATUSES, 0)
        self.worst: tuple[float, str] | None = None  # maximum residual, name
        self.faces = False
        self.centres = False  # some answers were compared at the centres of their blocks
        self.grown: list[tuple[Path, Path, int]] = []  # source, result, scale
        self.side_files: list[Path] = []  # files of coordinates that were written for the larger pictures
        self.not_scaled: list[str] = []  # a sentence for each that was not

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self.counts[outcome.status] += 1
        self.rows.append(outcome.to_dict())
        if outcome.report is not None:
            residual = outcome.report.residual
            if outcome.report.settings.size is None:
                self.grown.append((outcome.planned.source, outcome.written[0], outcome.report.scale))
            self.faces |= outcome.report.domain.imagined
            self.centres |= outcome.report.degradation == "point"
            if self.worst is None or residual.maximum > self.worst[0]:
                self.worst = (residual.maximum, outcome.planned.name)

    @property
    def exit_code(self) -> int:
        """0 all done or skipped, 1 some failed, 130 stopped."""
        if self.counts["stopped"]:
            return 130
        return 1 if self.counts["failed"] else 0


def line_for(outcome: Outcome) -> str:
    """The outcome as one line."""
    name = outcome.planned.name
    if outcome.problem is not None:
        return one_line(f"{outcome.status}: {name}: {outcome.problem.reason}")
    assert outcome.small is not None and outcome.report is not None
    small, report = outcome.small, outcome.report
    sizes = f"{small.width}x{small.height} -> {report.picture.width}x{report.picture.height}"
    more = f" (+{counted(len(outcome.written) - 1, 'candidate')})" if len(outcome.written) > 1 else ""
    imagined = ", imagined" if report.domain.imagined else ""
    exactness = describe_residual(report.residual, report.degradation, report.grid)
    return one_line(f"{name} -> {outcome.written[0]}{more}  {sizes}, {report.domain.name}{imagined}; {exactness}")


def text(tally: Tally, seconds: float, inputs: InputPictures, page: Path | None) -> str:
    """The summary as text for a person."""
    total = sum(tally.counts.values())
    counts = ", ".join(f"{n} {s}" for s, n in tally.counts.items() if n or s in ("done", "failed"))
    lines = [f"{counted(total, 'picture')}: {counts} in {seconds:.1f} s."]
    if inputs.ignored:
        lines.append(f"Ignored {counted(inputs.ignored, 'file')} without a picture's file extension.")
    lines += shortened(inputs.unopened)
    if tally.side_files:
        names = ", ".join(path.name for path in tally.side_files)
        lines.append(f"Side files scaled as well: {names}.")
    lines += tally.not_scaled
    if tally.worst is not None and tally.counts["done"] > 1:
        lines.append(_worst(*tally.worst, tally.centres))
    done = [row for row in tally.rows if row["status"] == "done"]
    if not tally.faces:
        lines += _notes(done)
    elif len(done) == 1:
        lines += done[0]["notes"][1:]  # positions of faces and how well they fit; the first note is the sentence below
    if tally.faces:
        lines.append("The faces are invented. They do not show real people.")
    failed = [row for row in tally.rows if row["status"] == "failed"]
    if failed:
        lines.append("Failed:")
        lines += [f"  {row['name']}: {row['reason']}" for row in failed]
    if page is not None:
        lines.append(f"Report: {page}")
    return "".join(one_line(line) + "\n" for line in lines)


# Each note once, with the pictures that it is about.
def _notes(done: list[dict[str, Any]]) -> list[str]:
    names: dict[str, list[str]] = {}
    for row in done:
        for note in row["notes"]:
            names.setdefault(note, []).append(row["name"])
    lines = [note if len(done) == 1 else f"{_joined(about)}: {note}" for note, about in names.items()]
    return shortened(lines, _MOST_NOTES, "note", " (--json prints all)")


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {counted(len(names) - 1, 'other picture')}"


def _worst(maximum: float, name: str, centres: bool) -> str:
    if maximum <= 0.5:
        pixel_art = " (pixel art: at the centre of each block)" if centres else ""
        return f"Every answer scales back to exactly its input{pixel_art}."
    return f"The least exact answer is off by up to {maximum:.3g} of 255 levels when scaled back: {name}."


def document(
    tally: Tally, settings: Request, seconds: float, inputs: InputPictures, page: Path | None, more: dict[str, Any]
) -> str:
    """The summary as one JSON document for a script."""
    values: dict[str, Any] = {
        "depixel": __version__,
        "settings": settings.to_dict(),
        **more,
        "counts": {"inputs": sum(tally.counts.values()), **tally.counts, "ignored": inputs.ignored},
        "seconds": round(seconds, 3),
        "worst": None if tally.worst is None else {"name": tally.worst[1], "maximum": tally.worst[0]},
        "report": None if page is None else str(page),
        "side_files": [str(path) for path in tally.side_files],
        "not_scaled": tally.not_scaled,
        "unopened": inputs.unopened,
        "pictures": tally.rows,
    }
    return json.dumps(values, indent=2) + "\n"
