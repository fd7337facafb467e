"""A disk that is really full: a file system of a few hundred kilobytes, in its own namespace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.folder_watch.test_events import _namespaces
from watch_process import environment

SCRIPT = """
import sys, time
from pathlib import Path
import numpy as np
from PIL import Image
from nearest_worker import NearestWorker
from depixel_watch.ledger.ledger import LEDGER_NAME, Ledger
from depixel_watch.work.pauses import DiskFullError
from depixel_watch.packs.profiles import load
from depixel_watch.folder.stamps import StabilityTracker
from depixel_watch.work.watcher import Watcher

root = Path(sys.argv[1])
source, out, rng = root / "mods", root / "disk" / "out", np.random.default_rng(1)
source.mkdir()
for i in range(40):
    Image.fromarray(rng.integers(0, 256, (40, 40, 4), dtype=np.uint8)).save(source / f"{i}.png")
failed, pauses, done = [], 0, 0
tell = lambda event: failed.append(event.path) if event.what == "failed" else None
watcher = Watcher(source, out, NearestWorker(4), StabilityTracker(0, time.monotonic), load(), tell=tell)
filler = root / "disk" / "filler"
filler.write_bytes(bytes(1_300_000))
for _ in range(2):
    try:
        watcher.reconcile()
    except DiskFullError as error:
        pauses += 1
        assert "waiting for space" in str(error), error
parts = [p.name for p in out.rglob("*.part")]
before = len(list(out.glob("*.png")))
for made in out.glob("*.png"):
    Image.open(made).load()
filler.unlink()
watcher.reconcile()
watcher.close()
ledger = Ledger(out / LEDGER_NAME)
def right(made):
    return (np.asarray(Image.open(made))[::4, ::4] == np.asarray(Image.open(source / made.name))).all()
after = sum(1 for made in out.glob("*.png") if right(made))
sys.stdout.write(f"{pauses} {failed} {parts} {before < 40} {after} {ledger.counts()} {ledger.is_whole()}")
"""


def test_a_full_disk_pauses_and_resumes_for_real(tmp_path: Path) -> None:
    """
    Full: a pause each time, no file marked as failed, no partial output, existing outputs are complete. With space
    again, all 40 outputs are right, and the ledger is intact.
    """
    if not _namespaces():
        pytest.skip("needs Linux's user namespaces")
    (tmp_path / "disk").mkdir()
    mount = 'mount -t tmpfs -o size=1600k tmpfs "$1/disk" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "-U", "-r", "-m", "sh", "-c", mount, "sh", str(tmp_path), sys.executable, SCRIPT]

    process = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)

    assert process.returncode == 0, process.stderr[-2000:]
    assert process.stdout == "2 [] [] True 40 {'done': 40} True"
