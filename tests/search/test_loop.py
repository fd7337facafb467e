"""Mirrors depixel/search/loop.py, rows.py and start.py. PULSE's known faults are the first tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from tiny_prior import TinyArt, TinyFaces

from depixel.client.option_table import DIALOG_MAX_SEED
from depixel.degradation import AreaDegradation, Degradation, make_degradation
from depixel.errors import BadUsageError, CancelledError, WeightsError
from depixel.monitor import Monitor, SearchStep
from depixel.priors.base import LatentLayout, LatentPrior, Latents
from depixel.request import PULSE_EPS, Request
from depixel.search import TERMS, Candidates, Question, Solution, Term, candidate_seed, search
from depixel.search.sphere import as_points
from depixel.search.terms import Context, nearest_colours, seam_and_inside

AREA = AreaDegradation(4)
FACES = TinyFaces()


def _search(
    prior: LatentPrior,
    small: torch.Tensor,
    degradation: Degradation,
    request: Request,
    on_step: Callable[[SearchStep], None] | None = None,
    *,
    cancelled: Callable[[], bool] | None = None,
    terms: Sequence[Term] = TERMS,
    keep_when_cancelled: bool = False,
    **question: Any,
) -> Candidates:
    return search(
        prior,
        Question(small, degradation, **question),
        request,
        terms=terms,
        monitor=Monitor(on_step, cancelled),
        keep_when_cancelled=keep_when_cancelled,
    )


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _faces(count: int, seed: int = 1) -> torch.Tensor:
    return AREA.apply(FACES.truth(count, seed))


def _errors(result: Candidates) -> list[float]:
    return [candidate.error for row in result.pictures for candidate in row]


# PULSE's known faults.


def test_every_picture_of_a_batch_can_converge() -> None:
    """PULSE compares a sum over the batch with eps, so several pictures never pass; ours do."""
    result = _search(FACES, _faces(6), AREA, Request(steps=60))

    assert all(candidate.converged for row in result.pictures for candidate in row)
    assert max(_errors(result)) <= PULSE_EPS


def test_the_answer_is_the_best_one_with_its_own_latents() -> None:
    """PULSE returns the last picture with the small one of the best; ours decodes the returned latents."""
    small = _faces(3)
    seen: list[float] = []
    result = _search(FACES, small, AREA, Request(steps=12, eps=0.0), lambda step: seen.append(step.error))
    for b, (answer,) in enumerate(result.pictures):
        again = FACES.decode(answer.latents, small[b : b + 1], AREA)[0]
        error = float((AREA.apply(again[None]) - small[b]).square().sum() / 3 / 64)

        assert answer.large == pytest.approx(again, abs=1e-5)
        assert answer.error == pytest.approx(error, rel=1e-3)
    assert max(_errors(result)) == pytest.approx(min(seen))


def test_best_is_kept_when_later_steps_are_worse() -> None:
    """A term that pushes the search away from a good start cannot lose that start."""

    def away(large: torch.Tensor, latents: Latents, context: Context) -> torch.Tensor:
        return (latents["w"] - start["w"]).square().mean((1, 2)).neg().exp()

    small = _faces(2)
    start = FACES.encode(small, AREA)
    first = _search(FACES, small, AREA, Request(steps=0))
    result = _search(FACES, small, AREA, Request(steps=8, eps=0.0), terms=[Term("away", 1e6, away)])

    assert all(a <= b for a, b in zip(_errors(result), _errors(first), strict=True))


def test_a_search_that_fails_returns_the_best_so_far() -> None:
    """PULSE writes nothing if eps is not reached; ours reports how far it got."""
    noise = torch.rand(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    noise[:, 3] = 1
    first = _search(FACES, noise, AREA, Request(steps=0))
    result = _search(FACES, noise, AREA, Request(steps=20))
    for (answer,), (start,) in zip(result.pictures, first.pictures, strict=True):
        assert not answer.converged
        assert PULSE_EPS < answer.error < start.error
        assert torch.isfinite(answer.large).all()


def test_alpha_is_searched_for() -> None:
    """A prior that makes alpha is moved to the source's alpha; PULSE ignores it."""
    prior = TinyFaces(seed=3, alpha=True)
    small = AREA.apply(prior.truth(2))
    first = _search(prior, small, AREA, Request(steps=0))
    outcome = _search(prior, small, AREA, Request(steps=60, eps=5e-4))

    def alpha_error(result: Candidates, b: int) -> float:
        return float((AREA.apply(result.pictures[b][0].large[None])[0, 3] - small[b, 3]).square().mean())

    for b in range(2):
        assert outcome.pictures[b][0].converged
        assert alpha_error(outcome, b) < max(1e-3, 0.5 * alpha_error(first, b))


def test_seed_0_is_a_seed() -> None:
    """PULSE ignores seed 0; here it gives the same answer twice, and not that of seed 1."""
    settings = Request(steps=3, imagination=0.8)
    once, again, other = (
        _search(FACES, _faces(1), AREA, replace(settings, seed=seed)).pictures[0][0] for seed in (0, 0, 1)
    )

    assert torch.equal(once.large, again.large)
    assert (once.large - other.large).abs().max() > 0.01


# Each row by itself.


@pytest.mark.parametrize("imagination", [0.0, 0.7])
def test_a_batch_of_one_equals_the_same_picture_in_a_batch(imagination: float) -> None:
    """The other rows of the batch, when they leave it, and their order change nothing."""
    small = _faces(5)
    settings = Request(steps=10, candidates=2, imagination=imagination)
    together = _search(FACES, small, AREA, settings)
    for b in (0, 3):
        alone = _search(FACES, small[b : b + 1], AREA, settings).pictures[0]
        for mine, theirs in zip(alone, together.pictures[b], strict=True):
            assert mine.seed == theirs.seed
            assert mine.error == pytest.approx(theirs.error, rel=0.02, abs=1e-6)
            assert mine.large == pytest.approx(theirs.large, abs=0.01)


def test_candidate_k_does_not_depend_on_how_many_there_are() -> None:
    """Requesting a third candidate does not change the first two."""
    small = _faces(1)
    two, three = (_search(FACES, small, AREA, Request(steps=0, candidates=k)).pictures[0] for k in (2, 3))

    assert [c.seed for c in two] == [c.seed for c in three[:2]]
    for a, b in zip(two, three[:2], strict=True):
        assert a.large == pytest.approx(b.large, abs=1e-5)


def test_a_candidate_can_be_asked_for_again_by_its_seed() -> None:
    """The reported seed of an answer, used for a new search for one answer, reproduces it."""
    small = _faces(1)
    settings = Request(steps=2, candidates=3, imagination=0.6)
    third = _search(FACES, small, AREA, settings).pictures[0][2]
    again = _search(FACES, small, AREA, replace(settings, candidates=1, seed=third.seed)).pictures[0][0]

    assert again.large == pytest.approx(third.large, abs=1e-3)


def test_candidate_seeds_are_distinct_and_valid() -> None:
    """Neighbouring seeds share no candidate, and every seed can be entered in an editor's dialog."""
    seeds = {candidate_seed(seed, k) for seed in range(20) for k in range(20)}

    assert len(seeds) == 400
    assert all(0 <= seed <= DIALOG_MAX_SEED for seed in seeds)
    assert candidate_seed(2**63 - 1, 3) != candidate_seed(0, 3)


def test_candidates_differ() -> None:
    """Several candidates are several answers, even with imagination 0."""
    result = _search(FACES, _faces(1), AREA, Request(steps=15, candidates=3)).pictures[0]

    assert all((result[0].large - other.large).abs().max() > 0.02 for other in result[1:])


def test_a_row_that_is_done_leaves_the_batch() -> None:
    """Converged pictures cost nothing while others continue."""
    prior = TinyFaces()
    start = prior.encode(_faces(7), AREA)
    small = torch.cat([AREA.apply(prior.decode(start, _faces(7), AREA))[:6], _faces(1)])
    prior.decoded = 0
    result = _search(prior, small, AREA, Request(steps=20, eps=1e-4), start=start)

    assert result.steps > 10
    assert prior.decoded == 7 + result.steps


def test_a_row_without_progress_gives_up_early() -> None:
    """A picture that no step improves does not use all its steps, and the batch ends with its last row."""
    prior = TinyArt(exact=True)
    small = torch.rand(1, 4, 6, 6, generator=torch.Generator().manual_seed(2))
    never = Term("never", 0.0, lambda large, latents, context: large.new_ones(len(large)), goal=0.5)
    result = _search(prior, small, AREA, Request(steps=500), terms=[never])

    assert result.steps < 40


class _Careful(TinyFaces):
    """The tiny prior with the small steps appropriate for a good encoder."""

    @property
    def layout(self) -> dict[str, LatentLayout]:
        return {name: replace(layout, rate=0.03) for name, layout in super().layout.items()}


def test_a_start_that_fits_nothing_takes_longer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise gets much closer in the same few steps; a start that fits well takes the same path as before."""
    prior = _Careful(seed=2)
    truth = prior.truth(1)
    good = prior.encode(AREA.apply(truth), AREA) | {"noise": torch.full((1, 1, 8, 8), 1.0)}
    near = AREA.apply(prior.decode(good, truth, AREA)) * 0.995  # some 1e-5 away from where it starts
    near[:, 3] = 1
    noise = torch.rand(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    noise[:, 3] = 1
    settings = Request(steps=12, eps=0.0)

    def both() -> tuple[Solution, Solution, Solution]:
        starts = (noise, None, settings), (noise, None, replace(settings, steps=0)), (near, good, settings)
        far, first, close = (_search(prior, x, AREA, s, start=start).pictures[0][0] for x, start, s in starts)
        return far, first, close

    hurried, start, close = both()
    monkeypatch.setattr("depixel.search.rows.LONGEST", 1.0)
    slow, _, as_before = both()

    assert start.error - hurried.error > 2 * (start.error - slow.error) > 0
    assert 0 < close.error < 1e-4
    assert torch.equal(close.large, as_before.large)


def test_what_starts_far_away_may_stop_early_and_what_starts_near_may_not() -> None:
    """far_eps is for rows that start outside PULSE's eps; each row of a batch depends on its own start."""
    small = _faces(2)
    far = _search(FACES, small, AREA, Request(steps=0))
    assert min(_errors(far)) > PULSE_EPS
    near = _search(FACES, small[:1], AREA, Request(steps=60, eps=1.8e-3)).pictures[0][0]
    start = {name: torch.cat([x, far.pictures[1][0].latents[name]]) for name, x in near.latents.items()}
    settings = Request(steps=60, eps=1e-3)

    close, away = (row[0] for row in _search(FACES, small, AREA, settings, start=start, far_eps=1.5e-3).pictures)
    alone = _search(FACES, small[1:], AREA, settings).pictures[0][0]

    assert close.converged
    assert 1e-3 < away.error <= 1.5e-3
    assert alone.converged
    assert away.steps < alone.steps


# Steps, starts and stops.


def test_zero_steps_is_the_encoders_answer() -> None:
    """One pass, no optimisation; the first candidate is calm and the others are not."""
    small = _faces(2)
    steps: list[SearchStep] = []
    result = _search(FACES, small, AREA, Request(steps=0, candidates=2), steps.append)
    calm = FACES.decode(FACES.encode(small, AREA), small, AREA)

    assert [(step.step, step.steps) for step in steps] == [(1, 1)]
    assert (result.steps, result.cancelled) == (0, False)
    assert {one.steps for row in result.pictures for one in row} == {0}
    for b in range(2):
        assert result.pictures[b][0].large == pytest.approx(calm[b], abs=1e-5)
        assert (result.pictures[b][1].large - calm[b]).abs().max() > 0.01


def test_steps_count_up_and_the_error_falls() -> None:
    """The reports after each step never get worse, carry a preview, and stay within the announced number."""
    steps: list[SearchStep] = []
    _search(FACES, _faces(2), AREA, Request(steps=15, eps=0.0), steps.append)

    assert [step.step for step in steps] == list(range(1, 17))
    assert {step.steps for step in steps} == {16}
    assert all(a.error >= b.error for a, b in pairwise(steps))
    assert steps[-1].error < 0.3 * steps[0].error
    assert steps[-1].preview is not None
    assert steps[-1].preview.shape == (4, 32, 32)


def test_the_score_falls_while_the_answers_are_consistent() -> None:
    """With an exact prior only the wishes are left to improve, and more steps never make them worse."""
    small = torch.rand(2, 4, 6, 6, generator=torch.Generator().manual_seed(4))
    scores = [[row[0].score for row in _search(TinyArt(), small, AREA, Request(steps=n)).pictures] for n in (0, 4, 30)]

    assert scores[0] >= scores[1] >= scores[2]


def test_cancel_is_obeyed_within_one_step() -> None:
    """No pass through the generator after a stop request; the error says where it stopped."""
    prior = TinyFaces()
    calls = 0

    def cancelled() -> bool:
        nonlocal calls
        calls += 1
        return calls > 4  # checked before every pass: the start and three steps are run

    with pytest.raises(CancelledError, match="after 3 of 50 steps"):
        _search(prior, _faces(2), AREA, Request(steps=50, eps=0.0), cancelled=cancelled)
    assert prior.decoded == 2 * 4


def test_cancel_can_keep_the_best_so_far() -> None:
    """A caller can request the best result so far, marked as such."""
    stops = iter([False, False, False, True])
    result = _search(
        FACES, _faces(1), AREA, Request(steps=50, eps=0.0), cancelled=lambda: next(stops), keep_when_cancelled=True
    )

    assert result.cancelled
    assert result.steps == 2
    assert torch.isfinite(result.pictures[0][0].large).all()


def test_latents_stay_on_their_spheres() -> None:
    """After any number of steps every layer's latent has radius root d, and so has the noise."""
    answer = _search(FACES, _faces(1), AREA, Request(steps=7, eps=0.0)).pictures[0][0]
    for name, x in answer.latents.items():
        points = as_points(x, FACES.layout[name])

        assert points.square().mean(-1) == pytest.approx(torch.ones(points.shape[:2]), rel=1e-3)


def test_a_given_start_is_used() -> None:
    """The latents of the previous frame can start the next one; a good start needs no steps."""
    small = _faces(2)
    settings = Request(steps=60)
    before = _search(FACES, small, AREA, settings)
    latents = {
        name: torch.cat([row[0].latents[name] for row in before.pictures]) for name in before.pictures[0][0].latents
    }

    assert _search(FACES, small, AREA, settings, start=latents).steps == 0


def test_the_caller_may_bring_its_own_reduction() -> None:
    """A square generator answers a picture that is not square and does not divide: the loop only compares."""
    truth = FACES.truth(1)[..., 2:30]
    small = F.adaptive_avg_pool2d(truth, (9, 7))

    def scale_back(large: torch.Tensor) -> torch.Tensor:
        return F.adaptive_avg_pool2d(large[..., 2:30], (9, 7))

    prior = _WithoutEncoder()
    result = _search(prior, small, AREA, Request(steps=60), scale_back=scale_back).pictures[0][0]

    assert result.large.shape == (4, 32, 32)
    assert result.converged
    assert (scale_back(result.large[None]) - small).square().mean() < 2e-3


def test_the_caller_may_hold_inference_mode() -> None:
    """Gradients are the search's own concern, whatever mode surrounds it."""
    with torch.inference_mode():
        small = _faces(1) * 1.0
        result = _search(FACES, small, AREA, Request(steps=3, eps=0.0))
    with torch.no_grad():
        again = _search(FACES, small.clone(), AREA, Request(steps=3, eps=0.0))

    assert result.pictures[0][0].steps > 0
    assert result.pictures[0][0].error == pytest.approx(again.pictures[0][0].error, rel=1e-3)


def test_a_row_that_leaves_the_finite_comes_back() -> None:
    """One row's NaN neither becomes an answer nor affects the other row."""
    small = _faces(2)
    prior = _Poisoned(poisoned_pass=2, row=0)
    settings = Request(steps=12, eps=0.0)
    result = _search(prior, small, AREA, settings)
    sound = _search(FACES, small, AREA, settings)

    assert torch.isfinite(result.pictures[0][0].large).all()
    assert result.pictures[0][0].steps > 2
    assert result.pictures[1][0].error == pytest.approx(sound.pictures[1][0].error, rel=0.02)


def test_a_prior_that_gives_no_numbers_is_named() -> None:
    """Damaged weights give a sentence, not a black picture."""
    with pytest.raises(WeightsError, match="tiny-faces"):
        _search(_Poisoned(poisoned_pass=0, row=0), _faces(1), AREA, Request(steps=2))


@pytest.mark.parametrize(
    ("small", "more", "word"),
    [
        (torch.rand(1, 3, 8, 8), {}, "pictures"),
        (torch.full((1, 4, 8, 8), torch.nan), {}, "numbers"),
        (torch.rand(2, 4, 8, 8), {"animations": [0]}, "animations"),
        (torch.rand(2, 4, 8, 8), {"palettes": torch.rand(3, 2, 4)}, "palettes"),
        (torch.rand(2, 4, 8, 8), {"start": {"w": torch.rand(3, 6, 32)}}, "start"),
    ],
)
def test_what_does_not_fit_together_is_refused(small: torch.Tensor, more: dict, word: str) -> None:
    """A wrong call raises an error before any work is done."""
    with pytest.raises(BadUsageError, match=word):
        _search(FACES, small, AREA, Request(steps=1), **more)


# Terms at work: a search with the term is measurably better at its wish than one without.


def _art_pictures(count: int = 2, size: int = 8) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    small = F.interpolate(torch.rand(count, 4, 4, 4, generator=generator), (size, size), mode="bilinear")
    small[:, 3] = 1
    return small


def test_the_palette_term_brings_colours_to_the_palette() -> None:
    """Mean distance to the nearest colour of the palette falls, and the answer still scales back."""
    small = _art_pictures().round()
    colours = torch.tensor([[r, g, b, 1.0] for r in (0, 1) for g in (0, 1) for b in (0, 1)]).expand(2, -1, -1)
    prior = TinyArt(seed=1)

    def distance(result: Candidates) -> float:
        pixels = torch.stack([row[0].large for row in result.pictures]).flatten(2).transpose(1, 2)
        return float((pixels - nearest_colours(pixels, colours)).square().sum(2).mean())

    calm = _search(prior, small, AREA, Request(steps=0), palettes=colours)
    result = _search(prior, small, AREA, Request(steps=60), palettes=colours)

    assert distance(result) < 0.85 * distance(calm)
    assert max(_errors(result)) < 1e-6


def test_the_wrap_term_closes_the_seam() -> None:
    """The change across the tileable border decreases towards that between neighbours inside."""
    wrapped = make_degradation("area", 4, (True, True))
    angle = torch.arange(8) / 8 * 2 * torch.pi
    small = (0.5 + 0.2 * angle.sin()[:, None] + 0.2 * angle.cos()).expand(2, 4, 8, 8).clone()
    small[:, 3] = 1
    prior = TinyArt(seed=1)

    def seam(result: Candidates) -> float:
        large = torch.stack([row[0].large for row in result.pictures])
        pairs = [seam_and_inside(large, axis) for axis in (2, 3)]
        return float(sum((across - inside).clamp_min(0).mean() for across, inside in pairs))

    calm = _search(prior, small, wrapped, Request(steps=0))
    result = _search(prior, small, wrapped, Request(steps=60))

    assert seam(calm) > 1e-4
    assert seam(result) < 0.85 * seam(calm)


def test_the_frames_term_calms_flicker() -> None:
    """Where the input is static, the answer moves less than without the term; the frames are kept as one."""
    small = _art_pictures(1).repeat(3, 1, 1, 1)
    for k in range(3):
        small[k, :3, :2] = k / 2
    prior = TinyArt(seed=1)
    start = {"z": torch.randn(3, 8, 8, 8, generator=torch.Generator().manual_seed(1))}

    def flicker(result: Candidates) -> float:
        large = torch.stack([row[0].large for row in result.pictures])[:, :, 12:]
        return float((large[1:] - large[:-1]).square().mean())

    first = _search(prior, small, AREA, Request(steps=0), start=start, animations=[0, 0, 0])
    result = _search(prior, small, AREA, Request(steps=40), start=start, animations=[0, 0, 0])

    assert flicker(result) < 0.2 * flicker(first)
    assert len({row[0].steps for row in result.pictures}) == 1


def test_equal_frames_give_equal_answers() -> None:
    """Deterministic for every candidate, with and without the term, because seeds do not depend on the frame."""
    small = _art_pictures(1).repeat(2, 1, 1, 1)
    for animations in (None, [7, 7]):
        result = _search(TinyArt(), small, AREA, Request(steps=5, candidates=2, imagination=0.8), animations=animations)
        for one, two in zip(*result.pictures, strict=True):
            assert one.large == pytest.approx(two.large, abs=1e-5)


def test_the_alpha_edge_term_sharpens_alpha() -> None:
    """Halos and half-transparent pixels on hard edges become fewer."""
    small = torch.zeros(1, 4, 8, 8)
    small[:, :, 2:6, 2:6] = 1
    calm = _search(TinyArt(seed=2), small, AREA, Request(steps=0)).pictures[0][0]
    result = _search(TinyArt(seed=2), small, AREA, Request(steps=40)).pictures[0][0]

    assert result.terms["alpha_edge"] < 0.8 * calm.terms["alpha_edge"]


def test_ranked_puts_converged_answers_first() -> None:
    """The best candidate of a picture: smallest error down to eps, then smallest score."""
    noise = torch.rand(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    noise[:, 3] = 1
    result = _search(FACES, noise, AREA, Request(steps=4, candidates=4, imagination=1.0))
    errors = [candidate.error for candidate in result.ranked(0)]

    assert errors == sorted(errors)


class _WithoutEncoder(TinyFaces):
    """Starts from the mean face for any input, like a prior for sizes its encoder never saw."""

    def encode(self, small: torch.Tensor, degradation: object) -> Latents:
        w = torch.randn(1, 1, 32, generator=torch.Generator().manual_seed(5)).expand(small.shape[0], 6, -1)
        return {"w": w / w.square().mean(-1, keepdim=True).sqrt(), "noise": torch.ones(small.shape[0], 1, 8, 8)}


class _Poisoned(TinyFaces):
    """Gives NaN for one row of one pass."""

    def __init__(self, poisoned_pass: int, row: int) -> None:
        super().__init__()
        self.passes, self.poisoned_pass, self.row = 0, poisoned_pass, row

    def decode(self, latents: Latents, small: torch.Tensor, degradation: object) -> torch.Tensor:
        large = super().decode(latents, small, AREA)
        if self.passes == self.poisoned_pass:
            large = large.clone()
            large[self.row] *= torch.nan
        self.passes += 1
        return large
