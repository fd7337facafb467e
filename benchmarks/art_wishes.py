"""
Do the wishes of games hold? Measured on the integers as they are written, with the released art prior.

    python -m benchmarks.art_wishes --eval EVAL [--tiles DIR] [--maps DIR] [--out benchmarks/results] [--count 8]

EVAL as `benchmarks.art_quality` has it; DIR of tiles: small textures, of which those that tile on both axes are taken;
DIR of maps: material maps (normals, gloss ...), searched by name. Without DIR those parts are left out. Writes
art_wishes.json and .md, and the sheets art_candidates.png and art_palette.png.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.art_quality import KINDS, options_for, read
from PIL import Image

from depixel import files
from depixel.client.readings import NAMES, SOFT_NAMES, TEXTURE_NAMES
from depixel.disagreement import deviations
from depixel.picture import Picture
from depixel.preparation.detection import detect
from depixel.preparation.tiling import tiles
from depixel.report import Report
from depixel.request import Request
from depixel.upsampler import Upsampler

Row = dict[str, Any]
VIVID = Request(scale=4, domain="art", candidates=4, imagination=0.6)
COLOURS = (16, 64, 256)
MAP_NAMES = ("_n.", "_nm.", "_normal.", "_s.", "_spec.", "_gloss.", "_rough", "_ao.", "_mask.")
LARGEST = 128  # pixels of a map's side; larger ones are cropped


def seams(pixels: np.ndarray, factor: int = 4) -> tuple[float, float]:
    """
    Mean difference in levels between neighbours across the wrap, and across the borders of blocks inside; [H, W, 4]
    with blocks of `factor`, mean of both axes.
    """
    across, inside = [], []
    for axis in (0, 1):
        lines = np.moveaxis(pixels[..., :3].astype(float), axis, 0)
        across.append(np.abs(lines[0] - lines[-1]).mean())
        inside.append(np.abs(lines[factor::factor] - lines[factor - 1 : -1 : factor]).mean())
    return float(np.mean(across)), float(np.mean(inside))


def tiling(engine: Upsampler, folder: Path) -> Row:
    """Seams of textures that tile: across the wrap and inside, answered with wrapping (detected) and without."""
    by_wrap: dict[str, list[tuple[float, float]]] = {"auto": [], "none": []}
    sources = []
    for path in sorted(folder.rglob("*.png")):
        picture = files.read(path)
        if picture.has_alpha or max(picture.width, picture.height) > 64 or tiles(picture) != (True, True):
            continue
        sources.append(seams(picture.rgba(0), 1))
        for wrap, measured in by_wrap.items():
            answer = engine.upsample(picture, Request(scale=4, wrap=wrap)).picture
            measured.append(seams(answer.rgba(0)))
    row: Row = {"wish": "tiling", "pictures": len(sources)}
    for name, pairs in (("input", sources), ("wrapped", by_wrap["auto"]), ("not wrapped", by_wrap["none"])):
        across, inside = np.mean(pairs, axis=0)
        worse = float(np.mean([a > b for a, b in pairs]))
        row |= {f"{name}: across": across, f"{name}: inside": inside, f"{name}: share with a larger seam": worse}
    return row


def colours_of(picture: Picture) -> set[bytes]:
    return {pixel.tobytes() for frame in picture.frames for pixel in frame.reshape(-1, frame.shape[2])}


def quantised(picture: Picture, colours: int) -> Picture:
    """A picture with few colours and binary alpha, as in games with palettes."""
    rgba = picture.rgba(0)
    image = Image.fromarray(np.ascontiguousarray(rgba[..., :3])).quantize(colours - 1, dither=Image.Dither.NONE)
    opaque = rgba[..., 3:] > 127
    pixels = np.concatenate([np.asarray(image.convert("RGB")) * opaque, opaque * np.uint8(255)], -1).astype(np.uint8)
    return Picture((pixels,), mode="RGBA", name=picture.name)


def palette(engine: Upsampler, sources: list[Picture]) -> tuple[list[Row], list[list[np.ndarray]]]:
    """Number of colours that the input does not have, and the error of the palette-locked answer; and samples."""
    rows, samples = [], []
    for colours in COLOURS:
        foreign, worst = 0, 0.0
        mean: list[float] = []
        free: list[Report] = []
        for source in sources:
            small = quantised(source, colours)
            settings = Request(scale=4, domain="art")
            locked = engine.upsample(small, replace(settings, palette="keep"))
            free.append(engine.upsample(small, settings))
            foreign += len(colours_of(locked.picture) - colours_of(small))
            worst, mean = max(worst, locked.residual.maximum), [*mean, locked.residual.rmse]
            if colours == COLOURS[0]:
                samples.append([small.rgba(0), free[-1].picture.rgba(0), locked.picture.rgba(0)])
        rows.append(
            {
                "wish": f"palette of {colours}",
                "pictures": len(sources),
                "colours not in the input": foreign,
                "locked: RMSE": float(np.mean(mean)),
                "locked: worst pixel": worst,
                "free: worst pixel": max(report.residual.maximum for report in free),
            }
        )
    return rows, samples


def animation(engine: Upsampler, background: Picture, sprite: Picture) -> Row:
    """A sprite that walks over a static background, with two equal frames: change where nothing changed."""
    ground = background.rgba(0)[:48, :48].astype(float)
    figure = sprite.rgba(0)[:24, :24].astype(float)
    cover = figure[..., 3:] / 255
    frames = []
    for step in (0, 1, 2, 2, 4):
        frame, part = (
            ground.copy(),
            (slice(12, 12 + figure.shape[0]), slice(4 + 3 * step, 4 + 3 * step + figure.shape[1])),
        )
        frame[part] = figure * cover + frame[part] * (1 - cover)
        frame[..., 3] = 255
        frames.append(np.rint(frame).astype(np.uint8))
    source = Picture(tuple(frames), durations=(100.0,) * len(frames), mode="RGBA")
    row: Row = {"wish": "animation", "frames": len(frames)}
    for name, settings in (("calm", Request(scale=4, domain="art")), ("vivid", replace(VIVID, candidates=1))):
        report = engine.upsample(source, settings)
        large = [report.picture.rgba(i).astype(int) for i in range(len(frames))]
        flicker = []
        for i in range(1, len(frames)):
            changed = (frames[i] != frames[i - 1]).any(-1)
            near = np.asarray(torch.nn.functional.max_pool2d(torch.tensor(changed)[None].float(), 5, 1, 2)[0]) > 0
            still = ~near.repeat(4, 0).repeat(4, 1)
            flicker.append(int(np.abs(large[i] - large[i - 1]).max(-1)[still].max()))
        row |= {
            f"{name}: largest change where still": max(flicker),
            f"{name}: equal frames differ by": int(np.abs(large[3] - large[2]).max()),
            f"{name}: worst pixel": report.residual.maximum,
        }
    return row


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(((a.astype(float) - b.astype(float)) ** 2).mean(), 1e-9)))


def candidates(engine: Upsampler, sources: list[Picture], kind: str) -> tuple[Row, list[list[np.ndarray]]]:
    """How much four vivid answers differ, how much vivid differs from calm, and how exact each is."""
    samples, deviation, pairs, strays, worst = [], [], [], [], 0.0
    for source in sources:
        report = engine.upsample(source, VIVID)
        calm = engine.upsample(source, replace(VIVID, candidates=1, imagination=0.0)).picture.rgba(0)
        answers = [c.picture for c in report.candidates]
        pixels = [a.rgba(0) for a in answers]
        deviation.append(float(np.mean(deviations(answers))))
        pairs += [psnr(pixels[i], pixels[j]) for i in range(4) for j in range(i)]
        strays += [psnr(p, calm) for p in pixels]
        worst = max(worst, *(c.residual.maximum for c in report.candidates))
        samples.append([source.rgba(0), calm, *pixels, report.disagreement().rgba(0)])
    row = {
        "wish": f"4 candidates, {kind}",
        "pictures": len(sources),
        "deviation, levels": float(np.mean(deviation)),
        "between two, dB": float(np.mean(pairs)),
        "from calm, dB": float(np.mean(strays)),
        "worst pixel": worst,
    }
    return row, samples


NATIVE = 48  # pixels of the longest side of a truth that counts as native pixel art
BY_DEFAULT = 4  # answers that dialogs and the page request


def readings(engine: Upsampler, sources: list[Picture], domain: str, names: tuple[str, ...], scale: int = 8) -> Row:
    """
    How much any two readings of one picture differ, over its visible pixels at x8: the fraction that differs by more
    than 16 levels in some channel (over black, or in alpha), the mean difference, and the most similar pair.
    """
    shares: dict[tuple[str, str], list[float]] = {}
    apart: dict[tuple[str, str], list[float]] = {}
    worst = 0.0
    for source in sources:
        request = Request(scale=scale, domain=domain, candidates=len(names), wrap="none")
        report = engine.upsample(source, request)
        pixels = {c.reading: c.picture.rgba(0).astype(float) for c in report.candidates}
        worst = max(worst, *(c.residual.maximum for c in report.candidates))
        for pair in combinations(names, 2):
            one, other = (pixels[name] for name in pair)
            visible = (one[..., 3] > 0) | (other[..., 3] > 0)
            first, second = (np.concatenate([x[..., :3] * x[..., 3:] / 255, x[..., 3:]], -1) for x in (one, other))
            difference = np.abs(first - second)
            shares.setdefault(pair, []).append(float((difference.max(-1) > 16)[visible].mean()))
            apart.setdefault(pair, []).append(float(difference[..., :3].mean(-1)[visible].mean()))
    row: Row = {"wish": f"readings of {domain}, x{scale}", "pictures": len(sources), "worst pixel": worst}
    for pair in combinations(names, 2):
        text = f"{np.mean(shares[pair]):.1%} of pixels, {np.mean(apart[pair]):.1f} levels in the mean"
        row[" and ".join(pair)] = text
    return row


def native_figures(folder: Path, count: int) -> list[Picture]:
    """Truths small enough to be pixel art themselves."""
    return some(folder, count, lambda picture: max(picture.width, picture.height) <= NATIVE)


def maps(engine: Upsampler, folder: Path, count: int) -> list[Row]:
    """Material maps found by name: their detected kind, their exactness, and the length of their vectors."""
    paths = [p for p in sorted(folder.rglob("*.*")) if any(part in p.name.lower() for part in MAP_NAMES)]
    by_domain: dict[str, list[Row]] = {}
    step = max(1, len(paths) // (4 * count))
    for path in paths[::step]:
        if path.suffix.lower() not in (".png", ".jpg", ".tga", ".dds"):
            continue
        whole = files.read(path)
        domain = detect(whole).name
        if domain not in ("normals", "data") or len(by_domain.get(domain, [])) >= count:
            continue
        source = whole.replace(frames=(np.ascontiguousarray(whole.frames[0][:LARGEST, :LARGEST]),))
        report = engine.upsample(source, Request(scale=4, domain=domain))
        vectors = report.picture.rgba(0)[..., :3] / report.picture.levels * 2 - 1
        length = np.abs(np.sqrt((vectors**2).sum(-1)) - 1)
        by_domain.setdefault(domain, []).append({"residual": report.residual, "length": float(length.max())})
    return [
        {
            "wish": f"maps taken for {domain}",
            "pictures": len(values),
            "worst pixel": max(f["residual"].maximum for f in values),
            "RMSE": float(np.mean([f["residual"].rmse for f in values])),
            **({"worst length": max(f["length"] for f in values)} if domain == "normals" else {}),
        }
        for domain, values in sorted(by_domain.items())
    ]


def sheet(rows: list[list[np.ndarray]], path: Path, side: int = 128) -> None:
    """Rows of [H, W, 4] pictures, the middle of each, pixel for pixel and the inputs enlarged, on mid grey."""
    canvas = Image.new("RGB", (max(map(len, rows)) * (side + 4), len(rows) * (side + 4)), (128, 128, 128))
    for y, row in enumerate(rows):
        large = max(p.shape[0] for p in row)
        for x, pixels in enumerate(row):
            image = Image.fromarray(pixels).convert("RGBA")
            grow = large // pixels.shape[0] * max(1, side // large)
            image = image.resize((image.width * grow, image.height * grow), Image.Resampling.NEAREST)
            left, top = (max(0, (length - side) // 2) for length in image.size)
            image = image.crop((left, top, min(left + side, image.width), min(top + side, image.height)))
            canvas.paste(image, (x * (side + 4), y * (side + 4)), image)
    canvas.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def lines_of(rows: list[Row]) -> list[str]:
    """Markdown: a line for each figure."""
    lines = []
    for row in rows:
        lines += ["", f"## {row['wish']}", "", "| | |", "|---|---|"]
        for name, value in row.items():
            if name != "wish":
                lines.append(f"| {name} | {value:.3g} |" if isinstance(value, float) else f"| {name} | {value} |")
    return lines


def reduced_truths(folder: Path, factor: int, count: int) -> list[Picture]:
    """Opaque truths reduced by area, so that their enlargement has the truth's size and detail."""
    pictures = []
    for picture in some(folder, count):
        pixels = picture.frames[0][..., :3].astype(float)
        height, width = (side // factor for side in pixels.shape[:2])
        blocks = pixels[: height * factor, : width * factor].reshape(height, factor, width, factor, 3)
        small = np.rint(blocks.mean((1, 3))).astype(np.uint8)
        pictures.append(Picture((small,), mode="RGB", name=picture.name))
    return pictures


def some(folder: Path, count: int, fits: Callable[[Picture], bool] = lambda _: True) -> list[Picture]:
    """Up to `count` pictures of a folder, evenly selected."""
    pictures = [p for p in (read(path) for path in sorted(folder.glob("*.png"))) if fits(p)]
    return pictures[:: max(1, len(pictures) // count)][:count]


def main() -> None:
    parser = options_for(__doc__)
    parser.add_argument("--tiles", type=Path)
    parser.add_argument("--maps", type=Path)
    parser.add_argument("--count", type=int, default=8)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    engine = Upsampler("cpu", {"art": arguments.weights})
    evalset = arguments.eval / "evalset"
    arguments.out.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    if arguments.tiles:
        rows.append(tiling(engine, arguments.tiles))
    emoji = some(evalset / "emoji" / "lr4", arguments.count)
    locked, samples = palette(engine, emoji)
    sheet(samples, arguments.out / "art_palette.png", 192)
    rows += locked
    ground, figure = some(evalset / "textures" / "lr4", 1)[0], some(evalset / "emoji" / "lr16svg", 1)[0]
    rows.append(animation(engine, ground, figure))
    samples = []
    for kind in KINDS:
        row, pictures = candidates(engine, some(evalset / kind / "lr4", arguments.count), kind)
        rows.append(row)
        samples += pictures[:3]
    sheet(samples, arguments.out / "art_candidates.png")
    rows.append(readings(engine, native_figures(evalset / "sprites" / "hr", 24), "pixel-art", NAMES))
    soft = some(evalset / "sprites" / "lr4", arguments.count, lambda picture: picture.width * picture.height <= 64 * 64)
    rows.append(readings(engine, soft, "art", SOFT_NAMES))
    textures = reduced_truths(evalset / "textures" / "hr", 8, 2 * arguments.count)
    rows.append(readings(engine, textures, "textures", TEXTURE_NAMES[:BY_DEFAULT]))
    if arguments.maps:
        rows += maps(engine, arguments.maps, arguments.count)
    spec = engine.shelf.art().spec
    about = {"model": spec.name, "digest": spec.digest, "torch": torch.__version__, "machine": platform.machine()}
    (arguments.out / "art_wishes.json").write_text(json.dumps({**about, "rows": rows}, indent=1) + "\n")
    head = ["# Art: do the wishes hold?", "", f"{spec.name} {spec.digest}, x4; levels of 255, on the integers written."]
    text = "\n".join([*head, *lines_of(rows)]) + "\n"
    (arguments.out / "art_wishes.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
