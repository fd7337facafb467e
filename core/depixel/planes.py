"""
A picture as planes that are enlarged or projected separately: colour with its opacity, vectors, and scalars such as one
channel of a data map, or gloss in alpha. `split` separates a picture into planes, `join` combines the answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from depixel.degradation import Degradation
from depixel.domain import Domain
from depixel.preparation.prepare import Prepared
from depixel.preparation.tensors import hidden_colour, premultiplied

_COLOUR, _ALPHA = (0, 1, 2), 3


@dataclass(frozen=True)
class Plane:
    """One part of N pictures of equal size. A scalar is an opaque grey picture with its value in all three colours."""

    straight: Tensor  # [N, 4, h, w] int32 straight RGBA
    channels: tuple[int, ...]  # indices of its channels in the whole picture
    degradation: Degradation
    levels: int  # the largest sample value
    binary_alpha: bool = False
    soft_edges: bool = False  # answers to binary alpha may have soft outlines
    vectors: bool = False  # RGB is a vector of length 1
    drawn: bool = False  # pixel art
    grey_stays: bool = True  # answers to grey pictures are grey
    valid: Tensor | None = None  # [N, 1, h, w], 0 where padded to the size of the batch; None = no padding

    @property
    def is_scalar(self) -> bool:
        return len(self.channels) == 1

    @cached_property
    def small(self) -> Tensor:
        """[N, 4, h, w] float32 premultiplied RGBA in [0, 1]."""
        return premultiplied(self.straight, self.levels)

    @cached_property
    def hidden(self) -> Tensor:
        """[N, 3, h, w] int32 colours to write under transparent pixels."""
        return hidden_colour(self.straight, self.levels)

    @cached_property
    def grey(self) -> Tensor:
        """[N] bool: grey pictures, whose answers must be grey."""
        if not self.grey_stays:
            return torch.zeros(len(self.straight), dtype=torch.bool)
        return (self.straight[:, :1] == self.straight[:, 1:3]).flatten(1).all(1)

    def of(self, whole: Tensor) -> Tensor:
        """The same part of another picture [N, 4, H, W] of any dtype with values 0 ... levels."""
        if self.is_scalar:
            return _as_grey(whole[:, self.channels[0] : self.channels[0] + 1], self.levels)
        if _ALPHA not in self.channels:
            return torch.cat([whole[:, :3], torch.full_like(whole[:, 3:], self.levels)], 1)
        return whole


def are_apart(domain: Domain, straight: Tensor, levels: int) -> bool:
    """
    Whether the colour channels of this picture [F, 4, h, w] are scalars with different meanings. A grey picture is a
    single scalar already, and a transparent picture shows colours.
    """
    grey = (straight[:, :1] == straight[:, 1:3]).all()
    return domain.separate and not bool(grey) and bool((straight[:, 3] == levels).all())


def split(prepared: Prepared) -> list[Plane]:
    """The planes of one picture."""
    return planes_of(prepared, prepared.straight, prepared.data_alpha)


def planes_of(first: Prepared, straight: Tensor, data_alpha: Tensor | None, valid: Tensor | None = None) -> list[Plane]:
    """
    The planes of several pictures that differ from the first one only in their pixels.

    Args:
        straight: [N, 4, h, w] their pixels.
        data_alpha: [N, 1, h, w] their alpha, if it is data.
        valid: see `Plane`.
    """
    levels = first.levels
    colour = Plane(
        straight,
        _COLOUR if data_alpha is not None else (*_COLOUR, _ALPHA),
        first.degradation,
        levels,
        binary_alpha=first.binary_alpha,
        soft_edges=first.soft_edges,
        vectors=first.domain.vectors,
        drawn=first.domain.drawn,
        grey_stays=not first.domain.imagined,
        valid=valid,
    )

    def scalar(values: Tensor, channel: int) -> Plane:
        return replace(colour, straight=_as_grey(values, levels), channels=(channel,), vectors=False)

    planes = [colour]
    if are_apart(first.domain, straight, levels):
        planes = [scalar(straight[:, c : c + 1], c) for c in _COLOUR]
    if data_alpha is not None:
        planes.append(scalar(data_alpha, _ALPHA))
    return planes


def join(planes: Sequence[Plane], answers: Sequence[Tensor]) -> Tensor:
    """Integer answers [N, 4, H, W] to each of the planes => the whole pictures [N, 4, H, W], straight RGBA."""
    if len(planes) == 1 and not planes[0].is_scalar:
        return answers[0]
    channels: dict[int, Tensor] = {_ALPHA: torch.full_like(answers[0][:, :1], planes[0].levels)}
    for plane, answer in zip(planes, answers, strict=True):
        channels |= {c: answer[:, :1] if plane.is_scalar else answer[:, c : c + 1] for c in plane.channels}
    return torch.cat([channels[c] for c in sorted(channels)], 1)


def _as_grey(values: Tensor, levels: int) -> Tensor:
    return torch.cat([values.expand(-1, 3, -1, -1), torch.full_like(values, levels)], 1)
