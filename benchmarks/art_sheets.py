"""
Contact sheets for judging by eye: 24 pictures on black, white and magenta.

    python -m benchmarks.art_sheets --eval EVAL [--out benchmarks/results] [--weights art-small]

Columns: input, calm, best, three versions (sharp, painted, hard; for textures stone, wood, imagination 0.6), two other
upscalers (spanglue, realesrgan-x4plus-anime) and the truth.
Rows: twelve tiny sprites (8 to 24 pixels), four larger ones, four emoji, four textures. All at x4; EVAL as in
`benchmarks.art_quality`. Writes art_sheet_black.png, art_sheet_white.png and art_sheet_magenta.png.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from benchmarks.art_quality import options_for, read, settings_for
from PIL import Image

from depixel.upsampler import Upsampler

SIDE = 112
PEERS = (("spanglue-ch48",), ("realesrgan-x4plus-anime+pad", "waifu2x-anime"))  # the first that has the picture
GROUNDS = {"black": (0, 0, 0), "white": (255, 255, 255), "magenta": (255, 0, 255)}
TINY = (8, 24)


def evenly(paths: list[Path], count: int) -> list[Path]:
    return paths[:: max(1, len(paths) // count)][:count]


def chosen(evalset: Path) -> list[tuple[str, Path]]:
    """(kind, small picture) of the 24 rows."""
    sprites = sorted((evalset / "sprites" / "lr4").glob("*.png"))
    tiny = [path for path in sprites if TINY[0] <= max(Image.open(path).size) <= TINY[1]]
    rows = [("sprites", path) for path in evenly(tiny, 12)]
    rows += [("sprites", path) for path in evenly([path for path in sprites if path not in tiny], 4)]
    for kind in ("emoji", "textures"):
        rows += [(kind, path) for path in evenly(sorted((evalset / kind / "lr4").glob("*.png")), 4)]
    return rows


def cells(engine: Upsampler, root: Path, kind: str, path: Path) -> list[np.ndarray | None]:
    """[H, W, 4] pictures of one row; None where another upscaler has no answer."""
    picture, settings = read(path), settings_for(kind, "area")
    soft = [{"reading": name} for name in ("sharp", "painted", "hard")]
    rough = [{"reading": "stone"}, {"reading": "wood"}, {"imagination": 0.6}]
    versions = rough if kind == "textures" else soft
    requests = [
        settings,
        replace(settings, quality="best"),
        *(replace(settings, **version) for version in versions),  # type: ignore[arg-type]  # names and values differ
    ]
    answers = [engine.upsample(picture, request).picture.rgba(0) for request in requests]
    small = picture.rgba(0).repeat(4, 0).repeat(4, 1)
    peers: list[np.ndarray | None] = []
    for names in PEERS:
        files = [root / "peers" / name / kind / path.name for name in names]
        there = [file for file in files if file.exists()]
        peers.append(read(there[0]).rgba(0) if there else None)
    return [small, *answers, *peers, read(root / "evalset" / kind / "hr" / path.name).rgba(0)]


def tile(pixels: np.ndarray, ground: tuple[int, int, int]) -> Image.Image:
    """The middle of a picture, enlarged by a whole factor if it is small."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    grow = max(1, SIDE // max(image.size))
    image = image.resize((image.width * grow, image.height * grow), Image.Resampling.NEAREST)
    left, top = (max(0, (length - SIDE) // 2) for length in image.size)
    image = image.crop((left, top, min(left + SIDE, image.width), min(top + SIDE, image.height)))
    out = Image.new("RGB", (SIDE, SIDE), ground)
    out.paste(image, ((SIDE - image.width) // 2, (SIDE - image.height) // 2), image)
    return out


def main() -> None:
    arguments = options_for(__doc__).parse_args()
    torch.set_num_threads(1)
    engine = Upsampler("cpu", {} if arguments.weights == "art-small" else {"art": arguments.weights})
    rows = [cells(engine, arguments.eval, kind, path) for kind, path in chosen(arguments.eval / "evalset")]
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, ground in GROUNDS.items():
        canvas = Image.new("RGB", (len(rows[0]) * (SIDE + 2), len(rows) * (SIDE + 2)), (128, 128, 128))
        for y, row in enumerate(rows):
            for x, pixels in enumerate(row):
                if pixels is not None:
                    canvas.paste(tile(pixels, ground), (x * (SIDE + 2), y * (SIDE + 2)))
        path = arguments.out / f"art_sheet_{name}.png"
        canvas.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
