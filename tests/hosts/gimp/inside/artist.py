# What an artist meets: large dialogs, GIMP's canvas, textures, groups, odd selections, names and images.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())
exec(open(os.environ["INSIDE"] + "/desk.py").read())
exec(open(os.environ["INSIDE"] + "/cases.py").read())

LEFT = {}  # what a case leaves for a later step


def line_of(image):
    """Names of all layers, the topmost first, and whether the image counts as changed."""
    return [[x.get_name() for x in image.get_layers()], image.is_dirty()]


def shown(variable):
    """An image in a window of its own."""
    image, layers = opened(variable)
    LEFT["display"] = Gimp.Display.new(image)
    image.clean_all()
    return image, layers


@case("anonymise-face", lambda: shown("FACE"), kept=8, detail="calm")
def canvas(desk, facts):
    """The answer on the canvas, in a temporary layer that is removed with the dialog."""
    yield 0.5
    facts["before"] = line_of(desk.image)
    yield from desk.ask("Show on the canvas")
    facts["shown"] = line_of(desk.image)
    facts["selected"] = [x.get_name() for x in desk.image.get_selected_layers()]
    layer = desk.image.get_layers()[0]
    facts["pixels"] = pixels(layer, 4) != pixels(desk.image.get_layers()[1], 4)
    desk.shot("canvas")
    desk.config.set_property("kept", 6)
    yield 0.2
    facts["stale"] = line_of(desk.image)
    yield from desk.ask("Preview")
    facts["again"] = line_of(desk.image)
    desk.press("Show on the canvas")
    yield 0.3
    facts["off"] = line_of(desk.image)
    desk.press("Show on the canvas")
    yield 0.5
    desk.image.remove_layer(desk.image.get_layers()[0])  # by the user
    yield 0.2
    yield from desk.ask("Preview")
    facts["after removal"] = line_of(desk.image)[0]
    cancel(desk)
    LEFT["image"] = desk.image


def undo():
    """Ctrl+Z in GIMP's window."""
    tool("windowactivate", "--sync", tool("search", "--name", "GIMP$")[-1], "key", "ctrl+z")


@case("anonymise-face", lambda: shown("FACE"), kept=8, detail="calm")
def canvas_and_undo(desk, facts):
    """Steps before and during the preview can be undone in their order."""
    image = desk.image
    image.undo_group_start()
    image.resize(20, 20, 0, 0)
    image.undo_group_end()
    yield 0.5
    yield from desk.ask("Show on the canvas")
    layer = image.get_layers()[1]
    image.undo_group_start()
    layer.set_offsets(3, 2)
    image.undo_group_end()
    facts["shown"] = [*line_of(image), image.get_width(), list(layer.get_offsets()[-2:])]
    desk.press("Show on the canvas")
    yield 0.5
    facts["hidden"] = [*line_of(image), image.get_width(), list(layer.get_offsets()[-2:])]
    for step in ("one", "two"):
        undo()
        yield 2.0
        facts[step] = [line_of(image)[0], image.get_width(), list(layer.get_offsets()[-2:])]
    cancel(desk)


def left_over():
    """A preview whose plug-in was killed."""
    import host
    import pixbufs
    from canvas import CanvasPreview

    image, layers = shown("FACE")
    source = host.read(image, layers[0], True, False, True)
    CanvasPreview(image, source).show(pixbufs.pixbuf_of(source))
    LEFT["before"] = line_of(image)
    return image, layers


@case("anonymise-face", left_over)
def swept(desk, facts):
    """The next dialog removes what a killed one has left on the canvas."""
    yield 0.5
    facts.update(before=LEFT["before"], after=line_of(desk.image), cancelled=line_of(LEFT["image"]))
    cancel(desk)


@case("upscale", "SPRITE", domain="pixel-art")
def resized(desk, facts):
    """A larger dialog shows a larger picture; the line between before and after can be dragged in it."""
    yield desk.idle
    yield 0.5
    view = desk.helper._preview._view
    facts["small"] = view.zoom
    desk.dialog.resize(1200, 730)
    yield 1.5
    facts["large"] = view.zoom
    desk.shot("resized")
    place = view._image.get_allocation()
    left, top = view._image.get_window().get_origin()[-2:]  # the window of the area around the image
    x, y = left + place.x, top + place.y + place.height // 2
    far = x + place.width // 2
    drag = "mousemove %d %d mousedown 1 mousemove %d %d mousemove %d %d mouseup 1" % (x + 1, y, x + 40, y, far, y)
    tool(*drag.split())
    yield 0.8
    facts["line"] = view.line.get_value()
    desk.shot("resized-split")
    desk.click(view.zooms[1])
    yield 0.5
    facts["zoomed"] = view.zoom
    cancel(desk)


@case("upscale", "TEXTURE", scale=2)
def texture(desk, facts):
    yield 0.5
    yield from desk.ask("Preview", "texture")
    facts["says"] = desk.words()
    desk.config.set_property("domain", "textures")
    desk.config.set_property("candidates", 3)
    desk.config.set_property("imagination", 0.5)
    yield 0.3
    yield from desk.ask("3 answers", "texture-three")
    facts["cut"] = desk.fits()["cut"]
    cancel(desk)


def group():
    """A group with a mask, with a hidden layer in it."""
    image, layers = opened("SPRITE")
    outer = Gimp.GroupLayer.new(image, "Hat and coat")
    image.insert_layer(outer, None, 0)
    inner = layers[0].copy()
    image.insert_layer(inner, outer, 0)
    outer.add_mask(outer.create_mask(Gimp.AddMaskType.WHITE))
    return image, [outer, inner]


@case("upscale", group, output="selected-document")
def all_selected(desk, facts):
    """A group and a layer inside it are both selected, as after selecting all layers."""
    yield desk.idle
    facts["copy"] = desk.words()
    desk.shot("group")
    desk.config.set_property("output", "new-image")
    yield 0.3
    facts["one"] = desk.words()
    desk.press("OK")


def with_channel():
    image, layers = opened("SPRITE")
    channel = Gimp.Channel.new(image, "Red thing", 32, 32, 50.0, Gegl.Color.new("red"))
    image.insert_channel(channel, None, 0)
    return image, [channel]


@case("upscale", with_channel)
def channel(desk, facts):
    """A channel instead of a layer: the dialog says at once what to do."""
    yield 0.8
    facts["says"] = desk.words()
    desk.shot("channel")
    desk.press("OK")
    yield 0.5
    facts["open"] = desk.dialog.get_mapped()
    cancel(desk)


def everything_selected():
    image, layers = opened("SPRITE")
    Gimp.Selection.all(image)
    return image, layers


@case("upscale", everything_selected, output="replace", scale=2)
def select_all(desk, facts):
    """Select > All is the same as no selection."""
    yield desk.idle
    facts["says"] = desk.words()
    desk.press("OK")


def long_name():
    image, layers = opened("SPRITE")
    layers[0].set_name("a_file_name_without_any_place_to_break_a_line_" * 6)
    return image, layers


@case("upscale", long_name)
def long(desk, facts):
    yield desk.idle
    yield 0.3
    facts["fits"] = fits(desk)
    desk.shot("long-name")
    desk.press("OK")


def indexed():
    image, layers = opened("SPRITE")
    image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 16, False, False, "")
    return image, image.get_layers()


@case("upscale", indexed, output="new-layers")
def indexed_refused(desk, facts):
    yield desk.idle
    desk.press("OK")
    yield 0.5
    facts["says"] = desk.words()
    desk.shot("indexed-refused")
    cancel(desk)


def huge():
    image, layers = opened("SPRITE")
    image.scale(4096, 4096)
    image.clean_all()
    return image, image.get_layers()


@case("upscale", huge, scale=64)
def large_canvas(desk, facts):
    """4096 x 4096 pixels: the dialog opens, an answer that is too large is refused, and a part previewed."""
    yield 1.0
    facts["says"] = desk.words()
    desk.config.set_property("scale", 4)
    yield 0.3
    yield from desk.ask("Preview", "large-canvas")
    facts["preview"] = desk.words()
    cancel(desk)


@case("upscale", lambda: shown("SPRITE"))
def closed(desk, facts):
    """The image is closed while the dialog is open: Preview still works, and OK says so."""
    yield desk.idle
    LEFT["display"].delete()
    facts["valid"] = desk.image.is_valid()
    yield 0.3
    yield from desk.ask("Preview")
    facts["preview"] = desk.words()
    desk.config.set_property("scale", 3)
    yield 0.5
    desk.press("OK")
    yield 0.8
    facts["says"] = desk.words()
    cancel(desk)


@case("upscale", two_layers)
def deleted(desk, facts):
    """The layer is deleted while the dialog is open."""
    yield desk.idle
    desk.image.remove_layer(desk.layers[0])
    desk.config.set_property("scale", 3)
    yield 0.5
    facts["says"] = desk.words()
    desk.press("OK")
    yield 0.5
    facts["open"] = desk.dialog.get_mapped()
    cancel(desk)


def two_people():
    """A group picture: two faces of 96 pixels on white."""
    image = Gimp.Image.new(320, 200, BASE.RGB)
    ground = add(image, 320, 200, 3, "Group")
    ground.fill(Gimp.FillType.WHITE)
    for at, name in enumerate(("FACE", "FACE2")):
        loaded = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(os.environ[name]))
        Gimp.context_set_interpolation(Gimp.InterpolationType.CUBIC)
        loaded.scale(96, 96)
        layer = Gimp.Layer.new_from_drawable(loaded.get_layers()[0], image)
        image.insert_layer(layer, None, 0)
        layer.set_offsets(30 + 160 * at, 50)
        loaded.delete()
    layer = image.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
    layer.set_name("Group")
    Gimp.Display.new(image)
    return image, [layer]


@case("anonymise-face", two_people, kept=6, detail="calm", steps=2)
def group_picture(desk, facts):
    """Depixel looks for the faces and replaces each in its place; the canvas shows the result."""
    yield 0.5
    desk.click(desk.button("More settings"), x=0.1)
    yield 0.6
    facts["widths"] = [x.get_allocated_width() for x in desk.all(GimpUi.SpinScale)]
    yield from desk.ask("Show on the canvas")
    facts["says"] = desk.words()
    facts["fits"] = fits(desk)
    desk.shot("group-picture")
    desk.press("OK")


save(os.environ["SCRIPT"], FACTS)
print("FINISHED", flush=True)
