"""Faces that are drawn: a parametric head, procedural skin, eyes, hair, glasses, clothes, light and background.

`sample(seeds)` gives random people, `render(parameters, size)` their pictures. These people do not exist: nobody was
scanned or photographed for them. CONTRIBUTING says where things live.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from depixel.portrait.parameters import Parameters as Parameters
    from depixel.portrait.rendering import render as render
    from depixel.portrait.sampling import sample as sample

_HOMES = {"Parameters": "parameters", "render": "rendering", "sample": "sampling"}

__all__ = ["Parameters", "render", "sample"]


def __getattr__(name: str) -> object:
    """Import on first use: torch is heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
