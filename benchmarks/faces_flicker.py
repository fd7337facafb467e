"""
Flicker of faces in clips: held-out portraits that sway, nod and come closer, at 16 pixels, answered frame by frame and
as one animation whose latents are carried from frame to frame.

    python -m benchmarks.faces_flicker --data FACES256 --out benchmarks/results [--portraits 8] [--frames 10]

Flicker is the difference between the frame-to-frame changes of answer and truth, in levels (RMSE). A still clip, with
noise of three levels on the input, shows false movement.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import statistics
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from benchmarks.result_file import markdown_table
from torch import Tensor
from training.faces_data import load_portraits

from depixel.consistency import project
from depixel.degradation import AreaDegradation
from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler

SMALL, LARGE = 16, 128
COLUMNS = ("bicubic", "bicubic made exact", "alone", "carried")
NOISE = 3.0  # levels on the still clip's input


def swaying(face: Tensor, frames: int) -> Tensor:
    """[3, 128, 128] uint8 => [frames, 3, 128, 128] in 0 ... 255: turned, moved and scaled a little."""
    out = []
    for t in range(frames):
        turn, zoom = math.radians(4 * math.sin(t / 3)), 1 + 0.03 * math.sin(t / 2)
        c, s = zoom * math.cos(turn), zoom * math.sin(turn)
        theta = torch.tensor([[[c, -s, 0.06 * math.sin(t / 2.5)], [s, c, 0.03 * math.cos(t / 2)]]])
        grid = F.affine_grid(theta, [1, 3, LARGE, LARGE], align_corners=False)
        moved = F.grid_sample(face[None].float(), grid, mode="bicubic", padding_mode="border", align_corners=False)
        out.append(moved[0].clamp(0, 255))
    return torch.stack(out)


def still(face: Tensor, frames: int) -> Tensor:
    """The same face in every frame."""
    return face[None].float().expand(frames, -1, -1, -1)


def answers(upsampler: Upsampler, small: Tensor, imagination: float, together: bool) -> Tensor:
    """[F, 3, 16, 16] levels => [F, 3, 128, 128] levels."""
    frames = tuple(frame.permute(1, 2, 0).byte().numpy() for frame in small)
    settings = Request(domain="faces", scale=LARGE // SMALL, imagination=imagination)
    if together:
        large = upsampler.upsample(Picture(frames, durations=(100.0,) * len(frames)), settings).picture.frames
    else:
        large = tuple(upsampler.upsample(Picture((frame,)), settings).picture.frames[0] for frame in frames)
    return torch.from_numpy(np.stack(large)).permute(0, 3, 1, 2)[:, :3].float()


def flicker(answer: Tensor, truth: Tensor) -> float:
    """RMSE in levels between the frame-to-frame changes of the two."""
    return float(((answer[1:] - answer[:-1]) - (truth[1:] - truth[:-1])).square().mean().sqrt())


def _opaque(levels: Tensor) -> Tensor:
    return torch.cat([levels / 255, torch.ones_like(levels[:, :1])], 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--portraits", type=int, default=6)
    parser.add_argument("--frames", type=int, default=10)
    args = parser.parse_args()
    torch.set_num_threads(1)
    portraits = load_portraits(args.data, LARGE, evaluation=True).pixels
    chosen = portraits[torch.linspace(0, len(portraits) - 1, args.portraits).long()]
    upsampler = Upsampler("cpu")
    generator = torch.Generator().manual_seed(0)
    rows: dict[str, dict[str, list[float]]] = {}
    seconds: dict[str, list[float]] = {"alone": [], "carried": []}
    model = ""
    for face in chosen:
        for clip, truth in (("moving", swaying(face, args.frames)), ("still, noisy input", still(face, args.frames))):
            small = F.avg_pool2d(truth, LARGE // SMALL)
            if clip != "moving":
                small = small + NOISE * torch.randn(small.shape, generator=generator)
            small = small.round().clamp(0, 255)
            enlarged = F.interpolate(small, scale_factor=float(LARGE // SMALL), mode="bicubic").clamp(0, 255)
            exact = 255 * project(_opaque(enlarged), _opaque(small), AreaDegradation(LARGE // SMALL))[:, :3]
            for imagination in (0.0, 0.8):
                row = rows.setdefault(f"{clip}, imagination {imagination:g}", {name: [] for name in COLUMNS})
                row["bicubic"].append(flicker(enlarged, truth))
                row["bicubic made exact"].append(flicker(exact, truth))
                for name in ("alone", "carried"):
                    started = time.perf_counter()
                    row[name].append(flicker(answers(upsampler, small, imagination, name == "carried"), truth))
                    seconds[name].append((time.perf_counter() - started) / args.frames)
    prior = upsampler.shelf.faces()
    model = f"{prior.spec.name} {prior.spec.digest}"
    result = {
        "model": model,
        "portraits": args.portraits,
        "frames": args.frames,
        "flicker_levels": {k: {n: statistics.mean(v) for n, v in row.items()} for k, row in rows.items()},
        "seconds_a_frame": {k: statistics.median(v) for k, v in seconds.items()},
        "machine": f"{platform.machine()}, one thread",
    }
    (args.out / "faces_flicker.json").write_text(json.dumps(result, indent=2) + "\n")
    (args.out / "faces_flicker.md").write_text(_page(result))


def _page(result: dict[str, object]) -> str:
    table, seconds = result["flicker_levels"], result["seconds_a_frame"]
    assert isinstance(table, dict) and isinstance(seconds, dict)
    lines = [
        "# Flicker of faces in clips",
        "",
        f"{result['portraits']} held-out portraits, {result['frames']} frames of {SMALL}x{SMALL} pixels each, to "
        f"{LARGE}: `python -m benchmarks.faces_flicker` with {result['model']}.",
        "RMSE in levels between the frame-to-frame change of the answer and of the truth; lower is steadier. *alone*: "
        "each frame is a picture of its own; *carried*: one animation.",
        "",
        *markdown_table("clip", COLUMNS, {name: [f"{r[c]:.2f}" for c in COLUMNS] for name, r in table.items()}),
        "",
        f"Seconds a frame, median: alone {seconds['alone']:.2f}, carried {seconds['carried']:.2f} "
        f"({result['machine']}).",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
