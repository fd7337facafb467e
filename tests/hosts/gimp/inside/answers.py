# Answers: unsaved work, unique names, recipes, whole images, copies without the real face.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())


def run(name, image, layers, **values):
    """(status, error, result) of one of the commands without a dialog."""
    return call(image, layers, name, **values)


def unsaved_and_named():
    """Two answers to one file, neither of them saved."""
    image, layer = picture(W, H, 4)
    image.set_file(Gio.File.new_for_path(os.path.join(OUT, "twice.xcf")))
    results = [call(image, image.get_layers(), scale=2, domain="art", seed=seed)[2] for seed in (0, 1)]
    files = [one.get_file() for one in results]
    return {"dirty": [one.is_dirty() for one in results], "names": [os.path.basename(f.get_path()) for f in files]}


def again_and_more():
    """Each of three answers again, then others like the second; all stay."""
    facts = {}
    for domain in ("pixel-art", "art"):
        image, layer = picture(W, H, 4)
        result = call(image, [layer], scale=3, domain=domain, candidates=3, imagination=0.0)[2]
        group = result.get_layers()[0]
        first = [dump(one, 4) for one in group.get_children()]
        image.delete()  # the recipe holds the source
        remade = []
        for one in list(group.get_children()):
            status, error, _ = run("same-again", result, [one])
            remade.append([status, error, dump(result.get_selected_layers()[0], 4)])
        before = len(group.get_children())
        chosen = group.get_children()[0]
        status, error, _ = run("more-like-this", result, [chosen])
        facts[domain] = {"first": first, "remade": remade, "more": [status, error],
                         "added": len(group.get_children()) - before, "undo": result.is_dirty()}  # fmt: skip
    return facts


def face_again_and_larger():
    image, layer = picture(16, 16, 3)
    result = call(image, [layer], "imagine-face", scale=4, candidates=2, steps=2)[2]
    children = result.get_layers()[0].get_children()
    first = dump(children[1], 3)
    run("same-again", result, [children[1]])
    again = dump(result.get_selected_layers()[0], 3)
    status, error, big = run("same-larger", result, [children[1]], side=128)
    odd = run("same-larger", result, [children[1]], side=100)[2]
    refused = run("same-larger", result, [children[1]], side=8)[:2]
    return {"first": first, "again": again, "status": status, "error": error, "refused": refused, "odd": odd.get_width(),
            "size": [big.get_width(), big.get_height()], "name": big.get_layers()[0].get_name(), "dirty": big.is_dirty()}  # fmt: skip


def anonymised_again_and_flat():
    image, layer = picture(48, 48, 3, name="group photo")
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 4, 4, 40, 40)
    status, error, _ = call(image, [layer], "anonymise-face", steps=1, candidates=1)
    answer = image.get_selected_layers()[0]
    parasite = bytes(answer.get_parasite("depixel-recipe").get_data()).decode()
    first = dump(answer, 3)
    Gimp.Selection.none(image)
    again = run("same-again", image, [answer])
    remade = dump(image.get_selected_layers()[0], 3)
    flat = run("flattened-copy", image, [answer])[2]
    only = flat.get_layers()
    image2, layer2 = picture(48, 48, 3)
    direct = call(image2, [layer2], "anonymise-face", steps=1, candidates=1, output="flat-image")
    return {"status": status, "error": error, "holds_source": "samples" in parasite, "first": first, "remade": remade,
            "again": again[:2], "flat": [len(only), only[0].get_parasite("depixel-recipe") is None, flat.is_dirty()],
            "direct": [direct[0], direct[1], len(direct[2].get_layers()) if direct[2] else 0]}  # fmt: skip


def recipe_survives_saving():
    image, layer = picture(W, H, 4)
    result = call(image, [layer], scale=2, domain="art", seed=5)[2]
    before = dump(result.get_layers()[0], 4)
    file = Gio.File.new_for_path(os.path.join(OUT, "kept.xcf"))
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, result, file, None)
    loaded = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
    status, error, _ = run("same-again", loaded, loaded.get_layers())
    return {"status": status, "error": error, "before": before, "again": dump(loaded.get_selected_layers()[0], 4)}


def painted_and_exact():
    """An answer that was painted on, made exact again in one step; a selection has no effect."""
    image, layer = picture(W, H, 3)
    result = call(image, [layer], scale=3, domain="art", degradation="area")[2]
    answer = result.get_layers()[0]
    data = bytearray(pixels(answer, 3))
    for y in range(6, 12):
        data[(y * W * 3 + 9) * 3 : (y * W * 3 + 15) * 3] = bytes((255, 0, 200)) * 6
    write(answer, bytes(data), 3)
    result.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 4, 4)
    status, error, same = run("make-exact", result, [answer])
    refused = run("make-exact", image, [layer])[:2]
    return {"status": status, "error": error, "given": dump(layer, 3), "painted": bytes(data).hex(), "now": dump(answer, 3),
            "same": same == result, "layers": len(result.get_layers()), "refused": refused,
            "selected": list(Gimp.Selection.bounds(result)[-4:])}  # fmt: skip


def sized_document():
    """Two layers at 150%: every layer in register at the requested size."""
    image = Gimp.Image.new(20, 16, BASE.RGB)
    for at, name in ((0, "below"), (4, "above")):
        layer = add(image, W, H, 4, name)
        write(layer, samples(W, H, 4, shift=at), 4)
        layer.set_offsets(at, at)
    status, error, copy = call(image, image.get_layers()[:1], size="150%", domain="art", output="document")
    several = call(image, image.get_layers(), size="150%", domain="art")
    larger = image.duplicate()
    grown = call(larger, larger.get_layers()[:1], size="30 px", domain="art", output="larger-image")
    clean = call(image, image.get_layers()[:1], size="100%", domain="art", dither="remove")
    kept = call(image, image.get_layers()[:1], size="150%", domain="art", palette="keep")[:2]
    return {"status": status, "error": error, "kept": kept,
            "names": [x.get_name() for x in (*several[2].get_layers(), *larger.get_layers())],
            "comment": bytes(several[2].get_parasite("gimp-comment").get_data()).decode(),
            "again": same_reduced(several[2]),
            "document": [copy.get_width(), copy.get_height(), [list(x.get_offsets()[-2:]) for x in copy.get_layers()]],
            "several": [several[1], several[2].get_width(), several[2].get_height()],
            "larger": [grown[1], larger.get_width(), larger.get_height()],
            "clean": [clean[1], clean[2].get_width(), clean[2].get_height()]}  # fmt: skip


def same_reduced(image):
    """Whether "Same answer again" reproduces a reduced answer: [error, name, is a new layer, has equal pixels]."""
    answer = image.get_layers()[0]
    status, error, _ = run("same-again", image, [answer])
    again = image.get_layers()[0]
    return [error, again.get_name(), again != answer, dump(again, 4)["data"] == dump(answer, 4)["data"]]


def locked_alpha():
    image, layer = picture(W, H, 4)
    layer.set_lock_alpha(True)
    image.clean_all()
    return [*call(image, [layer], scale=2, domain="art", output="replace")[:2], image.is_dirty(), image.get_width()]


def no_recipe():
    image, layer = picture(W, H, 4)
    other = add(image, W, H, 4, "other")
    return [run("same-again", image, [layer])[:2], run("more-like-this", image, [layer, other])[:2]]


def larger_image():
    image, layer = picture(W, H, 4)
    status, error, _ = call(image, [layer], scale=3, domain="art", output="larger-image")
    return {"status": status, "error": error, "size": [image.get_width(), image.get_height()],
            "seen": [[x.get_name(), x.get_visible(), x.get_width()] for x in image.get_layers()]}  # fmt: skip


def partial_documents():
    """Copies of the visible layers, and of the selected ones: without the others, also in the undo history."""
    image = Gimp.Image.new(20, 16, BASE.RGB)
    outer = Gimp.GroupLayer.new(image, "outer")
    image.insert_layer(outer, None, 0)
    for name, parent, visible in (
        ("seen", outer, True),
        ("unseen", outer, False),
        ("below", None, True),
        ("off", None, False),
    ):
        layer = add(image, W, H, 4, name, parent)
        write(layer, samples(W, H, 4, shift=len(name)), 4)
        layer.set_offsets(3, 4)
        layer.set_visible(visible)
    away = Gimp.GroupLayer.new(image, "away")
    image.insert_layer(away, None, 0)
    write(add(image, W, H, 4, "inside", away), samples(W, H, 4), 4)
    away.set_visible(False)
    named = {x.get_name(): x for x in all_layers(image.get_layers())}
    visible = call(image, [named["below"]], scale=2, domain="art", output="visible-document")
    chosen = call(image, [named["seen"], named["off"]], scale=2, domain="art", output="selected-document")
    group = call(image, [named["outer"]], scale=2, domain="art", output="selected-document")
    twice = call(image, [named["outer"], named["seen"]], scale=2, domain="art", output="selected-document")
    for layer in image.get_layers():
        layer.set_visible(False)
    none = call(image, [named["below"]], scale=2, domain="art", output="visible-document")[:2]
    names = [
        sorted(x.get_name() for x in all_layers(result_image[2].get_layers()))
        for result_image in (visible, chosen, group, twice)
    ]
    below = next(x for x in visible[2].get_layers() if x.get_name() == "below")
    return {"errors": [visible[1], chosen[1], group[1]], "names": names[:3], "none": none, "twice": names[3],
            "size": [visible[2].get_width(), visible[2].get_height()], "given": dump(named["below"], 4),
            "below": dump(below, 4), "left": len(all_layers(image.get_layers()))}  # fmt: skip


def all_layers(layers):
    return [x for layer in layers for x in ([layer] + (all_layers(layer.get_children()) if layer.is_group() else []))]


def document():
    """Groups in groups, a mask, offsets, modes, locks, a hidden layer, a guide and a path."""
    image = Gimp.Image.new(20, 16, BASE.RGB)
    outer = Gimp.GroupLayer.new(image, "outer")
    image.insert_layer(outer, None, 0)
    inner = Gimp.GroupLayer.new(image, "inner")
    image.insert_layer(inner, outer, 0)
    deep = add(image, W, H, 4, "deep", inner)
    write(deep, samples(W, H, 4), 4)
    deep.set_offsets(3, 4)
    deep.set_mode(Gimp.LayerMode.MULTIPLY)
    deep.set_opacity(60.0)
    deep.set_lock_alpha(True)
    mask = deep.create_mask(Gimp.AddMaskType.WHITE)
    deep.add_mask(mask)
    mask.get_buffer().set(area(mask), "Y u8", bytes(255 if x > 3 else 40 for y in range(H) for x in range(W)))
    hidden = add(image, 20, 16, 3, "hidden", None, 1)
    write(hidden, samples(20, 16, 3, shift=30), 3)
    hidden.set_visible(False)
    image.add_hguide(5)
    path = Gimp.Path.new(image, "outline")
    image.insert_path(path, None, 0)
    path.bezier_stroke_new_moveto(2, 3)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, 4, 4)
    image.clean_all()
    sources = {"deep": dump(deep, 4), "hidden": dump(hidden, 3)}
    status, error, copy = call(image, [hidden], scale=2, domain="art", output="document")
    refused = call(image, [hidden], scale=2, candidates=2, output="document")[:2]
    top = copy.get_layers()
    far = top[0].get_children()[0].get_children()[0]
    guide = copy.find_next_guide(0)
    stroke = copy.get_paths()[0].stroke_get_points(copy.get_paths()[0].get_strokes()[0])
    return {"status": status, "error": error, "refused": refused, "given": sources,
            "tree": [x.get_name() for x in (*top, top[0].get_children()[0], far)],
            "deep": dump(far, 4), "hidden": dump(top[1], 3), "mode": far.get_mode() == Gimp.LayerMode.MULTIPLY,
            "opacity": round(far.get_opacity(), 3), "lock": far.get_lock_alpha(),
            "mask": selected(far.get_mask()).hex(), "size": [copy.get_width(), copy.get_height()],
            "guide": copy.get_guide_position(guide), "point": list(stroke[-2])[:2] if isinstance(stroke, tuple) else str(stroke),
            "untouched": [image.is_dirty(), image.get_width(), dump(deep, 4) == sources["deep"]],
            "dirty": copy.is_dirty(), "images": len(Gimp.get_images())}  # fmt: skip


run_cases([painted_and_exact, sized_document, unsaved_and_named, again_and_more, face_again_and_larger, anonymised_again_and_flat, recipe_survives_saving,
           locked_alpha, no_recipe, larger_image, document, partial_documents], "answers.py")  # fmt: skip
