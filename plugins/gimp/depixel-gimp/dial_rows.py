"""The dials of a drawn person: sliders and choices that write the text of the option `face`."""

from __future__ import annotations

from typing import Any

import gi
from depixel_client import DIALS, Dial, dial_number, dial_text, read_face, turned

gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk  # noqa: E402

_UNFOLDING = 200  # milliseconds until an expanded widget has its size
_UNSET = "as in the picture"


def person(config: Any, text_row: list[Any]) -> Any:
    """
    A collapsible widget with all dials.

    Args:
        config: has the property "face".
        text_row: label and entry of the text itself, for values that no dial can show.
    """
    grid = Gtk.Grid(row_spacing=4, column_spacing=12, margin_top=4)
    rows = [_Row(config, dial) for dial in DIALS]
    for at, row in enumerate(rows):
        for column, widget in enumerate((row.label, row.control, row.value)):
            grid.attach(widget, column, at, 1, 1)
    for column, widget in enumerate(text_row):
        grid.attach(widget, column, len(rows), 1 + column, 1)
    clear = Gtk.Button(label="All as in the picture", halign=Gtk.Align.START)
    clear.connect("clicked", lambda _: config.set_property("face", ""))
    grid.attach(clear, 1, len(rows) + 1, 2, 1)

    def show(*_: Any) -> None:
        for row in rows:
            row.show(config.get_property("face") or "")

    config.connect("notify::face", show)
    show()
    expander = Gtk.Expander(label="The person: age, hair, glasses ...")
    expander.add(grid)
    expander.connect("notify::expanded", lambda *_: GLib.timeout_add(_UNFOLDING, _into_view, expander))
    expander.set_expanded(bool(config.get_property("face")))
    return expander


# The dials are below the rows, and would be expanded out of sight.
def _into_view(expander: Any) -> bool:
    scrolled = expander.get_ancestor(Gtk.ScrolledWindow.__gtype__)
    if expander.get_expanded() and scrolled is not None:
        scrolled.get_vadjustment().set_value(expander.get_allocation().y)
    return False


class _Row:
    """One dial: its name, a slider or a choice, and its value in words."""

    def __init__(self, config: Any, dial: Dial) -> None:
        self._config, self._dial = config, dial
        self._quiet = False
        self.label = Gtk.Label(label=dial.label, xalign=0)
        self.value = Gtk.Label(xalign=0, width_chars=len(_UNSET))
        if dial.kind == "choice":
            self.control = Gtk.ComboBoxText(hexpand=True)
            self.control.append("", _UNSET.capitalize())
            for choice in dial.choices:
                self.control.append(choice, choice.replace("-", " ").capitalize())
            self.control.connect("changed", lambda combo: self._turn(combo.get_active_id() or ""))
        else:
            self.control = Gtk.Scale.new_with_range(Gtk.Orientation.HORIZONTAL, dial.low, dial.high, dial.step)
            self.control.set_draw_value(False)
            self.control.set_hexpand(True)
            self.control.set_size_request(120, -1)
            self.control.connect("value-changed", lambda scale: self._turn(dial_text(dial, scale.get_value())))
        self.control.get_accessible().set_name(dial.label)

    def show(self, text: str) -> None:
        """Set the widget from the text."""
        parts = read_face(text)
        value = parts.get(self._dial.name)
        self._quiet = True
        if self._dial.kind == "choice":
            if not self.control.set_active_id(value or ""):
                self.control.set_active_id("")
        else:
            self.control.set_value(dial_number(self._dial, value or ""))
            self.value.set_text(_UNSET if value is None else value or "on")
            self.control.set_opacity(0.6 if value is None else 1.0)
        self._quiet = False

    def _turn(self, value: str) -> None:
        if not self._quiet:
            self._config.set_property("face", turned(self._config.get_property("face") or "", self._dial, value))
