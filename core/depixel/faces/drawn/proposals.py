"""People that a small portrait may show: drawn at random around the reading, and posed according to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from depixel.faces.drawn.landmark_fit import fit_landmarks
from depixel.faces.kinds import BEARD_KINDS, HAIR_KINDS
from depixel.faces.reader import BEARDS, HAIR, FaceReading
from depixel.portrait.hair_styles import STYLES as HAIR_STYLES
from depixel.portrait.parameters import Parameters, by_name
from depixel.portrait.sampling import sample

SPREADS = {"age": 11.0, "gender": 0.22, "tone": 0.06}
"""Parameter => how far people differ from the reading."""
STRAYS = {"age": 40.0, "gender": 1.0, "tone": 0.0}
"""Parameter => how far a whole group differs at full imagination; the pixels decide the tone."""
ASTRAY, OWN_PLACES = 0.012, 1.0
"""
Standard deviation of a landmark from its position in the reading, as a fraction of the side, and how much larger it is
at full imagination.
"""
MARKED = 1.0
"""How much more pronounced people's features are at full imagination."""
ANCESTRY_SHARE = 0.6
"""Fraction of the ancestry that the reading decides; the rest is random."""
RARE = frozenset((
    "cornrows", "twists", "mohawk", "mullet", "hime", "pigtails", "high-ponytail", "top-knot", "mutton-chops",
    "chin-strap", "sideburns",
))  # fmt: skip
"""What nobody is proposed to wear unless the user says so."""
TAKEN_FOR = {
    "short": ("side-swept",),
    "long": ("wet",),
    "tied": ("slicked-back", "side-swept"),
}
"""Kind of hair => styles of other kinds that the reader may confuse with it."""
UNLIKELY = 0.04
"""Probability below which a kind of hair is not tried on."""
SURELY_SHORT = 0.7
"""Probability of very short hair from which only such hair is tried on."""
ASIDE = ("side-swept", "pixie", "bob", "side-part")
"""Hair that falls over the forehead: the reader may take it for any kind."""
DOUBT = 0.15
"""Fraction of the proposals that wear any hair, regardless of the reading."""
PLAIN = ("frown", "brows_up", "brows_inner", "brows_down", "squint", "pucker", "press", "sneer", "cheeks", "lopsided",
         "gaze", "lids")  # fmt: skip
"""Expressions drawn at half strength: few pixels tell little about them, and strong ones look wrong."""
MAKE_UP = ("lipstick", "eyeshadow", "eyeliner", "rouge", "lash_length")
"""Make-up, drawn weaker for the same reason."""


class TriedStyles(NamedTuple):
    """How well N ways to wear hair fit a portrait."""

    options: Tensor
    """[N] int64, options of the hair dial."""
    sides: Tensor
    """[N], 1 or -1: the hair_side dial."""
    chances: Tensor
    """[N], at least 0; they need not sum to 1."""


def likely_styles(reading: FaceReading) -> list[tuple[int, float]]:
    """
    (option of the hair dial, side) of the styles that the reading does not rule out, and at least those of the most
    probable kind. Styles that are swept or parted to one side appear twice, with hair_side 1 and -1.
    """
    chances = reading.hair[0]
    likely = chances >= min(UNLIKELY, float(chances.max()))
    names = {name for kind, chance in zip(HAIR, likely.tolist(), strict=True) if chance for name in worn_as(kind)}
    if float(sum(chances[HAIR.index(kind)] for kind in ("bald", "cropped", "afro"))) < SURELY_SHORT:
        names |= set(ASIDE)
    options = by_name()["hair"].options
    likely_options = [k for k, name in enumerate(options) if name in names]
    sided = {k for k in likely_options if _is_sided(options[k])}
    return [(k, 1.0) for k in likely_options] + [(k, -1.0) for k in likely_options if k in sided]


def worn_as(kind: str) -> tuple[str, ...]:
    """Styles or beards that are proposed for people of this kind."""
    names = (HAIR_KINDS.get(kind) or BEARD_KINDS[kind]) + TAKEN_FOR.get(kind, ())
    return tuple(name for name in names if name not in RARE)


def _is_sided(name: str) -> bool:
    shape = HAIR_STYLES[name].shape
    return shape.sweep != 0 or shape.part_at != 0 or shape.open_left != shape.open_right


def propose(
    reading: FaceReading,
    seeds: Sequence[int],
    group: int = 0,
    imagination: float = 0.0,
    styles: TriedStyles | None = None,
) -> Parameters:
    """
    One person for each seed, [B, D], posed and shaped so that the landmarks match the reading.

    Args:
        reading: of one portrait.
        seeds: each gives the same person in any batch.
        group: seed of what the people share besides the reading: with imagination, for example, all are older.
        imagination: how far the whole group differs from the reading, 0 to 1.
        styles: the result of trying styles on; None = hair follows the reading.
    """
    noise = torch.stack([_noise(seed) for seed in seeds])
    common = imagination * _noise(group, 1).clamp(-1.6, 1.6)
    who = {name: reading.numbers[name] + spread * noise[:, column] + STRAYS[name] * common[column]
           for column, (name, spread) in enumerate(SPREADS.items())}  # fmt: skip
    # Grey hair, make-up and wrinkles depend on age, gender and tone.
    people = sample(seeds, _in_range(who))
    changes: dict[str, Tensor | float | str] = dict(who)
    changes["features"] = people["features"] * (1 + MARKED * imagination)
    share = ANCESTRY_SHARE * (1 - imagination)
    mixed = share * reading.ancestry + (1 - share) * people["ancestry"]
    changes["ancestry"] = mixed / mixed.sum(1, keepdim=True)
    for name in PLAIN:
        changes[name] = people[name] * 0.5
    for name in MAKE_UP:
        changes[name] = people[name] * 0.6
    for name in ("yaw", "pitch", "roll"):
        changes[name] = reading.numbers[name].expand(len(seeds))
    eyes = reading.landmarks[:, :2].mean(1)
    mouth = reading.landmarks[:, 7:9].mean(1)
    changes["eyes_at"] = eyes.expand(len(seeds), -1)
    changes["scale"] = (eyes - mouth).norm(dim=1).expand(len(seeds))
    wears = noise[:, 6].abs() < 2 * reading.glasses  # hardly anybody, unless the reading has glasses
    kinds = by_name()["glasses"].options
    some_kind = 1 + (noise[:, 7].abs() * 997).long() % (len(kinds) - 1)
    changes["glasses"] = torch.where(wears & (reading.glasses > 0.25), some_kind, 0).float()
    changes["headwear"] = torch.zeros(len(seeds))
    even = torch.special.ndtr(noise)  # from 0 to 1
    doubt = DOUBT * (1 + 2 * imagination)
    if styles is None:
        changes["hair"] = _worn("hair", HAIR, reading.hair[0], even[:, 8:10], doubt)
    else:
        places = (styles.chances / styles.chances.sum()).cumsum(0)
        row = torch.searchsorted(places, even[:, 8].contiguous()).clamp(max=len(places) - 1)
        changes["hair"], changes["hair_side"] = styles.options[row].float(), styles.sides[row]
    changes["beard"] = _worn("beard", BEARDS, reading.beard[0], even[:, 10:12], 0.0)
    return fit_landmarks(people.replaced(changes).clamped(), reading.landmarks, landmark_deviation(imagination))


def landmark_deviation(imagination: float) -> float:
    """
    How far, as a fraction of the side, people's landmarks may be from the reading: with imagination, people keep more
    of their own proportions.
    """
    return ASTRAY * (1 + OWN_PLACES * imagination)


def _in_range(values: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.clamp(by_name()[name].low, by_name()[name].high) for name, value in values.items()}


# Option [B] of a choice: first the reader's kind, by its probabilities, then one of the options of that kind.
def _worn(name: str, names: Sequence[str], chances: Tensor, even: Tensor, doubt: float) -> Tensor:
    share = (1 - doubt) * chances + doubt / len(chances)
    kinds = torch.searchsorted(share.cumsum(0), even[:, :1].contiguous())[:, 0].clamp(max=len(names) - 1)
    options = by_name()[name].options
    worn = []
    for kind, u in zip(kinds.tolist(), even[:, 1].tolist(), strict=True):
        choice = worn_as(names[kind])
        worn.append(float(options.index(choice[min(int(u * len(choice)), len(choice) - 1)])))
    return torch.tensor(worn)


def _noise(seed: int, stream: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed((seed * 0x9E3779B1 + 0xFACE + stream) % 2**63)
    return torch.randn(16, generator=generator)
