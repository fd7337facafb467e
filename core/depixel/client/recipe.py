"""
`Recipe`: the settings that reproduce one candidate exactly. Programs store it with the answer (as a parasite of a layer
in GIMP, as an annotation of a document in Krita) and turn it into a submission again.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional

from .dialogs import Action, action_named
from .errors import EngineError
from .json_text import parse_json
from .option_table import OPTIONS, option_named
from .protocol import Pixels, Result, Submission

RECIPE_VERSION = 1
LARGEST_SOURCE = 2**22
"""Most bytes of a compressed source in a recipe; of a larger source the recipe holds only the name."""

LARGEST_PIXELS = 2**28
"""Bytes of its samples, unpacked. A document may come from someone else, and its recipes may claim anything."""

_SIZES = ("scale", "size")
_SAYS_WHICH = ("imagination", "reading", "detail", "face", "kept")  # options of a recipe that `text` mentions


@dataclass(frozen=True)
class Recipe:
    """
    One candidate of one picture.

    settings: of a submission for this candidate alone, as made by `settings_of`. source: the pixels that were sent;
    None if there are too many, or they show a face that was anonymised (which must not be stored with the answer).
    """

    action: str  # name of the `Action`
    settings: Mapping[str, Any]
    kept: int = 12
    name: str = ""  # of the picture that was sent: a hint for the kind of picture
    source: Optional[Pixels] = field(default=None, compare=False)

    @property
    def seed(self) -> int:
        """The candidate's own seed."""
        return int(self.settings.get("seed", 0))

    def submission(self, pixels: Optional[Pixels] = None, program: str = "", **changes: Any) -> Submission:
        """
        A submission for the same candidate, from its own source or from `pixels`; `changes` replace settings, such as
        scale=64.

        Raises:
            EngineError: the recipe holds no source, and `pixels` is None.
        """
        source = pixels or self.source
        if source is None:
            raise EngineError(
                "The recipe does not include its source picture: select the layer that it was made from.", "usage"
            )
        settings = {**self.settings, **changes}
        if changes.keys() & {"scale", "size"}:  # one replaces the other
            settings = {name: value for name, value in settings.items() if name in changes or name not in _SIZES}
        return Submission(source, settings, action_named(self.action).wire, self.kept, program=program)

    def values(self) -> Dict[str, Any]:
        """The recipe as values of the action's dialog, with defaults for options that the recipe does not have."""
        action = action_named(self.action)
        values = {**action.defaults(), "candidates": 1, "seed": 0}
        if "imagination" in values:
            values["imagination"] = 0.0
        values.update({name: value for name, value in self.settings.items() if name in values})
        if "size" in self.settings and "size" in values:
            values["size"] = "%d px" % self.settings["size"]
        if "kept" in values:
            values["kept"] = self.kept
        return values

    def text(self) -> str:
        """`seed 7, imagination 0.5, thin`: what distinguishes this candidate from the others, in a few words."""
        words = ["seed %d" % self.seed]
        for name in _SAYS_WHICH:
            value = self.kept if name == "kept" and self.action == "anonymise-face" else self.settings.get(name)
            if value not in (None, "", 0, 0.0, "auto"):
                words.append(_in_words(name, value))
        return ", ".join(words)

    def to_json(self) -> str:
        """One line of ASCII."""
        values: Dict[str, Any] = {
            "recipe": RECIPE_VERSION,
            "action": self.action,
            "settings": dict(self.settings),
            "kept": self.kept,
            "name": self.name,
        }
        if self.source is not None and len(self.source.packed) <= LARGEST_SOURCE:
            values["source"] = {**self.source.described(), "samples": self.source.packed}
        return json.dumps(values, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """
        Read what `to_json` wrote.

        Raises:
            EngineError: the text is not a recipe, or was written by a later version.
        """
        try:
            values = parse_json(text)
            if int(values["recipe"]) > RECIPE_VERSION:
                raise EngineError("This recipe was written by a later version of Depixel: update the plug-in.", "usage")
            action_named(values["action"])
            source = values.get("source")
            return cls(str(values["action"]), _checked(values["settings"]), int(values["kept"]), str(values["name"]),
                       _source_of(source) if source else None)  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration, zlib.error, binascii.Error) as error:
            raise EngineError("The recipe cannot be read (%s)." % type(error).__name__, "usage") from error


def recipe_of(action: Action, submission: Submission, result: Result, index: int) -> Recipe:
    """
    The recipe of candidate `index` of a result.

    Args:
        submission: the one that the result answers.
    """
    answer = result.answers[index]
    settings = dict(submission.settings)
    many = int(settings.pop("candidates", 1)) > 1
    settings["seed"] = answer.seed
    if answer.imagination or "imagination" in settings:
        settings["imagination"] = answer.imagination
    if answer.reading:
        settings["reading"] = answer.reading
    if answer.model:
        settings["model"] = answer.model
    faces = result.domain == "faces"
    if faces and action.wire == "upscale" and settings.get("exact", "auto") == "auto":
        settings["exact"] = "always" if answer.residual <= 0.5 else "never"  # the best of all candidates decided this
    if many and settings.get("steps") and not faces:
        settings.setdefault("ensemble", 1)  # several searched candidates are never averaged, but a single one would be
    for name in ("seed", "imagination", "reading"):  # defaults are left out, as in `settings_of`
        if name not in submission.settings and settings.get(name) == option_named(name).default:
            settings.pop(name, None)
    pixels = submission.pixels if isinstance(submission.pixels, Pixels) else None
    source = pixels if action.wire == "upscale" else None
    return Recipe(action.name, settings, submission.kept, submission.pixels.name, source)


def _in_words(name: str, value: Any) -> str:
    option = option_named(name)
    if name == "face":
        return str(value)
    if option.kind == "choice":
        return str(dict(option.choices).get(value, value)).lower()
    return "%s %g" % (option.label.lower(), value)


# Values that no door allows would fail later, in the middle of a dialog.
def _checked(values: Mapping[str, Any]) -> Dict[str, Any]:
    settings = dict(values)
    for option in OPTIONS:
        if option.name in settings:
            problem = option.problem(option.from_json(settings[option.name]))
            if problem:
                raise ValueError(problem)
    return settings


def _source_of(values: Mapping[str, Any]) -> Pixels:
    width, height, channels = (int(values[key]) for key in ("width", "height", "channels"))
    depth, count = int(values.get("depth", 8)), int(values.get("frames", 1))
    size = width * height * channels * depth // 8
    if min(width, height, channels, size, count) < 1 or size * count > LARGEST_PIXELS:
        raise ValueError("a picture of %dx%d pixels and %d frames" % (width, height, count))
    body = zlib.decompressobj().decompress(base64.b64decode(values["samples"], validate=True), size * count)
    return Pixels(
        width=width,
        height=height,
        channels=channels,
        frames=tuple(body[i * size : (i + 1) * size] for i in range(count)),
        depth=depth,
        palette=bytes.fromhex(values.get("palette", "")),
        name=str(values.get("name", "")),
        mode=str(values.get("mode", "")),
    )
