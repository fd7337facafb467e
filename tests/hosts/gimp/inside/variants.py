# Every kind of image with every output and every kind of selection: an answer or a sentence, and no damage.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())
import itertools
import time

EVERY = os.environ.get("EVERY", "") == "1"  # all combinations: some hundreds; otherwise each value of each kind
SIDE = 8
IMAGES = {
    "rgba": lambda: picture(SIDE, SIDE, 4),
    "rgb": lambda: picture(SIDE, SIDE, 3),
    "grey": lambda: picture(SIDE, SIDE, 1),
    "grey alpha": lambda: picture(SIDE, SIDE, 2),
    "indexed": indexed_image,
    "16 bits": lambda: picture(SIDE, SIDE, 4, PRECISION.U16_NON_LINEAR, 16),
    "float": lambda: picture(SIDE, SIDE, 3, PRECISION.FLOAT_LINEAR, 16),
}
CALM = {"detail": "calm", "imagination": 0.0, "candidates": 1, "steps": 0}
VALUES = {
    "upscale": {"scale": 2},
    "imagine-face": {"scale": 2, **CALM},
    "anonymise-face": {"kept": 4, **CALM},
}
OUTPUTS = {
    "upscale": ("new-image", "document", "visible-document", "selected-document", "larger-image", "new-layers", "replace"),
    "imagine-face": ("new-image", "larger-image", "new-layers", "replace"),
    "anonymise-face": ("new-image", "flat-image", "new-layers", "replace"),
}  # fmt: skip
REPLACE = Gimp.ChannelOps.REPLACE


def soft(image):
    image.select_ellipse(REPLACE, 1, 1, 6, 5)
    Gimp.Selection.feather(image, 2)


SELECTIONS = {
    "none": lambda image: None,
    "all": lambda image: Gimp.Selection.all(image),
    "rectangle": lambda image: image.select_rectangle(REPLACE, 2, 1, 5, 4),
    "soft": soft,
    "one pixel": lambda image: image.select_rectangle(REPLACE, 3, 3, 1, 1),
    "nothing at all": lambda image: image.select_rectangle(REPLACE, 30, 30, 5, 5),
}


def state(image):
    layers = [[x.get_name(), x.get_visible(), *x.get_offsets()[-2:], x.get_width(), x.get_height()]
              for x in image.get_layers()]  # fmt: skip
    bounds = Gimp.Selection.bounds(image)
    return [
        image.get_width(),
        image.get_height(),
        layers,
        image.is_dirty(),
        list(bounds[1:]),
        image.get_precision().value_nick,
    ]


def tried(kind, action, output, selection, candidates=1):
    image, layer = IMAGES[kind]()
    SELECTIONS[selection](image)
    image.clean_all()
    before, own = state(image), pixels(layer, 4)
    status, error, result = call(
        image, [layer], action, **{**VALUES[action], "output": output, "candidates": candidates}
    )
    unchanged = state(image) == before and pixels(layer, 4) == own
    facts = {"status": status, "error": error, "unchanged": unchanged, "before": before[:2]}
    if result is not None:
        facts.update(
            same=result == image, size=[result.get_width(), result.get_height()], dirty=result.is_dirty(),
            layers=[x.get_name() for x in result.get_layers()], base=result.get_base_type().value_nick,
            precision=result.get_precision().value_nick, canvas=[image.get_width(), image.get_height()],
            selected=Gimp.Selection.bounds(image)[1],
        )  # fmt: skip
        if result != image:
            result.delete()
    image.delete()
    return facts


def combinations():
    """All of them, or a few in which each value meets each action and output."""
    pairs = [(action, output) for action in OUTPUTS for output in OUTPUTS[action]]
    if EVERY:
        return [(k, a, o, s) for k, (a, o), s in itertools.product(IMAGES, pairs, SELECTIONS)]
    kinds, selections = list(IMAGES), list(SELECTIONS)
    return [
        (kinds[(at + turn * 3) % len(kinds)], action, output, selections[(at + turn * 2) % len(selections)])
        for at, (action, output) in enumerate(pairs)
        for turn in range(3)
    ]


def grid():
    return [[*one, tried(*one)] for one in combinations()]


def tiny():
    """Pictures of one pixel and one row."""
    facts = {}
    for width, height in ((1, 1), (1, 9), (9, 1), (2, 2)):
        for action, values in VALUES.items():
            image, layer = picture(width, height, 4)
            status, error, result = call(image, [layer], action, **values, output="new-image")
            size = [result.get_width(), result.get_height()] if result is not None else None
            facts["%dx%d %s" % (width, height, action)] = [status, error, size]
    return facts


NAMES = ["", "<b>&amp;", "x" * 300, "two\nlines", "Frame 1 (100ms) (replace)", "%s %d", "ünï ☃"]


def names():
    """Layers of any name, several with the same one."""
    results = []
    for name in NAMES:
        image, layer = picture(SIDE, SIDE, 4)
        layer.set_name(name)
        other = layer.copy()
        image.insert_layer(other, None, 0)
        other.set_name(name)
        status, error, result = call(image, image.get_layers(), scale=2, output="new-image")
        results.append([status, error, [x.get_name() for x in result.get_layers()] if result is not None else None])
    return results


def one_file_open_twice():
    """Three images of one file, answered in turn: each result has its own name."""
    copies = []
    for _ in range(3):
        again, _layer = picture(SIDE, SIDE, 4)
        again.set_file(Gio.File.new_for_path(OUT + "/same.xcf"))
        for output in ("new-image", "document"):
            result = call(again, again.get_layers(), scale=2, output=output)[2]
            copies.append(os.path.basename(result.get_file().get_path()))
    return copies


def three_of_four():
    """Three of four layers, one of them in a group with a mask, another beyond the canvas."""
    image, base = picture(SIDE, SIDE, 4, name="base")
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    inner = add(image, 6, 6, 4, "inner", group)
    write(inner, samples(6, 6, 4, shift=30), 4)
    group.add_mask(group.create_mask(Gimp.AddMaskType.WHITE))
    far = add(image, SIDE, SIDE, 4, "far")
    write(far, samples(SIDE, SIDE, 4, shift=60), 4)
    far.set_offsets(-20, 5)
    locked = add(image, SIDE, SIDE, 4, "locked")
    write(locked, samples(SIDE, SIDE, 4, shift=90), 4)
    locked.set_lock_alpha(True)
    facts = {}
    for output in OUTPUTS["upscale"]:
        twin = image.duplicate()
        chosen = [x for x in twin.get_layers() if x.get_name() != "base"]
        status, error, result = call(twin, chosen, scale=2, output=output)
        facts[output] = [status, error, state(result)[:3] if result is not None else None]
    return facts


def large():
    """A canvas of 4096 x 4096: what is too large is refused at once, with the limit."""
    image, layer = picture(SIDE, SIDE, 3)
    image.scale(4096, 4096)
    image.clean_all()
    began = time.monotonic()
    status, error, _ = call(image, [layer], scale=64, domain="art")
    refused = time.monotonic() - began
    image.select_rectangle(REPLACE, 4000, 4000, 60, 60)
    status2, error2, result = call(image, [layer], scale=4, domain="pixel-art")
    return {
        "status": status,
        "error": error,
        "seconds": refused,
        "part": [status2, error2, result and result.get_width()],
    }


run_cases([grid, tiny, names, one_file_open_twice, three_of_four, large], "variants.py")
