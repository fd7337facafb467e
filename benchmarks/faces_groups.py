"""
Drawn answers by group: held-out portraits of every tone, gender and age, reduced to a few pixels, with several
candidates each at 128 pixels.

    python -m benchmarks.faces_groups --data FACES256 --out benchmarks/results --rows FOLDER [--side 16] [--each 1]
        [--candidates 4]

For each group: how often the best candidate, and any of them, is within PULSE's eps before the projection; the shift of
the skin's tone (degrees of the individual typology angle, Chardon et al. 1991; positive is lighter); and how far the
candidates for one input are apart in age, gender and tone, as the reader sees them. Writes faces_groups_SIDE.json and
faces_groups_SIDE.md.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from statistics import mean, median

import torch
from benchmarks.faces_drawn import picture_of, pixels_of, tensor_of
from benchmarks.faces_measures import skin_tone
from benchmarks.result_file import markdown_table
from benchmarks.resumed_rows import Cells, Row, options_of_rows, resumed
from torch import Tensor
from training.faces_data import Portraits, load_portraits

from depixel.degradation import resize
from depixel.faces.reader import released_reader
from depixel.request import PULSE_EPS, Request
from depixel.upsampler import Upsampler

ANSWER = 128
TONES = ("light", "medium", "dark")
AGES = ((0, "under 35"), (35, "35 to 60"), (60, "over 60"))
SEEN = ("age", "gender", "tone")


def groups_of(facts: dict[str, object]) -> dict[str, str]:
    """Kind of group => the group of a portrait with this metadata."""
    age = float(str(facts["age"]))
    return {
        "tone": TONES[min(int(str(facts["tone_group"])) * len(TONES) // 10, len(TONES) - 1)],
        "gender": "male" if float(str(facts["gender"])) >= 0.5 else "female",
        "age": [name for least, name in AGES if age >= least][-1],
    }


def balanced(metadata: list[dict[str, object]], each: int) -> list[int]:
    """Indices of the first `each` portraits of every combination of groups."""
    cells: dict[tuple[str, ...], list[int]] = {}
    for k, facts in enumerate(metadata):
        members = cells.setdefault(tuple(groups_of(facts).values()), [])
        if len(members) < each:
            members.append(k)
    return [k for number in range(each) for members in cells.values() for k in members[number : number + 1]]


def main() -> None:
    parser = options_of_rows(__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--side", type=int, default=16, help="pixels per side of the inputs")
    parser.add_argument("--candidates", type=int, default=4, help="answers to each input, at least 2")
    parser.add_argument("--each", type=int, default=1, help="portraits of each combination of groups")
    args = parser.parse_args()
    portraits = load_portraits(args.data, 256, evaluation=True)
    engine = Upsampler("cpu")
    rows: list[Row] = []
    args.out.mkdir(parents=True, exist_ok=True)
    for k in balanced(portraits.metadata, args.each):
        name = f"{args.side}-{Path(portraits.names[k]).stem}"
        row, _ = resumed(args.rows, name, partial(_measured, engine, portraits, k, args.side, args.candidates))
        rows.append(row)
        print(row, flush=True)
        table = {name: _summary(some) for name, some in _grouped(rows).items()}
        stem = args.out / f"faces_groups_{args.side}"
        stem.with_suffix(".json").write_text(json.dumps({"groups": table, "rows": rows}, indent=1) + "\n", "utf-8")
        stem.with_suffix(".md").write_text(_page(args.side, table), "utf-8")


def _measured(engine: Upsampler, portraits: Portraits, k: int, side: int, candidates: int) -> tuple[Row, Cells]:
    truth, places = portraits.pixels[k][None].float() / 255, portraits.landmarks[k][None]
    small = resize(truth, side, side)[0]
    request = Request(domain="faces", scale=ANSWER // side, candidates=candidates, exact="always")
    answers = engine.upsample(picture_of(small), request).candidates
    faces = torch.cat([tensor_of(one.picture) for one in answers])
    opaque = torch.cat([faces, torch.ones_like(faces[:, :1])], 1)
    seen = released_reader().read(opaque).numbers
    first = [one.seed for one in answers].index(0)
    shift = skin_tone(faces[first : first + 1], places) - skin_tone(resize(truth, ANSWER, ANSWER), places)
    row: Row = {
        "portrait": portraits.names[k],
        **groups_of(portraits.metadata[k]),
        "scores": [one.score for one in answers],
        "tone shift": float(shift),
        "apart": {name: _apart(seen[name]) for name in SEEN},
    }
    return row, pixels_of(torch.cat([resize(truth, ANSWER, ANSWER), *faces.split(1)], 3)[0])


# Mean distance of two of these numbers.
def _apart(numbers: Tensor) -> float:
    pairs = torch.combinations(numbers)
    return float((pairs[:, 0] - pairs[:, 1]).abs().mean())


def _grouped(rows: list[Row]) -> dict[str, list[Row]]:
    groups = {"all": rows}
    for kind in ("tone", "gender", "age"):
        for name in dict.fromkeys(row[kind] for row in rows):
            groups[f"{kind}: {name}"] = [row for row in rows if row[kind] == name]
    return groups


def _summary(rows: list[Row]) -> dict[str, float]:
    return {
        "portraits": len(rows),
        "candidates": len(rows[0]["scores"]),
        "best within eps, %": 100 * mean(min(row["scores"]) <= PULSE_EPS for row in rows),
        "all within eps, %": 100 * mean(score <= PULSE_EPS for row in rows for score in row["scores"]),
        "median error, levels": median(score**0.5 * 255 for row in rows for score in row["scores"]),
        "tone shift, degrees": median(row["tone shift"] for row in rows),
        "apart: years": mean(row["apart"]["age"] for row in rows),
        "apart: gender": mean(row["apart"]["gender"] for row in rows),
        "apart: tone": mean(row["apart"]["tone"] for row in rows),
    }


def _page(side: int, table: dict[str, dict[str, float]]) -> str:
    names = list(table["all"])
    lines = [
        f"# Drawn faces by group, inputs of {side}x{side} pixels",
        "",
        "Held-out portraits, measured before the projection makes them exact: "
        "`python -m benchmarks.faces_groups`. *Apart*: mean difference of two candidates for one input, as the reader "
        "sees them (gender and tone from 0 to 1).",
        "",
        *markdown_table("group", names, {n: [f"{row[key]:.3g}" for key in names] for n, row in table.items()}),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
