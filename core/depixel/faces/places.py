"""
The position of a face in the small picture, and the square around it that the prior works on: an upright box (a whole
crop, or an editor's selection), or a tilted frame from the finder or the user, which is levelled for the prior and
rotated back afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.consistency import straight_colour
from depixel.degradation import Degradation, resize
from depixel.faces.finder import Frame
from depixel.fill import fill_under_alpha

LEAST_SIDE = 4  # pixels: a smaller face looks like anything else
_LEAST_TURNED = 8  # pixels: least side of a levelled square
_FEATHER = 0.12  # of the box's side: width of the seam between face and picture
_CORRECTIONS = 8
_UNSEEN = 1e-4  # weight of a pixel outside the picture

Sized = Callable[[Tensor, int, int], Tensor]
"""(faces [B, 4, R, R], height, width) => the faces at that size."""


class FacePlace(Protocol):
    """The position of one face in a picture."""

    @property
    def side(self) -> float:
        """Side of the square around the face, in small pixels."""
        ...

    def cut(self, small: Tensor, native: int) -> tuple[Tensor, Tensor]:
        """[F, 4, h, w] => opaque squares [F, 4, n, n], and the weight [F, 1, n, n] of each pixel."""
        ...

    def put(
        self, faces: Tensor, small: Tensor, around: Tensor | None, degradation: Degradation, sized: Sized
    ) -> Tensor:
        """
        Put faces [F, 4, R, R] into the large picture `around` [F, 4, H, W] and give them its alpha. None = the face is
        the whole of an opaque picture.
        """
        ...

    def is_part(self, small: Tensor) -> bool:
        """Whether the picture shows more than the face."""
        ...

    def shown(self, face: Tensor) -> Tensor:
        """[4, R, R] => [4, H, W]: a face of the search as a preview, without the padding to a square."""
        ...


@dataclass(frozen=True)
class Crop:
    """An upright box."""

    box: tuple[int, int, int, int]  # left, top, right, bottom in small pixels
    side: int  # of the square, in small pixels

    @classmethod
    def of(cls, box: tuple[int, int, int, int]) -> Crop:
        """The square around a box."""
        return cls(box, max(box[2] - box[0], box[3] - box[1], LEAST_SIDE))

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the box."""
        return self.box[3] - self.box[1], self.box[2] - self.box[0]

    @property
    def before(self) -> tuple[int, int]:
        """(rows, columns) of padding above and left of the box inside the square."""
        height, width = self.size
        return (self.side - height) // 2, (self.side - width) // 2

    def is_part(self, small: Tensor) -> bool:
        return self.size != tuple(small.shape[2:])

    # The border is repeated. The prior's faces are opaque, so the square is opaque too: transparent pixels are filled
    # (`_opaque`) and have no weight.
    def cut(self, small: Tensor, native: int) -> tuple[Tensor, Tensor]:
        left, top, right, bottom = self.box
        opaque, alpha = _opaque(small[:, :, top:bottom, left:right])
        height, width = self.size
        above, before = self.before
        padding = (before, self.side - width - before, above, self.side - height - above)
        square, weight = F.pad(opaque, padding, mode="replicate"), F.pad(alpha, padding).clamp_min(_UNSEEN)
        if self.side > native:
            square, weight = resize(square, native, native), resize(weight, native, native)
        return square, weight

    def put(
        self, faces: Tensor, small: Tensor, around: Tensor | None, degradation: Degradation, sized: Sized
    ) -> Tensor:
        factor = degradation.factor
        left, top, right, bottom = self.box
        height, width = self.size[0] * factor, self.size[1] * factor
        colour = sized(self._without_padding(faces), height, width)[:, :3].clamp(0, 1)
        inside = small[:, :, top:bottom, left:right]
        rows, columns = slice(top * factor, bottom * factor), slice(left * factor, right * factor)
        if around is None:
            alpha = F.interpolate(inside[:, 3:], size=(height, width), mode="bicubic", align_corners=False).clamp(0, 1)
        else:
            alpha = around[:, 3:, rows, columns]
        large = corrected_smoothly(torch.cat([colour * alpha, alpha], 1), inside, degradation)
        if around is None or not self.is_part(small):
            return large
        canvas = around.clone()
        canvas[:, :, rows, columns] = torch.lerp(canvas[:, :, rows, columns], large, _seam(height, width))
        return canvas

    def shown(self, face: Tensor) -> Tensor:
        return self._without_padding(face[None])[0]

    def _without_padding(self, faces: Tensor) -> Tensor:
        scale = faces.shape[3] / self.side
        above, before = self.before
        height, width = self.size
        top, left = round(above * scale), round(before * scale)
        rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
        return faces[:, :, top : top + rows, left : left + columns]


@dataclass(frozen=True)
class Turned:
    """
    The face's frame in each frame of the picture; all have the same size. A score of 0 means that the face is absent.
    """

    frames: tuple[Frame, ...]

    @classmethod
    def of_box(cls, box: tuple[int, int, int, int], roll: float, count: int) -> Turned:
        """The largest square tilted by `roll` degrees in the middle of a box, for `count` frames."""
        turn = math.radians(roll)
        side = max(box[2] - box[0], box[3] - box[1]) / (abs(math.cos(turn)) + abs(math.sin(turn)))
        return cls((Frame((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, max(side, LEAST_SIDE), roll),) * count)

    @property
    def side(self) -> float:
        return max(frame.side for frame in self.frames)

    def is_part(self, small: Tensor) -> bool:
        return True

    def cut(self, small: Tensor, native: int) -> tuple[Tensor, Tensor]:
        side = self.side
        n = min(native, max(_LEAST_TURNED, round(side)))
        reduction = min(1.0, n / side)
        opaque, alpha = _opaque(small)
        if reduction < 1:
            height, width = (max(1, round(length * reduction)) for length in small.shape[2:])
            opaque, alpha = resize(opaque, height, width), resize(alpha, height, width)
        grid = torch.stack([frame.grid(n, small.shape[3], small.shape[2]) for frame in self.frames])
        here = [k for k, frame in enumerate(self.frames) if frame.score > 0]
        nearest = [min(here, key=lambda other: abs(other - k)) for k in range(len(self.frames))]
        opaque, alpha, grid = (
            opaque[nearest],
            alpha[nearest],
            grid[nearest],
        )  # the nearest frame in time that shows the face
        square = F.grid_sample(opaque, grid, padding_mode="border", align_corners=False)
        weight = F.grid_sample(alpha, grid, padding_mode="zeros", align_corners=False)
        return square.clamp(0, 1), weight.clamp_min(_UNSEEN)

    def put(
        self, faces: Tensor, small: Tensor, around: Tensor | None, degradation: Degradation, sized: Sized
    ) -> Tensor:
        assert around is not None
        factor = degradation.factor
        side = max(1, round(self.side * factor))
        faces = sized(faces, side, side)[:, :3].clamp(0, 1)
        canvas = around.clone()
        for k, frame in enumerate(self.frames):
            left, top, right, bottom = frame.pixels(small.shape[3], small.shape[2])
            if left >= right or top >= bottom or frame.score <= 0:
                continue
            y, x = torch.meshgrid(
                (torch.arange(top * factor, bottom * factor) + 0.5) / factor - frame.y,
                (torch.arange(left * factor, right * factor) + 0.5) / factor - frame.x,
                indexing="ij",
            )
            turn = math.radians(frame.roll)
            u = (math.cos(turn) * x + math.sin(turn) * y) * 2 / frame.side
            v = (math.cos(turn) * y - math.sin(turn) * x) * 2 / frame.side
            colour = F.grid_sample(
                faces[k : k + 1],
                torch.stack([u, v], -1)[None],
                mode="bicubic",
                padding_mode="border",
                align_corners=False,
            ).clamp(0, 1)
            # A square with rounded corners: there, the background of the picture is closer to the truth than that of
            # the face.
            inside = (1 - (u**4 + v**4) ** 0.25) / 2
            mask = 0.5 - 0.5 * torch.cos(torch.pi * (inside / _FEATHER).clamp(0, 1))
            region = canvas[k : k + 1, :, top * factor : bottom * factor, left * factor : right * factor]
            alpha = region[:, 3:]
            mixed = torch.lerp(region, torch.cat([colour * alpha, alpha], 1), mask)
            region.copy_(corrected_smoothly(mixed, small[k : k + 1, :, top:bottom, left:right], degradation))
        return canvas

    def shown(self, face: Tensor) -> Tensor:
        return face


def corrected_smoothly(large: Tensor, small: Tensor, degradation: Degradation) -> Tensor:
    """
    Move `large` by a smooth field until it almost scales back to `small`. The projection that follows is exact but
    works block by block: if more were left to correct, its grid would be visible on a cheek.
    """
    for _ in range(_CORRECTIONS):
        error = small - degradation.apply(large)
        field = F.interpolate(error, scale_factor=float(degradation.factor), mode="bicubic", align_corners=False)
        large = large + field
    return large


# Transparent pixels next to visible ones take their colour, so that edges have no fringe; the others are grey.
# Portraits have plain backgrounds; extending colours to all sides would produce something the prior was not trained on.
def _opaque(part: Tensor) -> tuple[Tensor, Tensor]:
    alpha = part[:, 3:]
    colour = fill_under_alpha(torch.cat([straight_colour(part), alpha], 1))[:, :3]
    beside = F.max_pool2d((alpha > 0).to(alpha.dtype), 3, stride=1, padding=1)
    return torch.cat([torch.where(beside > 0, colour, 0.5), torch.ones_like(alpha)], 1), alpha


# 1 inside; falls to 0 at the border of the box over _FEATHER of its side, as a raised cosine.
def _seam(height: int, width: int) -> Tensor:
    def ramp(length: int) -> Tensor:
        distance = torch.minimum(torch.arange(length), torch.arange(length).flip(0)) + 0.5
        return 0.5 - 0.5 * torch.cos(torch.pi * (distance / max(1.0, _FEATHER * length)).clamp(max=1))

    return ramp(height)[:, None] * ramp(width)
