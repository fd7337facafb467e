"""
What a dialog asks, written once for GIMP and Krita: the three actions, their options with labels, help, limits and
defaults, the check of values, and their translation into a request's settings.

`settings_of` gives the form of `depixel.Request.to_dict()`; tests compare the two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from .errors import BadOptionError

AUTO_STEPS = -1
"""Value of `steps` in dialogs that stands for "as many as this kind of picture needs" (None in the settings)."""

MAX_SEED = 2**31 - 1  # what a spin button of both programs holds


@dataclass(frozen=True)
class Option:
    """One row of a dialog and one typed argument of a procedure."""

    name: str
    kind: str  # "int", "float", "choice" or "bool"
    label: str
    help: str
    default: Any
    low: float = 0
    high: float = 0
    choices: Tuple[Tuple[str, str], ...] = ()  # (value, label)
    advanced: bool = False  # folded away where the dialog can

    @property
    def values(self) -> Tuple[str, ...]:
        return tuple(value for value, _ in self.choices)


@dataclass(frozen=True)
class Action:
    """A menu entry: what it is called, what it explains, what it asks."""

    name: str  # "upscale", "imagine-face", "anonymise-face"; the last part of the procedure's name
    menu: str  # menu label with an ellipsis
    title: str  # of the dialog
    blurb: str  # one sentence
    help: str  # shown in the dialog; honest about what is invented
    options: Tuple[Option, ...]
    wire: str = "upscale"  # `Submission.action`

    def option(self, name: str) -> Option:
        return next(option for option in self.options if option.name == name)

    def defaults(self) -> Dict[str, Any]:
        return {option.name: option.default for option in self.options}


SCALE = Option("scale", "int", "Times larger", "How many times larger, in both directions.", 4, 2, 64)
DOMAIN = Option(
    "domain",
    "choice",
    "Kind of picture",
    "What the picture shows; Automatic looks at its colours and its name.",
    "auto",
    choices=(
        ("auto", "Automatic"),
        ("art", "Drawing or icon"),
        ("pixel-art", "Pixel art"),
        ("textures", "Texture that repeats"),
        ("normals", "Normal map"),
        ("data", "Mask or data map"),
        ("faces", "Face (imagined)"),
    ),
)
DEGRADATION = Option(
    "degradation",
    "choice",
    "Scales back by",
    "How the answer, scaled down, gives your pixels again.",
    "auto",
    choices=(
        ("auto", "Automatic"),
        ("area", "Averaging (area)"),
        ("bicubic", "Bicubic"),
        ("point", "Centre pixel (pixel art)"),
    ),
    advanced=True,
)
CANDIDATES = Option(
    "candidates", "int", "Answers", "How many different answers; each scales back to the same pixels.", 1, 1, 16
)
IMAGINATION = Option(
    "imagination", "float", "Imagination", "0 is the calmest answer, 1 as vivid as the generator can.", 0.0, 0.0, 1.0
)
SEED = Option(
    "seed", "int", "Seed", "The same seed gives the same answers; 0 is a seed like any other.", 0, 0, MAX_SEED
)
STEPS = Option(
    "steps",
    "int",
    "Search steps",
    "-1: as many as this kind of picture needs; 0: one pass, the fastest; more: a longer search.",
    AUTO_STEPS,
    AUTO_STEPS,
    10_000,
    advanced=True,
)
PALETTE = Option(
    "palette",
    "choice",
    "Colours",
    "Whether new colours may appear between those of the picture.",
    "free",
    choices=(("free", "New ones may appear"), ("keep", "Only those of the picture")),
    advanced=True,
)
KEPT = Option("kept", "int", "Pixels kept", "Pixels across the face that survive; fewer hide more.", 12, 4, 64)

ENGINE_DEFAULTS: Dict[str, Any] = {
    "domain": "auto",
    "degradation": "auto",
    "palette": "free",
    "candidates": 1,
    "imagination": 0.0,
    "seed": 0,
    "steps": AUTO_STEPS,
}
"""What the engine assumes for a missing key (`depixel.Request`)."""

OUTPUTS = {
    "gimp": (
        ("new-image", "New image"),
        ("new-layers", "New layers"),
        ("replace", "Replace"),
    ),
    "krita": (
        ("new-layer", "New layer"),
        ("new-document", "New document"),
        ("larger-document", "New layer, document enlarged"),
    ),
}

_INVENTED = "Detail is invented, not recovered; scaled down again, the answer gives exactly your pixels."
_IMAGINED = (
    "The face is imagined: it is nobody's, says nothing about who was pictured, and leans towards the faces that the "
    "generator was trained on."
)

UPSCALE = Action(
    "upscale",
    "Upscale...",
    "Depixel: upscale",
    "Upscale so that the answer scales back down to exactly the given pixels",
    _INVENTED,
    (SCALE, DOMAIN, DEGRADATION, PALETTE, CANDIDATES, IMAGINATION, SEED, STEPS),
)
IMAGINE_FACE = Action(
    "imagine-face",
    "Imagine face...",
    "Depixel: imagine face",
    "Imagine faces that scale back down to the given pixels; a selection is the face's box",
    _IMAGINED,
    (
        replace(SCALE, default=8),
        DEGRADATION,
        replace(CANDIDATES, default=4),
        replace(IMAGINATION, default=0.5),
        SEED,
        STEPS,
    ),
)
ANONYMISE_FACE = Action(
    "anonymise-face",
    "Anonymise face...",
    "Depixel: anonymise face",
    "Replace the face in the selection by an imagined one that shrinks to the same few pixels",
    _IMAGINED + " What those few pixels tell stays visible; clothes, place and posture are not changed.",
    (KEPT, CANDIDATES, replace(IMAGINATION, default=0.3), SEED, STEPS),
    wire="anonymise",
)

ACTIONS = (UPSCALE, IMAGINE_FACE, ANONYMISE_FACE)


def action_named(name: str) -> Action:
    return next(action for action in ACTIONS if action.name == name)


def with_output(action: Action, program: str, default: Optional[str] = None) -> Action:
    """The action with the option `output` of this program added; the first output is the default."""
    choices = OUTPUTS[program]
    option = Option("output", "choice", "Result goes to", "Where the answers go.", default or choices[0][0],
                    choices=choices)  # fmt: skip
    return replace(action, options=(*action.options, option))


def check(action: Action, values: Mapping[str, Any]) -> Dict[str, Any]:
    """
    All options of the action: given values checked, missing ones at their defaults, unknown ones left out.

    Raises:
        BadOptionError: names the option, the value, and what is allowed.
    """
    return {option.name: _checked(option, values.get(option.name, option.default)) for option in action.options}


def settings_of(
    action: Action, values: Mapping[str, Any], box: Optional[Tuple[int, int, int, int]] = None
) -> Dict[str, Any]:
    """
    A dialog's values as the `settings` of a request; only what differs from the engine's defaults.

    Args:
        box: left, top, right, bottom of the selection in pixels of the picture that is sent; None = all of it.

    Raises:
        BadOptionError: a value is out of range, or the box is empty.
    """
    checked = check(action, values)
    settings = {k: v for k, v in checked.items() if k in ENGINE_DEFAULTS and v != ENGINE_DEFAULTS[k]}
    if "scale" in checked:
        settings["scale"] = checked["scale"]  # the engine's own choice depends on the kind of picture
    if action.name != UPSCALE.name:
        settings["domain"] = "faces"
    if box is not None:
        if not (0 <= box[0] < box[2] and 0 <= box[1] < box[3]):
            raise BadOptionError("The selection does not touch the picture: select a part of it, or nothing.")
        settings["box"] = list(box)
    return settings


def _checked(option: Option, value: Any) -> Any:
    if option.kind == "choice":
        if value not in option.values:
            raise BadOptionError("%s must be one of %s, not %r." % (option.name, ", ".join(option.values), value))
        return value
    if option.kind == "bool":
        return bool(value)
    number: Union[int, float] = value
    whole = option.kind == "int"
    wrong = isinstance(value, bool) or not isinstance(value, int if whole else (int, float))
    if wrong or not option.low <= number <= option.high:
        kind = "a whole number" if whole else "a number"
        raise BadOptionError(
            "%s must be %s from %s to %s, not %r." % (option.name, kind, _plain(option.low), _plain(option.high), value)
        )
    return number if whole else float(number)


def _plain(number: float) -> str:
    return "%d" % number if number == int(number) else "%g" % number


def missing(action: Action, actions: Tuple[str, ...], domains: Tuple[str, ...]) -> str:
    """Why this engine cannot do this action, as a sentence; empty when it can. From a `Welcome`."""
    lacks: List[str] = []
    if action.wire not in actions:
        lacks.append(action.wire)
    if action.name != UPSCALE.name and domains and "faces" not in domains:
        lacks.append("faces")
    if not lacks:
        return ""
    return "This Depixel engine has no generator for faces: `depixel models` lists what is installed."
