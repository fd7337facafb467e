"""The space in which style latents are searched: w transformed to nearly a standard Gaussian (PULSE, section 4.2).

PULSE inverts the last leaky ReLU of the mapping network (a leaky ReLU of slope 5), fits a Gaussian, and searches its
coordinates v near the sphere of radius sqrt(d). Here w = leaky(mean + v @ root), where `root` is the diagonal of
standard deviations for other people's generators and a full matrix for ours, whose mapping ends with a linear layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.priors.stylegan import Generator, GeneratorSpec
from depixel.priors.stylegan_one import GeneratorOne
from depixel.priors.stylegan_three import GeneratorThree, SpecThree

AnyGenerator = Generator | GeneratorOne | GeneratorThree

SAMPLES = 20000  # draws of z from which the statistics are measured


@dataclass(frozen=True)
class Whitening:
    """w [.., d] <-> v [.., d]."""

    mean: Tensor  # [d], before the leaky ReLU
    root: Tensor  # [d, d], or [d] if diagonal
    inverse: Tensor  # of root, same shape
    slope: float = 1.0  # of the leaky ReLU after the affine map; 1 = none

    def color(self, v: Tensor) -> Tensor:
        """v -> w."""
        x = v @ self.root if self.root.dim() == 2 else v * self.root
        x = x + self.mean
        return x if self.slope == 1.0 else F.leaky_relu(x, self.slope)

    def whiten(self, w: Tensor) -> Tensor:
        """w -> v."""
        x = (w if self.slope == 1.0 else F.leaky_relu(w, 1.0 / self.slope)) - self.mean
        return x @ self.inverse if self.inverse.dim() == 2 else x * self.inverse

    def tensors(self) -> dict[str, Tensor]:
        """The tensors to store."""
        return {"mean": self.mean, "root": self.root}

    @staticmethod
    def from_tensors(mean: Tensor, root: Tensor, slope: float) -> Whitening:
        """Inverse of `tensors`."""
        inverse = torch.linalg.inv(root.double()).float() if root.dim() == 2 else 1.0 / root
        return Whitening(mean, root, inverse, slope)

    def to(self, device: torch.device) -> Whitening:
        """The same on another device."""
        return Whitening(self.mean.to(device), self.root.to(device), self.inverse.to(device), self.slope)


def fit(w: Tensor, slope: float, full: bool) -> Whitening:
    """Fit a Gaussian to samples w [N, d]; `full` keeps the whole covariance instead of its diagonal."""
    x = w if slope == 1.0 else F.leaky_relu(w, 1.0 / slope)
    mean = x.mean(0)
    if not full:
        return Whitening.from_tensors(mean, x.std(0).clamp_min(1e-6), slope)
    values, vectors = torch.linalg.eigh(torch.cov(x.double().t()))
    deviations = values.clamp_min(values.max() * 1e-4).sqrt()
    return Whitening.from_tensors(mean, (vectors * deviations @ vectors.t()).float(), slope)


@torch.no_grad()
def measure(family: str, spec: GeneratorSpec | SpecThree, tensors: dict[str, Tensor]) -> Whitening:
    """Statistics of a generator's mapping network, from a fixed seed."""
    generator = build_generator(family, spec)
    generator.load_state_dict(tensors)
    z = torch.randn(SAMPLES, spec.noise_latent, generator=torch.Generator().manual_seed(0))
    w = torch.cat([generator.mapping(part) for part in torch.split(z, 2000)])
    return fit(w, slope=0.2, full=False)


def build_generator(family: str, spec: GeneratorSpec | SpecThree) -> AnyGenerator:
    """An untrained generator of that family ("stylegan1", "stylegan2" or "stylegan3")."""
    if isinstance(spec, SpecThree):
        return GeneratorThree(spec)
    return GeneratorOne(spec) if family == "stylegan1" else Generator(spec)


def read_spec(family: str, text: str) -> GeneratorSpec | SpecThree:
    """The spec of that family from its JSON."""
    return SpecThree.from_json(text) if family == "stylegan3" else GeneratorSpec.from_json(text)
