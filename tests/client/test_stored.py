"""Small user files are written completely, by one program at a time, and never over unreadable content."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import depixel.client
from depixel.client import EngineError, Place
from depixel.client.stored import JsonFile


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """The folder is created; a failure during a write leaves the file unchanged."""
    file = JsonFile("some.json", Place(str(tmp_path / "new")))
    with file.changing() as values:
        values["a"] = 1
    with pytest.raises(KeyError), file.changing() as values:
        values["a"] = 2
        raise KeyError

    assert file.read() == {"a": 1}
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["some.json", "some.json.lock"]


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe", b"null"])
def test_a_damaged_file_is_left_alone(content: bytes, tmp_path: Path) -> None:
    """It may contain something that can still be repaired."""
    path = tmp_path / "some.json"
    path.write_bytes(content)
    tmp_path.chmod(0o700)
    file = JsonFile("some.json", Place(str(tmp_path)))

    with pytest.raises(EngineError, match="repair or delete it"):
        file.read()
    with pytest.raises(EngineError, match="repair or delete it"), file.changing() as values:
        values["a"] = 1
    assert path.read_bytes() == content


def test_a_file_stays_below_a_megabyte(tmp_path: Path) -> None:
    """A larger one is refused when it is written, and the old one stays."""
    file = JsonFile("some.json", Place(str(tmp_path / "f")))
    with file.changing() as values:
        values["a"] = "x" * 1_000_000
    with pytest.raises(EngineError, match="larger than 1048576 bytes"), file.changing() as values:
        values["b"] = "y" * 100_000

    assert list(file.read()) == ["a"]


def test_two_programs_lose_nothing(tmp_path: Path) -> None:
    """Each adds its own keys at the same time."""
    code = (
        "import sys; from depixel.client import Place; from depixel.client.stored import JsonFile\n"
        "file = JsonFile('some.json', Place(sys.argv[1]))\n"
        "for n in range(20):\n"
        "    with file.changing() as values: values[sys.argv[2] + str(n)] = n\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(depixel.client.__file__).parents[2])}
    command = [sys.executable, "-c", code, str(tmp_path / "f")]
    programs = [subprocess.Popen([*command, name], env=environment) for name in "ab"]

    assert [program.wait(60) for program in programs] == [0, 0]
    assert len(JsonFile("some.json", Place(str(tmp_path / "f"))).read()) == 40
