"""
Quality of the art prior's answers: the real engine on an evaluation folder, measured by that folder's own harness.

    python benchmarks/art_quality.py --eval EVAL --out benchmarks/results [--weights art-small] [--peers waifu2x-anime]

EVAL contains evaluate.py and evalset/KIND/{hr,lr4,lr4_bicubic}/NAME.png, and optionally results/*.json of other
upscalers and their pictures in peers/. Writes art_quality.json and .md, and contact sheets art_KIND.png. EVAL is only
read.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from depixel.picture import Picture
from depixel.projecting import project_result
from depixel.report import Report
from depixel.request import Request
from depixel.upsampler import Upsampler

KINDS = ("sprites", "emoji", "textures")
INPUTS = {"lr4": "area", "lr4_bicubic": "bicubic"}
PEERS = ("nearest", "bicubic", "lanczos", "waifu2x-anime", "realesrgan-animevideov3+pad", "realesrgan-animevideov3",
         "realesrgan-x4plus-anime+pad", "realesrgan-x4plus-anime", "spanglue-ch48", "xbr-js")  # fmt: skip
SHEET_PEERS = (("waifu2x-anime",), ("realesrgan-animevideov3+pad", "spanglue-ch48"))  # the first one available
PROJECTED = ("waifu2x-anime", "realesrgan-animevideov3+pad", "spanglue-ch48", "xbr-js")
GROUNDS = ((0, 0, 0), (255, 255, 255), (255, 0, 255))
SHEETS = (
    "`art_sprites.png`, `art_emoji.png`, `art_textures.png`: input, bicubic, waifu2x-anime, realesrgan-animevideov3 "
    "(sprites) or SPAN with glue (others), Depixel calm, Depixel at imagination 0.6, truth. `art_pixel.png`: "
    "native pixel art, held to block means, "
    "held to block centres (what `auto` chooses). `art_grounds.png`: Depixel calm, "
    "at imagination 0.6 and the truth on black, white and magenta, where a fringe would show."
)
RELEASED = "art-small"  # Depixel's default, except for bicubic inputs
PER_SHEET = 8
TILE = 128


def read(path: Path) -> Picture:
    """RGB or RGBA of a PNG, straight, without side effects of a file format."""
    with Image.open(path) as image:
        mode = "RGBA" if image.mode in ("RGBA", "LA", "P") else "RGB"
        return Picture(frames=(np.asarray(image.convert(mode)),), mode=mode, name=path.name)


def settings_for(kind: str, degradation: str, imagination: float = 0.0) -> Request:
    """One pass of the network, no search."""
    domain = "textures" if kind == "textures" else "art"
    return Request(
        scale=4, domain=domain, degradation=degradation, steps=0, wrap="none", imagination=imagination, seed=0
    )


def subjects(kind: str, degradation: str, weights: str) -> dict[str, Request]:
    """Name => request of everything that is measured: the defaults, and for area inputs also quality best."""
    settings = settings_for(kind, degradation)
    if degradation == "bicubic":
        return {f"depixel {'art-medium' if weights == RELEASED else Path(weights).stem}, by default": settings}
    return {f"depixel {Path(weights).stem}": settings, "depixel, quality best": replace(settings, quality="best")}


def answer(
    engine: Upsampler,
    source: Path,
    target: Path,
    settings: Request,
    inspect: Callable[[Report], None] = lambda report: None,
) -> dict[str, float]:
    """Upscale every PNG of a folder: seconds per megapixel, worst residuals in levels; `inspect` gets each report."""
    target.mkdir(parents=True, exist_ok=True)
    seconds, processor, megapixels, maximum, mean = 0.0, 0.0, 0.0, 0.0, 0.0
    for path in sorted(source.glob("*.png")):
        picture = read(path)
        began, busy = time.perf_counter(), time.process_time()
        report = engine.upsample(picture, settings)
        seconds += time.perf_counter() - began
        processor += time.process_time() - busy
        inspect(report)
        maximum, mean = max(maximum, report.residual.maximum), max(mean, report.residual.mean)
        frame = report.picture.frames[0]
        megapixels += frame.shape[0] * frame.shape[1] / 1e6
        Image.fromarray(frame).save(target / path.name)
    return {
        "s_mp": seconds / megapixels,
        "cpu_mp": processor / megapixels,  # unlike wall time, hardly affected by other work on the machine
        "residual_maximum": maximum,
        "residual_mean": mean,
    }


def harness(folder: Path) -> Any:
    """The evaluation folder's evaluate.py as a module."""
    spec = importlib.util.spec_from_file_location("evaluate", folder / "evaluate.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(folder / "evaluate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def peer_rows(folder: Path) -> list[dict[str, Any]]:
    """The folder's rows for other upscalers, without values of single pictures."""
    rows = []
    for path in sorted((folder / "results").glob("*.json")):
        row = json.loads(path.read_text(encoding="utf-8"))
        if row["name"] in PEERS and row["lr"] in INPUTS and row["psnr"] is not None:
            row.pop("per_image", None)
            rows.append(row)
    return rows


def projected_row(folder: Path, name: str, kind: str, measure: Any, work: Path) -> dict[str, Any] | None:
    """Another upscaler's pictures after Depixel's projection; None if the folder lacks some."""
    source, answers = folder / "evalset" / kind / "lr4", work / f"projected {name}"
    (answers / kind).mkdir(parents=True)
    for path in sorted(source.glob("*.png")):
        answer = folder / "peers" / name / kind / path.name
        if not answer.exists():
            return None
        projection = project_result(read(answer), read(path), settings_for(kind, "area"))
        Image.fromarray(projection.picture.frames[0]).save(answers / kind / path.name)
    row = measure.evaluate(str(answers), kind, "lr4")
    row.pop("per_image")
    return {"name": f"{name}, projected by Depixel", "kind": kind, "lr": "lr4", **row}


def write_table(rows: list[dict[str, Any]], path: Path, machine: str) -> None:
    """Markdown: one table per kind of input, best PSNR first."""
    lines = [
        "# Art: quality at x4",
        "",
        f"Measured on {machine}. Means over the evaluation set, no search (`--steps 0`), turns averaged as by default.",
        "Rows of other upscalers come with the evaluation folder: quality and time as measured there. The",
        "*projected* ones are their pictures after `depixel project`.",
    ]
    for lr, name in INPUTS.items():
        for kind in KINDS:
            chosen = sorted((r for r in rows if r["kind"] == kind and r["lr"] == lr), key=lambda r: -r["psnr"])
            lines += ["", f"## {kind}, {name} inputs", ""]
            lines += ["| | PSNR-Y dB | SSIM | FLIP | shrink-back RMSE | alpha error | CPU s/megapixel |"]
            lines += ["|---|---|---|---|---|---|---|"]
            for row in chosen:
                bold = "**" if row["name"].startswith("depixel") else ""
                cells = [("psnr", 2), ("ssim", 4), ("flip", 4), ("lrcons", 2), ("amae", 2), ("cpu_mp", 2)]
                values = ["-" if row.get(key) is None else f"{row[key]:.{digits}f}" for key, digits in cells]
                lines.append(f"| {bold}{row['name']}{bold} | " + " | ".join(values) + " |")
    lines += ["", "## Sheets", "", SHEETS]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def window(pixels: np.ndarray, size: int) -> tuple[slice, slice]:
    """The most interesting part of a picture: the size x size window, on a grid of 16, with the most contrast."""
    grey = pixels[..., :3].astype(float).mean(-1) * (pixels[..., 3] / 255)
    height, width = grey.shape
    corners = [(y, x) for y in range(0, max(1, height - size + 1), 16) for x in range(0, max(1, width - size + 1), 16)]
    y, x = max(corners, key=lambda c: grey[c[0] : c[0] + size, c[1] : c[1] + size].std())
    return slice(y, y + size), slice(x, x + size)


def sheet(names: list[str], columns: list[tuple[str, Path]], path: Path) -> None:
    """Rows of pictures, one column per upscaler, on mid grey; reduced to 256 colours to stay small."""
    canvas = Image.new("RGB", (len(columns) * (TILE + 4), len(names) * (TILE + 4)), (128, 128, 128))
    for row, name in enumerate(names):
        truth = np.asarray(Image.open(columns[-1][1] / name).convert("RGBA"))
        where = window(truth, min(TILE, 96 if max(truth.shape) > 96 else TILE))
        for column, (_, folder) in enumerate(columns):
            if not (folder / name).exists():
                continue
            image = Image.open(folder / name).convert("RGBA")
            if image.width < truth.shape[1]:
                image = image.resize((truth.shape[1], truth.shape[0]), Image.Resampling.NEAREST)
            part = Image.fromarray(np.asarray(image)[where])
            grow = TILE / max(part.size)
            part = part.resize((round(part.width * grow), round(part.height * grow)), Image.Resampling.NEAREST)
            canvas.paste(part, (column * (TILE + 4), row * (TILE + 4)), part)
    canvas.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def bicubic(source: Path, target: Path) -> None:
    """Plain bicubic enlargement of every PNG in a folder, through premultiplied colour."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.png")):
        enlarged(Image.open(path)).save(target / path.name)


def enlarged(image: Image.Image) -> Image.Image:
    """Bicubic x4, through premultiplied colour."""
    size = (image.width * 4, image.height * 4)
    return image.convert("RGBa").resize(size, Image.Resampling.BICUBIC).convert("RGBA")


def options_for(description: str | None) -> argparse.ArgumentParser:
    """The options of every measurement of the art prior on EVAL; `description`: the module's docstring."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--eval", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--weights", default=RELEASED, help="released name, or a .safetensors file")
    return parser


def main() -> None:
    parser = options_for(__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 leaves PyTorch's choice")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    own = f"depixel {Path(arguments.weights).stem}"
    engine = Upsampler(arguments.device, {} if arguments.weights == RELEASED else {"art": arguments.weights})
    measure = harness(arguments.eval)
    rows: list[dict[str, Any]] = []
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        for kind in KINDS:
            source = arguments.eval / "evalset" / kind
            for lr, degradation in INPUTS.items():
                for name, settings in subjects(kind, degradation, arguments.weights).items():
                    answers = answer(engine, source / lr, work / lr / name / kind, settings)
                    row = measure.evaluate(str(work / lr / name), kind, lr)
                    row.pop("per_image")
                    rows.append({"name": name, "kind": kind, "lr": lr, **row, **answers})
                    print(
                        f"{name}:", kind, degradation,
                        {k: round(v, 4) for k, v in rows[-1].items() if isinstance(v, float)}, flush=True,
                    )  # fmt: skip
            for name in PROJECTED:
                row = projected_row(arguments.eval, name, kind, measure, work)
                rows += [row] if row else []
            answer(engine, source / "lr4", work / "vivid" / kind, settings_for(kind, "area", 0.6))
            bicubic(source / "lr4", work / "bicubic" / kind)
            names = [path.name for path in sorted((source / "hr").glob("*.png"))]
            names = names[:: max(1, len(names) // PER_SHEET)][:PER_SHEET]
            folders = [[arguments.eval / "peers" / name / kind for name in choice] for choice in SHEET_PEERS]
            peers = [
                (f.parent.name, f) for f in (next((f for f in c if any(f.glob("*.png"))), None) for c in folders) if f
            ]
            ours = [("calm", work / "lr4" / own / kind), ("vivid", work / "vivid" / kind)]
            columns = [("input", source / "lr4"), ("bicubic", work / "bicubic" / kind), *peers, *ours]
            sheet(names, [*columns, ("truth", source / "hr")], arguments.out / f"art_{kind}.png")
        native = arguments.eval / "evalset" / "sprites" / "hr"
        grounds([work / "lr4" / own / "sprites", work / "vivid/sprites", native], arguments.out / "art_grounds.png")
        pixel_art(engine, native, work, arguments.out / "art_pixel.png")
    processor = platform.processor() or platform.machine()
    machine = f"{processor}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}, device {engine.device}"
    (arguments.out / "art_quality.json").write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
    write_table(rows + peer_rows(arguments.eval), arguments.out / "art_quality.md", machine)


def grounds(folders: list[Path], path: Path) -> None:
    """One sprite per row: each folder's picture on each of GROUNDS."""
    names = [p.name for p in sorted(folders[-1].glob("*.png")) if 64 <= max(Image.open(p).size) <= TILE][:6]
    canvas = Image.new("RGB", (len(GROUNDS) * len(folders) * TILE, len(names) * TILE))
    for row, name in enumerate(names):
        for column, (ground, folder) in enumerate((g, f) for g in GROUNDS for f in folders):
            image = Image.open(folder / name).convert("RGBA")
            box = (column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE)
            canvas.paste(ground, box)
            canvas.paste(image, (box[0] + (TILE - image.width) // 2, box[1] + (TILE - image.height) // 2), image)
    canvas.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def pixel_art(engine: Upsampler, native: Path, work: Path, path: Path) -> None:
    """Native sprites, which were never larger: input, constrained to block means, constrained to block centres."""
    small = work / "native"
    small.mkdir()
    chosen = [p for p in sorted(native.glob("*.png")) if max(Image.open(p).size) <= 72][::2][:PER_SHEET]
    for file in chosen:
        picture = read(file)
        height, width = (side // 4 * 4 for side in picture.frames[0].shape[:2])
        Image.fromarray(picture.frames[0][:height, :width]).save(small / file.name)
    columns = [("input", small)]
    for degradation in ("area", "point"):
        answer(engine, small, work / degradation, settings_for("sprites", degradation))
        columns.append((degradation, work / degradation))
    side = 256
    canvas = Image.new("RGB", (len(columns) * (side + 4), len(chosen) * (side + 4)), (128, 128, 128))
    for row, file in enumerate(chosen):
        for column, (_, folder) in enumerate(columns):
            image = Image.open(folder / file.name).convert("RGBA")
            grow = side / max(image.size)
            size = (round(image.width * grow), round(image.height * grow))
            image = image.resize(size, Image.Resampling.NEAREST if grow >= 1 else Image.Resampling.BOX)
            canvas.paste(image, (column * (side + 4), row * (side + 4)), image)
    canvas.save(path, optimize=True)  # full colour: few enough to stay small


if __name__ == "__main__":
    main()
