"""The folder where engine and client find each other."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from depixel.client import Engine, EngineError, Installed, Place, Running
from depixel.client.place import UnsafeFolderError, default_folder

RUNNING = Running(pid=7, port=4242, token="secret", protocol=2, version="0.1")


def test_what_is_published_is_found(tmp_path: Path) -> None:
    """A client reads exactly what the engine wrote."""
    place = Place(str(tmp_path / "new"))
    place.write_running(RUNNING)

    assert place.running() == RUNNING


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_the_token_is_the_user_s_alone(tmp_path: Path) -> None:
    """Other users of the machine can neither read the token nor plant a file."""
    place = Place(str(tmp_path / "new"))
    place.write_running(RUNNING)
    path = tmp_path / "new" / "running.json"

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.chmod(0o644)
    assert place.running() is None


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", '{"pid": 1}', '{"pid":"x","port":1,"token":"","protocol":1}', "\x00", "[" * 60_000,
        '{"pid":1,"port":99999,"token":"","protocol":1}', '{"pid":1,"port":Infinity,"token":"","protocol":1}',
    ],
    ids=range(9),
)  # fmt: skip
def test_a_damaged_record_counts_as_none(tmp_path: Path, text: str) -> None:
    """A half-written or foreign file starts a new engine instead of a traceback."""
    path = tmp_path / "running.json"
    path.write_text(text)
    path.chmod(0o600)

    assert Place(str(tmp_path)).running() is None


def test_a_command_that_is_gone_is_not_offered(tmp_path: Path) -> None:
    """After the environment was deleted the sentence is "not installed", not "cannot be started"."""
    place = Place(str(tmp_path))
    place.write_installed(Installed((sys.executable, "-m", "depixel"), (("A", "b"),), "0.1"))
    assert place.installed() == Installed((sys.executable, "-m", "depixel"), (("A", "b"),), "0.1")

    place.write_installed(Installed((str(tmp_path / "gone"),)))
    assert place.installed() is None


def test_only_one_holds_a_lock(tmp_path: Path) -> None:
    """Two programs that start at the same time do not start two engines."""
    place = Place(str(tmp_path))
    with place.lock("x") as first, Place(str(tmp_path)).lock("x") as second:
        assert (first, second) == (True, False)
    with place.lock("x") as again:
        assert again


def test_forgetting_leaves_another_engine_s_record(tmp_path: Path) -> None:
    """An engine that exits late does not remove its successor's record."""
    place = Place(str(tmp_path))
    place.write_running(RUNNING)
    place.forget_running(pid=8)
    assert place.running() is not None
    place.forget_running(pid=7)
    assert place.running() is None


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"HOME": "/h", "XDG_DATA_HOME": "/elsewhere"}, "/h/.local/share/depixel/engine"),
        ("darwin", {"HOME": "/h"}, "/h/Library/Application Support/Depixel/engine"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/Depixel/engine"),
        ("linux", {"HOME": "/h", "DEPIXEL_RUNTIME_DIR": "/r"}, "/r"),
    ],
)
def test_folder_of_each_system(platform: str, environment: dict[str, str], expected: str) -> None:
    """Sandboxed and plain programs of one user use the same folder, so XDG variables are ignored."""
    assert Path(expected) == Path(default_folder(platform, environment))


def test_last_words_are_the_last_line(tmp_path: Path) -> None:
    """An error message quotes why the engine died."""
    place = Place(str(tmp_path))
    assert place.last_words() == ""
    Path(place.log).write_text(json.dumps("a") + "\nlast\n\n")
    assert place.last_words() == "last"


POSIX = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")


@POSIX
def test_a_folder_of_another_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its contents would be executed: neither its records nor its locks are touched, and the sentence says why."""
    place = Place(str(tmp_path))
    place.write_running(RUNNING)
    place.write_installed(Installed((sys.executable,)))
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)

    assert place.running() is None
    assert place.installed() is None
    with pytest.raises(UnsafeFolderError, match="belongs to another user"):
        place.make()
    with pytest.raises(EngineError, match="belongs to another user"):
        Engine("tests", place).hello()


@POSIX
@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o720])
def test_a_folder_that_others_can_write_to_is_not_used(tmp_path: Path, mode: int) -> None:
    """As DEPIXEL_RUNTIME_DIR=/tmp would be: anybody could have written the records."""
    place = Place(str(tmp_path))
    place.write_installed(Installed((sys.executable,)))
    tmp_path.chmod(mode)

    assert place.installed() is None
    assert "chmod 700" in place.problem()
    with pytest.raises(UnsafeFolderError):
        place.make()
    assert tmp_path.stat().st_mode & 0o7777 == mode


@POSIX
def test_a_folder_that_others_can_only_read_is_closed(tmp_path: Path) -> None:
    """Made by hand with `mkdir`: everything in it belongs to this user, so the permissions are corrected silently."""
    tmp_path.chmod(0o755)

    Place(str(tmp_path)).make()

    assert tmp_path.stat().st_mode & 0o777 == 0o700


@POSIX
@pytest.mark.parametrize("mode", [0o666, 0o622, 0o660])
def test_a_command_that_others_can_write_is_not_executed(tmp_path: Path, mode: int) -> None:
    """installed.json says what to start."""
    place = Place(str(tmp_path))
    place.write_installed(Installed((sys.executable,)))
    (tmp_path / "installed.json").chmod(mode)

    assert place.installed() is None


def test_who_holds_the_lock_is_there(tmp_path: Path) -> None:
    """A running engine is detected without its record."""
    place = Place(str(tmp_path))
    assert place.is_vacant()
    with place.lock("engine.lock"):
        assert not Place(str(tmp_path)).is_vacant()
    assert place.is_vacant()
