# Executed after support.py and desk.py: cases in which a dialog is operated.
FACTS = {}
CASES = [name for name in os.environ.get("CASES", "").split(",") if name]


def opened(variable):
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(os.environ[variable]))
    return image, image.get_layers()


def two_layers():
    image, layers = opened("SPRITE")
    image.insert_layer(layers[0].copy(), None, 0)
    return image, image.get_layers()[:1]


def case(action, variable, **values):
    """Decorator: a generator of steps becomes a case; its return value is recorded."""

    def wrap(steps):
        if CASES and steps.__name__ not in CASES:
            return steps
        image, layers = opened(variable) if isinstance(variable, str) else variable()
        desk = Desk(action, image, layers, **values)
        facts = FACTS[steps.__name__] = {}
        try:
            result = desk.run(lambda desk: steps(desk, facts))
            facts["result"] = tree(result) if result is not None else None
        except Exception:
            facts["raised"] = traceback.format_exc()
        facts["error"], facts["clicks"], facts["opened"] = desk.error, desk.clicks, desk.opened
        save(os.environ["SCRIPT"], FACTS)
        return steps

    return wrap


def tree(image):
    return {
        "size": [image.get_width(), image.get_height()],
        "dirty": image.is_dirty(),
        "layers": [
            [x.get_name(), [dump(y, 4) for y in x.get_children()] if x.is_group() else dump(x, 4)]
            for x in image.get_layers()
        ],
    }


def fits(desk):
    width, height = desk.dialog.get_size()
    return [width, height, width <= 1366 and height <= 740]


def answers(desk, kind):
    """The tiles of answers side by side: their ticks, or the pictures to click on."""
    ticks = kind is Gtk.CheckButton
    return [x for x in desk.all(Gtk.Button) if isinstance(x.get_parent().get_parent(), Gtk.FlowBoxChild)
            and isinstance(x, Gtk.CheckButton) == ticks]  # fmt: skip


def cancel(desk):
    desk.press("Cancel")


def choose(desk, name, index):
    """Two clicks: on the drop-down of an option, and on its entry."""
    combo = [x for x in desk.all(Gtk.ComboBox) if x.get_tooltip_text() == desk_help(desk, name)][0]
    desk.click(combo)
    yield 0.8
    entries = [y for x in Gtk.Window.list_toplevels() if x.get_mapped() for y in desk.all(Gtk.MenuItem, x)]
    desk.click(entries[index])
    yield 0.5


def desk_help(desk, name):
    return [one.help for one in REGISTERED[desk.name].params if one.name == name][0]
