"""The common part of training the small face networks (reader, parts): a resumable run, and the release."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from training.releases import save_release


class SmallRun:
    """
    A network that is trained in several calls: its tensors and state.json (steps, seconds) are in one folder.

    Args:
        path: the .safetensors file of the network in the run's folder; read if it exists.
    """

    def __init__(self, network: nn.Module, path: Path) -> None:
        self.network = network
        self.path = path
        self.state: dict[str, float] = {"steps": 0, "seconds": 0.0}
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            network.load_state_dict(load_file(path))
            self.state = json.loads((path.parent / "state.json").read_text("utf-8"))

    @property
    def steps(self) -> int:
        """Steps of all saved calls."""
        return int(self.state["steps"])

    def descend(self, minutes: float, rate: float, loss_of_batch: Callable[[], Tensor]) -> None:
        """
        Train for `minutes` of wall time with AdamW, and save. The rate rises over 100 steps, then falls along a cosine.

        Args:
            loss_of_batch: draws a batch and returns the network's loss on it.
        """
        optimiser = torch.optim.AdamW(self.network.parameters(), rate, weight_decay=0.02)
        before = dict(self.state)
        began, mean, steps = time.monotonic(), 0.0, 0
        while (elapsed := time.monotonic() - began) < minutes * 60:
            for group in optimiser.param_groups:
                part = elapsed / (minutes * 60)
                group["lr"] = rate * min(1.0, (steps + 1) / 100) * (0.01 + 0.99 * (1 + math.cos(math.pi * part)) / 2)
            loss = loss_of_batch()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
            optimiser.step()
            steps += 1
            mean = float(loss.detach()) if steps == 1 else 0.98 * mean + 0.02 * float(loss.detach())
            if steps % 200 == 0:
                print(f"{steps}: {mean:.3f} after {elapsed:.0f} s", flush=True)
                self._save(before, steps, elapsed)
        self._save(before, steps, time.monotonic() - began)

    def _save(self, before: dict[str, float], steps: int, seconds: float) -> None:
        save_file({k: v.contiguous() for k, v in self.network.state_dict().items()}, self.path)
        self.state = {"steps": before["steps"] + steps, "seconds": before["seconds"] + seconds}
        (self.path.parent / "state.json").write_text(json.dumps(self.state), "utf-8")

    def release(self, kind: str, out: Path) -> None:
        """Write the network in half precision as released weights of this kind."""
        tensors = self.network.eval().state_dict()
        halves = {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()}
        config = {"kind": kind, "licence": "CC-BY-SA-4.0", "steps": self.steps}
        save_release(halves, out, {"config": json.dumps(config), "licence": "CC-BY-SA-4.0"})
