"""The ledger alone: rows, folders, facts, and checks of its file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from depixel_watch.folder.stamps import Stamp
from depixel_watch.ledger.ledger import LEDGER_NAME, NOTHING, Ledger, Row, identity_of


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path / "out" / LEDGER_NAME)
    yield ledger
    ledger.close()


def _row(path: str, state: str = "done", **more: Any) -> Row:
    return replace(Row(path, Stamp(1, 2, 3, 4), f"key of {path}", "recipe", state, ""), **more)


def test_every_value_of_a_row_comes_back(ledger: Ledger) -> None:
    """A complete row, and one with the defaults."""
    full = Row("a/b.png", Stamp(1, 2, 3, 4), "k", "r", "writing", "why", Stamp(5, 6, 7, 8), "m", "a/b.dds", "p", False)
    plain = Row("c.png", Stamp(9, 9), "k", "r", "left", "")
    ledger.record([full, plain])

    assert ledger.get("a/b.png") == full and full.output == "a/b.dds"
    assert ledger.get("c.png") == plain and plain.output == "c.png"
    assert plain.out == NOTHING == Stamp(0, 0, 0, 0) and plain.answer
    assert ledger.get("none") is None


def test_rows_of_a_state_and_of_a_folder(ledger: Ledger) -> None:
    """
    In order of their paths, more than a thousand of them; a folder has what is below it, not names with its prefix.
    """
    names = [f"a/{n:04}.png" for n in range(1500)]
    others = ["a.png", "a/sub/x.png", "a0.png", "ab/y.png", "b/z.png"]
    ledger.record([*map(_row, names), *map(_row, others), _row("a/f.png", "failed")])

    assert [row.path for row in ledger.rows()] == sorted([*names, *others, "a/f.png"])
    assert [row.path for row in ledger.rows("failed")] == ["a/f.png"]
    assert [row.path for row in ledger.rows("done", "a")] == sorted([*names, "a/sub/x.png"])
    assert [row.path for row in ledger.rows(folder="b")] == ["b/z.png"]
    assert ledger.counts() == {"done": 1505, "failed": 1}


def test_rows_of_a_folder_whose_folders_may_be_gone(ledger: Ledger) -> None:
    """Its own files, and those below it only if their folder no longer exists."""
    paths = ["a/1.png", "a/gone/2.png", "a/there/3.png", "a/there/deep/4.png", "a/z.png", "b/5.png", "top.png"]
    ledger.record(map(_row, paths))
    looked_at: list[str] = []

    def is_there(folder: str) -> bool:
        looked_at.append(folder)
        return folder in ("a", "b", "a/there")

    assert [row.path for row in ledger.rows_in("a", is_there)] == ["a/1.png", "a/gone/2.png", "a/z.png"]
    assert looked_at == ["a/gone", "a/there"]
    assert [row.path for row in ledger.rows_in("", is_there)] == ["top.png"]


def test_nothing_is_recorded_by_halves(ledger: Ledger) -> None:
    """If one row cannot be stored, none of the batch is."""

    def rows() -> Iterator[Row]:
        yield _row("a.png")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        ledger.record(rows())
    assert ledger.get("a.png") is None
    ledger.record([_row("b.png")])  # the transaction was ended
    assert ledger.get("b.png") is not None


def test_equal_content_is_found_by_key(ledger: Ledger) -> None:
    """Only finished files, four at most."""
    ledger.record([_row(f"{n}.png", key="same") for n in range(6)])
    ledger.record([_row("failed.png", "failed", key="other"), _row("writing.png", "writing", key="other")])

    assert len(ledger.done_with("same")) == 4
    assert ledger.done_with("other") == []


def test_only_answers_count_as_made(ledger: Ledger) -> None:
    """A copy of a source is still an input; an empty digest matches nothing."""
    ledger.record([_row("a.png", digest="answer"), _row("b.png", digest="copy", answer=False), _row("c.png")])

    assert [ledger.was_made(content) for content in ("answer", "copy", "", "else")] == [True, False, False, False]


def test_rows_are_dealt_with_anew(ledger: Ledger) -> None:
    """Only their recipe is cleared; removed rows are gone."""
    ledger.record([_row("a.png", "failed", digest="m"), _row("b.png")])

    ledger.ask_again("failed")
    ledger.remove("b.png")

    assert ledger.get("a.png") == _row("a.png", "failed", digest="m", recipe="")
    assert ledger.get("b.png") is None


def test_facts_about_the_folder(ledger: Ledger) -> None:
    """Facts, kinds of families, mounts and unreadable folders are kept, replaced and read back."""
    assert (ledger.fact("x"), ledger.kinds(), ledger.mounts(), ledger.unreadable()) == ("", {}, set(), {})

    for value in ("1", "2"):
        ledger.note_fact("x", value)
        ledger.decide("wall", value)
        ledger.note_mounts(["m", f"m{value}"])
        ledger.note_unreadable({f"u{value}": "why"})

    assert (ledger.fact("x"), ledger.kinds()) == ("2", {"wall": "2"})
    assert (ledger.mounts(), ledger.unreadable()) == ({"m", "m1", "m2"}, {"u2": "why"})


def test_a_file_that_was_replaced_is_noticed(ledger: Ledger, tmp_path: Path) -> None:
    """Records in a deleted file are lost."""
    assert ledger.is_in_place()
    ledger.path.rename(tmp_path / "moved")
    assert not ledger.is_in_place()
    ledger.path.write_bytes(b"")
    assert not ledger.is_in_place()
    assert identity_of(tmp_path / "none") is None


def test_leftovers_of_a_deleted_ledger_are_not_read(tmp_path: Path) -> None:
    """SQLite would use a log next to a new file as its own."""
    path = tmp_path / LEDGER_NAME
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).write_bytes(b"old" * 2000)

    ledger = Ledger(path)
    ledger.record([_row("a.png")])

    assert ledger.is_whole() and ledger.can_be_read()
    ledger.close()


def test_a_damaged_row_is_no_readable_ledger(ledger: Ledger) -> None:
    """Damage is a result of `can_be_read`; a locked or missing file is an error that may pass."""
    ledger.record(_row(f"{n:05}.png") for n in range(3000))
    ledger._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.close()
    data = ledger.path.read_bytes()
    ledger.path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))

    damaged = Ledger.__new__(Ledger)
    damaged._base = sqlite3.connect(ledger.path)
    assert damaged.can_be_read() is False
    damaged._base.close()


def test_a_ledger_of_an_earlier_version_gets_its_columns(tmp_path: Path) -> None:
    """Rows written before a column existed get its default."""
    path = tmp_path / LEDGER_NAME
    base = sqlite3.connect(path)
    base.execute(
        "CREATE TABLE files (path TEXT PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,"
        " key TEXT NOT NULL, recipe TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', "
        "out_size INTEGER NOT NULL DEFAULT 0, out_mtime_ns INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID"
    )
    base.execute("INSERT INTO files VALUES ('a.png', 1, 2, 'k', 'r', 'done', '', 3, 4)")
    base.commit()
    base.close()

    ledger = Ledger(path)

    assert ledger.get("a.png") == Row("a.png", Stamp(1, 2), "k", "r", "done", "", Stamp(3, 4))
    ledger.close()
