"""
Before and after `depixel anonymise`, with and without --unlike, on held-out portraits of 256 pixels.

    python -m benchmarks.faces_anonymised --data FACES256 --out benchmarks/results --rows FOLDER
        [--count 8] [--judge PYTHON_WITH_DLIB]

Writes faces_anonymised.jpg (original, the kept pixels, anonymised, anonymised with --unlike) and faces_anonymised.json:
how many pixels were kept, how far the reader finds the new face from the original, and with a judge
(benchmarks/faces_judge_worker.py) the distance of their descriptors; different persons are more than about 0.6 apart.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from statistics import mean

import numpy as np
import torch
import torch.nn.functional as F
from benchmarks.faces_drawn import picture_of, pixels_of, tensor_of
from benchmarks.faces_judge import distances, judged
from benchmarks.resumed_rows import Cells, Row, options_of_rows, resumed
from PIL import Image
from training.faces_data import Portraits, load_portraits

from depixel.degradation import resize
from depixel.faces.anonymiser import replace_face
from depixel.faces.differing import differences
from depixel.faces.hidden import HiddenPlace
from depixel.request import Request
from depixel.upsampler import Upsampler

SIZE, KEPT = 256, 12
BOX = (0, 0, SIZE, SIZE)
WAYS = {"plain": False, "unlike": True}


def main() -> None:
    parser = options_of_rows(__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--judge", help="a Python that has dlib")
    args = parser.parse_args()
    portraits = load_portraits(args.data, SIZE, evaluation=True)
    chosen = ((torch.arange(args.count) + 0.25) * len(portraits) / args.count).long().tolist()
    engine = Upsampler("cpu")
    rows: list[Row] = []
    sheet: list[Cells] = []
    args.out.mkdir(parents=True, exist_ok=True)
    for k in chosen:
        row, cells = resumed(
            args.rows, Path(portraits.names[k]).stem, partial(_measured, engine, portraits, k, args.judge)
        )
        rows.append(row)
        sheet.append(cells)
        print(row, flush=True)
        text = json.dumps({"summary": _summary(rows), "rows": rows}, indent=1) + "\n"
        (args.out / "faces_anonymised.json").write_text(text, "utf-8")
        Image.fromarray(np.concatenate(sheet)).save(args.out / "faces_anonymised.jpg", quality=86)


def _measured(engine: Upsampler, portraits: Portraits, k: int, judge: str | None) -> tuple[Row, Cells]:
    original = picture_of(portraits.pixels[k].float() / 255)
    truth = tensor_of(original)
    row: Row = {"portrait": portraits.names[k]}
    cells = [truth, F.interpolate(resize(truth, KEPT, KEPT), (SIZE, SIZE))]
    request = Request(domain="faces", imagination=0.3)
    for name, unlike in WAYS.items():
        done = replace_face(engine, original, HiddenPlace(BOX), KEPT, request, unlike=unlike)
        row[name] = {
            "kept": done.kept,
            "exact": done.report.residual.exact,
            "reader": differences(original, [done.picture])[0],
        }
        cells.append(tensor_of(done.picture))
    if judge:
        faces = judged(judge, (pixels_of(face[0]) for face in [truth, *cells[2:]]))
        for name, face in zip(WAYS, faces[1:], strict=True):
            row[name]["judge"] = next(iter(distances([faces[0], face])), None)
    return row, pixels_of(torch.cat(cells, 3)[0])


def _summary(rows: list[Row]) -> Row:
    summary: Row = {"portraits": len(rows)}
    for name in WAYS:
        measured = [row[name]["judge"] for row in rows if row[name].get("judge") is not None]
        summary[name] = {
            "exact, %": 100 * mean(row[name]["exact"] for row in rows),
            "reader: mean distance": mean(row[name]["reader"] for row in rows),
            "judge: pairs": len(measured),
            "judge: mean distance": mean(measured) if measured else None,
            "judge: another person (more than 0.6), %": 100 * mean(d > 0.6 for d in measured) if measured else None,
        }
    return summary


if __name__ == "__main__":
    main()
