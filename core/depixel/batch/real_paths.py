"""Real paths of many files: the folders, which many files share, are resolved once."""

from __future__ import annotations

import os
from pathlib import Path


class RealPaths:
    """Paths without symbolic links, as from `os.path.realpath`, for as long as no folder changes."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}

    def of(self, path: Path) -> str:
        """The real path of a file, which need not exist; a circular link stays as it is."""
        folder, name = os.path.split(path)
        if os.name == "nt" or name in ("", ".", ".."):  # on Windows, the case of a name is resolved too
            return os.path.realpath(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        whole = Path(self._folders[folder], name)
        return os.path.realpath(whole) if whole.is_symlink() else str(whole)
