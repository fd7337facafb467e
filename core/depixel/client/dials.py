"""The dials of a drawn person (age, hair, glasses ...), and the text of the option `face` that they write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, Tuple

HAIR = (
    "bald", "buzz", "crew", "crop", "side-part", "comb-over", "receding", "horseshoe", "slicked-back", "quiff", "spiky",
    "messy", "mohawk", "undercut", "mullet", "bowl", "pixie", "bob", "bob-bangs", "side-swept", "shoulder", "lob-wavy",
    "long", "bangs", "hime", "long-wavy", "ringlets", "curly", "long-curly", "short-afro", "afro", "high-top", "locs",
    "twists", "cornrows", "braids", "braid", "crown-braids", "ponytail", "high-ponytail", "low-ponytail", "pigtails",
    "bun", "top-knot", "updo", "half-up", "wet",
)  # fmt: skip
BEARDS = (
    "none", "stubble", "short", "full", "long", "goatee", "sideburns", "mutton-chops", "handlebar", "chin-strap",
    "soul-patch", "pencil-moustache", "moustache",
)  # fmt: skip


@dataclass(frozen=True)
class Dial:
    """
    One adjustable property of a drawn person. Properties that are not set follow the pixels of the picture.

    kind "shift": changes what was seen in the picture, 0 changes nothing. "range": sets a value. "choice": one of
    `choices`.
    """

    name: str
    label: str
    kind: str
    low: float = 0.0
    high: float = 1.0
    step: float = 0.05
    choices: Tuple[str, ...] = ()


DIALS = (
    Dial("age", "Younger or older (years)", "shift", -40, 40, 5),
    Dial("gender", "Masculine to feminine", "range"),
    Dial("tone", "Skin: paler to darker", "shift", -5, 5, 0.5),
    Dial("freckles", "Freckles", "range"),
    Dial("wrinkles", "Wrinkles", "range", 0, 2, 0.1),
    Dial("smile", "Smile", "range", 0, 1.2, 0.1),
    Dial("hair", "Hairstyle", "choice", choices=HAIR),
    Dial("hair_length", "Hair: shorter to longer", "shift", -5, 5, 0.5),
    Dial("hair_melanin", "Hair: fair to dark", "range"),
    Dial("hair_redness", "Hair: red", "range"),
    Dial("hair_grey", "Hair: grey", "range"),
    Dial("beard", "Beard", "choice", choices=BEARDS),
    Dial("glasses", "Glasses", "choice",
         choices=("none", "round", "square", "rectangular", "aviator", "half-rim", "cat-eye")),
    Dial("headwear", "Hat or scarf", "choice", choices=("none", "headscarf", "cap", "hat")),
)  # fmt: skip
"""In the order of a dialog."""


def read_face(text: str) -> Dict[str, str]:
    """The parts of a text in order, dial => value: {"age": "+15", "smile": ""} for "age=+15, smile"."""
    parts = {}
    for part in filter(None, (word.strip() for word in text.split(","))):
        name, _, value = (word.strip() for word in part.partition("="))
        parts[re.sub(r"[\s-]+", "_", name).lower()] = value
    return parts


def write_face(parts: Dict[str, str]) -> str:
    """The text of the option `face`; the reverse of `read_face`."""
    return ", ".join("%s=%s" % pair if pair[1] else pair[0].replace("no_", "no ", 1) for pair in parts.items())


def turned(text: str, dial: Dial, value: str) -> str:
    """The text with one dial set; with an empty value, or no shift, it follows the picture again."""
    parts = read_face(text)
    for name in (dial.name, "no_" + dial.name):
        if name in parts and (name != dial.name or not value):
            del parts[name]
    if value:
        parts[dial.name] = value
    return write_face(parts)


def dial_text(dial: Dial, number: float) -> str:
    """The value of a slider as the text has it: "+15", "-2.5", "0.3"; "" for no shift."""
    rounded = round(round(number / dial.step) * dial.step, 4)
    if dial.kind == "shift":
        return "" if rounded == 0 else "%+g" % rounded
    return "%g" % rounded


def dial_number(dial: Dial, value: str) -> float:
    """
    The position of a slider for a value of the text: for one that it cannot show, the middle of its range, or no shift.
    """
    middle = 0.0 if dial.kind == "shift" else (dial.low + dial.high) / 2
    if dial.kind == "shift" and value[:1] not in ("+", "-"):
        return middle  # an absolute value, such as age=60
    try:
        return min(dial.high, max(dial.low, float(value)))
    except ValueError:
        return middle
