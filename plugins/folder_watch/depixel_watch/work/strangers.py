"""Files with pictures that the watcher does not open: each is reported, with advice."""

from __future__ import annotations

from pathlib import PurePosixPath

_UNPACK = "{} is {}, which is not opened: unpack it, and watch the folder."
_KINDS = {
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


def sentence_for(path: str) -> str:
    """Why a file is left alone; empty for files without pictures."""
    name, suffix = PurePosixPath(path).name, PurePosixPath(path).suffix.lower()
    if suffix in _ENCRYPTED:
        return f"{name} is a picture that RPG Maker encrypted: decrypt the game's pictures first."
    return _UNPACK.format(name, _KINDS[suffix]) if suffix in _KINDS else ""
