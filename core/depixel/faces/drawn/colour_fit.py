"""
The colours of a drawn portrait, fitted in closed form: a gain for face, hair and cloth in each channel (ridge
regression towards 1), and a background that is as smooth as its visible part allows.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import resize
from depixel.portrait.rendering import Drawing

RIDGE = (0.006, 0.005, 0.001)
"""How strongly the gains of face, hair and cloth are pulled towards 1, in squared error on a whole picture."""
LOWEST, HIGHEST = 0.3, 3.0
"""Limits of the gains."""
COLOURED = 0.35
"""How much of the gain's colour hair keeps if a portrait's parts are known."""
BACKGROUND_BLUR = 0.12
"""
Standard deviation of the background's blur, as a fraction of the side: with less, missing hair would be painted into
it.
"""


@dataclass(frozen=True)
class FittedColours:
    """Fitted colours of B drawings."""

    gains: Tensor
    """[B, 3 regions (face, hair, cloth), 3 channels]."""
    background: Tensor
    """[B, 3, n, n]."""
    error: Tensor
    """[B] weighted mean squared error, on [0, 1]."""

    def take(self, index: Tensor) -> FittedColours:
        """The rows with these indices [K]."""
        return FittedColours(self.gains[index], self.background[index], self.error[index])


def fit_colours(
    drawing: Drawing, target: Tensor, weight: Tensor | None = None, parts: Tensor | None = None
) -> FittedColours:
    """
    The colours that bring drawings closest to a picture.

    Args:
        drawing: B drawings at least as large as the target.
        target: [B or 1, 3, n, n] in [0, 1].
        weight: [B or 1, 1, n, n], the weight of each pixel; None = equal weights.
        parts: [1, 4, k, k], the parts of the picture, which say where its background is visible; None = where the
            drawings leave it visible.
    """
    count, side = len(drawing.picture), target.shape[2]
    target = target.expand(count, -1, -1, -1)
    weight = torch.ones_like(target[:, :1]) if weight is None else weight.expand(count, -1, -1, -1)
    masks = resize(drawing.masks, side, side)
    regions = resize((drawing.picture[:, None] * drawing.masks[:, :3, None]).flatten(1, 2), side, side)
    regions = regions.reshape(count, 3, 3, side * side)  # [B, region, channel, pixel]
    behind = masks[:, 3:]
    seen = behind if parts is None else resize(parts[:, 3:], side, side).expand(count, -1, -1, -1)
    background = _smooth(target, seen)
    rest = (target - background * behind).flatten(2)  # [B, channel, pixel]
    counts = weight
    if parts is not None:  # hair drawn over background would take its colour
        counts = weight * (masks * resize(parts, side, side)).sum(1, keepdim=True).clamp(0, 1)
    w = counts.flatten(2)[:, :, None] / side**2  # [B, 1, 1, pixel]
    columns = regions.permute(0, 2, 3, 1)  # [B, channel, pixel, region]
    weighted = columns * w.transpose(2, 3)
    ridge = torch.tensor(RIDGE, device=target.device)
    normal = weighted.transpose(2, 3) @ columns + torch.diag(ridge)
    right = (weighted.transpose(2, 3) @ rest[..., None])[..., 0] + ridge
    gains = torch.linalg.solve(normal, right[..., None])[..., 0].clamp(LOWEST, HIGHEST)  # [B, channel, region]
    if parts is not None:  # hair already has the portrait's colour: its gain is for the light
        grey = gains.mean(1, keepdim=True)
        gains = torch.where(torch.arange(3, device=gains.device) == 1, grey + (gains - grey) * COLOURED, gains)
    answer = (columns @ gains[..., None])[..., 0] + (background * behind).flatten(2)
    error = ((answer - target.flatten(2)).square() * weight.flatten(2)).mean((1, 2)) / weight.mean((1, 2, 3))
    return FittedColours(gains.transpose(1, 2), background, error)


def recoloured(drawing: Drawing, colours: FittedColours) -> Tensor:
    """Drawings [B, 3, S, S] with the fitted gains, in front of the fitted background."""
    size = drawing.picture.shape[2]
    background = enlarged(colours.background, size)
    answer = background * drawing.masks[:, 3:]
    for region in range(3):
        answer = answer + drawing.picture * drawing.masks[:, region, None] * colours.gains[:, region, :, None, None]
    return answer.clamp(0, 1)


# The visible background, extended smoothly behind everything else (normalised convolution, Knutsson & Westin 1993).
# Pixels that the figure touches have little weight.
def _smooth(target: Tensor, behind: Tensor) -> Tensor:
    seen = (behind - 0.5).clamp(min=0) * 2 + 1e-4
    sigma = BACKGROUND_BLUR * target.shape[2]
    return blurred(target * seen, sigma) / blurred(seen, sigma)


def blurred(picture: Tensor, sigma: float) -> Tensor:
    """[B, C, H, W] blurred by a Gaussian with this standard deviation in pixels; the border repeats."""
    reach = max(1, min(round(3 * sigma), min(picture.shape[2:]) - 1))
    x = torch.arange(-reach, reach + 1, device=picture.device, dtype=picture.dtype)
    kernel = torch.exp(-0.5 * (x / sigma) ** 2)
    kernel = (kernel / kernel.sum()).expand(picture.shape[1], 1, 1, -1)
    wide = F.pad(picture, (reach, reach, reach, reach), mode="replicate")
    across = F.conv2d(wide, kernel, groups=picture.shape[1])
    return F.conv2d(across, kernel.transpose(2, 3), groups=picture.shape[1])


def enlarged(picture: Tensor, side: int) -> Tensor:
    """[B, C, h, w] => [B, C, side, side], bicubic: values may overshoot."""
    return F.interpolate(picture, (side, side), mode="bicubic", align_corners=False)
