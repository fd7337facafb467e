"""Hair styles as data: a new style is one entry in STYLES."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

NOWHERE = -9.0
"""A height that no hair reaches: nothing is cut."""


@dataclass(frozen=True)
class HairShape:
    """The numbers of a style; lengths and heights in dm from the point between the eyes, on the template head."""

    top: float = 0.5
    side: float = 0.4
    back: float = 0.4
    fringe: float = 0.5
    """Length by region."""
    fringe_width: float = 0.42
    """Half the width of the fringe."""
    fringe_end: float = NOWHERE
    """Height at which a fringe is cut; the brows are at 0.2."""
    hem: float = NOWHERE
    """Height at which all other hair is cut; the chin is at -1.15, the shoulders are at -1.7."""
    uneven: float = 0.15
    """How much lengths and cuts vary between locks."""
    fade: float = 0.0
    """How much shorter the sides and the nape become towards their edge, 0 to 1."""
    strip: float = 5.0
    """Half the width of the strip that keeps its length; the hair beside it is `shaved`."""
    shaved: float = 0.03
    lift_top: float = 0.4
    lift_side: float = 0.25
    """Angle at which hair leaves the scalp: 0 along it, 1 straight up."""
    stiff: float = 0.5
    """How strongly hair keeps its direction, 0 to 1."""
    fall: float = 0.1
    """Weight."""
    stick: float = 0.3
    """How closely hair follows the head, 0 to 1."""
    whorl: float = 0.5
    backward: float = 0.0
    forward: float = 0.0
    down: float = 0.2
    """How strongly hair is combed away from the crown, backward, forward, down."""
    part: float = 0.0
    part_at: float = 0.0
    """How strongly hair is combed away from the parting, and the parting's position, to the person's left."""
    sweep: float = 0.0
    """How strongly the fringe is combed to the person's left (negative: right)."""
    volume_top: float = 0.1
    volume_side: float = 0.06
    volume_back: float = 0.1
    volume_front: float = 0.08
    """Thickness of the hair."""
    open_left: float = 0.6
    open_right: float = 0.6
    """How far from the middle hair must stay beside the face; negative values let it hang over the eye."""
    inward: float = 0.0
    """How strongly ends turn towards the neck (negative: away)."""
    messy: float = 0.2
    clump: float = 0.3
    """How strongly hair gathers into locks, 0 to 1."""
    locks: float = 400.0
    """Number of locks."""
    wave: float = 0.0
    wave_rate: float = 0.8
    """Half width of waves in dm, and waves per dm."""
    curl: float = 0.0
    curl_rate: float = 2.0
    """Radius of curls in dm, and turns per dm."""
    frizz: float = 0.01
    flyaway: float = 0.02
    """Fraction of the hairs that stand off."""
    ragged: float = 0.25
    """Fraction of the length within which hairs thin out."""
    thick: float = 1.0
    """Width of strands relative to the usual one."""
    dense: float = 1.0
    """Number of strands relative to the usual one."""
    shine: float = 1.0
    recede: float = 0.0
    """How far the hairline has receded, dm."""
    crown_bald: float = 0.0
    """Radius of a bald crown, dm."""
    sideburn: float = -0.2
    """Height down to which hair grows in front of the ears."""
    density: float = 1.0
    """Fraction of the scalp that has hair."""
    scalp: float = 0.9
    """How much the scalp takes on the colour of the hair."""
    round: float = 0.0
    """Radius of locs and twists, dm: all strands of a lock stay within it."""


@dataclass(frozen=True)
class Tie:
    """Where hair is tied, and into what; dm on the template head."""

    kind: str
    """"tail", "braid" or "bun"."""
    y: float
    z: float
    x: float = 0.0
    """Distance from the middle: a tie on each side."""
    length: float = 2.0
    width: float = 0.2
    """Radius of the tail or the bun."""
    above: float = -9.0
    """Only hair that grows above this height is tied."""
    lift: float = 0.3
    """How strongly a tail starts upward."""


@dataclass(frozen=True)
class HairStyle:
    """A style and its frequency."""

    shape: HairShape
    men: float = 0.0
    women: float = 0.0
    """Frequency relative to other styles."""
    child: float = 1.0
    old: float = 1.0
    """The same for children and for old people, as a multiple."""
    tie: Tie | None = None
    rows: int = 0
    """Cornrows from ear to ear."""
    aliases: tuple[str, ...] = ()


NUMBERS = tuple(f.name for f in fields(HairShape))

_SHORT = HairShape(
    whorl=0.5,
    forward=0.4,
    stiff=0.7,
    fall=0.03,
    open_left=0.0,
    open_right=0.0,
    uneven=0.3,
    ragged=0.4,
    stick=0.15,
    dense=1.7,
    thick=0.8,
)
_LONG = HairShape(
    top=3.6, side=2.9, back=2.9, fringe=3.2, lift_top=0.3, lift_side=0.15, stiff=0.45, fall=0.4, stick=0.35, part=1.0,
    whorl=0.35, volume_top=0.16, volume_side=0.14, volume_back=0.16, volume_front=0.1, hem=-2.1, uneven=0.2,
    messy=0.1, ragged=0.2, sideburn=0.08,
)  # fmt: skip
_BOB = replace(
    _LONG, top=2.7, side=1.7, back=1.4, fringe=2.3, hem=-0.95, inward=0.5, volume_side=0.2, volume_back=0.22,
    volume_top=0.18, part_at=0.2, uneven=0.08, ragged=0.12,
)  # fmt: skip
_TIED = replace(
    _LONG, volume_top=0.06, volume_side=0.04, volume_back=0.05, volume_front=0.05, clump=0.15, messy=0.05, flyaway=0.03,
)  # fmt: skip
_COILS = replace(
    _SHORT, top=0.75, side=0.6, back=0.65, fringe=0.65, lift_top=1.0, lift_side=1.0, stiff=1.0, fall=0.0, stick=0.0,
    whorl=0.0, forward=0.0, down=0.0, curl=0.035, curl_rate=6.0, clump=0.5, messy=0.25, volume_top=0.5,
    volume_side=0.35, volume_back=0.4, volume_front=0.4, frizz=0.02, shine=0.6, locks=900, ragged=0.3,
)  # fmt: skip

STYLES: dict[str, HairStyle] = {
    "bald": HairStyle(replace(_SHORT, density=0.0), 0.7, 0.04, 0.02, 2.0, aliases=("none", "shaved")),
    "buzz": HairStyle(
        replace(_SHORT, top=0.05, side=0.035, back=0.035, fringe=0.05, lift_top=0.8, lift_side=0.7, volume_top=0.02,
                volume_side=0.012, volume_back=0.012, volume_front=0.02, clump=0.0, messy=0.4, scalp=0.88, stick=0.0,
                flyaway=0.0, thick=0.6, dense=2.5), 1.0, 0.08),
    "crew": HairStyle(
        replace(_SHORT, top=0.3, side=0.12, back=0.12, fringe=0.3, fade=0.7, lift_top=0.6, lift_side=0.4, messy=0.35,
                volume_top=0.12, volume_side=0.03, volume_back=0.05, volume_front=0.14, stick=0.1, dense=2.5,
                thick=0.6), 1.4, 0.03, aliases=("short", "ivy-league")),
    "crop": HairStyle(
        replace(_SHORT, top=0.6, side=0.25, back=0.25, fringe=0.55, fade=0.5, forward=0.9, messy=0.4, lift_top=0.4,
                volume_top=0.14, volume_side=0.05, volume_front=0.12, clump=0.5, fall=0.08, fringe_end=0.42), 1.0, 0.1),
    "side-part": HairStyle(
        replace(_SHORT, top=0.95, side=0.4, back=0.35, fringe=1.0, fade=0.4, part=1.0, part_at=0.3, sweep=-0.7,
                forward=0.0, whorl=0.3, backward=0.25, lift_top=0.5, stiff=0.55, stick=0.4, volume_top=0.17,
                volume_front=0.2, volume_side=0.05, messy=0.12, fall=0.05, down=0.3, clump=0.4), 1.3, 0.1, old=1.5),
    "comb-over": HairStyle(
        replace(_SHORT, top=1.2, side=0.4, back=0.4, fringe=1.1, part=1.4, part_at=0.42, sweep=-1.2, forward=-0.1,
                whorl=0.1, lift_top=0.2, stiff=0.5, stick=0.8, volume_top=0.05, volume_front=0.05, volume_side=0.05,
                recede=0.25, crown_bald=0.0, density=0.45, down=0.4, messy=0.1, clump=0.5), 0.25, 0.0, 0.0, 4.0),
    "receding": HairStyle(
        replace(_SHORT, top=0.3, side=0.25, back=0.25, fringe=0.25, fade=0.3, recede=0.42, crown_bald=0.25,
                lift_top=0.4, volume_top=0.06, volume_side=0.06, volume_back=0.06, density=0.75), 0.6, 0.0, 0.0, 2.5),
    "horseshoe": HairStyle(
        replace(_SHORT, top=0.2, side=0.35, back=0.35, fringe=0.1, recede=1.0, crown_bald=0.95, volume_side=0.09,
                volume_back=0.09, messy=0.35, lift_side=0.4), 0.4, 0.0, 0.0, 3.0),
    "slicked-back": HairStyle(
        replace(_SHORT, top=1.3, side=0.6, back=0.45, fringe=1.4, fall=0.3, backward=1.6, forward=0.0, whorl=0.0,
                part=0.0, lift_top=0.35, lift_side=0.1, stiff=0.5, stick=0.75, volume_top=0.1, volume_front=0.13,
                volume_side=0.03, volume_back=0.07, messy=0.06, clump=0.35, shine=1.5, down=0.25), 0.8, 0.2),
    "quiff": HairStyle(
        replace(_SHORT, top=0.7, side=0.15, back=0.2, fringe=0.95, fade=0.7, backward=1.2, forward=0.0, whorl=0.0,
                lift_top=1.1, stiff=0.72, stick=0.05, volume_top=0.3, volume_front=0.42, volume_side=0.04, messy=0.18,
                clump=0.45), 0.8, 0.03, aliases=("tall", "pompadour")),
    "spiky": HairStyle(
        replace(_SHORT, top=0.55, side=0.2, back=0.25, fringe=0.55, lift_top=1.2, lift_side=0.7, stiff=0.95, stick=0.0,
                volume_top=0.2, volume_front=0.2, messy=0.6, clump=0.85, locks=150, fade=0.4, whorl=0.3), 0.5, 0.04,
        1.5, 0.1),
    "messy": HairStyle(
        replace(_SHORT, top=0.9, side=0.5, back=0.5, fringe=0.8, lift_top=0.6, lift_side=0.4, stiff=0.65, stick=0.15,
                volume_top=0.24, volume_side=0.12, volume_back=0.15, volume_front=0.2, messy=0.75, clump=0.6, wave=0.03,
                wave_rate=1.2, fringe_end=0.3), 0.9, 0.25),
    "mohawk": HairStyle(
        replace(_SHORT, top=1.0, side=0.9, back=0.8, fringe=0.9, strip=0.14, shaved=0.03, lift_top=1.4, lift_side=1.0,
                stiff=0.98, stick=0.0, fall=0.0, whorl=0.0, forward=0.05, volume_top=0.7, volume_back=0.5,
                volume_front=0.6, clump=0.6, locks=150, messy=0.12, scalp=0.5), 0.2, 0.1, 0.1, 0.05),
    "undercut": HairStyle(
        replace(_SHORT, top=1.2, side=0.06, back=0.06, fringe=1.2, strip=0.52, shaved=0.05, part=0.6, part_at=0.35,
                sweep=-0.8, forward=0.0, backward=0.5, lift_top=0.6, stiff=0.55, stick=0.3, volume_top=0.18,
                volume_front=0.22, volume_side=0.02, fall=0.08, down=0.3), 0.6, 0.15, 0.5, 0.2),
    "mullet": HairStyle(
        replace(_SHORT, top=0.8, side=0.6, back=1.7, fringe=0.7, fringe_end=0.25, forward=0.4, fall=0.2, stiff=0.5,
                volume_top=0.2, volume_side=0.07, volume_back=0.14, lift_top=0.5, messy=0.3, clump=0.45,
                open_left=0.55, open_right=0.55, wave=0.03), 0.35, 0.1, 0.5, 0.3),
    "bowl": HairStyle(
        replace(_BOB, top=1.9, side=0.9, back=0.75, fringe=1.2, fringe_end=0.22, fringe_width=0.6, hem=0.0, part=0.0,
                whorl=0.9, forward=0.5, inward=0.4, volume_side=0.14, volume_front=0.1, uneven=0.05,
                open_left=0.45, open_right=0.45), 0.35, 0.12, 3.0, 0.3),
    "pixie": HairStyle(
        replace(_SHORT, top=0.85, side=0.5, back=0.3, fringe=0.85, part=0.6, part_at=0.25, sweep=-0.8, whorl=0.5,
                forward=0.5, stick=0.35, stiff=0.5, lift_top=0.35, volume_top=0.16, volume_side=0.07, volume_front=0.12,
                clump=0.5, messy=0.25, fall=0.1, fringe_end=0.25, fringe_width=0.6), 0.05, 0.9, old=1.6),
    "bob": HairStyle(_BOB, 0.03, 1.2),
    "bob-bangs": HairStyle(
        replace(_BOB, fringe=1.1, fringe_end=0.2, fringe_width=0.5, forward=0.6, part=0.15, whorl=0.7, part_at=0.0),
        0.0, 0.8, 1.5),
    "side-swept": HairStyle(
        replace(_BOB, top=2.6, side=0.9, back=1.2, fringe=2.6, part=1.3, part_at=0.5, sweep=-1.1, whorl=0.1,
                forward=0.2, open_right=0.05, open_left=0.7, hem=-0.85, stick=0.55, volume_top=0.16, volume_side=0.12,
                volume_front=0.12, volume_back=0.16, fall=0.35, clump=0.15, dense=1.5),
        0.05, 0.8, 0.5, 0.7, aliases=("swept", "fringe-over-eye")),
    "shoulder": HairStyle(
        replace(_LONG, top=3.0, side=2.2, back=2.0, fringe=2.4, hem=-1.55, uneven=0.5, ragged=0.5, inward=-0.25,
                clump=0.45, locks=150, volume_side=0.2, volume_top=0.2), 0.15, 1.0, aliases=("layers", "medium")),
    "lob-wavy": HairStyle(
        replace(_LONG, top=2.8, side=2.0, back=1.8, fringe=2.2, hem=-1.45, wave=0.07, wave_rate=0.75, clump=0.65,
                locks=150, volume_side=0.26, volume_top=0.2, volume_back=0.24, part_at=0.2, ragged=0.4), 0.05, 0.9),
    "long": HairStyle(_LONG, 0.25, 1.2, old=0.4, aliases=("long-straight", "straight")),
    "bangs": HairStyle(
        replace(_LONG, fringe=1.1, fringe_end=0.2, forward=0.6, part=0.2, fringe_width=0.5, whorl=0.6), 0.0, 0.8, 1.5),
    "hime": HairStyle(
        replace(_LONG, fringe=1.1, fringe_end=0.22, forward=0.6, part=0.1, fringe_width=0.46, whorl=0.6, uneven=0.04,
                ragged=0.06, open_left=0.5, open_right=0.5, shine=1.4, messy=0.04, clump=0.15), 0.0, 0.35, 1.0, 0.2),
    "long-wavy": HairStyle(
        replace(_LONG, wave=0.11, wave_rate=0.6, clump=0.7, locks=150, volume_side=0.28, volume_top=0.22, stick=0.3,
                volume_back=0.26, messy=0.18), 0.15, 1.1, old=0.4, aliases=("wavy",)),
    "ringlets": HairStyle(
        replace(_LONG, top=2.9, side=2.2, back=2.1, fringe=2.5, hem=-1.7, curl=0.075, curl_rate=1.5, clump=0.95,
                locks=150, volume_side=0.34, volume_top=0.22, volume_back=0.32, frizz=0.015, uneven=0.4), 0.05, 0.7),
    "curly": HairStyle(
        replace(_SHORT, top=0.9, side=0.6, back=0.6, fringe=0.8, lift_top=0.9, lift_side=0.7, stiff=0.75, stick=0.05,
                curl=0.055, curl_rate=2.6, clump=0.9, locks=400, volume_top=0.36, volume_side=0.22, volume_back=0.26,
                volume_front=0.3, messy=0.35, frizz=0.015, fall=0.06, fringe_end=0.35), 0.8, 0.5, aliases=("curls",)),
    "long-curly": HairStyle(
        replace(_LONG, top=2.2, side=1.8, back=1.8, fringe=1.9, curl=0.06, curl_rate=2.2, clump=0.85, locks=400,
                volume_top=0.36, volume_side=0.5, volume_back=0.45, volume_front=0.2, lift_side=0.5, lift_top=0.6,
                messy=0.3, frizz=0.02, stick=0.05, hem=-1.6, uneven=0.5, fall=0.25), 0.1, 0.9),
    "short-afro": HairStyle(
        replace(_COILS, top=0.22, side=0.14, back=0.14, fringe=0.2, fade=0.4, curl=0.02, curl_rate=9.0, volume_top=0.16,
                volume_side=0.09, volume_back=0.1, volume_front=0.15, scalp=0.85), 0.7, 0.25),
    "afro": HairStyle(_COILS, 0.5, 0.5),
    "high-top": HairStyle(
        replace(_COILS, top=0.75, side=0.1, back=0.1, fringe=0.7, fade=0.5, strip=0.6, shaved=0.07, volume_top=0.62,
                volume_side=0.06, volume_back=0.08, volume_front=0.6, curl=0.025, curl_rate=8.0, messy=0.1, fall=-0.4),
        0.25, 0.03, old=0.1, aliases=("flat-top",)),
    "locs": HairStyle(
        replace(_LONG, top=2.4, side=2.0, back=2.0, fringe=2.1, part=0.5, round=0.05, locks=150, clump=1.0,
                volume_side=0.2, volume_top=0.16, hem=-1.75, uneven=0.6, frizz=0.012, shine=0.4, flyaway=0.0,
                ragged=0.05, scalp=0.6, messy=0.25), 0.35, 0.4, 0.3, 0.3, aliases=("dreadlocks", "dreads")),
    "twists": HairStyle(
        replace(_COILS, top=0.5, side=0.35, back=0.35, fringe=0.45, round=0.035, locks=150, clump=1.0, curl=0.0,
                volume_top=0.3, volume_side=0.2, volume_back=0.2, volume_front=0.28, messy=0.9, fall=1.6,
                ragged=0.05, scalp=0.7, flyaway=0.0), 0.3, 0.25),
    "cornrows": HairStyle(
        replace(_SHORT, top=0.03, side=0.03, back=0.03, fringe=0.03, density=0.5, scalp=0.35, thick=0.5,
                volume_top=0.012, volume_side=0.012, volume_back=0.012, volume_front=0.012), 0.3, 0.35, rows=13),
    "braids": HairStyle(
        replace(_TIED, part=1.6, back=1.5), 0.02, 0.5, 2.5, 0.4,
        Tie("braid", -0.25, -0.95, 0.78, 1.9, 0.13, lift=-0.6), aliases=("pigtail-braids",)),
    "braid": HairStyle(
        replace(_TIED, part=0.3), 0.05, 0.5, tie=Tie("braid", -0.35, -1.5, 0.0, 2.2, 0.16, lift=-0.8),
        aliases=("plait",)),
    "crown-braids": HairStyle(
        replace(_TIED, volume_top=0.05), 0.0, 0.3, 1.0, 1.0, Tie("bun", 0.62, -1.3, 0.4, 0.5, 0.24),
        aliases=("space-buns",)),
    "ponytail": HairStyle(
        replace(_TIED, backward=1.0, part=0.0), 0.12, 1.2, 1.5, 0.5, Tie("tail", 0.35, -1.62, 0.0, 2.1, 0.2, lift=0.4)),
    "high-ponytail": HairStyle(
        replace(_TIED, backward=1.0), 0.0, 0.6, 1.5, 0.1, Tie("tail", 1.0, -1.25, 0.0, 2.4, 0.22, lift=0.8)),
    "low-ponytail": HairStyle(
        replace(_TIED, part=0.6, part_at=0.15, volume_side=0.06), 0.3, 0.7, tie=Tie("tail", -0.3, -1.5, 0.0, 1.8, 0.16,
        lift=-0.6)),
    "pigtails": HairStyle(
        replace(_TIED, part=1.5), 0.0, 0.35, 4.0, 0.05, Tie("tail", 0.25, -0.95, 0.85, 1.5, 0.17, lift=0.1)),
    "bun": HairStyle(
        replace(_TIED, volume_top=0.08), 0.02, 0.9, old=2.0, tie=Tie("bun", 0.25, -1.6, 0.0, 0.0, 0.3),
        aliases=("chignon",)),
    "top-knot": HairStyle(
        replace(_TIED, volume_side=0.03), 0.3, 0.5, 1.0, 0.2, Tie("bun", 1.12, -0.95, 0.0, 0.0, 0.26),
        aliases=("man-bun", "topknot")),
    "updo": HairStyle(
        replace(_TIED, volume_top=0.24, volume_side=0.12, volume_back=0.2, volume_front=0.16, messy=0.15),
        0.0, 0.5, 0.3, 1.5, Tie("bun", 0.72, -1.42, 0.0, 0.0, 0.38)),
    "half-up": HairStyle(
        replace(_LONG, part=0.2, volume_top=0.14), 0.05, 0.6, tie=Tie("tail", 0.5, -1.6, 0.0, 1.8, 0.16, 0.25, 0.2)),
    "wet": HairStyle(
        replace(_LONG, top=2.0, side=1.6, back=1.6, fringe=1.8, hem=-1.5, backward=0.9, part=0.3, clump=0.9, locks=150,
                volume_top=0.04, volume_side=0.03, volume_back=0.04, volume_front=0.05, stick=0.8, shine=2.2,
                flyaway=0.0, uneven=0.5, ragged=0.5), 0.15, 0.15, aliases=("wet-look",)),
}  # fmt: skip

NAMES = tuple(STYLES)


def chances(age: Tensor, gender: Tensor) -> Tensor:
    """The frequency of each style for ages [B] (years) and genders [B] (0 male to 1 female): [B, styles]."""
    table = torch.tensor([[s.men, s.women, s.child, s.old] for s in STYLES.values()], dtype=age.dtype)
    men, women, child, old = table.T
    female = ((gender - 0.3) / 0.4).clamp(0, 1)[:, None]
    young = ((14 - age) / 6).clamp(0, 1)[:, None]
    late = ((age - 48) / 20).clamp(0, 1)[:, None]
    worn: Tensor = men + (women - men) * female
    worn *= (1 + (child - 1) * young) * (1 + (old - 1) * late)
    return worn


def style_named(name: str) -> str | None:
    """The style with this name or alias, or None."""
    word = name.strip().lower().replace(" ", "-").replace("_", "-")
    if word in STYLES:
        return word
    return next((style for style, entry in STYLES.items() if word in entry.aliases), None)
