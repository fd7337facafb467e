"""A face is replaced: nothing of it remains except the reported few pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tiny_art import write_tiny_art

from depixel.errors import BadUsageError
from depixel.faces import anonymiser
from depixel.faces.anonymiser import anonymise, replace_face
from depixel.faces.hidden import HiddenPlace
from depixel.monitor import SILENT, Monitor
from depixel.picture import Picture
from depixel.report import Report
from depixel.request import Request
from depixel.upsampler import Upsampler

ANY = Request(domain="art")  # the source of faces is not under test here
RNG = np.random.default_rng(4)


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    """The real engine with a tiny network."""
    return Upsampler("cpu", {"art": str(write_tiny_art(tmp_path_factory.mktemp("weights")))})


def _photo(height: int = 90, width: int = 120, channels: int = 3, dtype: type = np.uint8) -> Picture:
    return Picture((RNG.integers(0, np.iinfo(dtype).max, (height, width, channels), dtype=dtype, endpoint=True),))


def _means(pixels: np.ndarray, factor: int) -> np.ndarray:
    height, width = pixels.shape[0] // factor, pixels.shape[1] // factor
    return pixels.astype(float).reshape(height, factor, width, factor, -1).mean((1, 3))


@pytest.mark.parametrize("box", [(30, 20, 70, 68), (0, 0, 41, 33), (100, 70, 120, 90), None])
def test_only_the_box_changes_and_it_shrinks_to_the_same_pixels(
    upsampler: Upsampler, box: tuple[int, int, int, int] | None
) -> None:
    """Nothing changes outside; inside, the block means are the original's, at the borders of the picture too."""
    photo = _photo()

    place = HiddenPlace(box or (0, 0, photo.width, photo.height))
    done = replace_face(upsampler, photo, place, 8, ANY)

    left, top, right, bottom = done.box
    factor = (right - left) // done.kept[0]
    before, after = photo.frames[0], done.picture.frames[0]
    outside = np.ones(before.shape[:2], bool)
    outside[top:bottom, left:right] = False
    assert np.array_equal(before[outside], after[outside])
    assert 0 <= left < right <= 120
    assert 0 <= top < bottom <= 90
    difference = _means(before[top:bottom, left:right], factor) - _means(after[top:bottom, left:right], factor)
    assert np.abs(difference).max() <= 1.0
    assert max(done.kept) <= 9
    assert f"{done.kept[0]}x{done.kept[1]} pixels of the original were kept" in done.report.notes[-1]


def test_only_exact_faces_are_searched(upsampler: Upsampler) -> None:
    """The kept pixels are made exact anyway, so no second version of a face is drawn beside it."""

    wishes: list[str] = []

    class Recorder:
        def upsample(self, picture: Picture, request: Request, monitor: Monitor = SILENT) -> Report:
            wishes.append(request.exact)
            return upsampler.upsample(picture, request, monitor)

    replace_face(Recorder(), _photo(), HiddenPlace((30, 20, 70, 68)), 8, ANY)

    assert wishes == ["always"]


def test_unlike_takes_the_person_who_differs_most(upsampler: Upsampler, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the people who fit the kept pixels; the report names that person's seed."""
    wanted: list[int] = []

    class Several:
        def upsample(self, picture: Picture, request: Request, monitor: Monitor = SILENT) -> Report:
            wanted.append(request.candidates)
            report = upsampler.upsample(picture, replace(request, candidates=1), monitor)
            one = report.candidates[0]
            people = [replace(one, seed=k, score=score) for k, score in enumerate((0.0, 1e-4, 2e-4, 0.5))]
            return replace(report, candidates=tuple(people))

    monkeypatch.setattr(anonymiser, "differences", lambda original, answers: [0.5, 2.0, 1.0, 9.0][: len(answers)])
    place = HiddenPlace((30, 20, 70, 68))

    ordinary = replace_face(Several(), _photo(), place, 8, ANY)
    unlike = replace_face(Several(), _photo(), place, 8, ANY, unlike=True)

    assert ordinary.report.candidates[0].seed == 0
    assert unlike.report.candidates[0].seed == 1  # the last one differs more, but misses the pixels
    assert wanted == [1, anonymiser.PEOPLE]
    assert "differs most" in unlike.report.notes[-1]


def test_detail_inside_depends_on_the_kept_pixels_alone(upsampler: Upsampler) -> None:
    """Two different faces with the same few pixels give the same answer, except for the seam at the border."""
    first = _photo(64, 64)
    shuffled = first.frames[0].reshape(8, 8, 8, 8, 3).copy()
    shuffled = shuffled[:, ::-1, :, ::-1]  # the same block means, another picture
    second = Picture((np.ascontiguousarray(shuffled.reshape(64, 64, 3)),))

    whole = HiddenPlace((0, 0, 64, 64))
    one, two = (replace_face(upsampler, photo, whole, 8, ANY).picture.frames[0] for photo in (first, second))

    assert not np.array_equal(first.frames[0], second.frames[0])
    assert np.abs(one[8:-8, 8:-8].astype(int) - two[8:-8, 8:-8]).max() <= 1


@pytest.mark.parametrize(("channels", "dtype"), [(1, np.uint8), (4, np.uint8), (3, np.uint16)])
def test_every_kind_of_picture_stays_what_it_is(upsampler: Upsampler, channels: int, dtype: type) -> None:
    """Channels, depth and size are kept."""
    photo = _photo(40, 40, channels, dtype)

    done = anonymise(upsampler, photo, [HiddenPlace((4, 4, 36, 36))], 8, ANY)

    assert done.picture.frames[0].shape == photo.frames[0].shape
    assert done.picture.frames[0].dtype == dtype


@pytest.mark.parametrize(("box", "kept"), [((0, 0, 200, 50), 8), ((5, 5, 9, 9), 8), ((0, 0, 40, 40), 2)])
def test_what_cannot_be_done_is_a_sentence(upsampler: Upsampler, box: tuple[int, int, int, int], kept: int) -> None:
    """Outside the picture, too small, too few pixels: each is refused."""
    with pytest.raises(BadUsageError, match=r"box|kept"):
        anonymise(upsampler, _photo(), [HiddenPlace(box)], kept, ANY)


def test_a_found_head_keeps_what_is_in_the_corners_of_its_box(upsampler: Upsampler) -> None:
    """A tilted head changes inside a square with rounded corners; the corners of the box hardly change."""
    photo = _photo()

    done = replace_face(upsampler, photo, HiddenPlace((20, 10, 84, 74), 30.0, by_finder=True), 8, ANY)

    left, top, right, bottom = done.box
    before, after = (p.frames[0][top:bottom, left:right].astype(int) for p in (photo, done.picture))
    moved = np.abs(before - after).mean(2)
    corners = np.stack([moved[:6, :6], moved[:6, -6:], moved[-6:, :6], moved[-6:, -6:]])
    assert corners.max() <= 2
    assert moved[24:40, 24:40].mean() > 20
    factor = (right - left) // done.kept[0]
    assert np.abs(_means(before, factor) - _means(after, factor)).max() <= 1.0


def test_a_face_that_moves_is_followed(upsampler: Upsampler) -> None:
    """Each frame changes only inside its own box, and shrinks there to its own few pixels."""
    frames = tuple(_photo(60, 100).frames[0] for _ in range(3))
    way = tuple((8 * k, 10, 8 * k + 40, 50) for k in range(3))
    film = Picture(frames, durations=(50.0,) * 3)

    done = replace_face(upsampler, film, HiddenPlace((0, 10, 56, 50), way=way), 8, ANY)

    assert done.box == (0, 10, 56, 50)
    assert done.kept == (8, 8)
    for before, after, (left, top, right, bottom) in zip(frames, done.picture.frames, way, strict=True):
        outside = np.ones(before.shape[:2], bool)
        outside[top:bottom, left:right] = False
        assert np.array_equal(before[outside], after[outside])
        assert np.abs(_means(before[top:bottom, left:right], 5) - _means(after[top:bottom, left:right], 5)).max() <= 1
