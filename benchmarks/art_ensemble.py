"""
Benefit and cost of averaging over flips and turns: quality and processor time of calm answers for each `ensemble`.

    python -m benchmarks.art_ensemble --eval EVAL [--out benchmarks/results] [--weights art-small]

EVAL as in `benchmarks.art_quality`; it is only read. One CPU thread.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from benchmarks.art_quality import KINDS, answer, harness, options_for, settings_for

from depixel.request import ENSEMBLES
from depixel.upsampler import Upsampler

COLUMNS = (("psnr", 2), ("flip", 4), ("lrcons", 3), ("residual_maximum", 2), ("cpu_mp", 2))


def main() -> None:
    arguments = options_for(__doc__).parse_args()
    torch.set_num_threads(1)
    engine = Upsampler("cpu", {"art": arguments.weights})
    os.environ.setdefault("EVAL_ROOT", str(arguments.eval))
    measure = harness(arguments.eval)
    rows: list[dict[str, Any]] = []
    for ensemble in (*ENSEMBLES, None):
        for kind in KINDS:
            with tempfile.TemporaryDirectory() as folder:
                settings = replace(settings_for(kind, "area"), ensemble=ensemble)
                answers = answer(engine, arguments.eval / "evalset" / kind / "lr4", Path(folder, kind), settings)
                scores = measure.evaluate(folder, kind, "lr4")
            quality = {key: scores[key] for key, _ in COLUMNS if key in scores}
            rows.append({"ensemble": ensemble or "default", "kind": kind, **quality, **answers})
    prior = engine.shelf.art().spec
    results = {"model": prior.name, "digest": prior.digest, "torch": torch.__version__, "threads": 1, "rows": rows}
    (arguments.out / "art_ensemble.json").write_text(json.dumps(results, indent=1) + "\n")
    lines = [
        "# Averaging over flips and turns",
        "",
        f"{prior.name} {prior.digest}, one CPU thread, x4, area inputs.",
        "",
    ]
    lines += ["| | ensemble | PSNR-Y dB | FLIP | shrink-back RMSE | worst pixel, levels | CPU s/megapixel |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for row in sorted(rows, key=lambda r: KINDS.index(r["kind"])):
        cells = " | ".join(f"{row[name]:.{digits}f}" for name, digits in COLUMNS)
        lines.append(f"| {row['kind']} | {row['ensemble']} | {cells} |")
    (arguments.out / "art_ensemble.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
