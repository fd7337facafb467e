"""`depixel watch`: upscales the textures in a mod folder into a folder next to it, each once."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from depixel.errors import BadUsageError
from depixel.terminal.mistakes import suggestion
from depixel.terminal.options import add_cluster_options, add_request_options, add_size_limits, request_from
from depixel.terminal.printable import visible

if TYPE_CHECKING:
    from depixel.cli import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Declare `depixel watch`."""
    parser = subparsers.add_parser(
        "watch",
        help="watch a mod folder and keep its textures upscaled",
        description="Keep a folder of upscaled textures in sync with a mod folder: same names, same structure, zips "
        "included. Sources are never changed; to revert, delete the output folder.",
        epilog="Exit code: 0 all done, or stopped while watching; 1 some failed (each is named with its reason); "
        "2 bad usage; 130 --once stopped before its end.",
    )
    parser.add_argument("folder", nargs="?", type=Path, metavar="MOD_DIR", help="the folder to watch")
    parser.add_argument("-o", "--out", type=Path, metavar="OUT", help="output folder (default: MOD_DIR-depixel)")
    _add_actions(parser.add_argument_group("what to do (default: watch the folder until stopped)"))
    _add_choices(parser.add_argument_group("which files"))
    _add_habits(parser.add_argument_group("how to watch"))
    add_cluster_options(parser.add_argument_group("many machines"))
    add_request_options(parser)


def _add_actions(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--once", action="store_true", help="process everything once, then exit")
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="report what would be done, how long it would take (estimated from a sample) and how much disk space it "
        "needs; write a sheet of samples to help you choose settings",
    )
    group.add_argument("--sheet", type=Path, metavar="PNG", help="sheet of --dry-run (default: OUT-samples.png)")
    group.add_argument(
        "--verify",
        action="store_true",
        help="first compare the contents of all sources and outputs with the ledger, and repair what differs",
    )
    group.add_argument(
        "--status", action="store_true", help="show what is done and what failed (without MOD_DIR: for all folders)"
    )
    group.add_argument("--profiles", action="store_true", help="list the profiles of games and emulators")
    group.add_argument("--install-service", action="store_true", help="start watching at every login")
    group.add_argument("--remove-service", action="store_true", help="undo --install-service")


def _add_choices(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--profile", default="auto", metavar="NAME", help="game or emulator (default: detected)")
    group.add_argument(
        "--complete-pack",
        action="store_true",
        help="also copy files that are not textures; outputs keep the timestamps of their sources",
    )
    add_size_limits(group, "textures")
    group.add_argument(
        "--retry-failed", action="store_true", help="retry files that failed, even if they have not changed"
    )


def _add_habits(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--quiet-period",
        type=float,
        default=2.0,
        metavar="S",
        help="treat a file as complete once it has not changed for S seconds (default: %(default)g)",
    )
    group.add_argument(
        "--every",
        type=float,
        metavar="S",
        help="scan the whole folder every S seconds (default: 30, or less often if that would take more than 0.4 "
        "percent of the time; changes are noticed at once anyway)",
    )
    group.add_argument(
        "--poll", action="store_true", help="scan instead of using file events (default where there are none)"
    )
    group.add_argument(
        "--engine", default="local", metavar="WHERE", help="engine to use: local (default), auto (shared) or a URL"
    )
    group.add_argument("--json", action="store_true", help="print one JSON object per line")
    group.add_argument("--log", type=Path, metavar="FILE", help="log file (default: OUT/depixel-watch.log)")
    group.add_argument("--notify", action="store_true", help="show a desktop notification when textures are ready")


def run(args: argparse.Namespace) -> int:
    """Check the layout, then keep the outputs up to date until stopped."""
    from depixel.files.writing import check_name
    from depixel.terminal.mistakes import no_such_input
    from depixel_watch.folder.layout import checked, overlay_for
    from depixel_watch.packs.profiles import load

    profiles = load(own=args.folder)
    if args.profiles:
        sys.stdout.write(visible("".join(f"{p.name:12} {p.title}\n" for p in profiles.values())))
        sys.stdout.write(visible("".join(f"\n{p.name}: {p.note}\n" for p in profiles.values() if p.note)))
        return 0
    if args.folder is None and args.status:
        from depixel_watch.status import show_all

        return show_all(args)
    if args.folder is None:
        raise BadUsageError("Name the folder to watch: depixel watch MOD_DIR.")
    if args.profile != "auto" and args.profile not in profiles:
        choice = suggestion(args.profile, profiles, f"; choose one of auto, {', '.join(profiles)}.")
        raise BadUsageError(f"There is no profile {args.profile!r}{choice}")
    request = request_from(args)
    if request.answers != 1 or request.box is not None or request.size is not None:
        raise BadUsageError("--candidates, --box and --size are for single pictures: use `depixel upscale`.")
    out = args.out or overlay_for(args.folder)
    check_name(out)
    if args.status:  # also for a folder that no longer exists or is unplugged
        from depixel_watch.status import show

        return show(args, out.resolve())
    if args.remove_service:
        return _remove_service(args.folder.resolve())
    if not args.folder.exists():
        raise BadUsageError(no_such_input(str(args.folder)))
    source, out = checked(args.folder, out)
    if args.install_service:
        return _install_service(args, source, out)
    if args.dry_run:
        from depixel_watch.preview.budget import dry_run

        return dry_run(args, request, source, out)
    from depixel_watch.loop import watch

    return watch(args, request, source, out)


def _remove_service(source: Path) -> int:
    from depixel_watch import service

    path = service.service_file(sys.platform, Path.home(), source)
    line = service.remove(path, sys.platform)
    text = f"Removed {path}. Stop it with:\n  {line}\n" if line else f"There is no service for {source}.\n"
    sys.stdout.write(visible(text))
    return 0


def _install_service(args: argparse.Namespace, source: Path, out: Path) -> int:
    from depixel_watch import service
    from depixel_watch.display.log import LOG_NAME

    if args.once or args.dry_run:
        raise BadUsageError("A service keeps running: leave out --once and --dry-run with --install-service.")
    path = service.service_file(sys.platform, Path.home(), source)
    # The typed arguments without the one that installs the service; run in the folder where they were typed.
    words = [word for word in sys.argv[1:] if not (len(word) > 3 and "--install-service".startswith(word))]
    command = [sys.executable, "-m", "depixel", *words]
    start = service.install(path, sys.platform, command, Path.cwd())
    sys.stdout.write(f"Wrote {path}. Start it with:\n  {start}\nIts log will be {args.log or out / LOG_NAME}.\n")
    return 0
