"""Archives made to do harm, and archives damaged at random."""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from nearest_worker import NearestWorker
from spoilt_files import archives, spoilt

from depixel.errors import DepixelError, UnreadablePictureError, UnsupportedPictureError
from depixel_watch.packs import rewrite
from depixel_watch.profiles import load


def _rewritten(data: bytes) -> bytes:
    out = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.zip"
        path.write_bytes(data)
        rewrite(path, out, NearestWorker(), load())
    return out.getvalue()


@settings(max_examples=60, deadline=10_000, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(spoilt(archives()))
def test_any_damage_is_a_sentence_or_an_archive(data: bytes) -> None:
    """Never another exception; what comes out is whole."""
    try:
        made = _rewritten(data)
    except DepixelError as error:
        assert "\n" not in str(error)
    else:
        with zipfile.ZipFile(io.BytesIO(made)) as archive:
            assert archive.testzip() is None


def test_entries_that_lie_over_each_other() -> None:
    """One megabyte of zeroes named by two hundred directory entries, as bombs do it: refused, nothing unpacked."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0000.bin", bytes(2**20))
    data = buffer.getvalue()
    start = struct.unpack_from("<I", data, len(data) - 6)[0]
    entry, end = data[start : len(data) - 22], bytearray(data[-22:])
    entries = b"".join(entry.replace(b"0000.bin", b"%04d.bin" % k) for k in range(200))
    struct.pack_into("<HHI", end, 8, 200, 200, len(entries))

    with pytest.raises(DepixelError, match=r"p\.zip would unpack to 209715200 bytes"):
        _rewritten(data[:start] + entries + bytes(end))


def test_a_directory_that_lies_about_sizes() -> None:
    """An entry that says it is small and inflates to much: no more than it says is held, and the archive is refused."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.bin", bytes(2**24))
    data = bytearray(buffer.getvalue())
    start = struct.unpack_from("<I", data, len(data) - 6)[0]
    struct.pack_into("<I", data, start + 24, 100)  # its size when unpacked

    with pytest.raises(UnreadablePictureError, match="no whole archive"):
        _rewritten(bytes(data))


def test_lzma_that_wants_gigabytes() -> None:
    """A few bytes whose header asks for a dictionary of 4 GB: refused before anything is allocated."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.txt", b"text")
    data = bytearray(buffer.getvalue())
    struct.pack_into("<I", data, 30 + len("a.txt") + 5, 2**32 - 1)

    with pytest.raises(UnsupportedPictureError, match="too much memory"):
        _rewritten(bytes(data))
    assert _rewritten(buffer.getvalue())


def test_a_way_of_packing_that_nobody_here_knows() -> None:
    """Said so, by its number or name; not called damaged."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", b"text")
    data = bytearray(buffer.getvalue())
    start = struct.unpack_from("<I", data, len(data) - 6)[0]
    struct.pack_into("<H", data, 8, 96)
    struct.pack_into("<H", data, start + 10, 96)

    with pytest.raises(UnsupportedPictureError, match="not handled"):
        _rewritten(bytes(data))


def test_a_fault_of_ours_in_one_picture_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture is copied as it is; the others are enlarged."""
    from depixel_watch import packs

    whole = packs.prepare

    def faulty(data: bytes, path: str, *rest: object) -> object:
        if path == "bad.png":
            raise TypeError("not foreseen")
        return whole(data, path, *rest)

    monkeypatch.setattr(packs, "prepare", faulty)
    buffer = io.BytesIO()
    picture = zipfile.ZipFile(io.BytesIO(archives()[0])).read("assets/m/textures/block/a.png")
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bad.png", picture)
        archive.writestr("good.png", picture)

    with zipfile.ZipFile(io.BytesIO(_rewritten(buffer.getvalue()))) as made:
        assert made.read("bad.png") == picture
        assert made.read("good.png") != picture
