"""
The released exemplars: crops of textures, sorted by material, and the network that says how much detail a picture lost.
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
from depixel.enlarging.detail.spread import BANDS, SpreadNetwork, bands, luma
from depixel.errors import WeightsError
from depixel.priors.base import EnlargingPrior
from depixel.priors.weights import RELEASED, load_weights

LARGEST = 8
"""Factor up to which detail is laid at the resolution of the answer; beyond it, it is enlarged."""

_BORDER = 2  # small pixels between exemplars laid side by side
_COMPARED = 256  # pixels of a picture that exemplars are compared with


@dataclass(frozen=True)
class Sources:
    """A few exemplars, reduced by `factor`, and the detail that they lost by it."""

    factor: int
    places: Places
    detail: Tensor  # [BANDS, H*factor, W*factor]: divided by its standard deviation


class Exemplars:
    """
    Exemplars of one weights file.

    Args:
        name: a .safetensors file.

    Raises:
        WeightsError: it is missing, damaged, or of another kind.
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
        self._sources: dict[tuple[str, int, tuple[int, ...]], Sources] = {}
        self._looks: dict[tuple[int, int], Tensor] = {}

    def nearest(self, wanted: Tensor, factor: int, material: str, generator: torch.Generator, count: int) -> list[int]:
        """
        The numbers of the exemplars that look most like a picture.

        Args:
            wanted: [N, D] looks of the picture's pixels.
            material: one of `materials`, or empty for all.
            generator: of the pixels that are compared.
        """
        some = wanted[torch.randint(len(wanted), (min(_COMPARED, len(wanted)),), generator=generator)]
        numbers = [n for n, name in enumerate(self.materials) if not material or name == material]
        unlike = [float(distances(some, self._looks_of(n, factor)).amin(1).mean()) for n in numbers]
        return [number for _, number in sorted(zip(unlike, numbers, strict=True))[:count]]

    @torch.no_grad()
    def sources(
        self, numbers: Sequence[int], factor: int, prior: EnlargingPrior, device: torch.device
    ) -> Sources:  # fmt: skip
        """These exemplars for enlargements by `factor` (at most LARGEST) with a prior on a device; kept for later."""
        key = (prior.spec.digest, factor, tuple(numbers))
        if key not in self._sources:
            self._sources[key] = self._made(numbers, factor, prior, device)
        return self._sources[key]

    def _made(self, numbers: Sequence[int], factor: int, prior: EnlargingPrior, device: torch.device) -> Sources:
        degradation = AreaDegradation(factor)
        large = self._opaque(numbers, factor)
        small = degradation.apply(large)
        calm = torch.cat([_calm(prior, part.to(device), degradation).cpu() for part in small.split(1)])
        scale = self.spread.deviations(small, factor)
        scale = F.interpolate(scale, scale_factor=factor, mode="bilinear", align_corners=False)
        detail = bands(luma(large - calm)) / scale
        side = small.shape[2]
        usable = F.pad(torch.ones(side - 2, side - 2, dtype=torch.bool), (1, 1 + _BORDER, 1 + _BORDER, 1))
        seen = [F.pad(looks(luma(part)).T.reshape(-1, side, side), (0, _BORDER, _BORDER, 0)) for part in small.split(1)]
        edge = _BORDER * factor
        shown = F.pad(detail, (0, edge, edge, 0))
        return Sources(
            factor,
            Places(
                torch.cat(seen, 1).flatten(1).T.contiguous(), usable.repeat(len(numbers), 1).flatten(), side + _BORDER
            ),
            shown.permute(1, 0, 2, 3).reshape(BANDS, -1, (side + _BORDER) * factor),
        )

    def _looks_of(self, number: int, factor: int) -> Tensor:
        if (number, factor) not in self._looks:
            self._looks[number, factor] = looks(luma(AreaDegradation(factor).apply(self._opaque([number], factor))))
        return self._looks[number, factor]

    # [N, 4, H, W] opaque grey, sides cut to multiples of the factor.
    def _opaque(self, numbers: Sequence[int], factor: int) -> Tensor:
        side = min(self._pictures.shape[1:]) // factor * factor
        grey = self._pictures[list(numbers), None, :side, :side].float() / 255
        return torch.cat([grey.expand(-1, 3, -1, -1), torch.ones_like(grey)], 1)


def _calm(prior: EnlargingPrior, small: Tensor, degradation: AreaDegradation) -> Tensor:
    answer = enlarge(prior, small, prior.encode(small, degradation), degradation)
    return project(answer, small, degradation)


@lru_cache(maxsize=4)
def exemplars(name: str = "") -> Exemplars:
    """The exemplars of a file, or the released ones, loaded once. Raises WeightsError."""
    return Exemplars(name or str(RELEASED / "detail-art.safetensors"))
