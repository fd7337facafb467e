"""The answer of an engine to one picture, before it becomes a Picture again."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from depixel.consistency import Residual


@dataclass(frozen=True)
class RawAnswer:
    """One candidate for one picture as integers, before it becomes a `Picture`."""

    straight: Tensor  # [F, 4, H, W] uint8 or int32 straight RGBA
    residual: Residual
    seed: int
    imagination: float = 0.0  # request it with this seed to get this candidate again, alone
    reading: str = ""  # pixel art: which of the readings it is (depixel.client.readings)
    error: float | None = None  # faces: mean squared error of the search's answer, before the projection


@dataclass(frozen=True)
class RawAnswers:
    """All candidates for one picture, in the order in which they are shown."""

    candidates: tuple[RawAnswer, ...]
    steps: int = 0  # search steps taken
    notes: tuple[str, ...] = ()  # sentences for the user
