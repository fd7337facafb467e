"""
`depixel upscale` for a whole pack: PACK.zip, or a folder with a pack's marker file. It does what `depixel watch` does;
the command finds this module by name.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from depixel import __version__
from depixel.batch.engines import open_engine
from depixel.client.rates import duration_text
from depixel.errors import BadUsageError, CancelledError, OutputExistsError, UnwritableOutputError
from depixel.files.renaming import rename_new
from depixel.files.writing import why_unwritable
from depixel.pace import Pace
from depixel.request import Request
from depixel.terminal.mistakes import suggestion
from depixel.terminal.printable import counted, one_line
from depixel.terminal.stopping import Stop, stop_on_interrupt
from depixel_watch.folder.layout import checked
from depixel_watch.folder.stamps import stamp_of
from depixel_watch.ledger.ledger import LEDGER_NAME
from depixel_watch.ledger.repair import open_ledger
from depixel_watch.packs.archive import PackOptions, opened, recognise_archive, rewrite
from depixel_watch.packs.profiles import PackProfile, is_archive, load, recognise_folder
from depixel_watch.packs.renamed import is_pack
from depixel_watch.upscaler import EngineUpscaler
from depixel_watch.work.limits import SizeLimits
from depixel_watch.work.publication import new_part, seal

PLAIN = "none"
"""`--profile` for pictures that are not a pack."""

_SOURCE = "source"  # a fact in the ledger: the folder of the pack
_ONCE = {
    **{"once": True, "poll": False, "every": None, "quiet_period": 0.0, "notify": False, "log": None, "sheet": None},
    **{"verify": False, "retry_failed": False},
}
"""The options that `depixel watch` would get for one run over a folder."""


def packs_among(inputs: Sequence[str], profile: str) -> list[Path]:
    """
    Inputs that are packs: archives, and folders with a pack's marker file (pack.mcmeta, textures.ini ...).

    Args:
        profile: "auto"; "none" = no input is a pack; a name = every folder is one.
    """
    if profile == PLAIN:
        return []
    profiles = load()
    packs = []
    for text in inputs:
        path = Path(text)
        if _is_archive_file(path) or (path.is_dir() and (profile != "auto" or _is_whole(path, profiles))):
            packs.append(path)
    return packs


def _is_archive_file(path: Path) -> bool:
    stamp = stamp_of(path) if path.is_file() else None
    return stamp is not None and is_pack(path.parent, path.name, stamp)


def _is_whole(folder: Path, profiles: dict[str, PackProfile]) -> bool:
    with contextlib.suppress(OSError):
        names = [entry.name for entry in os.scandir(folder) if entry.is_file()]
        return any(profile.whole and profile.is_marked_by(name) for profile in profiles.values() for name in names)
    return False


def upscale_packs(args: Namespace, request: Request, packs: Sequence[Path], default_out: Path) -> int:
    """
    Enlarge each pack, or describe the result (`--dry-run`); returns the exit code.

    Args:
        args: of `depixel upscale`.
        default_out: the output folder if none is named: each pack goes into it under its own name.

    Raises:
        BadUsageError: an option that does not apply to packs, other inputs besides packs, an unknown profile.
        UnwritableOutputError: a result cannot be written where it should go.
    """
    _check(args, request, packs)
    profiles = load()
    if args.profile != "auto" and args.profile not in profiles:
        choice = suggestion(args.profile, profiles, f"; choose one of auto, none, {', '.join(profiles)}.")
        raise BadUsageError(f"There is no profile {args.profile!r}{choice}")
    targets = [_target(pack, args, len(packs), default_out) for pack in packs]
    for target in targets:
        if reason := why_unwritable(target):
            raise UnwritableOutputError(f"{target} cannot be written: {reason}.")
    code = 0
    for pack, target in zip(packs, targets, strict=True):
        run = _folder if pack.is_dir() else _archive
        code = max(code, run(args, request, pack, target, profiles))
        if code == 130:
            break
    return code


def _check(args: Namespace, request: Request, packs: Sequence[Path]) -> None:
    others = [text for text in args.inputs if Path(text) not in packs]
    if others:
        raise BadUsageError(
            f"{packs[0]} is a texture pack and {others[0]} is not: run them one after the other, or add --profile none "
            "to treat a folder as plain pictures."
        )
    for_pictures = {
        "--candidates": request.candidates != 1,
        "--box": request.box is not None,
        "--size": request.size is not None,
        "--suffix": bool(args.suffix),
        "--format": args.format is not None,
        "--report": args.report is not None,
        "--animation": args.animation is not None,
    }
    typed = [option for option, used in for_pictures.items() if used]
    if typed:
        raise BadUsageError(
            f"{packs[0]} is a texture pack, and {typed[0]} is for single pictures: leave it out, or add --profile none."
        )


def _target(pack: Path, args: Namespace, count: int, default_out: Path) -> Path:
    out: Path = args.out
    named_file = (is_archive(str(out)) or _is_like(out, pack)) and not out.is_dir()
    if pack.is_dir():
        if named_file:
            raise BadUsageError(f"{pack} is a folder: its pack becomes a folder too. Name one with -o.")
        return out / (pack.resolve().name) if count > 1 or out == default_out else out
    if named_file and count > 1:
        raise BadUsageError(f"-o {out} names one file, but there are {count} packs; name a folder instead.")
    if named_file:
        return out
    if out.suffix and not out.is_dir() and out.suffix.lower() != pack.suffix.lower() and out.is_file():
        raise BadUsageError(f"-o {out} is a file; name an archive such as {pack.stem}-x4{pack.suffix}, or a folder.")
    return out / pack.name


# Whether an output has the extension of a pack under another name, such as textures.dat.
def _is_like(out: Path, pack: Path) -> bool:
    return bool(pack.suffix) and not pack.is_dir() and out.suffix.lower() == pack.suffix.lower()


# A folder is processed once, as the watcher does.
def _folder(
    args: Namespace, request: Request, pack: Path, out: Path, profiles: dict[str, PackProfile]
) -> int:  # fmt: skip
    from depixel_watch.loop import watch
    from depixel_watch.preview.budget import dry_run

    source, out = checked(pack, out)
    profile = profiles.get(args.profile) or recognise_folder(load(own=source), source)
    settings = Namespace(**vars(args), **_ONCE, complete_pack=profile.whole)
    if args.dry_run:
        return dry_run(settings, request, source, out)
    _claim(source, out)
    return watch(settings, request, source, out)


# The outputs of another pack's run would be removed as outputs without sources.
def _claim(source: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    ledger = open_ledger(out / LEDGER_NAME, lambda sentence: sys.stderr.write(one_line(sentence) + "\n"))
    try:
        recorded = ledger.fact(_SOURCE)
        if recorded and recorded != str(source):
            raise BadUsageError(f"{out} holds the enlarged pack of {recorded}; choose another folder with -o.")
        ledger.note_fact(_SOURCE, str(source))
    finally:
        ledger.close()


def _archive(args: Namespace, request: Request, pack: Path, out: Path, profiles: dict[str, PackProfile]) -> int:
    if out.exists() and out.samefile(pack):
        raise BadUsageError(f"-o {out} is the pack itself; choose another name.")
    if args.dry_run:
        from depixel_watch.preview.budget import dry_run_archive

        return dry_run_archive(args, request, pack, out)
    if out.exists() and not args.overwrite:
        raise OutputExistsError(f"{out} exists already; use --overwrite to replace it, or another name with -o.")
    started = time.perf_counter()
    try:
        with opened(pack) as archive:
            profile = profiles.get(args.profile) or recognise_archive(archive, profiles)
            entries = sum(1 for entry in archive.infolist() if not entry.is_dir())
        _say(args, f"{pack.name}: {profile.title}, {counted(entries, 'file')}.")
        with stop_on_interrupt() as stop:
            notes = _rewritten(args, request, pack, out, profile, profiles, stop)
    except CancelledError:
        sys.stderr.write(one_line(f"Stopped; {out} was not written.") + "\n")
        return 130
    seconds = time.perf_counter() - started
    if args.json:
        values = {"depixel": __version__, "pack": str(pack), "out": str(out), "profile": profile.name,
                  "seconds": round(seconds, 3), "notes": notes}  # fmt: skip
        sys.stdout.write(json.dumps(values, indent=2) + "\n")
        return 0
    for note in notes:
        sys.stdout.write(one_line(f"  {note}") + "\n")
    sys.stdout.write(one_line(f"Done: {out} in {duration_text(seconds)}.") + "\n")
    if profile.destination:
        sys.stdout.write(one_line(profile.destination) + "\n")
    return 0


def _say(args: Namespace, sentence: str) -> None:
    if not args.quiet:
        (sys.stderr if args.json else sys.stdout).write(one_line(sentence) + "\n")
        (sys.stderr if args.json else sys.stdout).flush()


# Under another name first: the archive gets its name only when it is complete.
def _rewritten(
    args: Namespace, request: Request, pack: Path, out: Path, profile: PackProfile,
    profiles: dict[str, PackProfile], stop: Stop,
) -> list[str]:  # fmt: skip
    worker = EngineUpscaler(open_engine(args), request, stop, shared=args.engine != "local")
    part, file = new_part(out)
    try:
        with file, _bar(args, sys.stderr) as bar:
            options = PackOptions(profile, SizeLimits(args.only_below, args.most), bar)
            _, *notes = rewrite(pack, file, worker, profiles, options)
            seal(part, file)
        if args.overwrite:
            part.replace(out)
        else:
            rename_new(part, out)
    except FileExistsError as error:
        raise OutputExistsError(f"{out} appeared meanwhile; use --overwrite to replace it.") from error
    finally:
        part.unlink(missing_ok=True)
    return notes


class _Bar:
    """The fraction of the work that is done, and the time left: one line that changes, or a line for every tenth."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream, self._pace, self._shown, self._width = stream, Pace(), -1, 0
        self._lives = stream is not None and stream.isatty()

    def __call__(self, done: int, total: int) -> None:
        """Show this progress."""
        if self._stream is None or total <= 0:
            return
        self._pace.reach(done)
        left = self._pace.seconds_left(total)
        share = 100 * done // total
        line = f"{share:3}%" + (f", {duration_text(left)} left" if left is not None and done < total else "")
        if self._lives:
            self._stream.write("\r" + line.ljust(self._width))
            self._width = len(line)
        elif share // 10 > self._shown:
            self._stream.write(line + "\n")
            self._shown = share // 10
        self._stream.flush()

    def close(self) -> None:
        """End the line."""
        if self._lives and self._stream is not None:
            self._stream.write("\r" + " " * self._width + "\r")


@contextlib.contextmanager
def _bar(args: argparse.Namespace, stream: TextIO) -> Iterator[_Bar]:
    bar = _Bar(None if args.quiet else stream)
    try:
        yield bar
    finally:
        bar.close()
