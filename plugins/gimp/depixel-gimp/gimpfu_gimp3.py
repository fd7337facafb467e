"""The implementation of `gimpfu_compat` on GIMP 3: image procedures with typed arguments and dialogs."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
import gimpfu_compat as fu  # noqa: E402
from gi.repository import Gegl, Gimp, Gio, GLib, GObject  # noqa: E402

_FLAGS = GObject.ParamFlags.READWRITE


def run_plug_in(registered: list[fu.Registration], argv: list[str]) -> None:
    """Answer GIMP's questions about `registered`, or run one of them."""
    by_name = {registration.name: registration for registration in registered}

    class PlugIn(Gimp.PlugIn):  # type: ignore[misc]  # gi has no stubs
        def do_set_i18n(self, name: str) -> bool:
            return False

        def do_query_procedures(self) -> list[str]:
            return list(by_name)

        def do_create_procedure(self, name: str) -> Any:
            return _procedure(self, by_name[name])

    Gimp.main(PlugIn.__gtype__, argv)


def _procedure(plug_in: Any, registration: fu.Registration) -> Any:
    procedure = Gimp.ImageProcedure.new(plug_in, registration.name, Gimp.PDBProcType.PLUGIN, _run, registration)
    procedure.set_image_types(registration.imagetypes or "*")
    mask = Gimp.ProcedureSensitivityMask.DRAWABLE
    if any(parameter.kind == fu.PF_LAYERS for parameter in registration.inputs):
        mask |= Gimp.ProcedureSensitivityMask.DRAWABLES
    procedure.set_sensitivity_mask(mask)
    if registration.label:
        procedure.set_menu_label(registration.label)
    if registration.menu:
        procedure.add_menu_path(registration.menu)
    procedure.set_documentation(registration.blurb, registration.help, registration.name)
    procedure.set_attribution(registration.author, registration.copyright, registration.date)
    for parameter in registration.params:
        _add_argument(procedure, parameter)
    for result in registration.results:
        if result.kind != fu.PF_IMAGE:
            raise ValueError("gimpfu_compat returns images only, not %r (%s)" % (result.kind, result.name))
        procedure.add_image_return_value(result.name, result.label, result.help, True, _FLAGS)
    return procedure


# Numbers are declared with wider limits, and choices as strings: GIMP silently replaces a value outside its declaration
# with the default, and the filter would never know. `Parameter.check` refuses it instead.
def _add_argument(procedure: Any, parameter: fu.FilterParameter) -> None:
    name, label, text, default = parameter.name, parameter.label, parameter.help, parameter.default
    if parameter.kind in fu._NUMBERS and parameter.whole:
        procedure.add_int_argument(name, label, text, -fu._WIDE - 1, fu._WIDE, int(default), _FLAGS)
    elif parameter.kind in fu._NUMBERS:
        procedure.add_double_argument(name, label, text, -1e12, 1e12, float(default), _FLAGS)
    elif parameter.kind == fu.PF_TOGGLE:
        procedure.add_boolean_argument(name, label, text, bool(default), _FLAGS)
    elif parameter.kind == fu.PF_COLOR:
        Gegl.init(None)  # colours need it
        colour = Gegl.Color.new("black")
        colour.set_rgba(*[channel / 255.0 for channel in tuple(default or (0, 0, 0))[:3]], 1.0)
        procedure.add_color_argument(name, label, text, True, colour, _FLAGS)
    elif parameter.kind in (fu.PF_FILE, fu.PF_FILENAME, fu.PF_DIRNAME):
        folder = parameter.kind == fu.PF_DIRNAME
        action = Gimp.FileChooserAction.SELECT_FOLDER if folder else Gimp.FileChooserAction.OPEN
        file = Gio.File.new_for_path(default) if default else None
        procedure.add_file_argument(name, label, text, action, True, file, _FLAGS)
    else:
        procedure.add_string_argument(name, label, text, str(default), _FLAGS)


def _run(
    procedure: Any, run_mode: Any, image: Any, drawables: list[Any], config: Any, registration: fu.Registration
) -> Any:
    fu.interactive = run_mode != Gimp.RunMode.NONINTERACTIVE
    Gegl.init(None)

    def work() -> Any:
        values = [parameter.check(_value(config, parameter)) for parameter in registration.params]
        return registration.function(*_inputs(registration, image, drawables), *values)

    try:
        asks = run_mode == Gimp.RunMode.INTERACTIVE and bool(registration.params)
        returned = _by_dialog(procedure, registration, image, drawables, config, work) if asks else work()
    except fu.Cancelled:
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
    except Exception as error:  # GIMP shows it to the user; a plug-in that raises counts as crashed
        expected = isinstance(error, ValueError) or getattr(error, "for_users", False)
        if not expected:
            traceback.print_exc()
        text = str(error) if expected else "%s: %s" % (type(error).__name__, error)
        problem = GLib.Error.new_literal(Gimp.PlugIn.error_quark(), text, 0)
        return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, problem)
    Gimp.displays_flush()
    answer = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())
    if registration.results:
        answer.remove(1)
        answer.insert(1, GObject.Value(Gimp.Image, returned))
    return answer


def _value(config: Any, parameter: fu.FilterParameter) -> Any:
    value = config.get_property(parameter.name)
    if parameter.kind in (fu.PF_FILE, fu.PF_FILENAME, fu.PF_DIRNAME):
        return value.get_path() if value else None
    if value is None and parameter.kind in (fu.PF_STRING, fu.PF_TEXT):
        return ""  # GIMP's own value for an empty text
    return value


def _inputs(registration: fu.Registration, image: Any, drawables: list[Any]) -> list[Any]:
    inputs = []
    for parameter in registration.inputs:
        if parameter.kind == fu.PF_IMAGE:
            inputs.append(image)
        elif parameter.kind == fu.PF_LAYERS:
            inputs.append(list(drawables))
        elif len(drawables) == 1:
            inputs.append(drawables[0])
        else:
            raise ValueError("This filter works on one layer at a time; %d are selected." % len(drawables))
    return inputs


# A refusal leaves the dialog open with its values; only an answer or Cancel closes it.
def _by_dialog(
    procedure: Any,
    registration: fu.Registration,
    image: Any,
    drawables: list[Any],
    config: Any,
    work: Callable[[], Any],
) -> Any:
    gi.require_version("GimpUi", "3.0")
    gi.require_version("Gtk", "3.0")
    from gi.repository import GimpUi, Gtk

    GimpUi.init(registration.name)
    dialog = GimpUi.ProcedureDialog.new(procedure, config, registration.label.replace("_", "").rstrip(".…"))
    rows = _rows(GimpUi, Gtk, dialog, config, registration.params)
    helper: Any
    if registration.on_dialog is None:
        helper = _PlainDialog(Gtk, rows)
    else:
        helper = registration.on_dialog(dialog, config, image, list(drawables), rows)
    dialog.get_content_area().pack_start(helper.content, True, True, 0)
    help_button = dialog.get_widget_for_response(Gtk.ResponseType.HELP)
    if help_button is not None:
        help_button.hide()  # it would open GIMP's manual, which does not cover third-party filters
    helper.start()
    try:
        while dialog.run():
            if helper.problem():
                continue
            place = dialog.get_position()
            dialog.hide()
            while Gtk.events_pending():
                Gtk.main_iteration()
            helper.accepted()
            try:
                result = work()
            except ValueError as error:
                if not image.is_valid():
                    raise
                helper.refused(str(error))
                dialog.move(*place)
                continue
            helper.answered()
            return result
        raise fu.Cancelled()
    finally:
        dialog.destroy()


class _PlainDialog:
    """All rows in a column, and below them the reason of a refusal: the dialog of a filter without `on_dialog`."""

    def __init__(self, Gtk: Any, rows: dict[str, list[Any]]) -> None:  # noqa: N803 (a module)
        self._reason = Gtk.Label(wrap=True, max_width_chars=50, xalign=0)
        self.content = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, border_width=12)
        grid = Gtk.Grid(row_spacing=6, column_spacing=12)
        for at, widgets in enumerate(rows.values()):
            for column, widget in enumerate(widgets):
                widget.set_hexpand(True)
                grid.attach(widget, column, at, 3 - len(widgets) if column == len(widgets) - 1 else 1, 1)
        self.content.pack_start(grid, False, False, 0)
        self.content.pack_start(self._reason, False, False, 0)

    def start(self) -> None:
        self.content.show_all()
        self._reason.hide()

    def problem(self) -> str:
        return ""

    def accepted(self) -> None:
        pass

    def answered(self) -> None:
        pass

    def refused(self, sentence: str) -> None:
        self._reason.set_markup("<b>%s</b>" % GLib.markup_escape_text(sentence))
        self._reason.show()


# The widgets of each parameter by name: a label and a field, or a field with its own label.
def _rows(
    GimpUi: Any, Gtk: Any, dialog: Any, config: Any, parameters: list[fu.FilterParameter]
) -> dict[str, list[Any]]:  # noqa: N803
    rows: dict[str, list[Any]] = {}
    for parameter in parameters:
        kind, name = parameter.kind, parameter.name
        if kind == fu.PF_RADIO:
            store = Gtk.ListStore(str, str)
            for value, label in parameter.choices:
                store.append([value, label])
            rows[name] = _labelled(Gtk, parameter, GimpUi.prop_string_combo_box_new(config, name, store, 0, 1))
        elif kind in (fu.PF_STRING, fu.PF_TEXT):
            rows[name] = _labelled(Gtk, parameter, GimpUi.prop_entry_new(config, name, -1))
        elif kind in (fu.PF_SLIDER, fu.PF_SPINNER):
            scale = dialog.get_spin_scale(name, 1.0)
            low, high = parameter.extra[:2]
            scale.set_range(low, high)
            scale.set_scale_limits(low, min(high, low + 1000))  # the range of the slider; larger values can be typed
            scale.set_digits(0 if parameter.whole else 2)
            scale.set_increments(parameter.extra[2], parameter.extra[2] * 10)
            rows[name] = [scale]
        elif kind == fu.PF_TOGGLE:
            rows[name] = [dialog.get_widget(name, Gtk.CheckButton.__gtype__)]
        else:
            rows[name] = [dialog.get_widget(name, GObject.TYPE_NONE)]
    return rows


def _labelled(Gtk: Any, parameter: fu.FilterParameter, field: Any) -> list[Any]:  # noqa: N803 (a module)
    field.set_hexpand(True)
    field.set_tooltip_text(parameter.help)
    label = Gtk.Label.new_with_mnemonic(parameter.label)
    label.set_xalign(0)
    label.set_mnemonic_widget(field)
    return [label, field]
