"""A drawn person in the light of a soft face."""

from __future__ import annotations

import torch

from depixel.degradation import resize
from depixel.faces.drawn.joining import joined

SIZE = 256


def _texture(seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(seed)) - 0.05


def _all(part: int, side: int) -> torch.Tensor:
    """A picture that shows one part everywhere: [1, 4, side, side]."""
    parts = torch.zeros(1, 4, side, side)
    parts[:, part] = 1
    return parts


def test_light_comes_from_the_soft_picture() -> None:
    """Shrunk, the person without imagination has the colours of the soft face."""
    soft = torch.full((1, 3, 64, 64), 0.5)
    soft[:, :, :, 32:] = 0.6

    answer = joined(soft, 0.4 + _texture(), _all(0, SIZE), _all(0, 64), 16, 0.0).picture

    assert float((resize(answer, 16, 16) - resize(soft, 16, 16)).abs().max()) < 0.02


def test_detail_comes_from_the_drawing() -> None:
    """Where both show the same part, the drawing's texture is there, stronger on a brighter face."""
    texture = _texture()
    fine = texture - torch.nn.functional.interpolate(resize(texture, 64, 64), (SIZE, SIZE))

    strengths = [
        float(((joined(torch.full((1, 3, 64, 64), light), 0.5 + texture, _all(0, SIZE), _all(0, 64), 16, 0.0).picture
                - light) * fine).sum() / fine.square().sum())
        for light in (0.5, 0.6)
    ]  # fmt: skip

    assert strengths[0] > 0.9
    assert strengths[1] > 1.05 * strengths[0]


def test_imagination_keeps_the_light_of_the_person() -> None:
    """With full imagination, light that is finer than a pixel of the input is the drawing's."""
    soft, drawn = torch.full((1, 3, 64, 64), 0.5), torch.full((1, 3, SIZE, SIZE), 0.5)
    drawn[..., 120:136] = 0.7  # a quarter of a given pixel

    calm, bold = (
        joined(soft, drawn, _all(0, SIZE), _all(0, 64), 4, imagination).picture[0, 0, 128, 128]
        for imagination in (0.0, 1.0)
    )

    assert float(calm) < 0.55
    assert float(bold) > 0.6


def test_no_detail_where_the_parts_differ() -> None:
    """Hair that only the drawing has leaves no texture; the answer shows what the soft face does."""
    soft = torch.full((1, 3, 64, 64), 0.5)

    answer = joined(soft, 0.5 + _texture(), _all(1, SIZE), _all(0, 64), 16, 0.0)

    assert float((answer.picture - 0.5).abs().max()) < 1e-5
    assert float(answer.masks[:, 0].min()) > 0.99


def test_clothes_of_another_colour_are_left_out() -> None:
    """A red collar cannot be relit into a blue one."""
    soft = torch.tensor([0.05, 0.05, 0.9])[:, None, None].expand(1, 3, 64, 64)
    drawn = torch.tensor([0.9, 0.02, 0.02])[:, None, None].expand(1, 3, SIZE, SIZE)

    answer = joined(soft, drawn, _all(2, SIZE), _all(2, 64), 16, 0.0).picture

    assert float((answer - soft[..., :1, :1]).abs().max()) < 0.05


def test_nothing_is_shown_where_nothing_was_drawn() -> None:
    """Beyond the border of a shifted drawing, the soft face is visible."""
    masks = _all(0, SIZE)
    masks[..., :64] = 0

    answer = joined(torch.full((1, 3, 64, 64), 0.5), 0.5 + _texture(), masks, _all(0, 64), 16, 0.0).picture

    assert float((answer[..., :56] - 0.5).abs().max()) < 0.01


def test_without_parts_all_is_drawn() -> None:
    """A network finds no parts in an emoji."""
    masks = _all(0, SIZE)

    answer = joined(torch.full((1, 3, 64, 64), 0.4), 0.5 + _texture(), masks, None, 16, 1.0)

    assert float((resize(answer.picture, 16, 16) - 0.4).abs().max()) < 0.02
    assert torch.equal(answer.masks, masks)
