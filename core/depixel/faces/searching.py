"""
Searches for one face in all frames of a picture: from scratch in the first frame, then from frame to frame. The answer
is fed back to the search as often as requested.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import Degradation, make_degradation, resize
from depixel.faces.places import FacePlace
from depixel.monitor import Monitor, SearchStep
from depixel.priors.base import LatentPrior, Latents
from depixel.request import FACES_EPS, Request
from depixel.search.candidates import Candidates, candidate_imagination, candidate_seed
from depixel.search.loop import DEFAULT_STEPS, search
from depixel.search.question import Question
from depixel.search.terms import squared_error

FOLLOWING_STEPS = 8  # search steps of a frame that starts from the answer to the previous one
# An input that does not look like a face may stop at this error: more steps only add blotches (observed on sprites),
# and the projection makes the answer exact anyway. For portraits the search continues; from 64 pixels that gains 0.8 dB
# after the projection.
FAR_EPS = 5e-4
_NOISE = 4 / 255  # of a channel, between frames: smaller changes are mostly averaged away


@dataclass(frozen=True)
class FaceSearch:
    """Searches the places of a picture for one request."""

    prior: LatentPrior
    native: int  # side of the prior's pictures
    device: torch.device
    degradation: str
    request: Request
    monitor: Monitor

    def run(self, small: Tensor, place: FacePlace) -> Candidates:
        """
        [F, 4, h, w] premultiplied pictures => candidates for the face in each frame.

        Each candidate is searched separately, so that its seed and imagination reproduce it alone, to the last bit:
        drawing a person amplifies the rounding differences between a batch of candidates and a single one.
        """
        request, count = self.request, self.request.candidates
        alone = []
        for k in range(count):
            imagination = candidate_imagination(request.imagination, k, self.prior.spec.stray)
            one = replace(request, candidates=1, seed=candidate_seed(request.seed, k), imagination=imagination)
            part = self.monitor.equal_part(k, count)
            alone.append(replace(self, request=one, monitor=part)._one(small, place))
        pictures = tuple(
            tuple(face for one in alone for face in one.pictures[frame]) for frame in range(len(alone[0].pictures))
        )
        return Candidates(pictures, max(one.steps for one in alone))

    def _one(self, small: Tensor, place: FacePlace) -> Candidates:
        square, weight = place.cut(small, self.native)
        if self.request.pre_blur > 0:
            square = _blurred(square, self.request.pre_blur)
        square = _steadied(square)
        monitor = self.monitor.through(lambda step: _shown(step, place))
        shrink = _shrinker(self.degradation, self.native, square.shape[2])
        small_face = square
        frames: list[Candidates] = []
        count = self.request.iterate
        for turn in range(count):
            if turn:  # the answer, scaled down, becomes the next question
                small_face = torch.cat([shrink(one.pictures[0][0].large[None].to(self.device)) for one in frames])
            frames = self._frames(small_face, weight, shrink, frames, monitor.equal_part(turn, count))
        if self.request.iterate > 1:  # errors are reported against the first question
            eps = FACES_EPS if self.request.eps is None else self.request.eps
            frames = [_measured(one, square[k : k + 1], weight[k : k + 1], shrink, eps) for k, one in enumerate(frames)]
        return Candidates(tuple(one.pictures[0] for one in frames), max(one.steps for one in frames))

    # One search for each frame; `before` holds the answers that are fed back, none at first.
    def _frames(
        self,
        square: Tensor,
        weight: Tensor,
        shrink: Callable[[Tensor], Tensor],
        before: Sequence[Candidates],
        monitor: Monitor,
    ) -> list[Candidates]:
        degradation = make_degradation(self.degradation, max(1, self.native // square.shape[2]))
        frames: list[Candidates] = []
        for k in range(len(square)):
            picture, counts = square[k : k + 1], weight[k : k + 1]
            if k and torch.equal(picture, square[k - 1 : k]) and torch.equal(counts, weight[k - 1 : k]):
                frames.append(frames[-1])
                continue
            start, steps = None, self.request.steps
            if before:  # start from scratch with an encoder; without one, continue from the answer
                start = _latents_of(before[k]) if self._guesses else None
            elif k:
                start = self._carried(frames[-1], square[k - 1 : k], picture, degradation)
                steps = min(FOLLOWING_STEPS, DEFAULT_STEPS if steps is None else steps)
            question = Question(
                picture.to(self.device),
                degradation,
                scale_back=shrink,
                weight=counts.to(self.device),
                start=start,
                far_eps=FAR_EPS if self.request.eps is None else None,
            )
            eps = FACES_EPS if self.request.eps is None else self.request.eps
            request = replace(self.request, steps=steps, eps=eps)
            frames.append(search(self.prior, question, request, monitor=monitor.equal_part(k, len(square))))
        return frames

    # The start of a frame's search: the face of the previous frame, moved by the difference that the encoder sees
    # between the frames. An encoder that only picks the nearest of a few faces (layout on the sphere) would make it
    # jump.
    @torch.no_grad()
    def _carried(self, last: Candidates, before: Tensor, now: Tensor, degradation: Degradation) -> Latents:
        latents = _latents_of(last)
        if self._guesses:
            return latents
        was, becomes = (self.prior.encode(x.to(self.device), degradation) for x in (before, now))
        return {name: x + (becomes[name] - was[name]) for name, x in latents.items()}

    # Third-party generators have no encoder; theirs only picks the nearest of a few faces.
    @property
    def _guesses(self) -> bool:
        return any(layout.sphere for layout in self.prior.layout.values())


def _shown(step: SearchStep, place: FacePlace) -> SearchStep:
    return step if step.preview is None else replace(step, preview=place.shown(step.preview))


# The same faces with their errors measured against another question.
def _measured(
    candidates: Candidates, small: Tensor, weight: Tensor, shrink: Callable[[Tensor], Tensor], eps: float
) -> Candidates:
    faces = []
    for one in candidates.pictures[0]:
        error = float(squared_error(shrink(one.large[None]).cpu(), small, weight))
        faces.append(replace(one, error=error, converged=error <= eps))
    return replace(candidates, pictures=(tuple(faces),))


def _latents_of(one: Candidates) -> Latents:
    candidates = one.pictures[0]
    return {name: torch.cat([c.latents[name] for c in candidates]) for name in candidates[0].latents}


# Native size => `side` pixels: by the degradation if the sizes divide, otherwise by an antialiased resize.
def _shrinker(name: str, native: int, side: int) -> Callable[[Tensor], Tensor]:
    if native % side == 0:
        degradation: Degradation = make_degradation(name, native // side)
        return degradation.apply
    return lambda large: resize(large, side, side)


# Averages noise and dithering over time where nothing else moves: a recursive filter whose weight for the new frame
# increases with the change around a pixel. The projection still uses the original frames.
def _steadied(frames: Tensor) -> Tensor:
    steady = [frames[:1]]
    for k in range(1, len(frames)):
        change = frames[k : k + 1] - steady[-1]
        power = F.avg_pool2d(change.square().mean(1, keepdim=True), 5, 1, 2, count_include_pad=False)
        steady.append(steady[-1] + change * (power / (power + _NOISE**2)))
    return torch.cat(steady)


def _blurred(picture: Tensor, deviation: float) -> Tensor:
    reach = max(1, round(3 * deviation))
    taps = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / deviation) ** 2)
    taps = taps / taps.sum()
    channels = picture.shape[1]
    padded = F.pad(picture, (reach, reach, reach, reach), mode="replicate")
    rows = F.conv2d(padded, taps.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
    return F.conv2d(rows, taps.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
