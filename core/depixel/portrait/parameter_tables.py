"""All parameters of the drawn person, and which of them are correlated (the priors' dependencies)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from depixel.portrait.tables import body, dress, hair, stage

ALL = (*body.TABLE, *hair.TABLE, *dress.TABLE, *stage.TABLE)
"""Every parameter, in the order of the columns."""

CUSTOMS: tuple[Callable[[dict[str, Tensor], Tensor], None], ...] = (
    body.customs,
    hair.customs,
    dress.customs,
    stage.customs,
)
"""Functions that each change sampled columns (name => [B, size]) in place, with further uniform noise [B, D]."""
