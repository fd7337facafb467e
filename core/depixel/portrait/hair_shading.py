"""Light on hair: Kajiya and Kay's model (1989) with two shifted highlights (Scheuermann, GDC 2004), and self-shadowing.

A single strand would be bright wherever light falls across it. Its normal, which points out of the hair, and its
openness say how much the other strands hide it from the light.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from depixel.portrait.strand_drawing import StrandHits
from depixel.portrait.strands import Strands

CONTRAST = 0.34
"""How much single hairs differ in brightness."""
ROUND = 0.55
"""How much the normal leans to the side at the edge of a strand: a strand of many hairs is round, not a flat ribbon."""


@dataclass(frozen=True)
class HairSurface:
    """What shading needs of N samples of strands."""

    position: Tensor
    """[N, 3] dm in the world."""
    tangent: Tensor
    """[N, 3] unit vectors from root to tip."""
    normal: Tensor
    """[N, 3] unit vectors out of the mass of hair, across the strand."""
    openness: Tensor
    """[N], fraction of the sky that other hairs leave visible."""
    albedo: Tensor
    """[N, 3] linear reflectance; differentiable."""
    shine: Tensor
    """[N]."""
    hair: Tensor
    """[N], 0 to 1, a number of its own for each single hair."""
    material: Tensor
    """[N] int64."""
    person: Tensor
    """[N] int64."""


def hair_surface(strands: Strands, hits: StrandHits) -> HairSurface:
    """Gather what shading needs for the visible strands."""
    P = strands.points.shape[1]
    table = torch.cat([strands.points, strands.normals, strands.openness[..., None], strands.blend[..., None]], -1)
    flat = table.detach().reshape(-1, 8)
    row = hits.strand * P + hits.point
    before, after = flat.index_select(0, row), flat.index_select(0, row + 1)
    mixed = before + (after - before) * hits.along[:, None]
    tangent = normalize(after[:, :3] - before[:, :3], dim=1)
    normal = mixed[:, 3:6]
    normal = normalize(normal - (normal * tangent).sum(1, keepdim=True) * tangent, dim=1)
    normal = normalize(normal + torch.linalg.cross(tangent, normal) * (ROUND * hits.across)[:, None], dim=1)
    ends = strands.colour[hits.strand]
    albedo = ends[:, 0] + (ends[:, 1] - ends[:, 0]) * mixed[:, 7:]
    return HairSurface(
        mixed[:, :3],
        tangent,
        normal,
        mixed[:, 6],
        albedo * (1 - CONTRAST / 2 + CONTRAST * hits.hair)[:, None],
        strands.shine[hits.strand],
        hits.hair,
        strands.material[hits.strand],
        strands.person[hits.strand],
    )


def lit(hair: HairSurface, towards_light: Tensor, light: Tensor, towards_eye: Tensor) -> Tensor:
    """Linear light [N, 3] that hair sends to the eye from one light.

    towards_light, towards_eye: [N, 3], unit; light: [N, 3], its colour, including shadows that others cast on the hair.
    """
    along = (hair.tangent * towards_light).sum(1)
    across = (1 - along.square()).clamp(min=0).sqrt()
    facing = (hair.normal * towards_light).sum(1)
    wrapped = ((facing + 0.3) / 1.3).clamp(0, 1)
    half = normalize(towards_light + towards_eye, dim=1)
    tilt = (hair.tangent * half).sum(1) + (hair.hair - 0.5) * 0.07
    first = (1 - (tilt + 0.07).square()).clamp(min=0).pow(110)
    second = (1 - (tilt - 0.10).square()).clamp(min=0).pow(28)
    gloss = hair.shine * wrapped.sqrt()
    spread = hair.albedo * ((0.25 + 0.75 * across) * wrapped)[:, None]
    glow = (gloss * first * 0.06)[:, None] + (gloss * second)[:, None] * (hair.albedo * 0.9 + 0.006)
    through = (-(towards_light * towards_eye).sum(1)).clamp(min=0).pow(4) * (1 - facing.abs()) * 0.6
    return light * hair.openness[:, None] * (spread + glow + hair.albedo * through[:, None])


def ambient(hair: HairSurface, light: Tensor) -> Tensor:
    """Linear light [N, 3] from all directions: light [N, 3] is slightly brighter from above."""
    return hair.albedo * light * (hair.openness * (0.7 + 0.3 * hair.normal[:, 1]))[:, None]
