from __future__ import annotations

import numpy as np
import pytest

from depixel.domains.detection import detect, features
from depixel.picture import Picture

RNG = np.random.default_rng(8)


def _smooth(side: int) -> np.ndarray:
    y, x = np.mgrid[0:side, 0:side] / side
    noise = RNG.normal(0, 6, (side, side, 3))
    return (np.stack([200 * x, 180 * y, 120 * (x + y)], -1) + noise).clip(0, 255).astype(np.uint8)


def _sprite(side: int, colours: int) -> np.ndarray:
    palette = RNG.integers(0, 255, (colours, 3))
    pixels = np.zeros((side, side, 4), np.uint8)
    pixels[2:-2, 3:-3, :3] = palette[RNG.integers(0, colours, (side - 4, side - 6))]
    pixels[2:-2, 3:-3, 3] = 255
    return pixels


def _reduced(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Premultiplied block means: what a game's artist gets from a larger picture."""
    values = pixels.astype(float)
    stack = np.concatenate([values[..., :3] * values[..., 3:] / 255, values[..., 3:]], -1)
    side = pixels.shape[0] // factor
    means = stack.reshape(side, factor, side, factor, 4).mean((1, 3))
    colour = means[..., :3] / np.maximum(means[..., 3:], 1e-6) * 255
    return np.concatenate([colour, means[..., 3:]], -1).round().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(("side", "colours"), [(16, 4), (16, 12), (32, 20), (64, 48)])
def test_drawn_sprites_are_pixel_art(side: int, colours: int) -> None:
    """Few colours used again and again, alpha on or off."""
    assert detect(Picture((_sprite(side, colours),), name="hero.png")) == "pixel-art"


def test_a_shadow_of_one_alpha_keeps_it_pixel_art() -> None:
    """Half-transparent shadows drawn by hand have one level of alpha."""
    pixels = _sprite(32, 20)
    pixels[28:, 4:28] = (0, 0, 0, 90)

    assert detect(Picture((pixels,))) == "pixel-art"


def test_reduced_sprites_are_art() -> None:
    """The same kind of sprite, reduced from four times its size, has edges of its own colours and alphas."""
    large = np.zeros((128, 128, 4), np.uint8)
    y, x = np.mgrid[0:128, 0:128]
    for k, (cy, cx, r) in enumerate([(50, 60, 40), (80, 80, 30), (40, 90, 20)]):
        large[np.hypot(y - cy, x - cx) < r] = (60 * k + 50, 200 - 50 * k, 90, 255)

    assert detect(Picture((_reduced(large, 4),))) == "art"


def test_textures_gradients_and_photos() -> None:
    """Opaque pictures of many colours are textures; smooth gradients of few values are no pixel art."""
    grey = np.linspace(0, 255, 64).astype(np.uint8)
    gradient = (np.add.outer(grey.astype(int), grey) // 2).astype(np.uint8)[..., None].repeat(3, 2)

    assert detect(Picture((_smooth(64),))) == "textures"
    assert detect(Picture((gradient,))) != "pixel-art"


@pytest.mark.parametrize(("name", "domain"), [("wall_n.png", "normals"), ("wall_normal.dds", "normals")])
def test_normal_maps_by_name_and_by_content(name: str, domain: str) -> None:
    """Unit vectors with a normal map's name are one; ordinary colours with that name are not."""
    y, x = np.mgrid[-0.7:0.7:32j, -0.7:0.7:32j]
    vectors = np.stack([x, y, np.sqrt(1 - x**2 - y**2)], -1)
    encoded = np.rint((vectors + 1) * 127.5).astype(np.uint8)

    assert detect(Picture((encoded,), name=name)) == domain
    assert detect(Picture((_smooth(32),), name=name)) != "normals"


def test_data_maps_by_name() -> None:
    """Roughness and friends by the endings that materials use; sprites never."""
    assert detect(Picture((_smooth(32),), name="wall_roughness.png")) == "data"
    assert detect(Picture((_smooth(32),), name="wall_rough_brick.png")) != "data"
    assert detect(Picture((_sprite(16, 6),), name="hero_s.png")) == "pixel-art"


def test_faces_are_never_detected() -> None:
    """Nobody's portrait becomes an imagined face unasked, whatever it is called."""
    assert detect(Picture((_smooth(16),), name="portrait_face.png")) != "faces"


def test_features_count_what_they_say() -> None:
    """Colours, transparency and alpha levels of a picture counted by hand."""
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[0] = (255, 0, 0, 255)
    pixels[1] = (0, 255, 0, 128)

    found = features(Picture((pixels,)))

    assert (found.colours, found.alpha_levels, found.transparent) == (2, 1, 0.5)
    assert found.soft_alpha == 0.5 and not found.grey
