"""
`depixel watch --dry-run`: what there is to do, how long it takes and how much space it needs, from a measured sample.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from depixel.batch.engines import open_engine
from depixel.client.rates import duration_text
from depixel.errors import DepixelError
from depixel.files.writing import why_unwritable
from depixel.request import Request
from depixel.terminal.printable import counted, one_line, shortened
from depixel_watch.packs.profiles import load, recognise_folder
from depixel_watch.preview.sheet import SHEET_PICTURES, draw_sheet
from depixel_watch.preview.survey import Goal, Member, Survey, survey, survey_archive
from depixel_watch.upscaler import EngineUpscaler
from depixel_watch.work.limits import SizeLimits
from depixel_watch.work.texture import Texture, ask, finish

_SAMPLE_FILES = 48  # of one class of sizes
_LEAST_FILES = 3
_SAMPLE_PIXELS = 2**14  # of one class; only as large a part of a larger picture
_MOST_SECONDS = 60.0  # of measuring


@dataclass(frozen=True)
class Estimate:
    """Estimated time and size of a whole run."""

    seconds: float
    bytes_then: int  # of all outputs
    measured: int  # pictures of the sample
    failed: int  # of those; the same fraction of the pack may fail
    pixels_then: int = 0  # of all outputs


def dry_run(args: argparse.Namespace, settings: Request, source: Path, out: Path) -> int:
    """Describe a run and write the sheet of samples; the output folder is not touched."""
    _doing(args, f"Looking through {source} ...")
    profiles = load(own=source)
    chosen = profiles.get(args.profile)
    profile = chosen or recognise_folder(profiles, source)
    contents = survey(source, profiles, profile, _goal(args, settings), args.complete_pack, _complain, chosen)
    return _tell(args, settings, contents, out)


def dry_run_archive(args: argparse.Namespace, settings: Request, source: Path, out: Path) -> int:
    """Like `dry_run` for one archive; no sheet is written. Raises DepixelError."""
    _doing(args, f"Looking through {source} ...")
    profiles = load()
    contents = survey_archive(source, profiles, profiles.get(args.profile), _goal(args, settings))
    return _tell(args, settings, contents, out, draws=False)


def _goal(args: argparse.Namespace, settings: Request) -> Goal:
    return Goal(settings.with_one_scale()[1], SizeLimits(args.only_below, args.most))


def _tell(args: argparse.Namespace, settings: Request, contents: Survey, out: Path, *, draws: bool = True) -> int:
    sheet: Path | None = None
    if reason := why_unwritable(out):
        contents.failed[str(out)] = f"it cannot be written: {reason}."
    estimate = Estimate(0.0, contents.copied_bytes, 0, 0)
    if contents.textures:
        _doing(
            args, f"Measuring a sample of {counted(contents.count, 'texture')}; this takes about a minute at most ..."
        )
        engine = open_engine(args)
        worker = EngineUpscaler(engine, settings, lambda: False, shared=args.engine != "local")
        measured = measure(contents, worker, progress=lambda done, total: _doing(args, f"  {done} of {total} measured"))
        estimate = replace(measured, pixels_then=_pixels_then(contents))
        if draws:
            sheet = args.sheet or out.with_name(f"{out.name}-samples.png")
            _doing(args, "Drawing the sheet of samples ...")
            draw_sheet(_candidates(contents.textures), engine, settings, sheet)
    free = shutil.disk_usage(next(p for p in (out, *out.parents) if p.exists())).free
    if args.json:
        sys.stdout.write(json.dumps(_values(contents, estimate, free, sheet, out), indent=2) + "\n")
    else:
        sys.stdout.write("".join(one_line(line) + "\n" for line in _sentences(contents, estimate, free, sheet, out)))
    return 1 if contents.failed else 0


# Progress messages next to the results, so that the program does not seem to hang.
def _doing(args: argparse.Namespace, sentence: str) -> None:
    if not getattr(args, "quiet", False):
        sys.stderr.write(one_line(sentence) + "\n")
        sys.stderr.flush()


def measure(
    contents: Survey,
    worker: EngineUpscaler,
    most_seconds: float = _MOST_SECONDS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Estimate:
    """
    Answer some textures of each class of sizes (each with four times as many pixels as the previous one), beginning
    with the classes that have most of the pixels; classes without time left are estimated from the nearest measured
    one. Time is proportional to pixels, size to bytes: a texture's file predicts its compression better than its
    dimensions.

    Args:
        progress: called after each class with the number of textures measured, and the size of the sample.
    """
    classes: dict[int, list[int]] = defaultdict(list)
    for index, member in enumerate(contents.textures):
        classes[(max(1, member.pixels).bit_length() + 1) // 2].append(index)
    pixels = {key: sum(contents.textures[i].pixels for i in members) for key, members in classes.items()}
    threads = min(4, os.cpu_count() or 1)
    rates: dict[int, tuple[float, float]] = {}  # class => seconds per pixel, output bytes per input byte
    samples = {key: [contents.textures[i] for i in _sample(members, contents)] for key, members in classes.items()}
    count = sum(map(len, samples.values()))
    measured = failed = 0
    started = time.perf_counter()
    for key in sorted(classes, key=lambda key: -pixels[key]):
        if not rates or time.perf_counter() - started < most_seconds:
            sample = samples[key]
            one = _timed(sample, worker, threads)
            measured, failed = measured + len(sample), failed + one.failed
            progress(measured, count)
            if one.pixels and one.bytes_in:
                rates[key] = (one.seconds / one.pixels, one.bytes_out / one.bytes_in)
    seconds, size = 0.0, float(contents.copied_bytes)
    for key, members in classes.items():
        if rates:
            rate = rates[min(rates, key=lambda other: abs(other - key))]
            seconds += rate[0] * pixels[key]
            # Copies take space, and hardly any time.
            size += rate[1] * sum(contents.textures[i].size * (1 + contents.duplicate_of[i]) for i in members)
    return Estimate(seconds, int(size), measured, failed)


def _pixels_then(contents: Survey) -> int:
    return sum(m.pixels * m.scale**2 * (1 + contents.duplicate_of[i]) for i, m in enumerate(contents.textures))


# As many as a measurement needs, spread over the class.
def _sample(members: Sequence[int], contents: Survey) -> list[int]:
    each = max(1, contents.textures[members[0]].pixels)
    return chosen(members, max(_LEAST_FILES, min(_SAMPLE_FILES, _SAMPLE_PIXELS // each)))


# For the sheet: evenly spread ones first, then the others, because some may show nothing.
def _candidates(textures: Sequence[Member]) -> list[Member]:
    first = chosen(textures, SHEET_PICTURES)
    return first + [member for member in chosen(textures, 8 * SHEET_PICTURES) if member not in first]


def chosen(things: Sequence[Any], count: int) -> list[Any]:
    """This many of them, evenly spread; all if there are no more."""
    if len(things) <= count:
        return list(things)
    return [things[(2 * i + 1) * len(things) // (2 * count)] for i in range(count)]


@dataclass
class _Measured:
    """The measurements of one sample."""

    pixels: int = 0  # that were answered
    seconds: float = 0.0  # that the pipeline would take for them
    bytes_in: int = 0
    bytes_out: float = 0.0  # of whole outputs, even if only parts were answered
    failed: int = 0


def _timed(sample: Sequence[Member], worker: EngineUpscaler, threads: int) -> _Measured:
    one = _Measured()
    marks = [time.perf_counter()]
    textures: list[tuple[Member, Texture, float]] = []  # and the fraction of the texture that it is
    for member in sample:
        try:
            whole = member.prepared()
        except (DepixelError, OSError):
            one.failed += 1
            continue
        part = _part(whole)
        textures.append((member, part, part.picture.pixel_count / whole.picture.pixel_count))
    marks.append(time.perf_counter())
    answers = ask(worker, [texture for _, texture, _ in textures])
    marks.append(time.perf_counter())
    for (member, texture, share), answer in zip(textures, answers, strict=True):
        try:
            if isinstance(answer, DepixelError):
                raise answer
            one.bytes_out += len(finish(texture, answer)) / share
        except DepixelError:
            one.failed += 1
            continue
        one.bytes_in += member.size
        one.pixels += texture.picture.pixel_count
    marks.append(time.perf_counter())
    decode, engine, write = (after - before for before, after in pairwise(marks))
    beside = (decode + write) / threads  # readers and writers share the work
    one.seconds = engine + beside if worker.device == "cpu" else max(engine, beside)
    return one


# For a large picture, a part is enough.
def _part(texture: Texture) -> Texture:
    picture = texture.picture
    if picture.pixel_count <= _SAMPLE_PIXELS:
        return texture
    side = int(_SAMPLE_PIXELS**0.5)
    top, left = max(0, (picture.height - side) // 2), max(0, (picture.width - side) // 2)
    middle = picture.frames[0][top : top + side, left : left + side]
    cut = picture.replace(frames=(np.ascontiguousarray(middle),), durations=())
    hints = tuple((key, value) for key, value in texture.hints if key != "frames")
    return replace(texture, picture=cut, hints=hints)


def _values(contents: Survey, estimate: Estimate, free: int, sheet: Path | None, out: Path) -> dict[str, Any]:
    return {
        "profile": contents.profile.name,
        "packs": {folder: profile.name for folder, profile in contents.profile.parts},
        "textures": contents.count,
        "archives": contents.archives,
        "duplicates": contents.duplicates,
        "copied": contents.copied,
        "skipped": dict(contents.skipped),
        "failed": contents.failed,
        "unopened": contents.named,
        "bytes_now": contents.bytes_now,
        "bytes_then": estimate.bytes_then,
        "bytes_free": free,
        "bytes_loaded": 4 * estimate.pixels_then,
        "fits": estimate.bytes_then < free,
        "seconds": float(f"{estimate.seconds:.3g}"),  # for small packs, fractions of a second: not rounded to zero
        "measured": estimate.measured,
        "measured_failed": estimate.failed,
        "sheet": None if sheet is None else str(sheet),
        "out": str(out),
    }


def _sentences(contents: Survey, estimate: Estimate, free: int, sheet: Path | None, out: Path) -> list[str]:
    inside = (
        f", inside {'an archive' if contents.archives == 1 else f'{contents.archives} archives'} or beside them"
        if contents.archives
        else ""
    )
    duplicates = counted(
        contents.duplicates,
        "of them is a duplicate and takes no extra time",
        "of them are duplicates and take no extra time",
    )
    twins = f"; {duplicates}" if contents.duplicates else ""
    lines = [
        f"Profile: {contents.profile.name} ({contents.profile.title}).",
        *(f"Profile of {folder}: {profile.name} ({profile.title})." for folder, profile in contents.profile.parts),
        f"{counted(contents.count, 'texture')} would be upscaled{inside}{twins}.",
    ]
    if contents.skipped:
        reasons = ", ".join(f"{count} {reason}" for reason, count in contents.skipped.most_common())
        lines.append(f"Left alone: {reasons}.")
    if contents.copied:
        lines.append(f"{counted(contents.copied, 'other file')} would be copied unchanged.")
    lines += shortened(list(contents.named.values()))
    lines += shortened([f"Would fail: {path}: {reason}" for path, reason in contents.failed.items()])
    room = "enough" if estimate.bytes_then < free else "NOT ENOUGH: free some, or choose another disk with -o"
    lines.append(
        f"Size: {_bytes(contents.bytes_now)} now, about {_bytes(estimate.bytes_then)} of outputs in {out}; "
        f"{_bytes(free)} are free there, {room}."
    )
    if estimate.pixels_then:
        lines.append(f"Graphics memory: {_bytes(4 * estimate.pixels_then)} if everything is loaded uncompressed.")
    atlas = contents.profile.atlas
    if atlas and estimate.pixels_then > atlas**2:
        lines.append(f"The game packs these into one atlas of at most {atlas}x{atlas} pixels: use a smaller --scale.")
    if estimate.measured:
        broken = f" ({estimate.failed} of them failed)" if estimate.failed else ""
        sample = f"estimated from a sample of {counted(estimate.measured, 'picture')}{broken}"
        lines.append(f"Time: about {duration_text(estimate.seconds)} on this machine, {sample}.")
    if contents.profile.destination:
        lines.append(contents.profile.destination)
    if sheet is not None:
        lines.append(f"Samples with other settings to choose from: {sheet}.")
    return [*lines, "Nothing else was written." if sheet is not None else "Nothing was written."]


def _bytes(count: int) -> str:
    if count < 10**6:
        return f"{count / 1e3:.1f} kB"
    return f"{count / 1e6:.1f} MB" if count < 10**9 else f"{count / 1e9:.1f} GB"


def _complain(sentence: str) -> None:
    sys.stderr.write(one_line(sentence) + "\n")
