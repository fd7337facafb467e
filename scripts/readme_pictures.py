#!/usr/bin/env python3
"""
Makes docs/before-after.png, the strip of the README: samples enlarged by nearest neighbour above, Depixel's answers
below, at one size. Run it again when the weights change.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from depixel import Picture, Request, Upsampler
from depixel.files import read

ROOT = Path(__file__).resolve().parent.parent
CELL = 256  # pixels of one picture in the strip
GAP = 12
PAPER = (244, 243, 240)
CHOSEN = (
    ("sprites/dragon.png", Request(scale=8)),
    ("sprites/mage.png", Request(scale=8)),
    ("pixel-art/potion.png", Request(scale=16)),
    ("textures/wall.png", Request(scale=8)),
    ("faces/portrait.png", Request(scale=64, domain="faces")),
)
"""Sample and request. Of a large texture the strip shows a corner; a large face is reduced."""


def corner(picture: Picture, share: float) -> Picture:
    """The upper left part: of a texture, enough to see something."""
    rows, columns = int(picture.height * share), int(picture.width * share)
    return picture.replace(frames=(picture.frames[0][:rows, :columns],))


def on_paper(picture: Picture) -> Image.Image:
    """One cell: the picture over the paper's colour, enlarged by whole pixels."""
    pixels = picture.rgba(0)
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if max(image.size) > CELL:
        image = image.resize((CELL, CELL * image.height // image.width), Image.Resampling.BOX)
    times = max(1, CELL // max(image.size))
    image = image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    cell = Image.new("RGB", (CELL, CELL), PAPER)
    cell.paste(image, ((CELL - image.width) // 2, (CELL - image.height) // 2), image)
    return cell


def main() -> None:
    """Answer the chosen samples and put the strip together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs/before-after.png")
    args = parser.parse_args()
    upsampler = Upsampler("cpu")
    width = len(CHOSEN) * (CELL + GAP) + GAP
    strip = Image.new("RGB", (width, 2 * CELL + 3 * GAP), PAPER)
    for place, (name, settings) in enumerate(CHOSEN):
        source = read(ROOT / "samples" / name)
        answer = upsampler.upsample(source, settings).picture
        for row, picture in enumerate((source, answer)):
            whole = settings.domain == "faces"
            shown = picture if whole else corner(picture, min(1.0, CELL / answer.width))
            strip.paste(on_paper(shown), (GAP + place * (CELL + GAP), GAP + row * (CELL + GAP)))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    strip.save(args.out, optimize=True)


if __name__ == "__main__":
    main()
