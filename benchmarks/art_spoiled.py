"""
How much closer to the truth answers come for pictures that a game degraded: palettes, dithering, BC blocks, JPEG, blur.

    python -m benchmarks.art_spoiled --eval EVAL [--out benchmarks/results] [--weights art-small]

The middle of each truth of EVAL, 64 to 128 pixels a side, is reduced by area and spoiled as in training
(training.art_data.spoiling; the pictures are not those of training), then enlarged x4. PSNR in dB over a middle grey.
Whatever is wrong with the means of the input stays wrong, because the answer must scale back to it: noise of the size
of a pixel, as dithering leaves it, can only be spread, not removed, unless it may be removed first (--dither remove:
the third column; its answers scale back to the undithered picture). Writes art_spoiled.json and .md.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from benchmarks.art_quality import KINDS, enlarged, options_for
from PIL import Image
from training.art_data.spoiling import KINDS as SPOILINGS
from training.art_data.spoiling import spoiled_small

from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler

SETTINGS = Request(scale=4, domain="art", degradation="area")


def middles(folder: Path, least: int = 64, most: int = 128) -> list[np.ndarray]:
    """[S, S, 4] uint8 straight RGBA: the middle of each picture that is large enough, S a multiple of 8."""
    crops = []
    for path in sorted(folder.glob("*.png")):
        pixels = np.asarray(Image.open(path).convert("RGBA"))
        side = min(*pixels.shape[:2], most) // 8 * 8
        if side >= least:
            top, left = ((n - side) // 2 for n in pixels.shape[:2])
            crops.append(np.ascontiguousarray(pixels[top : top + side, left : left + side]))
    return crops


def psnr(answer: np.ndarray, truth: np.ndarray) -> float:
    """Of straight RGBA uint8 over a middle grey, in dB."""

    def over_grey(pixels: np.ndarray) -> np.ndarray:
        alpha = pixels[..., 3:] / 255
        return np.asarray(pixels[..., :3] * alpha + 127.5 * (1 - alpha))

    error = np.square(over_grey(answer) - over_grey(truth)).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-6)))


def main() -> None:
    arguments = options_for(__doc__).parse_args()
    torch.set_num_threads(1)
    engine = Upsampler("cpu", {"art": arguments.weights})
    truths = [crop for kind in KINDS for crop in middles(arguments.eval / "evalset" / kind / "hr")]
    prior = engine.shelf.art().spec
    subject = f"{prior.name} {prior.digest}"
    caption = f"{subject}, x4, {len(truths)} pictures, PSNR in dB."
    lines = [
        "# Pictures spoiled before",
        "",
        caption,
        "",
        "| spoiled by | bicubic | depixel | dither removed |",
        "|---|---|---|---|",
    ]
    rows = []
    for kind in SPOILINGS:
        dice = random.Random(1)
        smalls = [spoiled_small(truth, dice, kind) for truth in truths]
        answers = [engine.upsample(Picture((small,)), SETTINGS).picture.rgba(0) for small in smalls]
        bicubics = [np.asarray(enlarged(Image.fromarray(small))) for small in smalls]
        without = replace(SETTINGS, dither="remove")
        removed = [engine.upsample(Picture((small,)), without).picture.rgba(0) for small in smalls]
        plain, ours, clean = (
            float(np.mean(list(map(psnr, pictures, truths)))) for pictures in (bicubics, answers, removed)
        )
        rows.append({"spoiled by": kind, "bicubic": plain, "depixel": ours, "dither removed": clean})
        lines.append(f"| {kind} | {plain:.2f} | {ours:.2f} | {clean:.2f} |")
    arguments.out.mkdir(parents=True, exist_ok=True)
    document = {"weights": subject, "pictures": len(truths), "rows": rows}
    (arguments.out / "art_spoiled.json").write_text(json.dumps(document, indent=1) + "\n")
    (arguments.out / "art_spoiled.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
