"""StyleGAN1's generator as PULSE used it, written from the paper (Karras et al., CVPR 2019, arXiv 1812.04948).

Conventions as in `depixel.priors.stylegan`: RGB in [-1, 1], w+ is [B, L, d] with L = 2 log2(resolution) - 2.
Differences from StyleGAN2: adaptive instance normalisation instead of modulated weights, one noise weight per channel,
noise and styles twice per resolution from 4x4 on, one RGB layer at the end. No noise is stored: it is passed or drawn.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depixel.priors.stylegan import GeneratorSpec

FUSED_FROM = 128  # from this size on the published generator enlarges with a transposed convolution


class ScaledLinear(nn.Module):
    """Fully connected layer with He scaling at run time: weight * gain * rate / sqrt(inputs)."""

    def __init__(self, inputs: int, outputs: int, gain: float, rate: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = gain * rate / math.sqrt(inputs)
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.scale, self.bias * self.rate)


class MappingNetworkOne(nn.Module):
    """z [B, d] -> w [B, d]: pixel norm, then dense layers with leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, layers: int) -> None:
        super().__init__()
        sizes = [inputs] + [outputs] * layers
        self.layers = nn.ModuleList(
            ScaledLinear(a, b, gain=math.sqrt(2.0), rate=0.01) for a, b in itertools.pairwise(sizes)
        )

    def forward(self, z: Tensor) -> Tensor:
        x = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
        return x


class Epilogue(nn.Module):
    """The steps after each convolution: noise, leaky ReLU, instance norm, style (figure 1b of the paper)."""

    def __init__(self, channels: int, latent: int) -> None:
        super().__init__()
        self.noise_weight = nn.Parameter(torch.zeros(channels))
        self.style = ScaledLinear(latent, 2 * channels, gain=1.0)

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        if noise is not None:
            x = x + self.noise_weight[:, None, None] * noise
        x = F.instance_norm(F.leaky_relu(x, 0.2))
        scale, shift = self.style(w)[:, :, None, None].chunk(2, 1)
        return x * (scale + 1) + shift  # type: ignore[no-any-return]


class Block(nn.Module):
    """One resolution: enlarge, convolve, blur, epilogue; convolve, epilogue."""

    def __init__(self, inputs: int, outputs: int, latent: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.up_weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.up_bias = nn.Parameter(torch.zeros(outputs))
        self.weight = nn.Parameter(torch.randn(outputs, outputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.first = Epilogue(outputs, latent)
        self.second = Epilogue(outputs, latent)

    def forward(self, x: Tensor, w: tuple[Tensor, Tensor], noise: tuple[Tensor | None, Tensor | None]) -> Tensor:
        up = _he(self.up_weight)
        if self.size >= FUSED_FROM:
            # The sum of the four shifted copies is a 2x2 box: nearest enlargement folded into the kernel.
            padded = F.pad(up.transpose(0, 1), (1, 1, 1, 1))
            kernel = padded[..., 1:, 1:] + padded[..., :-1, 1:] + padded[..., 1:, :-1] + padded[..., :-1, :-1]
            x = F.conv_transpose2d(x, kernel, stride=2, padding=1)
        else:
            x = F.conv2d(F.interpolate(x, scale_factor=2.0, mode="nearest"), up, padding=1)
        x = _blur(x) + self.up_bias[:, None, None]
        x = self.first(x, w[0], noise[0])
        x = F.conv2d(x, _he(self.weight), self.bias, padding=1)
        return self.second(x, w[1], noise[1])  # type: ignore[no-any-return]


class SynthesisOne(nn.Module):
    """w+ -> picture; called like `stylegan.Synthesis`."""

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        c = spec.channels
        self.resolution = spec.resolution
        self.const = nn.Parameter(torch.ones(c[0], 4, 4))
        self.const_bias = nn.Parameter(torch.zeros(c[0]))
        self.weight = nn.Parameter(torch.randn(c[0], c[0], 3, 3))
        self.bias = nn.Parameter(torch.zeros(c[0]))
        self.first = Epilogue(c[0], spec.latent)
        self.second = Epilogue(c[0], spec.latent)
        self.blocks = nn.ModuleList(Block(c[k - 1], c[k], spec.latent, 4 << k) for k in range(1, spec.levels))
        self.rgb_weight = nn.Parameter(torch.randn(3, c[-1], 1, 1))
        self.rgb_bias = nn.Parameter(torch.zeros(3))

    def noise_sizes(self) -> list[int]:
        """Side of the noise map of each layer, first to last."""
        return [4 << (k // 2) for k in range(2 * (len(self.blocks) + 1))]

    def forward(
        self,
        w_plus: Tensor,  # [B, L, d]
        noise: Mapping[int, Tensor] | None = None,  # k -> [B, 1, H, W]; others as below
        noise_mode: str = "constant",  # constant: drawn from a fixed seed | random | none
        generator: torch.Generator | None = None,  # for noise_mode="random"
    ) -> Tensor:
        """Return RGB [B, 3, R, R], about [-1, 1], not clamped."""
        maps = noise or {}
        source = generator
        if noise_mode == "constant":
            source = torch.Generator(device=w_plus.device).manual_seed(0)

        def layer_noise(k: int) -> Tensor | None:
            side = 4 << (k // 2)
            rows = w_plus.shape[0] if noise_mode == "random" else 1  # the same maps for each picture of a batch
            drawn = torch.randn((rows, 1, side, side), device=w_plus.device, generator=source)
            return maps.get(k, None if noise_mode == "none" else drawn)

        x = (self.const + self.const_bias[:, None, None]).expand(w_plus.shape[0], -1, -1, -1)
        x = self.first(x, w_plus[:, 0], layer_noise(0))
        x = F.conv2d(x, _he(self.weight), self.bias, padding=1)
        x = self.second(x, w_plus[:, 1], layer_noise(1))
        for k, block in enumerate(self.blocks, start=1):
            x = block(x, (w_plus[:, 2 * k], w_plus[:, 2 * k + 1]), (layer_noise(2 * k), layer_noise(2 * k + 1)))
        return F.conv2d(x, self.rgb_weight / math.sqrt(x.shape[1]), self.rgb_bias)


class GeneratorOne(nn.Module):
    """Mapping and synthesis together."""

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        self.spec = spec
        self.mapping = MappingNetworkOne(spec.noise_latent, spec.latent, spec.mapping_layers)
        self.synthesis = SynthesisOne(spec)


# He scaling at run time, gain sqrt(2).
def _he(weight: Tensor) -> Tensor:
    return weight * math.sqrt(2.0 / weight[0].numel())


# [1, 2, 1] low-pass on both axes.
def _blur(x: Tensor) -> Tensor:
    k = torch.tensor([1.0, 2.0, 1.0], device=x.device, dtype=x.dtype)
    k = (torch.outer(k, k) / 16.0).expand(x.shape[1], 1, -1, -1)
    return F.conv2d(x, k, padding=1, groups=x.shape[1])
