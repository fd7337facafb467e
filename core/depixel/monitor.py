"""
`Monitor`: the caller's means to follow and stop a long computation. It receives a `SearchStep` per step; progress bars,
previews and tests use it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from depixel.errors import CancelledError

if TYPE_CHECKING:
    from torch import Tensor


Answered = TypeVar("Answered")


@dataclass(frozen=True)
class SearchStep:
    """One step of a stage of a computation: of a search, or one finished tile if there is no search."""

    step: int  # steps of this stage done so far
    steps: int  # the maximum for this stage
    error: float  # best mean squared error of scaling back so far, on [0, 1]; the worst picture; 0 = nothing measured
    preview: Tensor | None = None  # [4, H, W] premultiplied RGBA of the first picture's best answer, on the CPU
    stage: str = "search"  # "preparing", "search", "drawing", "tiles", "pictures"
    span: tuple[float, float] = (0.0, 1.0)  # the part of the whole computation that this stage is

    @property
    def share(self) -> float:
        """The share of the whole computation that is done, 0 to 1. It never falls from one step to the next."""
        begin, end = self.span
        return begin + (end - begin) * min(1.0, self.step / max(self.steps, 1))


@dataclass(frozen=True)
class Monitor:
    """
    The caller's means to follow and stop a long computation.

    Args:
        on_step: called after each step, on the computing thread.
        cancelled: called between steps; if it returns True, the computation ends with a CancelledError.
    """

    on_step: Callable[[SearchStep], None] | None = None
    cancelled: Callable[[], bool] | None = None

    @property
    def is_cancelled(self) -> bool:
        """Whether the caller wants the computation to stop."""
        return self.cancelled is not None and self.cancelled()

    def check(self, sentence: str) -> None:
        """Raises CancelledError(sentence) if the caller wants the computation to stop."""
        if self.is_cancelled:
            raise CancelledError(sentence)

    def step(self, step: SearchStep) -> None:
        """Report a step."""
        if self.on_step is not None:
            self.on_step(step)

    def through(self, change: Callable[[SearchStep], SearchStep]) -> Monitor:
        """A monitor that first passes each step through `change`."""
        on_step = self.on_step
        return self if on_step is None else replace(self, on_step=lambda step: on_step(change(step)))

    def part(self, begin: float, end: float) -> Monitor:
        """
        A monitor for a part of the computation. Whatever its steps count, they raise the share of the whole from
        `begin` to `end`, both 0 to 1.
        """

        def within(step: SearchStep) -> SearchStep:
            first, last = (begin + (end - begin) * share for share in step.span)
            return replace(step, span=(first, last))

        return self.through(within)

    def equal_part(self, number: int, count: int) -> Monitor:
        """A monitor for one of `count` parts that take equally long, the first of which has number 0."""
        return self.part(number / count, (number + 1) / count)

    def without_steps(self) -> Monitor:
        """A monitor for work that can be stopped but does not count as progress."""
        return replace(self, on_step=None)


class Course:
    """
    The progress of parts that are done one after the other.

    Args:
        sizes: of the pictures that the parts consist of, in any unit: a larger one takes a larger share.
    """

    def __init__(self, monitor: Monitor, sizes: Sequence[float]) -> None:
        self._monitor = monitor
        self._sizes = sizes
        self._total = sum(sizes) or 1.0
        self._done = 0.0

    def part(self, indices: Iterable[int]) -> Monitor:
        """The monitor of the next part, which answers some of the pictures."""
        begin = self._done
        self._done += sum(self._sizes[index] for index in indices)
        return self._monitor.part(begin / self._total, self._done / self._total)


class Portions(Generic[Answered]):
    """
    Calls of one function, each for some of the pictures, whose progress is reported as a whole.

    Args:
        function: (pictures, request, monitor) => answers.
        total: pictures of all calls together, or more; beyond it, the progress no longer rises.
    """

    def __init__(self, function: Callable[..., Answered], total: int, monitor: Monitor) -> None:
        self._function = function
        self._total = max(1, total)
        self._done = 0
        self._monitor = monitor

    def __call__(self, pictures: Sequence[Any], request: Any) -> Answered:
        """The answers of one more call."""
        begin = self._done / self._total
        self._done = min(self._total, self._done + len(pictures))
        return self._function(pictures, request, self._monitor.part(begin, self._done / self._total))


SILENT = Monitor()
"""A monitor without a caller: steps are ignored, and the computation is never stopped."""
