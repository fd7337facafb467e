"""
Drawn pixel art x4 compared with xBR and Kopf-Lischinski: figures on shapes whose truth is known, and a sheet.

    python -m benchmarks.art_pixels [--sprites DIR] [--xbr NODE_MODULES] [--vectors DIR] [--out benchmarks/results]
    python -m benchmarks.art_pixels --shapes DIR

The shapes are drawn four times as large and sampled at the centre of each pixel, as an artist would set pixels: discs,
rings, slanted bars, stars and letters of 16 and 32 pixels, in few colours; --shapes writes them. --sprites DIR contains
sprites for the sheet; NODE_MODULES has xbr-js 2.0.1 and pngjs; --vectors DIR contains the answers that
kopf_lischinski_worker.py made from shapes and sprites beforehand (a minute each or more; it fails on some, whose places
stay empty). Writes art_pixels.json, .md and .png.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.art_quality import read
from PIL import Image, ImageDraw

from depixel.request import Request
from depixel.upsampler import Upsampler

HERE = Path(__file__).parent
VECTORS = "Kopf-Lischinski"
INK, FILL, LIGHT = (40, 30, 60, 255), (200, 60, 70, 255), (250, 220, 120, 255)
FINE = 16  # times the small grid, at which the shapes are drawn
SIDE = 132  # of a picture on the sheet


def shapes() -> dict[str, np.ndarray]:
    """Fine drawings [16 * side, 16 * side, 4] of pixel sprites of 16 and 32 pixels."""
    outlines = {}
    for side in (16, 32):
        for name in ("disc", "ring", "bar", "star", "ball", "letters"):
            image = Image.new("RGBA", (side * FINE, side * FINE))
            draw = ImageDraw.Draw(image)
            u = side * FINE / 16  # a sixteenth of the picture
            if name == "disc":
                draw.ellipse((2 * u, 2 * u, 14 * u, 14 * u), FILL)
            elif name == "ring":
                draw.ellipse((1.5 * u, 1.5 * u, 14.5 * u, 14.5 * u), INK)
                draw.ellipse((4 * u, 4 * u, 12 * u, 12 * u), LIGHT)
            elif name == "bar":
                draw.polygon([(1 * u, 12 * u), (13 * u, 2 * u), (15 * u, 4.4 * u), (3 * u, 14.4 * u)], FILL)
            elif name == "star":
                corners = [
                    ((8 + r * np.sin(k * np.pi / 5)) * u, (8 - r * np.cos(k * np.pi / 5)) * u)
                    for k, r in enumerate([7.5, 3.2] * 5)
                ]
                draw.polygon(corners, LIGHT)
            elif name == "ball":
                for shrink, colour in ((0, INK), (1, FILL)):
                    draw.ellipse([(1 + shrink) * u] * 2 + [(15 - shrink) * u] * 2, colour)
                draw.ellipse((4 * u, 4 * u, 7.5 * u, 7.5 * u), LIGHT)
            else:
                for x, y, w, h in (
                    (2, 3, 2, 10),
                    (2, 3, 5, 2),
                    (2, 7, 4, 2),
                    (9, 3, 2, 10),
                    (12, 3, 2, 10),
                    (9, 7, 5, 2),
                ):
                    draw.rectangle((x * u, y * u, (x + w) * u - 1, (y + h) * u - 1), INK)
            outlines[f"{name}_{side}"] = np.asarray(image)
    return outlines


def on_grey(pixels: np.ndarray) -> np.ndarray:
    cover = pixels[..., 3:] / 255.0
    return pixels[..., :3] * cover + 128 * (1 - cover)


def write_shapes(truths: dict[str, np.ndarray], folder: Path) -> None:
    """The drawings as an artist would set them pixel by pixel: NAME.png."""
    folder.mkdir(parents=True)
    for name, fine in truths.items():
        small = np.ascontiguousarray(fine[FINE // 2 :: FINE, FINE // 2 :: FINE])
        Image.fromarray(small).save(folder / f"{name}.png")


def answers(folder: Path, work: Path, engine: Upsampler, xbr: Path | None, vectors: Path | None) -> dict[str, Path]:
    """Folders of answers to every PNG of a folder, by upscaler."""
    folders = {"nearest": work / "nearest", "depixel": work / "depixel", "depixel, palette kept": work / "kept"}
    for path in folders.values():
        path.mkdir(parents=True)
    for path in sorted(folder.glob("*.png")):
        picture = read(path)
        Image.fromarray(picture.rgba(0).repeat(4, 0).repeat(4, 1)).save(folders["nearest"] / path.name)
        for name, palette in (("depixel", "free"), ("depixel, palette kept", "keep")):
            report = engine.upsample(picture, Request(scale=4, palette=palette))
            Image.fromarray(report.picture.rgba(0)).save(folders[name] / path.name)
    if xbr is not None:
        folders["xBR"] = work / "xbr"
        command = ["node", HERE / "xbr_worker.cjs", xbr, folder, folders["xBR"]]
        subprocess.run([str(part) for part in command], check=True)
    if vectors is not None:
        folders[VECTORS] = work / "vectors"
        folders[VECTORS].mkdir()
        for path in (p for p in sorted(folder.glob("*.png")) if (vectors / p.name).exists()):
            shutil.copy(vectors / path.name, folders[VECTORS])
    order = ("nearest", "xBR", VECTORS, "depixel", "depixel, palette kept")
    return {name: folders[name] for name in order if name in folders}


def figures(truths: dict[str, np.ndarray], folders: dict[str, Path]) -> list[dict[str, Any]]:
    """
    Mean error on grey against the truth, drawn as hard as the input, over the pictures that all upscalers answered; and
    the fraction of pixels (mush) that differ from every colour of the truth by more than 12 levels.
    """
    common = [name for name in truths if all((folder / f"{name}.png").exists() for folder in folders.values())]
    rows = []
    for upscaler, folder in folders.items():
        row: dict[str, Any] = {"upscaler": upscaler, "pictures": len(common)}
        for side in (16, 32):
            error, mush = [], []
            for name in (n for n in common if n.endswith(f"_{side}")):
                answer = on_grey(np.asarray(Image.open(folder / f"{name}.png").convert("RGBA")))
                truth = on_grey(truths[name][FINE // 8 :: FINE // 4, FINE // 8 :: FINE // 4])
                error.append(np.abs(answer - truth).mean())
                own = np.array([(128, 128, 128), INK[:3], FILL[:3], LIGHT[:3]], float)
                mush.append((np.abs(answer[..., None, :] - own).max(-1).min(-1) > 12).mean())
            if error:
                row |= {f"error {side}, levels": float(np.mean(error)), f"mush {side}": float(np.mean(mush))}
        rows.append(row)
    return rows


def sheet(names: list[str], columns: list[Path], path: Path) -> None:
    """Rows of pictures on mid grey, magenta every third row."""
    canvas = Image.new("RGB", (len(columns) * (SIDE + 4), len(names) * (SIDE + 4)), (128, 128, 128))
    for y, name in enumerate(names):
        if y % 3 == 2:
            canvas.paste((200, 0, 200), (0, y * (SIDE + 4), canvas.width, (y + 1) * (SIDE + 4)))
        for x, folder in enumerate(columns):
            if (folder / name).exists():
                image = Image.open(folder / name).convert("RGBA")
                grow = max(1, SIDE // max(image.size))
                image = image.resize((image.width * grow, image.height * grow), Image.Resampling.NEAREST)
                image = image.crop((0, 0, SIDE, SIDE)) if max(image.size) > SIDE else image
                canvas.paste(image, (x * (SIDE + 4), y * (SIDE + 4)), image)
    canvas.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sprites", type=Path)
    parser.add_argument("--xbr", type=Path, metavar="NODE_MODULES")
    parser.add_argument("--vectors", type=Path, metavar="DIR")
    parser.add_argument("--shapes", type=Path, metavar="DIR")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--weights", default="art-small")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    truths = shapes()
    if arguments.shapes:
        write_shapes(truths, arguments.shapes)
        return
    engine = Upsampler("cpu", {"art": arguments.weights})
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        write_shapes(truths, work / "shapes")
        folders = answers(work / "shapes", work / "a", engine, arguments.xbr, arguments.vectors)
        rows = figures(truths, {name: folder for name, folder in folders.items() if name != VECTORS})
        if VECTORS in folders:  # and again over those that it answered
            rows += figures(truths, folders)
        names, columns = [f"{name}.png" for name in truths], list(folders.values())
        if arguments.sprites:
            own = answers(arguments.sprites, work / "b", engine, arguments.xbr, arguments.vectors)
            for a, b in zip(columns, own.values(), strict=True):
                for path in b.glob("*.png"):
                    path.rename(a / path.name)
            names = [p.name for p in sorted(arguments.sprites.glob("*.png"))] + names[::2]
        sheet(names, columns, arguments.out / "art_pixels.png")
    spec = engine.shelf.art().spec
    about = {"model": spec.name, "digest": spec.digest}
    (arguments.out / "art_pixels.json").write_text(json.dumps({**about, "rows": rows}, indent=1) + "\n")
    lines = ["# Pixel art beside xBR and Kopf-Lischinski", "", f"{spec.name} {spec.digest}, x4, settings as they come."]
    lines += [
        "Shapes set pixel by pixel, whose truth is known; *mush* is the share of pixels of none of its colours.",
        "",
    ]
    keys = list(rows[0])
    lines += ["| " + " | ".join(keys) + " |", "|" + "---|" * len(keys)]
    for row in rows:
        cells = [row.get(key, "-") for key in keys]
        lines.append("| " + " | ".join(f"{v:.3g}" if isinstance(v, float) else str(v) for v in cells) + " |")
    if any(row["upscaler"] == VECTORS for row in rows):
        lines += [
            "",
            f"The last rows are over the pictures with an answer of {VECTORS}: it gives up on some, and takes minutes.",
        ]
    lines += ["", f"`art_pixels.png`, left to right: {', '.join(folders)}."]
    (arguments.out / "art_pixels.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
