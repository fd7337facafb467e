"""
Other people's style-based generators as a prior, searched as PULSE did: per-layer styles on the sphere of radius
sqrt(d) in whitened coordinates, and trainable noise for the first layers. Without an encoder, the search starts at the
best of a few fixed random faces.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import Degradation
from depixel.priors.base import LatentLayout, Latents, PriorSpec
from depixel.priors.whitening import AnyGenerator, Whitening

TRAINABLE_NOISE = 5  # noise maps that the search may move, from the first layer on (PULSE's default)
GUESSES = 64  # random faces from which the first guess is chosen
THUMBNAIL = 16  # pixels per side at which they are compared
BATCH = 8  # of them at once


class StylePrior:
    """`LatentPrior` over a generator without an encoder."""

    def __init__(self, spec: PriorSpec, generator: AnyGenerator, whitening: Whitening) -> None:
        self._spec = spec
        self.generator = generator.eval().requires_grad_(False)
        self.whitening = whitening
        self.device = whitening.mean.device
        self._noise_sizes = generator.synthesis.noise_sizes()[:TRAINABLE_NOISE]
        self._guesses: tuple[Tensor, Tensor] | None = None  # v [N, d], thumbnails [N, 3, n, n]

    @property
    def spec(self) -> PriorSpec:
        return self._spec

    @property
    def layout(self) -> dict[str, LatentLayout]:
        noise = LatentLayout(sphere=True, noise=True)
        return {"w": LatentLayout(sphere=True, per_layer=True)} | {
            f"noise_{k}": noise for k in range(len(self._noise_sizes))
        }

    def encode(self, small: Tensor, degradation: Degradation) -> Latents:
        """The nearest of a few fixed random faces, [B, 4, h, w] premultiplied RGBA."""
        v, thumbnails = self._bank()
        thumbnail = F.interpolate(over_grey(small), (THUMBNAIL, THUMBNAIL), mode="area")
        distance = (thumbnail[:, None] - thumbnails[None]).square().mean((2, 3, 4))
        return self._spread(v[distance.argmin(1)], self._noise(1, torch.Generator().manual_seed(0)))

    def sample(
        self, small: Tensor, degradation: Degradation, generator: torch.Generator, imagination: float
    ) -> Latents:
        """The first guess rotated towards a random face, with random noise."""
        latents = self.encode(small, degradation)
        if imagination <= 0:
            return latents
        fresh = self._draw(small.shape[0], generator)[:, None]
        noise = self._noise(small.shape[0], generator)
        w = (1 - imagination) * latents["w"] + imagination * fresh
        return self._spread(w, noise)

    def decode(self, latents: Latents, small: Tensor, degradation: Degradation) -> Tensor:
        """[B, 4, R, R] premultiplied RGBA, opaque."""
        noise = {k: latents[f"noise_{k}"] for k in range(len(self._noise_sizes))}
        return to_picture(self.generator.synthesis(self.whitening.color(latents["w"]), noise))

    def penalty(self, latents: Latents) -> Tensor:
        """[B] zeros: the sphere is the whole prior."""
        return latents["w"].new_zeros(latents["w"].shape[0])

    # v on the sphere for each layer, and one set of noise maps, for `rows` pictures.
    def _spread(self, v: Tensor, noise: list[Tensor]) -> Latents:
        layers = self.generator.spec.layers
        v = v[:, None].expand(-1, layers, -1) if v.dim() == 2 else v
        v = F.normalize(v, dim=-1) * v.shape[-1] ** 0.5
        out = {"w": v.contiguous()}
        for k, m in enumerate(noise):
            out[f"noise_{k}"] = m.expand(v.shape[0], -1, -1, -1).contiguous()
        return out

    # Random v, whitened, near the sphere, drawn through the mapping network as in the generator's training.
    def _draw(self, count: int, generator: torch.Generator) -> Tensor:
        z = torch.randn(count, self.generator.spec.noise_latent, generator=generator).to(self.device)
        v = self.whitening.whiten(self.generator.mapping(z))
        on_sphere: Tensor = F.normalize(v, dim=-1) * v.shape[-1] ** 0.5
        return on_sphere

    def _noise(self, rows: int, generator: torch.Generator) -> list[Tensor]:
        maps = [torch.randn(rows, 1, n, n, generator=generator) for n in self._noise_sizes]
        return [(m * (m[0].numel() / m.square().sum((1, 2, 3), keepdim=True)).sqrt()).to(self.device) for m in maps]

    @torch.no_grad()
    def _bank(self) -> tuple[Tensor, Tensor]:
        if self._guesses is None:
            generator = torch.Generator().manual_seed(0)
            # Large generators are slow on a CPU: fewer guesses keep the wait under some seconds.
            count = GUESSES if self.generator.spec.resolution <= 256 else GUESSES // 4
            v = self._draw(count, generator)
            noise = self._noise(1, torch.Generator().manual_seed(0))
            thumbnails = []
            for part in torch.split(v, BATCH):
                latents = self._spread(part, noise)
                maps = {k: latents[f"noise_{k}"] for k in range(len(self._noise_sizes))}
                picture = to_picture(self.generator.synthesis(self.whitening.color(latents["w"]), maps))[:, :3]
                thumbnails.append(F.interpolate(picture, (THUMBNAIL, THUMBNAIL), mode="area"))
            self._guesses = v, torch.cat(thumbnails)
        return self._guesses


def over_grey(small: Tensor) -> Tensor:
    """Premultiplied RGBA [B, 4, h, w] over mid-grey: RGB [B, 3, h, w] in [0, 1]."""
    return small[:, :3] + 0.5 * (1 - small[:, 3:])


def to_picture(rgb: Tensor) -> Tensor:
    """
    RGB in [-1, 1] -> opaque RGBA in [0, 1]; clipped values keep their gradient, so that a search can move them back.
    """
    x = (rgb + 1) / 2
    x = x + (x.clamp(0, 1) - x).detach()
    return torch.cat([x, torch.ones_like(x[:, :1])], 1)
