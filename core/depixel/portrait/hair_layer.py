"""Strands in the picture: the shadows they cast, and the light they send to the camera."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from depixel.portrait.camera import Camera
from depixel.portrait.hair_shading import ambient, hair_surface, lit
from depixel.portrait.lighting import REACH, Lights, ShadowMap
from depixel.portrait.strand_drawing import StrandHits
from depixel.portrait.strands import HAIR, Strands

MOST_SHADOWS = 400_000
"""Points of a strand that are worth drawing in a shadow map."""


def shadow_points(strands: Strands, size: int) -> tuple[Tensor, Tensor]:
    """
    Points [K, 3] dm along the hair, close enough for a shadow map `size` samples wide, and the person of each [K].
    """
    chosen = (strands.material == HAIR).nonzero().squeeze(1)
    P = strands.points.shape[1]
    cell = 2 * REACH / size
    if len(chosen) == 0:
        return strands.points.new_zeros(0, 3), chosen
    points, person = strands.points[chosen].detach(), strands.person[chosen]
    gap = float((points[:, 1:] - points[:, :-1]).norm(dim=-1).mean())
    between = max(1, min(round(gap / cell), MOST_SHADOWS // (len(chosen) * P) + 1))
    steps = [points[:, :-1] + (points[:, 1:] - points[:, :-1]) * (k / between) for k in range(between)]
    dense = torch.cat(steps, 1)
    return dense.reshape(-1, 3), person.repeat_interleave(dense.shape[1])


def shaded_strands(
    strands: Strands, hits: StrandHits, view: Camera, light: Lights, shadow: ShadowMap
) -> tuple[Tensor, Tensor]:
    """Linear light [N, 3] of the samples where strands are visible, and their material [N]."""
    hair = hair_surface(strands, hits)
    person = hair.person

    def spread(values: Tensor) -> Tensor:
        return values.expand(len(person), -1) if len(values) == 1 else values[person]

    towards = -hair.position
    towards[:, 2] += view.distance if len(view.distance) == 1 else view.distance[person]
    towards = normalize(towards, dim=1)
    arrived = shadow.lit(hair.position + hair.normal * 0.05, person, 0.06)
    colour = lit(hair, spread(light.key), spread(light.key_colour) * (0.12 + 0.88 * arrived)[:, None], towards)
    colour = colour + lit(hair, spread(light.fill), spread(light.fill_colour), towards)
    if bool((light.rim_colour.detach() > 0).any()):
        colour = colour + lit(hair, spread(light.rim), spread(light.rim_colour) * 0.7, towards)
    up = 0.5 + 0.5 * hair.normal[:, 1:2]
    sky = spread(light.sky_colour) * up + spread(light.ground_colour) * (1 - up)
    return colour + ambient(hair, sky * 1.15), hair.material
