"""
Shows the state of a run: PSNR-Y of its averaged network on folders of truths, and a sheet of answers to small pictures.

    python -m training.peek_art --run RUN --truth EVAL/sprites/hr EVAL/emoji/hr --small ART/*.png --sheet sheet.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from training.art_batches import premultiplied
from training.checkpoints import read_checkpoint
from training.train_art import channels_last

from depixel.consistency import is_binary_alpha, project, quantise
from depixel.degradation import make_degradation
from depixel.priors.art import DEGRADATIONS, ArtConfig, ArtNetwork, ArtPrior
from depixel.priors.base import PriorSpec


def prior_of(run: Path) -> ArtPrior:
    """The averaged network of a run's checkpoint."""
    state, tensors = read_checkpoint(run)
    config = ArtConfig.from_dict(state["config"])  # type: ignore[arg-type]
    network = ArtNetwork(config)
    network.load_state_dict({k.removeprefix("average."): v for k, v in tensors.items() if k.startswith("average.")})
    spec = PriorSpec(run.name, "art", config.scale, None, "", "")
    return ArtPrior(channels_last(network), spec)


def enlarge(
    prior: ArtPrior, pixels: np.ndarray, kind: str, z: float = 0.0, seed: int = 0, flips: bool = False
) -> np.ndarray:
    """
    Straight RGBA uint8 => the exported answer, 4x, straight RGBA uint8; `z` is the imagination. With `flips`, the calm
    answers for the eight flips and rotations of the picture are averaged.
    """
    small = premultiplied(torch.from_numpy(pixels.copy())[None])
    degradation = make_degradation(kind, 4)
    latents = prior.sample(small, degradation, torch.Generator().manual_seed(seed), z)
    with torch.no_grad():
        large = prior.decode(latents, small, degradation)
        if flips:
            large = torch.stack([_turned_answer(prior, small, kind, turn) for turn in range(8)]).mean(0)
    binary = is_binary_alpha(small)
    large = project(large, small, degradation, binary_alpha=binary)
    straight = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].to(torch.int32)
    return np.asarray(quantise(large, straight, degradation, binary_alpha=binary)[0].permute(1, 2, 0).to(torch.uint8))


def _turned_answer(prior: ArtPrior, small: Tensor, kind: str, turn: int) -> Tensor:
    turned = small.rot90(turn % 4, (2, 3))
    turned = turned.flip(3) if turn > 3 else turned
    degradation = make_degradation(kind, 4)
    large = prior.decode(prior.encode(turned, degradation), turned, degradation)
    return (large.flip(3) if turn > 3 else large).rot90(-(turn % 4), (2, 3))


def luma_over_grey(pixels: np.ndarray) -> np.ndarray:
    """BT.601 luma (16 ... 235) of straight RGBA over grey 128, the colours rounded first."""
    alpha = pixels[..., 3:] / 255.0
    luma: np.ndarray = np.rint(pixels[..., :3] * alpha + 128 * (1 - alpha)) @ np.array([65.481, 128.553, 24.966]) / 255
    return 16 + luma


def psnr(answer: np.ndarray, truth: np.ndarray) -> float:
    """PSNR of luma over grey in dB, without a border of 4 pixels."""
    difference = (luma_over_grey(answer) - luma_over_grey(truth))[4:-4, 4:-4]
    return float(10 * np.log10(255**2 / max(np.square(difference).mean(), 1e-3)))


def read(path: Path) -> np.ndarray:
    return np.array(Image.open(path).convert("RGBA"))


def reduced(truth: np.ndarray, kind: str) -> np.ndarray:
    """The small picture of a truth: straight RGBA uint8."""
    small: Tensor = make_degradation(kind, 4).apply(premultiplied(torch.from_numpy(truth)[None])).clamp(0, 1)[0]
    colour = torch.where(small[3:] > 0, small[:3] / small[3:].clamp_min(1e-6), 0).clamp(0, 1)
    return np.asarray((torch.cat([colour, small[3:]]) * 255).round().to(torch.uint8).permute(1, 2, 0))


def sheet(prior: ArtPrior, files: list[Path], kind: str, tile: int = 256, columns: int = 3) -> Image.Image:
    """Nearest enlargement and answer side by side, `columns` pairs per row, on mid grey."""
    rows = -(-len(files) // columns)
    canvas = Image.new("RGB", (columns * (2 * tile + 8), rows * (tile + 4)), (128, 128, 128))
    for i, file in enumerate(files):
        pixels = read(file)[: tile // 4, : tile // 4]
        x, y = i % columns * (2 * tile + 8), i // columns * (tile + 4)
        for column, large in enumerate((pixels.repeat(4, 0).repeat(4, 1), enlarge(prior, pixels, kind))):
            image = Image.fromarray(large)
            grow = max(1, tile // max(image.size))
            image = image.resize((image.width * grow, image.height * grow), Image.Resampling.NEAREST)
            canvas.paste(image, (x + column * tile, y), image)
    return canvas


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--truth", type=Path, nargs="*", default=[])
    parser.add_argument("--kinds", nargs="*", default=["area"], choices=DEGRADATIONS)
    parser.add_argument("--small", type=Path, nargs="*", default=[])
    parser.add_argument("--small-kind", default="point", choices=DEGRADATIONS)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--flips", action="store_true", help="average eight flips and rotations: eight times slower")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    prior = prior_of(arguments.run)
    for folder in arguments.truth:
        for kind in arguments.kinds:
            values = []
            for file in sorted(folder.glob("*.png")):
                truth = read(file)
                values.append(psnr(enlarge(prior, reduced(truth, kind), kind, flips=arguments.flips), truth))
            print(f"{folder.parent.name:10} {kind:8} PSNR-Y {np.mean(values):.2f} dB over {len(values)}")
    if arguments.sheet and arguments.small:
        sheet(prior, arguments.small, arguments.small_kind).save(arguments.sheet)


if __name__ == "__main__":
    main()
