"""Teeth and tongue."""

from __future__ import annotations

import torch

from depixel.portrait.noise import bell, linear, step
from depixel.portrait.surface import Look, Surface

IVORY = (236, 226, 206)
TONGUE = (176, 98, 96)


def teeth(surface: Surface) -> Look:
    """The look of N samples of teeth; deeper in the mouth it is darker."""
    place = surface.place
    side, depth = place[:, 0].abs(), place[:, 2]
    ivory = linear(torch.tensor([IVORY], device=place.device) / 255)
    old = step(surface.of("age"), 20.0, 85.0)[..., None]
    ivory = ivory * (1 - old * torch.tensor([[0.1, 0.17, 0.32]], device=place.device))
    gap = bell(((side / 0.056) + 0.5) % 1.0, 0.5, 0.09) if surface.pixel < 0.02 else torch.zeros_like(side)
    gum = step(place[:, 1], -0.6, -0.575) + step(place[:, 1], -0.77, -0.795)
    colour = ivory * (1 - 0.35 * gap[:, None])
    flesh = linear(torch.tensor([[0.72, 0.42, 0.42]], device=place.device))
    colour = colour + (flesh - colour) * gum.clamp(0, 1)[:, None]
    apart = step(surface.of("mouth_open") + surface.of("teeth"), 0.02, 0.35)  # a slit admits little light
    occlusion = (0.25 + 0.75 * apart) * (0.12 + 0.7 * step(depth, -0.05, 0.2) * (1 - 0.4 * step(side, 0.12, 0.26)))
    return Look(colour, surface.normal, occlusion, (0.3, 0.25, 0.2), 0.05, 20.0, 0.2, 90.0)


def tongue(surface: Surface) -> Look:
    """The look of N samples of the tongue."""
    place = surface.place
    colour = linear(torch.tensor([TONGUE], device=place.device) / 255).expand_as(place)
    occlusion = 0.05 + 0.5 * step(place[:, 2], -0.3, 0.15)
    return Look(colour, surface.normal, occlusion, (0.4, 0.2, 0.15), 0.06, 16.0, 0.1, 60.0)
