"""The choice of weights for a request; each is loaded once per process and device."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import torch

from depixel.errors import BadUsageError, WeightsError
from depixel.priors.base import EnlargingPrior, LatentPrior
from depixel.priors.enlarger import Enlarger, EnlargerPrior
from depixel.priors.weights import LoadedWeights, installed_path, load_weights, released_names
from depixel.request import MODELS


class Shelf:
    """
    The loaded priors of one device.

    Args:
        device: where they are loaded.
        chosen: kind ("art" or "faces") -> released name or path of a .safetensors file, instead of the defaults.
    """

    def __init__(self, device: torch.device, weights: Mapping[str, str] | None = None) -> None:
        self.device = device
        self.chosen = dict(weights or {})
        self._art: dict[str, EnlargingPrior] = {}
        self._faces: dict[str, LatentPrior] = {}
        self._loading = threading.Lock()
        self._released: dict[tuple[str, str], str] = {}  # kind and size -> name

    def put(self, enlarger: Enlarger) -> None:
        """Make a network available to requests that name it as model, for the life of this shelf."""
        self._art[enlarger.name] = EnlargerPrior(enlarger)

    def name_for(self, kind: str, model: str = "auto") -> str:
        """
        The name of the weights for a kind of prior and a model: a size ("auto", "small", "base") or an installed name.

        Raises:
            WeightsError: no weights of that name are installed, or none of that kind and size are released.
        """
        if model not in MODELS:
            return model if kind == "art" and model in self._art else installed_path(model).stem
        if kind in self.chosen:
            return self.chosen[kind]
        if (kind, model) not in self._released:
            self._released[kind, model] = self._released_name(kind, model)
        return self._released[kind, model]

    def _released_name(self, kind: str, model: str) -> str:
        names = [name for name in released_names() if name.split("-")[0] == kind]
        if kind == "art" and model != "auto":
            names = [name for name in names if name == f"art-{model}"]
        if not names:
            raise WeightsError(f"No {kind} weights of size {model!r} are released with this version; try model auto.")
        preferred = f"{kind}-base" if self.device.type == "cuda" else f"{kind}-small"
        return preferred if preferred in names else names[-1]

    def art(self, model: str = "auto") -> EnlargingPrior:
        """The prior of sprites and textures, loaded at first use. Raises WeightsError if that fails."""
        name = self.name_for("art", model)
        with self._loading:
            if name not in self._art:
                self._art[name] = self._loaded(_of_kind(name, "art"))
            return self._art[name]

    def _loaded(self, weights: LoadedWeights) -> EnlargingPrior:
        from depixel.priors.art import ArtPrior
        from depixel.priors.community.keeping import enlarger_of, is_community

        if is_community(weights):
            return EnlargerPrior(enlarger_of(weights, self.device))
        return ArtPrior.from_weights(weights, self.device)

    def faces(self, model: str = "auto") -> LatentPrior:
        """The prior of faces, of any size or with an installed name, loaded at first use. Raises WeightsError."""
        name = self.name_for("faces", model)
        if name not in self._faces:
            from depixel.priors.faces import FacePrior

            self._faces[name] = FacePrior.from_weights(_of_kind(name, "faces"), self.device)
        return self._faces[name]


def _of_kind(name: str, kind: str) -> LoadedWeights:
    weights = load_weights(name)
    kind_of_file = weights.config.get("kind")
    if kind_of_file != kind:
        remedy = f"; use --domain {kind_of_file}." if kind_of_file == "faces" else "."
        raise BadUsageError(
            f"{weights.name} is a model of kind {kind_of_file!r}, but this request needs {kind!r}{remedy}"
        )
    return weights
