"""The menu of settings: presets of Depixel and of the user, and recent requests."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Union

import depixel_client as client
import gi

gi.require_version("Gtk", "3.0")
from gi.repository import Gtk  # noqa: E402

_LABEL = "_Settings"
_RECENT = 10  # requests that the menu lists


class SettingsMenu:
    """
    A button with a menu that replaces GIMP's own buttons, which hold only one set of values.

    Args:
        values: the dialog's current values.
        apply: called with the chosen values.
    """

    def __init__(self, action: client.Action, history: client.History, values: Callable[[], dict[str, Any]],
                 apply: Callable[[dict[str, Any]], None]) -> None:  # fmt: skip
        self._action, self._history, self._values, self._apply = action, history, values, apply
        self._presets = client.Presets()
        self._button = Gtk.MenuButton()
        inside = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=4)
        label = Gtk.Label.new_with_mnemonic(_LABEL)
        label.set_mnemonic_widget(self._button)
        inside.pack_start(label, True, True, 1)
        inside.pack_start(Gtk.Image.new_from_icon_name("pan-down-symbolic", Gtk.IconSize.MENU), False, False, 1)
        self._button.add(inside)
        self._button.set_tooltip_text("Presets and recent requests; save your own settings")
        self._window: Any = None
        self._fill()

    def put_into(self, dialog: Any) -> None:
        """Replace GIMP's buttons that save and load one set of values."""
        self._window = dialog
        content = dialog.get_content_area()
        box = next((child for child in content.get_children() if isinstance(child, Gtk.ButtonBox)), None)
        if box is None:
            content.pack_end(self._button, False, False, 3)
        else:
            for own in box.get_children():
                own.set_no_show_all(True)
                own.hide()
            box.pack_start(self._button, False, False, 0)
        self._button.show_all()

    def _fill(self) -> None:
        menu = Gtk.Menu()
        try:
            presets = self._presets.of(self._action)
        except client.EngineError as error:
            presets = []
            _add(menu, str(error), None)
        for preset in presets:
            words = client.in_words(self._action, preset.values)
            _add(menu, preset.name, partial(self._choose, preset), words)
            if preset.own and not any(one.own for one in presets[presets.index(preset) + 1 :]):
                menu.append(Gtk.SeparatorMenuItem())
        menu.append(Gtk.SeparatorMenuItem())
        _add(menu, "Default values", lambda: self._apply(self._action.defaults()))
        recent = Gtk.Menu()
        for request in self._history.of(self._action)[:_RECENT]:
            title = request.title(self._action)
            short = title if len(title) <= 80 else title[:77] + "..."
            _add(recent, short, partial(self._choose, request), title)
        _add_submenu(menu, "Recent requests", recent)
        menu.append(Gtk.SeparatorMenuItem())
        _add(menu, "Save these settings as a preset...", self._save)
        own = Gtk.Menu()
        for preset in presets:
            if preset.own:
                _add(own, preset.name, partial(self._remove, preset.name))
        _add_submenu(menu, "Delete a preset", own)
        menu.show_all()
        self._button.set_popup(menu)

    def _choose(self, chosen: Union[client.Preset, client.PastRequest]) -> None:
        if isinstance(chosen, client.Preset):
            self._apply(chosen.applied(self._action, self._values()))
        else:
            self._apply(chosen.applied(self._action))

    def _save(self) -> None:
        dialog = Gtk.Dialog(title="Depixel: save a preset", transient_for=self._window, modal=True)
        dialog.add_button("_Cancel", Gtk.ResponseType.CANCEL)
        dialog.add_button("_Save", Gtk.ResponseType.OK)
        dialog.set_default_response(Gtk.ResponseType.OK)
        box = dialog.get_content_area()
        box.set_property("border-width", 12)
        box.set_spacing(6)
        entry = Gtk.Entry(activates_default=True, width_chars=32)
        words = Gtk.Label(label="Name of the preset:", xalign=0, wrap=True, max_width_chars=40)
        box.add(words)
        box.add(entry)
        dialog.show_all()
        replace = ""
        while dialog.run() == Gtk.ResponseType.OK:
            name = entry.get_text()
            try:
                self._presets.save(self._action, name, self._values(), replace=bool(replace) and replace == name)
                break
            except client.EngineError as error:
                text = str(error)
                if error.code == "exists":
                    replace = name
                    text = "The preset %s already exists. Save again to replace it." % name
                words.set_text(text)
        dialog.destroy()
        self._fill()

    def _remove(self, name: str) -> None:
        try:
            self._presets.remove(self._action, name)
        except client.EngineError:
            pass  # the refilled menu reports the reason
        self._fill()


def _add(menu: Any, label: str, chosen: Callable[[], Any] | None, tooltip: str = "") -> Any:
    item = Gtk.MenuItem(label=label)
    if tooltip:
        item.set_tooltip_text(tooltip[0].upper() + tooltip[1:])
    if chosen is not None:
        item.connect("activate", lambda _: chosen())
    menu.append(item)
    return item


def _add_submenu(menu: Any, label: str, submenu: Any) -> None:
    item = _add(menu, label, None)
    item.set_sensitive(bool(submenu.get_children()))
    item.set_submenu(submenu if submenu.get_children() else None)
