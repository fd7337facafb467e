"""
Quality at x4 on a second set: pictures from two free games that were never used for training or for choosing settings.

    apt-get download pingus-data neverball-data && for f in *.deb; do dpkg-deb -x $f set; done
    python -m benchmarks.art_heldback --set set [--out benchmarks/results] [--count 24]

Truths are the middle 128 pixels of PNG pictures of at least 64 pixels, sorted by path and evenly selected: sprites
(with transparency) and textures (opaque, not flat). They are reduced by area. PSNR of luma over mid grey, and the same
measures as benchmarks.art_spectrum. Writes art_heldback.json and .md.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from benchmarks.art_quality import settings_for
from benchmarks.art_spectrum import luma, measured, tables
from PIL import Image

from depixel.degradation import AreaDegradation
from depixel.picture import Picture
from depixel.upsampler import Upsampler

SIDE, LEAST, FLATTEST = 128, 64, 6.0
KINDS = ("sprites", "textures")


def truths(folder: Path, kind: str, count: int) -> list[np.ndarray]:
    """[H, W, 4] uint8, sides multiples of 4."""
    pictures = []
    for path in sorted(folder.rglob("*.png")):
        pixels = np.asarray(Image.open(path).convert("RGBA"))
        if min(pixels.shape[:2]) < LEAST:
            continue
        top, left = (max(0, (side - SIDE) // 2) for side in pixels.shape[:2])
        cut = pixels[top : top + SIDE, left : left + SIDE]
        cut = cut[: cut.shape[0] // 4 * 4, : cut.shape[1] // 4 * 4]
        clear = float((cut[..., 3] < 255).mean())
        fits = 0.1 < clear < 0.9 if kind == "sprites" else clear == 0
        if fits and cut[..., :3].std() > FLATTEST:
            pictures.append(cut.copy())
    return pictures[:: max(1, len(pictures) // count)][:count]


def reduced(truth: np.ndarray) -> np.ndarray:
    """By area, premultiplied, to a quarter; [h, w, 4] uint8."""
    large = torch.from_numpy(truth).permute(2, 0, 1)[None].double() / 255
    large[:, :3] *= large[:, 3:]
    small = AreaDegradation(4).apply(large)
    small[:, :3] /= small[:, 3:].clamp_min(1e-9)
    pixels: np.ndarray = (small.clamp(0, 1) * 255).round()[0].permute(1, 2, 0).numpy().astype(np.uint8)
    return pixels


def psnr(truth: Path, answer: Path) -> float:
    """Of luma over mid grey, ignoring four pixels at the border."""
    difference = (luma(truth) - luma(answer))[4:-4, 4:-4]
    return float(10 * np.log10(255**2 / max(float((difference**2).mean()), 1e-6)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", type=Path, required=True, help="folder of unpacked packages")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--count", type=int, default=24, help="pictures of each kind")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    engine = Upsampler("cpu")
    rows = []
    for kind in KINDS:
        calm = settings_for(kind, "area")
        subjects = {
            "calm": calm,
            "best": replace(calm, quality="best"),
            "imagination 0.6": replace(calm, imagination=0.6),
        }
        with TemporaryDirectory() as temporary:
            folders = {name: Path(temporary) / name for name in ("truth", "bicubic", *subjects)}
            for folder in folders.values():
                folder.mkdir()
            for number, truth in enumerate(truths(arguments.set, kind, arguments.count)):
                name = f"{number:03}.png"
                Image.fromarray(truth).save(folders["truth"] / name)
                small = reduced(truth)
                Image.fromarray(small).resize(truth.shape[1::-1], Image.Resampling.BICUBIC).save(
                    folders["bicubic"] / name
                )
                for subject, request in subjects.items():
                    answer = engine.upsample(Picture((small,), mode="RGBA", name=name), request).picture
                    Image.fromarray(answer.rgba(0)).save(folders[subject] / name)
            paths = sorted(folders["truth"].glob("*.png"))
            for subject in ("bicubic", *subjects):
                quality = float(np.mean([psnr(path, folders[subject] / path.name) for path in paths]))
                rows.append({"name": subject, "kind": kind, "psnr": quality, **measured(folders[subject], paths)})
                print(rows[-1], flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "art_heldback.json").write_text(json.dumps(rows, indent=1) + "\n")
    lines = ["# Art: a set that was held back", "", "x4 from area inputs; columns as in art_spectrum.md."]
    columns = {
        "PSNR-Y dB": ("psnr", ".2f"),
        "FLIP": ("flip", ".4f"),
        "octave": ("octave", ".2f"),
        "flat": ("flat", ".2f"),
    }
    lines += tables(rows, columns)
    (arguments.out / "art_heldback.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
