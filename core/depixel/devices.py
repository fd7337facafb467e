"""The choice of the device, and how much work it takes at once."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import torch

from depixel.errors import BadUsageError

_CPU_BUDGET = 384 * 384  # small pixels per forward pass: enough that the surroundings of tiles cost little
_CPU_PASS = 2 * 64 * 64  # fits into one core's cache (1 MB); with 4 times as many, each takes 1.2 to 1.8 times as long
_PASS_BYTES = 5120  # memory of a pass of Depixel's own networks per small pixel on a CPU; 2950 to 4600 were measured
_GPU_BUDGET = 1024 * 1024
_LEAST_PASS = 64 * 64
_MEMORY_WORDS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "bad_alloc",
    "can't start new thread",
    "could not create a primitive",  # oneDNN's only message when memory for a convolution is short
)


def choose_device(name: str) -> torch.device:
    """
    The torch device of this name; "auto" prefers CUDA, then Apple's MPS, then the CPU.

    Raises:
        BadUsageError: this machine or this build of torch does not have the device.
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
    """Most small pixels (at the last stage of a cascade) in one forward pass."""
    return _CPU_BUDGET if device.type == "cpu" else _GPU_BUDGET


def budget_within(budget: int, device: torch.device, bytes_per_pixel: int) -> int:
    """
    The part of `budget` small pixels whose pass takes at most half of the free memory; 0 bytes = all of it.

    On a CPU there is no out-of-memory error that a program could catch: the system ends the process. Therefore heavy
    networks get smaller tiles from the start.
    """
    free = free_memory(device) if bytes_per_pixel else None
    if free is None:
        return budget
    return max(_LEAST_PASS, min(budget, free // 2 // bytes_per_pixel))


def passes_at_once(budget: int, cores: int) -> int:
    """How many passes of `budget` small pixels a CPU works on at the same time: one per core if memory allows it."""
    free = free_memory(torch.device("cpu"))
    return cores if free is None or cores * budget * _PASS_BYTES <= free // 2 else 1


def free_memory(device: torch.device) -> int | None:
    """Free bytes on the device (for a CPU, in the machine); None if unknown."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def pass_for(device: torch.device) -> int:
    """Small pixels up to which a batch is cheaper than single pictures: on a CPU, what its caches hold."""
    return _CPU_PASS if device.type == "cpu" else _GPU_BUDGET


@lru_cache(maxsize=8)
def fast_at_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 speeds up convolutions: with AVX-512 BF16, twice the speed was measured."""
    if device.type == "cpu":
        wide = torch.backends.cpu.get_cpu_capability() == "AVX512"
        return wide and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def is_out_of_memory(error: BaseException) -> bool:
    """True for the errors with which torch and Python report a lack of memory."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return any(words in text for words in _MEMORY_WORDS)


_here = threading.local()
_T = TypeVar("_T")


def on_a_sound_thread(work: Callable[[], _T]) -> _T:
    """
    The result of `work()`, on another thread if memory has run short on this one before.

    After a failed allocation, oneDNN's code generator makes no new convolution in that thread, however much memory is
    free later (seen with torch 2.13 on x86-64). Other threads are not affected.
    """
    if getattr(_here, "memory_ran_short", False):
        with ThreadPoolExecutor(max_workers=1) as another:
            return another.submit(contextvars.copy_context().run, work).result()
    try:
        return work()
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            _here.memory_ran_short = True
        raise
