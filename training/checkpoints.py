"""
Checkpoints in safetensors shards below 16 MiB, so that they can be transferred over slow links; nothing is pickled.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

if TYPE_CHECKING:
    from training.train_art import Run

_SHARD = 15 * 2**20


def save_checkpoint(folder: Path, run: Run, light: bool = False) -> None:
    """
    Write shards, then checkpoint.json, which lists them: an interrupted write leaves the previous checkpoint intact.

    Args:
        light: only save the averaged weights, as float16: an eighth of the size. Suitable at the end of a call, when
            the rate is low and the average is close to the network; the optimiser starts from scratch.
    """
    tensors = {f"average.{name}": value for name, value in run.average.state_dict().items()}
    if light:
        tensors = {name: value.half() for name, value in tensors.items()}
    else:
        tensors |= {f"network.{name}": value for name, value in run.network.state_dict().items()}
    names = [name for name, _ in run.network.named_parameters()]
    for index, state in ({} if light else run.optimiser.state_dict()["state"]).items():
        if len(names) == len(run.optimiser.param_groups[0]["params"]):  # a spread stage starts its optimiser anew
            tensors |= {f"adam.{key}.{names[index]}": torch.as_tensor(value) for key, value in state.items()}
    files = []
    for number, shard in enumerate(_shards(tensors)):
        file = f"step{run.steps:07d}-{number:02d}.safetensors"
        save_file({name: value.detach().cpu().contiguous() for name, value in shard.items()}, folder / file)
        files.append(file)
    state = {
        "config": run.config.to_dict(),
        "steps": run.steps,
        "samples": run.samples,
        "seconds": run.seconds,
        "files": files,
    }
    part = folder / "checkpoint.json.part"
    part.write_text(json.dumps(state, indent=1), encoding="utf-8")
    part.replace(folder / "checkpoint.json")
    for old in folder.glob("step*.safetensors"):
        if old.name not in files:
            old.unlink()


def read_checkpoint(folder: Path) -> tuple[dict[str, object], dict[str, Tensor]]:
    """(the contents of checkpoint.json, all tensors)."""
    state = json.loads((folder / "checkpoint.json").read_text(encoding="utf-8"))
    tensors: dict[str, Tensor] = {}
    for file in state["files"]:
        tensors |= load_file(folder / file)
    return state, tensors


def load_checkpoint(folder: Path, run: Run) -> None:
    """Continue from the checkpoint. Raises ValueError if it has another configuration."""
    state, tensors = read_checkpoint(folder)
    if state["config"] != run.config.to_dict():
        raise ValueError(f"{folder} holds {state['config']}, not {run.config.to_dict()}")
    light = not any(name.startswith("network.") for name in tensors)
    for part, network in (("average." if light else "network.", run.network), ("average.", run.average)):
        network.load_state_dict({k.removeprefix(part): v for k, v in tensors.items() if k.startswith(part)})
    names = [name for name, _ in run.network.named_parameters()]
    adam = run.optimiser.state_dict()
    adam["state"] = {
        index: {key: tensors[f"adam.{key}.{name}"] for key in ("step", "exp_avg", "exp_avg_sq")}
        for index, name in enumerate(names)
        if f"adam.step.{name}" in tensors
    }
    run.optimiser.load_state_dict(adam)
    counts: dict[str, Any] = dict(state)
    run.steps, run.samples, run.seconds = int(counts["steps"]), int(counts["samples"]), float(counts["seconds"])


def _shards(tensors: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    shards: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, value in tensors.items():
        if size + value.nbytes > _SHARD and shards[-1]:
            shards.append({})
            size = 0
        shards[-1][name] = value
        size += value.nbytes
    return shards
