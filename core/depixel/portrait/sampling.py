"""Random people, each from its own seed, so that nobody depends on who else is drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from depixel.portrait import parameter_tables
from depixel.portrait.parameters import (
    Choice,
    Normal,
    Parameter,
    Parameters,
    Simplex,
    Sometimes,
    Uniform,
    layout,
    table,
    width,
)


def sample(seeds: Sequence[int], fixed: Mapping[str, Tensor] | None = None) -> Parameters:
    """One random person for each seed: [B, D]. The same seed gives the same person in any batch.

    fixed: name => [B] or [B, size], the parameters that are not random; what depends on them (make-up, beards, grey)
        follows.
    """
    noise = torch.stack([_noise(seed) for seed in seeds]) if len(seeds) else torch.zeros(0, width())
    columns = [_drawn(parameter, noise[:, layout()[parameter.name]]) for parameter in table()]
    people = {parameter.name: column for parameter, column in zip(table(), columns, strict=True)}
    for name, values in (fixed or {}).items():
        people[name] = values.detach().double().reshape(people[name].shape)
    extra = torch.stack([_noise(seed, 0x5EED) for seed in seeds]) if len(seeds) else noise
    for custom in parameter_tables.CUSTOMS:
        custom(people, extra)
    # In double precision up to here: single precision would round differently in a batch of one than in a larger one.
    return Parameters(torch.cat([people[parameter.name] for parameter in table()], 1).float()).clamped()


def _noise(seed: int, stream: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed((seed * 0x9E3779B1 + stream) % 2**63)
    return torch.rand(width(), generator=generator).clamp(1e-6, 1 - 1e-6).double()


def _drawn(parameter: Parameter, u: Tensor) -> Tensor:
    """Values [B, size] from uniform noise u of the same shape (by the inverse of the distribution function)."""
    prior = parameter.prior
    if isinstance(prior, Uniform):
        return prior.low + (prior.high - prior.low) * u
    if isinstance(prior, Normal):
        return prior.mean + prior.deviation * math.sqrt(2) * torch.erfinv(2 * u - 1)
    if isinstance(prior, Sometimes):
        part = (u / prior.chance).clamp(max=1)
        return torch.where(u < prior.chance, prior.low + (prior.high - prior.low) * part, torch.zeros_like(u))
    if isinstance(prior, Choice):
        ends = torch.tensor(prior.weights).cumsum(0)
        return torch.searchsorted(ends.double() / ends[-1], u.contiguous()).clamp(max=len(prior.weights) - 1).double()
    assert isinstance(prior, Simplex)
    parts = (-u.log()) ** prior.power
    return parts / parts.sum(1, keepdim=True)
