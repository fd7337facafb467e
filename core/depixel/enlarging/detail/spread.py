"""How much detail a texture lost when it was reduced: as a standard deviation for each small pixel, in two bands."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BANDS = 2
"""Middle and fine: what a binomial blur over five large pixels keeps of the lost detail, and what it removes."""
FACTORS = (2, 4, 8)
"""Enlargements that the network was trained for; values between them are interpolated."""

REACH = 10  # small pixels on each side on which a value depends

_CHANNELS = 24
_FEATURES = 7
_TINY = 1e-3
_FLAT = 1.5 / 255  # difference up to which neighbours count as equal
_FLAT_SHARE, _OVER = 0.5, 0.3  # fraction of equal neighbours from which it is no surface; width of the transition
_EDGE = 3  # small pixels on each side of an edge that the network mistakes for rough
_NEAREST = 4  # smallest period of a pattern in small pixels
_SURROUNDINGS = 6  # small pixels on each side that determine how steep a surface is
_SEVERAL = 1.6  # times as steep on the whole: beyond it, there are edges
_CROSS = ((1, 0), (-1, 0), (0, 1), (0, -1))
_UNEVEN = 1.6  # times as much as in the surroundings: detail varies this much within a surface
_GLOW = 1.0  # the light that everything here gets: this many standard deviations below the mean
_LIT = 0.4  # largest detail of a surface, as a fraction of that light; glowing veins on black get none
_LEAST = 9.0  # natural logarithm of the inverse variance that an untrained network returns
_LUMA = (0.299, 0.587, 0.114)


def luma(picture: Tensor) -> Tensor:
    """[B, 3 or 4, H, W] => [B, 1, H, W], of the premultiplied colour."""
    weights = picture.new_tensor(_LUMA)[:, None, None]
    return (picture[:, :3] * weights).sum(1, keepdim=True)


def bands(detail: Tensor) -> Tensor:
    """[B, 1, H, W] => [B, BANDS, H, W], which add up to it."""
    kernel = detail.new_tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    around = F.pad(detail, (2, 2, 2, 2), mode="replicate")
    middle = F.conv2d(F.conv2d(around, kernel.view(1, 1, 1, 5)), kernel.view(1, 1, 5, 1))
    return torch.cat([middle, detail - middle], 1)


class SpreadNetwork(nn.Module):
    """[B, 4, h, w] premultiplied RGBA in [0, 1] => logarithms of variances, [B, len(FACTORS) * BANDS, h, w]."""

    def __init__(self) -> None:
        super().__init__()

        def wide(inputs: int) -> nn.Conv2d:
            return nn.Conv2d(inputs, _CHANNELS, 3, padding=1, padding_mode="replicate")

        self.layers = nn.Sequential(
            wide(_FEATURES), nn.ReLU(), wide(_CHANNELS), nn.ReLU(), nn.Conv2d(_CHANNELS, _CHANNELS, 1), nn.ReLU()
        )
        self.last = nn.Conv2d(_CHANNELS, len(FACTORS) * BANDS, 1)

    def forward(self, small: Tensor) -> Tensor:
        logarithms: Tensor = self.last(self.layers(_features(small))) - _LEAST
        return logarithms

    def deviations(self, small: Tensor, factor: int) -> Tensor:
        """[B, BANDS, h, w]: standard deviations on [0, 1] of what an enlargement by `factor` lacks."""
        values = self(small).unflatten(1, (len(FACTORS), BANDS))
        place = min(max(math.log2(factor) - 1, 0.0), len(FACTORS) - 1.0)
        low = min(int(place), len(FACTORS) - 2)
        return torch.lerp(values[:, low], values[:, low + 1], place - low).mul(0.5).exp()


def of_surfaces(deviations: Tensor, small: Tensor) -> Tensor:
    """
    Standard deviations [B, BANDS, h, w] where the picture [B, 4, h, w] is a surface: none in flat places, and next to
    an edge between two surfaces no more than on them (an opening: Serra 1982). None in glows on black either: detail of
    a surface is a fraction of the light on it.
    """
    colour = small[:, :3]
    steps = [(_shifted(colour, *way) - colour).abs().amax(1, keepdim=True) for way in ((1, 0), (0, 1))]
    flat = torch.stack([(step <= _FLAT).to(colour.dtype) for step in steps]).mean(0)
    rough = ((_FLAT_SHARE - _mean(flat, 3)) / _OVER).clamp(0, 1) * (1 - _mean(flat, 1)).sqrt()
    opened = _largest(-_largest(-deviations, _EDGE), _EDGE)
    down = (_shifted(colour, 1, 0) - _shifted(colour, -1, 0)).abs().amax(1, keepdim=True)
    right = (_shifted(colour, 0, 1) - _shifted(colour, 0, -1)).abs().amax(1, keepdim=True)
    steep = torch.maximum(down, right)
    usual = _mean(steep.sqrt(), _SURROUNDINGS).square()  # to which a few steep edges add little
    surface = (_SEVERAL * usual / _mean(steep, 2).clamp_min(_FLAT / 2)).clamp(0, 1).square()
    grey = luma(small)
    mean = _mean(grey, _EDGE)
    spread = (_mean(grey.square(), _EDGE) - mean.square()).clamp_min(0).sqrt()
    lit = _LIT * (mean - _GLOW * spread).clamp_min(0)
    return torch.minimum(torch.minimum(deviations, _UNEVEN * opened), lit) * rough * surface


def regularity(small: Tensor) -> float:
    """
    How nearly a picture [1, 4, h, w] repeats itself, 0 to 1: the largest autocorrelation, at distances from _NEAREST to
    half the picture, of what a mean over the surroundings does not explain.
    """
    height, width = small.shape[2:]
    if min(height, width) < 4 * _NEAREST:
        return 0.0
    grey = luma(small)
    rough = (grey - _mean(grey, 4))[0, 0]

    def products(plane: Tensor) -> Tensor:
        size = (2 * height, 2 * width)
        shifted: Tensor = torch.fft.fftshift(torch.fft.irfft2(torch.fft.rfft2(plane, s=size).abs().square(), s=size))
        return shifted

    likeness = products(rough) / products(torch.ones_like(rough)).clamp_min(1)
    likeness = likeness / likeness[height, width].clamp_min(1e-9)
    inner = likeness[
        height - height // 2 : height + height // 2 + 1, width - width // 2 : width + width // 2 + 1
    ].clone()
    down, right = height // 2, width // 2
    inner[down - _NEAREST + 1 : down + _NEAREST, right - _NEAREST + 1 : right + _NEAREST] = 0
    return float(inner.max().clamp(0, 1))


def evenness(small: Tensor) -> float:
    """
    How evenly rough a picture [1, 4, h, w] is, 0 to 1: the median of its curvature divided by the mean. It is 0.5 or
    more for surfaces, and near 0 for painted faces and signs, which are mostly smooth. The most frequent colour, which
    may fill the space between the parts of an atlas, does not count.
    """
    levels = (small[0].flatten(1) * 255).round().to(torch.int64)
    colours = (levels * levels.new_tensor([[1 << 24], [1 << 16], [1 << 8], [1]])).sum(0)
    values, counts = colours.unique(return_counts=True)
    curve = _curve(luma(small)).flatten()[colours != values[counts.argmax()]]
    return float(curve.median() / curve.mean().clamp_min(1e-9)) if len(curve) else 0.0


# Difference from the mean of four neighbours.
def _curve(grey: Tensor) -> Tensor:
    return torch.stack([grey - _shifted(grey, *way) for way in _CROSS]).mean(0).abs()


def _shifted(plane: Tensor, down: int, right: int) -> Tensor:
    around = F.pad(plane, (1, 1, 1, 1), mode="replicate")
    return around[..., 1 + down : 1 + down + plane.shape[2], 1 + right : 1 + right + plane.shape[3]]


def _mean(plane: Tensor, reach: int) -> Tensor:
    return F.avg_pool2d(F.pad(plane, (reach,) * 4, mode="replicate"), 2 * reach + 1, 1)


# Largest value within `reach` pixels, in a square.
def _largest(plane: Tensor, reach: int) -> Tensor:
    return F.max_pool2d(F.pad(plane, (reach,) * 4, mode="replicate"), 2 * reach + 1, 1)


# Brightness, and logarithms of the roughness of the surroundings: faint and strong textures differ by an offset.
def _features(small: Tensor) -> Tensor:
    grey = luma(small)
    five = F.pad(grey, (2, 2, 2, 2), mode="replicate")
    three = five[..., 1:-1, 1:-1]
    variances = [
        (F.avg_pool2d(around.square(), side, 1) - F.avg_pool2d(around, side, 1).square()).clamp_min(0)
        for around, side in ((three, 3), (five, 5))
    ]
    right, left = three[..., 1:-1, 2:], three[..., 1:-1, :-2]
    below, above = three[..., 2:, 1:-1], three[..., :-2, 1:-1]
    curve = (4 * grey - right - left - below - above).abs()
    steps = [(right - left).abs(), (below - above).abs()]
    colour = small[:, :3].amax(1, keepdim=True) - small[:, :3].amin(1, keepdim=True)
    logarithms = [(value + _TINY**2).log() / 4 for value in variances]
    logarithms += [(value + _TINY).log() / 2 for value in (curve, *steps)]
    return torch.cat([grey, *logarithms, colour], 1)
