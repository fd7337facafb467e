"""A tiny style-based generator with random weights, in our layout and with NVIDIA's names."""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.priors.stylegan import BLUR, Generator, GeneratorSpec

SPEC = GeneratorSpec(16, 8, 8, (12, 10, 6), 3, 0.01, False)


def tiny_generator() -> Generator:
    """16x16 pixels, with noise that has an effect."""
    torch.manual_seed(0)
    generator = Generator(SPEC).eval().requires_grad_(False)
    for conv in generator.synthesis.convs:
        conv.noise_strength.fill_(0.2)  # type: ignore[operator]
        conv.bias.normal_()  # type: ignore[operator]
    return generator


def ada_state(generator: Generator) -> dict[str, Tensor]:
    """The same tensors with NVIDIA's names."""
    out: dict[str, Tensor] = {"mapping.w_avg": torch.full((8,), 0.25)}
    kernel = torch.outer(torch.tensor(BLUR), torch.tensor(BLUR)) / 64
    for key, value in generator.state_dict().items():
        parts = key.split(".")
        if parts[0] == "mapping":
            name = f"mapping.fc{parts[2]}.{parts[3]}"
        elif parts[1] == "convs":
            k = int(parts[2])
            block, conv = (4, "conv1") if k == 0 else (4 << ((k + 1) // 2), f"conv{(k + 1) % 2}")
            name = f"synthesis.b{block}.{conv}." + ".".join(parts[3:])
            out[f"synthesis.b{block}.{conv}.resample_filter"] = kernel
        elif parts[1] == "to_rgb":
            name = f"synthesis.b{4 << int(parts[2])}.torgb." + ".".join(parts[3:])
        else:
            name = "synthesis.b4.const"
        out[name] = value
    return out
