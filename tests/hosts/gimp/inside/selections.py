# Selections of every shape, once through the plug-in.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())


def selection():
    image, layer = picture(W, H, 4)
    before = pixels(layer, 4)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 2, 1, 5, 4)
    status, error, result = call(image, [layer], scale=3, domain="art")
    cropped = b"".join(before[(y * W + 2) * 4 : (y * W + 7) * 4] for y in range(1, 5))
    return {"status": status, "error": error, "answer": dump(result.get_layers()[0], 4),
            "before": {"width": 5, "height": 4, "channels": 4, "depth": 8, "data": cropped.hex(), "name": "hero"},
            "still": list(Gimp.Selection.bounds(image)[-4:]), "dirty": image.is_dirty()}  # fmt: skip


def selection_new_layers():
    image, layer = picture(W, H, 4)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 2, 1, 5, 4)
    status, error, _ = call(image, [layer], scale=2, domain="art", output="new-layers")
    return {"status": status, "error": error, "layer": dump(image.get_layers()[0], 4)}


def selection_and_replace_refused():
    image, layer = picture(W, H, 4)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 2, 1, 5, 4)
    status, error, _ = call(image, [layer], output="replace")
    return {"status": status, "error": error, "size": [image.get_width(), image.get_height()]}


def selection_beside_the_layer_refused():
    image, layer = picture(W, H, 4)
    small = add(image, 2, 2, 4, "corner")
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 5, 4, 3, 3)
    status, error, _ = call(image, [small])
    return {"status": status, "error": error}


def cropped(data, left, top, width, height):
    rows = (data[(y * W + left) * 4 : (y * W + left + width) * 4] for y in range(top, top + height))
    return {"width": width, "height": height, "channels": 4, "depth": 8, "data": b"".join(rows).hex(), "name": "hero"}


def shaped(output, feather):
    """An elliptical, or a soft, selection."""
    image, layer = picture(W, H, 4)
    before = pixels(layer, 4)
    if feather:
        image.select_rectangle(Gimp.ChannelOps.REPLACE, 3, 2, 3, 3)
        Gimp.Selection.feather(image, 3.0)
    else:
        image.select_ellipse(Gimp.ChannelOps.REPLACE, 1, 1, 7, 5)
    left, top, right, bottom = Gimp.Selection.bounds(image)[-4:]
    shape = selected(image.get_selection())
    status, error, result = call(image, [layer], scale=4, domain="art", output=output, candidates=2)
    group = (result or image).get_layers()[0]
    answer = group.get_children()[0]
    return {"status": status, "error": error, "answer": dump(answer, 4), "masks": [x.get_mask() is not None for x in group.get_children()],
            "mask": {**dump(answer.get_mask(), 1), "data": selected(answer.get_mask()).hex()}, "still": list(Gimp.Selection.bounds(image)[-4:]),
            "bounds": [left, top, right, bottom], "before": cropped(before, left, top, right - left, bottom - top),
            "shape": b"".join(shape[y * W + left : y * W + right] for y in range(top, bottom)).hex()}  # fmt: skip


def ellipse_to_a_new_image():
    return shaped("new-image", False)


def ellipse_to_new_layers():
    return shaped("new-layers", False)


def soft_to_new_layers():
    return shaped("new-layers", True)


def ellipse_in_indexed():
    image, layer = indexed_image()
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 1, 1, 7, 5)
    status, error, _ = call(image, [layer], scale=3, domain="pixel-art", palette="keep", output="new-layers")
    top = image.get_layers()[0]
    return {
        "status": status,
        "error": error,
        "mask": top.get_mask() is not None,
        "colours": len(image.get_palette().get_colors()),
    }


def rectangle_needs_no_mask():
    image, layer = picture(W, H, 4)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 2, 1, 5, 4)
    status, error, _ = call(image, [layer], scale=2, domain="art", output="new-layers")
    return {"status": status, "error": error, "mask": image.get_layers()[0].get_mask() is not None}


def floating():
    image, layer = picture(W, H, 4)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 2, 1, 5, 4)
    Gimp.Selection.float(image, [layer], 0, 0)
    count = len(image.get_layers())
    status, error, _ = call(image, [layer], scale=2)
    return {"status": status, "error": error, "same": len(image.get_layers()) == count}


run_cases(
    [selection, selection_new_layers, selection_and_replace_refused, selection_beside_the_layer_refused,
     ellipse_to_a_new_image, ellipse_to_new_layers, soft_to_new_layers, ellipse_in_indexed, rectangle_needs_no_mask,
     floating], "selections.py")  # fmt: skip
