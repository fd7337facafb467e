"""
Moves the pixels of a drawing slightly so that its outlines match those of a portrait: non-rigid registration (Thirion
1998, Rueckert et al. 1999) with a grid of control points, coarse to fine. Where the parameters are off by a few pixels,
above all in hair, there would otherwise be a halo.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import resize
from depixel.faces.drawn.colour_fit import blurred

LEVELS = ((32, 9, 50), (64, 17, 60))
"""Pixels per side that are compared, control points per side, and steps, for each level."""
FOLLOWING = ((64, 17, 12),)
"""The same for a frame that follows another."""
RATE = 0.007
"""Largest step of a control point, in halves of the side."""
STIFFNESS = 0.25
"""Cost of bending, relative to the mean difference of colours."""
CORE_STIFFNESS = 8.0
"""How many times stiffer the part between brows and chin is: eyes and mouth must keep their shape."""
LEASH = 0.06
"""Cost of any displacement."""
TEXTURE = 0.14
"""Weight of local contrast relative to colour."""
OUTLINE = 0.35
"""Weight of the parts relative to colour."""


@dataclass(frozen=True)
class Warp:
    """How the pixels of B drawings move."""

    field: Tensor
    """
    [B, 2, g, g] control points: the position in the drawing from which each place is taken, in halves of the side (x,
    y).
    """

    def applied(self, pictures: Tensor) -> Tensor:
        """Pictures [B, C, S, S] in [0, 1], warped; the border is repeated."""
        return _moved(pictures, self.field).clamp(0, 1)

    def applied_to_masks(self, masks: Tensor) -> Tensor:
        """Masks [B, K, S, S] in [0, 1], moved; all are 0 beyond the border, where nothing was drawn."""
        return _moved(masks, self.field, padding="zeros").clamp(0, 1)


def register(
    drawn: Tensor,
    portrait: Tensor,
    weight: Tensor,
    core: Tensor,
    outlines: tuple[Tensor, Tensor] | None = None,
    start: Warp | None = None,
) -> Warp:
    """
    The warp that brings drawings closest to a portrait.

    Args:
        drawn: [B, 3, n, n] in [0, 1], in the portrait's colours, n at least 64.
        portrait: [B or 1, 3, m, m] in [0, 1], m at least 64.
        weight: [B or 1, 1, k, k], the weight of each pixel.
        core: [B, 1, j, j], at least 0: 1 where the drawing is CORE_STIFFNESS times stiffer than elsewhere.
        outlines: masks [B, 4, i, i] of the drawings and parts [1, 4, k, k] of the portrait, i and k at least 64.
        start: the warp of the previous frame; this one is a few steps away from it, so that nothing jumps.
    """
    B = len(drawn)
    field = drawn.new_zeros(B, 2, LEVELS[0][1], LEVELS[0][1]) if start is None else start.field
    for side, points, steps in LEVELS if start is None else FOLLOWING:
        moving, still = _features(_at(drawn, side)), _features(_at(portrait, side))
        if outlines is not None:
            moving = torch.cat([moving, OUTLINE * _at(outlines[0], side)], 1)
            still = torch.cat([still, OUTLINE * _at(outlines[1], side)], 1)
        still = still.expand(B, -1, -1, -1)
        counts = _at(weight, side)
        stiff = STIFFNESS * (1 + (CORE_STIFFNESS - 1) * _at(core, points).clamp(min=0))
        field = _grid(field, points)
        with torch.enable_grad():
            field = _descended(field, moving, still, counts, stiff, steps)
    return Warp(field)


def _descended(field: Tensor, moving: Tensor, still: Tensor, counts: Tensor, stiff: Tensor, steps: int) -> Tensor:
    field = field.detach().requires_grad_(True)
    mean, power = torch.zeros_like(field), torch.zeros_like(field)
    points = field.shape[2]
    for step in range(1, steps + 1):
        difference = (_moved(moving, field) - still).square().sum(1, keepdim=True)
        data = ((difference + 4e-4).sqrt() * counts).mean((1, 2, 3)) / counts.mean((1, 2, 3))
        across = (field[..., 1:] - field[..., :-1]).square().sum(1, keepdim=True) * stiff[..., 1:]
        down = (field[..., 1:, :] - field[..., :-1, :]).square().sum(1, keepdim=True) * stiff[..., 1:, :]
        bending = (across.mean((1, 2, 3)) + down.mean((1, 2, 3))) * (points / 2) ** 2
        cost = data + bending + LEASH * field.square().mean((1, 2, 3))
        (slope,) = torch.autograd.grad(cost.sum(), field)
        with torch.no_grad():
            field -= _adam_step(mean, power, slope, step)
    return field.detach()


# One Adam step (Kingma & Ba 2015); updates both moments in place. torch.optim would first load torch's compiler, which
# takes longer than the registration.
def _adam_step(mean: Tensor, power: Tensor, slope: Tensor, step: int) -> Tensor:
    mean.lerp_(slope, 1 - 0.9)
    power.mul_(0.999).addcmul_(slope, slope, value=1 - 0.999)
    deviation = power.sqrt() / (1 - 0.999**step) ** 0.5 + 1e-8
    change: Tensor = mean / deviation * (RATE / (1 - 0.9**step))
    return change


# Colours, and brightness relative to the surroundings: features agree even where light and tone do not.
def _features(picture: Tensor) -> Tensor:
    side = picture.shape[2]
    luma = picture.mean(1, keepdim=True)
    above = luma - blurred(luma, side / 20)
    contrast = (blurred(above.square(), side / 20) + 0.02**2).sqrt()
    return torch.cat([picture, TEXTURE * above / contrast], 1)


def _moved(pictures: Tensor, field: Tensor, padding: str = "border") -> Tensor:
    B, _, height, width = pictures.shape
    unmoved = torch.eye(2, 3, device=pictures.device).expand(B, -1, -1)
    places = F.affine_grid(unmoved, [B, 1, height, width], align_corners=False)
    shift = _grid(field, height).permute(0, 2, 3, 1)
    mode = "bicubic" if height > 128 else "bilinear"
    return F.grid_sample(pictures, places + shift, mode=mode, padding_mode=padding, align_corners=False)


def _grid(field: Tensor, side: int) -> Tensor:
    return F.interpolate(field, (side, side), mode="bicubic", align_corners=True)


def _at(picture: Tensor, side: int) -> Tensor:
    return resize(picture, side, side)
