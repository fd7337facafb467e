"""Subjects of the search benchmarks: priors with pictures that fit them, and some that fit nothing."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import torch
from tests.fakes.tiny_prior import TinyFaces
from torch import Tensor

from depixel import __version__
from depixel.degradation import AreaDegradation, BicubicDegradation, Degradation
from depixel.priors.base import LatentPrior
from depixel.priors.faces import FacePrior
from depixel.priors.weights import load_weights, released_names


@dataclass(frozen=True)
class Subject:
    """A prior and pictures for it."""

    name: str
    prior: LatentPrior
    small: Tensor  # [B, 4, h, w]
    degradation: Degradation


def subjects(weights: str, data: Path | None, size: int, count: int, device: str) -> list[Subject]:
    """
    Always the tiny random-weight prior; the faces prior if its weights are available: on held-out portraits with
    `data`, otherwise on faces of its own mapping network; on the same pictures upside down, which it never saw; and on
    noise, which no face fits.
    """
    tiny = TinyFaces()
    area = AreaDegradation(4)
    all_subjects = [Subject("tiny random generator, its own pictures", tiny, area.apply(tiny.truth(count)), area)]
    if weights not in released_names() and not Path(weights).is_file():
        return all_subjects
    prior = FacePrior.from_weights(load_weights(weights), torch.device(device))
    native = prior.spec.native_size or 0
    degradation = BicubicDegradation(native // size)
    truth = _portraits(data, native, count) if data is not None else _imagined(prior, count, degradation)
    small = degradation.apply(truth.to(device)).clamp(0, 1)
    kind = "held-out portraits" if data is not None else "faces of its own mapping"
    return [
        *all_subjects,
        Subject(f"{weights}, {kind} of {size} pixels", prior, small, degradation),
        Subject(f"{weights}, the same upside down", prior, small.flip(2), degradation),
        Subject(f"{weights}, noise, which no face fits", prior, _noise(small), degradation),
    ]


def _noise(like: Tensor) -> Tensor:
    noise = torch.rand(like.shape, generator=torch.Generator().manual_seed(0)).to(like)
    return torch.cat([noise[:, :3], torch.ones_like(noise[:, :1])], 1)


def machine(threads: int, device: str) -> dict[str, object]:
    """The subject of the figures: machine and model."""
    return {
        "depixel": __version__,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "system": platform.system(),
        "device": torch.cuda.get_device_name() if device.startswith("cuda") else f"{os.cpu_count()} CPU cores",
        "threads": threads,
    }


def _portraits(data: Path, native: int, count: int) -> Tensor:
    from training.faces_data import load_portraits

    pixels = load_portraits(data, native, evaluation=True).pixels
    rows = torch.linspace(0, len(pixels) - 1, count).long()
    colour = pixels[rows].float() / 255
    return torch.cat([colour, torch.ones_like(colour[:, :1])], 1)


@torch.no_grad()
def _imagined(prior: LatentPrior, count: int, degradation: Degradation) -> Tensor:
    assert isinstance(prior, FacePrior)
    latents = prior.imagine(count, torch.Generator().manual_seed(1))
    return prior.decode(latents, torch.zeros(count, 4, 1, 1), degradation)
