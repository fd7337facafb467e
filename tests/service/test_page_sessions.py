"""A key opens one tab, once, for a short time; a tab survives a restart of the engine."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from depixel.service.page_sessions import KEY_SECONDS, SESSION_SECONDS, NamedFile, PageSessions
from depixel.service.peer import is_another_user


class Clock:
    """A clock set by the test."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until the test moves it."""
    return Clock()


def bearer(token: str | None) -> str:
    return f"Bearer {token}"


def test_a_key_works_once(clock: Clock) -> None:
    """A second use gets nothing, and neither does an invented key."""
    sessions = PageSessions(clock=clock)
    key = sessions.new_key()

    token = sessions.exchange(key)

    assert token is not None
    assert sessions.find(bearer(token)) is not None
    assert sessions.find(f"Basic {token}") is None
    assert sessions.exchange(key) is None
    assert sessions.exchange("made up") is None
    assert sessions.find(bearer("made up")) is None
    assert sessions.find(token) is None  # no scheme
    assert sessions.find("Bearer ") is None


def test_keys_and_sessions_end(clock: Clock) -> None:
    """A key is short-lived; a session lasts a week."""
    sessions = PageSessions(clock=clock)
    late, in_time = sessions.new_key(), sessions.new_key()

    clock.now += KEY_SECONDS - 1
    token = sessions.exchange(in_time)
    clock.now += 1
    assert sessions.exchange(late) is None
    assert sessions.find(bearer(token)) is not None

    clock.now += SESSION_SECONDS
    assert sessions.find(bearer(token)) is None


def test_only_so_many_keys_are_kept(clock: Clock) -> None:
    """The oldest is removed for a new one."""
    sessions = PageSessions(clock=clock)
    keys = [sessions.new_key() for _ in range(65)]

    assert sessions.exchange(keys[0]) is None
    assert sessions.exchange(keys[-1]) is not None


def test_the_next_engine_knows_the_tabs(tmp_path: Path, clock: Clock) -> None:
    """Port and sessions survive the engine; the stored file holds no token, and only its owner can read it."""
    store = tmp_path / "page.json"
    first = PageSessions(store, clock)
    first.publish(4321)
    token = first.exchange(first.new_key([NamedFile(tmp_path / "a.png", "a.png")]))
    assert token is not None

    second = PageSessions(store, clock)

    assert second.port == 4321
    session = second.find(bearer(token))
    assert session is not None
    assert session.files == ()  # files are not listed again
    assert token not in store.read_text()
    if os.name == "posix":
        assert stat.S_IMODE(store.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"port": "x", "sessions": {}}',
        '{"port": 1, "sessions": {"a": []}}',
        '{"port": Infinity, "sessions": {}}',
        '{"port": 1e999, "sessions": {}}',
        "[" * 100_000,
    ],
    ids=range(8),
)
def test_a_damaged_store_is_an_empty_one(tmp_path: Path, text: str) -> None:
    """The engine starts, whatever the file contains."""
    store = tmp_path / "page.json"
    store.write_text(text)

    assert PageSessions(store).port == 0


def test_the_note_goes_when_the_key_is_used(tmp_path: Path) -> None:
    """The file that passed the key to the browser is deleted."""
    note = tmp_path / "open.html"
    note.write_text("key")
    sessions = PageSessions()
    key = sessions.new_key(note=note)

    assert note.exists()
    sessions.exchange(key)
    assert not note.exists()


def test_another_user_is_recognised(tmp_path: Path) -> None:
    """By the owner of the other end of the connection, in the kernel's own table."""
    table = tmp_path / "tcp"
    row = "   0: 0100007F:{:04X} 0100007F:{:04X} 01 00000000:00000000 00:00000000 00000000 {:5d}        0 1"
    mine, theirs = os.getuid() if os.name == "posix" else 0, 12345
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
    table.write_text("\n".join([head, row.format(5001, 80, mine), row.format(5002, 80, theirs)]))

    assert not is_another_user(5001, 80, table)
    assert is_another_user(5002, 80, table)
    assert not is_another_user(5003, 80, table)
    assert not is_another_user(5002, 80, tmp_path / "none")
