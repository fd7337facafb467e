"""All parameters of the drawn person, and what goes together in people (the priors' dependencies)."""

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
"""Each changes drawn columns (name => [B, size]) in place, with further even noise [B, D]."""
