"""Channel orders and pictures for the screen, compared with numpy."""

from __future__ import annotations

import numpy as np
import pytest

from depixel_krita.pixels import pasted, reduced, resized, swapped


@pytest.mark.parametrize(("depth", "kind"), [(8, np.uint8), (16, np.dtype("<u2"))])
def test_swapped_exchanges_red_and_blue(depth: int, kind: np.dtype) -> None:
    """Blue and red are exchanged, green and alpha stay, at every size, and twice restores the original."""
    rng = np.random.default_rng(depth)
    for height, width in ((1, 1), (3, 5), (300, 700)):
        samples = rng.integers(0, 2**depth, (height, width, 4)).astype(kind)

        result = swapped(samples.tobytes(), depth)

        assert samples[..., [2, 1, 0, 3]].tobytes() == bytes(result)
        assert samples.tobytes() == bytes(swapped(bytes(result), depth))


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("channels", [1, 2, 4])
def test_reduced_leaves_pixels_out(depth: int, channels: int) -> None:
    """The longer side fits, pixels are those of a regular grid, grey is repeated in the colours, 16 bits become 8."""
    kind = np.uint8 if depth == 8 else np.dtype("<u2")
    for width, height, side in ((5, 3, 8), (10, 4, 5), (100, 33, 16), (7, 9, 1)):
        samples = np.random.default_rng(side).integers(0, 2**depth, (height, width, channels)).astype(kind)

        shown_width, shown_height, rgba = reduced(samples.tobytes(), width, height, channels, depth, side)

        step = -(-max(width, height) // side)
        grid = samples[::step, ::step] if depth == 8 else (samples[::step, ::step] >> 8).astype(np.uint8)  # type: ignore[operator]
        if channels == 1:
            grid = np.concatenate([grid, np.full_like(grid, 255)], axis=2)
        expected = grid if channels == 4 else grid[..., [0, 0, 0, 1]]
        assert max(shown_width, shown_height) <= side
        assert (shown_height, shown_width) == expected.shape[:2]
        assert expected.tobytes() == bytes(rgba)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("channels", [2, 4])
def test_pasted_keeps_what_is_not_selected(depth: int, channels: int) -> None:
    """The source stays where nothing is selected, the answer where all is, and between them samples are mixed."""
    kind = np.uint8 if depth == 8 else np.dtype("<u2")
    rng = np.random.default_rng(channels)
    answer, source = rng.integers(0, 2**depth, (2, 31, 17, channels)).astype(kind)
    shape = rng.choice([0, 0, 255, 255, 1, 100, 254], (31, 17)).astype(np.uint8)

    result = np.frombuffer(pasted(answer.tobytes(), source.tobytes(), shape.tobytes(), depth), kind)

    much = shape[..., None].astype(int)
    expected = (answer.astype(int) * much + source.astype(int) * (255 - much) + 127) // 255
    assert np.array_equal(result.reshape(answer.shape), expected)


@pytest.mark.parametrize("larger", [(17, 31), (34, 62), (51, 93), (20, 40), (1, 31)])
def test_resized_repeats_pixels(larger: tuple[int, int]) -> None:
    """Whole multiples repeat each pixel, other sizes take the one to the left and above; for any rows."""
    shape = np.random.default_rng(4).integers(0, 256, (31, 17)).astype(np.uint8)
    rows, columns = (np.arange(n) * m // n for n, m in ((larger[1], 31), (larger[0], 17)))
    expected = shape[rows][:, columns]

    for part in (range(larger[1]), range(3, 9)):
        result = resized(shape.tobytes(), (17, 31), larger, part)
        assert result == expected[part.start : part.stop].tobytes()
