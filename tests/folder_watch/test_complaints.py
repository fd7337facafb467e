"""Failures of other tools with packs (docs/packs.md) that no other test covers."""

from __future__ import annotations

import os
import re
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from nearest_worker import NearestWorker
from PIL import Image

from depixel.files import read
from depixel_watch.folder.layout import checked, overlay_for
from depixel_watch.folder.stamps import StabilityTracker
from depixel_watch.packs.profiles import OWN_PROFILES, load
from depixel_watch.work.watcher import Announcement, PassCounts, Watcher

ROOT = Path(__file__).resolve().parents[2]


def _save(path: Path, seed: int = 0, size: tuple[int, int] = (4, 4)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)).save(path)
    return path


def _dds(path: Path, mipmaps: int = 0) -> Path:
    head = struct.pack("<7I", 124, 0x81007, 8, 8, 32, 0, mipmaps) + bytes(44)
    head += struct.pack("<2I4s5I", 32, 4, b"DXT1", 0, 0, 0, 0, 0) + struct.pack("<5I", 0x1000, 0, 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"DDS " + head + np.random.default_rng(2).bytes(32))
    return path


def _once(source: Path, out: Path | None = None, events: list[Announcement] | None = None) -> PassCounts:
    now = [0.0]
    source, out = checked(source, out or overlay_for(source))
    tracker = StabilityTracker(1.0, lambda: now[0])
    announcements: list[Announcement] = [] if events is None else events
    watcher = Watcher(source, out, NearestWorker(), tracker, load(own=source), tell=announcements.append)
    total = PassCounts()
    try:
        for _ in range(4):
            tally = watcher.reconcile()
            now[0] += 2
            for name in ("done", "copied", "failed", "left"):
                setattr(total, name, getattr(total, name) + getattr(tally, name))
    finally:
        watcher.close()
    return total


def test_every_test_that_the_documentation_names_exists() -> None:
    """docs/packs.md maps complaints to tests; a renamed test must be renamed there too."""
    text = (ROOT / "docs" / "packs.md").read_text("utf-8")
    named = 0
    for row in (line for line in text.splitlines() if "::test_" in line):
        file = ""
        for place, name in re.findall(r"`([\w/]*(?:\.py)?)::(test_\w+)`", row):
            file = place or file
            assert f"def {name}(" in (ROOT / "tests" / file).read_text("utf-8"), f"{file}::{name}"
            named += 1

    assert named > 50


def test_a_dds_of_no_mipmaps_says_so_as_before(tmp_path: Path) -> None:
    """Header counts of 0 and 1 both mean only the top level; each is preserved, and no level is added."""
    for count in (0, 1):
        _dds(tmp_path / f"pack/m{count}.dds", count)
    _once(tmp_path / "pack")

    for count in (0, 1):
        output = (tmp_path / f"pack-depixel/m{count}.dds").read_bytes()
        assert struct.unpack_from("<I", output, 28) == (count,)
        assert len(output) == 128 + 16 * 16 // 2


def test_formats_are_never_mixed(tmp_path: Path) -> None:
    """A Dolphin pack of DDS with mipmaps in separate files stays DDS; the levels have the right sizes."""
    name = "tex1_8x8_m_0123456789abcdef_14"
    _dds(tmp_path / f"pack/{name}.dds", 1)
    _dds(tmp_path / f"pack/{name}_mip1.dds", 1)
    _once(tmp_path / "pack")

    sizes = {p.name: read(p).frames[0].shape[:2] for p in (tmp_path / "pack-depixel").glob("tex1*")}
    assert sizes == {f"{name}.dds": (16, 16), f"{name}_mip1.dds": (8, 8)}


def test_what_goes_in_is_what_is_counted(tmp_path: Path) -> None:
    """FileEntry = done + copied + failed + left alone; nothing is lost silently."""
    for seed in range(5):
        _save(tmp_path / f"pack/{seed}.png", seed)
    _save(tmp_path / "pack/twin.png", 0)
    _save(tmp_path / "pack/one.png", 9, (1, 1))
    (tmp_path / "pack/bad.png").write_bytes(b"no picture")
    events: list[Announcement] = []
    tally = _once(tmp_path / "pack", events=events)

    assert (tally.done, tally.copied, tally.failed, tally.left) == (5, 1, 1, 1)
    assert {event.path for event in events if event.path} == {p.name for p in (tmp_path / "pack").iterdir()}


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or not os.access(shared, os.W_OK) or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second file system that may be written to")
    folder = shared / f"depixel-test-{os.getpid()}"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_an_output_on_another_drive(tmp_path: Path, elsewhere: Path) -> None:
    """Nothing is renamed across file systems: source and output may be on different ones."""
    _save(tmp_path / "pack/a/b.png")
    tally = _once(tmp_path / "pack", elsewhere)

    assert (tally.done, tally.failed) == (1, 0)
    assert read(elsewhere / "a/b.png").frames[0].shape == (8, 8, 3)


def test_a_picture_of_a_fixed_size_can_be_left_alone(tmp_path: Path) -> None:
    """Some engines accept one size of sheet only: a rule of the user's leaves those alone, or warns by size."""
    _save(tmp_path / "pack/sheets/main.png", 1)
    _save(tmp_path / "pack/other.png", 2)
    (tmp_path / "pack" / OWN_PROFILES).write_text(
        '[[profile]]\nname = "generic"\ntitle = "mine"\nrules = [{ match = "sheets/*", action = "copy" }, '
        '{ match = "*", file = { warn_above = 7 } }]\n'
    )
    events: list[Announcement] = []
    _once(tmp_path / "pack", events=events)

    assert not (tmp_path / "pack-depixel/sheets/main.png").exists()
    assert ["7 pixels" in e.sentence for e in events if e.path == "other.png"] == [True]
