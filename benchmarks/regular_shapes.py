"""
Regular shapes of known truth x4: frames, pipes, checkerboards, rings, dotted lines, shadows, slanted edges.

    python -m benchmarks.regular_shapes [--out benchmarks/results]

Each shape is drawn sixteen times as large as its small picture. The truth is this drawing reduced to four times the
small size; the upscaler's input is reduced further, by area (soft art) or at the centre of each pixel (pixel art). Two
inputs are no reductions: stairs with weakly blended pixels beside them, as drawn by hand, and an outline that is also
blurred over three pixels.
*error* is the mean difference from the truth on mid grey, in levels. *uneven* is how much the answer changes along the
direction in which the shape does not change (frames, pipes, slanted edges), in levels: 0 = as straight as the truth.
Writes regular_shapes.json, .md and .png (left to right: input, answer, truth; on magenta).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler

FINE = 16  # times the small grid, at which shapes are drawn
SCALE = 4
SIDE = 32  # small pixels

Samples = np.ndarray  # [H, W, 4] premultiplied in [0, 1]


@dataclass(frozen=True)
class Shape:
    """A drawing, and the direction in which it does not change."""

    fine: Samples
    small: Callable[[Samples], Samples]  # makes the upscaler's input of it
    along: tuple[float, float] | None = None  # (down, right) in small pixels: a shift that leaves the middle unchanged


def colour(red: int, green: int, blue: int, alpha: float = 1.0) -> Samples:
    return np.array([red / 255 * alpha, green / 255 * alpha, blue / 255 * alpha, alpha])


def over(below: Samples, mask: Samples, paint: Samples) -> Samples:
    """`paint` over `below` where the mask is 1."""
    cover = mask[..., None]
    return np.asarray(below * (1 - cover * paint[..., 3:]) + paint * cover)


def grid() -> tuple[Samples, Samples]:
    """(y, x) in small pixels of the centre of each fine pixel."""
    y, x = np.mgrid[: SIDE * FINE, : SIDE * FINE]
    return (y + 0.5) / FINE, (x + 0.5) / FINE


def blank() -> Samples:
    return np.zeros((SIDE * FINE, SIDE * FINE, 4))


def within(value: Samples, low: float, high: float) -> Samples:
    return ((value >= low) & (value < high)).astype(float)


def frame() -> Samples:
    """A panel of a user interface: dark outline, light and dark bevel, all along the grid."""
    y, x = grid()
    image = blank()
    for inset, paint in ((2, colour(30, 30, 40)), (3, colour(190, 190, 200)), (5, colour(110, 110, 125))):
        image = over(image, within(y, inset, SIDE - inset) * within(x, inset, SIDE - inset), paint)
    bottom = within(y, SIDE - 5, SIDE - 3) * within(x, 5, SIDE - 3)
    return over(image, bottom, colour(70, 70, 85))


def pipe(turned: bool) -> Samples:
    """A steel pipe from border to border: shaded across, constant along."""
    y, x = grid()
    across = x if turned else y
    light = np.clip(1 - np.abs(across - 13) / 9, 0, 1)
    body = within(across, 6, 26)[..., None] * np.ones((1, 1, 4))
    shade = (0.12 + 0.8 * light)[..., None] * np.array([0.75, 0.95, 1.0]) * body[..., :3]
    dark = np.ones_like(shade) * np.array([0.05, 0.06, 0.08])
    return np.concatenate([np.where(body[..., :3] > 0, shade, dark), np.ones_like(shade[..., :1])], 2)


def checks(period: tuple[int, int], ground: Samples, ink: Samples) -> Samples:
    """A mask of single pixels: (2, 2) = a checkerboard, (2, 4) = every second pixel of every second row."""
    y, x = (np.floor(v).astype(int) for v in grid())
    if period == (2, 2):
        dots = (x + y) % 2 == 0
    else:
        dots = (x % period[0] == 0) & (y % 2 == 0)
    return over(over(blank(), np.ones(dots.shape), ground), dots.astype(float), ink)


def ring() -> Samples:
    """A square ring one pixel wide of 60% black."""
    y, x = grid()
    outer = within(y, 5, 27) * within(x, 4, 28)
    inner = within(y, 6, 26) * within(x, 5, 27)
    return over(blank(), outer - inner, colour(0, 0, 0, 0.6))


def dotted() -> Samples:
    """Dots one pixel large, two apart, in a row and in a column."""
    y, x = (np.floor(v).astype(int) for v in grid())
    dots = ((y == 10) & (x % 3 == 0)) | ((x == 20) & (y % 3 == 0) & (y > 12))
    return over(over(blank(), np.ones(dots.shape), colour(200, 180, 140)), dots.astype(float), colour(60, 30, 30))


def shadowed() -> Samples:
    """A disc with a hard shadow of half black below it."""
    y, x = grid()
    shadow = ((((x - 17) / 11) ** 2 + ((y - 26) / 4) ** 2) < 1).astype(float)
    disc = (((x - 16) ** 2 + (y - 14) ** 2) < 100).astype(float)
    return over(over(blank(), shadow, colour(0, 0, 0, 0.5)), disc, colour(200, 80, 60))


_SLOPE = 0.37  # small pixels to the right for each one down


def slanted(outline: float, ground: Samples | None) -> Samples:
    """A bright area with a slanted edge: on a ground, or with a dark outline on nothing."""
    y, x = grid()
    beside = (x - 10 - _SLOPE * y) / np.hypot(1, _SLOPE)
    image = blank() if ground is None else over(blank(), np.ones(y.shape), ground)
    image = over(image, (beside > -outline).astype(float), colour(10, 10, 10))
    return over(image, (beside > 0).astype(float), colour(230, 210, 120))


def shapes() -> dict[str, Shape]:
    """All shapes by name."""
    grey, ink = colour(90, 80, 80), colour(0, 0, 0)
    slant = (1.0, _SLOPE)
    drawings: dict[str, Shape] = {}
    for soft in (False, True):
        kind, small = ("soft", by_area) if soft else ("pixel", at_centres)
        drawings[f"frame, {kind}"] = Shape(frame(), small)
        drawings[f"pipe across, {kind}"] = Shape(pipe(False), small, (0.0, 1.0))
        drawings[f"pipe down, {kind}"] = Shape(pipe(True), small, (1.0, 0.0))
        drawings[f"ring of 60%, {kind}"] = Shape(ring(), small)
        drawings[f"hard shadow, {kind}"] = Shape(shadowed(), small)
        drawings[f"slanted edge, {kind}"] = Shape(slanted(0, colour(0, 0, 0)), small, slant)
        drawings[f"slanted outline, {kind}"] = Shape(slanted(2, None), small, slant)
    drawings["checkerboard"] = Shape(checks((2, 2), grey, ink), at_centres)
    drawings["checkerboard on nothing"] = Shape(checks((2, 2), np.zeros(4), ink), at_centres)
    drawings["dither mask"] = Shape(checks((2, 4), grey, ink), at_centres)
    drawings["dotted lines"] = Shape(dotted(), at_centres)
    drawings["slanted edge, stairs blended by hand"] = Shape(slanted(0, colour(0, 0, 0)), blended_stairs, slant)
    drawings["slanted outline, blurred"] = Shape(slanted(2, None), blurred, slant)
    return drawings


def reduced(fine: Samples, factor: int) -> Samples:
    """Means over areas."""
    height, width = fine.shape[0] // factor, fine.shape[1] // factor
    return np.asarray(fine.reshape(height, factor, width, factor, 4).mean((1, 3)))


def by_area(fine: Samples) -> Samples:
    return reduced(fine, FINE)


def at_centres(fine: Samples) -> Samples:
    return np.asarray(fine[FINE // 2 :: FINE, FINE // 2 :: FINE])


def blended_stairs(fine: Samples) -> Samples:
    """Pixels left of an edge, on the darker side, get an eighth of the colour on the right."""
    small: Samples = at_centres(fine).copy()
    right = np.roll(small, -1, 1)
    edge = (np.abs(right - small).max(-1) > 0.3) & (right.sum(-1) > small.sum(-1))
    edge[:, -1] = False
    small[edge] += (right - small)[edge] / 8
    return small


def blurred(fine: Samples) -> Samples:
    """Reduced by area, then blurred over three pixels each way, with weights of 1, 2, 1."""
    around = np.pad(by_area(fine), ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows = (around[:-2] + 2 * around[1:-1] + around[2:]) / 4
    return np.asarray((rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4)


def straight(image: Samples) -> np.ndarray:
    """[H, W, 4] uint8."""
    alpha = image[..., 3:]
    rgb = image[..., :3] / np.maximum(alpha, 1e-6)
    return np.asarray(np.rint(255 * np.concatenate([rgb * (alpha > 0), alpha], 2).clip(0, 1)), np.uint8)


def on_grey(pixels: np.ndarray) -> Samples:
    """[H, W, 3] levels."""
    alpha = pixels[..., 3:] / 255
    return np.asarray(pixels[..., :3] * alpha + 128 * (1 - alpha))


def uneven(pixels: np.ndarray, along: tuple[float, float]) -> float:
    """Mean change of the middle of a picture when it is moved along the shape, in levels."""
    shown = on_grey(pixels)
    height, width = shown.shape[:2]
    y, x = np.mgrid[height // 4 : height * 3 // 4, width // 4 : width * 3 // 4].astype(float)

    def at(down: float, right: float) -> Samples:
        left = np.floor(x + right).astype(int)
        share = (x + right - left)[..., None]
        rows = (y + down).astype(int)
        return np.asarray(shown[rows, left] * (1 - share) + shown[rows, left + 1] * share)

    moves = [k / 2 for k in range(1, 9)]  # small pixels
    still = at(0, 0)
    changes = [
        np.abs(at(round(k * along[0] * SCALE), round(k * along[0] * SCALE) * along[1]) - still).mean()
        if along[0]
        else np.abs(at(0, k * along[1] * SCALE) - still).mean()
        for k in moves
    ]
    return float(np.mean(changes))


def bicubic(small: np.ndarray) -> np.ndarray:
    size = (small.shape[1] * SCALE, small.shape[0] * SCALE)
    return np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC))


def measured(engine: Upsampler, names: dict[str, Shape]) -> tuple[list[dict[str, float | str]], list[Image.Image]]:
    """A row of figures and a strip of pictures for each shape."""
    rows, strips = [], []
    ways: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "nearest": lambda small: small.repeat(SCALE, 0).repeat(SCALE, 1),
        "bicubic": bicubic,
    }
    for name, shape in names.items():
        truth = straight(reduced(shape.fine, FINE // SCALE))
        small = straight(shape.small(shape.fine))
        report = engine.upsample(Picture((small,), name="shape.png"), Request(scale=SCALE))
        pictures = {**{way: make(small) for way, make in ways.items()}, "depixel": report.picture.rgba()}
        row: dict[str, float | str] = {"shape": name, "kind": report.domain.name}
        for way, pixels in pictures.items():
            row[f"error, {way}"] = float(np.abs(on_grey(pixels) - on_grey(truth)).mean())
        if shape.along is not None:
            row |= {f"uneven, {way}": uneven(pixels, shape.along) for way, pixels in pictures.items()}
            row["uneven, truth"] = uneven(truth, shape.along)
        rows.append(row)
        strips.append(strip([pictures["nearest"], pictures["depixel"], truth]))
    return rows, strips


def strip(pictures: list[np.ndarray]) -> Image.Image:
    """Pictures side by side on magenta."""
    side = SIDE * SCALE
    canvas = Image.new("RGB", (len(pictures) * (side + 4), side + 4), (255, 0, 255))
    for k, pixels in enumerate(pictures):
        image = Image.fromarray(np.ascontiguousarray(pixels))
        canvas.paste(image, (k * (side + 4), 0), image)
    return canvas


def main() -> None:
    """Draw, answer, measure, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    engine = Upsampler("cpu")
    rows, strips = measured(engine, shapes())
    spec = engine.shelf.art().spec
    text = json.dumps({"model": spec.name, "digest": spec.digest, "rows": rows}, indent=1)
    (arguments.out / "regular_shapes.json").write_text(text + "\n")
    keys = list(dict.fromkeys(key for row in rows for key in row))
    lines = ["# Regular shapes of known truth", "", f"{spec.name} {spec.digest}, x{SCALE}; levels of 255.", ""]
    lines += ["| " + " | ".join(keys) + " |", "|" + "---|" * len(keys)]
    for row in rows:
        cells = [row.get(key, "-") for key in keys]
        lines.append("| " + " | ".join(f"{v:.2f}" if isinstance(v, float) else str(v) for v in cells) + " |")
    (arguments.out / "regular_shapes.md").write_text("\n".join(lines) + "\n")
    columns = 3
    width, height = strips[0].size
    sheet = Image.new("RGB", (columns * width, -(-len(strips) // columns) * height), (255, 0, 255))
    for k, image in enumerate(strips):
        sheet.paste(image, (k % columns * width, k // columns * height))
    sheet.save(arguments.out / "regular_shapes.png", optimize=True)


if __name__ == "__main__":
    main()
