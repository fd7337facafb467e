"""The client runs inside GIMP and Krita: no torch, no numpy, nothing else of depixel, and Python 3.8."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import depixel.client

FOLDER = Path(depixel.client.__file__).parent
MODULES = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_parses_as_python_3_8(path: Path) -> None:
    """The oldest Python inside a supported program can parse every module."""
    ast.parse(path.read_text("utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_the_standard_library_only(path: Path) -> None:
    """Nothing needs to be installed into GIMP or Krita, and the copied folder works alone."""
    outside = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            outside += [alias.name for alias in node.names if alias.name.split(".")[0] not in sys.stdlib_module_names]
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            outside += [node.module] if (node.module or "").split(".")[0] not in sys.stdlib_module_names else []  # type: ignore[list-item]

    assert outside == []


@pytest.mark.parametrize("version", ["3.8", "3.9", "3.13"])
def test_runs_on_other_pythons(version: str, tmp_path: Path, real_home: Path) -> None:
    """The copied folder is imported and used by the oldest and newest Pythons of this machine."""
    versions = sorted(real_home.glob(f".pyenv/versions/{version}.*/bin/python"))
    program = str(versions[-1]) if versions else shutil.which(f"python{version}")
    if program is None:
        pytest.skip(f"Python {version} is not on this machine")
    shutil.copytree(FOLDER, tmp_path / "depixel_client", ignore=shutil.ignore_patterns("__pycache__"))
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import depixel_client as c\n"
        "p = c.Pixels(1, 1, 4, (b'1234',)); r = c.Submission(p, c.settings_of(c.UPSCALE, {'scale': 3}))\n"
        f"print(r.header()); print(c.Engine('gimp', c.Place({str(tmp_path / 'none')!r})).state()[0])"
    )

    done = subprocess.run([program, "-I", "-B", "-c", code], capture_output=True, text=True, check=False)

    assert done.stdout.splitlines()[-1:] == ["not-installed"] or "stopped" in done.stdout, done.stderr
    assert '"scale": 3' in done.stdout
