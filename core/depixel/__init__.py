"""
Depixel invents the pixels that a tiny picture never had.

It searches the latent space of a generative model for a natural picture that scales back down to exactly the pixels
it was given (the idea of PULSE: Menon et al., CVPR 2020, arXiv 2003.03808). Importing this package is cheap: torch is
loaded at the first use of a name that needs it.
"""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING

__version__ = "0.2.0"

if TYPE_CHECKING:
    from depixel.errors import DepixelError
    from depixel.picture import Picture
    from depixel.report import Report
    from depixel.request import Request
    from depixel.upsampler import Upsampler

_HOME = {
    "DepixelError": "depixel.errors",
    "Picture": "depixel.picture",
    "Report": "depixel.report",
    "Request": "depixel.request",
    "Upsampler": "depixel.upsampler",
}
_RENAMED = {"SearchSettings": "Request"}
"""Old name => new name; an old name still works, with a warning."""

__all__ = ["DepixelError", "Picture", "Report", "Request", "Upsampler", "__version__"]


def __getattr__(name: str) -> object:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name in _RENAMED:
        new = _RENAMED[name]
        warnings.warn(f"depixel.{name} is now called depixel.{new}.", DeprecationWarning, stacklevel=2)
        return getattr(importlib.import_module(_HOME[new]), new)
    raise AttributeError(f"module 'depixel' has no attribute {name!r}")
