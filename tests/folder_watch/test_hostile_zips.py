"""Malicious archives, and archives damaged at random."""

from __future__ import annotations

import io
import struct
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from nearest_worker import NearestWorker
from PIL import Image
from spoilt_files import archives, spoilt

from depixel.errors import DepixelError, UnreadablePictureError, UnsupportedPictureError
from depixel_watch.packs.archive import MAX_DICTIONARY, rewrite
from depixel_watch.packs.profiles import load
from depixel_watch.preview.survey import Goal, survey


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
    """Never another exception; any output is complete."""
    try:
        result = _rewritten(data)
    except DepixelError as error:
        assert "\n" not in str(error)
    else:
        with zipfile.ZipFile(io.BytesIO(result)) as archive:
            assert archive.testzip() is None


def test_entries_that_lie_over_each_other() -> None:
    """One megabyte of zeroes named by two hundred directory entries, like a zip bomb: refused, nothing unpacked."""
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
    """
    An entry that claims to be small and inflates to much: only the claimed size is held, and the archive is refused.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.bin", bytes(2**24))
    data = bytearray(buffer.getvalue())
    start = struct.unpack_from("<I", data, len(data) - 6)[0]
    struct.pack_into("<I", data, start + 24, 100)  # its size when unpacked

    with pytest.raises(UnreadablePictureError, match="incomplete or damaged"):
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
    """Reported by number or name, not as damaged."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", b"text")
    data = bytearray(buffer.getvalue())
    start = struct.unpack_from("<I", data, len(data) - 6)[0]
    struct.pack_into("<H", data, 8, 96)
    struct.pack_into("<H", data, start + 10, 96)

    with pytest.raises(UnsupportedPictureError, match="unsupported compression"):
        _rewritten(bytes(data))


def test_a_fault_of_ours_in_one_picture_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture is copied unchanged; the others are enlarged."""
    from depixel_watch.packs import archive as packs

    whole = packs.prepare

    def faulty(data: bytes, path: str, *rest: Any) -> object:
        if path == "bad.png":
            raise TypeError("not foreseen")
        return whole(data, path, *rest)

    monkeypatch.setattr(packs, "prepare", faulty)
    buffer = io.BytesIO()
    picture = zipfile.ZipFile(io.BytesIO(archives()[0])).read("assets/m/textures/block/a.png")
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bad.png", picture)
        archive.writestr("good.png", picture)

    with zipfile.ZipFile(io.BytesIO(_rewritten(buffer.getvalue()))) as result:
        assert result.read("bad.png") == picture
        assert result.read("good.png") != picture


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux how much memory it has taken")
def test_lzma_that_wants_more_than_there_is() -> None:
    """An allowed dictionary, in a process that may not allocate as much: a sentence, not a traceback."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.txt", b"text")
    data = bytearray(buffer.getvalue())
    struct.pack_into("<I", data, 30 + len("a.txt") + 5, MAX_DICTIONARY)
    resource = pytest.importorskip("resource")
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + MAX_DICTIONARY // 2, before[1]))
    try:
        with pytest.raises(UnsupportedPictureError, match="more memory than is available"):
            _rewritten(bytes(data))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_survey_of_damaged_entries(tmp_path: Path, packing: int) -> None:
    """Any error while unpacking an entry is reported with the archive's name; nothing else is raised."""
    picture = io.BytesIO()
    Image.effect_noise((32, 32), 40).save(picture, "PNG")
    with zipfile.ZipFile(tmp_path / "p.zip", "w", packing) as archive:
        archive.writestr("a.png", picture.getvalue())
    data = bytearray((tmp_path / "p.zip").read_bytes())
    start = 30 + len("a.png") + 4
    data[start : start + 40] = b"\xff" * 40
    (tmp_path / "p.zip").write_bytes(data)
    profiles = load()

    contents = survey(tmp_path, profiles, profiles["generic"], Goal(4), False, pytest.fail)

    assert list(contents.failed) == ["p.zip"]
    assert "p.zip" in contents.failed["p.zip"]
