# Executed after support.py: the plug-in's dialogs in this very process, operated by real mouse clicks.
import copy
import runpy
import subprocess
import time

gi.require_version("Gtk", "3.0")
gi.require_version("GimpUi", "3.0")
from gi.repository import GimpUi, GLib, Gtk  # noqa: E402

FOLDER = os.path.join(os.environ["GIMP3_DIRECTORY"], "plug-ins", "depixel-gimp")
sys.path.insert(0, FOLDER)
import gimpfu_compat  # noqa: E402
import gimpfu_gimp3  # noqa: E402

gimpfu_compat.main = lambda: None  # this process is not the plug-in's
runpy.run_path(os.path.join(FOLDER, "depixel-gimp.py"))
OTHER = os.path.join(os.path.dirname(FOLDER), "old-fashioned", "old-fashioned.py")
if os.path.isfile(OTHER):
    runpy.run_path(OTHER)
REGISTERED = {one.name: one for one in gimpfu_compat._registered}
gimpfu_compat.interactive = True


class Desk:
    """One dialog. Steps are a generator that yields seconds, or a condition to wait for."""

    def __init__(self, action, image, layers, **values):
        self.name = action if action.startswith("python-fu-") else "plug-in-depixel-" + action
        self.image, self.layers = image, layers
        self.procedure = Gimp.get_pdb().lookup_procedure(self.name)
        self.config = self.procedure.create_config()
        for name, value in values.items():
            self.config.set_property(name, value)
        self.clicks = 0
        self.error = ""
        self.opened = 0.0

    def run(self, steps):
        """The filter's return value; None after Cancel."""
        registration = copy.copy(REGISTERED[self.name])
        on_dialog = registration.on_dialog
        if on_dialog is not None:

            def remember(*arguments):
                self.helper = on_dialog(*arguments)
                return self.helper

            registration.on_dialog = remember
        before = list(Gtk.Window.list_toplevels())
        began = time.monotonic()

        def work():
            values = [p.check(gimpfu_gimp3._value(self.config, p)) for p in registration.params]
            return registration.function(self.image, self.layers, *values)

        def find():
            new = [w for w in Gtk.Window.list_toplevels() if w not in before and isinstance(w, GimpUi.ProcedureDialog)]
            self.dialog = new[0] if new and new[0].get_mapped() else None
            return self.dialog is not None

        def opened():
            yield find
            self.opened = time.monotonic() - began
            yield from steps(self)

        self._steps, self._until, self._deadline = opened(), None, 0.0
        timer = GLib.timeout_add(50, self._tick)
        try:
            return gimpfu_gimp3._by_dialog(self.procedure, registration, self.image, self.layers, self.config, work)
        except gimpfu_compat.Cancelled:
            return None
        finally:
            if not self._ended:
                GLib.source_remove(timer)

    _ended = False

    def _tick(self):
        until = self._until
        if until is not None:
            late = time.monotonic() > self._deadline
            if not (late if isinstance(until, (int, float)) else until() or late):
                return True
            if late and not isinstance(until, (int, float)):
                self.error = self.error or "waited in vain: %s" % getattr(until, "__name__", until)
        try:
            self._until = next(self._steps)
        except StopIteration:
            self._ended = True
            return False
        except Exception:
            self.error = traceback.format_exc()
            self._ended = True
            self.dialog.response(Gtk.ResponseType.CANCEL)
            return False
        self._deadline = time.monotonic() + (self._until if isinstance(self._until, (int, float)) else 180)
        return True

    def all(self, kind=Gtk.Widget, root=None):
        """Every visible widget of a kind."""
        widgets = []

        def walk(widget):
            if isinstance(widget, kind) and widget.get_mapped():
                widgets.append(widget)
            if isinstance(widget, Gtk.Container):
                widget.forall(walk)

        walk(root or self.dialog)
        return widgets

    def button(self, text, root=None):
        """The button, switch or menu item with this text in its label; None if none is visible."""
        for kind in (Gtk.Button, Gtk.Expander, Gtk.MenuItem):
            for widget in self.all(kind, root):
                label = widget.get_label() or "".join(x.get_text() for x in self.all(Gtk.Label, widget))
                if text in label.replace("_", ""):
                    return widget
        return None

    def words(self):
        """All visible text."""
        return "\n".join(x.get_text() for x in self.all(Gtk.Label))

    def click(self, widget, x=None, y=None):
        """A real click in the middle of a widget, or at a fraction of its width and height."""
        place = widget.get_allocation()
        left, top = widget.get_window().get_origin()[-2:]
        if widget.get_has_window():
            place.x = place.y = 0
        at = (left + place.x + int(place.width * (x or 0.5)), top + place.y + int(place.height * (y or 0.5)))
        subprocess.run(["xdotool", "mousemove", *map(str, at), "click", "1"], timeout=20, check=False)
        self.clicks += 1
        self._clicked = time.monotonic()

    _clicked = 0.0

    def press(self, text):
        """Click on the button with this text."""
        widget = self.button(text)
        if widget is None:
            raise LookupError("no button %r among: %s" % (text, self.words()))
        self.click(widget)

    def ask(self, text, shot=""):
        """Steps: press a button, wait until the answer is drawn, and take a screenshot with this name."""
        self.press(text)
        yield self.idle
        yield 0.5
        if shot:
            self.shot(shot)

    def shot(self, name):
        """Screenshots of the whole screen and of the dialog alone, without a tooltip."""
        subprocess.run(["xdotool", "mousemove", "1360", "760"], timeout=20, check=False)
        for _ in range(20):
            while Gtk.events_pending():
                Gtk.main_iteration()
            time.sleep(0.02)
        path = os.path.join(OUT, "window-%s.png" % name)
        subprocess.run(["timeout", "20", "import", "-window", "root", path], check=False)
        frame = self.dialog.get_window().get_frame_extents()
        part = "%dx%d+%d+%d" % (frame.width, frame.height, frame.x, frame.y)
        alone = os.path.join(OUT, "window-dialog-%s.png" % name)
        subprocess.run(["timeout", "20", "convert", path, "-crop", part, "+repage", alone], check=False)

    def fits(self):
        """Whether the dialog is inside a screen of 1366x768, with all its texts complete."""
        width, height = self.dialog.get_size()
        cut = [x.get_text() for x in self.all(Gtk.Label) if x.get_layout().is_ellipsized() and len(x.get_text()) > 1]
        return {"size": [width, height], "cut": cut}

    def mnemonics(self):
        """[letter, label] of everything that Alt and a letter reach, even in a menu that is not open."""
        pairs = []

        def walk(widget):
            if isinstance(widget, (Gtk.Label, GimpUi.SpinScale)) and self._may_be_seen(widget):
                letter = widget.get_mnemonic_keyval()
                if letter != 0xFFFFFF:  # VoidSymbol
                    text = widget.get_text() if isinstance(widget, Gtk.Label) else widget.get_label()
                    pairs.append([chr(letter).lower(), text])
            if isinstance(widget, Gtk.Container):
                widget.forall(walk)

        walk(self.dialog)
        return pairs

    def _may_be_seen(self, widget):
        while widget is not None and widget is not self.dialog:
            if not widget.get_visible():
                return False
            widget = widget.get_parent()
        return True

    def idle(self):
        """Whether no preview is in progress: the text below it says so, half a second after a click."""
        return time.monotonic() > self._clicked + 0.5 and "Working on" not in self.words()
