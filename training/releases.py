"""Writes released weights: completely or not at all, and readable by everyone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor


def save_release(tensors: Mapping[str, Tensor], out: Path, metadata: dict[str, str]) -> None:
    """Write a .safetensors file next to `out`, then rename it."""
    part = out.with_name(out.name + ".part")
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, part, metadata)
    part.chmod(0o644)  # the writer makes it private
    part.replace(out)
