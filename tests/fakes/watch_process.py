"""`depixel watch` of this tree as a separate process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def watch_command(*words: object) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "depixel", "watch", *map(str, words)]


def environment(**more: str) -> dict[str, str]:
    """The current environment with the packages of this tree, and more."""
    paths = (_ROOT / "core", _ROOT / "plugins/folder_watch", _ROOT / "tests/fakes")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), **more}
