"""
Files in a folder that are not pictures: system files, which are skipped silently, and archives of pictures that are not
opened, which are reported with advice.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

ZIPS = frozenset(
    {
        ".zip",
        ".pk3",
        ".ipk3",
        ".pk4",
        ".pkz",
        ".kpf",
        ".mcpack",
        ".mcaddon",
        ".jar",
        ".love",
        ".wz",
        ".dpk",
        ".resourcepack",
    }
)
"""Extensions of zip files that may contain textures; many games use their own."""

# Files of operating systems, synchronisation programs and network drives; never part of a set of pictures.
_SYSTEM = re.compile(
    r"\..*|__macosx|\$recycle\.bin|system volume information|lost\+found|@eadir|#recycle|thumbs\.db|desktop\.ini|"
    r"~syncthing~.*|~\$.*|.*\.(tmp|part|partial|crdownload|swp)",
    re.IGNORECASE,
)
_ARCHIVES = {
    ".7z": "a 7-Zip archive",
    ".pk7": "a 7-Zip archive",
    ".ipk7": "a 7-Zip archive",
    ".rar": "a RAR archive",
    ".wad": "a WAD archive",
    ".pak": "a PAK archive",
    ".vpk": "a Valve archive",
    ".bsa": "a Bethesda archive",
    ".ba2": "a Bethesda archive",
    ".rgssad": "an RPG Maker archive",
    ".rgss2a": "an RPG Maker archive",
    ".rgss3a": "an RPG Maker archive",
    ".rpa": "a Ren'Py archive",
    ".pck": "a Godot archive",
    ".unity3d": "a Unity archive",
}
_ENCRYPTED = frozenset({".rpgmvp", ".png_"})


def is_system_file(name: str) -> bool:
    """Whether a file or folder with this name is skipped silently: hidden, or created by the system."""
    return _SYSTEM.fullmatch(name) is not None


def unopened(path: str, then: str) -> str:
    """
    Why a file that contains pictures is not opened; empty for files without pictures and for zips.

    Args:
        then: what to do with an archive after unpacking it: "and watch the folder".
    """
    name, suffix = PurePosixPath(path).name, PurePosixPath(path).suffix.lower()
    if suffix in _ENCRYPTED:
        return f"{name} is a picture that RPG Maker encrypted: decrypt the game's pictures first."
    if suffix in _ARCHIVES:
        return f"{name} is {_ARCHIVES[suffix]}, which Depixel does not open: unpack it {then}."
    return ""
