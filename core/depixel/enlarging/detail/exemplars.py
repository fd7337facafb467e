"""
The released exemplars: crops of textures, sorted by material, and the network that estimates how much detail was lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.consistency import project
from depixel.degradation import AreaDegradation
from depixel.enlarging.cascade import enlarge
from depixel.enlarging.detail.match import Places, distances, looks
from depixel.enlarging.detail.spread import SpreadNetwork, bands, luma
from depixel.errors import WeightsError
from depixel.priors.base import EnlargingPrior
from depixel.priors.weights import RELEASED, load_weights

LARGEST = 8
"""Factor up to which detail is added at the resolution of the answer; beyond it, the detail is enlarged."""

_BORDER = 2  # small pixels between exemplars laid side by side
_EMPTY = 1e-6  # energy of detail below which an exemplar has none
_COMPARED = 256  # pixels of a picture that are compared with exemplars


@dataclass(frozen=True)
class Sources:
    """A few exemplars, reduced by `factor`, and the detail that they lost."""

    factor: int
    places: Places
    detail: Tensor  # [BANDS, H*factor, W*factor]: divided by its standard deviation; mean square 1 in each exemplar


class Exemplars:
    """
    Exemplars of one weights file.

    Args:
        name: a .safetensors file.

    Raises:
        WeightsError: the file is missing, damaged, or of another kind.
    """

    def __init__(self, name: str) -> None:
        weights = load_weights(name)
        self.spread = SpreadNetwork()
        tensors = weights.tensors
        try:
            self.materials: list[str] = [str(material) for material in weights.config["materials"]]
            self._pictures = tensors["exemplars"]
            if len(self._pictures) != len(self.materials) or self._pictures.dim() != 3:
                raise ValueError("exemplars and materials differ in number")
            prefix = "spread."
            self.spread.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
        except (RuntimeError, KeyError, ValueError, TypeError) as error:
            raise WeightsError(f"{weights.name} holds no exemplars of detail; {weights.remedy}.") from error
        self.spread.eval().requires_grad_(False)
        self._details: dict[tuple[str, int, int], Tensor] = {}
        self._looks: dict[tuple[int, int], Tensor] = {}

    def nearest(self, wanted: Tensor, factor: int, material: str, generator: torch.Generator, count: int) -> list[int]:
        """
        The numbers of the exemplars that resemble a picture most.

        Args:
            wanted: [N, D] neighbourhoods of the picture's pixels.
            material: one of `materials`, or empty for all.
            generator: chooses the pixels that are compared.
        """
        some = wanted[torch.randint(len(wanted), (min(_COMPARED, len(wanted)),), generator=generator)]
        numbers = [n for n, name in enumerate(self.materials) if not material or name == material]
        unlike = [float(distances(some, self._looks_of(n, factor)).amin(1).mean()) for n in numbers]
        return [number for _, number in sorted(zip(unlike, numbers, strict=True))[:count]]

    @torch.no_grad()
    def sources(
        self, numbers: Sequence[int], factor: int, prior: EnlargingPrior, device: torch.device
    ) -> Sources:  # fmt: skip
        """These exemplars for enlargements by `factor` (at most LARGEST) with a prior on a device."""
        side = self._side(factor) // factor
        usable = F.pad(torch.ones(side - 2, side - 2, dtype=torch.bool), (1, 1 + _BORDER, 1 + _BORDER, 1))
        looked = [self._looks_of(number, factor).T.reshape(-1, side, side) for number in numbers]
        seen = torch.cat([F.pad(each, (0, _BORDER, _BORDER, 0)) for each in looked], 1)
        edge = _BORDER * factor
        detail = [self._detail_of(number, factor, prior, device) for number in numbers]
        return Sources(
            factor,
            Places(seen.flatten(1).T.contiguous(), usable.repeat(len(numbers), 1).flatten(), side + _BORDER),
            torch.cat([F.pad(each, (0, edge, edge, 0)) for each in detail], 1),
        )

    # [BANDS, H, W], cached: each picture chooses other exemplars, but there are few in total.
    def _detail_of(self, number: int, factor: int, prior: EnlargingPrior, device: torch.device) -> Tensor:
        key = (prior.spec.digest, number, factor)
        if key not in self._details:
            degradation = AreaDegradation(factor)
            large = self._opaque(number, factor)
            small = degradation.apply(large)
            scale = self.spread.deviations(small, factor)
            scale = F.interpolate(scale, scale_factor=factor, mode="bilinear", align_corners=False)
            lost = luma(large - _calm(prior, small.to(device), degradation).cpu())
            ratio = (bands(lost) / scale)[0]
            # Exemplars are richer in detail than most textures, so they lost more than the network estimates.
            self._details[key] = ratio / ratio.square().mean((1, 2), keepdim=True).clamp_min(_EMPTY).sqrt()
        return self._details[key]

    def _looks_of(self, number: int, factor: int) -> Tensor:
        if (number, factor) not in self._looks:
            self._looks[number, factor] = looks(luma(AreaDegradation(factor).apply(self._opaque(number, factor))))
        return self._looks[number, factor]

    # One exemplar, cropped to a multiple of the factor.
    def _side(self, factor: int) -> int:
        return min(self._pictures.shape[1:]) // factor * factor

    # [1, 4, H, W] opaque grey.
    def _opaque(self, number: int, factor: int) -> Tensor:
        side = self._side(factor)
        grey = self._pictures[None, None, number, :side, :side].float() / 255
        return torch.cat([grey.expand(-1, 3, -1, -1), torch.ones_like(grey)], 1)


def _calm(prior: EnlargingPrior, small: Tensor, degradation: AreaDegradation) -> Tensor:
    answer = enlarge(prior, small, prior.encode(small, degradation), degradation)
    return project(answer, small, degradation)


@lru_cache(maxsize=4)
def exemplars(name: str = "") -> Exemplars:
    """The exemplars of a file, or the released ones, loaded once. Raises WeightsError."""
    return Exemplars(name or str(RELEASED / "detail-art.safetensors"))
