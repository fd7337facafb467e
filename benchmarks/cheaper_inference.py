"""
Would cheaper numbers make the art network faster on this CPU, and what would they cost? Ratios of interleaved medians.

    python benchmarks/cheaper_inference.py --out benchmarks/results [--rounds 41]

Speed: one 3x3 convolution of the network's own width, which is nearly all of its work, in float32, bfloat16 (what the
network runs in where the CPU is fast at it) and int8 (torch's quantised kernels). Quality: PSNR of the whole network
against float32, with its weights, and what each convolution reads, rounded to int8 (a scale for each channel of
weights, one for each tensor of activations, taken from the very pictures: better than any calibration). The wish: 1.5
times as fast as today, and within 0.05 dB, for which an answer may differ by 1/9 of the network's own error. One layer
is an upper bound: a whole pass also has activations, shuffles and the projection. Fewer than some 40 rounds mislead.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depixel.priors.art import ArtPrior

SIDE = 64  # small pixels


def medians(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of each way, the rounds interleaved."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for work in ways.values():
        work()
    for _ in range(rounds):
        for name, work in ways.items():
            began = time.perf_counter()
            for _ in range(5):
                work()
            seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in seconds.items()}


def _laid_out(layer: nn.Conv2d) -> nn.Conv2d:
    layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
    return layer


def of_one_layer(width: int, rounds: int) -> dict[str, float]:
    """Seconds of a 3x3 convolution of this width over SIDE x SIDE."""
    torch.backends.quantized.engine = "x86" if "x86" in torch.backends.quantized.supported_engines else "qnnpack"
    layer = _laid_out(nn.Conv2d(width, width, 3, padding=1).eval())
    x = torch.rand(1, width, SIDE, SIDE).to(memory_format=torch.channels_last)
    brain, brain_x = nn.Conv2d(width, width, 3, padding=1).eval().bfloat16(), x.bfloat16()
    brain = _laid_out(brain)
    weight = torch.quantize_per_tensor(layer.weight.detach(), 0.002, 0, torch.qint8)
    bias = torch.zeros(width)
    packed = torch.ops.quantized.conv2d_prepack(weight, bias, [1, 1], [1, 1], [1, 1], 1)
    whole_x = torch.quantize_per_tensor(x, 1 / 127, 0, torch.quint8)
    with torch.inference_mode():
        return medians(
            {
                "float32": lambda: layer(x),
                "bfloat16": lambda: brain(brain_x),
                "int8": lambda: torch.ops.quantized.conv2d(whole_x, packed, 0.05, 64),
                "int8, converted on the way in and out": lambda: torch.ops.quantized.conv2d(
                    torch.quantize_per_tensor(x, 1 / 127, 0, torch.quint8), packed, 0.05, 64
                ).dequantize(),
            },
            rounds,
        )


def rounded(x: Tensor, dims: tuple[int, ...]) -> Tensor:
    """x as int8 would hold it, with one scale over `dims`."""
    scale = x.abs().amax(dims, keepdim=True).clamp_min(1e-8) / 127
    return (x / scale).round().clamp(-128, 127) * scale


def quality(prior: ArtPrior) -> dict[str, float]:
    """PSNR in dB against the float32 network, before the projection."""
    network = prior.network.float()
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(4, 3, SIDE // 8, SIDE // 8, generator=generator)
    small = torch.cat(
        [F.interpolate(coarse, scale_factor=8, mode="bicubic").clamp(0, 1), torch.ones(4, 1, SIDE, SIDE)], 1
    )
    kinds = torch.zeros(4, dtype=torch.long)

    def answer() -> Tensor:
        with torch.inference_mode():
            large: Tensor = network(small, kinds, None, None, (False, False))
        return large.float()[:, :3]

    exact = answer()
    with torch.autocast("cpu", torch.bfloat16):
        brain = answer()
    hooks = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.data = rounded(module.weight.data, (1, 2, 3))
            hooks.append(module.register_forward_pre_hook(lambda _, args: (rounded(args[0], (0, 1, 2, 3)),)))
    whole = answer()
    return {
        name: float(-10 * (x - exact).square().mean().log10()) for name, x in (("bfloat16", brain), ("int8", whole))
    }


def main() -> None:
    """Measure and write cheaper_inference.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=41)
    args = parser.parse_args()
    prior = ArtPrior.load("art-small")
    widths = [m.out_channels for m in prior.network.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    width = max(set(widths), key=widths.count)
    seconds = of_one_layer(width, args.rounds)
    distance = quality(prior)
    rows = [f"| {name} | {seconds['bfloat16'] / time:.2f} | |" for name, time in seconds.items()]
    rows += [f"| {name}, whole network | | {decibels:.1f} dB |" for name, decibels in distance.items()]
    text = (
        f"# Cheaper inference\n\nA 3x3 convolution of {width} channels over {SIDE}x{SIDE} on {torch.get_num_threads()} "
        f"thread(s), {torch.backends.cpu.get_cpu_capability()}; {args.rounds} interleaved rounds.\n\n"
        "| numbers | speed beside bfloat16 | PSNR against float32 |\n|---|---|---|\n" + "\n".join(rows) + "\n"
        f"\nint8 is {seconds['bfloat16'] / seconds['int8']:.2f} times as fast as bfloat16, where 1.5 was wanted, and "
        f"{seconds['float32'] / seconds['int8']:.2f} times as fast as float32, which CPUs without bfloat16 use.\n"
    )
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "cheaper_inference.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
