"""
Tiny priors with random weights: real generators, small enough that a search takes milliseconds on a CPU.

`TinyFaces` is style-based with a fixed size; its encoder is fitted by least squares to its own samples, so it starts
near the answer without reaching it. `TinyArt` is conditional on the small picture and works at any size.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depixel.degradation import Degradation
from depixel.priors.base import LatentLayout, Latents, PriorSpec
from depixel.search.sphere import constrain, slerp, to_sphere

LAYERS, LATENT, NATIVE = 6, 32, 32


class TinySynthesis(nn.Module):
    """w+ [B, 6, 32] and noise [B, 1, 8, 8] => [B, 4, 32, 32] in [0, 1]; alpha is 1 unless requested."""

    def __init__(self, alpha: bool) -> None:
        super().__init__()
        self.alpha = alpha
        width = 24
        self.const = nn.Parameter(torch.randn(width, 4, 4))
        self.affine = nn.ModuleList(nn.Linear(LATENT, width) for _ in range(LAYERS))
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(LAYERS))
        self.to_rgba = nn.ModuleList(nn.Conv2d(width, 4, 1) for _ in range(LAYERS))

    def forward(self, w: Tensor, noise: Tensor) -> Tensor:
        x = self.const.expand(w.shape[0], -1, -1, -1)
        total = x.new_zeros(w.shape[0], 4, 4, 4)
        for k in range(LAYERS):
            if k in (2, 3, 4):  # 4 -> 8 -> 16 -> 32 pixels
                x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
                total = F.interpolate(total, scale_factor=2, mode="bilinear", align_corners=False)
            x = F.leaky_relu(self.convs[k](x * (1 + self.affine[k](w[:, k]))[:, :, None, None]), 0.2)
            if k == 2:
                x = x + 0.05 * noise
            x = x / (x.square().mean((1, 2, 3), keepdim=True) + 1e-6).sqrt()
            total = total + self.to_rgba[k](x)
        rgba = torch.sigmoid(total)
        alpha = rgba[:, 3:] if self.alpha else torch.ones_like(rgba[:, 3:])
        return torch.cat([rgba[:, :3] * alpha, alpha], 1)


class TinyFaces:
    """A style-based `LatentPrior` of fixed size: 32 pixels, w+ on the sphere, with noise."""

    def __init__(self, seed: int = 0, alpha: bool = False) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.synthesis = TinySynthesis(alpha).eval().requires_grad_(False)
        self._spec = PriorSpec("tiny-faces", "faces", None, NATIVE, "0" * 16, "Apache-2.0")
        self._fitted: dict[tuple[int, ...], Tensor] = {}
        self.decoded = 0  # rows that went through the generator so far

    @property
    def spec(self) -> PriorSpec:
        return self._spec

    @property
    def layout(self) -> dict[str, LatentLayout]:
        return {"w": LatentLayout(sphere=True, per_layer=True), "noise": LatentLayout(sphere=True, noise=True)}

    def truth(self, count: int, seed: int = 1) -> Tensor:
        """Pictures that this generator can make: [count, 4, 32, 32], one w for all layers."""
        generator = torch.Generator().manual_seed(seed)
        w = to_sphere(torch.randn(count, 1, LATENT, generator=generator)).expand(-1, LAYERS, -1)
        pictures: Tensor = self.synthesis(w, torch.zeros(count, 1, 8, 8))
        return pictures

    def encode(self, small: Tensor, degradation: Degradation) -> Latents:
        size = (small.shape[2], small.shape[3])
        if size not in self._fitted:
            self._fitted[size] = self._fit(size)
        inputs = torch.cat([small.flatten(1), small.new_ones(small.shape[0], 1)], 1)
        w = (inputs @ self._fitted[size]).unsqueeze(1).expand(-1, LAYERS, -1)
        noise = torch.zeros(small.shape[0], 1, 8, 8)
        noise[:] = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
        return {"w": to_sphere(w), "noise": constrain(noise, self.layout["noise"])}

    def sample(
        self, small: Tensor, degradation: Degradation, generator: torch.Generator, imagination: float
    ) -> Latents:
        start = self.encode(small, degradation)
        count = small.shape[0]
        w = torch.randn(count, 1, LATENT, generator=generator).expand(-1, LAYERS, -1)
        noise = torch.randn(count, 1, 8, 8, generator=generator)
        return {
            "w": slerp(start["w"], to_sphere(w), imagination),
            "noise": constrain(noise, self.layout["noise"]) if imagination else start["noise"],
        }

    def decode(self, latents: Latents, small: Tensor, degradation: Degradation) -> Tensor:
        self.decoded += latents["w"].shape[0]
        pictures: Tensor = self.synthesis(latents["w"], latents["noise"])
        return pictures

    def penalty(self, latents: Latents) -> Tensor:
        return latents["w"].new_zeros(latents["w"].shape[0])

    # Ridge regression from small pictures to w, on 256 samples.
    def _fit(self, size: tuple[int, int]) -> Tensor:
        generator = torch.Generator().manual_seed(7)
        w = to_sphere(torch.randn(256, LATENT, generator=generator))
        with torch.no_grad():
            large = self.synthesis(w.unsqueeze(1).expand(-1, LAYERS, -1), torch.zeros(256, 1, 8, 8))
        small = F.adaptive_avg_pool2d(large, size).flatten(1)
        inputs = torch.cat([small, torch.ones(256, 1)], 1).double()
        # The dual form: 256 unknowns instead of one for each pixel.
        gram = inputs @ inputs.T + 1e-3 * torch.eye(len(inputs), dtype=torch.float64)
        solution: Tensor = inputs.T @ torch.linalg.solve(gram, w.double())
        return solution.float()


class TinyArt:
    """A conditional `LatentPrior`: x4 at any size, z = 0 is the calm answer, A x = y by its last layer if `exact`."""

    def __init__(self, seed: int = 0, exact: bool = True, channels: int = 8) -> None:
        self.exact, self.channels = exact, channels
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.first = nn.Conv2d(4 + channels, 24, 3, padding=1).requires_grad_(False)
            self.second = nn.Conv2d(24, 4 * 16, 3, padding=1).requires_grad_(False)
        self._spec = PriorSpec("tiny-art", "art", 4, None, "1" * 16, "Apache-2.0")

    @property
    def spec(self) -> PriorSpec:
        return self._spec

    @property
    def scale(self) -> int:
        return 4

    @property
    def layout(self) -> dict[str, LatentLayout]:
        return {"z": LatentLayout(sphere=False)}

    def encode(self, small: Tensor, degradation: Degradation) -> Latents:
        return {"z": small.new_zeros(small.shape[0], self.channels, *small.shape[2:])}

    def sample(
        self, small: Tensor, degradation: Degradation, generator: torch.Generator, imagination: float
    ) -> Latents:
        shape = (small.shape[0], self.channels, *small.shape[2:])
        return {"z": imagination * torch.randn(shape, generator=generator)}

    def ensemble(self, turns: int) -> TinyArt:
        """Its answers prefer no direction, so there is nothing to average."""
        return self

    def decode(self, latents: Latents, small: Tensor, degradation: Degradation) -> Tensor:
        x = torch.sin(2 * self.first(torch.cat([small, latents["z"]], 1)))
        large = F.interpolate(small, scale_factor=4, mode="bicubic", align_corners=False)
        large = large + 0.7 * F.pixel_shuffle(self.second(x), 4) / math.sqrt(24)
        if self.exact:
            large = large + degradation.pseudo_inverse(small - degradation.apply(large))
        return large

    def penalty(self, latents: Latents) -> Tensor:
        return F.relu(latents["z"].square().mean((1, 2, 3)) - 1)
