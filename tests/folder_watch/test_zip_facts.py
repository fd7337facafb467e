"""Zips by other programs: an entry's properties besides its content are preserved."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from nearest_worker import NearestWorker
from PIL import Image

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel_watch.packs.archive import rewrite
from depixel_watch.packs.profiles import OWN_PROFILES, load


def _png(seed: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def _zip(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def _rewritten(folder: Path, data: bytes) -> bytes:
    path, out = folder / "p.zip", io.BytesIO()
    path.write_bytes(data)
    rewrite(path, out, NearestWorker(), load(own=folder))
    return out.getvalue()


def _size(archive: zipfile.ZipFile, entry: str | zipfile.ZipInfo) -> tuple[int, int]:
    with archive.open(entry) as file, Image.open(file) as image:
        return image.size


@pytest.mark.parametrize("raw", ["\u7e26.png".encode("cp932"), "\u00e9.png".encode("utf-8"), b"\x81.png"])
def test_names_without_a_mark_keep_their_bytes(tmp_path: Path, raw: bytes) -> None:
    """Japanese Windows, macOS and DOS write names without a UTF-8 flag: the same bytes, still without the flag."""
    stand_in = b"x" * (len(raw) - 4) + b".png"
    data = _zip({stand_in.decode(): _png(), "b.txt": b"text"}).replace(stand_in, raw)
    result = _rewritten(tmp_path, data)

    assert result.count(raw) == data.count(raw) == 2
    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        assert not archive.infolist()[0].flag_bits & 0x800
        assert _size(archive, archive.infolist()[0]) == (8, 8)


def test_marked_names_and_new_endings(tmp_path: Path) -> None:
    """A name flagged as UTF-8 stays so; another extension changes only the name, whatever its letters."""
    (tmp_path / OWN_PROFILES).write_text(
        '[[profile]]\nname = "generic"\ntitle = "x"\nrules = [{ match = "*", file = { ending = ".png" } }]\n'
    )
    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "TGA")
    raw = "\u7e26".encode("cp932")
    data = _zip({"xx.tga": picture.getvalue(), "\u52c7.tga": picture.getvalue()}).replace(b"xx.tga", raw + b".tga")
    result = _rewritten(tmp_path, data)

    assert result.count(raw + b".png") == 2
    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        assert [e.filename for e in archive.infolist()][1] == "\u52c7.png"


def test_extra_fields(tmp_path: Path) -> None:
    """
    Times to the second and owners, as Info-ZIP writes them, stay; sizes of more than 32 bits are not stored twice.
    """
    when = struct.pack("<HHBI", 0x5455, 5, 1, 1_700_000_000)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in (("a.png", _png()), ("b.txt", b"text")):
            info = zipfile.ZipInfo(name)
            info.extra, info.internal_attr = when, 1
            with archive.open(info, "w", force_zip64=True) as file:
                file.write(data)
    result = _rewritten(tmp_path, buffer.getvalue())

    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        assert [(e.extra, e.internal_attr) for e in archive.infolist()] == [(when, 1)] * 2
        assert _size(archive, "a.png") == (8, 8)


def test_a_second_name_in_unicode(tmp_path: Path) -> None:
    """Info-ZIP's field with the UTF-8 name besides the old one: both are preserved."""
    raw = b"\x8f\x63.png"
    field = struct.pack("<BI", 1, zlib.crc32(raw)) + "\u7e26.png".encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("xx.png")
        info.extra = struct.pack("<2H", 0x7075, len(field)) + field
        archive.writestr(info, _png())
    result = _rewritten(tmp_path, buffer.getvalue().replace(b"xx.png", raw))

    assert result.count(raw) == 2
    assert result.count(field) == 2


def test_names_that_differ_in_case_are_two_and_names_of_one_path_are_twins(tmp_path: Path) -> None:
    """Games distinguish case in zips: A.png and a.png are two pictures; ./a.png and a.png are one."""
    result = _rewritten(tmp_path, _zip({"A.png": _png(1), "a.png": _png(2)}))
    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        assert archive.namelist() == ["A.png", "a.png"]
        assert archive.read("A.png") != archive.read("a.png")

    with pytest.raises(UnsupportedPictureError, match="twice"):
        _rewritten(tmp_path, _zip({"a.png": _png(1), "./a.png": _png(2)}))


def test_a_wrong_checksum_names_its_entry(tmp_path: Path) -> None:
    """It cannot be copied unchanged: the archive is refused, and the sentence names the entry."""
    data = bytearray(_zip({"a.png": _png(1), "b.txt": b"text"}))
    data[data.index(b"text")] ^= 1

    with pytest.raises(UnreadablePictureError, match=r"p\.zip is incomplete or damaged: 'b\.txt' is damaged"):
        _rewritten(tmp_path, bytes(data))


class _Pipe(io.RawIOBase):
    """On a stream without seeking, the sizes are written after the content."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.data += bytes(data)  # type: ignore[call-overload]
        return len(data)  # type: ignore[arg-type]


def test_streamed_prefixed_and_trailed(tmp_path: Path) -> None:
    """Sizes after the content, a program before the archive, bytes after its end: read, and written normally."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", _png())
    plain = _zip({"a.png": _png()})
    for data in (pipe.data, b"MZ" + bytes(999) + plain, plain + b"rest" * 9):
        with zipfile.ZipFile(io.BytesIO(_rewritten(tmp_path, data))) as archive:
            assert archive.testzip() is None
            assert _size(archive, "a.png") == (8, 8)


@pytest.mark.slow
def test_ten_thousand_entries(tmp_path: Path) -> None:
    """A PK3 with this many entries: all preserved, in order, in seconds, and its pictures also in hires/."""
    entries = {f"maps/{k}.txt": b"x" for k in range(10_000)}
    result = _rewritten(tmp_path, _zip({"zscript.zs": b"", "sprites/A.png": _png(), **entries}))

    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        assert archive.namelist() == ["zscript.zs", "sprites/A.png", "hires/A.png", *entries]
