#!/usr/bin/env python3
"""
Makes the pictures in samples/ from free sources: small versions of art that was once larger, and one drawn here.

    scripts/make_samples.py --arcade DIR --twemoji DIR --supertuxkart DIR --faces DIR

DIR is the unpacked package: arcade (PyPI, 3.3.3), @twemoji/svg (npm, 15.0.0), supertuxkart-data (Debian), and a folder
of portrait renders. Licences are in samples/LICENSES.md. Needs resvg_py for the emoji.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
from PIL import Image

SAMPLES = Path(__file__).resolve().parent.parent / "samples"

_POTION = """
................
......oooo......
......obbo......
......obbo......
.....owwwwo.....
......owwo......
......owwo......
.....owwwwo.....
....owwwwwwo....
...owwwwwwwwo...
..orrrrrrrrrro..
..orprrrrrrrro..
..orprrrrrrdro..
...orrrrrrdro...
....oorrrroo....
......oooo......
"""  # 16 x 16, one letter a pixel
_COLOURS = {
    ".": (0, 0, 0, 0),
    "o": (38, 24, 46, 255),
    "b": (150, 98, 58, 255),
    "w": (201, 226, 235, 255),
    "r": (214, 48, 72, 255),
    "p": (255, 170, 178, 255),
    "d": (146, 22, 52, 255),
}


def reduce(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The mean of each block, with premultiplied alpha: what Depixel calls area."""
    pixels = np.asarray(image.convert("RGBA"), dtype=np.float64)
    width, height = size
    alpha = pixels[..., 3:] / 255
    stack = np.concatenate([pixels[..., :3] * alpha, alpha], axis=2)
    means = stack.reshape(height, pixels.shape[0] // height, width, pixels.shape[1] // width, 4).mean(axis=(1, 3))
    colour = means[..., :3] / np.maximum(means[..., 3:], 1e-9)
    out = np.concatenate([colour, means[..., 3:] * 255], axis=2).round().clip(0, 255).astype(np.uint8)
    out[out[..., 3] == 0] = 0
    return Image.fromarray(out)


def save(image: Image.Image, name: str, **options: Any) -> None:
    """Write samples/NAME."""
    path = SAMPLES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, optimize=True, **options)


def sprites(arcade: Path, twemoji: Path) -> None:
    """Soft sprites with alpha, and one indexed."""
    images = arcade / "arcade/resources/assets/images"
    bee, frog = Image.open(images / "enemies/bee.png"), Image.open(images / "enemies/frog.png")
    save(reduce(bee, (32, 32)), "sprites/bee.png")
    for code, name in (("1f409", "dragon"), ("1f9d9", "mage")):
        svg = (twemoji / f"package/{code}.svg").read_text("utf-8")
        drawn = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=256, height=256))))
        save(reduce(drawn, (32, 32)), f"sprites/{name}.png")
    save(indexed(reduce(frog, (32, 32))), "sprites/frog-indexed.png", transparency=0)


def indexed(image: Image.Image) -> Image.Image:
    """At most 16 colours and one transparent index, as old games have them."""
    pixels = np.asarray(image)
    flat = Image.fromarray(pixels[..., :3]).quantize(15, dither=Image.Dither.NONE)
    index = np.asarray(flat).astype(np.uint8) + 1
    index[pixels[..., 3] < 128] = 0
    out = Image.fromarray(index, "P")
    out.putpalette([255, 0, 255, *(flat.getpalette() or [])[: 15 * 3]])
    return out


def pixel_art() -> None:
    """Drawn pixel by pixel: never larger than it is."""
    rows = _POTION.split()
    pixels = np.array([[_COLOURS[letter] for letter in row] for row in rows], dtype=np.uint8)
    save(Image.fromarray(pixels), "pixel-art/potion.png")


def textures(supertuxkart: Path) -> None:
    """A wall that tiles in both directions."""
    wall = Image.open(supertuxkart / "usr/share/games/supertuxkart/data/textures/pyramidwall.jpg").convert("RGB")
    save(reduce(wall, (64, 64)).convert("RGB"), "textures/wall.png")


def faces(folder: Path) -> None:
    """Rendered portraits (no real persons) of 16x16 pixels, from the part that training never sees."""
    for number, name in (("008538", "portrait"), ("008543", "portrait-2")):
        portrait = Image.open(folder / f"{number}.jpg").convert("RGB")
        save(reduce(portrait, (16, 16)).convert("RGB"), f"faces/{name}.png")


def animations(arcade: Path) -> None:
    """A spinning coin, as a strip of six frames and as an animation."""
    images = arcade / "arcade/resources/assets/images/items"
    turn = [reduce(Image.open(images / f"gold_{k}.png"), (16, 16)) for k in (1, 2, 3, 4)]
    turn += [frame.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for frame in (turn[2], turn[1])]
    strip = Image.new("RGBA", (16 * len(turn), 16))
    for place, frame in enumerate(turn):
        strip.paste(frame, (16 * place, 0))
    save(strip, "animations/coin-strip.png")
    turn[0].save(SAMPLES / "animations/coin.png", save_all=True, append_images=turn[1:], duration=90, loop=0)


def main() -> None:
    """Make all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("arcade", "twemoji", "supertuxkart", "faces"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    args = parser.parse_args()
    sprites(args.arcade, args.twemoji)
    pixel_art()
    textures(args.supertuxkart)
    faces(args.faces)
    animations(args.arcade)


if __name__ == "__main__":
    main()
