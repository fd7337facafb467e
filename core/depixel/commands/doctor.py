"""`depixel doctor`: checks the installation, and says how to fix what is wrong."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from depixel.client import Place
from depixel.install.checks import examine
from depixel.install.engine_checks import check_start
from depixel.install.findings import BAD, Finding
from depixel.install.profiles import System
from depixel.terminal.printable import visible

if TYPE_CHECKING:
    from depixel.cli import Subparsers

_MARKS = {"ok": "ok      ", "note": "note    ", "problem": "PROBLEM "}


def add_parser(subparsers: Subparsers) -> None:
    """Declare `depixel doctor`."""
    parser = subparsers.add_parser(
        "doctor",
        help="check the installation and say how to fix what is wrong",
        description="Check the engine and the plug-ins for GIMP and Krita, and say how to fix what is wrong. Changes "
        "nothing.",
        epilog="Exit code: 0 nothing is broken, 1 something is.",
    )
    parser.add_argument(
        "--start", action="store_true", help="also start the engine and upscale a small picture with it"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Run all checks and print what they found."""
    place = Place()
    started = (
        list(check_start(place)) if args.start else []
    )  # before the other checks, which then report how this run ended
    findings = [*examine(System.here(), place), *started]
    if args.json:
        sys.stdout.write(json.dumps([vars(finding) for finding in findings], indent=2) + "\n")
    else:
        sys.stdout.write(visible("".join(map(_line, findings))))
    return 1 if any(finding.level == BAD for finding in findings) else 0


def _line(finding: Finding) -> str:
    mend = f"\n          -> {finding.mend}" if finding.mend else ""
    return f"{_MARKS[finding.level]}{finding.what}{mend}\n"
