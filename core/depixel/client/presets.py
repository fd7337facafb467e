"""Presets: named values for a dialog. Some come with Depixel; a user's own are shared by GIMP and Krita."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional

from .dialogs import Action
from .errors import EngineError
from .option import Option
from .place import Place
from .stored import JsonFile

LONGEST_NAME = 60
_FILE = "presets.json"
_RESULT = ("scale", "size", "output")  # values that set the size of the result and where it goes


@dataclass(frozen=True)
class Preset:
    """Named values; options without a value have their defaults."""

    name: str
    action: str  # name of the `Action`
    values: Mapping[str, Any] = field(default_factory=dict)
    own: bool = False  # saved by this user

    def applied(self, action: Action, values: Optional[Mapping[str, Any]] = None) -> Dict[str, Any]:
        """
        All values of the dialog. Values that this program or version does not know or allow are left out.

        Args:
            values: the dialog's current values: a preset of Depixel does not change the size or the destination of the
                result.
        """
        present = {} if self.own or values is None else {name: values[name] for name in _RESULT if name in values}
        return with_defaults(action, {**present, **self.values})


SHIPPED = (
    Preset("Pixel art, smooth contours", "upscale", {"domain": "pixel-art", "reading": "smooth"}),
    Preset("Pixel art, crisp corners", "upscale", {"domain": "pixel-art", "reading": "crisp"}),
    Preset("Pixel art, own colours only", "upscale", {"domain": "pixel-art", "palette": "keep"}),
    Preset("Pixel art, six ways to draw it", "upscale", {"domain": "pixel-art", "candidates": 6}),
    Preset("Icon or drawing, best quality", "upscale", {"domain": "art", "quality": "best"}),
    Preset("Icon or drawing, four ideas", "upscale", {"domain": "art", "candidates": 4, "imagination": 0.5}),
    Preset("Texture, best quality", "upscale", {"domain": "textures", "quality": "best"}),
    Preset("Normal map", "upscale", {"domain": "normals"}),
    Preset("Dither smoothed away", "upscale", {"dither": "remove"}),
    Preset("Dither smoothed away, same size", "upscale", {"dither": "remove", "size": "100%"}),
    Preset("Portrait of 1024 pixels", "imagine-face", {"size": "1024 px", "candidates": 1}),
    Preset("One calm portrait", "imagine-face", {"candidates": 1, "imagination": 0.0}),
    Preset("Six different people", "imagine-face", {"candidates": 6, "imagination": 0.8}),
    Preset("Emoji or block head, as found", "imagine-face", {"exact": "never"}),
    Preset("Hide as much as possible", "anonymise-face", {"kept": 6}),
    Preset("Keep the expression", "anonymise-face", {"kept": 20}),
)
"""Presets that come with Depixel."""


class Presets:
    """
    The presets of this user and of Depixel.

    Args:
        place: the folder of the user's own presets; None = this user's.
    """

    def __init__(self, place: Optional[Place] = None) -> None:
        self._file = JsonFile(_FILE, place)

    def of(self, action: Action) -> List[Preset]:
        """
        The user's own by name, then Depixel's.

        Raises:
            EngineError: the file cannot be read.
        """
        own = [
            Preset(name, action.name, values, own=True)
            for name, values in self._file.read().get(action.name, {}).items()
            if isinstance(values, dict)
        ]
        shipped = [preset for preset in SHIPPED if preset.action == action.name]
        return sorted(own, key=lambda preset: preset.name.lower()) + shipped

    def save(self, action: Action, name: str, values: Mapping[str, Any], replace: bool = False) -> Preset:
        """
        Save the values of a dialog under a name; values equal to the defaults are not stored.

        Raises:
            EngineError: the name is empty, too long, or that of a preset of Depixel; it is that of another preset and
                `replace` is False; the file cannot be written.
        """
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise EngineError("A preset needs a name of 1 to %d characters." % LONGEST_NAME, "usage")
        if any(preset.name.lower() == name.lower() for preset in SHIPPED):
            raise EngineError("%s is one of Depixel's own presets: choose another name." % name, "usage")
        kept = different(action, values)
        with self._file.changing() as all_values:
            of_action = all_values.setdefault(action.name, {})
            same = next((other for other in of_action if other.lower() == name.lower()), None)
            if same is not None and not replace:
                raise EngineError("The preset %s already exists: choose another name." % same, "exists")
            of_action.pop(same, None)
            of_action[name] = kept
        return Preset(name, action.name, kept, own=True)

    def remove(self, action: Action, name: str) -> None:
        """Delete one of the user's own presets; does nothing if there is none with this name. Raises EngineError."""
        with self._file.changing() as all_values:
            all_values.get(action.name, {}).pop(name, None)


def different(action: Action, values: Mapping[str, Any]) -> Dict[str, Any]:
    """The values that differ from the defaults of the action."""
    return {o.name: values[o.name] for o in action.options if o.name in values and values[o.name] != o.default}


def with_defaults(action: Action, values: Mapping[str, Any]) -> Dict[str, Any]:
    """All values of the action: the allowed ones, and defaults for the others."""
    allowed = {o.name: values[o.name] for o in action.options if o.name in values and not o.problem(values[o.name])}
    return {**action.defaults(), **allowed}


def in_words(action: Action, values: Mapping[str, Any]) -> str:
    """What the values request beyond the defaults: `times larger 8, pixel art, answers 6`; empty for the defaults."""
    return ", ".join(_in_words(action.option(name), value) for name, value in different(action, values).items())


def _in_words(option: Option, value: Any) -> str:
    label = option.label[0].lower() + option.label[1:]
    if option.kind == "choice":
        shown = str(dict(option.choices).get(value, value))
        shown = shown[0].lower() + shown[1:]
        return shown if option.name == "domain" else "%s: %s" % (label, shown)
    if option.kind == "bool":
        return label if value else "no " + label
    if option.kind == "text":
        return str(value)
    return "%s %g" % (label, value) if option.kind == "float" else "%s %d" % (label, value)
