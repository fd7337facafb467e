"""Computations side by side: results in order, one core each, and a fault ends them all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from depixel.cores import count_cores, even_parts, side_by_side


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_they_run_at_the_same_time_with_one_core_each() -> None:
    """Each waits for the other; this thread keeps its own number of cores."""
    meeting = threading.Barrier(2, timeout=20)
    ended: list[int] = []

    def work(number: int) -> tuple[int, int, int]:
        meeting.wait()
        return number, torch.get_num_threads(), count_cores()

    assert side_by_side([lambda: work(0), lambda: work(1)], ended.append) == [(0, 1, 1), (1, 1, 1)]
    assert sorted(ended) == [0, 1]
    assert (torch.get_num_threads(), count_cores()) == (2, 2)


def test_a_single_one_runs_here() -> None:
    """With all cores of this thread."""
    assert side_by_side([threading.get_ident]) == [threading.get_ident()]


def test_one_inside_another_runs_in_its_place() -> None:
    """No thread waits for one that cannot begin."""
    inside = side_by_side([lambda: side_by_side([threading.get_ident] * 3) for _ in range(4)])
    assert all(len(set(threads)) == 1 for threads in inside)


def test_a_fault_is_raised_when_the_others_have_ended() -> None:
    """Those that have not begun never begin."""
    begun = threading.Barrier(2, timeout=20)
    ended = threading.Event()
    later: list[int] = []

    def fails() -> None:
        begun.wait()
        raise ValueError("first")

    def ends() -> None:
        begun.wait()
        torch.rand(64, 64) @ torch.rand(64, 64)
        ended.set()

    def is_late() -> None:
        time.sleep(0.05)
        later.append(1)

    with pytest.raises(ValueError, match="first"):
        side_by_side([fails, ends, *[is_late] * 200])
    assert ended.is_set()
    assert len(later) < 200


@pytest.mark.parametrize(
    ("count", "most", "cores", "sizes"),
    [(57, 7, 2, {5, 6}), (3, 7, 2, {1, 2}), (1, 7, 2, {1}), (16, 4, 4, {4}), (5, 1, 2, {1}), (2, 9, 8, {1})],
)
def test_parts_are_even(count: int, most: int, cores: int, sizes: set[int]) -> None:
    """No core has nothing to do at the end."""
    parts = even_parts(range(count), most, cores)
    assert [item for part in parts for item in part] == list(range(count))
    assert {len(part) for part in parts} == sizes
    assert len(parts) % cores == 0 or len(parts) == count
