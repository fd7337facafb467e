"""The time of a request is estimated from earlier requests of its kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from depixel.client import IMAGINE_FACE, UPSCALE, Answer, Place, Rates, Result, duration_text

VALUES = UPSCALE.defaults()


def result(side: int, seconds: float, frames: int = 1) -> Result:
    """One answer that took this long."""
    answer = Answer(side, side, 4, 8, (bytes(4 * side * side),) * frames, 0.0, 0.0, 0.0, seed=7)
    return Result((answer,), "art", "area", "art", 4, 0, seconds)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """The rates of a user without requests."""
    return Place(str(tmp_path / "place"))


def test_an_estimate_grows_with_the_pixels(place: Place) -> None:
    """Every answer and frame counts; another program, or the next start, has the same estimate."""
    rates = Rates(place)
    assert rates.estimate(UPSCALE, VALUES, 100) is None

    rates.note(UPSCALE, VALUES, [result(128, 1.0), result(128, 3.0, frames=3)])
    for program in (rates, Rates(place)):
        assert program.estimate(UPSCALE, VALUES, 4 * 128**2) == pytest.approx(4.0)
        assert program.estimate(UPSCALE, VALUES, 8 * 128**2) == pytest.approx(8.0)
        assert program.estimate(UPSCALE, VALUES, 1) == program.estimate(UPSCALE, VALUES, 64**2)  # the minimum


def test_small_answers_take_as_long_as_one_of_64_pixels(place: Place) -> None:
    """A tiny answer is mostly the engine's own start; from 64x64 pixels on, time is proportional to pixels."""
    rates = Rates(place)
    rates.note(UPSCALE, VALUES, [result(16, 1.0)])

    assert rates.estimate(UPSCALE, VALUES, 32**2) == pytest.approx(1.0)
    assert rates.estimate(UPSCALE, VALUES, 2 * 64**2) == pytest.approx(2.0)


def test_kinds_of_request_are_measured_apart(place: Place) -> None:
    """Options that slow the engine down make a different kind; the seed and the amount of imagination do not."""
    rates = Rates(place)
    rates.note(UPSCALE, {**VALUES, "imagination": 0.5}, [result(128, 1.0)])

    assert rates.estimate(UPSCALE, {**VALUES, "imagination": 0.9, "seed": 5}, 128**2) == pytest.approx(1.0)
    assert rates.estimate(UPSCALE, {**VALUES, "imagination": 0.0}, 128**2) is None
    assert rates.estimate(UPSCALE, {**VALUES, "imagination": 0.5, "quality": "best"}, 128**2) is None
    assert rates.estimate(IMAGINE_FACE, IMAGINE_FACE.defaults(), 128**2) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"upscale auto": "fast"}'])
def test_a_damaged_file_costs_an_estimate_only(text: str, place: Place) -> None:
    """The user never sees an error, and this session measures again."""
    place.make()
    Path(place.path("rates.json")).write_text(text, "utf-8")
    rates = Rates(place)

    assert rates.estimate(UPSCALE, VALUES, 100) is None
    rates.note(UPSCALE, VALUES, [result(128, 1.0)])
    assert rates.estimate(UPSCALE, VALUES, 128**2) == pytest.approx(1.0)


def test_durations_are_short_words() -> None:
    """Seconds, minutes, hours; never less than a second."""
    words = [duration_text(s) for s in (0.2, 42, 200, 4000, 7260, 521400)]
    assert words == ["1 s", "42 s", "3 min", "67 min", "2 h 1 min", "6 days"]
