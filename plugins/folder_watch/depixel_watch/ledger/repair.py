"""Rebuilds a ledger that is damaged, or was deleted with the outputs, from the rows that are still readable."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from depixel_watch.folder.stamps import stamp_if_seen
from depixel_watch.ledger.claims import REBUILT, owns
from depixel_watch.ledger.ledger import BLOCKED, LEDGER_NAME, DamagedLedgerError, Ledger, Row

_KEPT = (
    "The ledger was damaged and was rebuilt with {} of its entries. Outputs that are not in it are compared by "
    "content. The damaged file is kept as {}."
)


def open_ledger(path: Path, trouble: Callable[[str], object], *, damaged: bool = False) -> Ledger:
    """
    The ledger of an output folder. A damaged one is renamed and replaced by a new one with all readable rows.

    Args:
        trouble: called with a sentence about it.
        damaged: it is known to be damaged, even if it can be opened.

    Raises:
        sqlite3.OperationalError, OSError: it cannot be read or written.
    """
    if not damaged:
        try:
            ledger = Ledger(path)
            try:
                sound = ledger.can_be_read()
            except BaseException:
                ledger.close()
                raise
            if sound:
                return ledger
            ledger.close()
        except DamagedLedgerError:
            pass
    aside = _free_name(path)
    path.rename(aside)
    for ending in ("-wal", "-shm"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    # A file in the way of an output may be one of our outputs whose row was lost.
    rows = [row for row in _salvaged(aside) if not (row.state == "failed" and row.digest == BLOCKED)]
    ledger = Ledger(path)
    try:
        ledger.record(rows)
        ledger.note_fact(REBUILT, "1")
    except BaseException:
        ledger.close()
        raise
    trouble(_KEPT.format(len(rows), aside.name))
    return ledger


@contextlib.contextmanager
def reading(path: Path) -> Iterator[Ledger]:
    """
    A ledger opened for reading only; it is not repaired.

    Raises:
        DamagedLedgerError: it is damaged, or becomes unreadable during use.
    """
    try:
        ledger = Ledger(path)
        try:
            yield ledger
        finally:
            ledger.close()
    except sqlite3.Error as error:
        raise DamagedLedgerError(
            f"The ledger {path} cannot be read ({error}): `depixel watch` repairs it at its next start."
        ) from error


def opened_again(ledger: Ledger, out: Path, *, away: bool, trouble: Callable[[str], None]) -> Ledger:
    """
    The ledger of an output folder that was deleted while a watcher ran. Outputs written meanwhile may remain; the old
    ledger can still be read, and says which are ours.

    Args:
        away: the old ledger was unusable before.
    """
    ours: list[Row] = []
    if not away and not ledger.path.exists():  # otherwise some file systems reuse inode numbers
        with contextlib.suppress(sqlite3.Error):
            ours = [row for row in ledger.rows() if _is_ours(row, out)]
    ledger.close()
    ledger = open_ledger(out / LEDGER_NAME, trouble)
    if not ledger.counts():
        ledger.record(ours)
    return ledger


def _is_ours(row: Row, out: Path) -> bool:
    there = stamp_if_seen(out / row.output)
    return there is not None and owns(row, out / row.output, there)


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f".depixel-ledger.damaged-{number}.sqlite")).exists():
        number += 1
    return aside


# SQLite may refuse the whole file, or some of its pages.
def _salvaged(path: Path) -> list[Row]:
    try:
        damaged = Ledger(path)
    except (DamagedLedgerError, sqlite3.Error, OSError):
        return []
    try:
        return damaged.salvaged()
    finally:
        damaged.close()
