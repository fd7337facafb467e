"""
The facade: a picture in, candidates and a report out. Reads top to bottom as the data flows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from depixel.consistency import Residual
from depixel.errors import DepixelError
from depixel.picture import Picture
from depixel.search.step import SearchStep
from depixel.settings import SearchSettings


@dataclass(frozen=True)
class Candidate:
    """One answer to one picture."""

    picture: Picture  # as it is to be written: same kind as the input
    residual: Residual  # measured on these very integers
    score: float  # value of the search's objective; lower is better
    seed: int


@dataclass(frozen=True)
class Report:
    """What was done, and how exactly it scales back."""

    candidates: tuple[Candidate, ...]  # best first
    settings: SearchSettings  # as asked
    domain: str  # as decided
    degradation: str  # as decided
    model: str  # name and digest of the prior
    wrap: tuple[bool, bool]  # (x, y) as decided
    steps: int  # search steps taken
    seconds: float
    notes: tuple[str, ...] = field(default=())  # sentences for the user: what was imagined, limited, or assumed

    @property
    def picture(self) -> Picture:
        """The best answer."""
        return self.candidates[0].picture

    @property
    def residual(self) -> Residual:
        """Of the best answer."""
        return self.candidates[0].residual

    def to_dict(self) -> dict[str, Any]:
        """JSON values; the pictures are left out."""
        raise NotImplementedError  # under construction


class Upsampler:
    """
    The engine. Loads each prior once, at its first use.

    Args:
        device: "auto" (CUDA, then Apple's MPS, then the CPU), "cpu", "cuda", "cuda:1", "mps".
    """

    def __init__(self, device: str = "auto") -> None:
        self.device = device

    def upsample(
        self,
        picture: Picture,
        settings: SearchSettings,
        on_step: Callable[[SearchStep], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Report:
        """
        Answer one picture.

        Raises:
            DepixelError: a sentence for the user; CancelledError when `cancelled()` turned true between two steps.
        """
        raise NotImplementedError  # under construction

    def upsample_many(
        self,
        pictures: Sequence[Picture],
        settings: SearchSettings,
        on_step: Callable[[SearchStep], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Report | DepixelError]:
        """Answer many pictures, small ones batched together; one that fails is its DepixelError in the list."""
        raise NotImplementedError  # under construction
