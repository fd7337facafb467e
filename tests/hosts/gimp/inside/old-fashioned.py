#!/usr/bin/env python3
"""A traditional gimpfu filter with every kind of parameter; it records its arguments."""

import json
import os

from gimpfu_compat import *  # noqa: F403


def old_fashioned(image, drawable, amount, share, name, tone, flip, way, kind, file, folder, spin):
    if name == "cancel":
        raise Cancelled()  # noqa: F405
    if name == "fail":
        raise RuntimeError("the paint ran out")
    colour = len(tuple(tone.get_rgba()))  # its default does not reach scripts: GIMP 3.0 passes black
    values = [image.get_width(), drawable.get_name(), amount, share, name, colour, flip, way, kind, file, folder, spin]
    with open(os.path.join(os.environ["OUT"], "old-fashioned-given.json"), "w") as out:
        json.dump(values, out)


register(  # noqa: F405
    "old_fashioned", "One sentence", "Help", "author", "copyright", "2026",
    "<Image>/Filters/Mine/Old-fashioned...", "*",
    [
        (PF_IMAGE, "image", "Image", None),  # noqa: F405
        (PF_DRAWABLE, "drawable", "Layer", None),  # noqa: F405
        (PF_SLIDER, "amount", "Amount", 50, (0, 100, 1)),  # noqa: F405
        (PF_FLOAT, "share", "Share", 0.5),  # noqa: F405
        (PF_STRING, "name", "Name", "nobody"),  # noqa: F405
        (PF_COLOR, "tone", "Tone", (10, 20, 30)),  # noqa: F405
        (PF_TOGGLE, "flip", "Flip", True),  # noqa: F405
        (PF_OPTION, "way", "Way", 1, ("one", "two", "three")),  # noqa: F405
        (PF_RADIO, "kind", "Kind", "a", (("First", "a"), ("Second", "b"))),  # noqa: F405
        (PF_FILE, "a_file", "File", ""),  # noqa: F405
        (PF_DIRNAME, "a_folder", "Folder", "/tmp"),  # noqa: F405
        (PF_SPINNER, "spin", "Spin", 0.25, (0, 1, 0.05)),  # noqa: F405
    ],
    [],
    old_fashioned,
)  # fmt: skip

main()  # noqa: F405
