"""
One face through all frames of a picture: searched anew in the first, followed from frame to frame, and fed back to the
search as often as the request says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import Degradation, make_degradation, resize
from depixel.faces.places import Place
from depixel.monitor import Monitor, SearchStep
from depixel.priors.base import LatentPrior, Latents
from depixel.request import FACES_EPS, Request
from depixel.search.candidates import Candidates
from depixel.search.loop import DEFAULT_STEPS, search
from depixel.search.question import Question
from depixel.search.terms import squared_error

FOLLOWING_STEPS = 8  # search steps of a frame that starts where the one before it ended
# What fits no face may stop here: beyond, only blotches grow (seen on sprites), and the projection makes it exact for
# less. Portraits search on: from 64 pixels it brings 0.8 dB after the projection.
FAR_EPS = 5e-4
_NOISE = 4 / 255  # of a channel, from frame to frame: what changes less is hardly followed


@dataclass(frozen=True)
class FaceSearch:
    """Searches one place after the other for the same request."""

    prior: LatentPrior
    native: int  # sides of the prior's pictures
    device: torch.device
    degradation: str
    request: Request
    monitor: Monitor

    def run(self, small: Tensor, place: Place) -> Candidates:
        """[F, 4, h, w] premultiplied pictures => candidates for the face in each frame."""
        square, weight = place.cut(small, self.native)
        if self.request.pre_blur > 0:
            square = _blurred(square, self.request.pre_blur)
        square = _steadied(square)
        monitor = self.monitor.through(lambda step: _shown(step, place))
        shrink = _shrinker(self.degradation, self.native, square.shape[2])
        asked = square
        frames: list[Candidates] = []
        for turn in range(self.request.iterate):
            if turn:  # the answer, scaled down, is the next question
                asked = torch.cat([shrink(one.pictures[0][0].large[None].to(self.device)) for one in frames])
            frames = self._frames(asked, weight, shrink, frames, monitor)
        if self.request.iterate > 1:  # what counts is the first question
            eps = FACES_EPS if self.request.eps is None else self.request.eps
            frames = [_measured(one, square[k : k + 1], weight[k : k + 1], shrink, eps) for k, one in enumerate(frames)]
        return Candidates(tuple(one.pictures[0] for one in frames), max(one.steps for one in frames))

    # One search a frame; `before` are the answers that are fed back, none at first.
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
            if before:  # anew where the encoder sees a face in it; one without an encoder goes on
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
            frames.append(search(self.prior, question, request, monitor=monitor))
        return frames

    # Where the search of a frame starts: the face of the frame before, moved as the encoder says that the frame moved.
    # An encoder that only picks the nearest of a few faces (layout on the sphere) would make it jump.
    @torch.no_grad()
    def _carried(self, last: Candidates, before: Tensor, now: Tensor, degradation: Degradation) -> Latents:
        latents = _latents_of(last)
        if self._guesses:
            return latents
        was, becomes = (self.prior.encode(x.to(self.device), degradation) for x in (before, now))
        return {name: x + (becomes[name] - was[name]) for name, x in latents.items()}

    # Of other people's generators: its encoder is no more than the nearest of a few faces.
    @property
    def _guesses(self) -> bool:
        return any(layout.sphere for layout in self.prior.layout.values())


def _shown(step: SearchStep, place: Place) -> SearchStep:
    return step if step.preview is None else replace(step, preview=place.shown(step.preview))


# The same faces with their errors against another question.
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


# Native size => side pixels, under the degradation where the sizes divide and as an antialiased resize elsewhere.
def _shrinker(name: str, native: int, side: int) -> Callable[[Tensor], Tensor]:
    if native % side == 0:
        degradation: Degradation = make_degradation(name, native // side)
        return degradation.apply
    return lambda large: resize(large, side, side)


# Frames with noise and dithering averaged away over time where nothing else moves: a recursive filter whose share of
# the new frame grows with the change around a pixel. The projection is onto the frames as they came.
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
