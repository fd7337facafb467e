"""
Tiny figures before and after a training, side by side.

    python -m benchmarks.art_tiny --eval EVAL --before OLD.safetensors [--weights art-medium] [--out benchmarks/results]

Figures of 8 to 26 pixels: the evaluation set's small sprites, and its portraits reduced to 16 pixels. x4 from area
inputs, 8 turns. PSNR of luma over mid grey. Columns: input, before, after, truth, on black, white and magenta in
turn. Writes art_tiny.png and art_tiny.md.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from benchmarks.art_heldback import psnr, reduced
from benchmarks.art_quality import options_for, settings_for
from benchmarks.art_sheets import GROUNDS, SIDE, tile
from PIL import Image

from depixel.picture import Picture
from depixel.upsampler import Upsampler

LARGEST = 104  # pixels of a truth: 26 of its input
PORTRAIT = 64  # pixels of a portrait's truth


def truths(folder: Path) -> dict[str, np.ndarray]:
    """Name => [H, W, 4] uint8, sides multiples of 4."""
    figures = {}
    for path in sorted(folder.glob("*.png")):
        image = Image.open(path).convert("RGBA")
        if "portrait" in path.name:
            image = image.convert("RGBa").reduce(max(image.size) // PORTRAIT).convert("RGBA")
        if max(image.size) <= LARGEST:
            pixels = np.array(image)
            figures[path.stem] = pixels[: pixels.shape[0] // 4 * 4, : pixels.shape[1] // 4 * 4]
    return figures


def main() -> None:
    parser = options_for(__doc__)
    parser.add_argument("--before", required=True, help="weights of the previous release")
    parser.set_defaults(weights="art-medium")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    figures = truths(arguments.eval / "evalset" / "sprites" / "hr")
    settings = replace(settings_for("sprites", "area"), ensemble=8)
    engines = [Upsampler("cpu", {"art": name}) for name in (arguments.before, arguments.weights)]
    canvas = Image.new("RGB", (8 * (SIDE + 2), -(-len(figures) // 2) * (SIDE + 2)), (128, 128, 128))
    lines = ["# Art: tiny figures before and after", "", "PSNR-Y in dB, x4 from area inputs, 8 turns.", ""]
    lines += ["| figure | pixels | before | after |", "|---|---|---|---|"]
    gains = []
    with TemporaryDirectory() as temporary:
        for number, (name, truth) in enumerate(figures.items()):
            small = reduced(truth)
            picture = Picture((small,), mode="RGBA", name=f"{name}.png")
            answers = [engine.upsample(picture, settings).picture.rgba(0) for engine in engines]
            files = [Path(temporary) / f"{part}.png" for part in ("truth", "before", "after")]
            for file, pixels in zip(files, (truth, *answers), strict=True):
                Image.fromarray(np.ascontiguousarray(pixels)).save(file)
            before, after = (psnr(files[0], file) for file in files[1:])
            gains.append(after - before)
            lines.append(f"| {name} | {small.shape[1]}x{small.shape[0]} | {before:.2f} | {after:.2f} |")
            ground = list(GROUNDS.values())[number % len(GROUNDS)]
            left, top = number % 2 * 4 * (SIDE + 2), number // 2 * (SIDE + 2)
            for x, pixels in enumerate((small.repeat(4, 0).repeat(4, 1), *answers, truth)):
                canvas.paste(tile(pixels, ground), (left + x * (SIDE + 2), top))
    better = sum(gain > 0 for gain in gains)
    lines += ["", f"After is better in {better} of {len(gains)}, by {np.mean(gains):.2f} dB on average."]
    arguments.out.mkdir(parents=True, exist_ok=True)
    canvas.quantize(256, dither=Image.Dither.NONE).save(arguments.out / "art_tiny.png", optimize=True)
    (arguments.out / "art_tiny.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
