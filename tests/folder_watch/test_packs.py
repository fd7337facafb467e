"""Zip in, zip out: everything but textures byte for byte, and nothing harmful."""

from __future__ import annotations

import io
import stat
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from nearest_worker import NearestWorker
from PIL import Image

from depixel.errors import DepixelError
from depixel_watch.packs.archive import rewrite
from depixel_watch.packs.profiles import load, recognise


def _png(seed: int = 0, size: tuple[int, int] = (4, 4)) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def _rewritten(path: Path) -> tuple[bytes, list[str]]:
    out = io.BytesIO()
    notes = rewrite(path, out, NearestWorker(), load())
    return out.getvalue(), notes


def test_order_methods_times_and_strangers_are_kept(tmp_path: Path) -> None:
    """
    Entries in order, stored or deflated as before, with their times; sounds, nested zips and bad pictures unchanged.
    """
    path = tmp_path / "pack.zip"
    entries = [
        ("pack.mcmeta", b"{}", zipfile.ZIP_DEFLATED),
        ("assets/m/textures/block/z.png", _png(1), zipfile.ZIP_STORED),
        ("assets/m/textures/font/a.png", _png(2), zipfile.ZIP_DEFLATED),
        ("assets/m/textures/item/bad.png", b"no picture", zipfile.ZIP_STORED),
        ("sounds/é.ogg", b"OggS" * 50, zipfile.ZIP_STORED),
        ("inner.zip", b"PK\x03\x04never opened", zipfile.ZIP_STORED),
    ]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data, method in entries:
            archive.writestr(zipfile.ZipInfo(name, (2001, 2, 3, 4, 5, 6)), data, method)

    result, notes = _rewritten(path)

    assert result == _rewritten(path)[0]  # reproducible
    assert notes[0] == "Profile: minecraft."
    assert len(notes) == 2
    assert "bad.png" in notes[1]
    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        assert [(e.filename, e.compress_type) for e in archive.infolist()] == [(n, m) for n, _, m in entries]
        assert all(e.date_time == (2001, 2, 3, 4, 5, 6) for e in archive.infolist())
        same = [name for name, data, _ in entries if archive.read(name) == data]
        assert same == [name for name, _, _ in entries if "block" not in name]
        with archive.open(entries[1][0]) as file, Image.open(file) as image:
            assert image.size == (8, 8)


@pytest.mark.parametrize("name", ["../up.png", "/root.png", "a/../../b.png", "C:/x.png", "a\\..\\b.png"])
def test_names_that_leave_the_folder(tmp_path: Path, name: str) -> None:
    """Zip-slip: the archive is refused."""
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = info.orig_filename = name
        archive.writestr(info, _png())

    with pytest.raises(DepixelError, match="unsafe name"):
        _rewritten(path)


def test_links_twins_and_bombs(tmp_path: Path) -> None:
    """A symbolic link, a duplicate name, and a bomb: the archive is refused with a sentence."""
    link, twins, bomb = tmp_path / "link.zip", tmp_path / "twins.zip", tmp_path / "bomb.zip"
    with zipfile.ZipFile(link, "w") as archive:
        info = zipfile.ZipInfo("link.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with zipfile.ZipFile(twins, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("a.png", _png(1))
        archive.writestr("a.png", _png(2))
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.bin", bytes(2**26))

    for path, reason in ((link, "symbolic link"), (twins, "twice"), (bomb, "unpack to")):
        with pytest.raises(DepixelError, match=reason):
            _rewritten(path)


def test_damage_is_a_sentence(tmp_path: Path) -> None:
    """Truncated anywhere, or with a flipped byte, a zip is refused or rewritten; nothing else is ever raised."""
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", _png())
        archive.writestr("b.txt", b"text" * 20)
    data = path.read_bytes()
    refused = 0
    for at in range(0, len(data), 3):
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]):
            path.write_bytes(damaged)
            try:
                _rewritten(path)
            except DepixelError:
                refused += 1

    assert refused > len(data) / 3


def test_profiles_are_recognised() -> None:
    """By marker files first, then by names."""
    profiles = load()
    for names, expected in (
        (["PACK.mcmeta", "assets"], "minecraft"),
        (["tex1_64x64_m_0123456789abcdef_14.png"], "dolphin"),
        (["textures.ini"], "ppsspp"),
        (["0123456789abcdef-0123456789abcdef-00005993.png"], "pcsx2"),
        (["texupload-P4-AAAA-BBBB-64x256-0-192-64x64-P0-14.png"], "duckstation"),
        (["mod.esp", "textures"], "bethesda"),
        (["Game.rmmzproject"], "rpg-maker"),
        (["holiday.png"], "generic"),
    ):
        assert recognise(profiles, names).name == expected
    assert dict(profiles["bethesda"].rule_for("Textures/Armor/iron_N.dds").hints)["alpha"] == "data"
