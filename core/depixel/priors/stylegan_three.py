"""StyleGAN3-t's generator, written from the paper (Karras et al., NeurIPS 2021, arXiv 2106.12423), for other people's
weights.

Conventions as in `depixel.priors.stylegan`: RGB about [-1, 1]; w+ is [B, L, d] with L = layers: one style for the
Fourier features and one for each layer, the last of which makes RGB. There is no noise. Every layer filters around its
nonlinearity (section 3.2); the filters are stored with the weights, the sizes follow from the schedule of appendix C.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depixel.priors.stylegan import Linear, MappingNetwork

FIRST_CUTOFF, FIRST_STOPBAND, LAST_STOPBAND = 2.0, 2.0**2.1, 2.0**0.3  # the last one times the last cutoff
CRITICAL, MARGIN, TAPS, OUTPUT_SCALE = 2, 10, 6, 0.25
CLAMP = 256.0  # of activations


@dataclass(frozen=True)
class SpecThree:
    """Everything needed to build a `GeneratorThree`."""

    resolution: int
    latent: int  # d: numbers in w
    noise_latent: int  # numbers in z
    channels: tuple[int, ...]  # feature maps after each layer except the RGB layer
    mapping_layers: int = 2

    @property
    def layers(self) -> int:
        """L: number of styles per picture."""
        return len(self.channels) + 2

    def to_json(self) -> str:
        """One line of JSON for the metadata of a safetensors file."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> SpecThree:
        """Inverse of `to_json`; unknown keys are ignored."""
        fields = {k: v for k, v in json.loads(text).items() if k in SpecThree.__dataclass_fields__}
        fields["channels"] = tuple(fields["channels"])
        return SpecThree(**fields)


@dataclass(frozen=True)
class Band:
    """Size and bandwidth of one layer's output."""

    size: int  # pixels per side, margins included
    rate: int  # samples over the unit square
    cutoff: float  # frequency that is kept


def schedule(resolution: int, count: int) -> list[Band]:
    """Bands of `count` layers and the RGB layer after them (appendix C)."""
    bands = []
    last_cutoff = resolution / 2
    for k in range(count + 1):
        exponent = min(k / (count - CRITICAL), 1.0)
        cutoff = FIRST_CUTOFF * (last_cutoff / FIRST_CUTOFF) ** exponent
        stopband = FIRST_STOPBAND * (last_cutoff * LAST_STOPBAND / FIRST_STOPBAND) ** exponent
        rate = int(2 ** math.ceil(math.log2(min(stopband * 2, resolution))))
        size = resolution if k >= count - 1 else rate + 2 * MARGIN
        bands.append(Band(size, rate, cutoff))
    return bands


class FourierInput(nn.Module):
    """w -> feature map of sines, rotated and shifted according to the style (section 3.1)."""

    def __init__(self, latent: int, channels: int, band: Band) -> None:
        super().__init__()
        self.band = band
        self.affine = Linear(latent, 4)
        self.weight = nn.Parameter(torch.randn(channels, channels))
        self.register_buffer("freqs", torch.randn(channels, 2))
        self.register_buffer("phases", torch.rand(channels) - 0.5)
        self.register_buffer("transform", torch.eye(3))
        self.freqs: Tensor
        self.phases: Tensor
        self.transform: Tensor

    def forward(self, w: Tensor) -> Tensor:
        # Rotation, then shift, then the file's own transform.
        t = self.affine(w)
        t = t / t[:, :2].norm(dim=1, keepdim=True)
        turn = torch.eye(3, device=w.device).repeat(len(w), 1, 1)
        turn[:, 0, 0], turn[:, 0, 1], turn[:, 1, 0], turn[:, 1, 1] = t[:, 0], -t[:, 1], t[:, 1], t[:, 0]
        shift = torch.eye(3, device=w.device).repeat(len(w), 1, 1)
        shift[:, 0, 2], shift[:, 1, 2] = -t[:, 2], -t[:, 3]
        matrix = turn @ shift @ self.transform
        phases = self.phases + (self.freqs @ matrix[:, :2, 2:])[:, :, 0]  # [B, C]
        freqs = self.freqs @ matrix[:, :2, :2]  # [B, C, 2]
        # Frequencies beyond the band fade out, so that rotation does not cause aliasing.
        room = self.band.rate / 2 - self.band.cutoff
        amplitudes = (1 - (freqs.norm(dim=2) - self.band.cutoff) / room).clamp(0, 1)
        reach = 0.5 * self.band.size / self.band.rate
        axis = ((torch.arange(self.band.size, device=w.device) + 0.5) * 2 / self.band.size - 1) * reach
        angle = (
            axis[None, None, :, None] * freqs[:, None, None, :, 0]
            + axis[None, :, None, None] * freqs[:, None, None, :, 1]
        )
        x = torch.sin((angle + phases[:, None, None]) * (2 * math.pi)) * amplitudes[:, None, None]
        x = x @ (self.weight / math.sqrt(self.weight.shape[0])).t()
        features: Tensor = x.permute(0, 3, 1, 2).contiguous()
        return features


class Layer(nn.Module):
    """Modulated convolution, then leaky ReLU at a higher rate between two low-pass filters; RGB has neither."""

    def __init__(self, latent: int, inputs: int, outputs: int, before: Band, after: Band, rgb: bool) -> None:
        super().__init__()
        kernel = 1 if rgb else 3
        self.rgb = rgb
        rate = max(before.rate, after.rate) * (1 if rgb else 2)
        self.up, self.down = rate // before.rate, rate // after.rate
        up_taps = TAPS * self.up if self.up > 1 and not rgb else 1
        down_taps = TAPS * self.down if self.down > 1 and not rgb else 1
        padding = (after.size - 1) * self.down + 1 - (before.size + kernel - 1) * self.up + up_taps + down_taps - 2
        low = (padding + self.up) // 2
        self.padding = (low, padding - low)
        self.affine = Linear(latent, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("magnitude_ema", torch.ones(()))
        self.register_buffer("up_filter", torch.ones(up_taps) / up_taps)
        self.register_buffer("down_filter", torch.ones(down_taps) / down_taps)
        self.magnitude_ema: Tensor
        self.up_filter: Tensor
        self.down_filter: Tensor

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w)
        gain = self.magnitude_ema.rsqrt()
        if self.rgb:
            style = style / math.sqrt(self.weight[0].numel())
            x = F.conv2d(x * (style * gain)[:, :, None, None], self.weight)
        else:
            style = style * style.square().mean(1, keepdim=True).rsqrt()
            weight = self.weight * self.weight.square().mean((1, 2, 3), keepdim=True).rsqrt()
            demodulation = torch.rsqrt(style.square() @ weight.square().sum((2, 3)).t() + 1e-8)
            x = F.conv2d(x * style[:, :, None, None], weight, padding=2) * (demodulation * gain)[:, :, None, None]
        x = x + self.bias[:, None, None]
        x = _filter(_insert_zeros(x, self.up, self.padding), self.up_filter, self.up)
        if not self.rgb:
            x = F.leaky_relu(x, 0.2) * math.sqrt(2.0)
        x = _filter(x.clamp(-CLAMP, CLAMP), self.down_filter, 1.0)
        return x[:, :, :: self.down, :: self.down]


class SynthesisThree(nn.Module):
    """w+ -> picture; called like `stylegan.Synthesis`, but noise is ignored."""

    def __init__(self, spec: SpecThree) -> None:
        super().__init__()
        self.resolution = spec.resolution
        bands = schedule(spec.resolution, len(spec.channels))
        channels = [spec.channels[0], *spec.channels, 3]
        self.input = FourierInput(spec.latent, channels[0], bands[0])
        before = [bands[0], *bands[:-1]]
        self.layers = nn.ModuleList(
            Layer(spec.latent, channels[k], channels[k + 1], before[k], band, rgb=k == len(spec.channels))
            for k, band in enumerate(bands)
        )

    def noise_sizes(self) -> list[int]:
        """None: this family has no noise."""
        return []

    def forward(self, w_plus: Tensor, noise: Mapping[int, Tensor] | None = None) -> Tensor:
        """[B, L, d] -> RGB [B, 3, R, R], about [-1, 1], not clamped."""
        x = self.input(w_plus[:, 0])
        for k, layer in enumerate(self.layers):
            x = layer(x, w_plus[:, k + 1])
        return x * OUTPUT_SCALE  # type: ignore[no-any-return]


class GeneratorThree(nn.Module):
    """Mapping and synthesis together."""

    def __init__(self, spec: SpecThree) -> None:
        super().__init__()
        self.spec = spec
        self.mapping = MappingNetwork(spec.noise_latent, spec.latent, spec.mapping_layers, 0.01)
        self.synthesis = SynthesisThree(spec)


# n -> n * up by zeros after each sample, then padded; negative padding crops.
def _insert_zeros(x: Tensor, up: int, padding: tuple[int, int]) -> Tensor:
    batch, channels, height, width = x.shape
    x = F.pad(x[:, :, :, None, :, None], (0, up - 1, 0, 0, 0, up - 1)).reshape(batch, channels, height * up, width * up)
    return F.pad(x, padding * 2)


# A separable low-pass over both axes without padding; `gain` per axis makes up for inserted zeros.
def _filter(x: Tensor, taps: Tensor, gain: float) -> Tensor:
    k = (taps.flip(0) * gain).to(x.dtype)
    if k.numel() == 1:
        return x * k.square()
    groups = x.shape[1]
    x = F.conv2d(x, k[None, None, None, :].expand(groups, 1, 1, -1), groups=groups)
    return F.conv2d(x, k[None, None, :, None].expand(groups, 1, -1, 1), groups=groups)
