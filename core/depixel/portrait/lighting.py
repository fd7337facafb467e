"""Lights, their shadows, and the curve from light to picture values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from depixel.portrait.hair_shadow import HairShadow, hair_shadow
from depixel.portrait.parameters import Parameters
from depixel.portrait.raster import Range, depth_of, rasterise
from depixel.portrait.scene import Solid

REACH = 2.4
"""dm around the middle of head and shoulders that the shadow map covers."""
MIDDLE = (0.0, -0.55, -0.3)
DEPTHS = Range(-5.0, 5.0)
HAIR_SIZE = 144
"""Largest side in samples of the map of hair's shadows: finer maps show single strands as hatching."""


class Lights(NamedTuple):
    """The lights of B people: unit directions towards each light and its colour, all [B, 3]."""

    key: Tensor
    key_colour: Tensor
    fill: Tensor
    fill_colour: Tensor
    rim: Tensor
    rim_colour: Tensor
    sky_colour: Tensor
    ground_colour: Tensor
    softness: Tensor
    """[B], size of the key light."""


def lights(parameters: Parameters) -> Lights:
    """Lights from the parameters; colours stay differentiable."""
    fill_height = torch.full_like(parameters["fill_azimuth"], 8.0)
    exposure = (2.0 ** parameters["exposure"])[:, None]
    return Lights(
        towards(parameters["key_azimuth"], parameters["key_elevation"]),
        parameters["key_colour"] * exposure,
        towards(parameters["fill_azimuth"], fill_height),
        parameters["fill_colour"] * exposure,
        towards(parameters["rim_azimuth"], fill_height + 22),
        parameters["rim_colour"] * exposure,
        parameters["sky_colour"] * exposure,
        parameters["ground_colour"] * exposure,
        parameters["key_softness"],
    )


def towards(azimuth: Tensor, elevation: Tensor) -> Tensor:
    """Unit vectors [B, 3] in the world from degrees [B] to the picture's right and up."""
    a, e = azimuth * (math.pi / 180), elevation * (math.pi / 180)
    return torch.stack([a.sin() * e.cos(), e.sin(), a.cos() * e.cos()], 1)


@dataclass(frozen=True)
class ShadowMap:
    """The part of the world that the key light reaches, seen from the light without perspective."""

    side: Tensor
    up: Tensor
    light: Tensor
    """[B, 3], axes of the map and the direction towards the light."""
    depth: Tensor
    """[B * size * size], dm towards the light of what is lit; very low where there is nothing. Without hair."""
    size: int
    hair: HairShadow

    def lit(self, world: Tensor, person: Tensor, bias: float = 0.03) -> Tensor:
        """
        Fraction of the key light [N] that reaches points world [N, 3] dm: a tent filter over 4 x 4 samples of the map.
        """
        place = self._place(world, person)
        corner = place[:, :2] - 2
        first = corner.floor()
        part = corner - first
        start = first.long()
        depth = place[:, 2] + bias
        reached = torch.zeros_like(depth)
        base = person * (self.size * self.size)
        weights = [1 - part, torch.ones_like(part), torch.ones_like(part), part]
        columns = [(start[:, 0] + k).clamp(0, self.size - 1) for k in range(4)]
        for j in range(4):
            row = base + (start[:, 1] + j).clamp(0, self.size - 1) * self.size
            line = torch.zeros_like(depth)
            for k in range(4):
                clear = torch.sigmoid((depth - self.depth.index_select(0, row + columns[k])) * 45)
                line += clear * weights[k][:, 0]
            reached += line * weights[j][:, 1]
        hair_place = torch.cat([place[:, :2] * (self.hair.size / self.size), place[:, 2:]], 1)
        return reached / 9 * self.hair.passed(hair_place, person)

    def _place(self, world: Tensor, person: Tensor) -> Tensor:
        return _map_places(
            world, (_pick(self.side, person), _pick(self.up, person), _pick(self.light, person)), self.size
        )


def shadow_map(light: Tensor, solid: Solid, size: int, hair: Tensor, hair_person: Tensor) -> ShadowMap:
    """Draw the shadow map of B people.

    light: [B, 3]; size: samples per side; hair: [S, 3] dm, points of strands; hair_person: [S], the person of each.
    """
    B = len(light)
    reference = torch.tensor([[0.03, 1.0, 0.05]], device=light.device).expand_as(light)
    side = normalize(torch.linalg.cross(reference, light), dim=1)
    up = torch.linalg.cross(light, side)
    buffer = torch.full((B * size * size,), -1, dtype=torch.int64, device=light.device)
    flat = _map_places(solid.vertices, (side[:, None], up[:, None], light[:, None]), size)
    for piece, _, has_cut in solid.pieces:
        cut = solid.cut if has_cut else None
        rasterise(flat, solid.triangles[piece], (size, size), DEPTHS, buffer, two_sided=True, cut=cut)
    depth = torch.where(buffer >= 0, depth_of(buffer, DEPTHS), torch.tensor(-9.0, device=light.device))
    hair_size = min(size, HAIR_SIZE)
    place = _map_places(hair, (side[hair_person], up[hair_person], light[hair_person]), hair_size)
    return ShadowMap(side, up, light, depth, size, hair_shadow(place, hair_person, B, hair_size))


def _map_places(world: Tensor, axes: tuple[Tensor, Tensor, Tensor], size: int) -> Tensor:
    centred = world - torch.tensor(MIDDLE, device=world.device)
    side, up, light = ((centred * axis).sum(-1) for axis in axes)
    half = size / 2
    return torch.stack([half + side * (half / REACH), half + up * (half / REACH), light], -1)


def _pick(values: Tensor, person: Tensor) -> Tensor:
    return values if len(values) == 1 else values[person]


def developed(light: Tensor) -> Tensor:
    """Linear light (0 upward) to sRGB values (0 to 1): a shoulder above 0.65, then the power of 1 / 2.2."""
    bright = 0.65 + 0.35 * (1 - torch.exp(-(light - 0.65).clamp(min=0) / 0.35))
    return torch.where(light > 0.65, bright, light).clamp(min=1e-5) ** (1 / 2.2)
