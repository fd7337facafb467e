"""
Hair where the portrait has hair but the drawn person has skin or background: the drawn hair is continued by its mirror
image across its outline. Otherwise, the soft neural hair would be visible beside crisp strands.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred, enlarged
from depixel.faces.face_parts import PARTS

GRID = 256
"""Pixels per side at which places without hair are matched with places with hair."""
SMOOTH = 4.0
"""Standard deviation of the blur that makes the outline of hair smooth, in pixels of the grid."""
HAIRY = 0.7
"""Fraction of hair in a place above which the place counts as hair."""
SURE = 0.5
"""Probability of hair in the portrait above which the drawing should have hair too."""
EDGE = 0.3
"""Range of that probability in which hair fades."""
FARTHEST = 0.12
"""Distance from the drawn hair up to which it is continued, as a fraction of the side."""
LEAST = 40
"""Length of the outline of hair, in pixels of the grid, below which there is nothing to continue."""
MIRRORED = (1.0, 0.5, 0.25, 0.0)
"""How far inside the outline a place is copied from, as a multiple of its distance outside: the first that is hair."""
HAIR = PARTS.index("hair")


class Extended(NamedTuple):
    """B drawings with more hair."""

    picture: Tensor
    """[B, 3, S, S] in [0, 1]."""
    masks: Tensor
    """[B, 4, S, S]."""


def extended(picture: Tensor, masks: Tensor, parts: Tensor) -> Extended:
    """
    Drawings with hair wherever the portrait has hair nearby.

    Args:
        picture: [B, 3, S, S] in [0, 1].
        masks: [B, 4, S, S], in the order of `rendering.MASKS`.
        parts: [1, 4, k, k], of the portrait.
    """
    size = picture.shape[2]
    hair = blurred(resize(masks[:, HAIR : HAIR + 1], GRID, GRID), SMOOTH)
    wanted = _bilinear(parts[:, HAIR : HAIR + 1], GRID)
    sources, missing = zip(*(_sources(one[0], wanted[0, 0]) for one in hair), strict=True)
    if not any(bool(one.any()) for one in missing):
        return Extended(picture, masks)
    places = _bilinear(torch.stack(sources).permute(0, 3, 1, 2), size)
    copied = F.grid_sample(picture, places.permute(0, 2, 3, 1), "bicubic", "border", align_corners=False).clamp(0, 1)
    outline = enlarged(parts[:, HAIR : HAIR + 1], size)
    cover = _bilinear(torch.stack(missing)[:, None].to(picture), size).clamp(0, 1)
    cover = cover * ((outline - SURE) / EDGE + 0.5).clamp(0, 1) * (1 - masks[:, HAIR : HAIR + 1])
    more = torch.zeros_like(masks)
    more[:, HAIR] = 1
    return Extended(picture + (copied - picture) * cover, masks + (more - masks) * cover)


# For each place [GRID, GRID, 2] the place to copy, in halves of the side (x, y), and where it is copied [GRID, GRID].
def _sources(hair: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    axis = (torch.arange(GRID, device=hair.device) + 0.5) / GRID * 2 - 1
    places = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
    hairy = hair > HAIRY
    inner = -F.max_pool2d(-hairy[None, None].float(), 3, 1, 1)[0, 0] > 0
    rim = places[hairy & ~inner]
    bare = (F.max_pool2d((wanted > SURE - EDGE / 2)[None, None].float(), 5, 1, 2)[0, 0] > 0) & ~hairy
    if len(rim) < LEAST or not bool(bare.any()):
        return places, torch.zeros_like(hairy)
    distance, nearest = torch.cdist(places[bare], rim).min(1)
    outline = rim[nearest]
    source = outline
    for share in reversed(MIRRORED):
        mirrored = outline + share * (outline - places[bare])
        seen = F.grid_sample(hair[None, None], mirrored[None, None], "nearest", "zeros", align_corners=False)[0, 0, 0]
        source = torch.where((seen > HAIRY)[:, None], mirrored, source)
    answer = places.clone()
    answer[bare] = source
    near = torch.zeros_like(hairy)
    near[bare] = distance < 2 * FARTHEST
    return answer, near


def _bilinear(picture: Tensor, size: int) -> Tensor:
    return F.interpolate(picture, (size, size), mode="bilinear", align_corners=False)
