"""
Draws the person that a small portrait may show: reads the portrait, proposes people, keeps the best fit, draws this
person large, and joins the drawing with the neural answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.anchors import anchored, find_anchors
from depixel.faces.drawn.beard_reading import beard_seen
from depixel.faces.drawn.colour_fit import FittedColours, enlarged, fit_colours, recoloured
from depixel.faces.drawn.eye_fit import fit_eyes
from depixel.faces.drawn.hair_extension import extended
from depixel.faces.drawn.hair_tint import hair_is_background, tinted
from depixel.faces.drawn.joining import Joined, joined
from depixel.faces.drawn.key_light import with_best_light
from depixel.faces.drawn.landmark_fit import fit_landmarks, landmarks_of
from depixel.faces.drawn.part_edges import sharpened
from depixel.faces.drawn.portrait import Portrait, middle_first
from depixel.faces.drawn.proposals import TriedStyles, landmark_deviation, likely_styles, propose
from depixel.faces.drawn.refinement import misfit, refine
from depixel.faces.drawn.relighting import relit
from depixel.faces.drawn.warping import Warp, register
from depixel.faces.face_parts import released_parts
from depixel.faces.reader import released_reader
from depixel.monitor import SILENT, Monitor, SearchStep
from depixel.portrait.dials import DialSetting, fixed_columns, turned
from depixel.portrait.parameters import Parameters, layout
from depixel.portrait.rendering import Drawing, draw
from depixel.search.candidates import candidate_seed

PROPOSALS, LEAST_PROPOSALS = 16, 6
"""
Number of people drawn small for each candidate, without imagination and with full imagination: the best of many are all
alike.
"""
ROUNDS = 2
"""Rounds of refinement of the best people."""
OWN_EYES = ("features", "brow_thickness", "brow_arch", "iris_melanin")
"""Parameters of brows and eyes that the pixels do not change if there is any imagination."""
OWN_SHAPE = 10.0
"""How much stiffer eyes, nose and mouth resist the warp at full imagination: they stay those of the person."""
PROPOSAL_SIZE, FIT_SIZE, TRIED_SIZE = 48, 32, 48
"""Pixels per side at which proposals are drawn, at which they are compared, and at which hair styles are tried on."""
PICKY = 0.08
"""The fraction of the smallest error by which a hair style is worse when it is 2.7 times less probable."""
FEATURES = 0.5
"""Added to the probability of the face between brows and chin, where shadows may look like hair."""
WARP_SIZE = 128
"""Pixels per side at which a drawing is registered with the portrait."""
LARGEST = 1024
"""Pixels per side of the largest drawing; the art model enlarges it further."""
STOPPED = "Stopped before the face was finished; nothing was written for it."


@dataclass(frozen=True)
class Person:
    """The person of one candidate."""

    parameters: Parameters
    """A table with one row."""
    error: float
    """The misfit with the portrait: see `refinement.misfit`."""


@dataclass(frozen=True)
class InputSquares:
    """The pixels of the input around one face, in each frame."""

    small: Tensor
    """[F, 4, n, n] opaque."""
    weight: Tensor
    """[F, 1, n, n], the weight of each pixel."""

    @property
    def side(self) -> int:
        """Pixels per side."""
        return self.small.shape[2]

    def error_of(self, picture: Tensor, frame: int) -> float:
        """Mean squared error on [0, 1] of a picture [1, 3, S, S], scaled back, against one frame."""
        small, weight = self._of(frame, picture)
        difference = (resize(picture, self.side, self.side) - small).square().mean(1, keepdim=True) * weight
        return float(difference.mean() / weight.mean())

    def relit(self, square: Joined, frame: int) -> Tensor:
        """The picture [1, 3, S, S], relit so that it almost scales back to one frame."""
        return relit(square.picture, square.masks, *self._of(frame, square.picture))

    # Colours [1, 3, n, n] and weights [1, 1, n, n] of one frame, where the picture is.
    def _of(self, frame: int, picture: Tensor) -> tuple[Tensor, Tensor]:
        one = slice(frame, frame + 1)
        return self.small[one, :3].to(picture), self.weight[one].to(picture)


@dataclass(frozen=True)
class DrawnSquares:
    """One person, drawn in each frame."""

    pictures: Tensor
    """[F, 4, S, S] opaque, S at most LARGEST."""
    error: float
    """Mean squared error on [0, 1] of the worst frame, scaled back, before the light was fitted to the input."""
    drawing: Drawing
    """The person in the first frame, before it was fitted to the portrait."""


class DrawnFaces:
    """
    Draws people that fit portraits.

    Args:
        device: the device on which people are drawn.
        dials: what the user says about the person.
        sure: whether the portraits look like faces, so that their parts can be found.
        same: whether the dials change the person who is found without them; otherwise, they limit the search.
    """

    def __init__(
        self, device: torch.device, dials: Sequence[DialSetting] = (), sure: bool = True, same: bool = False
    ) -> None:
        self.device = device
        self.dials = tuple(dials)
        self.sure = sure
        self.same = same
        self.reader = released_reader(str(device))

    def read(self, soft: Tensor) -> Portrait:
        """What a portrait [1, 4, R, R] shows."""
        soft = soft.to(self.device)
        colours, reading = soft[:, :3].clamp(0, 1), self.reader.read(soft)
        if self.sure:
            parts = released_parts(str(self.device)).find(soft)
            reading = replace(reading, beard=beard_seen(reading, parts))
            features = _core(reading.landmarks[:, :2].mean(1), reading.landmarks[:, 7:9].mean(1), parts.shape[2])
            parts = torch.cat([parts[:, :1] + FEATURES * features, parts[:, 1:]], 1)
            return Portrait(colours, reading, sharpened(parts / parts.sum(1, keepdim=True), colours))
        anchors = find_anchors(colours.cpu())
        return Portrait(colours, reading if anchors is None else anchored(reading, anchors), None)

    @torch.no_grad()
    def person(self, soft: Tensor, seed: int, imagination: float, monitor: Monitor = SILENT) -> Person:
        """
        The person, of several, that fits a portrait best. The same seed, imagination and portrait give the same person.

        Args:
            soft: [1, 4, R, R] premultiplied, the neural answer.
            imagination: how far people may differ from the reading, 0 to 1.

        Raises:
            CancelledError: the monitor was cancelled.
        """
        portrait = self.read(soft)
        if not self.same:
            return self._person(portrait, seed, imagination, self.dials, monitor)
        person = self._person(portrait, seed, imagination, (), monitor)
        return replace(person, parameters=_with_dials(person.parameters, self.dials, portrait, shaped=False))

    def _person(
        self, portrait: Portrait, seed: int, imagination: float, dials: Sequence[DialSetting], monitor: Monitor
    ) -> Person:
        weight = middle_first(FIT_SIZE).to(self.device)
        monitor.check(STOPPED)
        free = ~fixed_columns(dials)
        styles = self._tried(portrait, weight, free) if bool(free[layout()["hair"]].all()) else None
        monitor.check(STOPPED)
        monitor.step(SearchStep(1, 5, 0.0, stage="drawing"))
        count = round(PROPOSALS + (LEAST_PROPOSALS - PROPOSALS) * min(imagination, 1.0))
        seeds = [candidate_seed(seed, k) for k in range(count)]
        people = propose(portrait.reading, seeds, seed, imagination, styles)
        people = _with_dials(people, dials, portrait)
        monitor.check(STOPPED)
        errors = misfit(draw(people, PROPOSAL_SIZE, samples=1), portrait, weight)
        best = people.person(int(errors.argmin()))
        target = portrait.colours(FIT_SIZE)
        drawing = draw(best, PROPOSAL_SIZE, samples=1)
        if portrait.parts is None and styles is not None and hair_is_background(drawing, target):
            best = best.replaced({"hair": "bald"})
        else:
            best = tinted(best, drawing, target, free, portrait.parts)
        monitor.step(SearchStep(1, 2, float(errors.min()), stage="drawing"))
        best = with_best_light(best, free, lambda few: misfit(draw(few, PROPOSAL_SIZE, samples=1), portrait, weight))
        monitor.check(STOPPED)
        astray = landmark_deviation(imagination)
        refined, error = refine(best, portrait, weight, free, ROUNDS, astray, monitor.part(0.5, 0.8), STOPPED)
        monitor.check(STOPPED)
        if imagination > 0:
            for name in OWN_EYES:
                free[layout()[name]] = False
        return Person(fit_eyes(refined, portrait, free), error)

    # One person, with hair in the portrait's colour, tries on all styles that the reader does not rule out.
    def _tried(self, portrait: Portrait, weight: Tensor, free: Tensor) -> TriedStyles:
        options, sides = (torch.tensor(column) for column in zip(*likely_styles(portrait.reading), strict=True))
        one = propose(portrait.reading, [0]).replaced({"hair": float(options[len(options) // 2])})
        one = tinted(one, draw(one, TRIED_SIZE, samples=1), portrait.colours(FIT_SIZE), free, portrait.parts)
        people = Parameters(one.values.expand(len(options), -1)).replaced({"hair": options.float(), "hair_side": sides})
        errors = misfit(draw(people, TRIED_SIZE, samples=1), portrait, weight).cpu()
        return TriedStyles(options, sides, torch.exp(-(errors - errors.min()) / (PICKY * errors.min())))

    @torch.no_grad()
    def squares(
        self,
        person: Person,
        soft: Tensor,
        source: InputSquares,
        size: int,
        imagination: float,
        monitor: Monitor = SILENT,
        as_found: bool = False,
        drawing: Drawing | None = None,
    ) -> DrawnSquares:
        """
        The person drawn in each frame, joined with the neural answers.

        In the first frame the head follows the person's parameters; in the others it moves with the landmarks.

        Args:
            soft: [F, 4, R, R], the neural answer in each frame.
            source: the input of the neural answers.
            size: pixels per side that are needed.
            imagination: how much of the drawing, as opposed to the neural answer, is visible.
            as_found: the drawing alone, in the portrait's colours.
            drawing: `DrawnSquares.drawing` of an earlier call for this person and size, which saves drawing it again.

        Raises:
            CancelledError: the monitor was cancelled.
        """
        size = _drawn_size(size)
        # If the portrait does not look like a face, the drawn face is shown, as far as the pixels allow.
        shown = None if as_found else imagination if self.sure else 1.0
        portraits = [self.read(soft[k : k + 1]) for k in range(len(soft))]
        places = _steadied(torch.cat([portrait.reading.landmarks for portrait in portraits]))
        places = landmarks_of(person.parameters).to(places) + places - places[:1]
        monitor.check(STOPPED)
        drawing = drawing or draw(person.parameters, size, samples=2)
        answers: list[Tensor] = []
        error = 0.0
        fit: _Fit | None = None
        for k, portrait in enumerate(portraits):
            monitor.check(STOPPED)
            if k and torch.equal(soft[k], soft[k - 1]):
                answers.append(answers[-1])
                continue
            part, frame = monitor.equal_part(k, len(soft)), drawing
            if k:
                frame = draw(fit_landmarks(person.parameters, places[k : k + 1], shaped=False), size, samples=2)
            part.step(SearchStep(1, 2, 0.0, stage="drawing"))
            square, fit = _square(frame, portrait, source.side, shown, fit)
            error = max(error, source.error_of(square.picture, k))
            picture = square.picture if as_found else source.relit(square, k)
            answers.append(picture.cpu())
            part.step(SearchStep(1, 1, person.error, stage="drawing"))
        colours = torch.cat(answers)
        return DrawnSquares(torch.cat([colours, torch.ones_like(colours[:, :1])], 1), error, drawing)


# People with dials applied, posed and, if `shaped`, shaped like the portrait again.
def _with_dials(
    people: Parameters, dials: Sequence[DialSetting], portrait: Portrait, shaped: bool = True
) -> Parameters:
    if not dials:
        return people
    wished = turned(people, dials)
    placed = fit_landmarks(wished, portrait.reading.landmarks, shaped=shaped)
    return Parameters(torch.where(fixed_columns(dials).to(wished.values.device), wished.values, placed.values))


@dataclass(frozen=True)
class _Fit:
    """What is carried over from frame to frame."""

    colours: FittedColours
    warp: Warp | None


# Landmarks [F, 12, 2] averaged with those of the neighbouring frames: readings jitter by a fraction of a pixel.
def _steadied(landmarks: Tensor) -> Tensor:
    before = torch.cat([landmarks[:1], landmarks[:-1]])
    after = torch.cat([landmarks[1:], landmarks[-1:]])
    return landmarks / 2 + (before + after) / 4


def _square(
    drawing: Drawing, portrait: Portrait, side: int, imagination: float | None, before: _Fit | None
) -> tuple[Joined, _Fit]:
    # Fitted again at the size of the picture: what covers what differs slightly from the small drawing.
    fit_size = min(drawing.picture.shape[2], 2 * FIT_SIZE)
    weight = middle_first(fit_size).to(portrait.soft)
    colours: FittedColours = fit_colours(drawing, portrait.colours(fit_size), weight, portrait.parts)
    if before is not None:
        colours = replace(colours, gains=(colours.gains + before.colours.gains) / 2)
    picture = recoloured(drawing, colours)
    if imagination is None:  # as found
        return Joined(picture, drawing.masks), _Fit(colours, None)
    soft = enlarged(portrait.soft, WARP_SIZE).clamp(0, 1)
    at = drawing.landmarks
    core = _core((at["left_eye"] + at["right_eye"]) / 2, (at["left_mouth"] + at["right_mouth"]) / 2, WARP_SIZE)
    outlines = None if portrait.parts is None else (resize(drawing.masks, WARP_SIZE, WARP_SIZE), portrait.parts)
    start = None if before is None else before.warp
    stiff = core * (1 + OWN_SHAPE * imagination)
    warp = register(resize(picture, WARP_SIZE, WARP_SIZE), soft, weight, stiff, outlines, start)
    picture, masks = warp.applied(picture), warp.applied_to_masks(drawing.masks)
    if portrait.parts is not None:
        picture, masks = extended(picture, masks, portrait.parts)
    return joined(portrait.soft, picture, masks, portrait.parts, side, imagination), _Fit(colours, warp)


# From brows to chin: 1 inside and soft at the border, [B, 1, n, n]. The middles of eyes and mouth are [B, 2].
def _core(eyes: Tensor, mouth: Tensor, side: int) -> Tensor:
    centre, reach = eyes + (mouth - eyes) * 0.45, (mouth - eyes).norm(dim=1)[:, None, None]
    axis = (torch.arange(side, device=eyes.device) + 0.5) / side
    away = ((axis[None, None, :] - centre[:, :1, None]) ** 2 + (axis[None, :, None] - centre[:, 1:, None]) ** 2).sqrt()
    inside: Tensor = ((1.15 - away / reach) / 0.25).clamp(0, 1)[:, None]
    return inside


def _drawn_size(size: int) -> int:
    for side in (128, 192, 256, 384, 512, 768):
        if size <= side:
            return side
    return LARGEST


def share_of_finding(size: int, frames: int) -> float:
    """The share of the time that it takes to find a person who is then drawn at `size` pixels in this many frames."""
    drawing = 0.1 + 2.5 * (_drawn_size(size) / LARGEST) ** 2  # of the time for finding, measured at 128, 512 and 1024
    return 1 / (1 + frames * drawing)
