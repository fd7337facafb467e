"""
Parts of a small portrait: which pixels show face, hair, cloth and background. The search for a drawn face uses them to
compare outlines, and detail is joined where the parts agree. Trained by `training/train_parts.py`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depixel.priors.stylegan_prior import over_grey
from depixel.priors.weights import RELEASED, load_network

RELEASED_PARTS = RELEASED / "parts-faces.safetensors"
SIDE = 64
"""Pixels per side at which portraits are segmented."""
PARTS = ("face", "hair", "cloth", "background")
"""In the order of `portrait.rendering.MASKS`."""
_WIDTHS = (20, 40, 64, 96)


class PartsNetwork(nn.Module):
    """
    RGB [B, 3, 64, 64] in [-1, 1] => logits [B, 4, 64, 64] in the order of PARTS.

    A U-Net (Ronneberger et al. 2015, arXiv 1505.04597) that halves the size three times.
    """

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList()
        inputs = 3
        for width in _WIDTHS:
            self.down.append(_block(inputs, width))
            inputs = width
        self.up = nn.ModuleList()
        for width in reversed(_WIDTHS[:-1]):
            self.up.append(_block(inputs + width, width))
            inputs = width
        self.last = nn.Conv2d(inputs, len(PARTS), 1)

    def forward(self, x: Tensor) -> Tensor:
        levels: list[Tensor] = []
        for k, block in enumerate(self.down):
            x = block(F.avg_pool2d(x, 2) if k else x)
            levels.append(x)
        for block, level in zip(self.up, reversed(levels[:-1]), strict=True):
            x = block(torch.cat([F.interpolate(x, level.shape[2:], mode="nearest"), level], 1))
        logits: Tensor = self.last(x)
        return logits


class PartsFinder:
    """Segments portraits with a trained network."""

    def __init__(self, network: PartsNetwork, device: torch.device) -> None:
        self.network = network.eval().requires_grad_(False).to(device)
        self.device = device

    @classmethod
    def from_weights(cls, path: Path = RELEASED_PARTS, device: torch.device | None = None) -> PartsFinder:
        """
        The released network, or another one.

        Raises:
            WeightsError: the file is missing, damaged or holds another network.
        """
        network = load_network(PartsNetwork(), path, "parts", "a network that finds the parts of portraits")
        return cls(network, device or torch.device("cpu"))

    @torch.no_grad()
    def find(self, portraits: Tensor) -> Tensor:
        """
        Probabilities [B, 4, 64, 64] in the order of PARTS; they sum to 1.

        Args:
            portraits: [B, 4, h, w] premultiplied RGBA in [0, 1], each filled by one face; transparent pixels count as
                grey.
        """
        probabilities: Tensor = self.network(resampled(over_grey(portraits).to(self.device)) * 2 - 1).softmax(1)
        return probabilities


@lru_cache(maxsize=2)
def released_parts(device: str = "cpu") -> PartsFinder:
    """The released network on a device, loaded once."""
    return PartsFinder.from_weights(device=torch.device(device))


def resampled(pictures: Tensor) -> Tensor:
    """[B, 3, h, w] => [B, 3, SIDE, SIDE], antialiased where the picture shrinks."""
    if pictures.shape[2:] == (SIDE, SIDE):
        return pictures
    large = F.interpolate(pictures, (SIDE, SIDE), mode="bicubic", antialias=True, align_corners=False)
    return large.clamp(0, 1)


def _block(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
    )  # fmt: skip
