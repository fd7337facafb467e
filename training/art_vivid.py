"""
The art prior's adversarial stage: detail that z adds should look like art where the truth's own detail was lost.

A small patch discriminator compares answers with truths in pairs (relativistic: Jolicoeur-Martineau 2018, arXiv
1807.00734) under zero-centred gradient penalties on both (R1 and R2: Mescheder et al. 2018, arXiv 1801.04406). It is
kept in the run's folder and not released.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from training.art_batches import Slice
from training.art_losses import amount_of_detail, generate, misplacement, nearest_latent, random_strength

from depixel.priors.art import ArtNetwork
from depixel.priors.fields import smooth_latent

FILE = "discriminator.safetensors"
# Measured where the answer meets them: the adversarial gradient is then near that of the pull towards the truth. A
# penalty of 0.05 left the discriminator so flat (truths 0.02 above answers) that it taught nothing.
SHARE = 0.2  # of the adversarial term in the loss
PENALTY = 0.002  # of the squared gradient, per patch
DETAIL = 0.5  # of what the spread stage gives to the amount of detail, which ringing and noise can also produce


class PatchDiscriminator(nn.Module):
    """(large [B, 4, 4h, 4w], small [B, 4, h, w]) => one number for each pixel of the small picture, [B, 1, h, w]."""

    def __init__(self, channels: int = 32) -> None:
        super().__init__()
        self.first = nn.Conv2d(16, channels, 3, padding=1)
        self.down = nn.Conv2d(channels, 2 * channels, 4, 2, 1)
        self.mixed = nn.Conv2d(2 * channels + 4, 2 * channels, 3, padding=1)
        self.last = nn.Conv2d(2 * channels, 1, 3, padding=1)

    def forward(self, large: Tensor, small: Tensor) -> Tensor:
        x = F.leaky_relu(self.first(F.pixel_unshuffle(large - 0.5, 2)), 0.2)
        x = F.leaky_relu(self.down(x), 0.2)
        x = F.leaky_relu(self.mixed(torch.cat([x, small - 0.5], 1)), 0.2)
        out: Tensor = self.last(x)
        return out


class Adversary:
    """The discriminator with its optimiser, as stored in a run's folder."""

    def __init__(self, device: torch.device, rate: float = 1e-3) -> None:
        torch.manual_seed(1)
        self.network = PatchDiscriminator().to(device)
        self._optimiser = torch.optim.Adam(self.network.parameters(), lr=rate, betas=(0.0, 0.99))

    def step(self, answer: Tensor, truth: Tensor, small: Tensor) -> float:
        """Train the discriminator to tell a batch of answers from its truths; returns the loss without penalties."""
        fake, real = answer.detach().requires_grad_(True), truth.detach().requires_grad_(True)
        for_fake, for_real = self.network(fake, small), self.network(real, small)
        loss = F.softplus(for_fake - for_real).mean()
        slopes = torch.autograd.grad([for_fake.sum(), for_real.sum()], [fake, real], create_graph=True)
        penalty = sum(slope.square().sum((1, 2, 3)).mean() for slope in slopes) / for_real[0].numel()
        self._optimiser.zero_grad(set_to_none=True)
        (loss + PENALTY * penalty).backward()
        self._optimiser.step()
        return float(loss.detach())

    def loss(self, answer: Tensor, truth: Tensor, small: Tensor) -> Tensor:
        """The generator's adversarial loss for these answers."""
        self.network.requires_grad_(False)
        loss = F.softplus(self.network(truth, small) - self.network(answer, small)).mean()
        self.network.requires_grad_(True)
        return loss

    def save(self, folder: Path) -> None:
        """Write FILE: weights and moments."""
        names = [name for name, _ in self.network.named_parameters()]
        tensors = dict(self.network.state_dict())
        for index, state in self._optimiser.state_dict()["state"].items():
            tensors |= {f"adam.{key}.{names[index]}": torch.as_tensor(value) for key, value in state.items()}
        part = folder / f"{FILE}.part"
        save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, part)
        part.replace(folder / FILE)

    def load(self, folder: Path) -> None:
        """Continue from FILE if it exists."""
        if not (folder / FILE).exists():
            return
        tensors = load_file(folder / FILE)
        self.network.load_state_dict({k: v for k, v in tensors.items() if not k.startswith("adam.")})
        adam = self._optimiser.state_dict()
        adam["state"] = {
            index: {key: tensors[f"adam.{key}.{name}"] for key in ("step", "exp_avg", "exp_avg_sq")}
            for index, (name, _) in enumerate(self.network.named_parameters())
            if f"adam.step.{name}" in tensors
        }
        self._optimiser.load_state_dict(adam)


def vivid_loss(
    network: ArtNetwork, slices: list[Slice], adversary: Adversary, generator: torch.Generator, bf16: bool
) -> Tensor:
    """
    One step of the discriminator, and the generator's loss: the nearest of two latents is pulled towards the truth in
    every other picture, as in the spread stage; the rest take any latent, and all must pass for truths.
    """
    truth, small = torch.cat([s.large for s in slices]), torch.cat([s.small for s in slices])
    batch, _, height, width = small.shape
    strength = random_strength(batch, generator).to(truth)
    near = (torch.arange(batch, device=truth.device) % 2 == 0)[:, None, None, None]
    composed = nearest_latent(network, slices, strength, generator, bf16, tries=2)
    z = smooth_latent(batch, network.config.latent, height, width, generator).to(truth) * strength
    answer = torch.cat(generate(network, slices, torch.where(near, composed, z), bf16))
    adversary.step(answer, truth, small)
    pulled = (misplacement(answer, truth) * near).mean() * 2
    pulled = pulled + DETAIL * amount_of_detail(answer, truth, strength)
    return pulled + SHARE * adversary.loss(answer, truth, small)
