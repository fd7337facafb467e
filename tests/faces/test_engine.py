from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from short_search import shorten
from tiny_prior import TinyArt, TinyFaces

from depixel.enlarging.engine import EnlargingEngine
from depixel.exporting.answer import RawAnswer
from depixel.faces.drawn import engine as drawn_engine
from depixel.faces.engine import FaceEngine, describe
from depixel.faces.finding import places_of
from depixel.faces.searching import _steadied
from depixel.monitor import Monitor
from depixel.picture import Picture
from depixel.portrait import rendering
from depixel.portrait.parameters import Parameters
from depixel.portrait.rendering import Drawing
from depixel.preparation.prepare import prepare
from depixel.priors.faces import FacePrior
from depixel.priors.weights import load_weights, released_names
from depixel.request import FACES_EPS, PULSE_EPS, Request

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def engine() -> FaceEngine:
    return FaceEngine(TinyFaces(), EnlargingEngine(TinyArt(), CPU, 64 * 64), CPU)  # type: ignore[arg-type]


# Slow tests search as users do.
@pytest.fixture(autouse=True)
def _short(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("slow") is None:
        shorten(monkeypatch)


def _portrait(height: int, width: int, channels: int = 3) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    colour = np.stack([200 - 60 * y, 150 + 40 * x, 120 + 30 * x * y], -1)
    alpha = np.clip(1.7 - 1.6 * np.hypot(x, y), 0, 1)[..., None] * 255
    return np.concatenate([colour, alpha], -1)[..., :channels].round().astype(np.uint8)


def _answers(engine: FaceEngine, picture: Picture, **wishes: Any) -> list[RawAnswer]:
    settings = Request(**{"domain": "faces", "steps": 4, "scale": 4, **wishes})
    return list(engine.answer([prepare(picture, settings)], settings)[0].candidates)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (16, 12), (9, 16), (40, 40)])
@pytest.mark.parametrize("channels", [3, 4])
def test_any_shape_and_alpha_scales_back_exactly(engine: FaceEngine, height: int, width: int, channels: int) -> None:
    """Square or not, smaller or larger than the prior, opaque or not: the answer scales back to the input."""
    picture = Picture((_portrait(height, width, channels),))

    (answer,) = _answers(engine, picture)

    assert tuple(answer.straight.shape) == (1, 4, 4 * height, 4 * width)
    assert answer.residual.exact


@pytest.mark.parametrize(("side", "scale"), [(16, 32), pytest.param(32, 32, marks=pytest.mark.slow)])
def test_far_beyond_the_generators_size_the_answer_still_scales_back(engine: FaceEngine, side: int, scale: int) -> None:
    """512 and 1024 pixels come from the art prior's cascade on the searched face, and scale back to the input."""
    (answer,) = _answers(engine, Picture((_portrait(side, side),)), scale=scale, steps=1)

    assert tuple(answer.straight.shape[2:]) == (side * scale, side * scale)
    assert answer.residual.exact


def test_candidates_differ_and_come_best_first(engine: FaceEngine) -> None:
    """K candidates are K pictures, ordered by how well the face fitted before the projection."""
    answers = _answers(engine, Picture((_portrait(16, 16),)), candidates=3, imagination=0.8, eps=0.0)

    assert len(answers) == 3
    assert [a.error for a in answers] == sorted(a.error for a in answers if a.error is not None)
    assert len({a.seed for a in answers}) == 3
    assert not torch.equal(answers[0].straight, answers[1].straight)


@pytest.mark.parametrize(
    ("detail", "candidates"), [("calm", 3), ("drawn", 2), pytest.param("drawn", 3, marks=pytest.mark.slow)]
)
def test_each_candidate_comes_back_alone_to_the_last_bit(engine: FaceEngine, detail: str, candidates: int) -> None:
    """With the reported seed and imagination, whatever batch it was searched in."""
    picture = Picture((_portrait(16, 16),))

    wishes = {"detail": detail, "exact": "always"}

    for answer in _answers(engine, picture, candidates=candidates, imagination=0.3, **wishes):
        (again,) = _answers(engine, picture, seed=answer.seed, imagination=answer.imagination, **wishes)
        assert torch.equal(again.straight, answer.straight)


def test_a_box_changes_the_box_only_in_its_place(engine: FaceEngine) -> None:
    """With a box, the face is inside it; outside is the ordinary answer, and everything scales back."""
    picture = Picture((_portrait(24, 24),))

    (boxed,) = _answers(engine, picture, box=(4, 6, 16, 18))
    (other,) = _answers(engine, picture, box=(4, 6, 16, 18), seed=5, imagination=1.0)

    differs = (boxed.straight != other.straight).any(1)[0]
    assert boxed.residual.exact
    assert differs[24:72, 16:64].any()
    assert not differs[:24].any() and not differs[:, 64:].any()


def test_frames_of_one_face_stay_one_face(engine: FaceEngine) -> None:
    """Identical frames give identical faces."""
    frame = _portrait(12, 12)
    picture = Picture((frame, frame.copy()), durations=(100.0, 100.0))

    (answer,) = _answers(engine, picture)

    assert torch.equal(answer.straight[0], answer.straight[1])


def test_noise_over_time_is_calmed_and_movement_is_not() -> None:
    """A still clip's dithering changes less from frame to frame than in the input; a moving face has no delay."""
    still = torch.full((6, 4, 16, 16), 0.5) + 0.01 * torch.randn(
        6, 4, 16, 16, generator=torch.Generator().manual_seed(0)
    )
    moved = torch.zeros(2, 4, 16, 16)
    moved[1, :, 4:12, 4:12] = 1

    calm = _steadied(still)

    assert calm.diff(dim=0).square().mean() < 0.5 * still.diff(dim=0).square().mean()
    assert (_steadied(moved) - moved).abs().max() < 0.02
    assert torch.equal(_steadied(moved[:1]), moved[:1])


def test_iterating_moves_on_and_stays_exact(engine: FaceEngine) -> None:
    """Feeding the answer back gives another face, which still scales back to the first input."""
    picture = Picture((_portrait(8, 8),))

    (once,) = _answers(engine, picture)
    (thrice,) = _answers(engine, picture, iterate=3, pre_blur=0.7)

    assert not torch.equal(once.straight, thrice.straight)
    assert thrice.residual.exact


@pytest.mark.weights
def test_what_is_fed_back_is_seen_anew() -> None:
    """
    With the released encoder each pass drifts: after five passes the face fits the first input worse than after one.
    """
    name = next(name for name in released_names() if name.startswith("faces"))
    engine = FaceEngine(FacePrior.from_weights(load_weights(name), CPU), EnlargingEngine(TinyArt(), CPU, 64 * 64), CPU)  # type: ignore[arg-type]
    picture = Picture((_portrait(16, 16),))

    once, often = (_answers(engine, picture, steps=None, scale=8, iterate=n, detail="calm")[0] for n in (1, 5))

    assert once.error is not None and often.error is not None
    assert often.error > 2 * once.error
    assert often.residual.exact


def test_the_score_of_an_iterated_face_is_against_the_input(engine: FaceEngine) -> None:
    """Each pass makes the question easier; the reported error is still the distance from the first one."""
    noise = Picture((np.random.default_rng(2).integers(0, 255, (16, 16, 3), dtype=np.uint8),))

    (once,) = _answers(engine, noise)
    (often,) = _answers(engine, noise, iterate=4)

    assert once.error is not None and often.error is not None
    assert often.error > 0.5 * once.error


def test_soft_edges_come_from_the_art_prior(engine: FaceEngine) -> None:
    """The alpha of a portrait with holes is enlarged like art, not bicubically, and scales back."""
    (answer,) = _answers(engine, Picture((_portrait(16, 16, 4),)))
    calm = Request(domain="art", scale=4)
    art = engine.art.answer([prepare(Picture((_portrait(16, 16, 4),)), calm)], calm)[0].candidates[0]

    assert answer.residual.exact
    alpha = answer.straight[:, 3].float()
    assert (alpha - art.straight[:, 3].float()).abs().mean() < 3


def test_a_face_that_fits_nothing_is_still_given_with_its_score(engine: FaceEngine) -> None:
    """Noise is not a face: the best face found is returned, and the sentence says how far off it is."""
    noise = np.random.default_rng(1).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    settings = Request(domain="faces", steps=3)
    answers, result = engine.faces(prepare(Picture((noise,)), settings), settings)

    assert answers[0].residual.exact
    assert "No face fits this input well" in describe(result, 1)
    assert result.likeness < 0.5
    assert "hardly looks like a face" in describe(result, 1)


def test_a_face_is_searched_beyond_pulses_eps_unless_told_otherwise(engine: FaceEngine) -> None:
    """Without eps the faces' own is used, which is smaller than PULSE's; an explicit one takes precedence."""
    picture = Picture((_portrait(16, 16),))

    steps = {}
    for eps in (None, FACES_EPS, 1.0):
        settings = Request(domain="faces", steps=6, eps=eps)
        steps[eps] = engine.answer([prepare(picture, settings)], settings)[0].steps

    assert FACES_EPS < PULSE_EPS
    assert steps[None] == steps[FACES_EPS] > steps[1.0]


def test_default_scale_reaches_128_pixels() -> None:
    """A 16x16 portrait becomes 128x128 by default; a box is scaled by its own size."""
    picture = Picture((_portrait(16, 16),))

    assert prepare(picture, Request(domain="faces")).degradation.factor == 8
    assert prepare(picture, Request(domain="faces", box=(0, 0, 8, 8))).degradation.factor == 16


def test_faces_in_a_larger_picture_are_found_and_all_of_it_scales_back() -> None:
    """Above 64 pixels faces are searched for; if none is found, the whole picture is one, and a note says so."""
    engine = FaceEngine(TinyFaces(), EnlargingEngine(TinyArt(), CPU, 64 * 64), CPU)  # type: ignore[arg-type]
    flat = Picture((np.full((40, 80, 3), 90, np.uint8),))
    settings = Request(domain="faces", steps=1, scale=2)

    answers, result = engine.faces(prepare(flat, settings), settings)

    assert answers[0].residual.exact
    assert "No face was found" in describe(result, 1)
    places, notes = places_of(torch.ones(1, 4, 64, 64), settings, CPU)
    assert len(places) == 1
    assert notes == ()


def test_drawn_detail_scales_back_exactly(engine: FaceEngine) -> None:
    """Joined with a drawn person the answer scales back to the input, and it differs from the calm one."""
    picture = Picture((_portrait(16, 16),))

    (drawn,) = _answers(engine, picture, detail="drawn", scale=8, exact="always")
    (calm,) = _answers(engine, picture, detail="calm", scale=8)

    assert drawn.residual.exact and calm.residual.exact
    assert not torch.equal(drawn.straight, calm.straight)


def test_a_person_as_found_says_so(engine: FaceEngine) -> None:
    """The person is shown unchanged: the residual says how far the picture is off, and so does the note."""
    picture = Picture((_portrait(16, 16, 4),))
    request = Request(domain="faces", detail="drawn", exact="never", scale=8, steps=0)

    (answers,) = engine.answer([prepare(picture, request)], request)

    assert not answers.candidates[0].residual.exact
    assert "Exact face (--exact) to always" in " ".join(answers.notes)
    assert bool((answers.candidates[0].straight[:, 3] == 255).all())


def test_the_exact_version_lies_beside_a_person_as_found(engine: FaceEngine) -> None:
    """By default, an input that is not a face gives a person as found, and the same person made to match the pixels."""
    picture = Picture((_portrait(16, 16),))
    request = Request(domain="faces", detail="drawn", scale=8, steps=0)

    (answers,) = engine.answer([prepare(picture, request)], request)

    drawn, exact = answers.candidates
    assert not drawn.residual.exact and exact.residual.exact
    assert drawn.seed == exact.seed
    assert "last answer" in " ".join(answers.notes)


def test_the_exact_version_is_made_from_the_same_drawing(engine: FaceEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of two people is drawn large once; the exact version of the better one takes its part of the progress."""
    drawn_sizes: list[int] = []
    draw = rendering.draw

    def counted(people: Parameters, size: int, samples: int = 2) -> Drawing:
        drawn_sizes.append(size)
        return draw(people, size, samples)

    monkeypatch.setattr(drawn_engine, "draw", counted)
    shares: list[float] = []
    monitor = Monitor(lambda step: shares.append(step.share))
    picture = Picture((_portrait(16, 16),))
    request = Request(domain="faces", detail="drawn", scale=8, steps=0, candidates=2)

    (answers,) = engine.answer([prepare(picture, request)], request, monitor)

    assert len(answers.candidates) == 3
    assert drawn_sizes.count(128) == 2
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert any(0.8 < share < 0.9 for share in shares)


def test_part_of_a_photograph_keeps_its_pixels() -> None:
    """No person is drawn over it unless the user asks for one."""
    prior = TinyFaces()
    prior.spec.__dict__["name"] = "faces-128"
    named = FaceEngine(prior, EnlargingEngine(TinyArt(), CPU, 64 * 64), CPU)  # type: ignore[arg-type]
    picture = Picture((np.random.default_rng(1).integers(0, 256, (12, 12, 3), np.uint8),))
    request = Request(domain="faces", scale=8, steps=0)
    stubborn = replace(request, detail="drawn")

    shares: list[float] = []
    monitor = Monitor(lambda step: shares.append(step.share))
    (answers,) = named.answer([prepare(picture, request)], request, monitor)
    (drawn,) = named.answer([prepare(picture, stubborn)], stubborn)

    assert len(answers.candidates) == 1 and answers.candidates[0].residual.exact
    assert "part of a photograph" in " ".join(answers.notes) and "likeness" not in " ".join(answers.notes)
    assert shares[-1] == pytest.approx(1.0)  # the search is the whole work
    assert not drawn.candidates[0].residual.exact
    assert "shown as found" in " ".join(drawn.notes)


@pytest.mark.parametrize(
    ("wishes", "draws"),
    [
        ({"detail": "drawn"}, True),
        ({"detail": "calm"}, False),
        ({}, False),  # another generator than the released one has its own detail
    ],
)
def test_detail_is_drawn_when_requested(engine: FaceEngine, wishes: dict[str, Any], draws: bool) -> None:
    """The option decides; by default, only the released prior is joined with drawings."""
    assert engine._draws(Request(domain="faces", **wishes)) == draws


def test_typed_calm_is_calm() -> None:
    """An explicit --imagination 0 gives the neural answer alone; the same value as a default does not."""
    prior = TinyFaces()
    prior.spec.__dict__["name"] = "faces-128"
    named = FaceEngine(prior, EnlargingEngine(TinyArt(), CPU, 64 * 64), CPU)  # type: ignore[arg-type]

    assert named._draws(Request(domain="faces"))
    assert not named._draws(Request.from_typed({"domain": "faces", "imagination": 0.0}))
