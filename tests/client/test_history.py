"""Requests are remembered before they are sent, so that a refusal or a crash loses no values."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from depixel.client import IMAGINE_FACE, UPSCALE, History, Place
from depixel.client.history import MOST


@pytest.fixture
def history(tmp_path: Path) -> History:
    """The history of a user without requests."""
    return History(Place(str(tmp_path / "place")))


def test_the_newest_comes_first_and_equal_ones_count_once(history: History) -> None:
    """Each action has its own; only some are kept."""
    for scale in (2, 3, 2):
        history.begin(UPSCALE, "hero.png", {**UPSCALE.defaults(), "scale": scale})

    assert [request.values for request in history.of(UPSCALE)] == [{"scale": 2}, {"scale": 3}]
    assert history.of(IMAGINE_FACE) == []
    for seed in range(MOST + 5):
        history.begin(UPSCALE, "hero.png", {"seed": seed + 1})
    assert len(history.of(UPSCALE)) == MOST and history.of(UPSCALE)[0].values == {"seed": MOST + 5}


def test_values_of_a_request_without_an_answer_come_back(history: History) -> None:
    """Its values are offered until a request is answered."""
    assert history.unanswered(UPSCALE) is None
    history.begin(UPSCALE, "hero.png", {"scale": 7})

    waiting = history.unanswered(UPSCALE)
    assert waiting is not None and waiting.applied(UPSCALE) == {**UPSCALE.defaults(), "scale": 7}
    history.finish(UPSCALE)
    assert history.unanswered(UPSCALE) is None and history.of(UPSCALE)[0].answered


def test_a_request_as_a_line_of_a_menu(history: History) -> None:
    """The time of a request today, or the date of an earlier one."""
    history.begin(UPSCALE, "hero.png", {"scale": 8, "domain": "pixel-art"})
    request = history.of(UPSCALE)[0]

    assert request.title(UPSCALE, request.time)[2:] == request.title(UPSCALE)[2:]
    assert request.title(UPSCALE).endswith(" hero.png: times larger 8, pixel art")
    assert re.match(r"\d\d:\d\d hero", request.title(UPSCALE, request.time))
    assert len(request.title(UPSCALE, request.time + 90_000).split(" hero")[0]) > len("14:05")
    history.begin(UPSCALE, "x" * 300, {})
    assert history.of(UPSCALE)[0].picture == "x" * 200


@pytest.mark.parametrize("text", ["{", '{"upscale": 5}', '{"upscale": [1, {}, {"picture": "x"}]}'])
def test_a_damaged_file_costs_a_convenience_only(text: str, tmp_path: Path) -> None:
    """The user never sees an error from the history."""
    place = Place(str(tmp_path / "place"))
    place.make()
    Path(place.path("recent.json")).write_text(text, "utf-8")
    history = History(place)

    assert history.of(UPSCALE) == [] and history.unanswered(UPSCALE) is None
    history.begin(UPSCALE, "hero.png", {"scale": 7})
    history.finish(UPSCALE)
