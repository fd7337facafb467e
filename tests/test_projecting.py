"""
Any upscaler's answer, projected: it scales back to the input and is otherwise as close to the original as possible.
"""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from depixel.errors import BadUsageError
from depixel.picture import Picture
from depixel.projecting import project_result
from depixel.request import Request

RNG = np.random.default_rng(21)


def _smooth(height: int, width: int, channels: int) -> np.ndarray:
    """A soft random picture, like an upscaler's result."""
    rough = RNG.integers(0, 256, (height // 4 + 2, width // 4 + 2, channels), dtype=np.uint8)
    planes = [Image.fromarray(rough[..., c]).resize((width, height), Image.Resampling.BICUBIC) for c in range(channels)]
    return np.stack([np.asarray(plane) for plane in planes], -1)


def _small_of(large: np.ndarray, factor: int) -> np.ndarray:
    height, width = large.shape[0] // factor, large.shape[1] // factor
    means = large.reshape(height, factor, width, factor, -1).mean((1, 3))
    return np.clip(means + RNG.normal(0, 6, means.shape), 0, 255).round().astype(np.uint8)


@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("channels", [1, 3])
def test_opaque_results_scale_back_exactly(factor: int, channels: int) -> None:
    """Measured here: block means equal the input; no pixel moves much further than its block was off."""
    large = _smooth(12 * factor, 20 * factor, channels)
    small = _small_of(large, factor)

    done = project_result(Picture((large,)), Picture((small,)), Request(domain="art"))

    answer = done.picture.frames[0]
    means = answer.reshape(12, factor, 20, factor, channels).mean((1, 3))
    assert answer.shape == large.shape
    assert np.abs(means - small).max() <= 0.5
    assert done.before.maximum > 3
    assert done.after.maximum <= 0.5
    assert np.abs(answer.astype(int) - large).mean() < 12


def test_alpha_is_made_up_where_the_result_lost_it() -> None:
    """If an upscaler drops alpha, the input's is restored, smooth, exact in its means."""
    small = _small_of(_smooth(48, 64, 4), 4)
    small[:3, :, 3] = 0
    large = _smooth(48, 64, 3)

    done = project_result(Picture((large,)), Picture((small,)), Request(domain="art", degradation="area"))

    alpha = done.picture.frames[0][..., 3]
    assert done.picture.channels == 4
    assert np.abs(alpha.reshape(12, 4, 16, 4).mean((1, 3)) - small[..., 3]).max() <= 0.5
    assert (alpha[:12] == 0).all()
    assert done.after.exact


def test_pixel_art_keeps_its_centres() -> None:
    """Point sampling: the middle of each block is the input's own colour."""
    small = RNG.choice(np.array([[0, 0, 0, 255], [255, 255, 255, 255]], dtype=np.uint8), (8, 8))

    done = project_result(Picture((_smooth(32, 32, 4),)), Picture((small,)), Request(degradation="point"))

    assert np.array_equal(done.picture.frames[0][1::4, 2::4], small)


def test_depth_and_mode_are_the_inputs() -> None:
    """An 8-bit result for a 16-bit input becomes 16-bit; an indexed input gives colours, or its palette on request."""
    deep = RNG.integers(0, 65536, (6, 6, 3), dtype=np.uint16)
    done = project_result(Picture((_smooth(24, 24, 3),)), Picture((deep,), mode="RGB;16"), Request(domain="art"))
    assert done.picture.frames[0].dtype == np.uint16
    assert done.after.exact

    palette = np.array([[200, 0, 0, 255], [0, 0, 200, 255]], dtype=np.uint8)
    indexed = Picture((palette[:, :3][RNG.integers(0, 2, (8, 8))],), palette=palette, mode="P")
    free = project_result(Picture((_smooth(16, 16, 3),)), indexed, Request())
    kept = project_result(Picture((_smooth(16, 16, 3),)), indexed, Request(palette="keep"))
    assert (free.picture.mode, free.picture.palette) == ("RGB", None)
    assert {tuple(c) for c in kept.picture.frames[0].reshape(-1, 3)} <= {tuple(c) for c in palette[:, :3]}


def test_bands_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture processed in bands equals the whole one, within the rounding of one level."""
    large, small = _smooth(64, 40, 4), _small_of(_smooth(64, 40, 4), 4)
    whole = project_result(Picture((large,)), Picture((small,)), Request(domain="art"))
    monkeypatch.setattr("depixel.projecting._BAND_PIXELS", 40 * 4)

    banded = project_result(Picture((large,)), Picture((small,)), Request(domain="art"))

    assert np.abs(whole.picture.frames[0].astype(int) - banded.picture.frames[0]).max() <= 1
    assert whole.after.maximum == pytest.approx(banded.after.maximum, abs=0.01)


@pytest.mark.parametrize(("shape", "frames"), [((12, 12), 1), ((20, 24), 1), ((30, 24), 1), ((24, 24), 2)])
def test_sizes_that_do_not_fit_are_a_sentence(shape: tuple[int, int], frames: int) -> None:
    """Same size, not a whole multiple, two different factors, other frames."""
    source = Picture((np.zeros((12, 12, 3), np.uint8),))
    result = Picture((np.zeros((*shape, 3), np.uint8),) * frames)

    with pytest.raises(BadUsageError, match=r"result"):
        project_result(result, source, Request())


def _normal_map(side: int, gloss: np.ndarray | None = None) -> np.ndarray:
    """Ripples of length 1, [side, side, 3] or, with a gloss in alpha, 4."""
    y, x = np.mgrid[0:side, 0:side] * 2 * np.pi / side
    vectors = np.stack([0.4 * np.sin(x), 0.3 * np.cos(2 * y), np.ones((side, side))], -1)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    encoded = np.rint((vectors + 1) * 127.5).astype(np.uint8)
    return encoded if gloss is None else np.concatenate([encoded, gloss[..., None]], -1)


def test_gloss_beside_normals_stays_where_it_was_exact() -> None:
    """A result whose gloss of 0 and 200 scales back exactly keeps it to the level: it is not a vector."""
    gloss = np.where(RNG.random((8, 8)) > 0.5, 200, 0).astype(np.uint8)
    small = Picture((_normal_map(8, gloss),), name="wall_n.png")
    large = Picture((_normal_map(32, gloss.repeat(4, 0).repeat(4, 1)),))

    done = project_result(large, small, Request())

    assert done.prepared.domain.vectors
    assert np.array_equal(done.picture.frames[0][..., 3], large.frames[0][..., 3])
    lengths = np.linalg.norm(done.picture.frames[0][..., :3] / 127.5 - 1, axis=-1)
    assert np.abs(lengths - 1).max() < 0.02


def test_what_channels_mean_is_known_when_it_is_written() -> None:
    """Smaller copies of a projected normal map are averaged as directions, and gloss as a value."""
    gloss = RNG.integers(0, 255, (8, 8), dtype=np.uint8)
    with_gloss = project_result(
        Picture((_normal_map(32, gloss.repeat(4, 0).repeat(4, 1)),)),
        Picture((_normal_map(8, gloss),)),
        Request(domain="normals"),
    ).picture
    plain = project_result(Picture((_smooth(32, 32, 4),)), Picture((_smooth(8, 8, 4),)), Request(domain="art")).picture

    assert (with_gloss.vectors, with_gloss.data_alpha) == (True, True)
    assert (plain.vectors, plain.data_alpha) == (False, False)


def test_data_maps_are_projected_channel_by_channel() -> None:
    """Bicubic stops when a plane has converged: what one channel needs changes no other."""
    small = RNG.integers(0, 255, (8, 8, 3), dtype=np.uint8)
    other = small.copy()
    other[..., 2] = RNG.integers(0, 255, (8, 8))
    large = _smooth(32, 32, 3)
    request = Request(domain="data", degradation="bicubic", wrap="none")

    one, two = (project_result(Picture((large,)), Picture((p,)), request).picture.frames[0] for p in (small, other))

    assert np.array_equal(one[..., :2], two[..., :2])
    assert not np.array_equal(one[..., 2], two[..., 2])
