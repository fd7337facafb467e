"""StyleGAN2's generator, written from the paper (Karras et al., CVPR 2020, arXiv 1912.04958).

Conventions: NCHW; pictures inside this module are RGB in [-1, 1]; z and w are [B, d]; w+ is [B, L, d] with
L = 2 log2(resolution) - 2 layers. The layout of tensors follows the published one closely enough that the official
weights can be copied in (see `depixel.priors.importers`).
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BLUR = (1.0, 3.0, 3.0, 1.0)  # binomial low-pass kernel of the paper, one axis


@dataclass(frozen=True)
class GeneratorSpec:
    """Everything needed to build a `Generator`; stored in the metadata of the weights."""

    resolution: int = 128  # pixels per side of the picture, a power of two
    latent: int = 192  # d: numbers in w
    noise_latent: int = 192  # numbers in z, usually equal to d
    channels: tuple[int, ...] = (160, 160, 128, 96, 48, 24)  # feature maps at 4, 8, 16, ... pixels
    mapping_layers: int = 4  # fully connected layers from z to w
    mapping_rate: float = 0.01  # learning rate multiplier of the mapping network
    mapped_input: bool = True  # the 4x4 input also depends on w (False: the paper's constant)
    map_channels: tuple[
        int, ...
    ] = ()  # channels of the first convolutions' noise maps; the others have one, as in the paper
    residual: bool = (
        False  # skip connections around each block (figure 7c of the paper); RGB then comes from the last block
    )

    def __post_init__(self) -> None:
        if self.resolution < 4 or self.resolution & (self.resolution - 1):
            raise ValueError(f"resolution {self.resolution} is not a power of two of at least 4")
        if len(self.channels) != self.levels:
            raise ValueError(f"{self.resolution} pixels need {self.levels} channel counts, got {len(self.channels)}")

    @property
    def levels(self) -> int:
        """Number of resolutions from 4x4 up."""
        return int(math.log2(self.resolution)) - 1

    @property
    def layers(self) -> int:
        """L: number of styles per picture."""
        return 2 * self.levels

    def to_json(self) -> str:
        """One line of JSON for the metadata of a safetensors file."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> GeneratorSpec:
        """Inverse of `to_json`; unknown keys are ignored, missing ones get their defaults."""
        fields = {k: v for k, v in json.loads(text).items() if k in GeneratorSpec.__dataclass_fields__}
        for key in ("channels", "map_channels"):
            if key in fields:
                fields[key] = tuple(fields[key])
        return GeneratorSpec(**fields)


class Linear(nn.Module):
    """Fully connected layer with equalised learning rate: gain / sqrt(inputs) at run time (Karras et al. 2018)."""

    def __init__(self, inputs: int, outputs: int, bias: float = 0.0, rate: float = 1.0, activate: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.rate = rate
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        y = F.linear(x, self.weight * (self.rate / math.sqrt(self.weight.shape[1])), self.bias * self.rate)
        return F.leaky_relu(y, 0.2) * math.sqrt(2.0) if self.activate else y


class MappingNetwork(nn.Module):
    """z -> w: pixel norm, then fully connected layers with leaky ReLU (section 2 of the StyleGAN paper)."""

    def __init__(self, inputs: int, outputs: int, layers: int, rate: float) -> None:
        super().__init__()
        sizes = [inputs] + [outputs] * layers
        self.layers = nn.ModuleList(Linear(a, b, rate=rate, activate=True) for a, b in itertools.pairwise(sizes))

    def forward(self, z: Tensor) -> Tensor:
        x = z.float() * torch.rsqrt(z.float().square().mean(1, keepdim=True) + 1e-8)
        for layer in self.layers:
            x = layer(x)
        return x


class Synthesis(nn.Module):
    """w+ -> picture, by blocks of doubling size whose RGB skips are summed (figure 7b of the paper)."""

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        c = spec.channels
        self.resolution = spec.resolution
        self.const = nn.Parameter(torch.randn(c[0], 4, 4))
        self.input = Linear(spec.latent, c[0] * 16) if spec.mapped_input else None
        wide = itertools.chain(spec.map_channels, itertools.repeat(1))
        convs = [StyledConv(c[0], c[0], spec.latent, 4, map_channels=next(wide))]
        to_rgb = [ToRGB(c[0], spec.latent)]
        for level in range(1, spec.levels):
            size = 4 << level
            convs.append(StyledConv(c[level - 1], c[level], spec.latent, size, True, next(wide)))
            convs.append(StyledConv(c[level], c[level], spec.latent, size, False, next(wide)))
            to_rgb.append(ToRGB(c[level], spec.latent))
        self.convs = nn.ModuleList(convs)
        self.to_rgb = nn.ModuleList(to_rgb)
        self.short_cuts: nn.ModuleList | None = None
        if spec.residual:
            self.short_cuts = nn.ModuleList(ShortCut(a, b) for a, b in itertools.pairwise(c))

    def noise_sizes(self) -> list[int]:
        """Side of the noise map of each convolution, first to last."""
        return [conv.size for conv in self.convs if isinstance(conv, StyledConv)]

    def forward(
        self,
        w_plus: Tensor,  # [B, L, d]
        noise: Mapping[int, Tensor] | None = None,  # k -> [B, c, H, W] for the k-th convolution; others as below
        noise_mode: str = "constant",  # constant: the shipped maps | random: new ones | none
        generator: torch.Generator | None = None,  # for noise_mode="random"
        resolution: int | None = None,  # stop at this size; None = full
        dtype: torch.dtype = torch.float32,  # of feature maps; RGB and statistics stay float32
    ) -> Tensor:
        """Return RGB [B, 3, R, R], about [-1, 1], not clamped."""
        maps = noise or {}
        batch = w_plus.shape[0]
        x = self.const.unsqueeze(0).expand(batch, -1, -1, -1)
        if self.input is not None:
            x = x + self.input(w_plus[:, 0]).reshape(batch, -1, 4, 4)
        x = x.to(dtype=dtype, memory_format=torch.channels_last)

        def step(k: int, x: Tensor) -> Tensor:
            return self.convs[k](x, w_plus[:, k], maps.get(k), noise_mode, generator)  # type: ignore[no-any-return]

        x = step(0, x)
        rgb: Tensor = self.to_rgb[0](x, w_plus[:, 1])
        for level in range(1, len(self.to_rgb)):
            if resolution is not None and 4 << level > resolution:
                break
            before = x
            x = step(2 * level - 1, x)
            x = step(2 * level, x)
            if self.short_cuts is not None:
                x = (x + self.short_cuts[level - 1](before)) * math.sqrt(0.5)
            rgb = upsample(rgb) + self.to_rgb[level](x, w_plus[:, 2 * level + 1])
        return rgb


class StyledConv(nn.Module):
    """
    Modulated 3x3 convolution, noise, bias, leaky ReLU; optionally doubling the size (Equations 1 and 3).

    Beyond the paper, a noise map may have several channels: the first is added equally to all feature maps, as in the
    paper, and the others through a learned mixture, so that a map can say what is at a place and not only that
    something is there.
    """

    def __init__(
        self, inputs: int, outputs: int, latent: int, size: int, up: bool = False, map_channels: int = 1
    ) -> None:
        super().__init__()
        self.affine = Linear(latent, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.mix: nn.Parameter | None = None
        if map_channels > 1:
            self.mix = nn.Parameter(torch.randn(outputs, map_channels - 1, 1, 1) / math.sqrt(map_channels - 1))
        self.register_buffer("noise_const", torch.randn(size, size))
        self.noise_const: Tensor
        self.size = size
        self.up = up

    def forward(
        self,
        x: Tensor,
        w: Tensor,
        noise: Tensor | None = None,
        noise_mode: str = "constant",
        generator: torch.Generator | None = None,
    ) -> Tensor:
        # Modulate the input instead of the weights: the result is the same, with one ordinary convolution for the
        # batch.
        style = self.affine(w)  # [B, I]
        demodulation = torch.rsqrt(style.square() @ self.weight.square().sum((2, 3)).t() + 1e-8)  # [B, O]
        x = x * style.to(x.dtype)[:, :, None, None]
        weight = self.weight.to(x.dtype)
        if self.up:
            x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
            x = blur(x, gain=4.0)
        else:
            x = F.conv2d(x, weight.contiguous(memory_format=torch.channels_last), padding=1)

        # Noise and activation; noise enters after demodulation.
        if noise is None and noise_mode == "constant":
            noise = self.noise_const
        elif noise is None and noise_mode == "random":
            shape = (x.shape[0], 1, self.size, self.size)
            noise = torch.randn(shape, device=x.device, generator=generator)
        x = x * demodulation.to(x.dtype)[:, :, None, None]
        shift = self.bias.to(x.dtype)[:, None, None]
        if noise is not None:
            if self.mix is not None and noise.dim() == 4 and noise.shape[1] > 1:
                shift = shift + F.conv2d(noise[:, 1:].to(x.dtype), self.mix.to(x.dtype))
                noise = noise[:, :1]
            shift = shift + (noise * self.noise_strength).to(x.dtype)
        return F.leaky_relu(x + shift, 0.2) * math.sqrt(2.0)


class ShortCut(nn.Module):
    """The skip connection of the residual architecture: 1x1 convolution, then enlargement to twice the size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return upsample(F.conv2d(x, self.weight.to(x.dtype) / math.sqrt(x.shape[1])))


class ToRGB(nn.Module):
    """Modulated 1x1 convolution to RGB, without demodulation (section 4.1)."""

    def __init__(self, inputs: int, latent: int) -> None:
        super().__init__()
        self.affine = Linear(latent, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(3, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w) / math.sqrt(self.weight.shape[1])
        x = x * style.to(x.dtype)[:, :, None, None]
        return F.conv2d(x, self.weight.to(x.dtype)).float() + self.bias[:, None, None]


class Generator(nn.Module):
    """Mapping and synthesis together."""

    def __init__(self, spec: GeneratorSpec) -> None:
        super().__init__()
        self.spec = spec
        self.mapping = MappingNetwork(spec.noise_latent, spec.latent, spec.mapping_layers, spec.mapping_rate)
        self.synthesis = Synthesis(spec)

    def forward(self, z: Tensor, noise_mode: str = "constant") -> Tensor:
        """z [B, d] -> RGB [B, 3, R, R], about [-1, 1]."""
        w = self.mapping(z)
        return self.synthesis(w.unsqueeze(1).expand(-1, self.spec.layers, -1), noise_mode=noise_mode)  # type: ignore[no-any-return]


def _kernel(taps: Sequence[float], like: Tensor, gain: float) -> Tensor:
    """Outer product of a one-axis kernel with itself, summing to `gain`, one for each channel of `like`."""
    k = torch.tensor(taps, dtype=torch.float32, device=like.device)
    k = torch.outer(k, k)
    k = (k * (gain / k.sum())).to(like.dtype)
    return k.expand(like.shape[1], 1, -1, -1)


def blur(x: Tensor, gain: float = 1.0) -> Tensor:
    """Low-pass after a transposed convolution: [B, C, 2n + 1, 2m + 1] -> [B, C, 2n, 2m]."""
    return F.conv2d(x, _kernel(BLUR, x, gain), padding=1, groups=x.shape[1])


def upsample(x: Tensor) -> Tensor:
    """Double the size with the paper's kernel: [B, C, n, m] -> [B, C, 2n, 2m]."""
    return F.conv_transpose2d(x, _kernel(BLUR, x, 4.0), stride=2, padding=1, groups=x.shape[1])


def downsample(x: Tensor) -> Tensor:
    """Halve the size with the paper's kernel: [B, C, 2n, 2m] -> [B, C, n, m]."""
    return F.conv2d(x, _kernel(BLUR, x, 1.0), stride=2, padding=1, groups=x.shape[1])
