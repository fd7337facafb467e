"""
Files in a folder that are not pictures: system files, which are skipped silently, and archives of pictures that are not
opened, which are reported with advice.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Collection
from pathlib import Path, PurePosixPath

ZIPS = frozenset(
    {
        ".zip",
        ".pk3",
        *(".ipk3", ".pk4", ".pkz", ".pke", ".kpf", ".dpk", ".iwd", ".crf"),
        *(".mcpack", ".mcaddon", ".mctemplate", ".resourcepack", ".jar", ".litemod"),
        *(".love", ".nw", ".wz", ".sdz", ".oramod", ".osk", ".wotmod", ".fantome"),
    }
)
"""Extensions of zip files that may contain textures; many games use their own."""

_DOCUMENTS = frozenset(
    {
        *(".docx", ".docm", ".xlsx", ".xlsm", ".pptx", ".odt", ".ods", ".odp", ".odg", ".epub", ".cbz"),
        *(".3mf", ".usdz", ".sketch", ".xpi", ".crx", ".vsix", ".nupkg", ".apk", ".aab", ".ipa", ".war"),
        *(".jmod", ".whl", ".egg", ".npz", ".pt", ".pth", ".ckpt"),
    }
)
"""Zips that are not sets of textures, even if they contain pictures."""

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
    ".mpq": "a Blizzard archive",
    ".grp": "a Build engine archive (GRP)",
    ".xp3": "a KiriKiri archive",
    ".tar": "a tar archive",
    ".tgz": "a tar archive",
    ".tbz2": "a tar archive",
    ".txz": "a tar archive",
}
_TAR = re.compile(r".+\.tar\.(gz|bz2|xz|zst|lz4?)", re.IGNORECASE)
_ZIP = b"PK\x03\x04"
_TEXTURES = {
    ".blp": "a BLP texture, which Depixel cannot write: name it as an input to get a PNG",
    ".pvr": "a PowerVR texture, which Depixel does not read: convert it to PNG or KTX",
    ".astc": "an ASTC texture, which Depixel does not read: convert it to PNG or KTX",
    ".crn": "a Crunch texture, which Depixel does not read: convert it to DDS",
    ".basis": "a Basis texture, which Depixel does not read: convert it to PNG or KTX",
    ".xnb": "an XNA file, which Depixel does not open: unpack it to PNG",
    ".exr": "an OpenEXR picture, which Depixel does not read: convert it to a 16-bit PNG",
    ".hdr": "a Radiance picture, which Depixel does not read: convert it to a 16-bit PNG",
}
_ENCRYPTED = frozenset({".rpgmvp", ".png_"})


def is_system_file(name: str) -> bool:
    """Whether a file or folder with this name is skipped silently: hidden, or created by the system."""
    return _SYSTEM.fullmatch(name) is not None


def is_renamed_zip(path: Path, pictures: Collection[str]) -> bool:
    """
    Whether a file with an unknown extension is a zip of pictures.

    Args:
        pictures: extensions of pictures, such as ".png".
    """
    suffix = path.suffix.lower()
    if suffix in ZIPS or suffix in _DOCUMENTS or suffix in pictures:
        return False
    try:
        if not path.is_file():  # opening a pipe would wait for its writer
            return False
        with path.open("rb") as file:
            if file.read(4) != _ZIP:
                return False
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return False
    is_document = names[:1] in (["mimetype"], ["[Content_Types].xml"])
    return not is_document and any(PurePosixPath(name).suffix.lower() in pictures for name in names)


def unopened(path: str, then: str) -> str:
    """
    Why a file that contains pictures is not opened; empty for files without pictures and for zips.

    Args:
        then: what to do with an archive after unpacking it: "and watch the folder".
    """
    name, suffix = PurePosixPath(path).name, PurePosixPath(path).suffix.lower()
    if suffix in _ENCRYPTED:
        return f"{name} is a picture that RPG Maker encrypted: decrypt the game's pictures first."
    if suffix in _TEXTURES:
        return f"{name} is {_TEXTURES[suffix]}."
    kind = _ARCHIVES[".tar"] if _TAR.fullmatch(name) else _ARCHIVES.get(suffix)
    if kind is not None:
        return f"{name} is {kind}, which Depixel does not open: unpack it {then}."
    return ""
