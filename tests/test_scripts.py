"""The scripts that a newcomer types: they explain what is missing, and run in no surprising shell."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

from depixel.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ("scripts/setup", "scripts/demo", "scripts/test", ".ci/run")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shell scripts")


def _fake_python(folder: Path, body: str) -> str:
    path = folder / "python-here"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def _setup(tmp_path: Path, python: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHON": python, "VENV": str(tmp_path / "venv")}
    return subprocess.run([str(ROOT / "scripts/setup")], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_parse_and_may_be_run(name: str) -> None:
    """Valid bash with the run bit set."""
    subprocess.run(["bash", "-n", str(ROOT / name)], check=True)

    assert (ROOT / name).stat().st_mode & stat.S_IXUSR


def test_missing_venv_is_a_sentence(tmp_path: Path) -> None:
    """Debian without python3-venv: the package to install is named and nothing is left behind."""
    body = 'case "$*" in *ensurepip*) exit 1;; *print*) echo 3.11;; --version) echo Python 3.11.2;; *) exit 0;; esac'

    done = _setup(tmp_path, _fake_python(tmp_path, body))

    assert done.returncode == 1
    assert "sudo apt install python3.11-venv" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_old_python_is_a_sentence(tmp_path: Path) -> None:
    """Python 3.9 is refused with what is needed."""
    done = _setup(tmp_path, _fake_python(tmp_path, "exit 1"))

    assert done.returncode == 1
    assert "Python 3.10 or newer is needed" in done.stderr


def test_readme_names_the_commands_that_there_are() -> None:
    """Every `depixel COMMAND` of the README can be typed."""
    named = set(re.findall(r"(?:^|`)depixel (\w+)", (ROOT / "README.md").read_text("utf-8"), re.M)) - {"COMMAND"}

    assert {"upscale", "project", "models"} <= named
    for name in named:
        assert name in COMMANDS, name
        assert (ROOT / "core" / (COMMANDS[name][0].replace(".", "/") + ".py")).exists(), name


def test_readme_names_the_scripts_that_there_are() -> None:
    """Every ./scripts/... of the README and every path of CONTRIBUTING's commands exists."""
    for page in ("README.md", "CONTRIBUTING.md"):
        for word in (ROOT / page).read_text("utf-8").split():
            name = word.strip("`.,;:()")
            if name.startswith(("scripts/", "/scripts/")):
                assert (ROOT / name.strip("/").split("|")[0]).exists(), f"{page}: {name}"
