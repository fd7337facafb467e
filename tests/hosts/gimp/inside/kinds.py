# Every kind of picture in GIMP, once through the plug-in.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())


def registered():
    facts = {}
    for action in ("upscale", "imagine-face", "anonymise-face"):
        procedure = Gimp.get_pdb().lookup_procedure("plug-in-depixel-" + action)
        facts[action] = {
            "menus": procedure.get_menu_paths(), "label": procedure.get_menu_label(),
            "arguments": [a.name for a in procedure.get_arguments()],
        }  # fmt: skip
    return facts


def undo_of_profile_is_clean():
    """Reading removes the profile and restores it; the history must not show that."""
    image, layer = picture(W, H, 1)
    image.set_color_profile(Gimp.ColorProfile.new_d65_gray_linear())
    image.clean_all()
    before = pixels(layer, 1)
    status, error, result = call(image, [layer], scale=2, domain="art")
    return {"status": status, "error": error, "dirty": image.is_dirty(), "same": pixels(layer, 1) == before,
            "label": result.get_color_profile().get_label() == image.get_color_profile().get_label()}  # fmt: skip


def plain(channels, precision=None, depth=8):
    image, layer = picture(W, H, channels, precision, depth)
    before = dump(layer, channels, depth)
    status, error, result = call(image, [layer], scale=3, domain="art")
    if result is None:
        return {"status": status, "error": error}
    return {
        "status": status, "error": error, "before": before, "after": dump(layer, channels, depth),
        "answer": dump(result.get_layers()[0], channels, depth), "dirty": image.is_dirty(),
        "precision": result.get_precision().value_nick, "undo": result.undo_is_enabled(), "another": result != image,
        "size": [result.get_width(), result.get_height()], "layers": len(result.get_layers()),
        "comment": bytes(result.get_parasite("gimp-comment").get_data()).decode(),
    }  # fmt: skip


def rgba():
    return plain(4)


def rgb():
    return plain(3)


def grey():
    return plain(1)


def grey_alpha():
    return plain(2)


def rgba_16():
    return plain(4, PRECISION.U16_NON_LINEAR, 16)


def rgba_16_linear():
    return plain(4, PRECISION.U16_LINEAR, 16)


def rgb_float_linear():
    return plain(3, PRECISION.FLOAT_LINEAR, 16)


def rgba_8_linear():
    return plain(4, PRECISION.U8_LINEAR)


def rgba_half():
    return plain(4, PRECISION.HALF_NON_LINEAR, 16)


def profile():
    image, layer = picture(W, H, 4)
    wide = Gimp.ColorProfile.new_rgb_adobe()
    image.set_color_profile(wide)
    image.set_simulation_profile(wide)
    image.clean_all()
    stored = []
    status, error, result = call(image, [layer], scale=3, domain="art")
    kept = result.get_color_profile()
    proof = result.get_simulation_profile()
    same = kept is not None and kept.is_equal(wide) and proof is not None and proof.is_equal(wide)
    dirty = image.is_dirty()
    status2, error2, _ = call(image, [layer], scale=3, domain="art", output="new-layers")
    for one in (result.get_layers()[0], image.get_layers()[0]):
        one.get_image().set_color_profile(Gimp.ColorProfile.new_rgb_srgb())
        stored.append(dump(one, 4))
    return {"status": status, "status2": status2, "error": error + error2, "kept": same, "dirty": dirty, "answer": stored[0],
            "layer": stored[1]}  # fmt: skip


def indexed_free():
    image, layer = indexed_image()
    status, error, result = call(image, [layer], scale=3, domain="pixel-art")
    return {"status": status, "error": error, "before": dump(layer, 4), "base": result.get_base_type().value_nick,
            "answer": dump(result.get_layers()[0], 4)}  # fmt: skip


def indexed_keep():
    image, layer = indexed_image()
    before = dump(layer, 4)
    status, error, result = call(image, [layer], scale=3, domain="pixel-art", palette="keep")
    status2, error2, _ = call(image, [layer], scale=3, domain="pixel-art", palette="keep", output="new-layers")
    top = image.get_layers()[0]
    return {"status": status, "error": error + error2, "status2": status2, "base": result.get_base_type().value_nick,
            "before": before, "answer": dump(result.get_layers()[0], 4), "layer": dump(top, 4)}  # fmt: skip


def indexed_new_colours_refused():
    image, layer = indexed_image()
    status, error, _ = call(image, [layer], output="new-layers")
    return {"status": status, "error": error, "layers": len(image.get_layers())}


def mask():
    image, layer = picture(W, H, 4)
    mask = layer.create_mask(Gimp.AddMaskType.WHITE)
    layer.add_mask(mask)
    buffer = mask.get_buffer()
    buffer.set(area(mask), "Y u8", bytes((x * 25) % 256 for y in range(H) for x in range(W)))
    buffer.flush()
    mask.update(0, 0, W, H)
    read = selected(mask)
    own = pixels(layer, 4)
    combined = bytearray(own)
    combined[3::4] = bytes((a * m + 127) // 255 for a, m in zip(own[3::4], read, strict=True))
    twin = image.duplicate()
    twin.get_layers()[0].remove_mask(Gimp.MaskApplyMode.APPLY)
    applied = pixels(twin.get_layers()[0], 4)
    twin.delete()
    status, error, result = call(image, [layer], scale=3, domain="art")
    status2, error2, _ = call(image, [mask])
    return {"status": status, "error": error, "answer": dump(result.get_layers()[0], 4), "status2": status2, "error2": error2,
            "as_gimp": max(abs(a - b) for a, b in zip(combined[3::4], applied[3::4], strict=True)),
            "before": {"width": W, "height": H, "channels": 4, "depth": 8, "data": bytes(combined).hex(), "name": "hero"}}  # fmt: skip


def filters():
    """A non-destructive filter of GIMP 3 is part of what is visible; a replaced layer keeps it."""
    image, layer = picture(W, H, 4)
    plain_before = dump(layer, 4)
    invert = Gimp.DrawableFilter.new(layer, "gegl:invert-gamma", "Invert")
    layer.append_filter(invert)
    twin = image.duplicate()
    twin.get_layers()[0].merge_filters()
    seen = {**dump(twin.get_layers()[0], 4), "name": "hero"}
    twin.delete()
    status, error, result = call(image, [layer], scale=3, domain="art")
    status2, error2, _ = call(image, [layer], scale=3, domain="art", output="replace")
    kept = len(layer.get_filters())
    return {"status": status, "error": error + error2, "status2": status2, "seen": seen, "answer": dump(result.get_layers()[0], 4),
            "before": plain_before, "replaced": dump(layer, 4), "kept": kept}  # fmt: skip


def soft_proof():
    """A CMYK profile for proofing."""
    image, layer = picture(W, H, 4)
    path = next(
        p
        for p in ("/usr/share/color/icc/ghostscript/default_cmyk.icc", "/usr/share/color/icc/krita/cmyk.icm")
        if os.path.exists(p)
    )
    cmyk = Gimp.ColorProfile.new_from_file(Gio.File.new_for_path(path))
    image.set_simulation_profile(cmyk)
    image.set_simulation_intent(Gimp.ColorRenderingIntent.ABSOLUTE_COLORIMETRIC)
    image.set_simulation_bpc(True)
    status, error, result = call(image, [layer], scale=3, domain="art")
    proof = result.get_simulation_profile()
    return {"status": status, "error": error, "cmyk": cmyk.is_cmyk(), "kept": proof is not None and proof.is_equal(cmyk),
            "intent": result.get_simulation_intent() == Gimp.ColorRenderingIntent.ABSOLUTE_COLORIMETRIC,
            "bpc": result.get_simulation_bpc(), "answer": dump(result.get_layers()[0], 4), "before": dump(layer, 4)}  # fmt: skip


def mask_stays_when_replaced():
    image, layer = picture(W, H, 4)
    before = dump(layer, 4)
    layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))
    status, error, _ = call(image, [layer], scale=2, domain="art", output="replace")
    return {"status": status, "error": error, "before": before, "answer": dump(layer, 4),
            "mask": [layer.get_mask().get_width(), layer.get_mask().get_height()]}  # fmt: skip


def group():
    image = Gimp.Image.new(W, H, BASE.RGB)
    outer = Gimp.GroupLayer.new(image, "G")
    image.insert_layer(outer, None, 0)
    layer = add(image, W, H, 4, "in", outer)
    write(layer, samples(W, H, 4), 4)
    before = {**dump(outer, 4), "name": "G"}
    status, error, result = call(image, [outer], scale=3, domain="art")
    status2, error2, _ = call(image, [outer], output="replace")
    _, error3, together = call(image, [outer, layer], scale=3, domain="art")
    status4, error4, _ = call(image, [layer], scale=2, domain="art", output="new-layers")
    return {"status": status, "error": error, "before": before,
            "answer": dump(result.get_layers()[0], 4), "error2": error2, "status4": status4,
            "together": [[x.get_name() for x in together.get_layers()] if together else [], error3],
            "inside": [child.get_name() for child in outer.get_children()]}  # fmt: skip


def several():
    image, layer = picture(W, H, 4)
    other = add(image, 4, 3, 4, "shield")
    write(other, samples(4, 3, 4, shift=50), 4)
    other.set_offsets(3, 2)
    status, error, result = call(image, [layer, other], scale=3, domain="art")
    return {"status": status, "error": error, "size": [result.get_width(), result.get_height()],
            "before": [dump(layer, 4), dump(other, 4)], "answers": [dump(one, 4) for one in result.get_layers()]}  # fmt: skip


def candidates():
    image, layer = picture(W, H, 4)
    status, error, result = call(image, [layer], scale=3, domain="art", candidates=3, imagination=0.8, seed=5)
    outer = result.get_layers()[0]
    call(image, [layer], scale=2, domain="art", candidates=2, imagination=0.8, output="new-layers")
    chosen = [[x.get_name() for x in one.get_selected_layers()] for one in (result, image)]
    return {"status": status, "error": error, "group": outer.get_name(), "is_group": outer.is_group(), "chosen": chosen,
            "before": dump(layer, 4), "answers": [dump(child, 4) for child in outer.get_children()]}  # fmt: skip


def replace():
    image, layer = picture(W, H, 4)
    before = dump(layer, 4)
    other = add(image, W, H, 4, "below", position=1)
    status, error, result = call(image, [layer], scale=3, domain="art", output="replace")
    refused = call(image, [layer], candidates=2, output="replace")[1]
    return {"status": status, "error": error, "same": result == image, "before": before, "answer": dump(layer, 4),
            "size": [image.get_width(), image.get_height()], "other": [other.get_width(), other.get_height()],
            "refused": refused}  # fmt: skip


def text_layer():
    image, layer = picture(40, 20, 4)
    font = Gimp.context_get_font()
    text = Gimp.TextLayer.new(image, "Hi", font, 12, Gimp.Unit.pixel())
    image.insert_layer(text, None, 0)
    status, error, _ = call(image, [text], scale=2, domain="art")
    return {"status": status, "error": error, "refused": call(image, [text], output="replace")[1]}


def layers_of_gimp_3_2():
    """Links to files and paths as layers, if this GIMP has them."""
    new_layers = {}
    image, layer = picture(W, H, 4)
    if hasattr(Gimp, "LinkLayer"):
        export(image, "linked.png")
        new_layers["link"] = Gimp.LinkLayer.new(image, Gio.File.new_for_path(OUT + "/linked.png"))
    if hasattr(Gimp, "VectorLayer"):
        path = Gimp.Path.new(image, "p")
        image.insert_path(path, None, 0)
        path.stroke_new_from_points(
            Gimp.PathStrokeType.BEZIER, [1, 1, 1, 1, 1, 1, 7, 2, 7, 2, 7, 2, 4, 6, 4, 6, 4, 6], True
        )
        new_layers["vector"] = Gimp.VectorLayer.new(image, path)
    facts = {}
    for kind, new_layer in new_layers.items():
        image.insert_layer(new_layer, None, 0)
        status, error, result = call(image, [new_layer], scale=2, domain="art")
        facts[kind] = [status, error, result is not None and result.get_width(), new_layer.get_width()]
        facts[kind].append(call(image, [new_layer], output="replace")[1])
    return facts


def frames():
    image, layer = picture(W, H, 4, name="walk 1")
    names = [layer.get_name()]
    for number in (2, 3):
        extra = add(image, W - 2, H, 4, "walk %d (80ms)" % number)
        write(extra, samples(W - 2, H, 4, shift=30 * number), 4)
        extra.set_offsets(1, 0)
        names.append(extra.get_name())
    status, error, result = call(image, [layer], scale=3, domain="art", frames=True)
    refused = call(image, [layer], frames=True, output="replace")[1]
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 2, 1, 5, 4)
    refused2 = call(image, [layer], frames=True)[1]
    return {"status": status, "error": error, "size": [result.get_width(), result.get_height()], "refused": refused, "refused2": refused2,
            "answers": [dump(one, 4) for one in reversed(result.get_layers())]}  # fmt: skip


def wrong_arguments():
    image, layer = picture(W, H, 4)
    wrong = {"scale": 99, "domain": "nope", "degradation": "", "candidates": 0, "imagination": 1.5, "seed": -1, "steps": -7,
             "output": "away", "palette": "x"}  # fmt: skip
    return {name: list(call(image, [layer], **{name: value})[:2]) for name, value in wrong.items()}


def layers_in_place():
    image, layer = picture(W, H, 4)
    add(image, W, H, 4, "above")
    layer.set_offsets(2, 1)
    status, error, result = call(image, [layer], scale=2, domain="art", output="new-layers", candidates=2)
    return {"status": status, "error": error, "same": result == image, "names": [x.get_name() for x in image.get_layers()],
            "offsets": [list(x.get_offsets()[-2:]) for x in image.get_layers()[1].get_children()]}  # fmt: skip


def exported():
    image, layer = picture(16, 16, 4)
    export(image, "hero.png")
    image.delete()
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(OUT + "/hero.png"))
    image.set_file(Gio.File.new_for_path(OUT + "/hero.xcf"))
    status, error, result = call(image, image.get_layers(), scale=4, seed=7)
    export(result, "hero-gimp.png")
    names = [result.get_file().get_basename(), result.get_name()]
    with open(OUT + "/hero-x4.xcf", "w"):
        names.append(call(image, image.get_layers(), scale=4)[2].get_name())
    os.unlink(OUT + "/hero-x4.xcf")
    return {
        "status": status,
        "error": error,
        "name": result.get_layers()[0].get_name(),
        "names": names,
        "dirty": result.is_dirty(),
    }


run_cases(
    [registered, undo_of_profile_is_clean, rgba, rgb, grey, grey_alpha, rgba_16, rgba_16_linear, rgb_float_linear,
     rgba_8_linear, rgba_half, profile, indexed_free, indexed_keep, indexed_new_colours_refused, filters, soft_proof, mask,
     mask_stays_when_replaced, group, several, candidates, replace, text_layer, layers_of_gimp_3_2, frames, wrong_arguments, layers_in_place,
     exported], "kinds.py")  # fmt: skip
