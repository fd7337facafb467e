"""
Faces: the given pixels as faces that never were. Find where faces lie, search the style-based prior at its own size,
bring the answers to the size that was asked for, put them back, and project all so that it scales back to the input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.consistency import combine
from depixel.degradation import AreaDegradation, Degradation, make_degradation, resize
from depixel.enlarging.cascade import PRIOR_SCALE
from depixel.enlarging.engine import Answer, ArtEngine, Cancelled, OnStep
from depixel.errors import CancelledError
from depixel.exporting.plane import export_tile, keep_unchanged
from depixel.faces.finder import THRESHOLD, FaceFinder, Frame
from depixel.faces.places import Crop, Place, Turned
from depixel.faces.tracks import along, in_each, tracks_of
from depixel.preparation.prepare import Prepared
from depixel.preparation.tensors import hidden_colour, premultiplied
from depixel.priors.base import LatentPrior, Latents
from depixel.request import FACES_EPS, PULSE_EPS, Request
from depixel.search.candidates import Candidates
from depixel.search.loop import DEFAULT_STEPS, finish, search
from depixel.search.step import SearchStep
from depixel.search.terms import squared_error

IMAGINED = "This face is imagined: it is nobody's, and not the face of the person in the input."
_DOUBT = "To Depixel's own finder the answer hardly looks like a face ({:.2f} of 1): perhaps the input shows none."
SMALL_CROP = 64  # pixels: a picture no larger is one face, whatever it shows
FOLLOWING_STEPS = 8  # search steps of a frame that starts where the one before it ended
# What fits no face may stop here: beyond, only blotches grow (seen on sprites), and the projection makes it exact for
# less. Portraits search on: from 64 pixels it brings 0.8 dB after the projection.
FAR_EPS = 5e-4
_MOST_FACES = 32
_LEAST_FOUND = 8.0  # pixels a side: a smaller face has nothing to say
_NOISE = 4 / 255  # of a channel, from frame to frame: what changes less is hardly followed
_FILLS = 0.8  # of the picture's shorter side: a single upright face this large is the picture


@dataclass(frozen=True)
class Faces:
    """What was found in one picture."""

    found: tuple[Candidates, ...]  # of each face, the largest first; its pictures are the picture's frames
    likeness: float = 1.0  # 0 ... 1: how much like a face the worst of the best answers looks to the finder
    notes: tuple[str, ...] = ()  # sentences on where the faces were found

    @property
    def steps(self) -> int:
        """Search steps taken by the longest search."""
        return max(found.steps for found in self.found)

    @property
    def error(self) -> float:
        """Of the worst face's best answer, before the projection."""
        return max(found.ranked(0)[0].error for found in self.found)


class FaceEngine:
    """
    Args:
        prior: a prior of fixed native size on `device`.
        art: what enlarges a face beyond its native size and paints what lies around the faces.
    """

    def __init__(self, prior: LatentPrior, art: ArtEngine, device: torch.device) -> None:
        self.prior = prior
        self.art = art
        self.device = device
        native = prior.spec.native_size
        assert native is not None
        self.native = native

    def answer(
        self,
        prepared: Prepared,
        settings: Request,
        on_step: OnStep | None = None,
        cancelled: Cancelled | None = None,
    ) -> tuple[list[Answer], Faces]:
        """Candidates of one picture (all frames), best first, and what the searches found."""
        far_eps = FAR_EPS if settings.eps is None else None
        settings = replace(settings, eps=FACES_EPS if settings.eps is None else settings.eps)
        small = premultiplied(prepared.straight, prepared.levels)
        places, notes = places_of(small, settings, self.device)
        found = tuple(self._search(small, place, prepared, settings, far_eps, on_step, cancelled) for place in places)
        around = None
        if any(place.is_part(small) for place in places) or bool((small[:, 3] < 1).any()):
            around = self._surroundings(prepared, settings, cancelled)
        answers = []
        for k in _order(found):
            if cancelled is not None and cancelled():
                raise CancelledError("Stopped before the face was finished; nothing was written for it.")
            large = around
            for place, one in zip(places, found, strict=True):
                faces = torch.stack([frames[k].large for frames in one.pictures])
                large = place.put(faces, small, large, prepared.degradation, self._sized)
            assert large is not None
            first = [one.pictures[0][k] for one in found]
            error = max(candidate.error for candidate in first)
            answers.append(_export(large, first[0].seed, error, prepared))
        return answers, Faces(found, self._likeness(found), notes)

    def _likeness(self, found: Sequence[Candidates]) -> float:
        finder = _finder(str(self.device))
        return min(finder.likeness(one.ranked(0)[0].large[None]) for one in found)

    def _search(
        self,
        small: Tensor,
        place: Place,
        prepared: Prepared,
        settings: Request,
        far_eps: float | None,
        on_step: OnStep | None,
        cancelled: Cancelled | None,
    ) -> Candidates:
        square, weight = place.cut(small, self.native)
        if settings.pre_blur > 0:
            square = _blurred(square, settings.pre_blur)
        square = _steadied(square)
        shrink = _shrinker(prepared.degradation.name, self.native, square.shape[2])
        degradation = make_degradation(prepared.degradation.name, max(1, self.native // square.shape[2]))

        def run(question: Tensor, weight: Tensor, start: Latents | None, steps: int | None) -> Candidates:
            return finish(
                search(
                    self.prior,
                    question.to(self.device),
                    degradation,
                    replace(settings, steps=steps),
                    scale_back=shrink,
                    weight=weight.to(self.device),
                    start=start,
                    far_eps=far_eps,
                    cancelled=cancelled,
                ),
                None if on_step is None else tell,
            )

        def tell(step: SearchStep) -> None:
            assert on_step is not None
            on_step(step if step.preview is None else replace(step, preview=place.shown(step.preview)))

        given = square
        found: list[Candidates] = []
        for turn in range(settings.iterate):
            if turn:  # the answer, scaled down, is the next question
                square = torch.cat([shrink(one.pictures[0][0].large[None].to(self.device)) for one in found])
            before, found = found, []
            for k in range(len(square)):
                question, counts = square[k : k + 1], weight[k : k + 1]
                if k and torch.equal(question, square[k - 1 : k]) and torch.equal(counts, weight[k - 1 : k]):
                    found.append(found[-1])
                    continue
                start, steps = None, settings.steps
                if turn:  # anew where the encoder sees a face in it; one without an encoder goes on
                    start = _latents_of(before[k]) if self._guesses else None
                elif k:
                    start = self._carried(found[-1], square[k - 1 : k], question, degradation)
                    steps = min(FOLLOWING_STEPS, DEFAULT_STEPS if steps is None else steps)
                found.append(run(question, counts, start, steps))
        if settings.iterate > 1:  # what counts is the first question
            for k, one in enumerate(found):
                found[k] = _measured(one, given[k : k + 1], weight[k : k + 1], shrink, settings.eps or 0.0)
        return Candidates(tuple(one.pictures[0] for one in found), max(one.steps for one in found))

    # Where the search of a frame starts: the face of the frame before, moved as the encoder says that the frame moved.
    # An encoder that only picks the nearest of a few faces (layout on the sphere) would make it jump.
    @torch.no_grad()
    def _carried(self, last: Candidates, before: Tensor, now: Tensor, degradation: Degradation) -> Latents:
        latents = _latents_of(last)
        if self._guesses:
            return latents
        was, becomes = (self.prior.encode(x.to(self.device), degradation) for x in (before, now))
        return {name: x + (becomes[name] - was[name]) for name, x in latents.items()}

    def _surroundings(self, prepared: Prepared, settings: Request, cancelled: Cancelled | None) -> Tensor:
        calm = replace(settings, candidates=1, steps=0, imagination=0.0, domain="auto", box=None, iterate=1)
        outside = replace(prepared, domain="art")
        answer = self.art.answer([outside], calm, None, cancelled)[0][0]
        return premultiplied(answer.straight.to(torch.int32), prepared.levels)

    # Of other people's generators: its encoder is no more than the nearest of a few faces.
    @property
    def _guesses(self) -> bool:
        return any(layout.sphere for layout in self.prior.layout.values())

    # To the size asked for: block means down; the art prior up, as often as it takes.
    def _sized(self, face: Tensor, height: int, width: int) -> Tensor:
        again = AreaDegradation(PRIOR_SCALE)
        while face.shape[2] < height or face.shape[3] < width:
            face = face.to(self.device)
            face = self.art.prior.decode(self.art.prior.encode(face, again), face, again).clamp(0, 1)
        return resize(face, height, width).float().cpu()


def describe(faces: Faces, candidates: int) -> str:
    """One or two sentences on where faces were found and how well they fitted before the projection made them exact."""
    levels = faces.error**0.5 * 255
    several = len(faces.found) > 1
    if faces.error <= PULSE_EPS:
        which = "The faces fit the input within" if several else "The face fits the input within"
        fit = f"{which} {levels:.1f} levels (RMSE) before the projection; PULSE asks for 11.4."
    else:
        which = (
            "Not every face fits this input well: the worst" if several else "No face fits this input well: the best"
        )
        fit = (
            f"{which} of {len(faces.found) if several else candidates} is {levels:.1f} levels (RMSE) away before the "
            "projection, where PULSE asks for 11.4."
        )
    doubt = () if faces.likeness >= THRESHOLD else (_DOUBT.format(faces.likeness),)
    return " ".join([*faces.notes, fit, *doubt])


def places_of(small: Tensor, settings: Request, device: torch.device) -> tuple[list[Place], tuple[str, ...]]:
    """
    Where the faces of a picture lie, the largest first, and what to tell about it.

    A box is one face, and so is a picture of at most SMALL_CROP pixels a side; elsewhere faces are looked for, and
    where none is found all of the picture is taken for one.
    """
    height, width = small.shape[2:]
    whole = (0, 0, width, height)
    if settings.roll:
        return [Turned.of_box(settings.box or whole, settings.roll, len(small))], ()
    if settings.box is not None or max(height, width) <= SMALL_CROP:
        return [Crop.of(settings.box or whole)], ()
    tracks = [track for track in find_faces(small, device) if track[0].side >= _LEAST_FOUND]
    if not tracks:
        return [Crop.of(whole)], ("No face was found, so all of the picture was taken for one.",)
    first = tracks[0][0]
    fills = first.side >= _FILLS * min(height, width) and abs(first.roll) < 8
    if len(tracks) == 1 and fills and max(height, width) <= 1.35 * min(height, width):
        return [Crop.of(whole)], ()
    note = "1 face was found" if len(tracks) == 1 else f"{len(tracks)} faces were found"
    if len(tracks) > _MOST_FACES:
        note += f", of which the {_MOST_FACES} largest were imagined"
    return [Turned(track) for track in tracks[:_MOST_FACES]], (f"{note}; around, the picture was enlarged as art.",)


def find_faces(small: Tensor, device: torch.device) -> list[tuple[Frame, ...]]:
    """For each face of any frame of [F, 4, h, w], the largest first, where it is in every frame; see `along`."""
    seen = in_each(small, _finder(str(device)).find)
    return sorted((along(track, len(small)) for track in tracks_of(seen)), key=lambda way: -way[0].side)


@lru_cache(maxsize=4)
def _finder(device: str) -> FaceFinder:
    return FaceFinder.from_weights(device=torch.device(device))


# Candidates, best first: of the worst face the smaller error down to eps, then the smaller score of all.
def _order(found: Sequence[Candidates]) -> list[int]:
    def rank(k: int) -> tuple[float, float]:
        first = [one.pictures[0][k] for one in found]
        return max(0.0 if f.converged else f.error for f in first), sum(f.score for f in first)

    return sorted(range(len(found[0].pictures[0])), key=rank)


# The same faces with their errors against another question.
def _measured(
    found: Candidates, question: Tensor, weight: Tensor, shrink: Callable[[Tensor], Tensor], eps: float
) -> Candidates:
    faces = []
    for one in found.pictures[0]:
        error = float(squared_error(shrink(one.large[None]).cpu(), question, weight))
        faces.append(replace(one, error=error, converged=error <= eps))
    return replace(found, pictures=(tuple(faces),))


def _latents_of(found: Candidates) -> Latents:
    candidates = found.pictures[0]
    return {name: torch.cat([one.latents[name] for one in candidates]) for name in candidates[0].latents}


def _export(large: Tensor, seed: int, error: float, prepared: Prepared) -> Answer:
    straight = prepared.straight
    exported, sums = export_tile(
        large,
        straight,
        hidden_colour(straight, prepared.levels),
        prepared.degradation,
        levels=prepared.levels,
        binary_alpha=prepared.binary_alpha,
        grey=torch.zeros(len(straight), dtype=torch.bool),
        domain=prepared.domain,
    )
    if len(exported) > 1:
        exported = keep_unchanged(exported, straight, prepared.degradation.factor)
    return Answer(exported, combine(sums.unbind(0)), seed, error)


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
