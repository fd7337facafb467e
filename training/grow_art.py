"""
Begin a run with released weights, in a larger network if wanted: the first answers are the released network's own.

    python -m training.grow_art --weights art-small --config medium --run RUN
    python -m training.grow_art --weights art-medium --config medium --run RUN     # same shape: continue a release

New channels and blocks preserve the function (Chen et al. 2016, Net2Net, arXiv 1511.05641): a new channel computes
something random that no old channel reads yet, and a new block writes nothing into old channels. The weights that would
read it are zero and get a gradient from the first step on. The optimiser starts afresh.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from torch import Tensor
from training.checkpoints import save_checkpoint
from training.train_art import CONFIGS, Run, start

from depixel.priors.art import ArtBlock, ArtConfig, ArtNetwork
from depixel.priors.weights import load_weights


def grown(source: ArtNetwork, config: ArtConfig) -> ArtNetwork:
    """
    A network of shape `config` whose answers are those of `source`, for every z and every degradation.

    Raises:
        ValueError: `config` is smaller in some way, or differs in what cannot grow (latent, scale).
    """
    before = source.config
    if (config.latent, config.scale) != (before.latent, before.scale):
        raise ValueError(f"latent and scale cannot grow: {before} to {config}")
    if config.channels < before.channels or config.blocks < before.blocks:
        raise ValueError(f"cannot shrink {before} to {config}")
    network = ArtNetwork(config)
    old = before.channels
    with torch.no_grad():
        network.stem.weight[:old], network.stem.bias[:old] = source.stem.weight, source.stem.bias  # type: ignore[index]
        for layer, its in ((network.head, source.head), (network.vivid, source.vivid)):
            layer.weight.zero_()
            layer.weight[:, :old] = its.weight
        network.head.bias.copy_(source.head.bias)  # type: ignore[union-attr, arg-type]
        places = old_places(before.blocks, config.blocks)
        for index, block in enumerate(network.blocks):
            taken = source.blocks[places.index(index)] if index in places else None
            _fill(block, taken, old)  # type: ignore[arg-type]
    return network


def old_places(before: int, after: int) -> list[int]:
    """Where each of `before` blocks stands among `after`: new ones are spread evenly between and behind them."""
    return [index * after // before for index in range(before)]


# A block of the larger network, doing to the first `old` channels what `source` does, or nothing.
def _fill(block: ArtBlock, source: ArtBlock | None, old: int) -> None:
    block.second.weight[:old] = 0
    block.second.bias[:old] = 0  # type: ignore[index]
    if source is None:
        return
    block.first.weight[:old] = 0
    block.first.weight[:old, :old] = source.first.weight
    block.first.bias[:old] = source.first.bias  # type: ignore[index]
    block.second.weight[:old, :old] = source.second.weight
    block.second.bias[:old] = source.second.bias  # type: ignore[index]
    for part, its in zip(block.condition.chunk(2, 1), source.condition.chunk(2, 1), strict=True):
        part[:, :old] = its
    for rows, its in zip(block.bend.weight.chunk(2), source.bend.weight.chunk(2), strict=True):
        rows[:old] = its


def grown_run(weights: str, config: ArtConfig) -> Run:
    """
    A run that begins with released weights. Of the weights' own shape it continues their counters; in a larger one it
    counts from zero.

    Raises:
        WeightsError: no such weights, or damaged ones.
        ValueError: `config` is smaller than the weights' shape.
    """
    loaded = load_weights(weights)
    before = ArtConfig.from_dict(loaded.config)
    source = ArtNetwork(before)
    source.load_state_dict(loaded.tensors)
    run = start(config, torch.device("cpu"))
    tensors: dict[str, Tensor] = grown(source, config).state_dict()
    run.network.load_state_dict(tensors)
    run.average.load_state_dict(tensors)
    if before == config:
        cost = json.loads(loaded.metadata.get("trained", "{}"))
        run.steps, run.samples, run.seconds = (cost.get(key, 0) for key in ("steps", "samples", "seconds"))
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="art-small", help="released name, or a .safetensors file")
    parser.add_argument("--config", choices=sorted(CONFIGS), default="medium")
    parser.add_argument("--run", type=Path, required=True, help="new folder for the run")
    arguments = parser.parse_args()
    if (arguments.run / "checkpoint.json").exists():
        parser.error(f"{arguments.run} holds a run already; continue it with training.train_art")
    arguments.run.mkdir(parents=True, exist_ok=True)
    save_checkpoint(arguments.run, grown_run(arguments.weights, CONFIGS[arguments.config]))


if __name__ == "__main__":
    main()
