"""The scripts for newcomers: they report what is missing, and run on Python alone."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from depixel.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
SHELL_SCRIPTS = ("scripts/setup", "scripts/demo", "scripts/test", "scripts/host_tests", ".ci/run")
shell = pytest.mark.skipif(os.name == "nt", reason="shell scripts")


def _fake_python(folder: Path, body: str) -> str:
    path = folder / "python-here"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def _fake_venv(folder: Path, pip_settings: str = "", has_torch: bool = False) -> Path:
    """A virtual environment whose Python records the calls of pip."""
    programs = folder / "venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("pip", "depixel"):
        (programs / name).touch()
    body = f'''case "$*" in
        "-m pip config list") printf '%s\\n' "{pip_settings}";;
        "-m pip "*) echo "$*" >> {folder}/pip.log; case "$*" in *--index-url*) touch {folder}/torch;; esac;;
        *find_spec*) [ -e {folder}/torch ] || exit {0 if has_torch else 1};;
    esac'''
    python = programs / "python"
    python.write_text(f"#!/bin/sh\n{body}\n")
    python.chmod(0o755)
    return folder / "pip.log"


def _environment(tmp_path: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHON", "DEPIXEL_TORCH")}
    command = [sys.executable, str(ROOT / "scripts/environment.py"), *arguments]
    environment = {**kept, "VENV": str(tmp_path / "venv"), **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@shell
@pytest.mark.parametrize("name", SHELL_SCRIPTS)
def test_shell_scripts_parse_and_are_executable(name: str) -> None:
    """Valid shell with the executable bit set."""
    subprocess.run(["bash", "-n", str(ROOT / name)], check=True)

    assert (ROOT / name).stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize("name", ["environment", "test", "demo"])
def test_setup_scripts_need_only_the_standard_library(name: str) -> None:
    """They start with a Python without packages."""
    tree = ast.parse((ROOT / f"scripts/{name}.py").read_text("utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {m.split(".")[0] for m in modules} <= {*sys.stdlib_module_names, "environment"}


@shell
def test_missing_venv_module_is_one_sentence(tmp_path: Path) -> None:
    """Debian without python3-venv: the package to install is named and nothing is left behind."""
    body = 'case "$*" in *ensurepip*) exit 1;; *print*) echo 3.11;; --version) echo Python 3.11.2;; *) exit 0;; esac'

    done = _environment(tmp_path, PYTHON=_fake_python(tmp_path, body))

    assert done.returncode == 1
    assert "sudo apt install python3.11-venv" in done.stderr
    assert not (tmp_path / "venv").exists()


@shell
def test_old_python_is_one_sentence(tmp_path: Path) -> None:
    """Python 3.9 is refused, and the message says which version is needed."""
    done = _environment(tmp_path, PYTHON=_fake_python(tmp_path, "exit 1"))

    assert done.returncode == 1
    assert "Python 3.10 or newer is needed" in done.stderr


def test_unknown_kind_is_one_sentence(tmp_path: Path) -> None:
    """A mistyped argument changes nothing."""
    done = _environment(tmp_path, "develop")

    assert done.returncode == 1
    assert done.stderr.strip() == "setup: unknown kind 'develop'; use run or dev"


@shell
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux wheels bring CUDA along")
@pytest.mark.parametrize(
    ("settings", "choice", "cpu_index"),
    [
        ("", "", True),
        ("global.index-url='https://mirror.example/simple'", "", False),
        ("global.timeout='60'", "", True),
        ("global.index-url='https://mirror.example/simple'", "cpu", True),
        ("", "default", False),
    ],
)
def test_first_setup_takes_the_cpu_build(tmp_path: Path, settings: str, choice: str, cpu_index: bool) -> None:
    """No CUDA build without an NVIDIA GPU, unless pip's settings or the user decide otherwise."""
    log = _fake_venv(tmp_path, settings)
    chosen = {"DEPIXEL_TORCH": choice} if choice else {}

    done = _environment(tmp_path, PATH="/usr/bin:/bin", **chosen)

    assert done.returncode == 0, done.stderr
    assert ("--index-url" in log.read_text()) == cpu_index


@shell
def test_second_setup_does_nothing(tmp_path: Path) -> None:
    """Once it is up to date, pip is not called again; requesting more installs more."""
    log = _fake_venv(tmp_path, has_torch=True)
    _environment(tmp_path)
    log.unlink()

    assert _environment(tmp_path).returncode == 0
    assert not log.exists()
    assert _environment(tmp_path, "dev").returncode == 0
    assert "--group dev" in log.read_text()


def test_readme_names_the_commands_that_there_are() -> None:
    """Every `depixel COMMAND` of the README is valid."""
    named = set(re.findall(r"(?:^|`)depixel (\w+)", (ROOT / "README.md").read_text("utf-8"), re.M)) - {"COMMAND"}

    assert {"upscale", "project", "models"} <= named
    for name in named:
        assert name in COMMANDS, name
        assert importlib.util.find_spec(COMMANDS[name][0]) is not None, name


def test_readme_names_the_scripts_that_there_are() -> None:
    """Every ./scripts/... of the README and every path of CONTRIBUTING's commands exists."""
    for page in ("README.md", "CONTRIBUTING.md"):
        for word in (ROOT / page).read_text("utf-8").split():
            name = word.strip("`.,;:()")
            if name.startswith(("scripts/", "/scripts/")):
                assert (ROOT / name.strip("/").split("|")[0]).exists(), f"{page}: {name}"
