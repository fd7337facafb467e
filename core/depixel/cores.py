"""
Computations side by side, each on one core. With small tensors that is faster than one computation on all cores, whose
threads wait for each other after every layer; the more so on a machine that is busy with other work.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import lru_cache
from typing import TypeVar

import torch

_T = TypeVar("_T")
_Item = TypeVar("_Item")
_has_one = contextvars.ContextVar("has_one", default=False)


def count_cores() -> int:
    """The cores that this thread may use: torch's own number of threads; 1 inside a computation of `side_by_side`."""
    return 1 if _has_one.get() else torch.get_num_threads()


def side_by_side(works: Sequence[Callable[[], _T]], finished: Callable[[int], None] = lambda index: None) -> list[_T]:
    """
    The results of independent computations, in their order.

    Args:
        works: called on other threads, each of which lets torch use one core; on this thread if there is only one.
        finished: called on this thread with the index of each computation that has ended.

    Raises:
        The first exception of a computation. Computations that have not started by then never start; the others have
        ended.
    """
    cores = count_cores()
    if cores < 2 or len(works) < 2:
        results = []
        for index, work in enumerate(works):
            results.append(work())
            finished(index)
        return results
    futures = {_threads(cores).submit(work): index for index, work in enumerate(works)}
    try:
        for future in as_completed(futures):
            future.result()
            finished(futures[future])
    except BaseException:
        _end(futures)
        raise
    return [future.result() for future in futures]


def _end(futures: dict[Future[_T], int]) -> None:
    for future in futures:
        future.cancel()
    for future in futures:
        if not future.cancelled():
            future.exception()


def even_parts(items: Sequence[_Item], most: int, cores: int) -> list[Sequence[_Item]]:
    """
    Consecutive parts of `items` with at most `most` items each, of about equal size. Their number is a multiple of
    `cores`, so that every core is busy until the end, or the number of items if that is smaller.
    """
    count = -(-len(items) // most)
    count = min(len(items), -(-count // cores) * cores)
    return [items[k * len(items) // count : (k + 1) * len(items) // count] for k in range(count)]


# torch has a thread count for each Python thread, and one for threads that start later.
@lru_cache(maxsize=1)
def _threads(cores: int) -> ThreadPoolExecutor:
    pool = ThreadPoolExecutor(cores, "core")
    ready = threading.Barrier(cores + 1)
    for _ in range(cores):
        pool.submit(_use_one_core, ready)
    ready.wait()
    torch.set_num_threads(cores)
    return pool


def _use_one_core(ready: threading.Barrier) -> None:
    torch.get_num_threads()  # the first call on a thread sets the number for threads that start later
    torch.set_num_threads(1)
    _has_one.set(True)
    ready.wait()
