"""Kinds of files that Depixel does not read, recognised by their first bytes so that error messages can name them."""

from __future__ import annotations

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"gimp xcf", "a GIMP document; export it as PNG"),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture; convert it to a 16-bit PNG"),
    (b"#?RADIANCE", "a Radiance picture; convert it to a 16-bit PNG"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture; convert it to PNG"),
    (b"IWAD", "a Doom archive (WAD); extract its pictures with an editor such as SLADE"),
    (b"PWAD", "a Doom archive (WAD); extract its pictures with an editor such as SLADE"),
    (b"WAD2", "a Quake archive (WAD2); extract its pictures with an editor such as SLADE"),
    (b"WAD3", "a Half-Life archive (WAD3); extract its pictures with an editor such as SLADE"),
    (b"PACK", "a Quake archive (PAK); unpack it first"),
    (b"\x34\x12\xaa\x55", "a Valve archive (VPK); unpack it first"),
    (b"BSA\x00", "a Bethesda archive (BSA); unpack it first"),
    (b"BTDX", "a Bethesda archive (BA2); unpack it first"),
    (b"GDPC", "a Godot archive (PCK); unpack it first"),
    (b"UnityFS", "a Unity asset bundle; unpack it first"),
    (b"RPGMV\x00\x00\x00", "an encrypted RPG Maker picture; decrypt it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive; unpack it first"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "a gzip file; unpack it first"),
    (b"\xfd7zXZ\x00", "an xz file; unpack it first"),
    (b"BZh", "a bzip2 file; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file; unpack it first"),
    (b"%PDF", "a PDF"),
    (b"<svg", "an SVG drawing; export it as PNG"),
    (b"<?xml", "an XML file"),
    (b"<!DOCTYPE", "a web page"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"version https://git-lfs", "a Git LFS pointer instead of the file; run `git lfs pull`"),
    (b"OggS", "an Ogg audio or video file"),
    (b"ID3", "an MP3 audio file"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (
        b"\x00\x05\x16\x07",
        "the metadata that macOS stores beside a file (its name begins with ._), not the file itself",
    ),
)
_BOXES = {
    b"heic": "a HEIC picture; convert it to PNG",
    b"heix": "a HEIC picture; convert it to PNG",
    b"mif1": "a HEIF picture; convert it to PNG",
}

_ENDINGS = frozenset(
    {".exr", ".hdr", ".heic", ".heif", ".jp2", ".svg", ".pdf", ".eps", ".xcf", ".pbm", ".pgm", ".pnm", ".ppm", ".zip",
     ".7z", ".rar", ".pk3", ".wad", ".pak"}
)  # fmt: skip


def is_file_ending(ending: str) -> bool:
    """
    Whether this extension (with its dot) belongs to a kind of file that Depixel neither reads nor writes, not to a
    folder.
    """
    return ending.lower() in _ENDINGS


def stranger(data: bytes) -> str:
    """The kind of such a file, with an article and, if there is one, a remedy; empty if it is unknown."""
    if data[4:8] == b"ftyp" and data[8:12] in _BOXES:
        return _BOXES[data[8:12]]
    return next((what for signature, what in _SIGNATURES if data.startswith(signature)), "")
