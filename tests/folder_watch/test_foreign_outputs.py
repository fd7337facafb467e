"""An output folder that somebody else prepared, or can write to: nothing outside of it is touched."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

import numpy as np
import pytest
from nearest_worker import NearestWorker
from PIL import Image

from depixel.cli import main
from depixel.errors import BadUsageError
from depixel_watch.display.log import LOG_NAME, Log
from depixel_watch.folder.layout import overlay_for
from depixel_watch.folder.stamps import StabilityTracker, digest_of, stamp_of
from depixel_watch.ledger.ledger import LEDGER_NAME, Ledger, Row
from depixel_watch.ledger.lock import only_one
from depixel_watch.packs.profiles import load
from depixel_watch.work.attempts import ATTEMPTS_NAME, Attempts
from depixel_watch.work.watcher import Announcement, PassCounts, Watcher

LINKS = pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A watched folder with three textures."""
    folder = tmp_path / "mods"
    folder.mkdir()
    for seed in range(3):
        pixels = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{seed}.png")
    return folder


def run(source: Path) -> tuple[PassCounts, list[Announcement]]:
    """One watcher until nothing is waiting."""
    events: list[Announcement] = []
    tracker = StabilityTracker(0, time.monotonic)
    watcher = Watcher(source, overlay_for(source), NearestWorker(), tracker, load(), tell=events.append)
    try:
        counts = watcher.reconcile()
        while counts.waiting:
            counts = watcher.reconcile()
    finally:
        watcher.close()
    return counts, events


@pytest.mark.parametrize("form", ["relative", "absolute", "target"])
def test_a_ledger_cannot_lead_out_of_its_folder(source: Path, tmp_path: Path, form: str) -> None:
    """Its rows say which outputs to delete with their sources; none of them may name another file."""
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    stamp = stamp_of(precious)
    assert stamp is not None
    outside = str(precious) if form == "absolute" else "../precious.txt"
    row = Row(outside, stamp, "key", "recipe", "done", "", stamp, digest_of(precious))
    if form == "target":
        row = Row("gone.png", stamp, "key", "recipe", "done", "", stamp, digest_of(precious), target=outside)
    out = overlay_for(source)
    ledger = Ledger(out / LEDGER_NAME)
    ledger.record([row])
    ledger.close()

    run(source)
    run(source)

    assert precious.read_text() == "mine"
    assert {path.name for path in out.glob("*.png")} == {"0.png", "1.png", "2.png"}


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE files SET state = x'ff'",
        "UPDATE files SET size = 'many'",
        "UPDATE files SET made = 7.5 WHERE path = '1.png'",
        "UPDATE files SET recipe = CAST(x'ff' AS TEXT)",
        "UPDATE files SET path = x'ff' WHERE path = '1.png'",
        "DROP TABLE kinds; CREATE TABLE kinds (x)",
    ],
)
def test_values_of_another_type_are_damage(source: Path, damage: str) -> None:
    """SQLite stores any type in any column: the ledger is rebuilt and that is announced; no start fails."""
    run(source)
    out = overlay_for(source)
    base = sqlite3.connect(out / LEDGER_NAME)
    base.executescript(damage)
    base.commit()
    base.close()

    counts, _ = run(source)
    again, _ = run(source)

    assert counts.failed == 0
    assert again.skipped == 3
    assert main(["watch", str(source), "--status"]) == 0


@LINKS
@pytest.mark.parametrize("name", [LEDGER_NAME, f"{LEDGER_NAME}-wal", ".depixel-lock.sqlite"])
def test_a_link_in_place_of_the_ledger_or_lock_is_a_sentence(source: Path, tmp_path: Path, name: str) -> None:
    """It would lead SQLite into another file of this user."""
    precious = tmp_path / "precious.txt"
    precious.write_text("mine")
    out = overlay_for(source)
    out.mkdir()
    (out / name).symlink_to(precious)

    with pytest.raises(BadUsageError, match="is a link: delete it"), only_one(out):
        pass

    assert precious.read_text() == "mine"


@LINKS
def test_a_link_in_place_of_log_page_or_note_is_not_followed(source: Path, tmp_path: Path) -> None:
    """The log is not written, the others are replaced; the link's target does not change."""
    out = overlay_for(source)
    out.mkdir()
    names = (LOG_NAME, "depixel-report.html", ATTEMPTS_NAME, Path(ATTEMPTS_NAME).with_suffix(".part").name)
    precious = [tmp_path / f"precious-{number}" for number in range(len(names))]
    for name, path in zip(names, precious, strict=True):
        path.write_text("mine")
        (out / name).symlink_to(path)

    Log(out / LOG_NAME).write("a line")
    Attempts(out / ATTEMPTS_NAME).begin([("a.png", stamp_of(precious[0]) or pytest.fail("no stamp"))])
    counts, _ = run(source)

    assert counts.done == 3
    assert [path.read_text() for path in precious] == ["mine"] * len(names)
