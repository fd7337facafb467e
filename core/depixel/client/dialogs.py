"""
Contents of the dialogs, shared by GIMP and Krita: the three actions with their wording, the options of each (rows of
the table in `option_table`), the check of values, and their translation into the `settings` of a submission.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, Optional, Tuple

from .errors import BadOptionError
from .option import AUTOMATIC, Option
from .option_table import DIALOG_MAX_SEED, KEPT, OPTIONS
from .target import EXPECTED, PATTERN, read_target, too_large, whole_scale

AUTO_STEPS = AUTOMATIC
"""Value of `steps` in dialogs that stands for "as many as this kind of picture needs"."""


@dataclass(frozen=True)
class Action:
    """A menu entry with its name, its explanation and its options."""

    name: str  # "upscale", "imagine-face", "anonymise-face"; the last part of the procedure's name
    menu: str  # menu label with an ellipsis
    title: str  # of the dialog
    blurb: str  # one sentence
    explanation: str  # shown in the dialog; honest about what is invented
    options: Tuple[Option, ...]
    wire: str = "upscale"  # `Submission.action`
    promise: str = ""  # how exactly an answer scales back by default; `advice.exactness` considers the values

    @property
    def help(self) -> str:
        """The explanation and the promise, for menus and help pages."""
        return " ".join(filter(None, (self.explanation, self.promise)))

    def option(self, name: str) -> Option:
        return next(option for option in self.options if option.name == name)

    def defaults(self) -> Dict[str, Any]:
        return {option.name: option.default for option in self.options}


OUTPUTS = {
    "gimp": (
        ("new-image", "New image"),
        ("document", "Copy of the image, all its layers"),
        ("visible-document", "Copy of the image, visible layers"),
        ("selected-document", "Copy of the image, selected layers"),
        ("flat-image", "New image, flattened"),
        ("larger-image", "New layers, image enlarged"),
        ("new-layers", "New layers"),
        ("replace", "Replace"),
    ),
    "krita": (
        ("new-document", "New document"),
        ("document", "Copy, all layers"),
        ("visible-document", "Copy, visible layers"),
        ("larger-document", "Document enlarged"),
        ("new-layer", "New layer, fitted"),
    ),
}

COPIES = ("document", "visible-document", "selected-document")
"""Outputs that are an enlarged copy of the whole picture: with all layers, the visible ones, or the selected ones."""

_OUTPUTS_OF = {
    **dict.fromkeys(COPIES, ("upscale",)),
    "larger-image": ("upscale", "imagine-face"),
    "larger-document": ("upscale", "imagine-face"),
    "flat-image": ("anonymise-face",),
}
"""The actions for which an output is offered; an output that is not listed is offered for all."""

_FACE = (
    "The face is invented. It does not show a real person, says nothing about who was pictured, and tends towards the "
    "faces that the model was trained on."
)


_SIZE = Option(
    "size",
    "text",
    "Target size",
    "The size of the result in place of the scale: its longer side (1024 px), a percentage (300%), or a frame that it "
    "must fit into (640x480). 100% keeps the size. Only whole multiples, 200% or more, scale back exactly.",
    "",
    pattern=r"\s*(%s)\s*" % PATTERN,
    expected=EXPECTED,
)
"""The option `size` in dialogs: a text with a unit instead of a number."""


def dialog_options(action: str, program: str = "") -> Tuple[Option, ...]:
    """The rows of the table in the dialog of this action; in all programs, or in the named one."""
    programs = {program} if program else {"gimp", "krita"}
    rows = (option for option in (KEPT, *OPTIONS) if action in option.actions and programs & set(option.doors))
    return tuple(_for_dialog(option) for option in rows)


# Number fields of both programs hold 32 bits and cannot be empty: -1 stands for None.
def _for_dialog(option: Option) -> Option:
    if option.name == "scale":
        return replace(option, default=4)
    if option.name == "size":
        return replace(_SIZE, doors=option.doors, actions=option.actions)
    if option.name == "seed":
        return replace(option, high=DIALOG_MAX_SEED)
    if option.kind == "int" and option.default is None:
        help = "%s -1 = automatic." % option.help
        return replace(option, default=AUTOMATIC, low=AUTOMATIC, high=min(option.high, DIALOG_MAX_SEED), help=help)
    return option


def _action(
    name: str, menu: str, blurb: str, explanation: str, wire: str = "upscale", promise: str = "", **defaults: Any
) -> Action:
    options = dialog_options(name)
    changed = tuple(replace(o, default=defaults[o.name]) if o.name in defaults else o for o in options)
    title = "Depixel: " + menu[0].lower() + menu[1:]
    return Action(name, menu + "...", title, blurb, explanation, changed, wire, promise)


UPSCALE = _action(
    "upscale",
    "Upscale",
    "Upscale so that the answer scales back down to exactly the given pixels",
    "Detail is invented, not recovered.",
    promise="Scaled down again, the answer gives exactly your pixels (pixel art: at the centre of each block; repeated "
    "pixels count once).",
)
IMAGINE_FACE = _action(
    "imagine-face",
    "Imagine face",
    "Invent faces that scale back down to the given pixels; a selection is the face's box",
    _FACE,
    scale=8,
    candidates=4,
    imagination=0.5,
)
ANONYMISE_FACE = _action(
    "anonymise-face",
    "Anonymise face",
    "Replace the face in the selection with an invented one that shrinks to the same few pixels",
    _FACE + " What those few pixels show stays visible. Clothes, place and posture do not change.",
    wire="anonymise",
    imagination=0.3,
)

ACTIONS = (UPSCALE, IMAGINE_FACE, ANONYMISE_FACE)


def action_named(name: str) -> Action:
    return next(action for action in ACTIONS if action.name == name)


def with_output(action: Action, program: str, default: Optional[str] = None) -> Action:
    """
    The action as this program shows it: its own options, and a choice of outputs of which the first is the default.
    """
    choices = tuple(choice for choice in OUTPUTS[program] if action.name in _OUTPUTS_OF.get(choice[0], (action.name,)))
    output = Option("output", "choice", "Result goes to", "Where the answers go.", default or choices[0][0],
                    choices=choices)  # fmt: skip
    own = tuple(option for option in action.options if program in option.doors)
    return replace(action, options=(*own, output))


def check(action: Action, values: Mapping[str, Any]) -> Dict[str, Any]:
    """
    All options of the action: `values` are checked, missing ones get their defaults, unknown ones are dropped.

    Raises:
        BadOptionError: names the option, the value, and what is allowed.
    """
    return {option.name: _checked(option, values.get(option.name, option.default)) for option in action.options}


def settings_of(
    action: Action,
    values: Mapping[str, Any],
    box: Optional[Tuple[int, int, int, int]] = None,
    picture_size: Optional[Tuple[int, int]] = None,
) -> Dict[str, Any]:
    """
    A dialog's values as the `settings` of a submission, without those that equal the engine's defaults.

    Args:
        box: left, top, right, bottom of the selection in pixels of the picture that is sent; None = all of it.
        picture_size: width and height of the picture that is sent; needed for the value `size`.

    Raises:
        BadOptionError: a value is out of range, the box is empty, two values exclude each other, or the answer would be
            too large.
    """
    checked = check(action, values)
    settings: Dict[str, Any] = {}
    for option in OPTIONS:
        if option.name == "size":
            continue
        value = checked.get(option.name, option.default)
        automatic = option.default is None and value == AUTOMATIC
        if value != option.default and not automatic:
            settings[option.name] = value
    settings.update(_of_size(checked, settings, picture_size))
    if picture_size is not None and action.wire == "upscale":
        width, height = picture_size
        problem = too_large(width * height * whole_scale(settings, width, height) ** 2)
        if problem:
            raise BadOptionError(problem)
    if action.name != UPSCALE.name:
        settings["domain"] = "faces"
    if box is not None:
        if not (0 <= box[0] < box[2] and 0 <= box[1] < box[3]):
            raise BadOptionError("The selection is outside the picture: select a part of the picture, or nothing.")
        settings["box"] = list(box)
    return settings


def _of_size(
    checked: Mapping[str, Any], settings: Dict[str, Any], picture_size: Optional[Tuple[int, int]]
) -> Dict[str, Any]:
    text = checked.get("size", "")
    if not text.strip():
        return {}
    if picture_size is None:
        raise BadOptionError(
            "The size of the result depends on the picture, and its size is not known: choose a scale."
        )
    target = read_target(text, *picture_size)
    if "size" in target and settings.get("palette") == "keep":
        raise BadOptionError(
            "A result of %s mixes colours, so it cannot have only those of the picture: choose a whole multiple of the "
            "picture's size, such as 400%%." % text.strip()
        )
    settings.pop("scale", None)
    return dict(target)


def _checked(option: Option, value: Any) -> Any:
    if option.kind == "bool":
        return bool(value)
    problem = option.problem(value)
    if problem:
        raise BadOptionError(problem)
    return float(value) if option.kind == "float" else value


def missing(action: Action, actions: Tuple[str, ...], domains: Tuple[str, ...]) -> str:
    """Why this engine cannot do this action, as a sentence; empty if it can. The arguments come from a `Welcome`."""
    lacks: List[str] = []
    if action.wire not in actions:
        lacks.append(action.wire)
    if action.name != UPSCALE.name and domains and "faces" not in domains:
        lacks.append("faces")
    if not lacks:
        return ""
    return "This Depixel engine has no model for faces: `depixel models` lists the installed ones."
