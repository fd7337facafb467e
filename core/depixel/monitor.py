"""
`Monitor`: the caller's means to follow and stop a long computation. It receives a `SearchStep` per step; progress bars,
previews and tests use it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from depixel.errors import CancelledError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class SearchStep:
    """One step of a search, or one finished tile if there is no search."""

    step: int  # steps done so far, from 1
    steps: int  # the maximum for this search
    error: float  # best mean squared error of scaling back so far, on [0, 1]; the worst picture of the batch
    preview: Tensor | None = None  # [4, H, W] premultiplied RGBA of the first picture's best answer, on the CPU
    stage: str = "search"  # "search", "tiles", "pictures"


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

    def without_steps(self) -> Monitor:
        """A monitor for work that can be stopped but does not count as progress."""
        return replace(self, on_step=None)


SILENT = Monitor()
"""A monitor without a caller: steps are ignored, and the computation is never stopped."""
