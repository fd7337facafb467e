"""The search as an animation: every step is a frame, in every animated format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_prior import TinyArt, TinyFaces

from depixel import files
from depixel.batch.search_film import SearchFilm, film_path
from depixel.enlarging.engine import EnlargingEngine
from depixel.errors import BadUsageError
from depixel.faces.engine import FaceEngine
from depixel.monitor import Monitor, SearchStep
from depixel.picture import Picture
from depixel.preparation.prepare import prepare
from depixel.request import Request

CPU = torch.device("cpu")


def _picture(height: int = 16, width: int = 12) -> Picture:
    y, x = np.mgrid[0 : 255 : height * 1j, 0 : 255 : width * 1j]
    return Picture((np.stack([x, y, 255 - x], -1).astype(np.uint8),))


@pytest.mark.parametrize("ending", [".gif", ".webp", ".png"])
def test_every_step_of_a_search_is_a_frame_of_the_file(ending: str, tmp_path: Path) -> None:
    """The input first, one frame per step, the answer last and longest; all can be read back from the file."""
    engine = FaceEngine(TinyFaces(), EnlargingEngine(TinyArt(), CPU, 64 * 64), CPU)  # type: ignore[arg-type]
    film, steps = SearchFilm(), []
    settings = Request(domain="faces", steps=5, scale=4, eps=0.0)
    source = _picture()

    def watch(step: SearchStep) -> None:
        steps.append(step)
        film.add(step)

    (candidate,) = engine.answer([prepare(source, settings)], settings, Monitor(watch))[0].candidates
    answer = Picture((candidate.straight[0].permute(1, 2, 0).numpy().astype(np.uint8),), text={"Comment": "imagined"})
    files.write(tmp_path / f"film{ending}", film.finish(source, answer))

    seen = files.read(tmp_path / f"film{ending}")
    assert len(steps) == len(film) == 6
    assert len(seen.frames) == 8
    assert (seen.width, seen.height) == (48, 64)
    assert seen.durations[-1] == max(seen.durations) > seen.durations[1]
    if ending != ".gif":
        assert np.array_equal(seen.rgba(7), answer.rgba())
        assert np.array_equal(seen.rgba(0)[::4, ::4], source.rgba())
    assert "imagined" in " ".join(seen.text.values())


def test_a_preview_shows_the_box_and_no_padding() -> None:
    """A portrait that is not square is previewed in its own shape, not the prior's."""
    engine = FaceEngine(TinyFaces(), EnlargingEngine(TinyArt(), CPU, 64 * 64), CPU)  # type: ignore[arg-type]
    settings = Request(domain="faces", steps=1, scale=4)
    shapes: list[tuple[int, ...]] = []

    def watch(step: SearchStep) -> None:
        assert step.preview is not None
        shapes.append(tuple(step.preview.shape))

    engine.answer([prepare(_picture(), settings)], settings, Monitor(watch))

    assert set(shapes) == {(4, 32, 24)}


def test_a_face_in_a_wide_picture_is_not_stretched() -> None:
    """Its square is shown in the middle of the dimmed picture."""
    film = SearchFilm()
    film.add(SearchStep(1, 1, 0.0, torch.ones(4, 8, 8)))
    source = _picture(10, 20)

    frame = film.finish(source, source).frames[1]

    assert (frame[:, 5:15] == 255).all()
    assert (frame[:, :5, :3] <= 85).all()


def test_what_cannot_be_filmed_is_a_sentence() -> None:
    """No steps, or an extension without animation, is an error."""
    with pytest.raises(BadUsageError, match="no search"):
        SearchFilm().finish(_picture(), _picture())
    with pytest.raises(BadUsageError, match=r"\.gif, \.webp"):
        film_path("film.jpg")
