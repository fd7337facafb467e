"""The smooth enlargement below every answer of the art network."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from depixel.priors.surroundings import added_to_bicubic

_AROUND = 6  # small pixels, more than the kernel reaches


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("wrap", [(False, False), (True, False), (False, True), (True, True)])
def test_sums_of_shifted_planes_are_the_bicubic_kernel_of_torch(scale: int, wrap: tuple[bool, bool]) -> None:
    """Also across borders that wrap, where torch's own sees copies of the picture."""
    generator = torch.Generator().manual_seed(scale)
    small = torch.rand(2, 4, 9, 6, generator=generator)
    difference = torch.randn(2, 4 * scale**2, 9, 6, generator=generator)
    around = F.pad(small, (_AROUND, _AROUND, 0, 0), mode="circular" if wrap[0] else "replicate")
    around = F.pad(around, (0, 0, _AROUND, _AROUND), mode="circular" if wrap[1] else "replicate")
    wanted = F.interpolate(around, scale_factor=scale, mode="bicubic", align_corners=False)
    begin = _AROUND * scale
    wanted = wanted[:, :, begin : begin + 9 * scale, begin : begin + 6 * scale] + F.pixel_shuffle(difference, scale)
    torch.testing.assert_close(added_to_bicubic(difference, small, scale, wrap), wanted, rtol=0, atol=1e-5)


def test_one_pixel_stays_that_pixel() -> None:
    """The smallest picture, whose surroundings are all copies of it."""
    small = torch.rand(1, 4, 1, 1)
    large = added_to_bicubic(torch.zeros(1, 64, 1, 1), small, 4, (False, False))
    torch.testing.assert_close(large, small.expand(1, 4, 4, 4), rtol=0, atol=1e-6)
