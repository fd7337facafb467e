"""The names of the released and added weights, found without importing torch."""

from __future__ import annotations

from depixel.priors.weights import added_names, released_names


def model_names() -> list[str]:
    """Names such as "art-small", released ones first."""
    return [*released_names(), *added_names()]
