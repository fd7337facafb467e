"""Hair that the portrait has and the drawing lacks."""

from __future__ import annotations

import torch

from depixel.faces.drawn.hair_extension import extended

SIZE = 128


def _masks(height: int, side: int) -> torch.Tensor:
    """Hair above a height (fraction of the side in 64ths), face below: [1, 4, side, side]."""
    masks = torch.zeros(1, 4, side, side)
    border = height * side // 64
    masks[:, 1, :border] = 1
    masks[:, 0, border:] = 1
    return masks


def _strands() -> torch.Tensor:
    """Dark stripes on hair, plain skin below row 48: [1, 3, SIZE, SIZE]."""
    picture = torch.full((1, 3, SIZE, SIZE), 0.8)
    picture[:, :, :48] = 0.2 + 0.1 * ((torch.arange(SIZE) // 3) % 2)
    return picture


def test_missing_hair_is_continued() -> None:
    """Between the drawn and the portrait's outline, strands go on; both elsewhere and in the masks nothing changes."""
    picture, masks = _strands(), _masks(24, SIZE)

    answer = extended(picture, masks, _masks(30, 64))

    assert float(answer.masks[0, 1, 55].min()) > 0.9
    assert float(answer.picture[0, 0, 55].max()) < 0.4
    assert float(answer.picture[0, 0, 55].std()) > 0.6 * float(picture[0, 0, 20].std())
    assert torch.equal(answer.picture[..., 70:, :], picture[..., 70:, :])
    assert torch.equal(answer.picture[..., :40, :], picture[..., :40, :])
    assert float((answer.masks.sum(1) - 1).abs().max()) < 1e-5


def test_hair_far_from_drawn_hair_is_not_invented() -> None:
    """Without drawn hair there is nothing to continue, and far away it would be a guess."""
    picture = _strands()
    bald = _masks(0, SIZE)

    assert torch.equal(extended(picture, bald, _masks(30, 64)).picture, picture)
    far = extended(picture, _masks(24, SIZE), _masks(64, 64))
    assert torch.equal(far.picture[..., 110:, :], picture[..., 110:, :])
