"""
The art prior: x = G(y, z) for sprites, icons and textures of any size.

A residual trunk works at the small picture's resolution on premultiplied RGBA; a sub-pixel head (Shi et al. 2016,
arXiv 1609.05158) writes the difference from bicubic enlargement; the last layer imposes A x = y. The latent z is a
small vector per input pixel that modulates every residual block; z = 0 gives the calm answer, other z give
alternatives that scale back down just as exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import asdict, dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depixel.consistency import is_binary_alpha
from depixel.degradation import Degradation
from depixel.devices import fast_at_bfloat16
from depixel.errors import WeightsError
from depixel.priors.art_int8 import PEAKS, IntegerTrunk, is_fast_here
from depixel.priors.base import LatentLayout, Latents, PriorSpec
from depixel.priors.fields import sampled_fields
from depixel.priors.imposing import impose_small
from depixel.priors.surroundings import added_to_bicubic, with_other_side
from depixel.priors.turns import NO_WRAP, TURNS, Wrap, mean_of_turns
from depixel.priors.weights import LoadedWeights, load_weights

DEGRADATIONS = ("area", "bicubic", "point")  # order of the conditioning vectors in the weights


@dataclass(frozen=True)
class ArtConfig:
    """The shape of an art network; stored with its weights."""

    channels: int = 48
    blocks: int = 12
    latent: int = 8
    scale: int = 4

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ArtConfig:
        """Unknown keys are ignored. Raises ValueError if a value is not a positive whole number."""
        fields = {key: values[key] for key in cls.__dataclass_fields__ if key in values}
        if not all(isinstance(value, int) and value > 0 for value in fields.values()):
            raise ValueError(f"a configuration of {fields}")
        return cls(**fields)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class ArtBlock(nn.Module):
    """conv, ReLU, conv with a residual; the degradation and z scale and shift the features between the convolutions."""

    def __init__(self, config: ArtConfig) -> None:
        super().__init__()
        channels = config.channels
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.condition = nn.Parameter(torch.zeros(len(DEGRADATIONS), 2 * channels))
        self.bend = nn.Conv2d(config.latent, 2 * channels, 1, bias=False)
        nn.init.zeros_(self.bend.weight)  # at the start every z gives the calm answer
        with torch.no_grad():
            self.second.weight.mul_(0.1)  # so that a deep stack of residuals starts near the identity

    def forward(
        self, x: Tensor, kind: Tensor, z: Tensor | None, valid: Tensor | None = None, wrap: Wrap = NO_WRAP
    ) -> Tensor:
        """x: [B, C, h, w]; kind: [B] index into DEGRADATIONS; z: [B, latent, h, w] or None for 0; the rest: see G."""
        scale, shift = self.condition[kind][:, :, None, None].to(x.dtype).chunk(2, 1)
        if z is not None:
            z_scale, z_shift = self.bend(z).chunk(2, 1)
            scale, shift = scale + z_scale, shift + z_shift
        y = convolve(self.first, within(x, valid), wrap)
        y = torch.addcmul(y + shift, y, scale)
        return x + convolve(self.second, within(F.relu(y), valid), wrap)


class ArtNetwork(nn.Module):
    """G without the last layer: [B, 4, h, w] => [B, 4, h*scale, w*scale], unbounded."""

    def __init__(self, config: ArtConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = nn.Conv2d(4, config.channels, 3, padding=1)
        self.blocks = nn.ModuleList(ArtBlock(config) for _ in range(config.blocks))
        self.head = nn.Conv2d(config.channels, 4 * config.scale**2, 3, padding=1)
        self.vivid = nn.Conv2d(config.channels, 4 * config.scale**2, 3, padding=1, bias=False)
        with torch.no_grad():
            self.head.weight.mul_(0.1)
            self.vivid.weight.zero_()  # like `bend`: before the spread stage every z gives the calm answer

    @property
    def receptive_field(self) -> int:
        """Small pixels on each side that can change an answer: the overlap that makes tiles exact."""
        return 2 * len(self.blocks) + 2 + 2  # stem and head; bicubic enlargement reaches two pixels

    def forward(
        self,
        small: Tensor,
        kind: Tensor,
        z: Tensor | None = None,
        valid: Tensor | None = None,
        wrap: Wrap = NO_WRAP,
        trunk: Callable[[Tensor, Tensor | None, Wrap], Tensor] | None = None,
    ) -> Tensor:
        """
        Args:
            small: [B, 4, h, w] premultiplied RGBA in [0, 1].
            kind: [B] int64, index into DEGRADATIONS.
            z: [B, latent, h, w], or None for the calm answer.
            valid: [B, 1, h, w], 1 where a picture has pixels and 0 where it was padded (by repeating its border) to
                share a batch with larger ones; inside, the answer is that of the picture alone. None = no padding.
            wrap: (x, y) axes along which the picture tiles: the answer is the same as for a picture surrounded by
                copies of itself, without the cost. Cannot be combined with `valid`.
            trunk: replaces the blocks, for z = None: (stem, valid, wrap) => [B, C, h, w].
        """
        x = stem = convolve(self.stem, within(small, valid).contiguous(memory_format=torch.channels_last), wrap)
        if trunk is not None:
            x = trunk(x, valid, wrap)
        else:
            for block in self.blocks:
                x = block(x, kind, z, valid, wrap)
        features = within(x + stem, valid)
        difference = convolve(self.head, features, wrap)
        if z is not None:  # detail whose strength follows that of z in any direction
            difference = difference + z.square().mean(1, keepdim=True) * convolve(self.vivid, features, wrap)
        return added_to_bicubic(difference, small.float(), self.config.scale, wrap)


def convolve(layer: nn.Conv2d, x: Tensor, wrap: Wrap) -> Tensor:
    """Apply a 3x3 `layer`; beyond a border is the opposite side if the picture wraps, otherwise zero."""
    if not any(wrap):
        out: Tensor = layer(x)
        return out
    return F.conv2d(with_other_side(x, 1, wrap), layer.weight, layer.bias, padding=(int(not wrap[1]), int(not wrap[0])))


def within(x: Tensor, valid: Tensor | None) -> Tensor:
    """`x` with zeros outside `valid`, as a convolution sees them beyond a border."""
    return x if valid is None else x * valid.to(x.dtype)


class ArtPrior:
    """
    `EnlargingPrior` over an `ArtNetwork`.

    Args:
        turns: number of TURNS over which each answer is averaged; 1 = one pass.
        peaks: [degradations, 2 * blocks, C], see `depixel.priors.art_int8`; None = never in int8.
    """

    def __init__(self, network: ArtNetwork, spec: PriorSpec, turns: int = 1, peaks: Tensor | None = None) -> None:
        self.network = network.eval().requires_grad_(False)
        self.turns = turns
        self.peaks = peaks
        self._trunks: dict[int, IntegerTrunk] = {}  # degradation -> blocks in int8
        for module in network.modules():  # the memory layout in which convolutions are fastest
            if isinstance(module, nn.Conv2d):
                module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)
        self._spec = spec

    @classmethod
    def load(cls, name: str = "art-small", device: torch.device | str = "cpu") -> ArtPrior:
        """Released weights by name, or a .safetensors file. Raises WeightsError."""
        return cls.from_weights(load_weights(name), device)

    @classmethod
    def from_weights(cls, weights: LoadedWeights, device: torch.device | str = "cpu") -> ArtPrior:
        """Raises WeightsError if the tensors do not fit their configuration."""
        try:
            config = ArtConfig.from_dict(weights.config)
            network = ArtNetwork(config)
            tensors = dict(weights.tensors)
            peaks = tensors.pop(PEAKS, None)
            network.load_state_dict(tensors)
            if peaks is not None:
                peaks = peaks.float().reshape(len(DEGRADATIONS), 2 * config.blocks, config.channels)
                if not (bool(peaks.isfinite().all()) and bool((peaks > 0).all())):
                    raise ValueError(f"{PEAKS} must be positive")
        except (RuntimeError, ValueError, TypeError) as error:
            raise WeightsError(
                f"The tensors of {weights.name} are not those of an art network of its own configuration; "
                f"{weights.remedy}."
            ) from error
        licence = weights.metadata.get("licence", "CC-BY-SA-4.0")
        spec = PriorSpec(weights.name, "art", config.scale, None, weights.digest, licence, network.receptive_field)
        return cls(network.to(device), spec, peaks=peaks)

    @property
    def spec(self) -> PriorSpec:
        return self._spec

    @property
    def scale(self) -> int:
        return self.network.config.scale

    @property
    def layout(self) -> dict[str, LatentLayout]:
        return {"z": LatentLayout(sphere=False)}

    @property
    def receptive_field(self) -> int:
        """Small pixels on each side that can change an answer, without the last layer."""
        return self.network.receptive_field

    def ensemble(self, turns: int) -> ArtPrior:
        """This prior, with answers averaged over `turns` (1 ... 8) flips and rotations of picture and latents."""
        other = copy(self)  # shares the network
        other.turns = turns
        return other

    def encode(self, small: Tensor, degradation: Degradation) -> Latents:
        """z = 0: {"z": [B, latent, h, w]}."""
        batch, _, height, width = small.shape
        return {"z": small.new_zeros(batch, self.network.config.latent, height, width)}

    def sample(
        self, small: Tensor, degradation: Degradation, generator: torch.Generator, imagination: float
    ) -> Latents:
        """A smooth random field per row, drawn as in training and multiplied by `imagination`."""
        return {"z": imagination * sampled_fields(small, self.network.config.latent, generator)}

    def decode(self, latents: Latents, small: Tensor, degradation: Degradation, valid: Tensor | None = None) -> Tensor:
        """
        [B, 4, h*scale, w*scale] with A x = y if the degradation's factor is the network's scale; unclipped. `valid` as
        in `ArtNetwork`; the answer wraps as the degradation does. The trunk runs in bfloat16 where that is faster; it
        changes answers by at most a fifth of a level. Calm answers run in int8 on CPUs that are fast at it, if the
        weights store the range of each channel (see `depixel.priors.art_int8`).
        """
        z: Tensor | None = latents["z"]
        if z is not None and not z.requires_grad:
            calm = ~z.flatten(1).any(1)
            if bool(calm.all()):
                z = None
            elif bool(calm.any()):  # a calm answer is the same whatever shares its batch
                large = small.new_empty(*small.shape[:2], *(side * self.scale for side in small.shape[2:]))
                for rows, some in ((calm, None), (~calm, z[~calm])):
                    within_rows = None if valid is None else valid[rows]
                    large[rows] = self._enlarged(some, small[rows], degradation, within_rows)
                return self._imposed(large, small, degradation)
        return self._imposed(self._enlarged(z, small, degradation, valid), small, degradation)

    def _enlarged(self, z: Tensor | None, small: Tensor, degradation: Degradation, valid: Tensor | None) -> Tensor:
        kind = DEGRADATIONS.index(degradation.name)
        trunk = self._integer_trunk(kind, small) if z is None else None

        def answer(small: Tensor, z: Tensor | None, valid: Tensor | None, wrap: Wrap) -> Tensor:
            kinds = torch.full((small.shape[0],), kind, device=small.device)
            large: Tensor = self.network(small, kinds, z, valid, wrap, trunk)
            return large

        with torch.autocast(small.device.type, torch.bfloat16, enabled=fast_at_bfloat16(small.device)):
            return mean_of_turns(answer, TURNS[: self.turns], small, z, valid, degradation.wrap)

    def _imposed(self, large: Tensor, small: Tensor, degradation: Degradation) -> Tensor:
        if degradation.factor != self.network.config.scale:
            return large
        return impose_small(large, small, degradation, is_binary_alpha(small))

    def _integer_trunk(self, kind: int, small: Tensor) -> IntegerTrunk | None:
        usable = self.peaks is not None and small.device.type == "cpu" and not small.requires_grad
        if not (usable and is_fast_here()):
            return None
        if kind not in self._trunks:
            self._trunks[kind] = IntegerTrunk(self.network, cast(Tensor, self.peaks)[kind], kind)
        return self._trunks[kind]

    def penalty(self, latents: Latents) -> Tensor:
        """[B] mean square of z above 1, which did not occur in training."""
        mean_square = latents["z"].square().mean((1, 2, 3))
        return F.relu(mean_square - 1.0)
