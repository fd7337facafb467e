"""Text about the person, such as "age=60, hair=long, glasses=round, tone=+1, smile": parsed and applied.

`NAME=VALUE` sets a dial, `NAME=+X` and `NAME=-X` shift it (by years, degrees or dm where it has such a unit, otherwise
by tenths of its range), `NAME` alone turns it on and `no NAME` off. A colour is written #rrggbb. `older` and `younger`
shift the age. `same person` means that the dials change the person that the pixels alone would give, not the search.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from depixel.errors import BadUsageError
from depixel.portrait.parameters import Parameter, Parameters, by_name, layout, width

ALIASES = {
    "hair": {
        "dreads": "locs",
        "dreadlocks": "locs",
        "man-bun": "top-knot",
        "wavy": "long-wavy",
        "curls": "curly",
        "shaved": "buzz",
        "none": "bald",
        "fringe": "bangs",
        "pony": "ponytail",
        "pigtail": "pigtails",
        "plait": "braid",
        "plaits": "braids",
        "chignon": "bun",
        "swept": "side-swept",
        "tousled": "messy",
        "parted": "side-part",
    },
    "beard": {"mustache": "moustache", "full-beard": "full", "shadow": "stubble"},
    "headwear": {"hijab": "headscarf", "scarf": "headscarf", "baseball-cap": "cap", "fedora": "hat"},
}
"""Dial => other names for its options => the option; spaces and underscores in a name count as hyphens."""
WORDS = {"older": "age=+20", "younger": "age=-20"}
"""Words that stand for a dial and its value."""
SAME_PERSON = "same person"
MEASURES = ("years", "degrees", "dm", "stops")
"""Units for shifts; other dials are shifted by tenths of their range."""
STRONG = 0.75
"""Fraction of its range to which a dial is set when it is turned on."""
CLOSE = 0.85
"""Similarity (difflib's ratio, 0 to 1) above which a dial is suggested; "sparkle" and "scale" have 0.67."""


@dataclass(frozen=True)
class DialSetting:
    """The value of one dial, or a change to it."""

    name: str
    values: tuple[float, ...]
    """The value, or the amount of the change; as many numbers as the parameter has."""
    shift: bool = False

    def applied(self, people: Parameters) -> Parameters:
        """People with this dial set or shifted, within its range."""
        values = torch.tensor(self.values, device=people.values.device)
        current = people.values[:, layout()[self.name]]
        changed = people.values.clone()
        changed[:, layout()[self.name]] = current + values if self.shift else values.expand_as(current)
        return Parameters(changed).clamped()


def read_dials(text: str) -> tuple[DialSetting, ...]:
    """The dials in a text; raises BadUsageError that names what cannot be understood."""
    parts = (part.strip() for part in text.split(","))
    return tuple(_read(WORDS.get(part.lower(), part)) for part in parts if part and not _means_same(part))


def keeps_person(text: str) -> bool:
    """Whether a text of dials says that they change the person that would be found without them."""
    return any(_means_same(part) for part in text.split(","))


def turned(people: Parameters, dials: Sequence[DialSetting]) -> Parameters:
    """People with all dials applied, in order."""
    for dial in dials:
        people = dial.applied(people)
    return people


def fixed_columns(dials: Sequence[DialSetting]) -> Tensor:
    """[D] bool: the columns of the parameters that the user set; a search must not change them."""
    fixed = torch.zeros(width(), dtype=torch.bool)
    for dial in dials:
        fixed[layout()[dial.name]] = True
    return fixed


def _means_same(part: str) -> bool:
    return re.sub(r"[\s_-]+", " ", part.strip().lower()) == SAME_PERSON


def _read(part: str) -> DialSetting:
    name, equals, value = (word.strip() for word in part.partition("="))
    off = not equals and name.lower().startswith("no ")
    name = re.sub(r"[\s-]+", "_", name[3:] if off else name).lower()
    parameter = by_name().get(name)
    if parameter is None:
        close = difflib.get_close_matches(name, by_name(), 3, CLOSE)
        hint = f" Do you mean {' or '.join(close)}?" if close else ""
        raise BadUsageError(f"The face has no dial {name!r}.{hint} `depixel imagine --face help` lists the dials.")
    if not equals:
        return _switched(parameter, not off)
    return _set(parameter, value)


def _switched(parameter: Parameter, on: bool) -> DialSetting:
    low, high = parameter.low, parameter.high
    if parameter.options:
        if "none" not in parameter.options and "bald" not in parameter.options:
            raise BadUsageError(f"Say which: {parameter.name}={' or '.join(parameter.options)}.")
        absent = parameter.options.index("none" if "none" in parameter.options else "bald")
        present = next(k for k in range(len(parameter.options)) if k != absent)
        return DialSetting(parameter.name, (float(present if on else absent),))
    off = min(max(0.0, low), high)
    return DialSetting(parameter.name, ((off + STRONG * (high - off)) if on else off,) * parameter.size)


def _set(parameter: Parameter, value: str) -> DialSetting:
    word = re.sub(r"[\s_-]+", "-", value.lower())
    option = ALIASES.get(parameter.name, {}).get(word, word)
    if option in parameter.options:
        return DialSetting(parameter.name, (float(parameter.options.index(option)),))
    if re.fullmatch(r"#[0-9a-fA-F]{6}", value) and parameter.size % 3 == 0:
        colour = tuple(int(value[k : k + 2], 16) / 255 for k in (1, 3, 5))
        return DialSetting(parameter.name, colour * (parameter.size // 3))
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", value) or parameter.options:
        choices = f"one of {', '.join(parameter.options)}" if parameter.options else "a number"
        colour_too = " or a colour like #804020" if parameter.size % 3 == 0 else ""
        raise BadUsageError(f"{parameter.name}={value}: it must be {choices}{colour_too}.")
    number = float(value)
    if value[0] in "+-" and not (value[0] == "-" and parameter.low < 0):
        step = 1.0 if parameter.unit in MEASURES else (parameter.high - parameter.low) / 10
        return DialSetting(parameter.name, (number * step,) * parameter.size, shift=True)
    if not parameter.low <= number <= parameter.high:
        unit = f" {parameter.unit}" if parameter.unit in MEASURES else ""
        raise BadUsageError(f"{parameter.name}={value}: it goes from {parameter.low:g} to {parameter.high:g}{unit}.")
    return DialSetting(parameter.name, (number,) * parameter.size)
