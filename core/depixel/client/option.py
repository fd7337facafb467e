"""`Option`: one thing a user can choose, with its type, range, default and wording, and the check of a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Optional, Tuple

AUTOMATIC = -1
"""Value in a dialog's number field that stands for None: the engine decides."""

KINDS = (
    ("art", "Drawing or icon"),
    ("pixel-art", "Pixel art"),
    ("textures", "Texture that repeats"),
    ("normals", "Normal map"),
    ("data", "Mask or data map"),
    ("faces", "Face (invented)"),
)
"""(name, label) of every kind of picture, in the order of `depixel.domain`."""

ALL_DOMAINS = tuple(name for name, _ in KINDS)
"""The kinds of picture by name."""


@dataclass(frozen=True)
class Option:
    """
    One option: a flag of the command line, a row of a dialog and a key on the wire.

    The flag and its help, the rows in GIMP and Krita, and the schema of the API are built from these fields.
    """

    name: str  # on the wire and in Python; with hyphens on the command line
    kind: str  # "int", "float", "choice", "text", "box" or "bool"
    label: str  # of a row in a dialog
    help: str  # one or two short sentences
    default: Any = None  # None = decided for each picture, as `automatic` says
    low: float = 0
    high: float = 0
    choices: Tuple[Tuple[Any, str], ...] = ()  # (value, label)
    pattern: str = ""  # kind "text": regular expression for the whole value
    expected: str = ""  # kind "text": what matches the pattern, in words
    automatic: str = ""  # the effect of the default, in words; empty = the default is shown
    unit: str = ""  # placeholder on the command line
    group: str = "picture"  # section of the command line's help: "picture" or "search"
    advanced: bool = False  # hidden at first where a dialog can fold rows
    doors: Tuple[str, ...] = ("command line", "api", "page")
    actions: Tuple[str, ...] = ("upscale",)  # dialogs that ask for it
    domains: Tuple[str, ...] = ()  # kinds of picture for which it has an effect; empty = all

    @property
    def values(self) -> Tuple[Any, ...]:
        """The values of a choice, without their labels."""
        return tuple(value for value, _ in self.choices)

    @property
    def flag(self) -> str:
        """The flag of the command line: "--pre-blur"."""
        return "--" + self.name.replace("_", "-")

    def allowed(self) -> str:
        """What a value must be, in words: "a whole number from 2 to 64"."""
        if self.kind == "choice":
            return "one of %s" % ", ".join(map(str, self.values))
        if self.kind == "bool":
            return "true or false"
        if self.kind == "box":
            return "four whole numbers: left, top, right, bottom"
        if self.kind == "text":
            return self.expected
        kind = "a whole number" if self.kind == "int" else "a number"
        return "%s from %s to %s" % (kind, _plain(self.low), _plain(self.high))

    def problem(self, value: Any, name: str = "") -> str:
        """Why the value is not allowed, as one sentence that begins with `name`; empty if it is."""
        if value is None and self.default is None:
            return ""
        if not self._fits(value):
            return "%s must be %s, not %r." % (name or self.name, self.allowed(), value)
        if self.kind == "box" and not (0 <= value[0] < value[2] and 0 <= value[1] < value[3]):
            return "%s %r is empty: right must exceed left, and bottom must exceed top." % (name or self.name, value)
        return ""

    def read(self, text: str) -> Any:
        """
        The value in the text, such as "8,8,24,24" for a box.

        Raises:
            ValueError: the text is not a value of this type; `problem` may still refuse the value returned.
        """
        if self.kind == "int":
            return int(text)
        if self.kind == "float":
            return float(text)
        if self.kind == "box":
            return tuple(int(part) for part in text.split(","))
        if self.kind == "choice" and self.values and isinstance(self.values[0], int):
            return int(text)
        if self.kind == "bool":
            return {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}[text.lower()]
        return text

    def from_json(self, value: Any) -> Any:
        """JSON has no tuples, and writes 1 for 1.0."""
        if self.kind == "box" and isinstance(value, list):
            return tuple(value)
        if self.kind == "float" and _is_whole(value) and abs(value) < 2**53:
            return float(value)
        return value

    def schema(self) -> Dict[str, Any]:
        """The option as a JSON schema, with the wording for programs that build a form from it."""
        return {**_type_of(self), **self._words()}

    def _words(self) -> Dict[str, Any]:
        words: Dict[str, Any] = {"title": self.label, "description": described(self)}
        if self.default is not None:
            words["default"] = self.default
        if self.choices:
            words["x-labels"] = [label for _, label in self.choices]
        if self.domains:
            words["x-domains"] = list(self.domains)
        return words

    def _fits(self, value: Any) -> bool:
        if self.kind == "choice":
            return not isinstance(value, bool) and value in self.values
        if self.kind == "bool":
            return isinstance(value, bool)
        if self.kind == "text":
            return isinstance(value, str) and re.fullmatch(self.pattern, value) is not None
        if self.kind == "box":
            return isinstance(value, tuple) and len(value) == 4 and all(map(_is_whole, value))
        if isinstance(value, bool) or not isinstance(value, int if self.kind == "int" else (int, float)):
            return False
        return bool(self.low <= value <= self.high)


def described(option: Option) -> str:
    """The help, and the kinds of picture for which the option has an effect."""
    if not option.domains:
        return option.help
    if len(option.domains) > 3:
        left_out = tuple(word for word in ALL_DOMAINS if word not in option.domains)
        return "%s Not for %s." % (option.help, _listed(left_out))
    return "%s Only for %s." % (option.help, _listed(option.domains))


def _type_of(option: Option) -> Dict[str, Any]:
    def maybe_null(name: str) -> Any:
        return [name, "null"] if option.default is None else name

    if option.kind == "choice":
        return {"enum": [*option.values, *([None] if option.default is None else [])]}
    if option.kind == "bool":
        return {"type": "boolean"}
    if option.kind == "text":
        return {"type": maybe_null("string"), "pattern": "^(%s)$" % option.pattern}
    if option.kind == "box":
        return {"type": maybe_null("array"), "items": {"type": "integer"}, "minItems": 4, "maxItems": 4}
    name = "integer" if option.kind == "int" else "number"
    return {"type": maybe_null(name), "minimum": option.low, "maximum": option.high}


def _listed(words: Tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else "%s and %s" % (", ".join(words[:-1]), words[-1])


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _plain(number: float) -> str:
    return "%d" % number if number == int(number) else "%g" % number


def nearest(word: str, words: Iterable[str]) -> Optional[str]:
    """The word most similar to this one, ignoring case, for "did you mean"; None if none is similar."""
    from difflib import get_close_matches

    by_lower = {str(candidate).lower(): str(candidate) for candidate in words}
    close = get_close_matches(word.lower(), by_lower, 1, 0.6)
    return by_lower[close[0]] if close else None
