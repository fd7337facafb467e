"""Formats that change pixels: the watcher reads its outputs back and reports the loss."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from nearest_worker import NearestWorker
from pack_desk import Desk
from tiny_art import write_tiny_art

from depixel import files
from depixel.picture import Picture
from depixel.request import Request
from depixel.upsampler import Upsampler
from depixel_watch.upscaler import EngineUpscaler
from depixel_watch.work.texture import Texture, finish, remark_on


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield Desk(tmp_path)


def _noise(side: int = 16) -> Picture:
    return Picture((np.random.default_rng(1).integers(0, 255, (side, side, 3)).astype(np.uint8),), mode="RGB")


def test_a_jpeg_says_what_it_lost(desk: Desk) -> None:
    """For a PNG, which keeps everything, nothing is reported."""
    files.write(desk.source / "a.jpg", _noise())
    files.write(desk.source / "b.png", _noise())
    desk.once()

    said = {event.path: event.sentence for event in desk.events if event.what == "done"}
    assert said["a.jpg"].startswith("Saved as JPEG, it differs by up to ")
    assert said["b.png"] == ""


@pytest.mark.parametrize("kind", ["TGA", "DDS"])
def test_what_lost_nothing_says_nothing(kind: str) -> None:
    """Formats that may change pixels, but did not."""
    picture = _noise().replace(format=kind)
    texture = Texture("a", picture, ())
    answer = picture.replace(frames=(picture.frames[0].repeat(4, 0).repeat(4, 1),))
    assert remark_on(texture, answer, finish(texture, answer), NearestWorker(4)) == ""


@pytest.mark.parametrize(
    ("repeats", "domain", "pixels"),
    [
        (1, "pixel-art", "your pixels at the centre of each block"),
        (3, "pixel-art", "the pixels that yours repeat 3x3 times at the centre of each block"),
        (1, "art", "your pixels"),
    ],
)
def test_it_says_which_pixels_are_exact(tmp_path: Path, repeats: int, domain: str, pixels: str) -> None:
    """As the command line does: centres only, or the pixels of the true grid."""
    engine = Upsampler("cpu", {"art": str(write_tiny_art(tmp_path))})
    worker = EngineUpscaler(engine, Request(domain=domain), lambda: False)
    small = (_noise(8).frames[0] // 120 * 100).repeat(repeats, 0).repeat(repeats, 1)
    source, written = (Picture((small.repeat(k, 0).repeat(k, 1),), mode="RGB") for k in (1, 4))

    assert worker.loss(written, source, {}) == f"scales back to exactly {pixels}"
