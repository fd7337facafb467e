"""A third-party x4 network (three convolutions and a pixel shuffle, random weights), as an enlarger."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from depixel.priors.enlarger import Enlarger


class ForeignNetwork(nn.Module):
    """RGB [B, 3, h, w] in [0, 1] => [B, 3, 4h, 4w]; no support for alpha, borders, batches or latents."""

    def __init__(self, channels: int = 12) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, channels, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(channels, 3 * 16, 3, padding=1),
            nn.PixelShuffle(4),
        )

    def forward(self, rgb: Tensor) -> Tensor:
        large: Tensor = self.body(rgb)
        return large + nn.functional.interpolate(rgb, scale_factor=4, mode="nearest")


def foreign_enlarger() -> Enlarger:
    """The network under the name "foreign"."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        return Enlarger("foreign", scale=4, function=ForeignNetwork().eval(), receptive_field=3)
