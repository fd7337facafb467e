"""
Memory of networks: a limit for building one, and the peak of running one.

Both observe every operation through torch's dispatcher, on any device and operating system.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

_SIZED = {"empty", "zeros", "ones", "full", "rand", "randn", "empty_strided", "randint"}
_NEW = {"new_empty", "new_zeros", "new_ones", "new_full", "new_empty_strided"}
_RANGES = {"arange", "linspace", "range", "eye", "randperm"}


class TooLargeError(Exception):
    """A network needs more memory, or more parts, than its file can fill."""


class AllocationLimit(TorchDispatchMode):
    """
    Inside this context, tensors with at most `numbers` elements in total can be created, in at most `calls` operations.

    A file of a few kilobytes may name layers whose sizes multiply to terabytes. The architecture's code would allocate
    them before it compares any shape.

    Raises (from the operation that exceeds the limit): TooLargeError.
    """

    def __init__(self, numbers: int, calls: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._numbers, self._calls = numbers, calls

    def __torch_dispatch__(self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        self._calls -= 1
        self._numbers -= _wanted(func.overloadpacket.__name__, args)
        if self._numbers < 0 or self._calls < 0:
            raise TooLargeError
        return func(*args, **(kwargs or {}))


def _wanted(name: str, args: Sequence[Any]) -> int:
    if name in _SIZED | _NEW:
        sizes = next((arg for arg in args if isinstance(arg, (list, tuple, torch.Size))), ())
        return math.prod(int(n) for n in sizes)
    if name in _RANGES:
        return int(max((abs(float(arg)) for arg in args if isinstance(arg, (int, float))), default=0))
    if name == "repeat":
        return int(args[0].numel()) * math.prod(int(n) for n in args[1])
    return 0


class PeakMemory(TorchDispatchMode):
    """Counts the bytes of live tensors that were created in this context; `peak` is their maximum."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._now = 0
        self._users: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        inputs = {x.untyped_storage().data_ptr() for x in args if isinstance(x, Tensor)}
        for tensor in out if isinstance(out, (list, tuple)) else (out,):
            if isinstance(tensor, Tensor):
                self._count(tensor, inputs)
        return out

    def _count(self, tensor: Tensor, inputs: set[int]) -> None:
        storage = tensor.untyped_storage()
        place = storage.data_ptr()
        if place in inputs and place not in self._users:
            return  # a view of a tensor from outside
        if place not in self._users:
            self._now += storage.nbytes()
            self.peak = max(self.peak, self._now)
        self._users[place] = self._users.get(place, 0) + 1
        weakref.finalize(tensor, self._forget, place, storage.nbytes())

    def _forget(self, place: int, size: int) -> None:
        self._users[place] -= 1
        if not self._users[place]:
            del self._users[place]
            self._now -= size
