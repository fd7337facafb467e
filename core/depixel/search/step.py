"""`SearchStep`: what the search tells its caller after each step; progress bars, previews and tests all listen here."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class SearchStep:
    """One step of one search; also one finished tile or batch where there is nothing to search."""

    step: int  # steps done so far, from 1
    steps: int  # steps this search takes at most
    error: float  # best mean squared error of scaling back so far, on [0, 1]; worst over the batch
    preview: Tensor | None = None  # [4, H, W] premultiplied RGBA of the first picture's best answer, on the CPU
    stage: str = "search"  # "search", "tiles", "pictures"
