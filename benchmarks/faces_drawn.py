"""
The effect of drawn detail on faces, on held-out portraits reduced to 16 pixels:

    python -m benchmarks.faces_drawn --data FACES256 --out benchmarks/results --rows FOLDER --count 32
        [--judge PYTHON_WITH_DLIB]

Measures the error to the truth at 128 pixels (calm and drawn), PULSE's eps before the projection, sharpness beyond 128
pixels, the energy of the two highest octaves relative to our own random portraits and of the lower one relative to the
truth (held-out portraits have plainer hair, clothes and backgrounds than random people), the distance of the landmarks
from the truth's, and with a judge (benchmarks/faces_judge_worker.py) how many faces it finds and how far apart four
candidates of one input are. Writes faces_drawn.json, a sheet of all inputs at 256 pixels (input, calm, four candidates,
truth), and one of the first inputs at 512.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from benchmarks.faces_judge import distances, judged
from benchmarks.faces_measures import psnr
from benchmarks.resumed_rows import Cells, Row, options_of_rows, resumed
from PIL import Image
from torch import Tensor
from training.faces_data import Portraits, load_portraits

from depixel.degradation import resize
from depixel.faces.reader import released_reader
from depixel.picture import Picture
from depixel.portrait import render, sample
from depixel.request import PULSE_EPS, Request
from depixel.upsampler import Upsampler

SMALL, ANSWER, LARGE = 16, 128, 512
SHOWN_LARGE = 6
"""Number of inputs on the sheet at 512 pixels."""
CANDIDATES = 4


def pixels_of(picture: Tensor) -> Cells:
    """[3, h, w] in [0, 1] as [h, w, 3]."""
    return np.asarray((picture.permute(1, 2, 0) * 255).round().byte())


def picture_of(pixels: Tensor) -> Picture:
    """[3, h, w] in [0, 1] as a picture."""
    return Picture((pixels_of(pixels),))


def tensor_of(picture: Picture) -> Tensor:
    """[1, 3, H, W] in [0, 1]."""
    return torch.from_numpy(picture.rgba(0)[..., :3].copy()).permute(2, 0, 1)[None].float() / 255


def octaves(picture: Tensor) -> list[float]:
    """Energy of [1, 3, S, S] above 128 pixels (128 to 256) and above 256 pixels (256 to 512)."""
    return [octave(picture, side) for side in (256, 512)]


def octave(picture: Tensor, side: int) -> float:
    """Energy of [1, 3, S, S] from side / 2 to `side` pixels, S at least `side`."""
    fine = resize(picture.mean(1, keepdim=True), side, side)
    coarse = F.interpolate(resize(fine, side // 2, side // 2), (side, side), mode="bicubic", align_corners=False)
    return float((fine - coarse).square().mean())


def blur_loss(picture: Tensor) -> float:
    """PSNR in dB of [1, 3, S, S] against itself reduced to 128 pixels and enlarged again: high means empty detail."""
    small = resize(picture, 128, 128)
    return float(psnr(F.interpolate(small, picture.shape[2:], mode="bicubic", align_corners=False), picture))


def main() -> None:
    parser = options_of_rows(__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--judge", help="a Python that has dlib")
    args = parser.parse_args()
    portraits = load_portraits(args.data, 256, evaluation=True)
    chosen = ((torch.arange(args.count) + 0.5) * len(portraits) / args.count).long().tolist()
    engine = Upsampler("cpu")
    random = [octaves(render(sample([seed]), LARGE, samples=2)) for seed in range(1000, 1008)]
    own = [mean(pair) for pair in zip(*random, strict=True)]
    args.out.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    sheet: list[Cells] = []
    for k in every_fourth_first(chosen):
        measure = partial(_measured, engine, portraits, k, args.judge)
        row, cells = resumed(args.rows, Path(portraits.names[k]).stem, measure)
        row["truth's octave"] = octave(portraits.pixels[k][None].float() / 255, 256)
        rows.append(row)
        sheet.append(cells)
        print(row, flush=True)
        summary = _summary(rows, own)
        text = json.dumps({"summary": summary, "rows": rows}, indent=1) + "\n"
        (args.out / "faces_drawn.json").write_text(text, "utf-8")
        _save_sheet([_halved(line) for line in sheet], args.out / "faces_drawn.jpg")
        _save_sheet(sheet[:SHOWN_LARGE], args.out / "faces_drawn_512.jpg")
    print(json.dumps(summary, indent=1))


def every_fourth_first(items: list[int]) -> list[int]:
    """The items in an order in which any beginning is spread over the whole list."""
    return [item for start in (0, 2, 1, 3) for item in items[start::4]]


def _measured(engine: Upsampler, portraits: Portraits, k: int, judge: str | None) -> tuple[Row, Cells]:
    truth, places = portraits.pixels[k][None].float() / 255, portraits.landmarks[k]
    small = resize(truth, SMALL, SMALL)[0]
    calm = engine.upsample(picture_of(small), Request(domain="faces", scale=ANSWER // SMALL, detail="calm")).picture
    request = Request(domain="faces", scale=LARGE // SMALL, candidates=CANDIDATES, exact="always")
    drawn = engine.upsample(picture_of(small), request)
    faces = [tensor_of(candidate.picture) for candidate in drawn.candidates]
    # The candidate that stays closest to the pixels.
    first = next(tensor_of(c.picture) for c in drawn.candidates if c.seed == 0)
    at_128, soft = resize(truth, ANSWER, ANSWER), tensor_of(calm)
    opaque = torch.cat([resize(first, ANSWER, ANSWER), torch.ones(1, 1, ANSWER, ANSWER)], 1)
    seen = released_reader().read(opaque).landmarks[0]
    width = (places[2] - places[5]).norm() / 0.62
    row: Row = {
        "portrait": portraits.names[k],
        "calm dB": float(psnr(soft, at_128)),
        "drawn dB": float(psnr(resize(first, ANSWER, ANSWER), at_128)),
        "best score": min(c.score for c in drawn.candidates),
        "scores": [c.score for c in drawn.candidates],
        "dB to itself": blur_loss(first),
        "octaves": octaves(first),
        "landmarks": float(((seen - places)[[0, 1, 7, 8]].norm(dim=1) / width).mean()),
        "exact": all(c.residual.exact for c in drawn.candidates),
    }
    if judge:
        answers = judged(judge, (pixels_of(face[0]) for face in faces))
        row["faces found"] = sum(answer is not None for answer in answers)
        row["distance"] = mean(distances(answers) or [0.0])
    cells = [F.interpolate(small[None], (LARGE, LARGE)), _large(soft), *faces, _large(truth)]
    return row, pixels_of(torch.cat(cells, 3)[0].clamp(0, 1))


def _large(picture: Tensor) -> Tensor:
    return F.interpolate(picture, (LARGE, LARGE), mode="bicubic", align_corners=False)


def _halved(line: Cells) -> Cells:
    image = Image.fromarray(line)
    return np.asarray(image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX))


def _save_sheet(lines: list[Cells], path: Path) -> None:
    Image.fromarray(np.concatenate(lines)).save(path, quality=84)


def _summary(rows: list[Row], own: list[float]) -> dict[str, Any]:
    def average(name: str) -> float:
        return float(mean(row[name] for row in rows))

    summary = {
        "portraits": len(rows),
        "calm dB": average("calm dB"),
        "drawn dB": average("drawn dB"),
        "within PULSE's eps, best of 4, %": 100 * mean(row["best score"] <= PULSE_EPS for row in rows),
        "within PULSE's eps, all candidates, %": 100
        * mean(score <= PULSE_EPS for row in rows for score in row["scores"]),
        "exact after the projection, %": 100 * average("exact"),
        "dB of 512 pixels against itself through 128": average("dB to itself"),
        "energy 128 to 256 pixels, own random portraits = 1": mean(row["octaves"][0] for row in rows) / own[0],
        "energy 256 to 512 pixels, own random portraits = 1": mean(row["octaves"][1] for row in rows) / own[1],
        "energy 128 to 256 pixels, truth = 1": mean(row["octaves"][0] for row in rows) / average("truth's octave"),
        "eyes and mouth corners from the truth's, parts of the face's width": average("landmarks"),
    }
    if "distance" in rows[0]:
        summary["judge: faces found, %"] = 100 * mean(row["faces found"] / CANDIDATES for row in rows)
        summary["judge: mean distance of 4 candidates"] = average("distance")
    return summary


if __name__ == "__main__":
    main()
