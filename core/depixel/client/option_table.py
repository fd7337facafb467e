"""
The table of options: everything that a request can ask of the engine for a picture.

A field of `RequestOptions` is one row. From it come the flag of the command line and its help, the rows of the dialogs
in GIMP and Krita, the keys on the wire with their check, the API description (scripts/describe_api.py) and the table in
docs/options.md. A new option is one field here and the code that gives it an effect.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Optional, Tuple

from .option import ALL_DOMAINS, KINDS, Option
from .readings import AUTO, MATERIALS, READINGS, SOFT_READINGS

ALL_DOORS = ("command line", "api", "page", "gimp", "krita")
DIALOGS = ("upscale", "imagine-face", "anonymise-face")
DRAWN = tuple(name for name in ALL_DOMAINS if name != "faces")
PICTURES = ("art", "pixel-art", "textures")  # kinds that show something, unlike maps and faces

MAX_SCALE = 64
MAX_SEED = 2**63 - 1
DIALOG_MAX_SEED = 2**31 - 1  # the limit of a spin button in GIMP and Krita
FACE_SIDE = 128
DEFAULT_SCALE = 4


def _row(kind: str, label: str, help: str, default: Any = None, **more: Any) -> Any:
    return field(default=default, metadata={"option": Option("", kind, label, help, default, **more)})


@dataclass(frozen=True)
class RequestOptions:
    """All options of a request as fields, in the order of the help page and of the dialogs."""

    scale: Optional[int] = _row(
        "int",
        "Times larger",
        "How many times larger the answer is, in both directions.",
        low=2,
        high=MAX_SCALE,
        automatic="4; for a face, the factor that makes it 128 pixels",
        unit="N",
        doors=ALL_DOORS,
        actions=("upscale", "imagine-face"),
    )
    size: Optional[int] = _row(
        "int",
        "Longest side",
        "Longest side of the result in pixels, instead of a scale. The answer is made at the next larger whole scale, "
        "where it scales back exactly, and then reduced.",
        low=2,
        high=65535,
        automatic="set by the scale",
        unit="PX",
        doors=ALL_DOORS,
        actions=("upscale", "imagine-face"),
    )
    domain: str = _row(
        "choice",
        "Kind of picture",
        "What the picture shows; auto decides from its pixels and its name.",
        "auto",
        choices=(("auto", "Automatic"), *KINDS),
        automatic="decided from content and name",
        doors=ALL_DOORS,
    )
    quality: str = _row(
        "choice",
        "Quality",
        "How much time to spend: best uses the larger model and averages more views; it takes several times as long.",
        "standard",
        choices=(("standard", "Standard"), ("best", "Best (slow)")),
        doors=ALL_DOORS,
        domains=DRAWN,
    )
    degradation: str = _row(
        "choice",
        "Scales back by",
        "How the answer must scale back to the input: area = mean of each block, bicubic = as PULSE does (with the "
        "larger model), point = centre of each block.",
        "auto",
        choices=(
            ("auto", "Automatic"),
            ("area", "Averaging (area)"),
            ("bicubic", "Bicubic"),
            ("point", "Centre pixel (pixel art)"),
        ),
        automatic="point for pixel art, else area",
        advanced=True,
        doors=ALL_DOORS,
        actions=("upscale", "imagine-face"),
    )
    wrap: str = _row(
        "choice",
        "Repeats",
        "Directions in which the picture tiles, so that its opposite edges must match.",
        "auto",
        choices=(
            ("auto", "Automatic"),
            ("none", "Not at all"),
            ("x", "Left and right"),
            ("y", "Top and bottom"),
            ("xy", "In both directions"),
        ),
        automatic="measured",
        advanced=True,
        domains=DRAWN,
    )
    palette: str = _row(
        "choice",
        "Colours",
        "Whether the answer may have new colours; keep allows only those of the picture, and keeps it indexed if it "
        "is.",
        "free",
        choices=(("free", "New ones may appear"), ("keep", "Only those of the picture")),
        advanced=True,
        doors=ALL_DOORS,
        domains=(*PICTURES, "data"),
    )
    reading: str = _row(
        "choice",
        "Read as",
        "How to interpret the picture. Pixel art: %s. Other art and textures: %s. Textures also: %s. Further "
        "candidates use the other readings in turn."
        % tuple(
            ", ".join("%s = %s" % (reading.name, reading.label) for reading in readings)
            for readings in (READINGS, SOFT_READINGS, MATERIALS)
        ),
        AUTO,
        choices=(
            (AUTO, "Automatic"),
            *((reading.name, reading.label.capitalize()) for reading in (*READINGS, *SOFT_READINGS, *MATERIALS)),
        ),
        automatic="smooth or calm for the first candidate",
        advanced=True,
        doors=ALL_DOORS,
        domains=PICTURES,
    )
    dither: str = _row(
        "choice",
        "Visible dither",
        "What to do with dithering: keep it, or remove it first. The answer then scales back to the picture without "
        "dithering.",
        "keep",
        choices=(("keep", "Keep"), ("remove", "Remove")),
        advanced=True,
        doors=ALL_DOORS,
        domains=PICTURES,
    )
    edges: str = _row(
        "choice",
        "Outlines",
        "Outline of pictures whose pixels are either opaque or transparent: hard, as in the picture, or soft.",
        "hard",
        choices=(("hard", "Hard edges"), ("soft", "Soft")),
        advanced=True,
        doors=ALL_DOORS,
        domains=PICTURES,
    )
    alpha: str = _row(
        "choice",
        "Alpha means",
        "What the alpha channel holds: opacity (premultiplied: colours are multiplied by it), or data such as gloss.",
        "auto",
        choices=(("auto", "Automatic"), ("opacity", "Opacity"), ("premultiplied", "Premultiplied"), ("data", "Data")),
        automatic="data for normals and data; premultiplied if the pixels show it; else opacity",
        advanced=True,
    )
    key: str = _row(
        "text",
        "Colour key",
        "The colour that a game does not draw, such as #FF00FF, or its number in the palette; it is never blended.",
        "auto",
        pattern=r"auto|none|#[0-9a-fA-F]{6}|\d{1,3}",
        expected="auto, none, a colour such as #FF00FF, or the number of a palette entry",
        automatic="detected if it is magenta, cyan, green or the background of a sheet",
        unit="COLOUR",
        advanced=True,
        domains=PICTURES,
    )
    frames: str = _row(
        "text",
        "Frames of a sheet",
        "Upscale each frame of a sprite sheet separately: auto = find the frames, 4x2 = 4 columns and 2 rows, 32x48px "
        "= frames of this size.",
        "none",
        pattern=r"none|auto|[1-9]\d{0,3}x[1-9]\d{0,3}(px)?",
        expected="none, auto, columns x rows such as 4x2, or a size such as 32x48px",
        unit="CxR",
        advanced=True,
        domains=DRAWN,
    )
    box: Optional[Tuple[int, int, int, int]] = _row(
        "box",
        "Face",
        "Where the face is, in pixels of the input.",
        automatic="found automatically; a picture up to 64x64 is treated as one face",
        unit="L,T,R,B",
        doors=("command line", "api"),
        domains=("faces",),
    )
    roll: float = _row(
        "float",
        "Head turned by",
        "Clockwise rotation of the head in the box, in degrees.",
        0.0,
        low=-180.0,
        high=180.0,
        unit="DEGREES",
        doors=("command line", "api"),
        domains=("faces",),
    )
    candidates: int = _row(
        "int",
        "Answers",
        "How many different answers to make; each scales back to the same pixels.",
        1,
        low=1,
        high=64,
        unit="K",
        group="search",
        doors=ALL_DOORS,
        actions=DIALOGS,
    )
    imagination: float = _row(
        "float",
        "Imagination",
        "0 is the calmest answer, 1 the most vivid.",
        0.0,
        low=0.0,
        high=1.0,
        unit="X",
        group="search",
        doors=ALL_DOORS,
        actions=DIALOGS,
    )
    detail: str = _row(
        "choice",
        "Face detail",
        "Detail of a face: drawn = the crisp detail of a drawn person, up to 1024 pixels; calm = the softer face of "
        "the neural model.",
        "auto",
        choices=(("auto", "Automatic"), ("drawn", "Drawn"), ("calm", "Calm")),
        automatic="drawn, unless you ask for imagination 0 or another model",
        doors=ALL_DOORS,
        actions=("imagine-face", "anonymise-face"),
        domains=("faces",),
    )
    face: str = _row(
        "text",
        "The person",
        "What the drawn person should be like, such as age=60, hair=long, smile; the pixels decide everything else. "
        "`depixel imagine --face help` lists the dials.",
        "",
        pattern=r"[^\x00-\x1f]{0,500}",
        expected="a list such as age=60, hair=long, smile",
        unit="DIALS",
        doors=ALL_DOORS,
        actions=("imagine-face", "anonymise-face"),
        domains=("faces",),
    )
    exact: str = _row(
        "choice",
        "Exact face",
        "Whether a face must scale back to the input exactly: auto = if the input looks like a face; otherwise the "
        "best match is shown unchanged, with the exact version beside it.",
        "auto",
        choices=(("auto", "If it can be"), ("always", "Always"), ("never", "As found")),
        automatic="always if the input looks like a face",
        doors=ALL_DOORS,
        actions=("imagine-face",),
        domains=("faces",),
    )
    seed: int = _row(
        "int",
        "Seed",
        "The same seed gives the same answers. To get one of several candidates again, use the seed and imagination "
        "reported for it.",
        0,
        low=0,
        high=MAX_SEED,
        unit="N",
        group="search",
        doors=ALL_DOORS,
        actions=DIALOGS,
    )
    like: Optional[int] = _row(
        "int",
        "Like seed",
        "Start near the answer that this seed gives.",
        low=0,
        high=MAX_SEED,
        automatic="start anywhere",
        unit="SEED",
        group="search",
        advanced=True,
    )
    steps: Optional[int] = _row(
        "int",
        "Search steps",
        "Length of the search; 0 is a single pass, the fastest.",
        low=0,
        high=10_000,
        automatic="depends on the kind of picture",
        unit="N",
        group="search",
        advanced=True,
        doors=ALL_DOORS,
        actions=DIALOGS,
    )
    ensemble: Optional[int] = _row(
        "choice",
        "Averaged views",
        "Average the answers for this many flips and rotations: more accurate, and that many times slower.",
        choices=((1, "1"), (2, "2"), (4, "4"), (8, "8")),
        automatic="1 to 8, more for small pictures with transparency",
        group="search",
        advanced=True,
        domains=DRAWN,
    )
    eps: Optional[float] = _row(
        "float",
        "Stop at error",
        "A search may stop at this mean squared error, with colours from 0 to 1.",
        low=0.0,
        high=1.0,
        automatic="0.0001 for faces, else 0.002",
        unit="X",
        group="search",
        advanced=True,
    )
    pre_blur: float = _row(
        "float",
        "Blur first",
        "Blur the input first; standard deviation in pixels of the input.",
        0.0,
        low=0.0,
        high=16.0,
        unit="PX",
        group="search",
        advanced=True,
        domains=("faces",),
    )
    iterate: int = _row(
        "int",
        "Rounds",
        "Number of rounds: each further round reduces the answer and enlarges it again.",
        1,
        low=1,
        high=10,
        unit="N",
        group="search",
        advanced=True,
        domains=("faces",),
    )
    model: str = _row(
        "text",
        "Generator",
        "Name of an installed model (see `depixel models`); a list such as a,b,c gives one answer from each.",
        "auto",
        pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}(,[A-Za-z0-9][A-Za-z0-9._-]{0,63}){0,7}",
        expected="auto, small, medium, the name of an installed model, or up to 8 names separated by commas",
        automatic="depends on the kind of picture",
        unit="NAME",
        group="search",
        advanced=True,
    )


OPTIONS: Tuple[Option, ...] = tuple(replace(row.metadata["option"], name=row.name) for row in fields(RequestOptions))
"""Every option of a request."""
KEPT = Option(
    "kept",
    "int",
    "Pixels kept",
    "How many pixels across the face to keep; fewer hide more.",
    *(12, 4, 64),  # default, least, most
    unit="N",
    doors=ALL_DOORS,
    actions=("anonymise-face",),
    domains=("faces",),
)
"""An option of anonymising, not of a request."""


def option_named(name: str) -> Option:
    """The option of this name. Raises KeyError."""
    return _BY_NAME[name]


_BY_NAME = {option.name: option for option in (*OPTIONS, KEPT)}
