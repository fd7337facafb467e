"""Losses of the art prior's stages; every answer here has A x = y imposed."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from training.art_batches import Slice

from depixel.priors.art import DEGRADATIONS, ArtNetwork
from depixel.priors.fields import CELL, smooth_latent
from depixel.priors.imposing import impose_small


def generate(network: ArtNetwork, slices: list[Slice], latents: Tensor | None, bf16: bool) -> list[Tensor]:
    """The answers for all slices in one pass of the trunk, A x = y imposed on each slice."""
    small = torch.cat([s.small for s in slices])
    kind = torch.cat([torch.full((len(s.small),), DEGRADATIONS.index(s.degradation.name)) for s in slices])
    with torch.autocast(small.device.type, torch.bfloat16) if bf16 else nullcontext():
        large = network(small, kind.to(small.device), latents)
    parts = large.split([len(s.small) for s in slices])
    return [impose_small(x, s.small, s.degradation, s.name == "binary") for x, s in zip(parts, slices, strict=True)]


def charbonnier(answer: Tensor, truth: Tensor, generator: torch.Generator) -> Tensor:
    """[B, 1, H, W]: sqrt(d^2 + eps^2) of colour over a random grey per picture, and of alpha."""
    difference = answer - truth
    grey = torch.rand(len(answer), 1, 1, 1, generator=generator).to(answer)
    colour = difference[:, :3] - grey * difference[:, 3:]
    return (torch.cat([colour, difference[:, 3:]], 1).square() + 1e-6).sqrt().mean(1, keepdim=True)


def spectrum(answer: Tensor, truth: Tensor) -> Tensor:
    """
    Mean absolute difference of the two-dimensional Fourier coefficients (orthonormal): edges count as much as areas.
    """
    difference: Tensor = torch.fft.rfft2(answer - truth, norm="ortho")
    return difference.abs().mean()


_LUMA = (0.299, 0.587, 0.114)
_NOISE_FLOOR = 1e-4  # 40 dB: beyond it, an answer gains little more, so that easy pictures do not dominate


def noise(answer: Tensor, truth: Tensor, generator: torch.Generator) -> Tensor:
    """
    The mean over pictures of minus the PSNR, in dB, of luminance over a random grey.

    It is smallest for the mean of all plausible answers, whereas Charbonnier is smallest near their median. Each
    picture has the same weight, however small its error is.
    """
    difference = answer - truth
    grey = (0.3 + 0.4 * torch.rand(len(answer), 1, 1, 1, generator=generator)).to(answer)
    colour = difference[:, :3] - grey * difference[:, 3:]
    luminance = torch.einsum("bchw,c->bhw", colour, colour.new_tensor(_LUMA))
    decibels: Tensor = 10 * (luminance.square().mean((1, 2)) + _NOISE_FLOOR).log10()
    return decibels.mean()


@dataclass(frozen=True)
class CalmWeights:
    """The weights of the terms that stage `calm` adds to Charbonnier."""

    spectra: float = 0.0  # of the difference of spectra
    noise: float = 0.0  # per dB of noise, of all but pixel art and point samples
    teacher: float = 0.0  # of Charbonnier's distance from the teacher's answers


def calm_loss(
    network: ArtNetwork,
    slices: list[Slice],
    generator: torch.Generator,
    bf16: bool,
    weights: CalmWeights = CalmWeights(),
    teacher: ArtNetwork | None = None,
) -> Tensor:
    """
    Charbonnier at z = 0, plus the terms that have a weight.

    Args:
        teacher: a better network, whose calm answers are learnt in addition to the truth: they are near the mean of all
            plausible answers, which a single truth is not (Hinton et al. 2015, arXiv 1503.02531).
    """
    answers = generate(network, slices, None, bf16)
    answer = torch.cat(answers)
    truth = torch.cat([s.large for s in slices])
    loss = charbonnier(answer, truth, generator).mean()
    if teacher is not None:
        with torch.no_grad():
            taught = torch.cat(generate(teacher, slices, None, bf16))
        loss = loss + weights.teacher * charbonnier(answer, taught, generator).mean()
    if weights.spectra > 0:
        loss = loss + weights.spectra * spectrum(answer, truth)
    if weights.noise > 0:
        means = [(x, s.large) for x, s in zip(answers, slices, strict=True) if s.degradation.name != "point"]
        if means:
            answer, truth = torch.cat([x for x, _ in means]), torch.cat([x for _, x in means])
            loss = loss + weights.noise * noise(answer, truth, generator)
    return loss


def nearest_latent(
    network: ArtNetwork, slices: list[Slice], strength: Tensor, generator: torch.Generator, bf16: bool, tries: int
) -> Tensor:
    """
    For each neighbourhood, the best of `tries` smooth random latents, composed into one latent.

    Args:
        strength: [B, 1, 1, 1], the latents' standard deviation.

    Returns:
        [B, latent, h, w].
    """
    truth = torch.cat([s.large for s in slices])
    batch, _, height, width = torch.cat([s.small for s in slices]).shape
    latent, scale = network.config.latent, network.config.scale
    best = truth.new_full((batch, 1, height, width), torch.inf)
    composed = truth.new_zeros(batch, latent, height, width)
    with torch.no_grad():
        for _ in range(tries):
            z = smooth_latent(batch, latent, height, width, generator).to(truth) * strength
            error = misplacement(torch.cat(generate(network, slices, z, bf16)), truth)
            error = F.avg_pool2d(F.avg_pool2d(error, scale), 2 * CELL + 1, 1, CELL, count_include_pad=False)
            better = error < best
            best = torch.where(better, error, best)
            composed = torch.where(better, z, composed)
    return composed


def random_strength(batch: int, generator: torch.Generator) -> Tensor:
    """[B, 1, 1, 1] on the CPU: how strong z is, 0.4 to 1.2."""
    return 0.4 + 0.8 * torch.rand(batch, 1, 1, 1, generator=generator)


def spread_loss(
    network: ArtNetwork, slices: list[Slice], generator: torch.Generator, bf16: bool, tries: int = 3
) -> Tensor:
    """
    The best of `tries` latents in each neighbourhood are composed into one, whose answer is pulled towards the truth;
    its strength varies, and the answer's amount of detail is pulled towards the truth's, regardless of position.
    """
    truth = torch.cat([s.large for s in slices])
    strength = random_strength(len(truth), generator).to(truth)
    composed = nearest_latent(network, slices, strength, generator, bf16, tries)
    answer = torch.cat(generate(network, slices, composed, bf16))
    return misplacement(answer, truth).mean() + amount_of_detail(answer, truth, strength)


def amount_of_detail(answer: Tensor, truth: Tensor, strength: Tensor) -> Tensor:
    """Difference between the amounts of detail of answer and truth, weighted by the strength of z."""
    return 8 * ((detail(answer) - detail(truth)).abs() * strength).mean()


def misplacement(answer: Tensor, truth: Tensor) -> Tensor:
    """[B, 1, H, W]: difference of values and of gradients: rewards edges at the right position."""
    difference = answer - truth
    down = difference.diff(dim=2, append=difference[:, :, -1:])
    right = difference.diff(dim=3, append=difference[..., -1:])
    return (difference.abs() + down.abs() + right.abs()).mean(1, keepdim=True)


def detail(picture: Tensor) -> Tensor:
    """[B, C, H/8, W/8]: root mean square gradient in blocks of 8x8."""
    down = picture.diff(dim=2, append=picture[:, :, -1:])
    right = picture.diff(dim=3, append=picture[..., -1:])
    return (F.avg_pool2d(down.square() + right.square(), 8) + 1e-6).sqrt()
