"""Colours of a drawing are fitted in closed form."""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.faces.drawn.colour_fit import HIGHEST, fit_colours, recoloured
from depixel.portrait.rendering import Drawing


# A face in the middle, hair above it, cloth below, background around: four blocks.
def _drawing(size: int = 64) -> Drawing:
    masks = torch.zeros(1, 4, size, size)
    half, quarter = size // 2, size // 4
    masks[:, 3] = 1
    for region, rows in enumerate((slice(quarter, half), slice(0, quarter), slice(half, size))):
        masks[:, region, rows, quarter : size - quarter] = 1
        masks[:, 3, rows, quarter : size - quarter] = 0
    colours = torch.tensor([[0.6, 0.4, 0.3], [0.4, 0.35, 0.3], [0.3, 0.3, 0.7], [0.5, 0.5, 0.5]])
    picture = (masks[:, :, None] * colours[None, :, :, None, None]).sum(1)
    return Drawing(picture, masks, {})


def _target(drawing: Drawing, gains: Tensor, background: Tensor) -> Tensor:
    parts = drawing.masks[:, :3, None] * drawing.picture[:, None] * gains[None, :, :, None, None]
    return parts.sum(1) + drawing.masks[:, 3:] * background[None, :, None, None]


def test_known_gains_come_back() -> None:
    """A picture made with gains and a plain background is explained by them."""
    drawing = _drawing()
    gains = torch.tensor([[1.2, 1.0, 0.9], [1.8, 1.5, 1.0], [0.6, 1.1, 1.2]])
    target = _target(drawing, gains, torch.tensor([0.1, 0.4, 0.2]))

    colours = fit_colours(drawing, target[:, :, ::2, ::2])

    assert torch.allclose(colours.gains[0], gains, atol=0.25)
    assert float(colours.error) < 1e-3
    assert float((recoloured(drawing, colours) - target).abs().mean()) < 0.02


def test_gains_are_limited() -> None:
    """Nothing becomes brighter than HIGHEST times its colour."""
    drawing = _drawing()

    colours = fit_colours(drawing, torch.ones(1, 3, 32, 32))

    assert float(colours.gains.max()) <= HIGHEST


def test_missing_hair_is_not_painted_into_the_background() -> None:
    """A dark block next to the head remains an error, and the background stays smooth."""
    drawing = _drawing()
    target = _target(drawing, torch.ones(3, 3), torch.tensor([0.8, 0.8, 0.8]))
    target[:, :, 16:32, 4:16] = 0.1

    colours = fit_colours(drawing, target[:, :, ::2, ::2])

    assert float(colours.error) > 5e-3
    assert float(colours.background.diff(dim=3).abs().max()) < 0.2  # the block itself is a step of 0.7


def test_weight_says_what_counts() -> None:
    """Where the weight is 0, the picture has no effect."""
    drawing = _drawing()
    target = _target(drawing, torch.ones(3, 3), torch.tensor([0.5, 0.5, 0.5]))
    weight = torch.ones(1, 1, 64, 64)
    weight[:, :, 32:] = 0
    spoiled = target.clone()
    spoiled[:, :, 32:] = 0

    assert float(fit_colours(drawing, spoiled, weight).error) < 5e-3
    assert float(fit_colours(drawing, spoiled).error) > 5e-3
