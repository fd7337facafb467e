from __future__ import annotations

import torch

from depixel.fill import fill_under_alpha


def test_visible_pixels_are_untouched() -> None:
    """Only fully transparent pixels get a new colour."""
    straight = torch.rand(2, 4, 9, 7)
    straight[:, 3] = (torch.rand(2, 9, 7) > 0.4).float()

    filled = fill_under_alpha(straight)

    visible = (straight[:, 3:] > 0).expand_as(straight)
    assert torch.equal(straight[visible], filled[visible])
    assert torch.equal(straight[:, 3], filled[:, 3])


def test_hidden_colour_comes_from_what_is_near() -> None:
    """A black hidden background next to a red sprite turns red, and blue next to its blue part."""
    straight = torch.zeros(1, 4, 8, 16)
    straight[:, 0, 3:5, 1:3] = 1.0
    straight[:, 2, 3:5, 13:15] = 1.0
    straight[:, 3, 3:5, 1:3] = 1.0
    straight[:, 3, 3:5, 13:15] = 1.0

    filled = fill_under_alpha(straight)

    assert filled[0, 0, 2, 1] > 0.95 and filled[0, 2, 2, 1] < 0.05
    assert filled[0, 2, 5, 14] > 0.95 and filled[0, 0, 5, 14] < 0.05


def test_all_transparent_and_all_opaque_stay() -> None:
    """No colour to extend, or nothing to fill: unchanged."""
    hidden = torch.rand(1, 4, 5, 5)
    hidden[:, 3] = 0
    opaque = torch.rand(1, 4, 5, 5)
    opaque[:, 3] = 1

    assert torch.equal(hidden, fill_under_alpha(hidden))
    assert torch.equal(opaque, fill_under_alpha(opaque))
