"""
The public names as a user's type checker sees them. Never run: `mypy tests/typing/api.py` must pass unchanged.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from depixel import DepixelError, Picture, Report, Request, Upsampler, __version__
from depixel.consistency import Residual
from depixel.monitor import Monitor, SearchStep

version: str = __version__

picture: Picture = Picture((np.zeros((16, 16, 4), dtype=np.uint8),), name="hero.png")
width: int = picture.width
has_alpha: bool = picture.has_alpha

settings: Request = Request(scale=4, domain="art", candidates=2, seed=7).validated()
wire: dict[str, Any] = settings.to_dict()
again: Request = Request.from_dict(wire)


def show(step: SearchStep) -> None:
    """A progress callback."""
    share: float = step.step / step.steps
    del share


upsampler: Upsampler = Upsampler("cpu")
report: Report = upsampler.upsample(picture, settings, Monitor(show, lambda: False))
answer: Picture = report.picture
residual: Residual = report.residual
exact: bool = residual.exact
values: dict[str, Any] = report.to_dict()

for outcome in upsampler.upsample_many([picture, picture], settings):
    if isinstance(outcome, DepixelError):
        code: str = outcome.code
    else:
        seed: int = outcome.candidates[0].seed
