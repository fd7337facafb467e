"""`depixel serve`: the engine as a process that GIMP, Krita, the watcher and the command line share."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
import sys
from typing import TYPE_CHECKING

from depixel.client import Engine, Place, Running
from depixel.errors import BadUsageError

if TYPE_CHECKING:
    from depixel.cli import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Declare `depixel serve`."""
    parser = subparsers.add_parser(
        "serve",
        help="run the engine that GIMP and Krita share (they start it themselves)",
        description="Run the engine on 127.0.0.1. GIMP, Krita and `depixel upscale --engine auto` find it, or start it "
        "themselves; it exits after a while without work.",
    )
    parser.add_argument("--port", type=int, default=0, metavar="N", help="listen on this port (default: any free one)")
    parser.add_argument(
        "--device", default="auto", help="device to compute on: auto, cpu, cuda, cuda:1, mps (default: auto)"
    )
    parser.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar="KIND=FILE",
        help="use other weights than the released ones: art=FILE or faces=FILE",
    )
    parser.add_argument(
        "--idle-exit", type=float, default=15.0, metavar="MINUTES", help="exit after this long without work; 0 = never"
    )
    parser.add_argument("--stop", action="store_true", help="stop the running engine after its current job")
    parser.add_argument("--quiet", action="store_true", help="print only problems")


def run(args: argparse.Namespace) -> int:
    """Serve, or stop the running engine."""
    # torch's threads should sleep while they wait: on a busy machine, spinning made one sprite take 14 s instead of
    # 0.2.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    place = Place()
    if args.stop:
        stopped = Engine("command line", place).stop()
        sys.stdout.write("The Depixel engine is stopping.\n" if stopped else "No Depixel engine is running.\n")
        return 0
    weights = _weights(args.weights)
    if not 0 <= args.port <= 65535 or args.idle_exit < 0:
        raise BadUsageError("--port must be from 0 to 65535, and --idle-exit must not be negative.")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # anyone could fill the log with invalid requests

    from depixel.client.engine import page_address
    from depixel.service.limits import ServiceLimits
    from depixel.service.page_sessions import KEY_SECONDS
    from depixel.service.server import serve
    from depixel.service.worker import EngineWorker

    worker = EngineWorker(args.device, weights)
    limits = dataclasses.replace(ServiceLimits(), idle_seconds=args.idle_exit * 60)

    def announce(running: Running, key: str) -> None:
        if not args.quiet:
            sys.stdout.write(
                f"The Depixel engine is running. Its page (this address works once, within {KEY_SECONDS / 60:.0f} "
                f"minutes):\n  {page_address(running.port, key)}\n"
                f"Later, `depixel open` opens the page. Programs find the port and the token in "
                f"{place.path('running.json')}. Ctrl-C stops the engine.\n"
            )
            sys.stdout.flush()

    serve(worker, worker.about, place, limits, args.port, on_start=announce)
    return 0


def _weights(pairs: list[str]) -> dict[str, str]:
    weights = {}
    for pair in pairs:
        kind, _, path = pair.partition("=")
        if kind not in ("art", "faces") or not path:
            raise BadUsageError(f"--weights takes art=FILE or faces=FILE, not {pair!r}.")
        weights[kind] = path
    return weights
