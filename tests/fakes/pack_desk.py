"""A pack in a folder, kept by the real watcher with a worker that repeats pixels."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from nearest_worker import NearestWorker
from PIL import Image

from depixel_watch.folder.layout import overlay_for
from depixel_watch.folder.stamps import StabilityTracker
from depixel_watch.packs.profiles import load
from depixel_watch.work.watcher import Announcement, Watcher


def normals(size: tuple[int, int], seed: int) -> np.ndarray:
    """[height, width, 3] unit vectors that lean to all sides."""
    vectors = np.random.default_rng(seed).normal(0, 0.3, (size[1], size[0], 3))
    vectors[..., 2] = 1
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    return ((vectors + 1) * 127.5).round().astype(np.uint8)


class Desk:
    """A folder, the watcher's output next to it, and the requests to the worker."""

    def __init__(self, root: Path, scale: int = 2) -> None:
        self.source = root / "pack"
        self.source.mkdir()
        self.out = overlay_for(self.source)
        self.worker = NearestWorker(scale)
        self.events: list[Announcement] = []

    def save(self, path: str, size: tuple[int, int] = (4, 4), seed: int = 0, alpha: int | None = None) -> Path:
        """A PNG of noise; size is (width, height); alpha = its largest value."""
        target = self.source / path
        target.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(seed)
        pixels = rng.integers(0, 256, (size[1], size[0], 3 if alpha is None else 4), dtype=np.uint8)
        if re.search(r"_(n|normal)\.", path):
            pixels[..., :3] = normals(size, seed)
        if alpha is not None:
            pixels[..., 3] = rng.integers(0, alpha + 1, (size[1], size[0]))
            pixels[0, 0, 3] = alpha
        Image.fromarray(pixels).save(target)
        return target

    def once(self) -> None:
        """Two passes: the first sees the files; in the second they have been unchanged for long enough."""
        now = [0.0]
        tracker = StabilityTracker(2.0, lambda: now[0])
        watcher = Watcher(self.source, self.out, self.worker, tracker, load(own=self.source), tell=self.events.append)
        try:
            for _ in range(4):
                watcher.reconcile()
                now[0] += 3
        finally:
            watcher.close()

    def hints(self) -> dict[str, dict[str, object]]:
        return dict(self.worker.requests)

    def outputs(self) -> set[str]:
        paths = (p.relative_to(self.out).as_posix() for p in self.out.rglob("*") if p.is_file())
        return {p for p in paths if not p.startswith((".depixel-", "depixel-report"))}

    def size(self, path: str) -> tuple[int, int]:
        with Image.open(self.out / path) as image:
            return image.size
