"""
`LatentPrior`: the interface of generative models that the search can use.

Tensors are premultiplied RGBA [B, 4, H, W] in [0, 1]; `small` is the input, `large` the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from depixel.degradation import Degradation

Latents = dict[str, Tensor]
"""
Named latent tensors, each with the batch first. `LatentPrior.layout` says how the search treats each name.
"""


@dataclass(frozen=True)
class LatentLayout:
    """How the search may move one latent tensor."""

    sphere: bool  # rows along the last axis stay on the sphere of radius sqrt(d) (Gaussian annulus)
    per_layer: bool = False  # [B, L, d]: PULSE's geodesic cross-distance between the L rows applies
    noise: bool = False  # per-pixel noise: Gaussian, the whole tensor on its own sphere
    rate: float = 1.0  # factor on the search's rate: small if a trained encoder starts close to the goal


@dataclass(frozen=True)
class PriorSpec:
    """The description of a prior, for reports and for the ledger's key."""

    name: str  # released name, e.g. "art-small"
    kind: str  # "art" or "faces"
    scale: int | None  # factor between input and answer; None if the answer has a fixed size
    native_size: int | None  # width = height of a fixed-size answer
    digest: str  # SHA-256 of the weights file, first 16 hex digits
    licence: str
    receptive_field: int = 0  # small pixels on each side that can change an answer's pixel; 0 for a fixed size
    latents: bool = True  # False: one answer per picture, nothing to search
    grid: int = 1  # tiles with their surroundings begin at multiples of this
    bytes_per_pixel: int = 0  # memory of one pass per small pixel; 0 = like the released weights
    whole: float = 0.0  # levels of 255 by which tiles may differ from the picture in one pass
    stray: float = 0.35  # least imagination of candidates after the first, which would otherwise equal it

    @property
    def third_party(self) -> bool:
        """Whether this is a third-party network, whose memory was measured. It may not be thread-safe."""
        return self.bytes_per_pixel > 0


class LatentPrior(Protocol):
    """A generator with a latent space that can be searched, and an encoder that says where to start."""

    @property
    def spec(self) -> PriorSpec: ...

    @property
    def layout(self) -> dict[str, LatentLayout]:
        """One entry for each name in the latents."""
        ...

    def encode(self, small: Tensor, degradation: Degradation) -> Latents:
        """The start of the search: the calm answer of one forward pass."""
        ...

    def sample(
        self, small: Tensor, degradation: Degradation, generator: torch.Generator, imagination: float
    ) -> Latents:
        """
        A random start for each row of `small`: the encoder's answer mixed with random latents.

        `imagination` 0 returns the encoder's answer; 1 goes as far as the prior's distribution allows. The generator
        is on the CPU, so that a seed gives the same picture on every device.
        """
        ...

    def decode(self, latents: Latents, small: Tensor, degradation: Degradation) -> Tensor:
        """The picture of these latents: [B, 4, h*scale, w*scale], or [B, 4, native, native] for a fixed size."""
        ...

    def penalty(self, latents: Latents) -> Tensor:
        """[B] how unlikely the latents are under the prior, beyond what `layout` enforces; 0 = not unlikely."""
        ...


class EnlargingPrior(LatentPrior, Protocol):
    """A prior of fixed scale for pictures of any size; its spec has the `receptive_field`."""

    @property
    def scale(self) -> int:
        """The factor between the sides of the small picture and of the answer."""
        ...

    def decode(self, latents: Latents, small: Tensor, degradation: Degradation, valid: Tensor | None = None) -> Tensor:
        """
        As `LatentPrior.decode`. `valid` [B, 1, h, w] is 1 where a picture has pixels and 0 where it was padded to share
        a batch with larger ones; inside, the answer must be that of the picture alone.
        """
        ...

    def ensemble(self, turns: int) -> EnlargingPrior:
        """This prior, with answers averaged over `turns` (1, 2, 4, 8) flips and rotations of the picture."""
        ...
