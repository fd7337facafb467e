"""
One input, eight wishes: a held-out portrait of 16 pixels with different dials, at 512 pixels.

    python -m benchmarks.faces_steering --data FACES256 --out benchmarks/results --rows FOLDER [--portrait N]

Writes faces_steering.jpg (input, answer without dials, eight answers with dials; then the truth) and
faces_steering.json: for each answer its dials, how far it is from the input before the projection, and what the reader
sees in it.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from benchmarks.faces_drawn import picture_of, pixels_of, tensor_of
from benchmarks.resumed_rows import Cells, Row, in_columns, options_of_rows, resumed
from torch import Tensor
from training.faces_data import load_portraits

from depixel.degradation import resize
from depixel.faces.reader import released_reader
from depixel.request import Request
from depixel.upsampler import Upsampler

SMALL, LARGE, SHOWN, COLUMNS = 16, 512, 384, 4
WISHES = (
    "",
    "same person, age=12",
    "same person, older",
    "same person, age=80",
    "same person, glasses=round",
    "same person, beard=full",
    "same person, smile=1",
    "hair=long",
    "hair=afro",
)


def main() -> None:
    parser = options_of_rows(__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--portrait", type=int, default=37, help="which of the held-out portraits")
    args = parser.parse_args()
    truth = load_portraits(args.data, 256, evaluation=True).pixels[args.portrait][None].float() / 255
    small = resize(truth, SMALL, SMALL)[0]
    engine = Upsampler("cpu")
    rows, cells = [], [_cell(F.interpolate(small[None], (SHOWN, SHOWN)))]
    for number, wish in enumerate(WISHES):
        row, cell = resumed(args.rows, f"{args.portrait}-{number}", partial(_measured, engine, small, wish))
        rows.append(row)
        cells.append(cell)
        print(row, flush=True)
    cells.append(_cell(F.interpolate(truth, (SHOWN, SHOWN), mode="bicubic", align_corners=False)))
    args.out.mkdir(parents=True, exist_ok=True)
    in_columns(cells, COLUMNS).save(args.out / "faces_steering.jpg", quality=86)
    (args.out / "faces_steering.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


def _measured(engine: Upsampler, small: Tensor, wish: str) -> tuple[Row, Cells]:
    request = Request(domain="faces", scale=LARGE // SMALL, face=wish, exact="always")
    (answer,) = engine.upsample(picture_of(small), request).candidates
    face = tensor_of(answer.picture)
    seen = released_reader().read(torch.cat([face, torch.ones_like(face[:, :1])], 1))
    row: Row = {
        "dials": wish,
        "levels": round(answer.score**0.5 * 255, 1),
        "exact": answer.residual.exact,
        "reader": {name: round(float(value), 2) for name, value in seen.numbers.items()},
    }
    return row, _cell(resize(face, SHOWN, SHOWN))


def _cell(picture: Tensor) -> Cells:
    return pixels_of(picture[0].clamp(0, 1))


if __name__ == "__main__":
    main()
