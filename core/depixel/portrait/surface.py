"""What all materials share: the samples of a surface, their look, and the light they send to the camera."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from depixel.portrait.lighting import Lights
from depixel.portrait.parameters import Parameters


@dataclass(frozen=True)
class Surface:
    """N samples of one material."""

    parameters: Parameters
    person: Tensor
    """[N] int64."""
    position: Tensor
    """[N, 3] dm in the world."""
    normal: Tensor
    """[N, 3] unit, in the world."""
    place: Tensor
    """[N, 3] dm on the base head: what procedural texture is a function of."""
    view: Tensor
    """[N, 3] unit, towards the camera."""
    rotation: Tensor
    """[B, 3, 3], turn of each head."""
    pixel: float
    """dm that a sample covers: detail finer than twice that is omitted."""

    def of(self, name: str) -> Tensor:
        """A parameter at each sample: [N] or [N, size], or one row for all when there is one person."""
        return self.spread(self.parameters[name])

    def spread(self, values: Tensor) -> Tensor:
        """Values [B, ...] of people at each sample: [N, ...], or [1, ...] if there is one person."""
        return values if len(values) == 1 else values[self.person]

    def turned(self, vectors: Tensor) -> Tensor:
        """Vectors [N, 3] from the head's frame to the world."""
        if len(self.rotation) == 1:
            return vectors @ self.rotation[0].T
        return torch.einsum("nij,nj->ni", self.rotation[self.person], vectors)

    def unturned(self, vectors: Tensor) -> Tensor:
        """Vectors [N, 3] from the world to the head's frame."""
        if len(self.rotation) == 1:
            return vectors @ self.rotation[0]
        return torch.einsum("nji,nj->ni", self.rotation[self.person], vectors)

    def seed_offset(self) -> Tensor:
        """[N, 3] or [1, 3] dm: shifts the noise for each person."""
        seed = self.of("noise_seed").detach()[:, None]
        return torch.cat([seed * 0.37, seed * 0.61, seed * 0.83], 1) % 64


@dataclass(frozen=True)
class Look:
    """How N samples respond to light."""

    colour: Tensor
    """[N, 3], linear reflectance."""
    normal: Tensor
    """[N, 3] unit, with bumps."""
    occlusion: Tensor
    """[N], fraction of the sky in view."""
    wrap: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """How far light wraps around the edge in red, green and blue: scattering below the surface."""
    gloss: Tensor | float = 0.0
    """Strength of the wide highlight."""
    gloss_power: float = 18.0
    polish: Tensor | float = 0.0
    """Strength of the narrow highlight."""
    polish_power: float = 70.0
    edge: Tensor | float = 0.1
    """Reflection of the sky at grazing angles."""


def illuminated(look: Look, surface: Surface, light: Lights, lit: Tensor) -> Tensor:
    """Linear light [N, 3] towards the camera; lit [N]: fraction of the key light that arrives."""
    spread = surface.spread
    wrap = torch.tensor(look.wrap, device=look.colour.device)
    key, fill, rim = spread(light.key), spread(light.fill), spread(light.rim)
    n = look.normal
    facing = (n * key).sum(1)
    smooth = (surface.normal * key).sum(1)
    some_wrap = any(look.wrap)
    if some_wrap:  # light below the skin follows the smooth shape, highlights follow the bumps
        both = (0.6 * facing + 0.4 * smooth)[:, None]
        direct = ((both + wrap) / (1 + wrap)).clamp(min=0)
        arrived = lit[:, None] ** (1 - wrap * 1.3)
        sky = look.occlusion[:, None] ** (1 - wrap)
    else:
        direct, arrived, sky = facing[:, None].clamp(min=0), lit[:, None], look.occlusion[:, None]
    second = (((n * fill).sum(1) + 0.3) / 1.3).clamp(min=0)[:, None]
    up = 0.5 + 0.5 * n[:, 1:2]
    ambient = spread(light.sky_colour) * up + spread(light.ground_colour) * (1 - up)
    total = spread(light.key_colour) * (direct * arrived * (0.45 + 0.55 * sky))
    total = total + spread(light.fill_colour) * (second * sky) + ambient * sky
    out = look.colour * total
    nv = (n * surface.view).sum(1).clamp(0, 1)
    graze = (1 - nv) ** 4
    half = normalize(key + surface.view, dim=1)
    nh = (n * half).sum(1).clamp(min=0)
    shine = look.gloss * nh**look.gloss_power + look.polish * nh**look.polish_power
    shine = shine * (lit * (facing > -0.1) * (0.6 + 1.4 * graze))
    half = normalize(fill + surface.view, dim=1)
    soft = look.gloss * (n * half).sum(1).clamp(min=0) ** (0.8 * look.gloss_power) * 0.7
    out = out + spread(light.key_colour) * shine[:, None] + spread(light.fill_colour) * soft[:, None]
    out = out + ambient * (graze * look.edge * look.occlusion)[:, None]
    back = ((n * rim).sum(1).clamp(min=0) * (1 - nv) ** 2 * look.occlusion)[:, None]
    return out + spread(light.rim_colour) * back * (look.colour + 0.12)


def bumped(normal: Tensor, tilt: Tensor) -> Tensor:
    """Normals [N, 3] tilted by [N, 3]; the tilt's component along the normal has no effect."""
    return normalize(normal + tilt - (tilt * normal).sum(1, keepdim=True) * normal, dim=1)
