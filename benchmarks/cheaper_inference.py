"""
Would cheaper numbers make the art network faster on this CPU, and what would they cost? Ratios of interleaved medians.

    python benchmarks/cheaper_inference.py --pictures TRUTHS --out benchmarks/results [--rounds 41]

First one 3x3 convolution of the network's width, which is nearly all of its work, then the whole network, in float32,
bfloat16 (what the network runs in where the CPU is fast at it) and int8 (torch's quantised kernels). Quality is the
PSNR against the truth that is lost after the projection, over pictures that the int8 scales were not calibrated on.
Fewer than some 40 rounds mislead.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from depixel.degradation import make_degradation
from depixel.priors.art import ArtBlock, ArtNetwork, ArtPrior
from depixel.priors.imposing import impose
from depixel.priors.surroundings import enlarged_smoothly
from depixel.priors.turns import NO_WRAP

SIDE = 64  # small pixels
_AROUND = ([1, 1], [1, 1], [1, 1], 1)  # stride, padding, dilation, groups


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


class WholeNetwork:
    """
    The art network (area, z = 0) with int8 convolutions, bfloat16 between them, and fixed scales.

    Every channel of what a convolution reads has a scale of its own, folded into the weights (Xiao et al. 2022,
    arXiv 2211.10438, equation 3), from the largest value over the calibrating pictures. Scales must be fixed: with
    scales from the picture itself, tiles would differ from the whole picture.

    Args:
        pictures: [1, 4, h, w] premultiplied RGBA in [0, 1], to calibrate on.
    """

    def __init__(self, network: ArtNetwork, pictures: list[Tensor]) -> None:
        self.network = network
        largest: dict[str, Tensor] = {}

        def note(name: str, x: Tensor) -> None:
            peak = x.abs().amax((0, 2, 3)).clamp_min(1e-4)
            largest[name] = torch.maximum(largest.get(name, peak), peak)

        for small in pictures:
            x = stem = network.stem(small)
            for number, block in enumerate(self._blocks()):
                note(f"{number} first", x)
                scale, shift = self._condition(block)
                y = F.relu(block.first(x) * (1 + scale)[:, None, None] + shift[:, None, None])
                note(f"{number} second", y)
                x = x + block.second(y)
            note("head", x + stem)
        self.layers = []
        for number, block in enumerate(self._blocks()):
            scale, shift = self._condition(block)
            out = largest[f"{number} second"]
            gain, bias = (1 + scale) / out, (cast(Tensor, block.first.bias) * (1 + scale) + shift) / out
            first = WholeLayer(block.first.weight * gain[:, None, None, None], bias, largest[f"{number} first"], True)
            self.layers.append((first, WholeLayer(block.second.weight, block.second.bias, out, False)))
        self.head = WholeLayer(network.head.weight, network.head.bias, largest["head"], True)

    def _blocks(self) -> list[ArtBlock]:
        return [cast(ArtBlock, block) for block in self.network.blocks]

    def _condition(self, block: ArtBlock) -> tuple[Tensor, Tensor]:
        scale, shift = block.condition[0].chunk(2)
        return scale, shift

    def __call__(self, small: Tensor) -> Tensor:
        """[B, 4, h, w] => [B, 4, 4h, 4w], before the projection."""
        with torch.autocast("cpu", torch.bfloat16):
            stem = self.network.stem(small.contiguous(memory_format=torch.channels_last))
        x = stem.clone()
        for first, second in self.layers:
            x = second.added(first.rectified(first.rounded(x)), x)
        difference = F.pixel_shuffle(self.head(self.head.rounded(x + stem)).float(), self.network.config.scale)
        return enlarged_smoothly(small, self.network.config.scale, NO_WRAP) + difference


class WholeLayer:
    """A 3x3 convolution in int8 by oneDNN's kernels; `peak` [C] is the largest value that each channel reads."""

    def __init__(self, weight: Tensor, bias: Tensor | None, peak: Tensor, signed: bool) -> None:
        folded = weight * peak[None, :, None, None]
        self.scales = folded.abs().amax((1, 2, 3)).clamp_min(1e-8) / 127
        whole = (folded / self.scales[:, None, None, None]).round().to(torch.int8)
        self.bias = bias
        self.zeros = torch.zeros_like(self.scales, dtype=torch.int32)
        self.step, self.zero = (1 / 127, 128) if signed else (1 / 255, 0)
        self.factors, self.half = (127 / peak)[None, :, None, None], torch.tensor(128.5)
        self.weight = torch.ops.onednn.qconv_prepack(
            whole, self.scales, self.step, self.zero, [1, 1], [1, 1], [1, 1], 1, [1, len(peak), SIDE, SIDE]
        )

    def rounded(self, x: Tensor) -> Tensor:
        """x as unsigned bytes around 128."""
        return torch.addcmul(self.half, x.float(), self.factors).clamp_(0, 255).to(torch.uint8)

    def rectified(self, x: Tensor) -> Tensor:
        """ReLU of the convolution, as unsigned bytes."""
        where = (x, self.step, self.zero, self.weight, self.scales, self.zeros, self.bias, *_AROUND)
        out: Tensor = torch.ops.onednn.qconv2d_pointwise(*where, 1 / 255, 0, torch.uint8, "relu", [], "")
        return out

    def added(self, x: Tensor, to: Tensor) -> Tensor:
        """The convolution in bfloat16, added to `to` in place."""
        where = (x, self.step, self.zero, self.weight, self.scales, self.zeros, to, self.bias, *_AROUND)
        how: Any = (1.0, 0, torch.bfloat16, 1.0, 0, "sum", 1.0, "none", [], "")
        out: Tensor = torch.ops.onednn.qconv2d_pointwise.binary(*where, *how)
        return out

    def __call__(self, x: Tensor) -> Tensor:
        """The convolution in bfloat16."""
        where = (x, self.step, self.zero, self.weight, self.scales, self.zeros, self.bias, *_AROUND)
        out: Tensor = torch.ops.onednn.qconv2d_pointwise(*where, 1.0, 0, torch.bfloat16, "none", [], "")
        return out


def whole_pass(network: ArtNetwork, truths: list[Tensor], rounds: int) -> list[tuple[str, float, float, float]]:
    """
    Each kind of number over the whole network: (name, speed beside bfloat16, mean PSNR in dB against float32 before the
    projection, dB lost against the truth after it).

    Args:
        truths: [1, 4, 4h, 4w] premultiplied RGBA; every other one calibrates, the rest measures.
    """
    degradation = make_degradation("area", 4)
    small = [degradation.apply(truth) for truth in truths]
    kind = torch.zeros(1, dtype=torch.long)
    whole = WholeNetwork(network, small[::2])

    def plain(x: Tensor) -> Tensor:
        out: Tensor = network(x, kind)
        return out

    def brain(x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return plain(x)

    ways: dict[str, Callable[[Tensor], Tensor]] = {"float32": plain, "bfloat16": brain, "int8": whole}
    square = torch.rand(1, 4, SIDE, SIDE)
    seconds = medians({name: partial(way, square) for name, way in ways.items()}, rounds)
    rows = []
    reference = [plain(x) for x in small[1::2]]
    for name, way in ways.items():
        away, lost = [], []
        for x, truth, exact in zip(small[1::2], truths[1::2], reference, strict=True):
            answer = way(x)
            away.append(_decibels(answer, exact) if name != "float32" else math.inf)
            final = [_decibels(impose(y, x, degradation).clamp(0, 1), truth) for y in (exact, answer)]
            lost.append(final[0] - final[1])
        rows.append((name, seconds["bfloat16"] / seconds[name], statistics.mean(away), statistics.mean(lost)))
    return rows


def _decibels(x: Tensor, y: Tensor) -> float:
    return float(-10 * (x - y).square().mean().clamp_min(1e-10).log10())


def pictures_in(folder: Path, most: int) -> list[Tensor]:
    """Pictures of 64 to 512 pixels, evenly taken, cut to multiples of 4: [1, 4, H, W] premultiplied RGBA."""
    paths = sorted(folder.rglob("*.png"))
    pictures = []
    for path in paths[:: max(1, len(paths) // (2 * most))]:
        with Image.open(path) as image:
            if min(image.size) < 64 or max(image.size) > 512:
                continue
            pixels = torch.from_numpy(np.asarray(image.convert("RGBA"))).permute(2, 0, 1)[None].float() / 255
        pixels = pixels[..., : pixels.shape[2] // 4 * 4, : pixels.shape[3] // 4 * 4]
        pictures.append(torch.cat([pixels[:, :3] * pixels[:, 3:], pixels[:, 3:]], 1))
    return pictures[:most]


def main() -> None:
    """Measure and write cheaper_inference.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of pictures at full size, the truth")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=41)
    args = parser.parse_args()
    torch.set_grad_enabled(False)
    network = ArtPrior.load("art-small").network
    layer = of_one_layer(network.config.channels, args.rounds)
    pictures = pictures_in(args.pictures, 80)
    passes = whole_pass(network, pictures, args.rounds)
    one = "".join(f"| {name} | {layer['bfloat16'] / time:.2f} |\n" for name, time in layer.items())
    all_rows = "".join(
        f"| {name} | {speed:.2f} | {'' if name == 'float32' else f'{away:.1f}'} | {lost:+.3f} |\n"
        for name, speed, away, lost in passes
    )
    text = (
        f"# Cheaper inference\n\n{torch.get_num_threads()} thread(s), {torch.backends.cpu.get_cpu_capability()}; "
        f"medians of {args.rounds} interleaved rounds. Wanted: 1.5 times as fast as bfloat16, at most 0.05 dB lost.\n\n"
        f"A 3x3 convolution of {network.config.channels} channels over {SIDE}x{SIDE}:\n\n"
        f"| numbers | speed beside bfloat16 |\n|---|---|\n{one}\n"
        f"The whole network, calibrated on {len(pictures[::2])} pictures, measured on {len(pictures[1::2])} others:\n\n"
        "| numbers | speed beside bfloat16 | PSNR against float32, dB | PSNR lost after the projection, dB |\n"
        f"|---|---|---|---|\n{all_rows}"
    )
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "cheaper_inference.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
