"""
Starts a run with released weights, optionally in a larger network: its first answers are the released network's own.

    python -m training.grow_art --weights art-small --config medium --run RUN
    python -m training.grow_art --weights art-medium --config medium --run RUN     # same shape: continue a release

New channels and blocks preserve the function (Chen et al. 2016, Net2Net, arXiv 1511.05641): a new channel computes
something random that old channels do not read yet, and a new block writes nothing to old channels. The weights that
read it are zero and get a gradient from the first step on. The optimiser starts anew.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from torch import Tensor
from training.checkpoints import save_checkpoint
from training.train_art import CONFIGS, Run, start

from depixel.priors.art import ArtConfig, ArtNetwork, ArtPrior
from depixel.priors.weights import load_weights


def grown(source: ArtNetwork, config: ArtConfig) -> ArtNetwork:
    """
    A network of shape `config` whose answers are those of `source`, for every z and every degradation.

    Raises:
        ValueError: `config` is smaller in some respect, or differs in values that cannot grow (latent, scale).
    """
    before = source.config
    if (config.latent, config.scale) != (before.latent, before.scale):
        raise ValueError(f"latent and scale cannot grow: {before} to {config}")
    if config.channels < before.channels or config.blocks < before.blocks:
        raise ValueError(f"cannot shrink {before} to {config}")
    network = ArtNetwork(config)
    mine, its, old = network.state_dict(), source.state_dict(), before.channels
    places = old_places(before.blocks, config.blocks)
    with torch.no_grad():
        mine["stem.weight"][:old], mine["stem.bias"][:old] = its["stem.weight"], its["stem.bias"]
        for name in ("head.weight", "vivid.weight"):
            mine[name].zero_()
            mine[name][:, :old] = its[name]
        mine["head.bias"].copy_(its["head.bias"])
        for index in range(config.blocks):
            block = _part(mine, f"blocks.{index}.")
            block["second.weight"][:old], block["second.bias"][:old] = 0, 0
            if index in places:
                _fill(block, _part(its, f"blocks.{places.index(index)}."), old)
    return network


def old_places(before: int, after: int) -> list[int]:
    """The positions of `before` blocks among `after`: new ones are spread evenly between and after them."""
    return [index * after // before for index in range(before)]


# The tensors below a prefix, not copied.
def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


# A block of the larger network that does to the first `old` channels what the smaller one's does.
def _fill(block: dict[str, Tensor], its: dict[str, Tensor], old: int) -> None:
    block["first.weight"][:old] = 0
    block["first.weight"][:old, :old], block["first.bias"][:old] = its["first.weight"], its["first.bias"]
    block["second.weight"][:old, :old], block["second.bias"][:old] = its["second.weight"], its["second.bias"]
    for name, dim in (("condition", 1), ("bend.weight", 0)):  # each holds scales, then shifts
        for mine, theirs in zip(block[name].chunk(2, dim), its[name].chunk(2, dim), strict=True):
            mine.narrow(dim, 0, old).copy_(theirs)


def grown_run(weights: str, config: ArtConfig) -> Run:
    """
    A run that starts with released weights. With the weights' own shape it continues their counters; with a larger
    shape it counts from zero.

    Raises:
        WeightsError: no such weights, or damaged ones.
        ValueError: `config` is smaller than the weights' shape.
    """
    loaded = load_weights(weights)
    source = ArtPrior.from_weights(loaded).network
    run = start(config, torch.device("cpu"))
    tensors: dict[str, Tensor] = grown(source, config).state_dict()
    run.network.load_state_dict(tensors)
    run.average.load_state_dict(tensors)
    if source.config == config:
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
        parser.error(f"{arguments.run} already holds a run; continue it with training.train_art")
    arguments.run.mkdir(parents=True, exist_ok=True)
    save_checkpoint(arguments.run, grown_run(arguments.weights, CONFIGS[arguments.config]))


if __name__ == "__main__":
    main()
