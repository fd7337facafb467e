"""
Measurable sharpness: energy of the highest octave relative to the truth's, noise where the truth is flat, and FLIP.

    python -m benchmarks.art_spectrum --eval EVAL [--out benchmarks/results] [--weights art-small] [--count 24]

EVAL as in `benchmarks.art_quality`, with the answers of other upscalers in peers/. Luma over mid grey. *Octave*: energy
of frequencies from 1/4 to 1/2 cycle per pixel, on either axis, divided by the truth's; the median over pictures, and
the fraction of pictures from 0.7 to 1.3. *Flat*: root mean square of what a 5x5 mean does not explain, in levels, where
the truth stays within 2 levels for 6 pixels around. *FLIP*: the mean, as in benchmarks.art_quality. Writes
art_spectrum.json and .md.
"""

from __future__ import annotations

import importlib
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from benchmarks.art_quality import KINDS, answer, options_for, settings_for
from PIL import Image

from depixel.client.readings import MATERIAL_NAMES
from depixel.upsampler import Upsampler

PEERS = ("lanczos", "waifu2x-anime", "spanglue-ch48", "realesrgan-x4plus-anime+pad")
FLAT, AROUND = 2.0, 6


def luma(path: Path) -> np.ndarray:
    """[H, W] in levels, over mid grey."""
    pixels = np.asarray(Image.open(path).convert("RGBA")).astype(np.float64)
    alpha = pixels[..., 3:] / 255
    on_grey: np.ndarray = (pixels[..., :3] * alpha + 127.5 * (1 - alpha)) @ np.array([0.299, 0.587, 0.114])
    return on_grey


def octave(grey: np.ndarray) -> float:
    """Energy of the highest octave; the picture is mirrored first, so that its borders are not edges."""
    whole = np.block([[grey, grey[:, ::-1]], [grey[::-1], grey[::-1, ::-1]]])
    rows, columns = (np.abs(np.fft.fftfreq(n)) for n in whole.shape)
    high = np.maximum(rows[:, None], columns[None, :]) >= 0.25
    return float((np.abs(np.fft.fft2(whole)) ** 2)[high].sum() / whole.size**2)


def flat_places(truth: np.ndarray) -> np.ndarray:
    """[H, W] bool: whether the truth stays within FLAT levels for AROUND pixels to each side."""
    grey = F.pad(torch.tensor(truth)[None, None], (AROUND,) * 4, mode="replicate")
    high, low = F.max_pool2d(grey, 2 * AROUND + 1, 1), -F.max_pool2d(-grey, 2 * AROUND + 1, 1)
    return np.asarray((high - low)[0, 0] <= FLAT)


def roughness(grey: np.ndarray) -> np.ndarray:
    """[H, W]: square of the difference from the mean over 5x5."""
    plane = torch.tensor(grey)[None, None]
    smooth = F.avg_pool2d(F.pad(plane, (2,) * 4, mode="replicate"), 5, 1)
    return np.asarray((plane - smooth)[0, 0].square())


def flip(truth: Path, answer: Path) -> float:
    """Mean FLIP over mid grey; nan if the harness's library is missing."""
    try:
        evaluate = importlib.import_module("flip_evaluator").evaluate
    except ImportError:
        return float("nan")
    pair = []
    for path in (truth, answer):
        pixels = np.asarray(Image.open(path).convert("RGBA")).astype(np.float32) / 255
        alpha = pixels[..., 3:]
        pair.append(pixels[..., :3] * alpha + 128 / 255 * (1 - alpha))
    height, width = (min(a, b) for a, b in zip(pair[0].shape[:2], pair[1].shape[:2], strict=True))
    return float(evaluate(*(np.ascontiguousarray(p[:height, :width]) for p in pair), "LDR", applyMagma=False)[1])


def measured(folder: Path, truths: list[Path]) -> dict[str, float]:
    """The columns over the truths for which the folder has an answer."""
    ratios, rough, places = [], 0.0, 0
    flips: list[float] = []
    for path in truths:
        if not (folder / path.name).exists():
            continue
        flips.append(flip(path, folder / path.name))
        truth, grey = luma(path), luma(folder / path.name)
        height, width = (min(a, b) for a, b in zip(truth.shape, grey.shape, strict=True))
        truth, grey = truth[:height, :width], grey[:height, :width]
        if octave(truth) > 1e-3:
            ratios.append(octave(grey) / octave(truth))
        flat = flat_places(truth)
        rough, places = rough + float(roughness(grey)[flat].sum()), places + int(flat.sum())
    within = [0.7 <= ratio <= 1.3 for ratio in ratios]
    return {
        "pictures": len(ratios),
        "octave": float(np.median(ratios)),
        "within": float(np.mean(within)),
        "flat": (rough / max(1, places)) ** 0.5,
        "flip": float(np.mean(flips)),
    }


def tables(rows: list[dict[str, Any]], columns: dict[str, tuple[str, str]]) -> list[str]:
    """Markdown, a table for each kind: a row's name and its values; heading => (key, format)."""
    lines = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        lines += ["", f"## {kind}", "", f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
        for row in (row for row in rows if row["kind"] == kind):
            values = (format(row[key], style) for key, style in columns.values())
            lines.append(f"| {row['name']} | {' | '.join(values)} |")
    return lines


def at_eight(engine: Upsampler, truths: list[Path], work: Path) -> list[dict[str, Any]]:
    """Rows of textures that were reduced by 8: the calm answer, and each material at x8."""
    small = work / "small"
    small.mkdir()
    for path in truths:
        image = Image.open(path).convert("RGB")
        image.crop((0, 0, image.width // 8 * 8, image.height // 8 * 8)).reduce(8).save(small / path.name)
    calm = replace(settings_for("textures", "area"), scale=8)
    rows = []
    for name in ("", *MATERIAL_NAMES):
        folder = work / (name or "calm")
        answer(engine, small, folder, replace(calm, reading=name or "auto"))
        shown = f"depixel, reading {name}" if name else "depixel, calm"
        rows.append({"name": shown, "kind": "textures at x8", **measured(folder, truths)})
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = options_for(__doc__)
    parser.add_argument("--count", type=int, default=24, help="pictures of each kind")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    engine = Upsampler("cpu", {} if arguments.weights == "art-small" else {"art": arguments.weights})
    rows: list[dict[str, Any]] = []
    for kind in KINDS:
        source = arguments.eval / "evalset" / kind
        truths = sorted((source / "hr").glob("*.png"))
        truths = truths[:: max(1, len(truths) // arguments.count)][: arguments.count]
        with tempfile.TemporaryDirectory() as temporary:
            work = Path(temporary)
            small = work / "small"
            small.mkdir()
            for path in truths:
                (small / path.name).symlink_to((source / "lr4" / path.name).resolve())
            calm = settings_for(kind, "area")
            subjects = {
                "truth": source / "hr",
                "depixel, calm": calm,
                "depixel, best": replace(calm, quality="best"),
                "depixel, reading sharp": replace(calm, reading="sharp"),
                "depixel, reading painted": replace(calm, reading="painted"),
                "depixel, reading hard": replace(calm, reading="hard"),
                "depixel, imagination 0.6": replace(calm, imagination=0.6),
                **{f"depixel, reading {m}": replace(calm, reading=m) for m in MATERIAL_NAMES if kind == "textures"},
                **{name: arguments.eval / "peers" / name / kind for name in PEERS},
            }
            for name, subject in subjects.items():
                folder = subject if isinstance(subject, Path) else work / name
                if not isinstance(subject, Path):
                    answer(engine, small, folder, subject)
                if any((folder / path.name).exists() for path in truths):
                    rows.append({"name": name, "kind": kind, **measured(folder, truths)})
                    print(rows[-1], flush=True)
            if kind == "textures":
                eight = work / "eight"
                eight.mkdir()
                rows += at_eight(engine, truths, eight)
    spec = engine.shelf.art().spec
    arguments.out.mkdir(parents=True, exist_ok=True)
    document = {"model": spec.name, "digest": spec.digest, "rows": rows}
    (arguments.out / "art_spectrum.json").write_text(json.dumps(document, indent=1) + "\n")
    lines = [
        "# Art: the highest octave, and flats",
        "",
        f"{spec.name} {spec.digest}, x4 from area inputs, except where x8 is named.",
    ]
    lines += [
        "Octave: energy of the finest details relative to the truth's (median; 1 is right), and the share of pictures"
    ]
    lines += ["from 0.7 to 1.3. Flat: noise in levels where the truth is flat."]
    lines += tables(
        rows,
        {
            "octave": ("octave", ".2f"),
            "from 0.7 to 1.3": ("within", ".0%"),
            "flat": ("flat", ".2f"),
            "FLIP": ("flip", ".4f"),
        },
    )
    (arguments.out / "art_spectrum.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
