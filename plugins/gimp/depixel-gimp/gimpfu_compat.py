# -*- coding: utf-8 -*-
"""
gimpfu's familiar way to declare a filter, on GIMP 3.

    from gimpfu_compat import *

    def invert_a_little(image, drawable, amount):
        ...

    register(
        "python-fu-invert-a-little", "One sentence", "Help", "author", "copyright", "2026",
        "Invert a little...", "RGB*, GRAY*",
        [
            (PF_IMAGE, "image", "Input image", None),
            (PF_DRAWABLE, "drawable", "Input layer", None),
            (PF_SLIDER, "amount", "Amount", 50, (0, 100, 1)),
        ],
        [],
        invert_a_little, menu="<Image>/Filters/Mine")

    main()

On GIMP 3 each registration becomes a Gimp.ImageProcedure with typed arguments and a native dialog. On GIMP 2.10 with
the real gimpfu, the same declarations are passed to it. GIMP 3 is stricter in these ways:

* an argument out of range is refused with a sentence (GIMP itself would warn and use the default);
* PF_DRAWABLE refuses several selected layers; the additional type PF_LAYERS takes them as a list;
* an exception becomes the error message of the procedure, and `Cancelled` its status CANCEL.

A PF_COLOR is black on GIMP 3 until somebody chooses another one, in scripts and in the dialog, regardless of its
default. PF_RADIO's values and PF_OPTION's indices are passed as strings and whole numbers. Not supported: PF_FONT,
PF_BRUSH, PF_PATTERN, PF_GRADIENT, PF_PALETTE, PF_VECTORS, PF_DISPLAY; `register` refuses them by name. gimpfu's
`timeout=`, on_query= and on_run= are accepted and ignored.

This file must also be valid Python 2.7.
"""

from __future__ import absolute_import, division, print_function

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # Python 2.7 has no typing; the type comments below are for mypy
    from typing import Any  # noqa: F401

try:
    import gimpfu as _real  # GIMP 2.10
except ImportError:
    _real = None


class Cancelled(Exception):
    """Raised in a filter when the user cancels; not an error."""


PF_INT8, PF_INT16, PF_INT32, PF_INT = 0, 1, 2, 2
PF_FLOAT, PF_STRING, PF_VALUE = 3, 4, 4
PF_COLOR = PF_COLOUR = 10
PF_REGION = 11
PF_IMAGE, PF_LAYER, PF_CHANNEL, PF_DRAWABLE, PF_VECTORS = 13, 14, 15, 16, 17
PF_TOGGLE = PF_BOOL = 1000
PF_SLIDER, PF_SPINNER = 1001, 1002
PF_ADJUSTMENT = PF_SPINNER
PF_FONT, PF_FILE, PF_BRUSH, PF_PATTERN, PF_GRADIENT = 1003, 1004, 1005, 1006, 1007
PF_RADIO, PF_TEXT, PF_PALETTE, PF_FILENAME, PF_DIRNAME, PF_OPTION = 1008, 1009, 1010, 1011, 1012, 1013
PF_LAYERS = 2000  # an additional type: all selected layers, as a list

if _real is not None:
    for _name in dir(_real):
        if _name.startswith("PF_"):
            globals()[_name] = getattr(_real, _name)

_RANGES = {PF_INT8: (-128, 255), PF_INT16: (-32768, 65535), PF_INT: (-(2**31), 2**31 - 1)}
_WIDE = 2**31 - 1
_INPUTS = (PF_IMAGE, PF_LAYER, PF_CHANNEL, PF_DRAWABLE, PF_LAYERS)
_NUMBERS = (PF_INT8, PF_INT16, PF_INT, PF_FLOAT, PF_SLIDER, PF_SPINNER, PF_OPTION)
_KNOWN = _NUMBERS + (PF_STRING, PF_TEXT, PF_COLOR, PF_TOGGLE, PF_RADIO, PF_FILE, PF_FILENAME, PF_DIRNAME)

interactive = False
"""On GIMP 3: whether a dialog was opened for this run (so that a new image should be shown)."""

_registered = []  # type: list[Registration]


class FilterParameter(object):
    """One entry of a filter's params list."""

    def __init__(self, entry):
        # type: (tuple[Any, ...]) -> None
        self.kind, name, self.label, self.default = entry[:4]
        self.extra = entry[4] if len(entry) > 4 else None  # type: Any
        self.name = name.replace("_", "-")
        self.help = entry[5] if len(entry) > 5 else self.label.replace("_", "")

    @property
    def limits(self):
        # type: () -> tuple[float, float] | None
        """(low, high) of a number; None for anything else."""
        if self.kind in (PF_SLIDER, PF_SPINNER):
            return self.extra[0], self.extra[1]
        if self.kind == PF_OPTION:
            return 0, len(self.extra) - 1
        return _RANGES.get(self.kind)

    @property
    def whole(self):
        # type: () -> bool
        """Whether the number is a whole number: its default, limits and step are."""
        if self.kind in (PF_SLIDER, PF_SPINNER):
            return all(isinstance(v, int) for v in (self.default,) + tuple(self.extra[:3]))
        return bool(self.kind != PF_FLOAT)

    @property
    def choices(self):
        # type: () -> list[tuple[Any, str]]
        """(value, label) of each choice of PF_RADIO."""
        return [(value, label) for label, value in self.extra]

    def check(self, value):
        # type: (Any) -> Any
        """The value that the filter gets; ValueError with a sentence if it is out of range."""
        limits = self.limits
        if limits is not None and not limits[0] <= value <= limits[1]:
            raise ValueError("%s must be from %s to %s, not %s." % (self.name, limits[0], limits[1], value))
        if self.kind == PF_RADIO and value not in [v for v, _ in self.choices]:
            allowed = ", ".join(str(v) for v, _ in self.choices)
            raise ValueError("%s must be one of %s, not %r." % (self.name, allowed, value))
        return value


class Registration(object):
    """One call of register(), kept until main()."""

    def __init__(self, name, blurb, help, author, copyright, date, label, imagetypes, params, results, function, menu,
                 on_dialog):  # fmt: skip
        # type: (str, str, str, str, str, str, str, str, Any, Any, Any, Any, Any) -> None
        self.name = name if name.startswith(("python-", "plug-in-", "extension-")) else "python-fu-" + name
        self.name = self.name.replace("_", "-")
        self.blurb, self.help = blurb, help
        self.author, self.copyright, self.date = author, copyright, date
        self.label, self.menu = label, menu
        if label and label.startswith("<"):  # the old form: the whole menu path in the label
            self.menu, self.label = label.rsplit("/", 1)
        self.imagetypes = imagetypes
        self.inputs = [FilterParameter(entry) for entry in params if entry[0] in _INPUTS]
        self.params = [FilterParameter(entry) for entry in params if entry[0] not in _INPUTS]
        self.results = [FilterParameter(tuple(entry) + (None,) * (4 - len(entry))) for entry in results]
        self.function = function
        self.on_dialog = on_dialog
        for parameter in self.params:
            if parameter.kind not in _KNOWN:
                raise ValueError("gimpfu_compat has no parameter type %r (%s)" % (parameter.kind, parameter.name))


def register(proc_name, blurb, help, author, copyright, date, label, imagetypes, params, results, function, menu=None,
             domain=None, on_query=None, on_run=None, on_dialog=None):  # fmt: skip
    # type: (str, str, str, str, str, str, str, str, Any, Any, Any, Any, Any, Any, Any, Any) -> None
    """
    Declare a filter, like gimpfu's register().

    `on_dialog(dialog, config, image, layers, rows)` may lay out GIMP 3's dialog; `rows` are the widgets of each
    parameter by name. It returns an object with `content` (the widget that goes into the dialog) and methods: `start()`
    when the dialog is complete, `problem()` (what is wrong with the values, as a sentence that keeps the dialog open,
    or ""), `accepted()` before the filter runs, `answered()` after it, and `refused(sentence)` if it raised a
    ValueError: the dialog is then shown again with its values.
    """
    if _real is not None:
        plain = [(PF_DRAWABLE if e[0] == PF_LAYERS else e[0],) + tuple(e[1:5]) for e in params]
        one = any(entry[0] == PF_LAYERS for entry in params)
        call = _with_list(function) if one else function
        _real.register(
            proc_name, blurb, help, author, copyright, date, label, imagetypes, plain, results, call, menu=menu
        )
        return
    _registered.append(
        Registration(
            proc_name,
            blurb,
            help,
            author,
            copyright,
            date,
            label,
            imagetypes,
            params,
            results,
            function,
            menu,
            on_dialog,
        )  # fmt: skip
    )


def _with_list(function):
    # type: (Any) -> Any
    return lambda image, drawable, *values: function(image, [drawable], *values)


def main():
    # type: () -> None
    """Hand control to GIMP. The last line of a plug-in."""
    if _real is not None:
        _real.main()
        return
    from gimpfu_gimp3 import run_plug_in

    run_plug_in(_registered, sys.argv)
