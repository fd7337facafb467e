"""
`LatentPrior`: what a generative model must offer so that the search can use it.

Tensors are premultiplied RGBA [B, 4, H, W] in [0, 1]; `small` is the given picture, `large` the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from depixel.degradation import Degradation

Latents = dict[str, Tensor]
"""
Named latent tensors, each with the batch first. What a name means to the search is said by `LatentPrior.layout`.
"""


@dataclass(frozen=True)
class LatentLayout:
    """How the search may move one latent tensor."""

    sphere: bool  # rows along the last axis stay on the sphere of radius sqrt(d) (Gaussian annulus)
    per_layer: bool = False  # [B, L, d]: PULSE's geodesic cross-distance between the L rows applies
    noise: bool = False  # per-pixel noise: Gaussian, the whole tensor on its own sphere
    rate: float = 1.0  # times the search's own rate: small where a trained encoder already starts close


@dataclass(frozen=True)
class PriorSpec:
    """What a prior is, for reports and for the ledger's key."""

    name: str  # released name, e.g. "art-small"
    kind: str  # "art" or "faces"
    scale: int | None  # x4 of the input, or None when the answer has a fixed size
    native_size: int | None  # width = height of a fixed-size answer
    digest: str  # SHA-256 of the weights file, first 16 hex digits
    licence: str
    receptive_field: int = 0  # small pixels that an answer's pixel depends on, to each side; 0 for a fixed size
    latents: bool = True  # False: one answer to each picture, nothing to search
    grid: int = 1  # tiles with their surroundings begin at multiples of this
    bytes_per_pixel: int = 0  # of memory in one pass, for each small pixel; 0 = as much as the released weights
    whole: float = 0.0  # levels of 255 by which tiles may differ from the picture in one piece; 0 = not at all
    stray: float = 0.35  # the least imagination of candidates after the first, or they would all be the calm answer


class LatentPrior(Protocol):
    """A generator with a latent space that can be searched, and an encoder that says where to start."""

    @property
    def spec(self) -> PriorSpec: ...

    @property
    def layout(self) -> dict[str, LatentLayout]:
        """One entry for each name in the latents."""
        ...

    def encode(self, small: Tensor, degradation: Degradation) -> Latents:
        """Where the search starts: one forward pass, the calm answer."""
        ...

    def sample(
        self, small: Tensor, degradation: Degradation, generator: torch.Generator, imagination: float
    ) -> Latents:
        """
        Another start for each row of `small`: the encoder's answer mixed with fresh random latents.

        `imagination` 0 returns the encoder's answer; 1 strays as far as the prior's own distribution allows. The
        generator lives on the CPU, so that a seed gives the same picture on every device.
        """
        ...

    def decode(self, latents: Latents, small: Tensor, degradation: Degradation) -> Tensor:
        """The picture of these latents: [B, 4, h*scale, w*scale], or [B, 4, native, native] for a fixed size."""
        ...

    def penalty(self, latents: Latents) -> Tensor:
        """[B] how unlikely the latents are under the prior itself, beyond what `layout` enforces; 0 = not at all."""
        ...


class EnlargingPrior(LatentPrior, Protocol):
    """A prior of fixed scale and any size; its spec says how far it sees (`receptive_field`)."""

    @property
    def scale(self) -> int:
        """How many times as large as the small picture its answers are."""
        ...

    def decode(self, latents: Latents, small: Tensor, degradation: Degradation, valid: Tensor | None = None) -> Tensor:
        """
        As `LatentPrior.decode`. `valid` [B, 1, h, w] is 1 where a picture has pixels and 0 where it was filled up to
        share a batch with larger ones; inside, the answer must be that of the picture alone.
        """
        ...

    def ensemble(self, turns: int) -> EnlargingPrior:
        """This prior, each of its answers the mean over `turns` (1, 2, 4, 8) flips and turns of the picture."""
        ...
