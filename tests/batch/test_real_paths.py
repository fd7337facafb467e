"""Real paths of files whose folders are resolved once."""

from __future__ import annotations

import os
from pathlib import Path

from depixel.batch.real_paths import RealPaths


def test_they_are_those_of_the_system(tmp_path: Path) -> None:
    """Through links to folders and to files, with dots, missing files and circular links."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file.png").touch()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "file-link.png").symlink_to(tmp_path / "link" / "b" / "file.png")
    (tmp_path / "circle.png").symlink_to(tmp_path / "circle.png")
    real_paths = RealPaths()
    for name in (
        *("a/b/file.png", "link/b/file.png", "file-link.png", "circle.png", "missing.png", "missing/too.png"),
        *("a/b/../b/file.png", "a/b/..", "link/.", "."),
    ):
        path = tmp_path / name
        assert real_paths.of(path) == os.path.realpath(path)
        assert real_paths.of(path) == os.path.realpath(path)  # the second time from memory
