"""`depixel watch --status`: what is done, what failed and why, according to the ledger."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from depixel.terminal.printable import one_line, visible
from depixel_watch.display.log import LOG_NAME
from depixel_watch.display.page import PAGE_NAME
from depixel_watch.ledger.ledger import LEDGER_NAME, DamagedLedgerError
from depixel_watch.ledger.lock import is_held
from depixel_watch.ledger.repair import reading
from depixel_watch.ledger.watched import watched


def show(args: argparse.Namespace, out: Path) -> int:
    """Show the status of one output folder; returns the exit code. Raises DamagedLedgerError."""
    if not (out / LEDGER_NAME).exists():
        sys.stdout.write(visible(f"Nothing has been done yet: {out} has no ledger.\n"))
        return 0
    with reading(out / LEDGER_NAME) as ledger:
        counts = ledger.counts()
        failed = {row.path: row.reason for row in ledger.rows("failed")}
        failed |= {f"{folder}/": reason for folder, reason in ledger.unreadable().items()}
    running = is_held(out)
    if args.json:
        values = {"out": str(out), "running": running, "counts": counts, "failed": failed}
        sys.stdout.write(json.dumps(values) + "\n")
        return 1 if failed else 0
    state = "running" if running else "not running"
    left = f", {counts['left']} left alone" if "left" in counts else ""
    sys.stdout.write(one_line(f"{out}: {state}; {counts.get('done', 0)} done{left}, {len(failed)} failed.") + "\n")
    sys.stdout.write("".join(one_line(f"  {path}: {reason}") + "\n" for path, reason in failed.items()))
    log = args.log or out / LOG_NAME
    sys.stdout.write(visible(f"Page: {out / PAGE_NAME}\n" + (f"Log: {log}\n" if log.exists() else "")))
    return 1 if failed else 0


def show_all(args: argparse.Namespace) -> int:
    """Show the status of all output folders that this user's watchers have written to."""
    if not (outs := watched()) and not args.json:
        sys.stdout.write("Nothing has been watched yet, or its outputs are gone.\n")
    return max((_one_of_all(args, out) for out in outs), default=0)


# One folder with a damaged ledger does not hide the others.
def _one_of_all(args: argparse.Namespace, out: Path) -> int:
    try:
        return show(args, out)
    except DamagedLedgerError as error:
        sys.stderr.write(one_line(f"depixel: {error}") + "\n")
        return error.exit_code
