"""
Eight small crops of free photographs with their answers: scikit-image's astronaut (NASA, public domain), and faces of
25x25 pixels from its subset of Labeled Faces in the Wild.

    python -m benchmarks.faces_photographs --data SKIMAGE_DATA --out benchmarks/results [--judge PYTHON_WITH_DLIB]

SKIMAGE_DATA: the folder skimage/data of the scikit-image wheel. Writes faces_photographs.jpg (small crop, answer, four
pairs per row) and faces_photographs.json: in how many answers the judge finds a face, and how far each is from its
input before the projection.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.faces_judge import judged
from benchmarks.resumed_rows import in_columns
from PIL import Image

from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler

ASTRONAUT = {
    "astronaut, loose, 32 pixels": ((144, 0, 320, 176), 32),
    "astronaut, tight, 16 pixels": ((170, 40, 290, 160), 16),
}
"""Name => box in astronaut.png (left, top, right, bottom) and pixels per side."""
FACES = (0, 12, 25, 41, 60, 83)
"""Rows of lfw_subset.npy, whose first hundred are faces."""
SIDE, COLUMNS = 256, 4


def crops(folder: Path) -> dict[str, Image.Image]:
    """Name => RGB crop."""
    with Image.open(folder / "astronaut.png") as image:
        whole = image.convert("RGB")
    crops_by_name = {
        name: whole.crop(box).resize((side, side), Image.Resampling.BOX) for name, (box, side) in ASTRONAUT.items()
    }
    faces = np.load(folder / "lfw_subset.npy")
    for row in FACES:
        grey = (faces[row] * 255).round().clip(0, 255).astype(np.uint8)
        crops_by_name[f"25x25, number {row}"] = Image.fromarray(grey).convert("RGB")
    return crops_by_name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--judge", help="a Python that has dlib")
    args = parser.parse_args()
    engine, rows, cells = Upsampler("cpu"), [], []
    for name, crop in crops(args.data).items():
        request = Request(domain="faces", scale=-(-SIDE // crop.width))
        report = engine.upsample(Picture((np.asarray(crop),)), request)
        answer = Image.fromarray(report.picture.rgba(0)[..., :3])
        row: dict[str, Any] = {"picture": name, "levels": round(report.candidates[0].score ** 0.5 * 255, 1)}
        row["notes"] = list(report.notes)
        if args.judge:
            row["face found"] = judged(args.judge, [np.asarray(answer)])[0] is not None
        print(row, flush=True)
        rows.append(row)
        pair = [crop.resize((SIDE, SIDE), Image.Resampling.NEAREST), answer.resize((SIDE, SIDE))]
        cells.append(np.concatenate([np.asarray(one) for one in pair], 1))
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "faces_photographs.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    in_columns(cells, COLUMNS).save(args.out / "faces_photographs.jpg", quality=88)


if __name__ == "__main__":
    main()
