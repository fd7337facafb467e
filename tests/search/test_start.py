"""Starts of searches, through the engine: candidates close to an earlier answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_art import write_tiny_art

from depixel.errors import BadUsageError
from depixel.picture import Picture
from depixel.report import Report
from depixel.request import Request
from depixel.upsampler import Upsampler


@pytest.fixture(scope="module")
def upsampler(tmp_path_factory: pytest.TempPathFactory) -> Upsampler:
    """An engine with a tiny art prior."""
    folder: Path = tmp_path_factory.mktemp("weights")
    return Upsampler("cpu", {"art": str(write_tiny_art(folder))})


def _picture() -> Picture:
    return Picture((np.random.default_rng(1).integers(0, 256, (8, 8, 4), np.uint8),))


def _distances(report: Report, to: Picture) -> list[float]:
    there = to.frames[0].astype(float)
    return [float(np.abs(c.picture.frames[0] - there).mean()) for c in report.candidates]


def test_like_stays_close(upsampler: Upsampler) -> None:
    """Answers requested to be similar to another are closer to it than the others, differ, and scale back exactly."""
    request = Request(domain="art", candidates=4, imagination=1.0, seed=5)
    free = upsampler.upsample(_picture(), request)
    liked = free.candidates[2]

    near = upsampler.upsample(_picture(), Request(domain="art", candidates=4, imagination=1.0, seed=6, like=liked.seed))
    others = [d for d in _distances(free, liked.picture) if d > 0]

    assert min(_distances(near, liked.picture)) > 0
    assert max(_distances(near, liked.picture)) < min(others)
    assert len({c.picture.frames[0].tobytes() for c in near.candidates}) == 4
    assert all(c.residual.maximum < 0.5 for c in near.candidates)


def test_like_is_a_seed() -> None:
    """Anything that cannot be a seed is refused by name."""
    with pytest.raises(BadUsageError, match="like"):
        Request(like=-1).validated()
