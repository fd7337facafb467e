"""
The faces prior: a style-based generator with an encoder that finds the latents of a small face in one pass.

The search keeps each latent inside the ball of radius sqrt(d) around 0; nearly all faces lie within a third of it:
`w` [B, L, d], the per-layer styles, whitened; `map_0`, `map_1`, ... [B, c, n, n], the noise maps of the first
convolutions, in units of three times their usual size. The picture is always an opaque square of the generator's own
size; the domain handles cropping, alpha and other sizes. Other people's generators have no encoder: see
`depixel.priors.stylegan_prior`.
"""

from __future__ import annotations

import json
import math
from typing import Any

import torch
from torch import Tensor

from depixel.degradation import AreaDegradation, Degradation
from depixel.errors import WeightsError
from depixel.priors.base import LatentLayout, LatentPrior, Latents, PriorSpec
from depixel.priors.face_encoder import Encoded, EncoderSpec, FaceEncoder
from depixel.priors.stylegan import Generator
from depixel.priors.stylegan_prior import StylePrior, over_grey, to_picture
from depixel.priors.weights import LoadedWeights
from depixel.priors.whitening import Whitening, build_generator, read_spec

RATE = 0.03  # factor on the search's rate, tuned on emoji and renders; larger steps lose the encoder's good start
OUTSIDE = 0.2  # weight of the deviation of w from the encoder's usual distance to its mean
STRAY = 0.8  # of other candidates: with less, differences of expression and gaze hardly show
REFINEMENTS = ((8, 1.0), (16, 0.7))  # of a face without an input: pixels it is reduced to, imagination of the answer
LEVELS = (8, 16, 32)  # small sizes for which the spread of possible answers was measured


class FacePrior:
    """`LatentPrior` over a generator and an encoder that were trained together; built by `from_weights`."""

    def __init__(
        self,
        spec: PriorSpec,
        generator: Generator,
        encoder: FaceEncoder,
        whitening: Whitening,
        map_scale: Tensor,  # [K] usual size of each noise map
        spread: Tensor,  # [len(LEVELS), rank, d + all map pixels] directions in which answers vary
        portraits: tuple[Tensor, Tensor] | None = None,  # [3, n, n] and [rank, 3, n, n], RGB: see `imagine`
    ) -> None:
        self._spec = spec
        self.generator = generator.eval().requires_grad_(False)
        self.encoder = encoder.eval().requires_grad_(False)
        self.whitening = whitening
        self.map_scale = map_scale
        self.spread = spread
        self.portraits = portraits
        self.device = map_scale.device

    @classmethod
    def from_weights(cls, weights: LoadedWeights, device: torch.device) -> LatentPrior:
        """
        The prior of a released or converted weights file.

        Raises:
            WeightsError: the file does not hold a style-based generator, or its tensors do not fit its configuration.
        """
        config = weights.config
        if config.get("kind") != "faces" or "generator" not in config:
            raise WeightsError(f"{weights.name} does not hold a face generator; choose other weights.")
        family = str(config.get("family", "stylegan2"))
        spec = read_spec(family, json.dumps(config["generator"]))
        licence = str(config.get("licence", ""))
        prior = PriorSpec(weights.name, "faces", None, spec.resolution, weights.digest, licence, stray=STRAY)
        try:
            generator = build_generator(family, spec)
            generator.load_state_dict(_under(weights, "generator."))
            slope = float(config["whitening"]["slope"])
            whitening = Whitening.from_tensors(
                weights.tensors["whitening.mean"], weights.tensors["whitening.root"], slope
            ).to(device)
            if config.get("encoder") is None or not isinstance(generator, Generator):
                return StylePrior(prior, generator.to(device), whitening)
            encoder = FaceEncoder(EncoderSpec.from_json(json.dumps(config["encoder"])))
            encoder.load_state_dict(_under(weights, "encoder."))
            scale, spread = weights.tensors["maps.scale"], weights.tensors["spread"]
            portraits = None
            if "portraits.mean" in weights.tensors:  # the mapping network of a GAN needs no portraits
                mean, directions = (weights.tensors[f"portraits.{name}"].float() for name in ("mean", "directions"))
                if mean.dim() != 3 or mean.shape[0] != 3 or mean.shape != directions.shape[1:]:
                    raise ValueError(f"portraits of {tuple(mean.shape)} and {tuple(directions.shape)}")
                portraits = mean.to(device), directions.to(device)
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise WeightsError(
                f"The tensors of {weights.name} do not fit its configuration ({error}); {weights.remedy}."
            ) from error
        return cls(
            prior, generator.to(device), encoder.to(device), whitening, scale.to(device), spread.to(device), portraits
        )

    @property
    def spec(self) -> PriorSpec:
        return self._spec

    @property
    def layout(self) -> dict[str, LatentLayout]:
        # Not `per_layer`: the encoder was trained to give each layer its own style, so angles between layers are
        # normal here, and PULSE's geodesic term would pull a good start towards the mean face.
        names = ["w"] + [f"map_{k}" for k in range(len(self.encoder.spec.maps))]
        return {name: LatentLayout(sphere=False, rate=RATE) for name in names}

    def encode(self, small: Tensor, degradation: Degradation) -> Latents:
        """One pass: [B, 4, h, w] premultiplied RGBA, any size from 4 to 256 pixels per side."""
        return self._latents(self.encoder(over_grey(small) * 2 - 1))

    def sample(
        self, small: Tensor, degradation: Degradation, generator: torch.Generator, imagination: float
    ) -> Latents:
        """
        Another face with the same few pixels.

        The directions, jointly in w and in the maps, in which the encoder's answers for this small size differ from its
        answers for the full picture were measured on the training set. A random step with that covariance, multiplied
        by `imagination`, is added to the encoder's answer.
        """
        latents = self.encode(small, degradation)
        if imagination <= 0:
            return latents
        level = min(range(len(LEVELS)), key=lambda k: abs(math.log2(LEVELS[k] / max(small.shape[-2:]))))
        dice = torch.randn(small.shape[0], self.spread.shape[1], generator=generator).to(self.device)
        step = imagination * dice @ self.spread[level]  # [B, d + map pixels]
        d = self.generator.spec.latent
        moved = {"w": latents["w"] + step[:, None, :d]}
        start = d
        for k, shape in enumerate(self.encoder.spec.map_shapes):
            end = start + math.prod(shape)
            moved[f"map_{k}"] = latents[f"map_{k}"] + step[:, start:end].reshape(-1, *shape)
            start = end
        return moved

    def imagine(self, count: int, generator: torch.Generator) -> Latents:
        """
        Faces without an input: a first face that is reduced and enlarged again twice, with some variation each time.

        If the file has a Gaussian fitted to the training portraits at n x n pixels, the first face is a picture drawn
        from it, because the maps hold most of a face's appearance and a mapping network z -> w that was fitted later
        does not provide maps. Otherwise it is z through the mapping network, with the same style in each layer.
        """
        native = self.generator.spec.resolution
        if self.portraits is None:
            small = to_picture(self.generator.synthesis(self._random_styles(count, generator), noise_mode="none"))
        else:
            mean, directions = self.portraits
            dice = torch.randn(count, len(directions), generator=generator).to(self.device)
            rgb = (mean + torch.einsum("bk,kchw->bchw", dice, directions)).clamp(0, 1)
            small = torch.cat([rgb, torch.ones_like(rgb[:, :1])], 1)
        latents: Latents = {}
        for side, imagination in REFINEMENTS:
            small = small if small.shape[-1] <= side else AreaDegradation(small.shape[-1] // side).apply(small)
            degradation = AreaDegradation(max(1, native // side))
            latents = self.sample(small, degradation, generator, imagination)
            small = self.decode(latents, small, degradation)
        return latents

    # [count, L, d] styles of random z, for the generator.
    def _random_styles(self, count: int, generator: torch.Generator) -> Tensor:
        z = torch.randn(count, self.generator.spec.noise_latent, generator=generator).to(self.device)
        w: Tensor = self.generator.mapping(z)
        return w[:, None].expand(-1, self.generator.spec.layers, -1)

    def decode(self, latents: Latents, small: Tensor, degradation: Degradation) -> Tensor:
        """[B, 4, R, R] premultiplied RGBA, opaque."""
        count = len(self.encoder.spec.maps)
        maps = {k: latents[f"map_{k}"] * self.map_scale[k] for k in range(count)}
        return to_picture(self.generator.synthesis(self.whitening.color(latents["w"]), maps))

    def penalty(self, latents: Latents) -> Tensor:
        """[B] mean square of the whitened styles: a weak Gaussian prior."""
        return OUTSIDE * latents["w"].square().mean((1, 2))

    def _latents(self, encoded: Encoded) -> Latents:
        latents = {"w": self.whitening.whiten(encoded.w_plus)}
        for k, m in enumerate(encoded.maps):
            latents[f"map_{k}"] = m / self.map_scale[k]
        return latents


def _under(weights: LoadedWeights, prefix: str) -> dict[str, Any]:
    return {key[len(prefix) :]: value for key, value in weights.tensors.items() if key.startswith(prefix)}
