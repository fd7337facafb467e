"""A hand-edited picture scales back to its source again, through a real engine."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from depixel import client
from depixel.client.projection import png_of, projection_of

SETTINGS = {"scale": 3, "domain": "art", "degradation": "area"}


def picture(width: int, height: int, channels: int, depth: int = 8) -> client.Pixels:
    """Random samples; alpha is opaque, so that every sample counts."""
    generator = np.random.default_rng(width * channels + depth)
    kind = "<u2" if depth == 16 else np.uint8
    samples = generator.integers(0, 2**depth, (height, width, channels)).astype(kind)
    if channels in (2, 4):
        samples[..., -1] = 2**depth - 1
    return client.Pixels(width, height, channels, (samples.tobytes(),), depth, name="hero")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("depth", [8, 16])
def test_samples_become_a_png_file(channels: int, depth: int) -> None:
    """The engine's own reader gets exactly these samples."""
    from depixel.files import read_bytes

    pixels = picture(5, 4, channels, depth)
    read = read_bytes(png_of(pixels), "hero.png")

    with Image.open(BytesIO(png_of(pixels))) as image:
        assert image.size == (5, 4)
    wanted = np.frombuffer(pixels.frames[0], "<u2" if depth == 16 else np.uint8).reshape(4, 5, channels)
    assert np.array_equal(read.frames[0], wanted)


def test_a_picture_painted_on_is_made_exact(place: Any) -> None:
    """Within half a level after shrinking, and as close to the edited picture as that allows."""
    engine = client.Engine("tests", place)
    original = picture(6, 4, 3)
    answer = engine.upscale(client.Submission(original, SETTINGS, program="tests")).result().answers[0]
    painted = np.frombuffer(answer.frames[0], np.uint8).reshape(12, 18, 3).copy()
    painted[3:7, 4:9] = (255, 0, 200)
    changed = client.Pixels(18, 12, 3, (painted.tobytes(),), name="hero x3")

    result = engine.upscale(projection_of(original, changed, SETTINGS, "tests")).result()

    exact = np.frombuffer(result.answers[0].frames[0], np.uint8).reshape(12, 18, 3).astype(float)
    shrunk = exact.reshape(4, 3, 6, 3, 3).mean((1, 3))
    source = np.frombuffer(original.frames[0], np.uint8).reshape(4, 6, 3)
    assert np.abs(shrunk - source).max() <= 0.5
    assert result.answers[0].residual <= 0.5 and "hero x3" in result.notes[-1]
    untouched = np.ones((12, 18), bool)
    untouched[3:9, 3:9] = False  # blocks of three pixels that were painted in
    assert np.array_equal(exact[untouched], painted[untouched])


def test_what_cannot_be_exact_is_refused() -> None:
    """Before anything is sent: other sizes, and animations."""
    original = picture(6, 4, 3)
    with pytest.raises(client.EngineError, match="only a whole multiple"):
        projection_of(original, picture(9, 6, 3), {})
    with pytest.raises(client.EngineError, match="only a whole multiple"):
        projection_of(original, original, {})
    frames = client.Pixels(6, 4, 3, original.frames * 2)
    with pytest.raises(client.EngineError, match="animation"):
        projection_of(frames, frames, {})
    assert projection_of(original, picture(12, 8, 3), {"domain": "faces", "seed": 3}).settings == {"domain": "art"}
