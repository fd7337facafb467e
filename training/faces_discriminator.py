"""The critic of the short adversarial stage: a small residual discriminator for truths and answers."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depixel.priors.stylegan import downsample


class Discriminator(nn.Module):
    """RGB [B, 3, R, R] in [-1, 1] -> logits [B, n]: residual blocks down to 8x8, one logit a place (a patch critic).

    The first layer sees 2x2 pixels as channels, which is lossless and quarters the cost of the largest size.
    """

    def __init__(self, size: int, base: int = 32, most: int = 128) -> None:
        super().__init__()
        self.stem = nn.Conv2d(12, base, 3, padding=1)
        blocks = []
        channels = base
        for _ in range(int(math.log2(size)) - 4):
            wider = min(most, channels * 2)
            blocks.append(_Block(channels, wider))
            channels = wider
        self.blocks = nn.ModuleList(blocks)
        self.last = nn.Sequential(
            nn.Conv2d(channels + 1, channels, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(channels, 1, 1)
        )

    def forward(self, x: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        with torch.autocast(x.device.type, dtype, enabled=dtype != torch.float32):
            x = self.stem(F.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last))
            for block in self.blocks:
                x = block(x)
            # Standard deviation over the batch as an additional map, so that equal answers are noticed (Karras et al.
            # 2018).
            spread = x.float().std(0).mean().to(x.dtype).expand(x.shape[0], 1, *x.shape[2:])
            x = self.last(torch.cat([x, spread], 1))
        return x.float().flatten(1)


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(inputs, inputs, 3, padding=1)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.leaky_relu(self.conv0(F.leaky_relu(x, 0.2)), 0.2))
        return (y + self.skip(downsample(x))) * math.sqrt(0.5)  # type: ignore[no-any-return]


def adversarial_losses(
    discriminator: Discriminator,
    optimiser: torch.optim.Optimizer,
    answer: Tensor,
    truth: Tensor,
    generator: torch.Generator,
    smoothness: float = 30.0,  # weight of the gradient penalty; 0 = none in this step
) -> tuple[Tensor, float]:
    """One step of the critic, then the non-saturating loss of the answer (Goodfellow et al. 2014).

    The gradient penalty R1 on the truth is taken by finite differences: E[(D(x) - D(x + s e))^2] with small noise,
    which costs one more forward pass instead of a second derivative. Returns (loss for the generator, critic's loss).
    """
    discriminator.requires_grad_(True)
    # One pass per set, so that batch statistics do not mix truths with answers.
    true, false = (discriminator(x, torch.bfloat16) for x in (truth, answer.detach().clamp(-1.2, 1.2)))
    judging = F.softplus(-true).mean() + F.softplus(false).mean()
    if smoothness > 0:
        shaken = truth + torch.randn(truth.shape, generator=generator).to(truth.device) * 0.02
        judging = judging + smoothness * (true - discriminator(shaken, torch.bfloat16)).square().mean()
    optimiser.zero_grad(set_to_none=True)
    judging.backward()
    optimiser.step()
    discriminator.requires_grad_(False)
    return F.softplus(-discriminator(answer, torch.bfloat16)).mean(), judging.item()
