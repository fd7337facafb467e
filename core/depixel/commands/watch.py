"""`depixel watch`: textures dropped into a mod folder come out larger in a folder beside it, once."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depixel.commands.options import add_settings_options, settings_from
from depixel.errors import BadUsageError

if TYPE_CHECKING:
    from depixel.cli import Subparsers
    from depixel.commands.batch import Engine
    from depixel.errors import DepixelError
    from depixel.picture import Picture
    from depixel.settings import SearchSettings
    from depixel_watch.watcher import Event, Tally, Tell, Watcher

_SECONDS_BETWEEN = 30.0


def add_parser(subparsers: Subparsers) -> None:
    """Declare `depixel watch`."""
    parser = subparsers.add_parser(
        "watch",
        help="upscale what is dropped into a mod folder",
        description="Keep a folder of upscaled textures in step with a mod folder: same names, same structure, zips "
        "included. Sources are never touched; to revert, delete the output folder.",
        epilog="Exit code: 0 all done, 1 some failed (each is named with its reason), 2 bad usage, 130 stopped.",
    )
    parser.add_argument("folder", nargs="?", type=Path, metavar="MOD_DIR", help="the folder to watch")
    parser.add_argument("-o", "--out", type=Path, metavar="OUT", help="output folder (default: MOD_DIR-depixel beside)")
    parser.add_argument("--profile", default="auto", metavar="NAME", help="game or emulator (default: recognised)")
    parser.add_argument("--profiles", action="store_true", help="list the profiles, and end")
    parser.add_argument("--once", action="store_true", help="do what there is to do, and end")
    parser.add_argument("--status", action="store_true", help="say what is done and what failed, and end")
    parser.add_argument("--dry-run", action="store_true", help="count what would be done; write nothing")
    parser.add_argument("--complete-pack", action="store_true", help="copy what is no texture as well")
    parser.add_argument(
        "--quiet-period", type=float, default=2.0, metavar="S", help="a file is complete when still for"
    )
    parser.add_argument("--every", type=float, default=_SECONDS_BETWEEN, metavar="S", help="look through all at least")
    parser.add_argument("--install-service", action="store_true", help="start at login from now on, and end")
    parser.add_argument("--remove-service", action="store_true", help="undo --install-service, and end")
    parser.add_argument("--engine", default="local", metavar="WHERE", help="local, auto (shared) or its address")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    add_settings_options(parser)


def run(args: argparse.Namespace) -> int:
    """Check the layout, then keep the outputs in step until stopped."""
    from depixel_watch.layout import checked, overlay_for
    from depixel_watch.profiles import load

    profiles = load(own=args.folder)
    if args.profiles:
        sys.stdout.write("".join(f"{p.name:12} {p.title}\n" for p in profiles.values()))
        sys.stdout.write("".join(f"\n{p.name}: {p.note}\n" for p in profiles.values() if p.note))
        return 0
    if args.folder is None:
        raise BadUsageError("Give the folder to watch: depixel watch MOD_DIR.")
    if args.profile != "auto" and args.profile not in profiles:
        raise BadUsageError(f"There is no profile {args.profile!r}; choose one of auto, {', '.join(profiles)}.")
    settings = settings_from(args)
    if settings.candidates != 1 or settings.box is not None:
        raise BadUsageError("--candidates and --box are for single pictures; use `depixel upscale`.")
    source, out = checked(args.folder, args.out or overlay_for(args.folder))
    if args.status:
        return _status(args, out)
    if args.install_service or args.remove_service:
        return _service(args, source, out)
    if args.dry_run:
        return _dry_run(args, source, settings)
    return _watch(args, settings, source, out)


def _watch(args: argparse.Namespace, settings: SearchSettings, source: Path, out: Path) -> int:
    from depixel.commands.stopping import stop_on_interrupt
    from depixel.commands.upscale import open_engine
    from depixel_watch.lock import only_one
    from depixel_watch.profiles import load
    from depixel_watch.stability import StabilityTracker
    from depixel_watch.watcher import Watcher

    profiles = load(own=source)
    tell = _teller(args.json)
    with stop_on_interrupt() as stop, only_one(out):
        worker = EngineWorker(open_engine(args), settings, stop)
        tracker = StabilityTracker(args.quiet_period, time.monotonic)
        watcher = Watcher(
            source,
            out,
            worker,
            tracker,
            profiles,
            profiles.get(args.profile),
            complete=args.complete_pack,
            tell=tell,
            cancelled=stop,
        )
        try:
            return _keep(args, watcher, source, out, stop, tell)
        finally:
            watcher.close()


def _keep(
    args: argparse.Namespace, watcher: Watcher, source: Path, out: Path, stop: Callable[[], bool], tell: Tell
) -> int:
    from depixel.errors import CancelledError
    from depixel_watch.events import Hints
    from depixel_watch.watcher import DiskFullError, Event

    hints = Hints(source)
    if hints.problem:
        tell(Event("note", "", hints.problem))
    tell(Event("note", "", f"Watching {source}; larger textures go to {out}."))
    failed = 0
    try:
        while not stop():
            started = time.monotonic()
            try:
                tally = watcher.reconcile()
            except CancelledError:
                break
            except DiskFullError as error:
                if args.once:
                    raise
                tell(Event("note", "", str(error)))
                _doze(hints.wait, args.every, stop)
                continue
            took = time.monotonic() - started
            failed += tally.failed
            _sum_up(args.json, tally, took)
            if tally.waiting:
                _doze(hints.wait, max(0.05, args.quiet_period / 2), stop, wake=False)
            elif args.once:
                return _once_code(args, out)
            else:
                _doze(hints.wait, args.every, stop)
                time.sleep(min(5.0, took))  # at most half the time is spent on looking
    finally:
        hints.close()
    return 130 if args.once else 0


def _doze(wait: Callable[[float], bool], seconds: float, stop: Callable[[], bool], wake: bool = True) -> None:
    end = time.monotonic() + seconds
    while not stop() and (left := end - time.monotonic()) > 0:
        if wait(min(left, 0.5)) and wake:
            return


def _once_code(args: argparse.Namespace, out: Path) -> int:
    from depixel_watch.ledger import LEDGER_NAME, Ledger

    ledger = Ledger(out / LEDGER_NAME)
    try:
        return 1 if ledger.counts().get("failed") else 0
    finally:
        ledger.close()


class EngineWorker:
    """The engine as the watcher sees it (depixel_watch.work.UpscaleWorker)."""

    def __init__(self, engine: Engine, settings: SearchSettings, cancelled: Callable[[], bool]) -> None:
        import numpy as np

        from depixel import __version__
        from depixel.errors import DepixelError
        from depixel.picture import Picture

        self._engine, self._settings, self._cancelled = engine, settings, cancelled
        self.scale = settings.scale or 4
        # A tiny picture tells which model answers, wherever it runs; and warms it.
        probe = engine.upsample_many([Picture((np.zeros((4, 4, 3), np.uint8),), mode="RGB")], settings)[0]
        if isinstance(probe, DepixelError):
            raise probe
        self.recipe = json.dumps([settings.to_dict(), probe.model, __version__], sort_keys=True)

    def wrap_of(self, picture: Picture) -> str:
        """As the engine will decide when it answers this picture."""
        from depixel.domains.prepare import prepare

        x, y = prepare(picture, self._settings).wrap
        return ("x" if x else "") + ("y" if y else "") or "none"

    def upscale(self, pictures: Sequence[Picture], hints: Mapping[str, Any]) -> list[Picture | DepixelError]:
        """One answer a picture; what the user asked for outweighs the profile's hints."""
        from depixel.errors import DepixelError
        from depixel.settings import SearchSettings

        settings = SearchSettings.from_dict({**hints, **self._settings.to_dict()})
        found = self._engine.upsample_many(pictures, settings, None, self._cancelled)
        return [f if isinstance(f, DepixelError) else f.picture for f in found]


def _teller(as_json: bool) -> Tell:
    def tell(event: Event) -> None:
        if as_json:
            line = json.dumps(asdict(event))
        else:
            line = f"{event.what:8}{event.path}{': ' if event.path and event.sentence else ''}{event.sentence}"
        sys.stdout.write(line.encode("utf-8", "replace").decode() + "\n")
        sys.stdout.flush()

    return tell


def _sum_up(as_json: bool, tally: Tally, seconds: float) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"what": "pass", "seconds": round(seconds, 3), **asdict(tally)}) + "\n")
    elif tally.done or tally.copied or tally.failed or tally.removed:
        sys.stdout.write(
            f"{tally.done} done, {tally.copied} copied, {tally.skipped} in step, {tally.failed} failed, "
            f"{tally.removed} removed, {tally.waiting} waiting; {seconds:.1f} s\n"
        )
    sys.stdout.flush()


def _status(args: argparse.Namespace, out: Path) -> int:
    from depixel_watch.ledger import LEDGER_NAME, Ledger
    from depixel_watch.lock import is_held

    if not (out / LEDGER_NAME).exists():
        sys.stdout.write(f"Nothing has been done yet: {out} has no ledger.\n")
        return 0
    ledger = Ledger(out / LEDGER_NAME)
    try:
        counts = ledger.counts()
        failed = {row.path: row.reason for row in ledger.rows("failed")}
    finally:
        ledger.close()
    running = is_held(out)
    if args.json:
        told = {"out": str(out), "running": running, "counts": counts, "failed": failed}
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        state = "running" if running else "not running"
        sys.stdout.write(f"{out}: {state}; {counts.get('done', 0)} done, {len(failed)} failed.\n")
        sys.stdout.write("".join(f"  {path}: {reason}\n" for path, reason in failed.items()))
    return 1 if failed else 0


def _dry_run(args: argparse.Namespace, source: Path, settings: SearchSettings) -> int:
    from depixel_watch.jobs import plan
    from depixel_watch.profiles import load, names_in, recognise
    from depixel_watch.scan import walk

    profiles = load(own=source)
    profile = profiles.get(args.profile) or recognise(profiles, names_in(source))
    counts = {"upscale": 0, "pack": 0, "copy": 0, "left alone": 0}
    size = 0
    for found in walk(source, _complain):
        job = plan(found, source, profile, "", args.complete_pack)
        counts[job.action if job else "left alone"] += 1
        size += found.stamp.size if job else 0
    factor = (settings.scale or 4) ** 2
    sys.stdout.write(
        f"Profile {profile.name} ({profile.title}). {counts['upscale']} textures and {counts['pack']} archives "
        f"would be upscaled, {counts['copy']} files copied, {counts['left alone']} left alone; "
        f"{size / 1e6:.1f} MB now, at most "
        f"about {size * factor / 1e6:.1f} MB then.\n"
    )
    return 0


def _complain(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")


def _service(args: argparse.Namespace, source: Path, out: Path) -> int:
    from depixel_watch import autostart

    path = autostart.service_file(sys.platform, Path.home(), source)
    if args.remove_service:
        line = autostart.remove(path, sys.platform)
        sys.stdout.write(
            f"Removed {path}. Stop it with:\n  {line}\n" if line else f"There is no service for {source}.\n"
        )
        return 0
    asked = [word for word in sys.argv[1:] if word not in ("watch", "--install-service", str(args.folder))]
    # Relative folders would mean another place at login.
    kept = [str(out) if args.out is not None and word == str(args.out) else word for word in asked]
    command = [sys.executable, "-m", "depixel", "watch", str(source), *kept]
    sys.stdout.write(f"Wrote {path}. Start it with:\n  {autostart.install(path, sys.platform, command)}\n")
    return 0
