# Imagine a face, anonymise a face.
exec(open(__import__("os").environ["INSIDE"] + "/support.py").read())


def face(side):
    """A drawn face: skin, hair, eyes, mouth."""
    out = bytearray()
    for y in range(side):
        for x in range(side):
            u, v = (x + 0.5) / side, (y + 0.5) / side
            colour = (60, 90, 120)
            if (u - 0.5) ** 2 / 0.1 + (v - 0.52) ** 2 / 0.16 < 1:
                colour = (225, 180, 150)
            if v < 0.28 and (u - 0.5) ** 2 / 0.11 + (v - 0.45) ** 2 / 0.16 < 1:
                colour = (70, 40, 20)
            if abs(v - 0.45) < 0.04 and (abs(u - 0.37) < 0.06 or abs(u - 0.63) < 0.06):
                colour = (30, 30, 40)
            if abs(v - 0.7) < 0.03 and abs(u - 0.5) < 0.12:
                colour = (180, 70, 70)
            out += bytes(colour)
    return bytes(out)


def imagine():
    image, layer = picture(16, 16, 3, data=face(16))
    status, error, result = call(image, [layer], "imagine-face", scale=8, candidates=2, steps=3, seed=4)
    if result is None:
        return {"status": status, "error": error}
    outer = result.get_layers()[0]
    return {"status": status, "error": error, "before": dump(layer, 3), "group": outer.get_name(),
            "comment": bytes(result.get_parasite("gimp-comment").get_data()).decode(),
            "answers": [dump(child, 3) for child in outer.get_children()]}  # fmt: skip


def imagine_in_a_selection():
    data = bytearray(bytes((40, 120, 60)) * 32 * 24)
    small = face(16)
    for y in range(16):
        at = ((y + 4) * 32 + 8) * 3
        data[at : at + 48] = small[y * 48 : (y + 1) * 48]
    image, layer = picture(32, 24, 3, data=bytes(data))
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 8, 4, 16, 16)
    status, error, result = call(image, [layer], "imagine-face", scale=4, candidates=1, steps=3)
    return {"status": status, "error": error, "before": dump(layer, 3),
            "answers": [dump(result.get_layers()[0], 3)] if result else []}  # fmt: skip


def anonymise():
    image, layer = picture(96, 80, 3, data=b"".join(bytes((x * 2, y * 3, 90)) for y in range(80) for x in range(96)))
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 20, 10, 48, 48)
    before = dump(layer, 3)
    status, error, result = call(image, [layer], "anonymise-face", kept=12, candidates=2, steps=3)
    outer = image.get_layers()[0]
    return {"status": status, "error": error, "before": before, "same": result == image, "group": outer.get_name(),
            "answers": [dump(child, 3) for child in outer.get_children()] if outer.is_group() else []}  # fmt: skip


def anonymise_an_ellipse(output):
    """Only the selected part gets another face."""
    image, layer = picture(96, 80, 3, data=b"".join(bytes((x * 2, y * 3, 90)) for y in range(80) for x in range(96)))
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 20, 10, 48, 48)
    shape = image.get_selection().get_buffer().get(area(layer), 1.0, "Y u8", Gegl.AbyssPolicy.NONE)
    before = dump(layer, 3)
    status, error, result = call(
        image, [layer], "anonymise-face", kept=12, steps=3, seed=1, candidates=1, output=output
    )
    top = image.get_layers()[0]
    mask = top.get_mask()
    facts = {"status": status, "error": error, "before": before, "shape": bytes(shape).hex(), "answer": dump(top, 3)}
    if mask is not None:
        facts["mask"] = bytes(mask.get_buffer().get(area(mask), 1.0, "Y u8", Gegl.AbyssPolicy.NONE)).hex()
    return facts


def anonymise_an_ellipse_new_layers():
    return anonymise_an_ellipse("new-layers")


def anonymise_an_ellipse_replace():
    return anonymise_an_ellipse("replace")


def imagine_and_replace():
    """The selection is the face's box; the whole picture is replaced, and the selection remains afterwards."""
    image, layer = picture(16, 16, 3, data=face(16))
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 1, 1, 14, 14)
    before = dump(layer, 3)
    status, error, _ = call(image, [layer], "imagine-face", scale=4, candidates=1, steps=3, output="replace")
    return {"status": status, "error": error, "before": before, "answer": dump(layer, 3),
            "selected": list(Gimp.Selection.bounds(image)[-4:]), "channels": len(image.get_channels())}  # fmt: skip


def imagine_in_grey_16():
    data = face(16)
    grey = b"".join((data[at] * 257).to_bytes(2, "little") for at in range(0, len(data), 3))
    image, layer = picture(16, 16, 1, PRECISION.U16_NON_LINEAR, 16, data=grey)
    status, error, result = call(image, [layer], "imagine-face", scale=4, candidates=1, steps=3)
    return {"status": status, "error": error, "before": dump(layer, 1, 16),
            "answer": dump(result.get_layers()[0], 1, 16) if result else None}  # fmt: skip


def anonymise_to_a_new_image():
    image, layer = picture(48, 48, 3, data=face(48))
    before = dump(layer, 3)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 4, 4, 40, 40)
    status, error, result = call(image, [layer], "anonymise-face", kept=8, steps=3, candidates=1, output="new-image")
    return {"status": status, "error": error, "before": before, "answer": dump(result.get_layers()[0], 3) if result else None,
            "another": result != image}  # fmt: skip


def indexed():
    image, layer = picture(16, 16, 3, data=face(16))
    image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 256, False, False, "")
    before = dump(layer, 3)
    refused = call(image, [layer], "anonymise-face", steps=3)[:2]
    status, error, result = call(image, [layer], "imagine-face", scale=4, candidates=1, steps=3)
    return {"refused": list(refused), "status": status, "error": error, "before": before,
            "answer": dump(result.get_layers()[0], 3) if result else None,
            "base": result.get_base_type().value_nick if result else ""}  # fmt: skip


run_cases(
    [
        imagine,
        imagine_and_replace,
        imagine_in_grey_16,
        anonymise_to_a_new_image,
        indexed,
        imagine_in_a_selection,
        anonymise,
        anonymise_an_ellipse_new_layers,
        anonymise_an_ellipse_replace,
    ],
    "faces.py",
)
