"""Drawings without the soft edges between their colours."""

from __future__ import annotations

import torch

from depixel.degradation import repeated
from depixel.readings.hard import hardened


def test_a_soft_edge_does_not_become_a_line_of_a_third_colour() -> None:
    """Between black and white, one column of grey: also where a neighbouring small pixel has exactly that grey."""
    small = torch.ones(1, 4, 3, 4)
    small[:, :3, :, :2] = 0.0
    small[:, :3, 2, 1] = 0.5
    large = repeated(small, 4)
    large[:, :3, :8, 7] = 0.5

    answer = hardened(large, small, 4)

    assert set(answer[0, 0, :7].unique().tolist()) == {0.0, 1.0}
    assert torch.equal(answer[:, :, 8:, 4:8], repeated(small, 4)[:, :, 8:, 4:8])  # the grey pixel itself stays
