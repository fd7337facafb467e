"""
Kopf and Lischinski's vectors (SIGGRAPH 2011) x4 over a folder of PNG files, for benchmarks/art_pixels.py.

    python kopf_lischinski_worker.py IN OUT

Runs in a separate environment with the depixelizer package (0.0.2), numpy, Pillow and OpenCV, and imports nothing from
Depixel. The package does not support alpha: transparent pixels get a reserved colour, whose shapes are omitted. It
fails on some pictures; those are missing in OUT, and named.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from depixelizer.depixelize.pixel_data import PixelData
from depixelizer.io import read_png
from PIL import Image

Point = tuple[float, float]

GROUND = (1, 254, 3)  # colour of transparency
SCALE, FINE = 4, 8  # of the answer, and how much finer it is drawn before reduction


def curve(start: Point, middle: Point, end: Point) -> np.ndarray:
    """Six points of a quadratic Bezier curve: [6, 2]."""
    t = np.linspace(0, 1, 6)[:, None]
    a, b, c = (np.asarray(p, float) for p in (start, middle, end))
    points: np.ndarray = (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c
    return points


def drawn(pixels: np.ndarray) -> np.ndarray:
    """[h, w, 4] => [4h, 4w, 4]."""
    seen = pixels[..., 3:] > 127
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "p.png")
        Image.fromarray(np.where(seen, pixels[..., :3], GROUND).astype(np.uint8)).save(path)
        data = PixelData(read_png(str(path)))
        data.depixelize()
    height, width = (side * SCALE * FINE for side in pixels.shape[:2])
    canvas = np.zeros((height, width, 4), np.float32)
    for shape in data.shapes:
        rings = []
        for spline in shape.smooth_splines:
            points = np.concatenate([curve(*c) for c in spline.Quadratic_Bezier_Fit()])
            rings.append(np.rint(points * SCALE * FINE).astype(np.int32))
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, rings, 1)
        colour = tuple(shape.value)[:3]
        canvas[mask > 0] = (0, 0, 0, 0) if colour == GROUND else (*colour, 255)
    reduced = canvas.reshape(height // FINE, FINE, width // FINE, FINE, 4).mean((1, 3))
    alpha = canvas[..., 3:].reshape(height // FINE, FINE, width // FINE, FINE, 1).mean((1, 3))
    colour = reduced[..., :3] / np.maximum(alpha / 255, 1e-6)
    answer: np.ndarray = np.rint(np.concatenate([colour, alpha], -1)).clip(0, 255).astype(np.uint8)
    return answer


def main() -> None:
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.png")):
        try:
            answer = drawn(np.asarray(Image.open(path).convert("RGBA")))
        except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
            sys.stderr.write(f"{path.name}: {type(error).__name__}: {error}\n")
            continue
        Image.fromarray(answer).save(target / path.name)


if __name__ == "__main__":
    main()
