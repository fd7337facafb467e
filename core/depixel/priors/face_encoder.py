"""Encodes a small picture of 8 to 128 pixels as latents of a style-based generator, in one pass.

The latents are w, per-layer deltas, and the noise maps of the first layers. PULSE optimised those maps because they
hold where things are; here a small U-Net in the encoder predicts them, so that the search starts with them.

The picture is resized to a common 64x64 grid, and a constant plane holds its real size, so that one network serves all
sizes. The sizes are trained together, unlike in progressive face super-resolution (Kim et al. 2019, arXiv 1908.08239),
which adds them one after the other.
"""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GRID = 64  # pixels per side of the network's input


@dataclass(frozen=True)
class EncoderSpec:
    """Everything needed to build a `FaceEncoder`."""

    latent: int = 192  # d of the generator
    layers: int = 12  # L of the generator
    channels: tuple[int, ...] = (48, 96, 128, 128)  # feature maps at 32, 16, 8 and 4 pixels
    hidden: int = 384  # numbers between the last feature map and the latents
    upward: tuple[int, ...] = (96, 64, 48)  # feature maps of the upward path, at 8, 16 and 32 pixels
    maps: tuple[int, ...] = (4, 8, 8, 16, 16, 32, 32)  # side of the noise map of each convolution from the first on
    map_channels: tuple[int, ...] = ()  # of each map, which the generator mixes; () = one each
    depth: int = 0  # residual blocks at each step of the upward path

    def to_json(self) -> str:
        """One line of JSON for the metadata of a safetensors file."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> EncoderSpec:
        """Inverse of `to_json`; unknown keys are ignored, missing ones get their defaults."""
        fields = {k: v for k, v in json.loads(text).items() if k in EncoderSpec.__dataclass_fields__}
        for key in ("channels", "upward", "maps", "map_channels"):
            if key in fields:
                fields[key] = tuple(fields[key])
        return EncoderSpec(**fields)

    @property
    def map_shapes(self) -> list[tuple[int, int, int]]:
        """(channels, n, n) of each map."""
        return [(c, n, n) for c, n in zip(self.map_channels or (1,) * len(self.maps), self.maps, strict=True)]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a skip connection; the first halves the size if `down`."""

    def __init__(self, inputs: int, outputs: int, down: bool) -> None:
        super().__init__()
        self.down = down
        self.conv0 = nn.Conv2d(inputs, outputs, 3, stride=2 if down else 1, padding=1)
        self.conv1 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if down or inputs != outputs else None
        nn.init.zeros_(self.conv1.weight)

    def forward(self, x: Tensor) -> Tensor:
        short = F.avg_pool2d(x, 2) if self.down else x
        if self.skip is not None:
            short = self.skip(short)
        y = self.conv1(F.silu(self.conv0(F.silu(x))))
        return short + y  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Encoded:
    """The encoder's output for a batch; the per-layer latents are w + deltas."""

    w: Tensor  # [B, d]
    deltas: Tensor  # [B, L, d]
    maps: tuple[Tensor, ...]  # [B, c, n, n] for each shape of EncoderSpec.map_shapes

    @property
    def w_plus(self) -> Tensor:
        """[B, L, d]."""
        return self.w[:, None] + self.deltas


class FaceEncoder(nn.Module):
    """Small RGB picture -> `Encoded`."""

    def __init__(self, spec: EncoderSpec) -> None:
        super().__init__()
        self.spec = spec
        c = spec.channels
        self.stem = nn.Conv2d(3 * 4 + 1, c[0], 3, padding=1)
        stages: list[nn.Module] = [ResidualBlock(c[0], c[0], down=False)]
        for a, b in itertools.pairwise(c):
            stages.append(nn.Sequential(ResidualBlock(a, b, down=True), ResidualBlock(b, b, down=False)))
        self.stages = nn.ModuleList(stages)
        smallest = GRID // 2 >> (len(c) - 1)
        self.neck = nn.Linear(c[-1] * smallest**2, spec.hidden)
        self.to_w = nn.Linear(spec.hidden, spec.latent)
        self.to_deltas = nn.Linear(spec.hidden, spec.latent * spec.layers)
        nn.init.zeros_(self.to_deltas.weight)
        nn.init.zeros_(self.to_deltas.bias)
        # The upward path: one merge per stage except the smallest, one head per size of maps.
        below = [c[-1], *spec.upward[:-1]]
        self.merges = nn.ModuleList(
            nn.Conv2d(b + side, out, 3, padding=1)
            for b, side, out in zip(below, reversed(c[:-1]), spec.upward, strict=True)
        )
        self.deeper = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(out, out, down=False) for _ in range(spec.depth))) for out in spec.upward
        )
        widths = [c[-1], *spec.upward]
        self.heads = nn.ModuleList(
            nn.Conv2d(width, spec.maps.count(smallest << k), 3, padding=1) for k, width in enumerate(widths)
        )
        # The further channels of a map have a head of their own, so that older weights can be widened.
        self.further = [[ch - 1 for ch, n, _ in spec.map_shapes if n == smallest << k] for k in range(len(widths))]
        self.wide_heads = nn.ModuleDict(
            {
                str(k): nn.Conv2d(width, sum(self.further[k]), 3, padding=1)
                for k, width in enumerate(widths)
                if sum(self.further[k])
            }
        )
        for parameter in self.wide_heads.parameters():
            nn.init.zeros_(parameter)

    def forward(self, small: Tensor) -> Encoded:
        """small: RGB [B, 3, h, w] in [-1, 1], 4 to 256 pixels per side."""
        sizes = small.new_full((small.shape[0],), float(max(small.shape[-2:])))
        return self.from_grid(to_grid(small), sizes)

    def from_grid(self, grid: Tensor, sizes: Tensor, dtype: torch.dtype = torch.float32) -> Encoded:
        """grid: RGB [B, 3, 64, 64] in [-1, 1]; sizes [B]: pixels per side before `to_grid`."""
        level = (torch.log2(sizes.clamp(4, GRID)) - math.log2(GRID) + 1.5) / 1.5
        x = F.pixel_unshuffle(grid, 2)
        x = torch.cat([x, level[:, None, None, None].expand(-1, 1, *x.shape[-2:])], 1)
        with torch.autocast(x.device.type, dtype, enabled=dtype != torch.float32):
            # Down.
            x = self.stem(x.contiguous(memory_format=torch.channels_last))
            features = []
            for stage in self.stages:
                x = stage(x)
                features.append(F.silu(x))
            hidden = F.silu(self.neck(features[-1].flatten(1))).float()
            # Back up.
            x = features[-1]
            maps = self._maps(0, x)
            for k, merge in enumerate(self.merges):
                x = F.interpolate(x, scale_factor=2.0, mode="nearest")
                x = F.silu(merge(torch.cat([x, features[-2 - k]], 1)))
                x = self.deeper[k](x)
                maps += self._maps(k + 1, x)
        deltas = self.to_deltas(hidden).unflatten(1, (self.spec.layers, self.spec.latent))
        return Encoded(self.to_w(hidden), deltas, tuple(maps))

    # The maps of one size, smallest size first.
    def _maps(self, level: int, x: Tensor) -> list[Tensor]:
        maps = list(self.heads[level](x).float().split(1, 1))
        if str(level) in self.wide_heads:
            wide = self.wide_heads[str(level)](x).float().split(self.further[level], 1)
            maps = [torch.cat(pair, 1) for pair in zip(maps, wide, strict=True)]
        return maps


def to_grid(small: Tensor) -> Tensor:
    """Bring a picture of any size to the encoder's 64x64 grid: area means down, bilinear up."""
    height, width = small.shape[-2:]
    if height > GRID or width > GRID:
        small = F.interpolate(small, (min(height, GRID), min(width, GRID)), mode="area")
    if small.shape[-2:] != (GRID, GRID):
        small = F.interpolate(small, (GRID, GRID), mode="bilinear", align_corners=False)
    return small
