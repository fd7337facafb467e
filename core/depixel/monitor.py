"""
`Monitor`: how the caller of a long computation follows it and stops it. `SearchStep` is what the caller hears; progress
bars, previews and tests listen to it.
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
    """One step of one search, or one finished tile where nothing is searched."""

    step: int  # steps done so far, from 1
    steps: int  # the most steps this search takes
    error: float  # best mean squared error of scaling back so far, on [0, 1]; the worst picture of the batch
    preview: Tensor | None = None  # [4, H, W] premultiplied RGBA of the first picture's best answer, on the CPU
    stage: str = "search"  # "search", "tiles", "pictures"


@dataclass(frozen=True)
class Monitor:
    """
    Args:
        on_step: called after each step, on the thread that computes.
        cancelled: called between steps; True stops the computation with a CancelledError.
    """

    on_step: Callable[[SearchStep], None] | None = None
    cancelled: Callable[[], bool] | None = None

    @property
    def is_cancelled(self) -> bool:
        """The caller wants the computation to stop."""
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
        """A monitor that passes each step through `change` first."""
        on_step = self.on_step
        return self if on_step is None else replace(self, on_step=lambda step: on_step(change(step)))

    def without_steps(self) -> Monitor:
        """A monitor for work that should not show as progress but can be stopped."""
        return replace(self, on_step=None)


SILENT = Monitor()
"""Nobody listens, and nobody stops it."""
