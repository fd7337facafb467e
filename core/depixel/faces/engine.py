"""
The engine for faces: finds them, searches the style-based prior at its native size, resizes the answers to the
requested size, puts them back, and projects the picture so that it scales back to the input.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.consistency import combine
from depixel.degradation import AreaDegradation, make_degradation, resize
from depixel.domain import ART
from depixel.enlarging.engine import EnlargingEngine
from depixel.exporting.answer import RawAnswer, RawAnswers
from depixel.exporting.plane import export_tile, keep_unchanged
from depixel.faces.drawn.engine import DrawnFaces, InputSquares, Person, share_of_finding
from depixel.faces.finder import THRESHOLD
from depixel.faces.finding import finder_on, places_of
from depixel.faces.photographs import looks_flat, looks_photographed
from depixel.faces.places import FacePlace
from depixel.faces.searching import FaceSearch
from depixel.monitor import SILENT, Monitor
from depixel.planes import join, split
from depixel.portrait.dials import keeps_person, read_dials
from depixel.portrait.rendering import Drawing
from depixel.preparation.prepare import Prepared
from depixel.preparation.tensors import premultiplied
from depixel.priors.base import LatentPrior
from depixel.request import PULSE_EPS, Request
from depixel.search.candidates import Candidates, reported_imagination
from depixel.tiles import Tile

AS_FOUND = "The person is shown as found: scaled back, it is {} of 255 levels away from your pixels."
WISH = "For a version that matches them, set the option Exact face (--exact) to always."
BESIDE = (
    "The last answer is the same person made to match them; the option Exact face (--exact) gives only one of the two."
)
CROPPED = (
    "This looks like part of a photograph, not like a portrait with hair and chin, so no person was drawn; "
    "set the option Face detail (--detail) to drawn to add one."
)
_DOUBT = "The answer hardly looks like a face (likeness {:.2f} of 1); perhaps the input does not show one."


_SEARCHED = 0.1
"""Share of the time that the search takes if people are drawn after it; measured on portraits of 16 and 64 pixels."""

_BESIDE = 0.4
"""Time for the exact version beside a person as found, as a fraction of the time for a candidate."""

RELEASED_FACES = "faces-128"
"""The neural prior whose answers are soft enough to be joined with drawn detail."""


@dataclass(frozen=True)
class Faces:
    """The searches of one picture and their results."""

    searches: tuple[Candidates, ...]  # one for each face, the largest first; `pictures` are the frames
    likeness: float = 1.0  # 0 to 1: how much the least convincing best answer looks like a face to the finder
    notes: tuple[str, ...] = ()  # sentences on where faces were found
    missed: float | None = None  # mean squared error of the best person, where people are shown as they were found
    beside: bool = False  # whether the last candidate is the best person again, made exact

    @property
    def steps(self) -> int:
        """Steps of the longest search."""
        return max(one.steps for one in self.searches)

    @property
    def error(self) -> float:
        """Mean squared error of the worst face's best answer, before the projection."""
        return max(one.ranked(0)[0].error for one in self.searches)


@dataclass(frozen=True)
class _SearchedPicture:
    """One picture and the results of the searches for its faces."""

    prepared: Prepared
    request: Request
    small: Tensor
    places: Sequence[FacePlace]
    searches: tuple[Candidates, ...]
    around: Tensor | None
    drawn: DrawnFaces | None
    people: dict[tuple[int, int], Person] = field(default_factory=dict)
    """(candidate, place) => the drawn person, stored when first found."""
    drawings: dict[tuple[int, int], Drawing] = field(default_factory=dict)
    """(candidate, place) => the person's large drawing in the first frame, for the exact version."""

    def forget_drawings(self, but: int) -> None:
        """Free the memory of all drawings but those of one candidate."""
        for key in [key for key in self.drawings if key[0] != but]:
            del self.drawings[key]


class FaceEngine:
    """
    Answers pictures of faces: finds the faces, searches for answers and puts them back.

    Args:
        prior: a prior of fixed native size on `device`.
        art: enlarges faces beyond the native size, and answers their surroundings.
    """

    tiled = False  # a face has a fixed size

    def __init__(self, prior: LatentPrior, art: EnlargingEngine, device: torch.device) -> None:
        self.prior = prior
        self.art = art
        self.device = device
        native = prior.spec.native_size
        assert native is not None
        self.native = native

    def key(self, prepared: Prepared, request: Request) -> Hashable:
        """Unique: each picture has its own searches."""
        return id(prepared)

    def share(self, prepared: Prepared, request: Request) -> int:
        """0: every search uses all cores."""
        return 0

    def most(self, prepared: Prepared) -> int:
        """One picture at a time."""
        return 1

    def answer(self, batch: Sequence[Prepared], request: Request, monitor: Monitor = SILENT) -> list[RawAnswers]:
        """
        One entry for each picture, its candidates best first.

        Raises:
            CancelledError: the monitor was cancelled.
        """
        answers = []
        for number, prepared in enumerate(batch):
            part = monitor.equal_part(number, len(batch))
            candidates, faces = self.faces(prepared, request, part)
            notes = (prepared.domain.disclosure, describe(faces, request.candidates))
            answers.append(RawAnswers(tuple(candidates), faces.steps, notes))
        return answers

    def faces(self, prepared: Prepared, request: Request, monitor: Monitor = SILENT) -> tuple[list[RawAnswer], Faces]:
        """The candidates for one picture (all frames), best first, and its searches."""
        small = premultiplied(prepared.straight, prepared.levels)
        places, notes = places_of(small, request, self.device)
        drawn = self._drawn(small, places, prepared.degradation.name, request)
        if drawn is None and self._draws(request):
            notes = (*notes, CROPPED)
        searched = 1.0 if drawn is None else _SEARCHED
        search = FaceSearch(self.prior, self.native, self.device, prepared.degradation.name, request, monitor)
        searching, drawing = monitor.part(0.0, searched), monitor.part(searched, 1.0)
        searches = tuple(
            replace(search, monitor=searching.equal_part(k, len(places))).run(small, place)
            for k, place in enumerate(places)
        )
        around = None
        if any(place.is_part(small) for place in places) or bool((small[:, 3] < 1).any()):
            around = self._surroundings(prepared, request, monitor)
        as_found = drawn is not None and (request.exact == "never" or (request.exact == "auto" and not drawn.sure))
        beside = as_found and request.exact == "auto" and len(small) == 1
        picture = _SearchedPicture(prepared, request, small, places, searches, around, drawn)
        order = _order(searches)
        whole = len(order) + _BESIDE * beside
        candidates: list[RawAnswer] = []
        for turn, k in enumerate(order):
            part = drawing.part(turn / whole, (turn + 1) / whole)
            candidates.append(self._candidate(picture, k, as_found, part))
            best = order[min(range(turn + 1), key=lambda n: candidates[n].error or 0.0)]
            picture.forget_drawings(but=best if beside else -1)
        if drawn is not None:
            candidates.sort(key=lambda answer: answer.error or 0.0)
        missed = candidates[0].error if as_found else None
        if beside:  # the best person again, exact
            exact = self._candidate(picture, best, False, drawing.part(len(order) / whole, 1.0))
            candidates.append(replace(exact, error=None))
        return candidates, Faces(searches, self._likeness(searches), notes, missed, beside)

    # Candidate k, as found or exact.
    def _candidate(self, picture: _SearchedPicture, k: int, as_found: bool, monitor: Monitor) -> RawAnswer:
        monitor.check("Stopped before the face was finished; nothing was written for it.")
        small, places, degradation = picture.small, picture.places, picture.prepared.degradation
        large = picture.around
        first = [one.pictures[0][k] for one in picture.searches]
        imagination = reported_imagination(first[0].seed, picture.request, self.prior.spec.stray)
        error = max(candidate.error for candidate in first)
        for number, (place, one) in enumerate(zip(places, picture.searches, strict=True)):
            part = monitor.equal_part(number, len(places))
            squares = torch.stack([frames[k].large for frames in one.pictures])
            if picture.drawn is not None:
                needed = round(place.side * degradation.factor)
                finding = share_of_finding(needed, len(squares))
                person = picture.people.get((k, number))
                if person is None:
                    seed, searching = first[0].seed, part.part(0.0, finding)
                    person = picture.drawn.person(squares[:1], seed, imagination, searching)
                    picture.people[k, number] = person
                source = InputSquares(*place.cut(small, self.native))
                drawing = part.part(finding, 1.0)
                answer = picture.drawn.squares(
                    person, squares, source, needed, imagination, drawing, as_found, picture.drawings.get((k, number))
                )
                picture.drawings[k, number] = answer.drawing
                squares, error = answer.pictures, max(error, answer.error)
            if as_found and not place.is_part(small):
                large = self._sized(squares, *(side * degradation.factor for side in small.shape[2:]))
            else:
                large = place.put(squares, small, large, degradation, self._sized)
        assert large is not None
        straight, sums = _export(large, picture.prepared, exact=not as_found)
        return RawAnswer(straight, combine(sums.reshape(-1, 4).unbind(0)), first[0].seed, imagination, error=error)

    # Third-party generators have detail of their own.
    def _draws(self, request: Request) -> bool:
        return request.wants_drawing and (request.detail == "drawn" or self.prior.spec.name == RELEASED_FACES)

    # None: nobody is drawn.
    def _drawn(
        self, small: Tensor, places: Sequence[FacePlace], degradation: str, request: Request
    ) -> DrawnFaces | None:
        if not self._draws(request):
            return None
        # A drawing that looks like a face is not the portrait of a person either; clips keep to their pixels.
        flat = len(small) == 1 and any(looks_flat(place.cut(small, self.native)[0]) for place in places)
        sure = not flat and self._shows_faces(small, places, degradation)
        if not sure and _prefers_pixels(request) and looks_photographed(small):
            return None
        return DrawnFaces(self.device, read_dials(request.face), sure, keeps_person(request.face))

    # Whether the calm answers look like faces. It depends on the pixels alone, so that each candidate can be reproduced
    # alone.
    @torch.no_grad()
    def _shows_faces(self, small: Tensor, places: Sequence[FacePlace], degradation: str) -> bool:
        for place in places:
            square = place.cut(small, self.native)[0][:1].to(self.device)
            shrunk = make_degradation(degradation, max(1, self.native // square.shape[2]))
            calm = self.prior.decode(self.prior.encode(square, shrunk), square, shrunk)
            if finder_on(str(self.device)).likeness(calm) < THRESHOLD:
                return False
        return True

    def _likeness(self, searches: Sequence[Candidates]) -> float:
        finder = finder_on(str(self.device))
        return min(finder.likeness(one.ranked(0)[0].large[None]) for one in searches)

    def _surroundings(self, prepared: Prepared, request: Request, monitor: Monitor) -> Tensor:
        answer = self.art.surroundings(replace(prepared, domain=ART), request, monitor.without_steps())
        return premultiplied(answer.straight.to(torch.int32), prepared.levels)

    # Resize to the requested size: enlarge with the art prior as often as necessary, then reduce by block means.
    def _sized(self, face: Tensor, height: int, width: int) -> Tensor:
        prior = self.art.prior
        again = AreaDegradation(prior.scale)
        while face.shape[2] < height or face.shape[3] < width:
            face = face.to(self.device)
            face = prior.decode(prior.encode(face, again), face, again).clamp(0, 1)
        return resize(face, height, width).float().cpu()


# A drawn person does not fit the close framing of a photograph. Users who ask for the person still get one.
def _prefers_pixels(request: Request) -> bool:
    return request.detail == "auto" and request.exact != "never" and not request.face


def describe(faces: Faces, candidates: int) -> str:
    """Sentences on where faces were found and how well they matched before the projection made them exact."""
    if faces.missed is not None:
        wish = BESIDE if faces.beside else WISH
        return " ".join([*faces.notes, AS_FOUND.format(f"{faces.missed**0.5 * 255:.1f}"), wish])
    levels = faces.error**0.5 * 255
    several = len(faces.searches) > 1
    which = "The faces match" if several else "The face matches"
    if faces.error <= PULSE_EPS:
        fit = f"{which} the input to within {levels:.1f} of 255 levels; the last correction makes it exact."
    elif several:
        fit = f"Not every face fits the input: the worst of {len(faces.searches)} is {levels:.1f} of 255 levels away."
    else:
        best = "the best of " + str(candidates) if candidates > 1 else "it"
        fit = f"No face fits this input well: {best} is {levels:.1f} of 255 levels away."
    if faces.error > PULSE_EPS:
        fit += " The last correction makes it exact, but expect visible blocks."
    sure = faces.likeness >= THRESHOLD or CROPPED in faces.notes
    doubt = () if sure else (_DOUBT.format(faces.likeness),)
    return " ".join([*faces.notes, fit, *doubt])


# Candidates, best first: by the error of the worst face (errors within eps are equal), then by the sum of scores.
def _order(searches: Sequence[Candidates]) -> list[int]:
    def rank(k: int) -> tuple[float, float]:
        first = [one.pictures[0][k] for one in searches]
        return max(0.0 if f.converged else f.error for f in first), sum(f.score for f in first)

    return sorted(range(len(searches[0].pictures[0])), key=rank)


# Integers [F, 4, H, W] and residual sums [F, planes, 4]. Alpha that is data is enlarged separately from the face.
def _export(large: Tensor, prepared: Prepared, exact: bool) -> tuple[Tensor, Tensor]:
    factor, tile = prepared.degradation.factor, Tile(0, 0, *prepared.straight.shape[2:])
    planes = split(prepared)
    generated = [large, *(F.interpolate(plane.small, scale_factor=factor, mode="bicubic") for plane in planes[1:])]
    parts = [export_tile(pixels, plane, tile, exact=exact) for pixels, plane in zip(generated, planes, strict=True)]
    exported = join(planes, [pixels for pixels, _ in parts])
    if len(exported) > 1:
        exported = keep_unchanged(exported, prepared.straight, factor)
    return exported, torch.stack([sums for _, sums in parts], 1)
