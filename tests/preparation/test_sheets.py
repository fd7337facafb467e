"""Sprite sheets: the grid is found or given, frames are answered separately, equal ones once."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_art import write_tiny_art

from depixel.errors import BadUsageError
from depixel.picture import Picture, Pixels
from depixel.preparation.sheets import NinePatch, Sheet, find_sheet, layout_of
from depixel.request import Request
from depixel.upsampler import Upsampler


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    """A real engine with a tiny network."""
    return Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})


def _walker(step: int, side: int = 16) -> Pixels:
    """[side, side, 4]: a body that stays and a leg that moves."""
    frame = np.zeros((side, side, 4), np.uint8)
    frame[2:10, 4:12] = (200, 60, 40, 255)
    frame[10:14, 5 + step % 3 : 8 + step % 3] = (40, 60, 200, 255)
    return frame


def _sheet(columns: int, rows: int) -> Picture:
    steps = np.arange(columns * rows).reshape(rows, columns)
    return Picture((np.concatenate([np.concatenate([_walker(s) for s in row], 1) for row in steps], 0),))


@pytest.mark.parametrize(("columns", "rows"), [(4, 1), (3, 4), (12, 8), (1, 5)])
def test_a_grid_is_found(columns: int, rows: int) -> None:
    """Frames of a walk on a transparent background."""
    assert find_sheet(_sheet(columns, rows)) == Sheet(columns, rows)


def test_what_is_no_sheet_is_left_whole() -> None:
    """One figure, a figure of two separate parts, an opaque tile, noise, nothing at all."""
    one = np.zeros((32, 32, 4), np.uint8)
    one[6:28, 6:26] = 255
    parts = np.zeros((32, 32, 4), np.uint8)
    parts[1:12, 2:8] = 255
    parts[10:30, 20:24] = 255
    noise = np.random.default_rng(0).integers(0, 2, (32, 32, 1), dtype=np.uint8).repeat(4, 2) * 255
    for pixels in (one, parts, noise, np.full_like(one, 255), np.zeros_like(one)):
        assert find_sheet(Picture((pixels,))) is None


def test_given_grids() -> None:
    """Columns x rows, or the size of a frame; a size that does not divide gives a sentence that names the picture."""
    picture = _sheet(4, 2).replace(name="walk.png")

    assert layout_of(picture, Request(frames="4x2")) == layout_of(picture, Request(frames="16x16px")) == Sheet(4, 2)
    assert layout_of(picture, Request(frames="none")) is None
    assert layout_of(picture, Request(frames="1x1")) is None
    for frames in ("5x2", "15x16px"):
        with pytest.raises(BadUsageError, match=r"walk\.png is 64x32"):
            layout_of(picture, Request(frames=frames))


def test_frames_do_not_bleed_and_equal_ones_are_equal(upsampler: Upsampler) -> None:
    """A neighbour's colour changes nothing in a frame, and frames 0 and 3 (the same pixels) get the same answer."""
    frames = [_walker(s) for s in (0, 1, 2, 0)]
    touching = [np.where(f[..., 3:] > 0, f, np.uint8([10, 200, 10, 255])).astype(np.uint8) for f in frames]  # type: ignore[arg-type]
    other = [*touching[:2], touching[2][..., [2, 0, 1, 3]], touching[3]]
    settings = Request(scale=4, frames="4x1", degradation="area", key="none")

    first = upsampler.upsample(Picture((np.concatenate(touching, 1),)), settings)
    second = upsampler.upsample(Picture((np.concatenate(other, 1),)), settings)
    cells = np.split(first.picture.frames[0], 4, 1)

    assert first.picture.frames[0].shape == (64, 256, 4)
    assert np.array_equal(cells[0], cells[3])
    assert np.array_equal(cells[1], np.split(second.picture.frames[0], 4, 1)[1])
    assert any("4x1 frames" in note for note in first.notes)
    assert first.residual.maximum <= 0.5


def test_without_frames_neighbours_do_bleed(upsampler: Upsampler) -> None:
    """The test above can fail: answered as one picture, the same frame differs by its neighbour."""
    frames = [np.where(_walker(s)[..., 3:] > 0, _walker(s), np.uint8(90)).astype(np.uint8) for s in (0, 1)]
    settings = Request(scale=4, degradation="area", wrap="none")

    first = upsampler.upsample(Picture((np.concatenate(frames, 1),)), settings).picture.frames[0]
    second = upsampler.upsample(Picture((np.concatenate([frames[0], 255 - frames[1]], 1),)), settings).picture.frames[0]

    assert not np.array_equal(first[:, :64], second[:, :64])


def test_a_bad_grid_fails_that_picture_only(upsampler: Upsampler) -> None:
    """In a batch, the picture that does not divide gets its own error."""
    good, bad = _sheet(4, 1), Picture((np.zeros((16, 63, 4), np.uint8),), name="odd.png")
    outcomes = upsampler.upsample_many([good, bad], Request(frames="4x1"))

    assert not isinstance(outcomes[0], BadUsageError)
    assert isinstance(outcomes[1], BadUsageError)


def test_nine_patches_keep_their_marks(upsampler: Upsampler) -> None:
    """The border stays one pixel wide, its marks are 4 times as long, the picture inside is 4 times as large."""
    pixels = np.zeros((14, 18, 4), np.uint8)
    pixels[1:-1, 1:-1] = (90, 120, 200, 255)
    pixels[0, 5:9] = pixels[3:7, 0] = (0, 0, 0, 255)
    picture = Picture((pixels,), name="button.9.png")

    answer = upsampler.upsample(picture, Request(scale=4)).picture.frames[0]

    assert layout_of(picture, Request(frames="none")) == NinePatch()
    assert answer.shape == (4 * 12 + 2, 4 * 16 + 2, 4)
    assert answer[0, :, 3].nonzero()[0].tolist() == list(range(1 + 4 * 4, 1 + 4 * 8))
    assert answer[:, 0, 3].nonzero()[0].tolist() == list(range(1 + 4 * 2, 1 + 4 * 6))
    assert (answer[1:-1, 1:-1, 3] == 255).all()


def test_a_border_of_marks_makes_a_nine_patch() -> None:
    """
    Transparent or opaque black, and transparent somewhere; any other pixel, a black frame or another name is not one.
    """
    pixels = np.full((8, 8, 4), 90, np.uint8)
    pixels[[0, -1]] = pixels[:, [0, -1]] = 0
    pixels[0, 3:5] = (0, 0, 0, 255)
    black, grey, faint = pixels.copy(), pixels.copy(), pixels.copy()
    black[[0, -1]] = black[:, [0, -1]] = (0, 0, 0, 255)
    grey[0, 3] = (1, 0, 0, 255)
    faint[0, 3] = (0, 0, 0, 254)

    def is_nine_patch(pixels: Pixels, name: str = "b.9.png") -> bool:
        return isinstance(layout_of(Picture((pixels,), name=name), Request()), NinePatch)

    assert is_nine_patch(pixels) and is_nine_patch(pixels, "B.9.PNG")
    assert not any(map(is_nine_patch, (black, grey, faint))) and not is_nine_patch(pixels, "b.png")
    assert not is_nine_patch(pixels[:3]) and not is_nine_patch(pixels[:, :3])


def test_a_sheet_is_joined_cell_by_cell() -> None:
    """Rows and columns are not exchanged, and equal cells are answered once."""
    source = Picture((np.repeat(np.repeat(np.array([[1, 2, 3], [3, 4, 1]], np.uint8), 4, 0), 4, 1)[..., None],))
    sheet = Sheet(3, 2)

    cells = sheet.cut(source)
    large = cells.replace(frames=tuple(frame.repeat(2, 0).repeat(2, 1) for frame in cells.frames))

    assert [int(frame[0, 0, 0]) for frame in cells.frames] == [1, 2, 3, 4]
    assert np.array_equal(sheet.joined(large, source).frames[0], source.frames[0].repeat(2, 0).repeat(2, 1))
