"""`depixel watch --dry-run`: what there is to do, how long it takes, what room it needs, by a measured sample."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from depixel.commands.upscale import open_engine
from depixel.commands.watch_engine import EngineWorker
from depixel.commands.watch_sheet import SHEET_PICTURES, draw_sheet
from depixel.errors import DepixelError
from depixel.settings import SearchSettings
from depixel_watch.profiles import load, names_in, recognise
from depixel_watch.survey import Member, Survey, survey
from depixel_watch.work import Texture, ask, finish

_SAMPLE_FILES = 48  # of one class of sizes
_SAMPLE_PIXELS = 2**16  # of one class, unless its pictures are larger
_MOST_SECONDS = 20.0  # of measuring


@dataclass(frozen=True)
class Estimate:
    """Of the whole run."""

    seconds: float
    bytes_then: int  # of all outputs
    measured: int  # pictures of the sample
    failed: int  # of those: what share of the pack may fail


def dry_run(args: argparse.Namespace, settings: SearchSettings, source: Path, out: Path) -> int:
    """Tell, and write the sheet of samples; the output folder is not touched."""
    profiles = load(own=source)
    profile = profiles.get(args.profile) or recognise(profiles, names_in(source))
    found = survey(source, profiles, profile, args.complete_pack, _complain)
    sheet: Path | None = None
    estimate = Estimate(0.0, found.copied_bytes, 0, 0)
    if found.textures:
        engine = open_engine(args)
        worker = EngineWorker(engine, settings, lambda: False, shared=args.engine != "local")
        estimate = measure(found, worker)
        sheet = args.sheet or out.with_name(f"{out.name}-samples.png")
        draw_sheet(chosen(found.textures, SHEET_PICTURES), engine, settings, sheet)
    free = shutil.disk_usage(next(p for p in (out, *out.parents) if p.exists())).free
    if args.json:
        sys.stdout.write(json.dumps(_values(found, estimate, free, sheet, out), indent=2) + "\n")
    else:
        sys.stdout.write("".join(line + "\n" for line in _sentences(found, estimate, free, sheet, out)))
    return 1 if found.failed else 0


def measure(found: Survey, worker: EngineWorker) -> Estimate:
    """
    Answer some textures of each size (each class is four times as many pixels as the one before), small ones first;
    sizes for which no time is left count as the largest that was measured, by their pixels.
    """
    classes: dict[int, list[int]] = defaultdict(list)
    for index, member in enumerate(found.textures):
        classes[(max(1, member.pixels).bit_length() + 1) // 2].append(index)
    threads = min(4, os.cpu_count() or 1)
    seconds = 0.0
    size = float(found.copied_bytes)
    measured = failed = 0
    rate: tuple[float, float] | None = None  # seconds and bytes a pixel
    started = time.perf_counter()
    for _, members in sorted(classes.items()):
        pixels = sum(found.textures[i].pixels for i in members)
        if rate is None or time.perf_counter() - started < _MOST_SECONDS:
            sample = [found.textures[i] for i in _sample(members, found)]
            took, made, wrong = _timed(sample, worker, threads)
            measured, failed = measured + len(sample), failed + wrong
            if made:
                share = sum(member.pixels for member in sample)
                rate = (took / share, made / share)
        if rate is not None:
            seconds += rate[0] * pixels
            # Copies take room, and hardly any time.
            size += rate[1] * sum(found.textures[i].pixels * (1 + found.duplicate_of[i]) for i in members)
    return Estimate(seconds, int(size), measured, failed)


# As many as make a measurement, spread over the class.
def _sample(members: Sequence[int], found: Survey) -> list[int]:
    each = max(1, found.textures[members[0]].pixels)
    return chosen(members, max(1, min(_SAMPLE_FILES, _SAMPLE_PIXELS // each)))


def chosen(things: Sequence[Any], count: int) -> list[Any]:
    """So many of them, evenly spread; all when there are no more."""
    if len(things) <= count:
        return list(things)
    return [things[i * len(things) // count] for i in range(count)]


# Seconds as the pipeline would take, bytes of the outputs, and how many failed.
def _timed(sample: Sequence[Member], worker: EngineWorker, threads: int) -> tuple[float, int, int]:
    marks = [time.perf_counter()]
    textures: list[Texture] = []
    for member in sample:
        try:
            textures.append(member.prepared(worker.scale))
        except (DepixelError, OSError, zipfile.BadZipFile, RuntimeError):
            continue
    marks.append(time.perf_counter())
    answers = ask(worker, textures)
    marks.append(time.perf_counter())
    made = failed = 0
    for texture, answer in zip(textures, answers, strict=True):
        try:
            if isinstance(answer, DepixelError):
                raise answer
            made += len(finish(texture, answer))
        except DepixelError:
            failed += 1
    marks.append(time.perf_counter())
    decode, engine, write = (after - before for before, after in pairwise(marks))
    beside = (decode + write) / threads  # the readers' and writers' work is shared by threads
    together = engine + beside if worker.device == "cpu" else max(engine, beside)
    return together, made, failed + len(sample) - len(textures)


def _values(found: Survey, estimate: Estimate, free: int, sheet: Path | None, out: Path) -> dict[str, Any]:
    return {
        "profile": found.profile.name,
        "textures": found.count,
        "archives": found.archives,
        "duplicates": found.duplicates,
        "copied": found.copied,
        "skipped": dict(found.skipped),
        "failed": found.failed,
        "bytes_now": found.bytes_now,
        "bytes_then": estimate.bytes_then,
        "bytes_free": free,
        "fits": estimate.bytes_then < free,
        "seconds": round(estimate.seconds, 1),
        "measured": estimate.measured,
        "measured_failed": estimate.failed,
        "sheet": None if sheet is None else str(sheet),
        "out": str(out),
    }


def _sentences(found: Survey, estimate: Estimate, free: int, sheet: Path | None, out: Path) -> list[str]:
    inside = f", inside {found.archives} archives or beside them" if found.archives else ""
    lines = [
        f"Profile: {found.profile.name} ({found.profile.title}).",
        f"{found.count} textures would be upscaled{inside}; {found.duplicates} of them have the same content as "
        f"another and are computed once.",
    ]
    if found.skipped:
        told = ", ".join(f"{count} {reason}" for reason, count in found.skipped.most_common())
        lines.append(f"Left alone: {told}.")
    if found.copied:
        lines.append(f"{found.copied} other files come along as they are.")
    lines += [f"Would fail: {path}: {reason}" for path, reason in list(found.failed.items())[:20]]
    room = "enough" if estimate.bytes_then < free else "NOT ENOUGH: free some, or choose another disk with -o"
    lines.append(
        f"Size: {_bytes(found.bytes_now)} now, about {_bytes(estimate.bytes_then)} then, in {out}; "
        f"{_bytes(free)} are free there, {room}."
    )
    if estimate.measured:
        broken = f" ({estimate.failed} of them failed)" if estimate.failed else ""
        sample = f"by a sample of {estimate.measured} pictures{broken}"
        lines.append(f"Time: about {_time(estimate.seconds)} on this machine, {sample}.")
    if sheet is not None:
        lines.append(f"Samples with other settings to choose from: {sheet}.")
    return [*lines, "Nothing else was written."]


def _bytes(count: int) -> str:
    if count < 10**6:
        return f"{count / 1e3:.1f} kB"
    return f"{count / 1e6:.1f} MB" if count < 10**9 else f"{count / 1e9:.1f} GB"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _complain(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
