"""Strands: the renderer's form of hair.

`depixel.portrait.hair.grow(figure, parameters, pixel)` gives the `Strands` of the people of a figure; pixel [B] is how
many dm a pixel of the picture covers at the eyes, and decides how many strands are grown.
`depixel.portrait.strand_drawing.draw_strands` draws them, `depixel.portrait.hair_shading` lights them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import torch
from torch import Tensor

HAIR, BROW, LASH, BEARD = range(4)
"""Materials of strands. HAIR and BEARD count as hair in the masks, brows and lashes as face."""


@dataclass(frozen=True)
class Strands:
    """Strands of hair of some people; a strand is a ribbon of one or many hairs that faces the camera.

    S strands of P points each, root first. All tensors are on one device.
    """

    points: Tensor
    """[S, P, 3] dm in the world (`Figure.to_world` takes points there that turn with the head)."""
    normals: Tensor
    """[S, P, 3] unit vectors in the world, pointing out of the hair that the strand belongs to."""
    radius: Tensor
    """[S, P] dm, half the ribbon's width. Anything thinner than a sample is drawn one sample wide."""
    openness: Tensor
    """[S, P], how much of the sky the other hairs leave visible, 0 to 1."""
    person: Tensor
    """[S] int64, the person: row of the parameters."""
    hairs: Tensor
    """[S] int64, at least 1: hairs side by side in the ribbon, each with its own brightness and end."""
    ragged: Tensor
    """[S], last fraction of the length within which the single hairs end, 0 (all at the tip) to 1."""
    colour: Tensor
    """[S, 2, 3] linear reflectance of root and tip, 0 to 1; differentiable."""
    blend: Tensor
    """[S, P], from the root's colour (0) to the tip's (1)."""
    shine: Tensor
    """[S], strength of the highlights; 1 is healthy hair, 0 is dull."""
    material: Tensor
    """[S] int64: HAIR, BROW, LASH or BEARD."""

    @cached_property
    def number(self) -> Tensor:
        """[S] int64, number of each strand among those of its person: random choices depend on it, in any batch."""
        order = self.person.argsort(stable=True)
        count = torch.bincount(self.person)
        place = torch.arange(len(order), device=order.device) - (count.cumsum(0) - count)[self.person[order]]
        return torch.empty_like(order).index_put_((order,), place)

    @cached_property
    def pieces(self) -> Tensor:
        """[S], segments of each strand, not counting the zero-length ones that pad it to the longest."""
        moved = (self.points[:, 1:] != self.points[:, :-1]).any(-1)
        return moved.sum(1).clamp(min=1).float()

    def __len__(self) -> int:
        return len(self.points)

    @staticmethod
    def joined(parts: Sequence[Strands]) -> Strands:
        """All parts as one; shorter polylines repeat their last point."""
        length = max(part.points.shape[1] for part in parts)
        longer = [part._lengthened(length) for part in parts]
        return Strands(**{f.name: torch.cat([getattr(part, f.name) for part in longer]) for f in fields(Strands)})

    def chosen(self, rows: Tensor) -> Strands:
        """The strands of some rows (indices or a mask)."""
        return Strands(**{f.name: getattr(self, f.name)[rows] for f in fields(Strands)})

    def _lengthened(self, length: int) -> Strands:
        short = length - self.points.shape[1]
        if short <= 0:
            return self

        def held(values: Tensor) -> Tensor:
            return torch.cat([values, values[:, -1:].expand(-1, short, *values.shape[2:])], 1)

        names = ("points", "normals", "radius", "openness", "blend")
        return replace(self, **{name: held(getattr(self, name)) for name in names})
