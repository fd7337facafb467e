"""The client runs inside GIMP and Krita: no torch, no numpy, nothing of depixel, and Python 3.8."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import depixel.client

FOLDER = Path(depixel.client.__file__).parent
MODULES = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_parses_as_python_3_8(path: Path) -> None:
    """The oldest Python inside a supported program can read every module."""
    ast.parse(path.read_text("utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_the_standard_library_only(path: Path) -> None:
    """Nothing has to be installed into GIMP or Krita, and the copied folder stands alone."""
    outside = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            outside += [alias.name for alias in node.names if alias.name.split(".")[0] not in sys.stdlib_module_names]
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            outside += [node.module] if (node.module or "").split(".")[0] not in sys.stdlib_module_names else []

    assert outside == []
