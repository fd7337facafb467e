"""Places match the wanted surroundings, neighbours stay together, and the seed decides between them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from depixel.enlarging.detail.match import Places, drawn_choices, looks, matched


def grain(seed: int, side: int = 20) -> torch.Tensor:
    return torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(seed))


def places_of(grey: torch.Tensor) -> Places:
    side = grey.shape[3]
    usable = F.pad(torch.ones(side - 2, side - 2, dtype=torch.bool), (1, 1, 1, 1)).flatten()
    return Places(looks(grey), usable, side)


def test_a_picture_is_found_again_in_itself() -> None:
    """Most inner pixels find their own place, and so continue their neighbours."""
    grey = grain(0)
    choices = drawn_choices(20, 20, torch.Generator().manual_seed(1))
    place = matched(looks(grey), 20, 20, places_of(grey), choices)
    own = torch.arange(400).reshape(20, 20)
    assert (place == own)[2:-2, 2:-2].float().mean() > 0.9


def test_only_usable_places_are_taken_and_seeds_differ() -> None:
    """Places at a border are not used; another seed chooses other places, the same seed the same."""
    places = places_of(grain(0))
    wanted = looks(grain(5, 16))
    first, again, other = (
        matched(wanted, 16, 16, places, drawn_choices(16, 16, torch.Generator().manual_seed(seed)))
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert places.usable[first].all()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 7), (3, 2)])
def test_narrow_pictures(height: int, width: int) -> None:
    """Pictures of any size get places."""
    grey = grain(3)[:, :, :height, :width]
    place = matched(looks(grey), height, width, places_of(grain(0)), drawn_choices(height, width, torch.Generator()))
    assert place.shape == (height, width)


def test_looks_ignore_brightness_and_contrast() -> None:
    """A brighter and a fainter copy match; the negative does not."""
    grey = grain(0)
    assert (looks(grey) - looks(0.5 * grey + 0.3)).abs().max() < 0.02
    assert (looks(grey) - looks(1 - grey)).square().sum(1).mean() > 1
