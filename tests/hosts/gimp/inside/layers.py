# Properties of layers besides their pixels - opacity, mode, depth, text, frames, positions - through the plug-in.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())
import struct


def arguments():
    """Name, type and default of every argument, as scripts see them."""
    facts = {}
    for action in ("upscale", "imagine-face", "anonymise-face"):
        procedure = Gimp.get_pdb().lookup_procedure("plug-in-depixel-" + action)
        values = {a.name: [a.value_type.name, a.get_default_value()] for a in procedure.get_arguments()}
        facts[action] = {n: [t, v if isinstance(v, (int, float, str)) else None] for n, (t, v) in values.items()}
    return facts


def opacity_and_mode():
    image, layer = picture(W, H, 4)
    layer.set_opacity(40.0)
    layer.set_mode(Gimp.LayerMode.MULTIPLY)
    below = add(image, W, H, 4, "below", position=1)
    write(below, samples(W, H, 4, shift=70), 4)
    status, error, result = call(image, [layer, below], scale=2, domain="art")
    one = call(image, [layer], scale=2, domain="art", candidates=2, imagination=0.5)[2]
    look = lambda item: [round(item.get_opacity(), 3), item.get_mode() == Gimp.LayerMode.MULTIPLY]  # noqa: E731
    return {"status": status, "error": error, "before": dump(layer, 4), "answer": dump(result.get_layers()[0], 4),
            "looks": [look(x) for x in result.get_layers()], "group": look(one.get_layers()[0]),
            "inside": look(one.get_layers()[0].get_children()[0])}  # fmt: skip


def group_that_lets_through():
    """PASS_THROUGH, with a mask of the group."""
    image = Gimp.Image.new(W, H, BASE.RGB)
    outer = Gimp.GroupLayer.new(image, "G")
    image.insert_layer(outer, None, 0)
    outer.set_mode(Gimp.LayerMode.PASS_THROUGH)
    layer = add(image, W, H, 4, "in", outer)
    write(layer, samples(W, H, 4), 4)
    mask = outer.create_mask(Gimp.AddMaskType.WHITE)
    outer.add_mask(mask)
    buffer = mask.get_buffer()
    buffer.set(area(mask), "Y u8", bytes(255 if x > 3 else 0 for y in range(H) for x in range(W)))
    buffer.flush()
    mask.update(0, 0, W, H)
    seen = bytearray(pixels(outer, 4))
    for at in range(W * H):
        seen[at * 4 + 3] *= at % W > 3
    status, error, result = call(image, [outer], scale=3, domain="art")
    top = result.get_layers()[0]
    return {"status": status, "error": error, "answer": dump(top, 4), "normal": top.get_mode() == Gimp.LayerMode.NORMAL,
            "before": {**dump(outer, 4), "data": bytes(seen).hex(), "name": "G"}}  # fmt: skip


def wide(precision):
    """32 bits per sample."""
    image, layer = picture(W, H, 3, precision, 16)
    before = dump(layer, 3, 16)
    status, error, result = call(image, [layer], scale=3, domain="art")
    return {"status": status, "error": error, "before": before, "answer": dump(result.get_layers()[0], 3, 16),
            "kept": result.get_precision() == precision, "after": dump(layer, 3, 16)}  # fmt: skip


def whole_32():
    return wide(PRECISION.U32_NON_LINEAR)


def float_32():
    return wide(PRECISION.FLOAT_NON_LINEAR)


def double_64():
    return wide(PRECISION.DOUBLE_NON_LINEAR)


def float_beyond():
    """Values brighter than white and darker than black are clipped, and answered."""
    image, layer = picture(W, H, 3, PRECISION.FLOAT_NON_LINEAR, 16)
    values = [(-0.5, 0.5, 1.5)[(x + y) % 3] for y in range(H) for x in range(W) for _ in range(3)]
    buffer = layer.get_buffer()
    buffer.set(area(layer), "R'G'B' float", struct.pack("<%df" % len(values), *values))
    buffer.flush()
    status, error, result = call(image, [layer], scale=2, domain="art")
    cut = b"".join(round(min(1.0, max(0.0, value)) * 65535).to_bytes(2, "little") for value in values)
    return {"status": status, "error": error, "answer": dump(result.get_layers()[0], 3, 16),
            "before": {**dump(layer, 3, 16), "data": cut.hex()}}  # fmt: skip


def text():
    image, layer = picture(40, 20, 4)
    text = Gimp.TextLayer.new(image, "Hi", Gimp.context_get_font(), 12, Gimp.Unit.pixel())
    image.insert_layer(text, None, 0)
    text.set_name("words")
    status, error, result = call(image, [text], scale=2, domain="art")
    return {"status": status, "error": error, "before": dump(text, 4), "answer": dump(result.get_layers()[0], 4)}


def frames():
    image, layer = picture(W, H, 4, name="walk 1")
    sources = [dump(layer, 4)]
    for number in (2, 3):
        extra = add(image, W - 2, H, 4, "walk %d" % number)
        write(extra, samples(W - 2, H, 4, shift=30 * number), 4)
        extra.set_offsets(-1 if number == 2 else 4, 1)
        sources.append(dump(extra, 4))
    status, error, result = call(image, [layer], scale=3, domain="art", frames=True)
    status2, error2, many = call(image, [layer], scale=3, domain="art", frames=True, candidates=2, imagination=0.5)
    groups = [
        [child.get_name() for child in reversed(group.get_children())] for group in many.get_layers()[0].get_children()
    ]
    return {"status": status, "error": error + error2, "status2": status2, "given": sources, "groups": groups,
            "answers": [dump(one, 4) for one in reversed(result.get_layers())]}  # fmt: skip


def beyond_the_canvas():
    """A layer that extends beyond the picture is answered whole; grey with 16 bits."""
    image, layer = picture(W, H, 2, PRECISION.U16_NON_LINEAR, 16)
    layer.set_offsets(-4, 3)
    other = add(image, 4, 3, 2, "other")
    write(other, samples(4, 3, 2, 16), 2, 16)
    status, error, result = call(image, [layer, other], scale=2, domain="art")
    return {"status": status, "error": error, "size": [result.get_width(), result.get_height()],
            "before": [dump(layer, 2, 16), dump(other, 2, 16)], "answers": [dump(x, 2, 16) for x in reversed(result.get_layers())]}  # fmt: skip


def two_replaced_under_a_profile():
    """Both selected layers get their answers, in the picture's own colour space."""
    image, layer = picture(W, H, 4)
    other = add(image, 4, 3, 4, "other")
    write(other, samples(4, 3, 4, shift=50), 4)
    other.set_offsets(3, 2)
    sources = [dump(layer, 4), dump(other, 4)]
    image.set_color_profile(Gimp.ColorProfile.new_rgb_adobe())
    status, error, result = call(image, [layer, other], scale=2, domain="art", output="replace")
    kept = image.get_color_profile().is_equal(Gimp.ColorProfile.new_rgb_adobe())
    image.set_color_profile(Gimp.ColorProfile.new_rgb_srgb())
    return {
        "status": status,
        "error": error,
        "kept": kept,
        "before": sources,
        "answers": [dump(layer, 4), dump(other, 4)],
    }


def refusals():
    """A channel, locked pixels, an empty group."""
    image, layer = picture(W, H, 4)
    channel = Gimp.Channel.new(image, "c", W, H, 50.0, Gegl.Color.new("red"))
    image.insert_channel(channel, None, 0)
    empty = Gimp.GroupLayer.new(image, "nothing")
    image.insert_layer(empty, None, 0)
    facts = {"channel": call(image, [channel])[:2], "empty": call(image, [empty])[:2]}
    layer.set_lock_content(True)
    image.clean_all()
    facts["locked"] = call(image, [layer], output="replace")[:2]
    facts["dirty"] = image.is_dirty()
    facts["read"] = call(image, [layer], scale=2, domain="art")[:2]
    return facts


run_cases([arguments, refusals, opacity_and_mode, group_that_lets_through, whole_32, float_32, double_64, float_beyond, text, frames,
           beyond_the_canvas, two_replaced_under_a_profile], "layers.py")  # fmt: skip
