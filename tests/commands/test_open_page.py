"""`depixel open`: what it passes to the browser, and what it prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from depixel.cli import main
from depixel.client import Engine
from depixel.commands import open_page
from depixel.errors import BadUsageError


class FakeEngine(Engine):
    """Gives keys without a process."""

    files: list[tuple[str, str]]

    def page_key(self, files=(), note=None):
        """The same key each time."""
        self.__class__.files = list(files)
        return 4321, "the-key"


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[FakeEngine]:
    """No process, no browser, no wait."""
    monkeypatch.setenv("DEPIXEL_RUNTIME_DIR", str(tmp_path / "runtime"))
    (tmp_path / "runtime").mkdir()
    monkeypatch.setattr(open_page, "Engine", FakeEngine)
    monkeypatch.setattr(open_page, "has_screen", lambda: True)
    monkeypatch.setattr(open_page, "_SECONDS", 0.3)
    return FakeEngine


def test_the_key_is_in_a_private_file_and_not_in_an_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The browser gets a file that posts the key; afterwards the file is deleted."""
    seen: list[str] = []

    def browser(address: str) -> bool:
        path = Path(address.removeprefix("file://"))
        seen.append(path.read_text())
        assert path.stat().st_mode & 0o077 == 0
        path.unlink()  # as the engine does when the key is used
        return True

    monkeypatch.setattr(open_page.webbrowser, "open", browser)

    assert main(["open"]) == 0
    assert 'method="post" action="http://127.0.0.1:4321/enter"' in seen[0]
    assert "the-key" in seen[0]
    assert capsys.readouterr().out == "Depixel is open in your web browser.\n"


def test_a_browser_that_cannot_open_the_file_gets_the_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For browsers in a sandbox; the file does not stay behind."""
    seen: list[str] = []
    monkeypatch.setattr(open_page.webbrowser, "open", lambda address: seen.append(address) is None)

    assert main(["open"]) == 0
    assert seen[0].startswith("file:")
    assert seen[1] == "http://127.0.0.1:4321/enter#key=the-key"
    assert list((tmp_path / "runtime").glob("*.html")) == []


@pytest.mark.parametrize("way", ["flag", "no screen", "no browser"])
def test_without_a_browser_the_address_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    """For example over SSH."""
    monkeypatch.setattr(open_page, "has_screen", lambda: way != "no screen")
    monkeypatch.setattr(open_page.webbrowser, "open", lambda address: False)

    assert main(["open", *(["--no-browser"] if way == "flag" else [])]) == 0
    assert re.search(r"\n  http://127\.0\.0\.1:4321/enter#key=the-key\n", capsys.readouterr().out)


def test_files_and_folders_are_named(engine: type[FakeEngine], tmp_path: Path) -> None:
    """A file by its name, a folder's contents by their paths below it; hidden files are skipped."""
    folder = tmp_path / "pack"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "b.png").write_bytes(b"b")
    (folder / ".hidden").write_bytes(b"h")
    (tmp_path / "a.png").write_bytes(b"a")

    assert main(["open", "--no-browser", str(tmp_path / "a.png"), str(folder)]) == 0
    assert engine.files == [
        (str(tmp_path / "a.png"), "a.png"),
        (str(folder.resolve() / "inner" / "b.png"), "pack/inner/b.png"),
    ]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """Missing files are reported before anything is started."""
    with pytest.raises(BadUsageError, match=r"no such file or folder: .*nowhere\.png"):
        open_page.named_files([str(tmp_path / "nowhere.png")])
