"""Albedo, normal and roughness of one material, answered by the released network, match each other to the pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from depixel.picture import Picture, Pixels
from depixel.request import Request
from depixel.upsampler import Upsampler

WALL = Path(__file__).resolve().parents[2] / "samples" / "textures" / "wall.png"
Floats = npt.NDArray[np.float64]


def _edges(pixels: Pixels) -> Floats:
    channels = np.moveaxis(pixels[..., :3].astype(float), 2, 0)
    return np.asarray(sum(np.hypot(*np.gradient(channel)) for channel in channels))


def _peak(first: Floats, second: Floats, reach: int = 4) -> tuple[int, int]:
    """The shift (down, right) of the second at which both agree best."""
    first, second = first - first.mean(), second - second.mean()
    shifts = [(y, x) for y in range(-reach, reach + 1) for x in range(-reach, reach + 1)]
    return max(shifts, key=lambda shift: float((first * np.roll(second, shift, (0, 1))).sum()))


@pytest.mark.weights
def test_edges_coincide_and_normals_have_length_one() -> None:
    """A height field's colour, roughness and normals: the cross-correlation of their edges peaks at zero shift."""
    with Image.open(WALL) as image:
        colour = np.asarray(image.convert("RGB"))[8:40, 8:40]
    y, x = np.mgrid[0:32, 0:32]
    height = 0.5 + 0.5 * np.tanh(2 * np.sin(x * 2 * np.pi / 16) * np.sin(y * 2 * np.pi / 16))
    colour = np.rint(colour * 0.3 + 150 * height[..., None]).astype(np.uint8)
    tilt = np.stack([*(-2 * slope for slope in np.gradient(height)[::-1]), np.ones_like(height)], 2)
    normal = np.rint((tilt / np.linalg.norm(tilt, axis=2, keepdims=True) / 2 + 0.5) * 255).astype(np.uint8)
    rough = np.rint(255 * (1 - 0.8 * height)).astype(np.uint8)[..., None]
    wanted = Request(scale=4, degradation="area", wrap="xy")
    pictures = [
        Picture((colour,), name="wall.png", mode="RGB"),
        Picture((normal,), name="wall_normal.png", mode="RGB"),
        Picture((rough,), name="wall_roughness.png", mode="L"),
    ]

    answers = [Upsampler("cpu").upsample(picture, wanted) for picture in pictures]
    albedo, vectors, roughness = (answer.picture.frames[0] for answer in answers)

    assert answers[1].domain.name == "normals"
    assert _peak(_edges(albedo), _edges(roughness)) == (0, 0)
    steepness = np.hypot(*np.moveaxis(vectors[..., :2] / 127.5 - 1, 2, 0))
    assert _peak(_edges(albedo), steepness) == (0, 0)
    assert np.abs(np.linalg.norm(vectors / 127.5 - 1, axis=2) - 1).max() < 0.02
    assert _peak(_edges(albedo), np.roll(_edges(roughness), 1, 1)) == (0, -1)  # one large pixel would be visible
