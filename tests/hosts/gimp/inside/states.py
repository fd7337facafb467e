# The states of the dialogs, each with a screenshot: candidates, settings, dials, sizes, refusals.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())
exec(open(os.environ["INSIDE"] + "/desk.py").read())
exec(open(os.environ["INSIDE"] + "/cases.py").read())


@case("upscale", "SPRITE")
def plain(desk, facts):
    """Menu, OK: the answer of the preview is used for OK, and is not requested again."""
    yield desk.idle
    yield 0.5
    desk.shot("upscale")
    facts["fits"] = fits(desk)
    facts["rows"] = [desk.words().split("\n"), len(desk.all(GimpUi.SpinScale))]
    desk.click(desk.button("More settings"), x=0.1)
    yield 0.6
    facts["more"] = desk.words().split("\n")
    facts["mnemonics"] = desk.mnemonics()
    desk.shot("upscale-more")
    facts["fits-more"] = fits(desk)
    desk.press("OK")


@case("upscale", "SPRITE", domain="pixel-art", candidates=4)
def four(desk, facts):
    """Four answers side by side; two are ticked, and OK adds those two."""
    yield desk.idle
    yield from desk.ask("4 answers", "upscale-four")
    facts["fits"] = fits(desk)
    ticks = answers(desk, Gtk.CheckButton)
    facts["ticks"] = ["".join(y.get_text() for y in desk.all(Gtk.Label, x)) for x in ticks]
    desk.click(ticks[1])
    yield 0.3
    desk.click(ticks[3])
    yield 0.3
    facts["says"] = desk.words()
    desk.shot("upscale-ticked")
    facts["picked"] = json.loads(desk.config.get_property("picked"))
    desk.press("OK")


@case("upscale", "SPRITE", domain="pixel-art", candidates=4)
def keep_one(desk, facts):
    """A click on a tile enlarges it and keeps only it."""
    yield desk.idle
    desk.clicks = 0
    yield from desk.ask("4 answers")
    tiles = answers(desk, Gtk.Button)
    desk.click(tiles[2])
    yield 0.5
    desk.shot("upscale-kept")
    desk.press("OK")


@case("upscale", "SPRITE", domain="pixel-art")
def changed(desk, facts):
    """
    A change makes the preview outdated; a small picture is updated automatically. A tick does not survive a change.
    """
    yield desk.idle
    desk.press("Preview")
    yield desk.idle
    desk.config.set_property("reading", "thin")
    facts["stale"] = "have changed" in desk.words()
    yield lambda: "have changed" not in desk.words() and "Working" not in desk.words()
    yield 0.4
    facts["followed"] = desk.words()
    desk.config.set_property("candidates", 2)
    yield 0.2
    yield from desk.ask("2 answers", "upscale-history")
    ticks = answers(desk, Gtk.CheckButton)
    facts["all"] = len(ticks)
    desk.click(ticks[0])
    yield 0.2
    facts["picked"] = desk.config.get_property("picked")
    desk.config.set_property("scale", 3)
    yield 0.2
    facts["after-size"] = desk.config.get_property("picked")
    desk.config.set_property("quality", "best")
    yield 0.2
    facts["after-quality"] = desk.config.get_property("picked")
    cancel(desk)


@case("upscale", "SPRITE", size="150%")
def sized(desk, facts):
    """The size of the result is shown before OK; impossible sizes are refused, and the dialog stays open."""
    yield desk.idle
    facts["says"] = desk.words()
    desk.config.set_property("size", "40%")
    desk.press("OK")
    yield 0.5
    facts["refused"] = desk.words()
    desk.shot("upscale-size")
    desk.config.set_property("size", "150%")
    yield 0.2
    desk.press("OK")


@case("imagine-face", "FACE", candidates=1, detail="calm", imagination=0.0)
def refused(desk, facts):
    """A refusal by the engine after OK returns to the dialog, with all values."""
    desk.config.set_property("face", "sparkle=3")
    desk.config.set_property("detail", "drawn")
    desk.config.set_property("scale", 5)
    yield 0.5
    desk.press("OK")
    yield lambda: "sparkle" in desk.words().replace("sparkle=3", "")
    yield 0.5
    desk.shot("face-refused")
    facts["says"] = desk.words()
    facts["values"] = [desk.config.get_property(name) for name in ("face", "scale", "detail")]
    cancel(desk)


@case("imagine-face", "FACE", candidates=1)
def unanswered(desk, facts):
    """The values of a failed request are restored in the next dialog."""
    yield 0.5
    facts["values"] = [desk.config.get_property(name) for name in ("face", "scale", "detail")]
    cancel(desk)


@case("imagine-face", "FACE", candidates=1)
def dials(desk, facts):
    """The dials of the person write the text that the engine reads."""
    desk.config.set_property("face", "")
    desk.config.set_property("detail", "auto")
    yield 0.3
    expander = desk.button("The person")
    if not expander.get_expanded():
        desk.click(expander, x=0.1)
    yield 0.8
    facts["fits"] = fits(desk)
    sliders = [x for x in desk.all(Gtk.Scale) if x.get_adjustment().get_upper() == 40]
    sliders[0].set_value(20)
    facts["face"] = desk.config.get_property("face")
    for combo in desk.all(Gtk.ComboBoxText):
        combo.set_active_id("round")
    facts["glasses"] = desk.config.get_property("face")
    yield 0.3
    desk.shot("face-dials")
    yield from desk.ask("Preview", "face-preview")
    facts["says"] = desk.words()
    desk.press("OK")


@case("imagine-face", "FACE", candidates=4, detail="calm")
def people(desk, facts):
    """Four faces, then more like one of them; existing ones stay."""
    yield 0.3
    yield from desk.ask("4 answers", "face-four")
    ticks = answers(desk, Gtk.CheckButton)
    desk.click(ticks[1])
    yield 0.3
    yield from desk.ask("More like this", "face-more")
    facts["all"] = len(answers(desk, Gtk.CheckButton))
    facts["ticked"] = json.loads(desk.config.get_property("picked"))
    desk.press("OK")


@case("anonymise-face", "FACE", kept=8)
def anonymise(desk, facts):
    yield from desk.ask("Preview", "anonymise")
    facts["fits"] = fits(desk)
    cancel(desk)


@case("upscale", "SPRITE", scale=6, domain="pixel-art")
def presets(desk, facts):
    """The menu of settings: saving, choosing, recent requests, deleting."""
    yield desk.idle
    button = desk.all(Gtk.MenuButton)[0]
    desk.click(button)
    yield 0.8
    desk.shot("settings-menu")
    menu = button.get_popup()
    facts["items"] = [x.get_label() for x in menu.get_children()]
    earlier = [x for x in menu.get_children() if x.get_label() == "Recent requests"][0]
    facts["earlier"] = [x.get_label() for x in earlier.get_submenu().get_children()]
    desk.click(earlier)
    yield 0.8
    desk.shot("settings-earlier")
    menu.popdown()
    yield 0.5
    GLib.idle_add(lambda: [x for x in menu.get_children() if "Save these" in x.get_label()][0].activate() and False)
    yield lambda: any("save a preset" in (w.get_title() or "") for w in Gtk.Window.list_toplevels() if w.get_mapped())
    window = [w for w in Gtk.Window.list_toplevels() if "save a preset" in (w.get_title() or "")][0]
    yield 0.5
    desk.all(Gtk.Entry, window)[0].set_text("My sprites")
    desk.shot("settings-save")
    window.response(Gtk.ResponseType.OK)
    yield 0.5
    facts["own"] = [x.get_label() for x in button.get_popup().get_children()][0]
    desk.config.set_property("scale", 2)
    button.get_popup().get_children()[0].activate()
    yield 0.5
    facts["scale"] = [desk.config.get_property("scale"), desk.config.get_property("domain")]
    GLib.idle_add(
        lambda: (
            [x for x in button.get_popup().get_children() if x.get_label() == "Default values"][0].activate() and False
        )
    )
    yield 0.5
    facts["default"] = [desk.config.get_property("scale"), desk.config.get_property("domain")]
    cancel(desk)


def large_layer():
    image, layers = opened("SPRITE")
    image.scale(320, 320)
    return image, image.get_layers()


@case("upscale", large_layer, scale=2, domain="art")
def large(desk, facts):
    """A part of a large layer is previewed; a click on the whole layer chooses another part."""
    yield 0.5
    view = desk.helper._preview._view
    yield from desk.ask("Preview", "large-part")
    facts["middle"] = list(view.part)
    desk.click([x for x in desk.all(Gtk.Button) if (x.get_tooltip_text() or "").startswith("Show the whole layer")][0])
    yield 0.6
    facts["says"] = desk.words()
    facts["whole"] = list(view.part)
    desk.shot("large-whole")
    desk.click(view._image, x=0.2, y=0.2)
    yield 0.6
    yield desk.idle
    yield 0.5
    facts["corner"] = list(view.part)
    desk.shot("large-corner")
    cancel(desk)


def an_answer():
    """A face that Depixel made, with its recipe."""
    image, layers = opened("FACE")
    result = call(image, layers, "imagine-face", scale=2, candidates=1, detail="calm", imagination=0.0)[2]
    return result, result.get_layers()


@case("same-larger", an_answer, side=5)
def larger(desk, facts):
    """A command with its own dialog keeps it open too."""
    yield 0.5
    desk.press("OK")
    yield lambda: "smaller" in desk.words()
    yield 0.3
    desk.shot("larger-refused")
    facts["says"] = desk.words()
    desk.config.set_property("side", 100)
    desk.press("OK")


@case("python-fu-old-fashioned", "SPRITE")
def every_kind(desk, facts):
    """A third-party filter, declared for gimpfu: a row for each kind of parameter."""
    yield 1.0
    desk.shot("old-fashioned")
    facts["says"] = desk.words()
    facts["scales"] = [x.get_value() for x in desk.all(GimpUi.SpinScale)]
    cancel(desk)


# The five tasks of docs/gimp.md: clicks in the open dialog, which the menu has opened with two.
@case("upscale", "SPRITE")
def task_sprite(desk, facts):
    yield desk.idle
    desk.press("OK")


@case("upscale", "SPRITE")
def task_keep_one_of_four(desk, facts):
    yield desk.idle
    answers_row = [x for x in desk.all(Gtk.SpinButton) if x.get_value() == 1 and x.get_adjustment().get_upper() == 64][
        0
    ]
    for _ in range(3):
        desk.click(answers_row, x=0.975)
        yield 0.4
    facts["set"] = desk.config.get_property("candidates")
    yield desk.idle
    yield from desk.ask("4 answers")
    desk.click(answers(desk, Gtk.Button)[2])
    yield 0.5
    desk.press("OK")


@case("upscale", two_layers, candidates=4)
def task_all_layers(desk, facts):
    yield desk.idle
    yield from choose(desk, "output", 1)
    facts["output"] = desk.config.get_property("output")
    desk.press("OK")


@case("imagine-face", "FACE", detail="calm")
def task_faces(desk, facts):
    yield 0.5
    desk.press("OK")


@case("anonymise-face", "FACE", detail="calm")
def task_anonymise_and_share(desk, facts):
    yield 0.5
    yield from choose(desk, "output", 1)
    facts["output"] = desk.config.get_property("output")
    desk.press("OK")


save(os.environ["SCRIPT"], FACTS)
print("FINISHED", flush=True)
