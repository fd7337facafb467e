"""
Faces: the given pixels as a face that never was. Search the style-based prior at its own size, bring the answer to the
size that was asked for, put it back where the box was, and project it so that it scales back to the input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.consistency import combine, straight_colour
from depixel.degradation import AreaDegradation, Degradation, make_degradation
from depixel.domains.art import Answer, ArtEngine, Cancelled, OnStep
from depixel.domains.cascade import PRIOR_SCALE, resize
from depixel.domains.exporting import export_tile, keep_unchanged
from depixel.domains.fill import fill_under_alpha
from depixel.domains.prepare import Prepared
from depixel.domains.tensors import hidden_colour, premultiplied
from depixel.errors import CancelledError
from depixel.priors.base import LatentPrior
from depixel.search.candidates import Candidates, Found
from depixel.search.loop import finish, search
from depixel.settings import FACES_EPS, PULSE_EPS, SearchSettings

IMAGINED = "This face is imagined: it is nobody's, and not the face of the person in the input."
_LEAST_SIDE = 4  # pixels of a face: below, nothing tells one from a wall
_CORRECTIONS = 8
_FEATHER = 0.12  # of the box's side: width of the seam between face and picture


@dataclass(frozen=True)
class _Crop:
    """Where the face lies in the small picture, and the square around it that the prior sees."""

    box: tuple[int, int, int, int]  # left, top, right, bottom in small pixels
    side: int  # of the square, in small pixels

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the box."""
        return self.box[3] - self.box[1], self.box[2] - self.box[0]

    @property
    def before(self) -> tuple[int, int]:
        """(rows, columns) of padding above and left of the box inside the square."""
        height, width = self.size
        return (self.side - height) // 2, (self.side - width) // 2


class FaceEngine:
    """
    Args:
        prior: a prior of fixed native size on `device`.
        art: what enlarges a face beyond its native size and paints what lies outside the box.
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
        settings: SearchSettings,
        on_step: OnStep | None = None,
        cancelled: Cancelled | None = None,
    ) -> tuple[list[Answer], Candidates]:
        """Candidates of one picture (all frames), best first, and what the search found for frame 0."""
        settings = replace(settings, eps=FACES_EPS if settings.eps is None else settings.eps)
        small = premultiplied(prepared.straight, prepared.levels)
        crop = _crop(small, settings)
        found = self._search(small, crop, prepared, settings, on_step, cancelled)
        around = self._surroundings(prepared, settings, cancelled) if _is_part(crop, small) else None
        seeds = [candidate.seed for candidate in found.pictures[0]]
        order = [seeds.index(best.seed) for best in found.ranked(0)]
        answers = []
        for k in order:
            if cancelled is not None and cancelled():
                raise CancelledError("Stopped before the face was finished; nothing was written for it.")
            faces = torch.stack([frames[k].large for frames in found.pictures])
            answers.append(self._export(faces, found.pictures[0][k], small, crop, prepared, around))
        return answers, found

    def _search(
        self,
        small: Tensor,
        crop: _Crop,
        prepared: Prepared,
        settings: SearchSettings,
        on_step: OnStep | None,
        cancelled: Cancelled | None,
    ) -> Candidates:
        square, weight = _squared(small, crop)
        if crop.side > self.native:
            square, weight = resize(square, self.native, self.native), resize(weight, self.native, self.native)
        if settings.pre_blur > 0:
            square = _blurred(square, settings.pre_blur)
        shrink = _shrinker(prepared.degradation.name, self.native, square.shape[2])
        degradation = make_degradation(prepared.degradation.name, max(1, self.native // square.shape[2]))
        frames = [0] * square.shape[0]
        found: Candidates | None = None
        for _ in range(settings.iterate):
            start = None
            if found is not None:  # the answer, scaled down, is the next question
                best = torch.stack([picture[0].large for picture in found.pictures]).to(self.device)
                square = shrink(best)
                start = {
                    name: torch.cat([candidate.latents[name] for picture in found.pictures for candidate in picture])
                    for name in found.pictures[0][0].latents
                }
            found = finish(
                search(
                    self.prior,
                    square.to(self.device),
                    degradation,
                    settings,
                    scale_back=shrink,
                    weight=weight.to(self.device),
                    animations=frames if len(frames) > 1 else None,
                    start=start,
                    cancelled=cancelled,
                ),
                on_step,
            )
        assert found is not None
        return found

    def _surroundings(self, prepared: Prepared, settings: SearchSettings, cancelled: Cancelled | None) -> Tensor:
        calm = replace(settings, candidates=1, steps=0, imagination=0.0, domain="auto", box=None, iterate=1)
        outside = replace(prepared, domain="art")
        answer = self.art.answer([outside], calm, None, cancelled)[0][0]
        return premultiplied(answer.straight.to(torch.int32), prepared.levels)

    def _export(
        self, faces: Tensor, found: Found, small: Tensor, crop: _Crop, prepared: Prepared, around: Tensor | None
    ) -> Answer:
        factor = prepared.degradation.factor
        height, width = crop.size[0] * factor, crop.size[1] * factor
        colour = self._sized(_unsquared(faces, crop, self.native), height, width)[:, :3].clamp(0, 1)
        left, top, right, bottom = crop.box
        alpha = F.interpolate(
            small[:, 3:, top:bottom, left:right], size=(height, width), mode="bicubic", align_corners=False
        ).clamp(0, 1)
        large = torch.cat([colour * alpha, alpha], 1)
        large = _corrected_smoothly(large, small[:, :, top:bottom, left:right], prepared.degradation)
        if around is not None:
            rows, columns = slice(top * factor, bottom * factor), slice(left * factor, right * factor)
            seam = _feather(height, width)
            canvas = around.clone()
            canvas[:, :, rows, columns] = torch.lerp(canvas[:, :, rows, columns], large, seam)
            large = canvas
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
            palette=False,
        )
        if len(exported) > 1:
            exported = keep_unchanged(exported, straight, factor)
        return Answer(exported, combine(sums.unbind(0)), found.seed, found.error)

    # To the size asked for: block means down; the art prior up, as often as it takes.
    def _sized(self, face: Tensor, height: int, width: int) -> Tensor:
        again = AreaDegradation(PRIOR_SCALE)
        while face.shape[2] < height or face.shape[3] < width:
            face = face.to(self.device)
            face = self.art.prior.decode(self.art.prior.encode(face, again), face, again).clamp(0, 1)
        return resize(face, height, width).float().cpu()


def describe(found: Candidates, candidates: int) -> str:
    """One sentence on how well the best face fitted before the projection made it exact."""
    best = found.ranked(0)[0]
    levels = best.error**0.5 * 255
    if best.error <= PULSE_EPS:
        return f"The face fits the input within {levels:.1f} levels (RMSE) before the projection; PULSE asks for 11.4."
    return (
        f"No face fits this input well: the best of {candidates} is {levels:.1f} levels (RMSE) away before the "
        "projection, where PULSE asks for 11.4."
    )


def _crop(small: Tensor, settings: SearchSettings) -> _Crop:
    height, width = small.shape[2:]
    box = settings.box or (0, 0, width, height)
    return _Crop(box, max(box[2] - box[0], box[3] - box[1], _LEAST_SIDE))


def _is_part(crop: _Crop, small: Tensor) -> bool:
    return crop.size != tuple(small.shape[2:])


# The box in a square, borders repeated, and what counts of it: given pixels, by their opacity. The prior's faces are
# opaque, so the square is too: hidden pixels take the colour of their surroundings and do not count.
def _squared(small: Tensor, crop: _Crop) -> tuple[Tensor, Tensor]:
    left, top, right, bottom = crop.box
    part = small[:, :, top:bottom, left:right]
    alpha = part[:, 3:]
    colour = fill_under_alpha(torch.cat([straight_colour(part), alpha], 1))[:, :3]
    opaque = torch.cat([colour, torch.ones_like(alpha)], 1)
    height, width = crop.size
    above, before = crop.before
    padding = (before, crop.side - width - before, above, crop.side - height - above)
    return F.pad(opaque, padding, mode="replicate"), F.pad(alpha, padding).clamp_min(1e-4)


def _unsquared(faces: Tensor, crop: _Crop, native: int) -> Tensor:
    scale = native / crop.side
    above, before = crop.before
    height, width = crop.size
    top, left = round(above * scale), round(before * scale)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    return faces[:, :, top : top + rows, left : left + columns]


# Native size => side pixels, under the degradation where the sizes divide and as an antialiased resize elsewhere.
def _shrinker(name: str, native: int, side: int) -> Callable[[Tensor], Tensor]:
    if native % side == 0:
        degradation: Degradation = make_degradation(name, native // side)
        return degradation.apply
    return lambda large: resize(large, side, side)


def _blurred(picture: Tensor, deviation: float) -> Tensor:
    reach = max(1, round(3 * deviation))
    taps = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / deviation) ** 2)
    taps = taps / taps.sum()
    channels = picture.shape[1]
    padded = F.pad(picture, (reach, reach, reach, reach), mode="replicate")
    rows = F.conv2d(padded, taps.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
    return F.conv2d(rows, taps.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)


# Block means corrected by a smooth field instead of block by block: the projection that follows is exact but would
# print its grid on a cheek, were it left more than a trace to do.
def _corrected_smoothly(large: Tensor, small: Tensor, degradation: Degradation) -> Tensor:
    for _ in range(_CORRECTIONS):
        error = small - degradation.apply(large)
        field = F.interpolate(error, scale_factor=float(degradation.factor), mode="bicubic", align_corners=False)
        large = large + field
    return large


# 1 inside, falling to 0 at the border of the box over _FEATHER of its side, as a raised cosine.
def _feather(height: int, width: int) -> Tensor:
    def ramp(length: int) -> Tensor:
        distance = torch.minimum(torch.arange(length), torch.arange(length).flip(0)) + 0.5
        return 0.5 - 0.5 * torch.cos(torch.pi * (distance / max(1.0, _FEATHER * length)).clamp(max=1))

    return ramp(height)[:, None] * ramp(width)
