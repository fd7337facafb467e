"""The measures for faces, on pictures for which the result is known."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from benchmarks.faces_distribution import frechet_distance, share_inside
from benchmarks.faces_measures import face_crop, looks_distance, ms_ssim, psnr, skin_tone, ssim
from benchmarks.faces_quality import by_group, reduced
from torch import Tensor

SIDE = 128
# Of the metadata's twelve: eyes, corners of the eyes, nose, corners of the mouth, lips, chin; x and y.
POINTS = torch.tensor(
    [[0.40, 0.45], [0.60, 0.45], [0.35, 0.45], [0.45, 0.45], [0.55, 0.45], [0.65, 0.45], [0.50, 0.60], [0.42, 0.72],
     [0.58, 0.72], [0.50, 0.70], [0.50, 0.74], [0.50, 0.90]]
)[None]  # fmt: skip


@pytest.fixture
def picture() -> Tensor:
    """Smooth noise with some fine noise, [2, 3, 128, 128]."""
    rng = torch.Generator().manual_seed(0)
    coarse = F.interpolate(torch.rand(2, 3, 16, 16, generator=rng), SIDE, mode="bicubic").clamp(0, 1)
    return (coarse + 0.1 * torch.randn(2, 3, SIDE, SIDE, generator=rng)).clamp(0, 1)


def blurred(x: Tensor, size: int) -> Tensor:
    return F.interpolate(F.avg_pool2d(x, SIDE // size), SIDE, mode="bicubic").clamp(0, 1)


def test_psnr_of_a_known_error() -> None:
    """A tenth of the range everywhere is 20 dB, each picture separately."""
    flat = torch.full((2, 3, 8, 8), 0.5)
    other = torch.cat([flat[:1] + 0.1, flat[1:] + 0.01])
    assert psnr(flat, other).tolist() == pytest.approx([20.0, 40.0], abs=1e-3)


def test_similarity_is_one_for_the_same_and_falls_with_blur(picture: Tensor) -> None:
    """SSIM and MS-SSIM are 1 only for the truth, and lower the less of it remains."""
    for measure in (ssim, ms_ssim):
        assert measure(picture, picture).tolist() == pytest.approx([1.0, 1.0], abs=1e-5)
        mild, strong = (measure(blurred(picture, size), picture) for size in (64, 16))
        assert (strong < mild).all()
        assert (mild < 0.999).all()


def test_skin_tone_is_the_typology_angle_of_the_cheeks() -> None:
    """
    sRGB (241, 194, 170) has Lab 81.8, 13.5, 17.9: an angle of 60.6 degrees; brown (96, 65, 45) is below -40; only the
    cheeks count.
    """
    colours = torch.tensor([[241.0, 194.0, 170.0], [96.0, 65.0, 45.0]]) / 255
    faces = colours[:, :, None, None].expand(-1, -1, SIDE, SIDE).clone()
    light, dark = skin_tone(faces, POINTS.expand(2, -1, -1)).tolist()
    assert light == pytest.approx(60.6, abs=1.0)
    assert dark < -40
    faces[:, :, : SIDE // 3] = 0
    assert skin_tone(faces, POINTS.expand(2, -1, -1)).tolist() == pytest.approx([light, dark])


def test_looks_distance_sees_blur_and_forgives_a_pixel(picture: Tensor) -> None:
    """0 for the same; more for more blur; a shift of one pixel costs less than losing the fine grain."""
    points = POINTS.expand(2, -1, -1)
    mild, strong, aside = (
        looks_distance(other, picture, points)
        for other in (blurred(picture, 64), blurred(picture, 16), picture.roll(1, 3))
    )
    assert looks_distance(picture, picture, points).tolist() == [0.0, 0.0]
    assert (aside < mild).all()
    assert (mild < strong).all()
    assert (strong <= 1).all()


def test_looks_distance_looks_at_the_face_alone(picture: Tensor) -> None:
    """Changes in the background have no effect; the crop contains eyes and chin."""
    points = POINTS.expand(2, -1, -1)
    other = picture.clone()
    other[..., : SIDE // 6] = 0.5
    assert looks_distance(other, picture, points).tolist() == [0.0, 0.0]
    marked = torch.zeros(1, 3, SIDE, SIDE)
    for x, y in ((0.4, 0.45), (0.6, 0.45), (0.5, 0.88)):
        marked[..., int(y * SIDE) - 1 : int(y * SIDE) + 2, int(x * SIDE) - 1 : int(x * SIDE) + 2] = 1
    crop = face_crop(marked, POINTS)[0, 0]
    assert crop[:32, :32].max() > 0.5
    assert crop[:32, 32:].max() > 0.5
    assert crop[48:].max() > 0.5


def test_groups_are_counted_by_themselves() -> None:
    """Shares are means, signed shifts are medians: one bad portrait must neither hide in a shift nor cause it."""
    judged = {"success %": torch.tensor([100.0, 0, 100, 100]), "tone shift": torch.tensor([1.0, 2, 90, -4])}
    groups = by_group({"gender": ["a", "a", "a", "b"]}, judged)
    assert groups["gender a"]["pictures"] == 3
    assert groups["gender a"]["success %"] == pytest.approx(200 / 3)
    assert groups["gender a"]["tone shift"] == 2.0
    assert groups["gender b"] == {"pictures": 1, "success %": 100.0, "tone shift": -4.0}


def test_inputs_are_halved_and_halved_again() -> None:
    """A flat picture does not change, at the requested size, and is opaque."""
    small = reduced(torch.full((1, 3, SIDE, SIDE), 0.25), 16)
    assert small.shape == (1, 4, 16, 16)
    assert torch.allclose(small[:, :3], torch.tensor(0.25), atol=1e-5)
    assert (small[:, 3] == 1).all()


def test_frechet_distance_of_known_gaussians() -> None:
    """The same cloud is at 0, one moved by (3, 4) at 25, one twice as wide at the sum of the squared deviations."""
    rows = torch.randn(4000, 2, generator=torch.Generator().manual_seed(0))
    assert frechet_distance(rows, rows) == pytest.approx(0.0, abs=1e-6)
    assert frechet_distance(rows + torch.tensor([3.0, 4.0]), rows) == pytest.approx(25.0, abs=1e-3)
    assert frechet_distance(rows * 2, rows) == pytest.approx(torch.cov(rows.t()).trace().item(), rel=1e-4)


def test_precision_and_recall_tell_far_from_narrow() -> None:
    """Samples away from the data are not precise; samples at one place are precise with little recall."""
    rng = torch.Generator().manual_seed(0)
    real = torch.randn(300, 2, generator=rng)
    far, narrow = real + 100, torch.randn(300, 2, generator=rng) * 0.02
    assert share_inside(far, real) == 0.0
    assert share_inside(narrow, real) > 0.95
    assert share_inside(real, narrow) < 0.05
    assert math.isclose(share_inside(real, real), 1.0)
