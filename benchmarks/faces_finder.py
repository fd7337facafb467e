"""
Detection rate and false alarms of the face finder: scenes of held-out portraits on backgrounds never used in training,
and the same backgrounds without faces.

    python -m benchmarks.faces_finder --data FACES256 --backgrounds FOLDER --out benchmarks/results [--plain FOLDER]

A face counts as found if a frame matches it: centres closer than a quarter of its side, sides within a factor of 1.4.
All other frames are false alarms. `--plain`: a few photographs, each examined as a whole.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import statistics
import time
from pathlib import Path

import torch
from benchmarks.faces_finder_sheet import save_sheet
from torch import Tensor
from training.faces_data import load_portraits
from training.finder_data import Truth, frames_of, load_backgrounds, make_scenes

from depixel import files
from depixel.faces.finder import MOST_SIDE, RELEASED_FINDER, THRESHOLD, FaceFinder, Frame
from depixel.preparation.tensors import integers, premultiplied

SIZE = 256  # pixels of a scene
SIDES = (14.0, 150.0)
BANDS = (("12 to 20", 0, 20), ("20 to 40", 20, 40), ("40 to 80", 40, 80), ("80 to 150", 80, 999))
ROLLS = (("up to 15", 0, 15), ("15 to 30", 15, 30), ("30 to 45", 30, 46))
THRESHOLDS = (0.3, 0.4, THRESHOLD, 0.6, 0.7, 0.8)


def hits(frames: list[Frame], truth: Truth, scene: int) -> tuple[dict[int, Frame], int]:
    """{row of truth: its frame}, and how many of the frames match no face."""
    left = list(frames)
    matched: dict[int, Frame] = {}
    for row in torch.nonzero(truth.scene == scene)[:, 0].tolist():
        x, y = truth.centre[row].tolist()
        side = float(truth.side[row])
        near = [f for f in left if math.hypot(f.x - x, f.y - y) < side / 4 and 1 / 1.4 < f.side / side < 1.4]
        if near:
            best = min(near, key=lambda f: math.hypot(f.x - x, f.y - y))
            matched[row] = best
            left.remove(best)
    return matched, len(left)


def inside(truth: Truth, size: int) -> Tensor:
    """[M] bool: whether the face is almost completely inside the scene."""
    reach = truth.side[:, None] * 0.3
    return ((truth.centre > reach) & (truth.centre < size - reach)).all(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--backgrounds", type=Path, required=True)
    parser.add_argument("--plain", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=RELEASED_FINDER)
    parser.add_argument("--scenes", type=int, default=250)
    args = parser.parse_args()
    torch.set_num_threads(1)
    finder = FaceFinder.from_weights(args.weights)
    portraits = load_portraits(args.data, 128, evaluation=True)
    backgrounds = load_backgrounds(sorted(args.backgrounds.iterdir()), 1, 500)
    generator = torch.Generator().manual_seed(7)
    scenes, truth = make_scenes(
        portraits, frames_of(portraits.landmarks), backgrounds, args.scenes, SIZE, generator, most=3, sides=SIDES
    )
    opaque = torch.cat([scenes, torch.ones_like(scenes[:, :1])], 1)
    started = time.process_time()
    per_picture = [finder.find(opaque[k : k + 1], min(THRESHOLDS)) for k in range(len(opaque))]
    seconds = (time.process_time() - started) / len(opaque)

    whole = inside(truth, SIZE)
    table, errors = {}, []
    for threshold in THRESHOLDS:
        rows: dict[int, Frame] = {}
        alarms = 0
        for k, frames in enumerate(per_picture):
            matched, wrong = hits([f for f in frames if f.score >= threshold], truth, k)
            rows.update(matched)
            alarms += wrong
        hit = torch.zeros(len(truth.scene), dtype=torch.bool)
        hit[list(rows)] = True
        share = _shares(hit[whole], truth, whole)
        table[f"{threshold:.1f}"] = {**share, "false_alarms_a_scene": alarms / len(opaque)}
        if threshold == THRESHOLD:
            errors = [_errors(truth, row, frame) for row, frame in rows.items() if whole[row]]
    empty = [finder.find(_opaque_square(square)) for square in backgrounds]
    turned, _ = make_scenes(
        portraits, frames_of(portraits.landmarks), backgrounds, 100, SIZE, generator, most=1, sides=SIDES, decoys=1.0
    )
    false_alarms = [finder.find(_opaque(scene)) for scene in turned]
    result = {
        "scenes": len(opaque),
        "faces": int(whole.sum()),
        "backgrounds": len(backgrounds),
        "threshold": THRESHOLD,
        "by_threshold": table,
        "median_error": {
            name: statistics.median(error[k] for error in errors)
            for k, name in enumerate(("centre_of_side", "side_ratio", "roll_degrees"))
        },
        "false_alarms_on_backgrounds": sum(bool(frames) for frames in empty) / len(empty),
        "frames_a_scene_of_turned_heads": sum(len(frames) for frames in false_alarms) / len(false_alarms),
        "seconds_a_scene": seconds,
        "machine": f"{platform.machine()}, one thread",
    }
    if args.plain is not None:
        result["plain"] = _plain(finder, args.plain)
    (args.out / "faces_finder.json").write_text(json.dumps(result, indent=2) + "\n")
    (args.out / "faces_finder.md").write_text(_page(result))
    save_sheet(
        args.out / "faces_finder.jpg", scenes[:24], [[f for f in s if f.score >= THRESHOLD] for s in per_picture[:24]]
    )


def _shares(hit: Tensor, truth: Truth, whole: Tensor) -> dict[str, float]:
    side, roll = truth.side[whole], truth.roll[whole].rad2deg().abs()
    shares = {"all": float(hit.float().mean())}
    for name, low, high in BANDS:
        shares[f"side {name}"] = float(hit[(side >= low) & (side < high)].float().mean())
    for name, low, high in ROLLS:
        shares[f"roll {name}"] = float(hit[(roll >= low) & (roll < high)].float().mean())
    return shares


def _errors(truth: Truth, row: int, frame: Frame) -> tuple[float, float, float]:
    x, y = truth.centre[row].tolist()
    side = float(truth.side[row])
    turned = frame.roll - math.degrees(float(truth.roll[row]))
    ratio = max(frame.side / side, side / frame.side)
    return math.hypot(frame.x - x, frame.y - y) / side, ratio, abs(turned)


def _opaque_square(square: Tensor) -> Tensor:
    return _opaque(square.float() / 255)


# [3, H, W] => [1, 4, H, W] with alpha 1.
def _opaque(colours: Tensor) -> Tensor:
    return torch.cat([colours, torch.ones_like(colours[:1])])[None]


# Photographs: file name => sides of the detected frames.
def _plain(finder: FaceFinder, folder: Path) -> dict[str, list[int]]:
    sides = {}
    for path in sorted(folder.iterdir()):
        picture = files.read(path)
        small = premultiplied(integers(picture), picture.levels)
        sides[f"{path.name} ({picture.width}x{picture.height})"] = [round(f.side) for f in finder.find(small[:1])]
    return sides


def _page(result: dict[str, object]) -> str:
    table = result["by_threshold"]
    assert isinstance(table, dict)
    names = list(next(iter(table.values())))
    median = result["median_error"]
    assert isinstance(median, dict)
    lines = [
        "# Finding faces",
        "",
        f"{result['scenes']} scenes of {SIZE}x{SIZE} pixels with {result['faces']} held-out portraits (sides "
        f"{SIDES[0]:.0f} to {SIDES[1]:.0f} pixels, turned by up to 45 degrees, spoiled by light, blur, coarse pixels "
        "and noise) on backgrounds that no training saw: `python -m benchmarks.faces_finder`.",
        "Rendered portraits pasted on game art are kinder than photographs of people are; those are not measured here.",
        "",
        "Share of the faces found by threshold, and frames that lie on no face:",
        "",
        "| | " + " | ".join(f"{t}{' (used)' if float(t) == THRESHOLD else ''}" for t in table) + " |",
        "| --- |" + " --- |" * len(table),
    ]
    for name in names:
        values = [row[name] for row in table.values()]
        shown = (f"{v:.3f}" if name.startswith("false") else f"{v:.1%}" for v in values)
        lines.append(f"| {name.replace('_', ' ')} | " + " | ".join(shown) + " |")
    lines += [
        "",
        f"Where found (median): centre off by {median['centre_of_side']:.1%} of the side, side by a factor of "
        f"{median['side_ratio']:.3f}, roll by {median['roll_degrees']:.1f} degrees.",
        f"Backgrounds alone, 192x192 pixels: a false alarm on {result['false_alarms_on_backgrounds']:.1%}.",
        "Scenes of which three in four hold a head upside down or on its side, which is not looked for: "
        f"{result['frames_a_scene_of_turned_heads']:.2f} frames a scene.",
        f"{float(str(result['seconds_a_scene'])) * 1000:.0f} ms a scene ({result['machine']}); larger pictures are "
        f"looked at with at most {MOST_SIDE} pixels a side.",
    ]
    plain = result.get("plain")
    if isinstance(plain, dict):
        lines += ["", "Photographs (astronaut: one face), and the sides in pixels of the frames seen in them:", ""]
        lines += [f"- {name}: {', '.join(map(str, sides)) or 'none'}" for name, sides in plain.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
