"""
Would lower precision make the art network faster on this CPU, and what would it cost? Ratios of interleaved medians.

    python benchmarks/cheaper_inference.py --pictures EVALSET/*/hr --out benchmarks/results [--rounds 41]

First one 3x3 convolution of the network's width, which is nearly all of its work, then a whole calm answer with its
projection, in float32, bfloat16 and int8 (`depixel.priors.art_int8`, with scales from training pictures). Quality is
the loss of PSNR against the truth. Fewer than about 40 rounds are unreliable.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from depixel.consistency import is_binary_alpha
from depixel.degradation import make_degradation
from depixel.preparation.tensors import premultiplied
from depixel.priors.art import ArtPrior
from depixel.priors.art_int8 import IntegerTrunk
from depixel.priors.imposing import impose_small

BATCH, SIDE = 2, 64  # pictures and their sides: as many pixels as one pass on a CPU takes (depixel.devices.pass_for)


def medians(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """
    CPU seconds of each variant on this thread, the rounds interleaved, so that other work on the machine hardly
    matters.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for work in ways.values():
        work()
    for _ in range(rounds):
        for name, work in ways.items():
            began = time.thread_time()
            work()
            work()
            seconds[name].append(time.thread_time() - began)
    return {name: statistics.median(times) for name, times in seconds.items()}


def _laid_out(layer: nn.Conv2d) -> nn.Conv2d:
    layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
    return layer


def of_one_layer(width: int, rounds: int) -> dict[str, float]:
    """Seconds of a 3x3 convolution of this width over BATCH pictures of SIDE x SIDE."""
    torch.backends.quantized.engine = "x86" if "x86" in torch.backends.quantized.supported_engines else "qnnpack"
    layer = _laid_out(nn.Conv2d(width, width, 3, padding=1).eval())
    x = torch.rand(BATCH, width, SIDE, SIDE).to(memory_format=torch.channels_last)
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


class Loss(NamedTuple):
    """dB of PSNR against the truth that an answer loses compared with the float32 answer."""

    mean: float
    worst: float


class Row(NamedTuple):
    """A way of computing, its speed relative to bfloat16, and its loss on each kind of picture."""

    name: str
    network: float
    answer: float
    losses: dict[str, Loss]

    def __str__(self) -> str:
        cells = [f"{loss.mean:+.3f} ({loss.worst:+.3f})" for loss in self.losses.values()]
        return f"| {self.name} | {self.network:.2f} | {self.answer:.2f} | {' | '.join(cells)} |\n"


def whole_pass(prior: ArtPrior, truths: dict[str, list[Tensor]], rounds: int) -> list[Row]:
    """
    Each precision for the whole network, and for a calm answer with its projection.

    Args:
        truths: pictures [1, 4, 4h, 4w], premultiplied RGBA, by kind.
    """
    degradation = make_degradation("area", 4)
    trunk = IntegerTrunk(prior.network, cast(Tensor, prior.peaks)[0], 0)

    def network(way: str, x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=way != "float32"):
            kinds = torch.zeros(len(x), dtype=torch.long)
            out: Tensor = prior.network(x, kinds, trunk=trunk if way == "int8" else None)
        return out

    def answer(way: str, x: Tensor) -> Tensor:
        return impose_small(network(way, x), x, degradation, is_binary_alpha(x)).clamp(0, 1)

    ways = ("float32", "bfloat16", "int8")
    squares = torch.rand(BATCH, 4, SIDE, SIDE)
    alone = medians({way: partial(network, way, squares) for way in ways}, rounds)
    whole = medians({way: partial(answer, way, squares) for way in ways}, rounds)
    losses: dict[str, dict[str, Loss]] = {way: {} for way in ways}
    for group, pictures in truths.items():
        pairs = [(degradation.apply(truth), truth) for truth in pictures]
        exact = [_decibels(answer("float32", x), truth) for x, truth in pairs]
        for way in ways:
            lost = [before - _decibels(answer(way, x), truth) for before, (x, truth) in zip(exact, pairs, strict=True)]
            losses[way][group] = Loss(statistics.mean(lost), max(lost))
    return [Row(way, alone["bfloat16"] / alone[way], whole["bfloat16"] / whole[way], losses[way]) for way in ways]


def _decibels(x: Tensor, y: Tensor) -> float:
    return float(-10 * (x - y).square().mean().clamp_min(1e-10).log10())


def pictures_in(folder: Path) -> list[Tensor]:
    """Pictures of 64 to 512 pixels, cropped to multiples of 4: [1, 4, H, W] premultiplied RGBA."""
    pictures = []
    for path in sorted(folder.rglob("*.png")):
        with Image.open(path) as image:
            if min(image.size) < 64 or max(image.size) > 512:
                continue
            pixels = torch.from_numpy(np.array(image.convert("RGBA"))).permute(2, 0, 1)[None]
        pixels = pixels[..., : pixels.shape[2] // 4 * 4, : pixels.shape[3] // 4 * 4]
        pictures.append(premultiplied(pixels, 255))
    return pictures


def main() -> None:
    """Measure and write cheaper_inference.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True, nargs="+", help="folders of pictures at full size")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=41)
    args = parser.parse_args()
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)  # `thread_time` sees one thread
    prior = ArtPrior.load("art-small")
    layer = of_one_layer(prior.network.config.channels, args.rounds)
    pictures = {(path.parent if path.name == "hr" else path).name: pictures_in(path) for path in args.pictures}
    passes = whole_pass(prior, pictures, args.rounds)
    one = "".join(f"| {name} | {layer['bfloat16'] / time:.2f} |\n" for name, time in layer.items())
    many = "".join(str(row) for row in passes)
    groups = " | ".join(f"dB lost, {name} ({len(some)})" for name, some in pictures.items())
    text = (
        f"# Cheaper inference\n\n{torch.get_num_threads()} thread(s), {torch.backends.cpu.get_cpu_capability()}; "
        f"medians of {args.rounds} interleaved rounds. Wanted: 1.5 times as fast as bfloat16, at most 0.05 dB lost.\n\n"
        f"A 3x3 convolution of {prior.network.config.channels} channels over {BATCH} pictures of {SIDE}x{SIDE}:\n\n"
        f"| numbers | speed beside bfloat16 |\n|---|---|\n{one}\n"
        "Speed beside bfloat16 of the network alone and of a calm answer with its projection; dB of PSNR lost beside "
        "float32, the mean and (the worst picture):\n\n"
        f"| numbers | network | answer | {groups} |\n|---|---|---|{'---|' * len(pictures)}\n{many}"
    )
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "cheaper_inference.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
