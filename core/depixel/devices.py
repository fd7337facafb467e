"""Which device to work on, and how much at once."""

from __future__ import annotations

from functools import lru_cache

import torch

from depixel.errors import BadUsageError

_CPU_BUDGET = 384 * 384  # small pixels a forward pass: large enough that the surroundings of tiles cost little
_GPU_BUDGET = 1024 * 1024


def choose_device(name: str) -> torch.device:
    """
    "auto" takes CUDA, then Apple's MPS, then the CPU.

    Raises:
        BadUsageError: a device that this machine or this build of torch does not have.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        if torch.backends.mps.is_available():
            return torch.device("mps")
        return torch.device("cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise BadUsageError(f"Device {name!r} cannot be used here; try --device auto or --device cpu.") from error
    return device


def budget_for(device: torch.device) -> int:
    """Small pixels (at the last stage of a cascade) that one forward pass may take."""
    return _CPU_BUDGET if device.type == "cpu" else _GPU_BUDGET


@lru_cache(maxsize=8)
def fast_at_bfloat16(device: torch.device) -> bool:
    """Whether convolutions in bfloat16 are worth it: measured at twice the speed with AVX-512 BF16."""
    if device.type == "cpu":
        wide = torch.backends.cpu.get_cpu_capability() == "AVX512"
        return wide and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def is_out_of_memory(error: BaseException) -> bool:
    """True for the ways in which torch and Python say that memory is short."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return "out of memory" in text or "can't allocate memory" in text or "not enough memory" in text
