#!/usr/bin/env python3
"""
Filters > Depixel: upscale, imagine a face, anonymise a face. No numpy and no torch: the work is done by the engine
process, which the client next to this file finds or starts.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any, Tuple

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import depixel_client as client
from gimpfu_compat import PF_IMAGE, PF_LAYERS, PF_RADIO, PF_SLIDER, PF_STRING, PF_TOGGLE, main, register

MENU = "<Image>/Filters/Depixel"
_OUTPUT = {"upscale": "new-image", "imagine-face": "new-image", "anonymise-face": "new-layers"}
FRAMES = (PF_TOGGLE, "frames", "All la_yers are frames of an animation", False, None,
          "Send all layers as one animation: equal areas of two frames stay equal. Makes a new image.")  # fmt: skip
PICKED = (PF_STRING, "picked", "_Ticked answers", "", None,
          "Answers that were ticked in the dialog, as a JSON list of settings; empty = none.")  # fmt: skip


Entry = Tuple[Any, ...]

TAKEN = "ocrfismpty"
"""
Letters that, with Alt, activate GIMP's own buttons and its Reset menu, Depixel's buttons, and the last two arguments.
"""


def parameters(action: client.Action) -> list[Entry]:
    """The params list of gimpfu for an action of the client."""
    params: list[Entry] = [(PF_IMAGE, "image", "Image", None), (PF_LAYERS, "drawables", "Layers", None)]
    labels = _with_mnemonics([option.label for option in action.options], TAKEN)
    for option, label in zip(action.options, labels):
        if option.kind == "choice":
            choices = tuple((shown, value) for value, shown in option.choices)
            params.append((PF_RADIO, option.name, label, option.default, choices, _described(option)))
        elif option.kind == "text":
            params.append((PF_STRING, option.name, label, option.default, None, option.help))
        else:
            whole = option.kind == "int"
            limits: Entry = (int(option.low), int(option.high), 1) if whole else (option.low, option.high, 0.05)
            automatic = " (-1: as many as it takes)" if option.low == client.AUTO_STEPS else ""
            params.append((PF_SLIDER, option.name, label + automatic, option.default, limits, option.help))
    return [*params, PICKED, *([FRAMES] if action.name == client.UPSCALE.name else [])]


def _with_mnemonics(labels: list[str], taken: str) -> list[str]:
    """
    Puts an underscore before a different letter of each label: a bipartite matching, so that no label is left without
    one.
    """
    choice: dict[str, int] = {}  # letter -> label

    def assign(at: int, tried: set[str]) -> bool:
        for letter in dict.fromkeys(labels[at].lower()):
            if not letter.isalpha() or letter in taken or letter in tried:
                continue
            tried.add(letter)
            if letter not in choice or assign(choice[letter], tried):
                choice[letter] = at
                return True
        return False

    for at in range(len(labels)):
        assign(at, set())
    letters = {at: letter for letter, at in choice.items()}
    return [_underlined(label, letters.get(at, "")) for at, label in enumerate(labels)]


def _underlined(label: str, letter: str) -> str:
    at = label.lower().index(letter) if letter else -1
    return label if at < 0 else label[:at] + "_" + label[at:]


def _described(option: client.Option) -> str:
    return "%s { %s }" % (option.help, ", ".join('"%s"' % value for value in option.values))


def runner(action: client.Action) -> Callable[..., Any]:
    """The function that gimpfu calls with the values of the params list, in order."""

    def run(image: Any, layers: list[Any], *values: Any) -> Any:
        from work import perform

        names = [option.name for option in action.options]
        picked, *frames = values[len(names) :]
        return perform(action, image, layers, dict(zip(names, values)), frames=any(frames), picked=picked)

    return run


def dialog_of(action: client.Action) -> Callable[..., Any]:
    def on_dialog(dialog: Any, config: Any, image: Any, layers: list[Any], rows: dict[str, list[Any]]) -> Any:
        from dialog import Dialog

        return Dialog(action, dialog, config, image, layers, rows)

    return on_dialog


for _action in client.ACTIONS:
    _shown = client.with_output(_action, "gimp", _OUTPUT[_action.name])
    register(
        "plug-in-depixel-" + _action.name,
        _action.blurb,
        _action.help,
        "Depixel",
        "Apache-2.0",
        "2026",
        _action.menu,
        "*",
        parameters(_shown),
        [(PF_IMAGE, "result", "The image that holds the answers")],
        runner(_shown),
        menu=MENU,
        on_dialog=dialog_of(_shown),
    )


def _later(module: str, name: str) -> Callable[..., Any]:
    """A function of a module that is imported only when called: GIMP asks for the registrations at each start."""

    def run(*arguments: Any) -> Any:
        return getattr(importlib.import_module(module), name)(*arguments)

    return run


SIDE = (PF_SLIDER, "side", "_Longer side of the result", 1024, (2, 65535, 1),
        "In pixels. Only whole multiples of the source's size scale back exactly.")  # fmt: skip
_LAYERS: list[Entry] = [(PF_IMAGE, "image", "Image", None), (PF_LAYERS, "drawables", "Layers", None)]
_COMMANDS: tuple[tuple[str, str, str, list[Entry], str, str], ...] = (
    ("same-again", "Same answer again", "Make the selected answer again from the recipe that is stored with its layer",
     [], "again", "same"),
    ("more-like-this", "More like this", "Add four answers similar to the selected one; existing layers stay",
     [], "again", "more"),
    ("same-larger", "Same answer larger...", "Make the selected answer again at a larger size, in a new image",
     [SIDE], "again", "larger"),
    ("make-exact", "Make exact again", "After painting on an answer, change it as little as possible so that it "
     "scales back to its source again", [], "again", "exact"),
    ("flattened-copy", "Flattened copy", "Make a new image of what is visible, without hidden layers, history or "
     "metadata, so that you can share an anonymised picture", [], "documents", "flattened_copy"),
)  # fmt: skip
for _name, _label, _blurb, _params, _module, _function in _COMMANDS:
    register(
        "plug-in-depixel-" + _name,
        _blurb,
        _blurb + ".",
        "Depixel",
        "Apache-2.0",
        "2026",
        _label,
        "*",
        _LAYERS + _params,
        [(PF_IMAGE, "result", "The image that holds the answers")],
        _later(_module, _function),
        menu=MENU,
    )

main()
