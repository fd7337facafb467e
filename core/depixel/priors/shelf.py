"""Which released weights serve which request, loaded once per process and device."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from depixel.errors import BadUsageError, WeightsError
from depixel.priors.base import LatentPrior
from depixel.priors.weights import load_weights, released_names


class Shelf:
    """
    Loaded priors.

    Args:
        device: where they live.
        chosen: kind ("art" or "faces") -> released name or path of a .safetensors file, instead of the defaults.
    """

    def __init__(self, device: torch.device, chosen: Mapping[str, str] | None = None) -> None:
        self.device = device
        self.chosen = dict(chosen or {})
        self._loaded: dict[str, LatentPrior] = {}

    def name_for(self, kind: str, model: str) -> str:
        """
        The weights' name for a kind of prior and a model size ("auto", "small", "base").

        Raises:
            WeightsError: none is released of that kind or size.
        """
        if kind in self.chosen:
            return self.chosen[kind]
        names = [name for name in released_names() if name.split("-")[0] == kind]
        if kind == "art" and model != "auto":
            names = [name for name in names if name == f"art-{model}"]
        if not names:
            raise WeightsError(f"No {kind} weights of size {model!r} are released with this version; try model auto.")
        preferred = f"{kind}-base" if self.device.type == "cuda" else f"{kind}-small"
        return preferred if preferred in names else names[-1]

    def prior(self, kind: str, model: str = "auto") -> LatentPrior:
        """The prior, loaded at first use. Raises WeightsError when it cannot be."""
        name = self.name_for(kind, model)
        if name not in self._loaded:
            self._loaded[name] = _load(name, kind, self.device)
        return self._loaded[name]


def _load(name: str, kind: str, device: torch.device) -> LatentPrior:
    weights = load_weights(name)
    found = weights.config.get("kind")
    if found != kind:
        raise BadUsageError(f"{weights.name} holds a prior of kind {found!r}, but {kind!r} was asked for.")
    if kind == "art":
        from depixel.priors.art import ArtPrior

        return ArtPrior.from_weights(weights, device)
    from depixel.priors.faces import FacePrior

    return FacePrior.from_weights(weights, device)
