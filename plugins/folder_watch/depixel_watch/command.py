"""`depixel watch`: textures dropped into a mod folder come out larger in a folder beside it, once."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from depixel.commands.options import add_request_options, request_from
from depixel.commands.printable import one_line
from depixel.errors import BadUsageError

if TYPE_CHECKING:
    from depixel.cli import Subparsers

_SECONDS_BETWEEN = 30.0


def add_parser(subparsers: Subparsers) -> None:
    """Declare `depixel watch`."""
    parser = subparsers.add_parser(
        "watch",
        help="upscale what is dropped into a mod folder",
        description="Keep a folder of upscaled textures in step with a mod folder: same names, same structure, zips "
        "included. Sources are never touched; to revert, delete the output folder.",
        epilog="Exit code: 0 all done, or stopped while it stays; 1 some failed (each is named with its reason); "
        "2 bad usage; 130 --once stopped before its end.",
    )
    parser.add_argument("folder", nargs="?", type=Path, metavar="MOD_DIR", help="the folder to watch")
    parser.add_argument("-o", "--out", type=Path, metavar="OUT", help="output folder (default: MOD_DIR-depixel beside)")
    parser.add_argument("--profile", default="auto", metavar="NAME", help="game or emulator (default: recognised)")
    parser.add_argument("--profiles", action="store_true", help="list the profiles, and end")
    parser.add_argument("--once", action="store_true", help="do what there is to do, and end")
    parser.add_argument(
        "--status", action="store_true", help="say what is done and what failed (without MOD_DIR: of all), and end"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="say what would be done, how long it takes (by a measured sample) and how much room it needs; write a "
        "sheet of samples to choose settings from",
    )
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="where --dry-run puts it (default: OUT-samples.png)")
    parser.add_argument(
        "--complete-pack", action="store_true", help="copy what is no texture as well; outputs keep the sources' times"
    )
    parser.add_argument("--retry-failed", action="store_true", help="try what failed again, though it has not changed")
    parser.add_argument(
        "--quiet-period",
        type=float,
        default=2.0,
        metavar="S",
        help="a file is complete when it has stood still for S seconds (default %(default)g)",
    )
    parser.add_argument(
        "--every",
        type=float,
        default=_SECONDS_BETWEEN,
        metavar="S",
        help="look through the whole folder at least every S seconds (default %(default)g)",
    )
    parser.add_argument("--install-service", action="store_true", help="start at login from now on, and end")
    parser.add_argument("--remove-service", action="store_true", help="undo --install-service, and end")
    parser.add_argument(
        "--engine", default="local", metavar="WHERE", help="local (default), auto (shared) or an address"
    )
    parser.add_argument("--poll", action="store_true", help="do without file events (default where there are none)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--log", type=Path, metavar="FILE", help="log (default: OUT/depixel-watch.log)")
    parser.add_argument("--notify", action="store_true", help="say on the desktop when textures are ready")
    add_request_options(parser)


def run(args: argparse.Namespace) -> int:
    """Check the layout, then keep the outputs in step until stopped."""
    from depixel_watch.folder.layout import checked, overlay_for
    from depixel_watch.packs.profiles import load

    profiles = load(own=args.folder)
    if args.profiles:
        sys.stdout.write("".join(f"{p.name:12} {p.title}\n" for p in profiles.values()))
        sys.stdout.write("".join(f"\n{p.name}: {p.note}\n" for p in profiles.values() if p.note))
        return 0
    if args.folder is None and args.status:
        return _status_of_all(args)
    if args.folder is None:
        raise BadUsageError("Give the folder to watch: depixel watch MOD_DIR.")
    if args.profile != "auto" and args.profile not in profiles:
        raise BadUsageError(f"There is no profile {args.profile!r}; choose one of auto, {', '.join(profiles)}.")
    settings = request_from(args)
    if settings.candidates != 1 or settings.box is not None or settings.size is not None:
        raise BadUsageError("--candidates, --box and --size are for single pictures: use `depixel upscale`.")
    out = args.out or overlay_for(args.folder)
    if args.status:  # of a folder that is gone or unplugged, too
        return _status(args, out.resolve())
    if args.remove_service:
        return _remove_service(args.folder.resolve())
    source, out = checked(args.folder, out)
    if args.install_service:
        return _install_service(args, source, out)
    if args.dry_run:
        from depixel_watch.preview.budget import dry_run

        return dry_run(args, settings, source, out)
    from depixel_watch.loop import watch

    return watch(args, settings, source, out)


def _status(args: argparse.Namespace, out: Path) -> int:
    from depixel_watch.display.log import LOG_NAME
    from depixel_watch.display.page import PAGE_NAME
    from depixel_watch.ledger.ledger import LEDGER_NAME, Ledger
    from depixel_watch.ledger.lock import is_held

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
        left = f", {counts['left']} left alone" if "left" in counts else ""
        sys.stdout.write(f"{out}: {state}; {counts.get('done', 0)} done{left}, {len(failed)} failed.\n")
        sys.stdout.write("".join(one_line(f"  {path}: {reason}") + "\n" for path, reason in failed.items()))
        log = args.log or out / LOG_NAME
        sys.stdout.write(f"Page: {out / PAGE_NAME}\n" + (f"Log: {log}\n" if log.exists() else ""))
    return 1 if failed else 0


def _status_of_all(args: argparse.Namespace) -> int:
    from depixel_watch.ledger.watched import known

    if not (outs := known()) and not args.json:
        sys.stdout.write("Nothing has been watched yet, or its outputs are gone.\n")
    return max((_status(args, out) for out in outs), default=0)


def _remove_service(source: Path) -> int:
    from depixel_watch import service

    path = service.service_file(sys.platform, Path.home(), source)
    line = service.remove(path, sys.platform)
    sys.stdout.write(f"Removed {path}. Stop it with:\n  {line}\n" if line else f"There is no service for {source}.\n")
    return 0


def _install_service(args: argparse.Namespace, source: Path, out: Path) -> int:
    from depixel_watch import service
    from depixel_watch.display.log import LOG_NAME

    if args.once or args.dry_run:
        raise BadUsageError("A service stays: leave --once and --dry-run away with --install-service.")
    path = service.service_file(sys.platform, Path.home(), source)
    # The same words again, but for what makes this an installation; started where they were meant.
    asked = [word for word in sys.argv[1:] if not (len(word) > 3 and "--install-service".startswith(word))]
    command = [sys.executable, "-m", "depixel", *asked]
    start = service.install(path, sys.platform, command, Path.cwd())
    sys.stdout.write(f"Wrote {path}. Start it with:\n  {start}\nIts log will be {args.log or out / LOG_NAME}.\n")
    return 0
