"""The commands of README and of the pages about packs, watching and the browser work as written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.test_pages import commands_of

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/packs.md", "docs/watch.md", "docs/page.md")
LEFT_OUT = {
    "depixel serve": "stays until it is stopped",
    "depixel watch MODS": "stays until it is stopped",
    "depixel watch MODS --verify": "stays until it is stopped",
    "depixel watch MODS --install-service": "changes what starts at login",
}
"""Beginnings of commands => why they are not run here."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def _run_here(command: str) -> bool:
    exact = {"depixel serve", "depixel watch MODS"}
    return not any(command == start if start in exact else command.startswith(start) for start in LEFT_OUT)


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """The folder of a fresh clone with `depixel` on the path, and files with the names used in the documentation."""
    place = tmp_path / "depixel"
    shutil.copytree(ROOT / "samples", place / "samples")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/depixel"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m depixel "$@"\n')
    program.chmod(0o755)
    _own_files(place)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT / 'core'}{os.pathsep}{ROOT / 'plugins/folder_watch'}",
        "DEPIXEL_RUNTIME_DIR": str(tmp_path / "runtime"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "BROWSER": "true",
        "OMP_NUM_THREADS": "1",
    }
    yield place, environment
    subprocess.run(["sh", "-c", "depixel serve --stop"], env=environment, cwd=place, check=False, capture_output=True)


# A user's own files, under the names in each page.
def _own_files(place: Path) -> None:
    shutil.copytree(place / "samples/sprites", place / "sprites")
    shutil.copy(place / "samples/sprites/mage.png", place / "hero.png")
    shutil.copytree(place / "samples/pixel-art", place / "MODS")
    wall = (place / "samples/textures/wall.png").read_bytes()
    pack = {
        "pack.mcmeta": b'{"pack": {"pack_format": 18, "description": "walls"}}',
        "assets/minecraft/textures/block/wall.png": wall,
        "assets/minecraft/textures/font/ascii.png": (place / "samples/faces/portrait.png").read_bytes(),
    }
    with zipfile.ZipFile(place / "PACK.zip", "w") as archive:
        for name, data in pack.items():
            archive.writestr(name, data)
            (place / "PACK_FOLDER" / name).parent.mkdir(parents=True, exist_ok=True)
            (place / "PACK_FOLDER" / name).write_bytes(data)


@pytest.mark.skipif(os.name == "nt", reason="types into a POSIX shell")
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_do_their_work(page: str, clone: tuple[Path, dict[str, str]]) -> None:
    """One after the other in one shell's folder: each ends with 0, and the outputs that it names exist."""
    place, environment = clone
    commands = [command for command in commands_of(page) if _run_here(command)]
    assert commands

    for command in commands:
        done = subprocess.run(
            ["sh", "-c", command], cwd=place, env=environment, capture_output=True, text=True, timeout=900, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        words = command.split()
        if "-o" in words and "--dry-run" not in words:
            assert (place / words[words.index("-o") + 1]).exists(), command


def test_what_is_left_out_is_still_on_a_page() -> None:
    """An exception for a command that is no longer in any page must be removed."""
    pages = [*PAGES, "docs/api/README.md"]
    commands = [command for page in pages for command in commands_of(page)]

    for start in LEFT_OUT:
        assert any(command.startswith(start) for command in commands), start
