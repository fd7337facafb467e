"""`--dry-run`: shows what would be done with each input, without computing or writing anything."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from depixel import __version__
from depixel.batch.caps import SizeCaps
from depixel.batch.disk import Read, reader
from depixel.batch.inputs import InputPictures
from depixel.batch.plan import PlannedPicture, Problem, problem_of
from depixel.batch.reading import read_planned
from depixel.request import Request
from depixel.terminal.printable import counted, one_line, shortened

if TYPE_CHECKING:
    from depixel.batch.sets import PictureSets


def show_plan(
    all_planned: list[PlannedPicture], settings: Request, args: argparse.Namespace, inputs: InputPictures
) -> int:
    """
    Print one line (or JSON entry) per input. The inputs are read, so that broken ones are found before the long run.

    Returns 1 if some would fail.
    """
    from depixel.batch.sets import PictureSets

    read, caps = reader(args.max_pixels), SizeCaps(args.only_below, args.most)
    sets = PictureSets(planned.source for planned in all_planned if planned.problem is None)
    rows = [_row(planned, settings, read, caps, sets) for planned in all_planned]
    counts = {status: sum(1 for row in rows if row["status"] == status) for status in ("planned", "skipped", "failed")}
    if args.json:
        values = {
            "depixel": __version__,
            "dry_run": True,
            "settings": settings.to_dict(),
            "counts": {"inputs": len(rows), **counts, "ignored": inputs.ignored},
            "unopened": inputs.unopened,
            "pictures": rows,
        }
        sys.stdout.write(json.dumps(values, indent=2) + "\n")
        return 1 if counts["failed"] else 0
    for row in rows:
        sys.stdout.write(one_line(_line(row)) + "\n")
    summary = ", ".join(f"{count} {status}" for status, count in counts.items())
    sys.stdout.write(f"{counted(len(rows), 'input')}: {summary}. Nothing was written.\n")
    sys.stdout.write("".join(one_line(sentence) + "\n" for sentence in [*_possible(rows), *shortened(inputs.unopened)]))
    return 1 if counts["failed"] else 0


def _row(
    planned: PlannedPicture, settings: Request, read: Read, caps: SizeCaps, sets: PictureSets
) -> dict[str, Any]:  # fmt: skip
    from depixel.preparation.keys import key_of, with_alpha
    from depixel.preparation.prepare import prepare
    from depixel.preparation.sheets import layout_of

    row: dict[str, Any] = {"name": planned.name, "source": str(planned.source)}
    if planned.problem is not None:
        return {**row, **_described(planned.problem)}
    try:
        member = read_planned(planned, settings, read, caps, sets)
        if isinstance(member, Problem):
            return {**row, **_described(member)}
        picture, settings = member.picture, member.request
        key = key_of(picture, settings)
        keyed = picture if key is None else with_alpha(picture, key)
        layout = layout_of(keyed, settings)
        prepared = prepare(keyed, settings, layout)
    except Exception as error:  # noqa: BLE001 (one bad file must not hide the others)
        return {**row, **_described(problem_of(error))}
    notes = [*prepared.notes, *(each.note for each in (layout, key) if each is not None), *filter(None, [member.note])]
    width, height = settings.answer_size(picture.width, picture.height, prepared.scale)
    most = settings.most_answers if len(picture.frames) == 1 else settings.answers
    targets = [str(target) for target in planned.targets(most)]
    return {
        **row,
        "status": "planned",
        "targets": targets[: settings.answers],
        "possible_targets": targets[settings.answers :],
        "width": picture.width,
        "height": picture.height,
        "frames": len(picture.frames),
        "scale": prepared.scale,
        "answer": {"width": width, "height": height},
        "domain": prepared.domain.name,
        "degradation": prepared.degradation.name,
        "wrap": {"x": prepared.wrap[0], "y": prepared.wrap[1]},
        "notes": notes,
    }


def _described(problem: Problem) -> dict[str, str]:
    return {"status": problem.status, "code": problem.code, "reason": problem.reason}


# Whether a picture looks like a face is known only after the search.
def _possible(rows: list[dict[str, Any]]) -> list[str]:
    targets = [target for row in rows for target in row.get("possible_targets", ())]
    if not targets:
        return []
    which = targets[0] if len(targets) == 1 else f"for example {targets[0]}"
    return [f"If an input does not look like a face, one more file is written with its exact version: {which}."]


def _line(row: dict[str, Any]) -> str:
    if row["status"] != "planned":
        return f"{row['status']}: {row['name']}: {row['reason']}"
    more = f" (+{counted(len(row['targets']) - 1, 'candidate')})" if len(row["targets"]) > 1 else ""
    sizes = f"{row['width']}x{row['height']} -> {row['answer']['width']}x{row['answer']['height']}"
    return f"{row['name']} -> {row['targets'][0]}{more}  {sizes}, {row['domain']}, {row['degradation']}"
