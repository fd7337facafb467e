"""`depixel upscale --engine auto`: the same files as with the engine in the same process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.service.conftest import ROOT

from depixel.client import Engine, Place
from depixel.errors import BadUsageError, CancelledError, DepixelError
from depixel.monitor import Monitor
from depixel.picture import Picture
from depixel.request import Request
from depixel.service.remote import RemoteUpsampler
from depixel.upsampler import Upsampler


@pytest.fixture
def remote(engine: Engine, place: Place, monkeypatch: pytest.MonkeyPatch) -> RemoteUpsampler:
    """The tests' own engine, found as a user's program finds it."""
    monkeypatch.setenv("DEPIXEL_RUNTIME_DIR", place.folder)
    return RemoteUpsampler()


def picture(mode: str) -> Picture:
    rows, columns = np.mgrid[0:6, 0:8].astype(np.uint8)
    colour = np.stack([rows * 30, columns * 25, rows * 9 + 70], 2)
    if mode == "P":
        palette = np.unique(colour.reshape(-1, 3), axis=0)
        return Picture((colour,), palette=np.insert(palette, 3, 255, axis=1), mode="P")
    if mode == "I;16":
        return Picture((colour[..., :1].astype(np.uint16) * 257 + 3,), mode="I;16")
    return Picture((colour,) * (3 if mode == "frames" else 1), mode="RGB")


@pytest.mark.parametrize(
    ("mode", "palette"), [("RGB", "free"), ("P", "free"), ("P", "keep"), ("I;16", "free"), ("frames", "free")]
)
def test_reports_are_those_of_the_upsampler(
    remote: RemoteUpsampler, tiny_weights: Path, mode: str, palette: str
) -> None:
    """Pixels, mode, palette, residual, notes: nothing is lost in transfer."""
    settings = Request(scale=3, domain="art", candidates=2, palette=palette)
    here = Upsampler("cpu", {"art": str(tiny_weights)}).upsample(picture(mode), settings)

    there = remote.upsample(picture(mode), settings)

    actual, expected = there.to_dict(), here.to_dict()
    actual.pop("seconds"), expected.pop("seconds")
    assert actual == expected
    for one, other in zip(there.candidates, here.candidates, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one.picture.frames, other.picture.frames, strict=True))
        assert one.picture.mode == other.picture.mode
        assert (one.picture.palette is None) == (other.picture.palette is None)


def test_a_report_says_that_the_input_had_been_enlarged(remote: RemoteUpsampler) -> None:
    """The command line then names the pixels that the answer gives exactly."""
    small = np.random.default_rng(4).integers(0, 3, (12, 10, 3), np.uint8) * 80
    enlarged = Picture((small.repeat(3, 0).repeat(3, 1),), mode="RGB")

    assert remote.upsample(enlarged, Request(scale=2, domain="pixel-art")).grid == 3


def test_errors_and_cancel_are_depixel_s(remote: RemoteUpsampler) -> None:
    """One failing picture is an error in the list; a request to stop is CancelledError."""
    wrong, good = remote.upsample_many([picture("RGB")] * 2, Request(domain="faces", model="base"))[:2]
    assert isinstance(wrong, DepixelError) == isinstance(good, DepixelError)
    with pytest.raises(CancelledError):
        remote.upsample(picture("RGB"), Request(scale=64, domain="art", candidates=30), Monitor(cancelled=lambda: True))
    with pytest.raises(BadUsageError, match=r"127\.0\.0\.1"):
        RemoteUpsampler("http://example.org:80")


def test_the_command_line_by_the_shared_engine(engine: Engine, place: Place, tmp_path: Path) -> None:
    """A picture file in and out, through the engine."""
    Image.new("RGB", (6, 5), (10, 200, 90)).save(tmp_path / "a.png")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "core"), "DEPIXEL_RUNTIME_DIR": place.folder}
    command = ["upscale", str(tmp_path / "a.png"), "-o", str(tmp_path / "b.png"), "--scale", "3", "--domain", "art"]

    subprocess.run([sys.executable, "-m", "depixel", *command, "--engine", "auto"], check=True, env=environment)

    with Image.open(tmp_path / "b.png") as image:
        assert image.size == (18, 15)
        assert np.abs(np.asarray(image.reduce(3), int) - (10, 200, 90)).max() <= 1
