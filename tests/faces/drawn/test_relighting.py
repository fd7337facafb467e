"""Light that makes a drawing scale back to given pixels."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from depixel.degradation import resize
from depixel.faces.drawn.relighting import features_of, relit

SIZE, GIVEN = 128, 16
EVERYWHERE = torch.ones(1, 1, GIVEN, GIVEN)


def _halves(border: int) -> torch.Tensor:
    """Two parts, left and right of a border: [1, 2, SIZE, SIZE]."""
    masks = torch.zeros(1, 2, SIZE, SIZE)
    masks[:, 0, :, :border] = 1
    masks[:, 1, :, border:] = 1
    return masks


def _smooth(seed: int) -> torch.Tensor:
    coarse = 0.3 + 0.4 * torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(seed))
    return F.interpolate(coarse, (GIVEN, GIVEN), mode="bicubic", align_corners=False).clamp(0, 1)


def test_the_answer_scales_back() -> None:
    """Smooth differences vanish almost completely."""
    small = _smooth(1)

    answer = relit(torch.full((1, 3, SIZE, SIZE), 0.5), _halves(64), small, EVERYWHERE)

    assert float((resize(answer, GIVEN, GIVEN) - small).abs().max()) < 0.01


def test_light_does_not_cross_the_border_of_a_part() -> None:
    """A part that is darkened leaves no shadow on its neighbour, even inside the given pixel that both share."""
    picture = torch.full((1, 3, SIZE, SIZE), 0.6)
    masks = _halves(60)  # in the middle of a given pixel
    small = resize(picture * (1 - 0.5 * masks[:, :1]), GIVEN, GIVEN)

    answer = relit(picture, masks, small, EVERYWHERE)

    assert float(answer[..., 66:].min()) > 0.55
    assert float(answer[..., :54].max()) < 0.4


def test_detail_is_kept() -> None:
    """Brightness is scaled: texture keeps its contrast."""
    texture = 0.5 * (1 + 0.2 * torch.randn(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0)).clamp(-1, 1))

    answer = relit(texture, _halves(64), torch.full((1, 3, GIVEN, GIVEN), 0.25), EVERYWHERE)

    assert abs(float(answer.std() / answer.mean() / (texture.std() / texture.mean())) - 1) < 0.15


def test_pixels_that_do_not_count_follow_their_neighbours() -> None:
    """Pixels under transparency have no effect."""
    small = torch.full((1, 3, GIVEN, GIVEN), 0.3)
    small[..., 5, 5] = 1.0
    weight = EVERYWHERE.clone()
    weight[..., 5, 5] = 0

    answer = relit(torch.full((1, 3, SIZE, SIZE), 0.5), _halves(64), small, weight)

    assert float(answer.max()) < 0.4


def test_features_are_darkened_before_the_skin_around_them() -> None:
    """A dark pixel of the input makes the brow in it darker; the skin between the brow and the next pixel stays."""
    picture = torch.full((1, 3, SIZE, SIZE), 0.6)
    brow = torch.zeros(1, 1, SIZE, SIZE)
    brow[..., 50:54, 40:88] = 1
    picture = picture * (1 - 0.4 * brow)
    small = resize(picture * (1 - 0.6 * brow), GIVEN, GIVEN)

    answer = relit(picture, torch.ones(1, 1, SIZE, SIZE), small, EVERYWHERE)

    below, on = answer[0, :, 58, 64].mean(), answer[0, :, 52, 64].mean()
    assert float(on) < 0.75 * 0.36
    assert float(below) > 0.93 * 0.6


def test_features_are_darker_than_the_face_around_them() -> None:
    """Brows and eyes count, broad shadows and hair do not."""
    picture = torch.linspace(0.7, 0.3, SIZE).expand(1, 3, SIZE, SIZE).clone()
    picture[..., 60:64, 60:70] = 0.05
    face = torch.zeros(1, 1, SIZE, SIZE)
    face[..., 20:] = 1

    features = features_of(picture, face)[0, 0]

    assert float(features[61, 64]) > 0.7
    assert float(features[100, 64]) < 0.1
    assert float(features[:, :20].max()) == 0
