"""Resumable checkpoints as safetensors shards below 16 MiB, replaced as a whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

SHARD = 15 * 2**20  # bytes


def save_run(
    run: Path,
    model: nn.Module,
    average: nn.Module,
    optimiser: torch.optim.Optimizer | None,
    discriminator: nn.Module | None,
    seen: int,
    seconds: float,
) -> None:
    """Write everything that a later call needs under run/checkpoint."""
    tensors: dict[str, Tensor] = {}
    for prefix, module in (("model", model), ("average", average), ("discriminator", discriminator)):
        if module is not None:
            tensors |= {
                f"{prefix}.{key}": value.detach().cpu().contiguous() for key, value in module.state_dict().items()
            }
    if optimiser is not None:
        for index, state in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{key}": torch.as_tensor(value).cpu() for key, value in state.items()}
    save_tensors(run / "checkpoint", tensors, {"seen": seen, "seconds": seconds})


def load_run(
    run: Path,
    model: nn.Module,
    average: nn.Module,
    optimiser: torch.optim.Optimizer | None,
    discriminator: nn.Module | None,
) -> tuple[int, float]:
    """Restore what `save_run` wrote. Returns (pictures seen, seconds trained), zeros if there is no checkpoint yet."""
    if not (run / "checkpoint" / "index.json").is_file():
        return 0, 0.0
    tensors, facts = load_tensors(run / "checkpoint")
    for prefix, module in (("model", model), ("average", average), ("discriminator", discriminator)):
        part = _under(tensors, prefix)
        if module is not None and part:
            module.load_state_dict(part)
    state = _under(tensors, "optimiser")
    if optimiser is not None and state:
        restored: dict[int, dict[str, Tensor]] = {}
        for key, value in state.items():
            index, name = key.split(".", 1)
            restored.setdefault(int(index), {})[name] = value
        optimiser.load_state_dict({"state": restored, "param_groups": optimiser.state_dict()["param_groups"]})
    return int(facts["seen"]), float(facts["seconds"])


def save_tensors(folder: Path, tensors: dict[str, Tensor], facts: dict[str, float]) -> None:
    """Write shards and index.json into a new folder, then replace the old one with it."""
    fresh = folder.with_name(folder.name + ".part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    shard: dict[str, Tensor] = {}
    held = count = 0
    for key, value in tensors.items():
        if shard and held + value.nbytes > SHARD:
            save_file(shard, fresh / f"part-{count:03d}.safetensors")
            shard, held, count = {}, 0, count + 1
        shard[key] = value
        held += value.nbytes
    save_file(shard, fresh / f"part-{count:03d}.safetensors")
    (fresh / "index.json").write_text(json.dumps({**facts, "shards": count + 1}))
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def load_tensors(folder: Path) -> tuple[dict[str, Tensor], dict[str, float]]:
    """Read what `save_tensors` wrote."""
    facts = json.loads((folder / "index.json").read_text())
    tensors: dict[str, Tensor] = {}
    for k in range(int(facts["shards"])):
        tensors |= load_file(folder / f"part-{k:03d}.safetensors")
    return tensors, facts


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key[len(prefix) + 1 :]: value for key, value in tensors.items() if key.startswith(prefix + ".")}
