"""
Disks with fewer features, and disks that disappear. Needs root and Linux.

    sudo python benchmarks/disks.py --frames 6 --out FILE.json

exFAT (mkfs.exfat and mount.exfat-fuse): no hard links, no exchange of names, no stable file numbers. A watcher dies at
each step of publication, and the disk is unmounted and mounted again. Full: an ext4 disk of a few megabytes becomes
full during the work, then gets space again. Away: a disk mounted inside the watched folder is unmounted.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.extend(
    str(Path(__file__).resolve().parents[1] / part) for part in ("core", "plugins/folder_watch", "tests/fakes")
)

import kill_points
from nearest_worker import NearestWorker
from result_file import publish
from settling import settle
from watch_process import environment

from depixel_watch.folder.layout import overlay_for
from depixel_watch.folder.stamps import StabilityTracker
from depixel_watch.packs.profiles import load
from depixel_watch.work.watcher import Announcement, DiskFullError, PassCounts, Watcher


def main() -> None:
    """Run every part whose disk this machine can mount."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    result: dict[str, Any] = {}
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="disks-") as folder:
        for part in (exfat, full, away):
            try:
                result[part.__name__], more = part(Path(folder), args.frames)
            except (OSError, subprocess.CalledProcessError) as error:
                result[part.__name__], more = f"cannot be mounted here: {error}", []
            faults += more
    result["faults"] = faults
    publish(result, args.out)
    sys.exit(bool(faults))


class Disk:
    """A file with a file system in it, which can be mounted at a folder."""

    def __init__(self, image: Path, megabytes: int, kind: str) -> None:
        self._image, self._exfat, self._loop = image, kind == "exfat", ""
        self._place: Path | None = None
        with image.open("wb") as file:
            file.truncate(megabytes * 2**20)
        _run(f"mkfs.{kind}", *(() if self._exfat else ("-q", "-F")), image)

    def mount(self, place: Path) -> None:
        """Mount it at this folder."""
        if self._exfat:  # by FUSE, which takes only devices
            self._loop = self._loop or _run("losetup", "-f", "--show", self._image).strip()
            _run("mount.exfat-fuse", self._loop, place)
        else:
            _run("mount", "-o", "loop", self._image, place)
        self._place = place

    def unmount(self) -> None:
        """Unmount it, if it is mounted."""
        if self._place is not None:
            _run("umount", self._place)
            self._place = None

    def close(self) -> None:
        """Unmount it and free its device."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self.unmount()
        if self._loop:
            _run("losetup", "-d", self._loop)


@contextlib.contextmanager
def disk(folder: Path, megabytes: int, kind: str) -> Iterator[Disk]:
    """A disk, freed at the end."""
    with contextlib.closing(Disk(folder / f"{kind}-{time.monotonic_ns()}.img", megabytes, kind)) as new:
        yield new


def _run(*words: object) -> str:
    if shutil.which(str(words[0])) is None:
        raise FileNotFoundError(f"{words[0]} is not installed")
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout


def exfat(folder: Path, frames: int) -> tuple[dict[str, Any], list[str]]:
    """A watcher that dies at each step, and a disk that is mounted again."""
    place = folder / "exfat"
    place.mkdir()
    with disk(folder, 64, "exfat") as stick:
        stick.mount(place)
        command = [sys.executable, kill_points.__file__, str(place), str(frames)]
        ran = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
        steps = [line.split() for line in ran.stdout.splitlines()]
        faults = [f"exFAT, killed at step {step}: {wrong} wrong outputs" for step, wrong in steps if wrong != "0"]
        if ran.returncode or len(steps) < frames:
            faults.append(f"exFAT: kill_points.py ended with {ran.returncode}: {ran.stderr[-300:]}")
        empty = [path.name for path in place.rglob("*.bmp") if not path.stat().st_size]
        faults += [f"exFAT: {name} is empty" for name in empty]
        stick.unmount()
        stick.mount(place)
        again, _ = keep(place / "frames")
        if again.done or again.failed:
            faults.append(f"exFAT, mounted again: {again.done} done again, {again.failed} failed")
    return {"steps": len(steps), "in_step_after_a_new_mount": again.skipped}, faults


def full(folder: Path, frames: int) -> tuple[dict[str, Any], list[str]]:
    """The output disk becomes full, then gets space again."""
    source = folder / "full/mods"
    kill_points.fill(source, list(range(40 * frames)))
    overlay_for(source).mkdir()
    paused = 0
    with disk(folder, 2, "ext4") as small:
        small.mount(overlay_for(source))
        ballast = overlay_for(source) / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb") as file:
            while True:
                file.write(bytes(4096))
                file.flush()
        for attempt in range(4):
            try:
                keep(source)
                break
            except DiskFullError:
                paused += 1
                if attempt == 2:
                    ballast.unlink()
                else:
                    _shorten(ballast, 60_000)
        ballast.unlink(missing_ok=True)
        keep(source)
        wrong = kill_points.wrong_outputs(source, besides=("lost+found",))
    faults = [f"full disk: {wrong} wrong outputs"] if wrong else []
    return {"paused": paused, "outputs": 40 * frames}, faults


def _shorten(path: Path, by: int) -> None:
    with contextlib.suppress(OSError):
        os.truncate(path, max(0, path.stat().st_size - by))


def away(folder: Path, frames: int) -> tuple[dict[str, Any], list[str]]:
    """A disk inside the watched folder disappears and returns."""
    source = folder / "away/mods"
    (source / "disk").mkdir(parents=True)
    kill_points.fill(source, [1, 2])
    faults = []
    with disk(folder, 8, "ext4") as inner:
        inner.mount(source / "disk")
        for seed in range(frames):
            kill_points.frame(10 + seed).save(source / f"disk/{seed}.bmp")
        keep(source)
        inner.unmount()
        (source / "frame-001.bmp").unlink()
        _, said = keep(source)
        kept = len(list((overlay_for(source) / "disk").glob("*.bmp")))
        if kept != frames:
            faults.append(f"unmounted: {kept} of {frames} outputs were kept")
        if not any("is gone; its outputs are kept" in sentence for sentence in said):
            faults.append("unmounted: nothing was reported")
        if (overlay_for(source) / "frame-001.bmp").exists():
            faults.append("unmounted: the output of a source that was deleted is still there")
        inner.mount(source / "disk")
        back, _ = keep(source)
        if back.done or back.failed or back.removed:
            faults.append(f"mounted again: {back}")
    return {"kept": kept}, faults


def keep(source: Path) -> tuple[PassCounts, list[str]]:
    """Run one watcher until nothing is waiting: the sum of its counts, and its sentences. Raises DiskFullError."""
    said: list[Announcement] = []
    tracker = StabilityTracker(0, time.monotonic)
    watcher = Watcher(source, overlay_for(source), NearestWorker(), tracker, load(), tell=said.append)
    return settle(watcher), [event.sentence for event in said]


if __name__ == "__main__":
    main()
