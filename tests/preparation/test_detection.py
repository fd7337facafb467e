from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from depixel.files import read
from depixel.picture import Picture
from depixel.preparation.detection import blend_share, detect, features

SAMPLES = Path(__file__).parents[2] / "samples"

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
    """Premultiplied block means: a larger picture reduced by a game's artist."""
    values = pixels.astype(float)
    stack = np.concatenate([values[..., :3] * values[..., 3:] / 255, values[..., 3:]], -1)
    side = pixels.shape[0] // factor
    means = stack.reshape(side, factor, side, factor, 4).mean((1, 3))
    colour = means[..., :3] / np.maximum(means[..., 3:], 1e-6) * 255
    return np.concatenate([colour, means[..., 3:]], -1).round().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(("side", "colours"), [(16, 4), (16, 12), (32, 20), (64, 48)])
def test_drawn_sprites_are_pixel_art(side: int, colours: int) -> None:
    """Few colours used repeatedly, alpha on or off."""
    assert detect(Picture((_sprite(side, colours),), name="hero.png")).name == "pixel-art"


def test_a_shadow_of_one_alpha_keeps_it_pixel_art() -> None:
    """Hand-drawn translucent shadows have one level of alpha."""
    pixels = _sprite(32, 20)
    pixels[28:, 4:28] = (0, 0, 0, 90)

    assert detect(Picture((pixels,))).name == "pixel-art"


def test_a_shaded_figure_with_a_ring_of_one_alpha_is_pixel_art() -> None:
    """Some blended edges among many shades do not make it art if all translucent pixels have one alpha."""
    pixels = _sprite(32, 20)
    pixels[4:28:3, 4:28:3, :3] = (pixels[4:28:3, 3:27:3, :3].astype(int) + pixels[4:28:3, 5:29:3, :3]) // 2
    assert 0.12 < blend_share(pixels) < 0.26
    ring = pixels.copy()
    ring[0, :], ring[:, 0] = (0, 0, 0, 153), (0, 0, 0, 153)
    ring[:, 31] = (0, 0, 0, 153)
    while blend_share(ring) >= 0.18:  # as many blended pixels as the rule still allows
        row, column = np.argwhere((ring[4:28:3, 4:28:3] != _clean(ring)).any(-1))[0]
        ring[4 + 3 * row, 4 + 3 * column] = ring[4 + 3 * row, 3 + 3 * column]
    assert blend_share(ring) > 0.12
    assert detect(Picture((ring,))).name == "pixel-art"


# The blended pixels of the test above without blending.
def _clean(pixels: np.ndarray) -> np.ndarray:
    left: np.ndarray = pixels[4:28:3, 3:27:3]
    return left


def test_a_soft_shadow_painted_under_a_sprite_keeps_it_pixel_art() -> None:
    """Many levels of alpha, but all of them black; the same levels on the figure itself make it art."""
    pixels = _sprite(32, 20)
    y, x = np.mgrid[0:32, 0:32]
    shadow = (np.hypot((y - 28) / 4, (x - 20) / 11) < 1) & (pixels[..., 3] == 0)
    pixels[shadow] = np.stack([np.zeros((32, 32))] * 3 + [60 + 5 * (x % 24) + y], -1)[shadow]
    soft = pixels.copy()
    soft[2:-2, 3:6, 3] = RNG.integers(30, 220, (28, 3))

    assert features(Picture((pixels,))).alpha_levels > 6
    assert detect(Picture((pixels,))).name == "pixel-art"
    assert detect(Picture((pixels.astype(np.uint16) * 257,))).name == "pixel-art"
    assert detect(Picture((soft,))).name == "art"


def test_reduced_sprites_are_art() -> None:
    """The same kind of sprite, reduced from four times its size, has edges with their own colours and alphas."""
    large = np.zeros((128, 128, 4), np.uint8)
    y, x = np.mgrid[0:128, 0:128]
    for k, (cy, cx, r) in enumerate([(50, 60, 40), (80, 80, 30), (40, 90, 20)]):
        large[np.hypot(y - cy, x - cx) < r] = (60 * k + 50, 200 - 50 * k, 90, 255)

    assert detect(Picture((_reduced(large, 4),))).name == "art"


@pytest.mark.parametrize("name", ["sprites/dragon.png", "sprites/mage.png", "sprites/bee.png"])
@pytest.mark.parametrize("ground", [None, (255, 255, 255), (60, 130, 90)])
def test_real_reduced_sprites_are_no_pixel_art(name: str, ground: tuple[int, int, int] | None) -> None:
    """Flat vector art reduced to 32 pixels has few colours, but its edges are blended, on any background."""
    pixels = read(SAMPLES / name).rgba(0)
    if ground is not None:
        cover = pixels[..., 3:] / 255
        pixels = np.rint(pixels[..., :3] * cover + np.array(ground) * (1 - cover)).astype(np.uint8)

    assert detect(Picture((pixels,))).name in ("art", "textures")


def test_a_real_drawn_sprite_is_pixel_art_on_any_ground() -> None:
    """The potion was drawn pixel by pixel; filling its background does not change that."""
    picture = read(SAMPLES / "pixel-art" / "potion.png")
    pixels = picture.rgba(0)
    opaque = np.where(pixels[..., 3:] > 127, pixels[..., :3], 90).astype(np.uint8)

    assert detect(picture).name == "pixel-art"
    assert detect(Picture((opaque,))).name == "pixel-art"


def test_portraits_are_no_textures() -> None:
    """Opaque and tiny, but they do not tile."""
    for name in ("portrait.png", "portrait-2.png"):
        assert detect(read(SAMPLES / "faces" / name)).name == "art"


def test_a_shaded_sprite_with_a_one_bit_outline_is_pixel_art() -> None:
    """As in block games: 16x16, nearly every pixel shaded individually, but fully opaque or transparent."""
    pixels = np.zeros((16, 16, 4), np.uint8)
    y, x = np.mgrid[0:16, 0:16]
    inside = np.hypot(y - 8, x - 8) < 6
    shade = 5 * (x + y) - 40 + RNG.integers(0, 10, (16, 16))
    pixels[inside] = np.stack([200 - shade, 60 + shade // 3, 50 + shade // 4, np.full((16, 16), 255)], -1)[inside]

    measured = features(Picture((pixels,)))

    assert measured.colour_share > 0.3  # nothing like a palette
    assert detect(Picture((pixels,))).name == "pixel-art"


def test_tiny_tiles_that_tile_are_textures() -> None:
    """16x16 noise that continues across its borders is a block's texture; a crop of a larger one is not."""
    large = np.kron(RNG.integers(0, 255, (12, 12, 3)), np.ones((4, 4, 1)))
    for axis in (0, 1):  # smooth steps inside, so that a border that does not continue is noticeable
        large = sum(np.roll(large, k, axis) for k in range(-2, 3)) / 5  # type: ignore[assignment]
    step = sum(np.roll(np.kron(RNG.integers(0, 255, (4, 4, 3)), np.ones((4, 4, 1))), k, 0) for k in range(4)) / 4
    tile = sum(np.roll(step, k, 1) for k in range(4)) / 4

    assert detect(Picture((tile.astype(np.uint8),))).name == "textures"  # type: ignore[union-attr]
    assert detect(Picture((np.ascontiguousarray(large[:16, :16]).astype(np.uint8),))).name == "art"


def test_blended_edges_are_counted() -> None:
    """A hard edge has none; the same edge with an intermediate pixel is blended."""
    hard = np.full((6, 6, 4), 255, np.uint8)
    hard[:, :3, :3] = 0
    soft = hard.copy()
    soft[:, 3, :3] = np.array([120, 121, 122, 123, 124, 125])[:, None]

    assert blend_share(hard) == 0
    assert blend_share(soft) == pytest.approx(6 / 12, abs=0.2)
    assert blend_share(soft.astype(np.uint16) * 257) == blend_share(soft)


def test_textures_gradients_and_photos() -> None:
    """Opaque pictures with many colours are textures; smooth gradients of few values are not pixel art."""
    grey = np.linspace(0, 255, 64).astype(np.uint8)
    gradient = (np.add.outer(grey.astype(int), grey) // 2).astype(np.uint8)[..., None].repeat(3, 2)

    assert detect(Picture((_smooth(64),))).name == "textures"
    assert detect(Picture((gradient,))).name != "pixel-art"


@pytest.mark.parametrize(("name", "domain"), [("wall_n.png", "normals"), ("wall_normal.dds", "normals")])
def test_normal_maps_by_name_and_by_content(name: str, domain: str) -> None:
    """Unit vectors with a normal map's name are a normal map; ordinary colours with that name are not."""
    y, x = np.mgrid[-0.7:0.7:32j, -0.7:0.7:32j]
    vectors = np.stack([x, y, np.sqrt(1 - x**2 - y**2)], -1)
    encoded = np.rint((vectors + 1) * 127.5).astype(np.uint8)

    assert detect(Picture((encoded,), name=name)).name == domain
    assert detect(Picture((_smooth(32),), name=name)).name != "normals"


def test_a_normal_map_of_uneven_length_is_data() -> None:
    """Vectors shortened by JPEG or a filter keep their length: no colour treatment, no unit length."""
    y, x = np.mgrid[-0.5:0.5:32j, -0.5:0.5:32j]
    vectors = np.stack([x, y, np.sqrt(1 - x**2 - y**2)], -1) * RNG.uniform(0.5, 1, (32, 32, 1))
    encoded = np.rint((vectors + 1) * 127.5).astype(np.uint8)

    assert detect(Picture((encoded,), name="stone_ground_nm.jpg")).name == "data"
    assert detect(Picture((encoded,), name="stone_ground.jpg")).name == "textures"


def test_data_maps_by_name() -> None:
    """Roughness and similar maps by the name endings of materials; never sprites."""
    grey = _smooth(32)[..., :1].repeat(3, 2)
    assert detect(Picture((grey,), name="wall_roughness.png")).name == "data"
    assert detect(Picture((grey + RNG.integers(0, 3, grey.shape, np.uint8),), name="wall_ao.jpg")).name == "data"
    assert detect(Picture((grey,), name="wall_rough_brick.png")).name != "data"
    assert detect(Picture((_smooth(32),), name="wall_orm.png")).name == "data"
    assert detect(Picture((_sprite(16, 6),), name="hero_s.png")).name == "pixel-art"


@pytest.mark.parametrize("name", ["road_s", "wall_metal", "banner_h", "photo_r", "logo_m", "gate_e", "cloth_spec"])
def test_colour_is_no_data_whatever_its_name(name: str) -> None:
    """A road to the south, a wall of metal, a picture of medium size."""
    soft = np.dstack([_smooth(32), np.full((32, 32, 1), 255, np.uint8)])
    soft[:2, :, 3] = soft[-2:, :, 3] = 120

    assert detect(Picture((_smooth(32),), name=f"{name}.png")).name == "textures"
    assert detect(Picture((soft,), name=f"{name}.png")).name != "data"


@pytest.mark.parametrize("edge", [255, 150])
def test_a_pale_blue_button_is_no_normal_map(edge: int) -> None:
    """Its mean colour is that of a normal map; its shades are those of a button, with or without soft edges."""
    shade = np.indices((40, 40))[0] * 1.0 + 110
    button = np.stack([shade, shade, shade + 70, np.full((40, 40), 255)], -1)
    button[[0, -1], :, 3] = button[:, [0, -1], 3] = edge

    assert detect(Picture((button.astype(np.uint8),), name="button_normal.png")).name not in ("normals", "data")


@pytest.mark.parametrize("side", [16, 40])
def test_colour_under_an_alpha_of_nothing_decides(side: int) -> None:
    """A texture whose alpha is a mask of zeros is the kind that it is without alpha; an empty picture is no matter."""
    opaque = _smooth(side)
    hidden = np.dstack([opaque, np.zeros((side, side, 1), np.uint8)])

    assert detect(Picture((hidden,))).name == detect(Picture((opaque,))).name != "pixel-art"
    assert detect(Picture((np.zeros((8, 8, 4), np.uint8),))).name


def test_faces_are_never_detected() -> None:
    """A portrait never becomes an imagined face without a request, whatever its name."""
    assert detect(Picture((_smooth(16),), name="portrait_face.png")).name != "faces"


def test_features_count_what_they_say() -> None:
    """Colours, transparency and alpha levels of a picture counted by hand."""
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[0] = (255, 0, 0, 255)
    pixels[1] = (0, 255, 0, 128)

    measured = features(Picture((pixels,)))

    assert (measured.colours, measured.alpha_levels, measured.transparent) == (2, 1, 0.5)
    assert measured.soft_alpha == 0.5 and not measured.grey


@pytest.mark.parametrize("side", [64, 140])
def test_round_corners_of_flat_panels_are_no_pixel_art(side: int) -> None:
    """Buttons and cards in two colours, reduced: few blended pixels, with many alphas."""
    y, x = (np.abs(np.indices((side * 4, side * 4)) - (side * 2 - 0.5)) - (side * 2 - 44)).clip(0)
    inside = (np.hypot(y, x) <= 44).reshape(side, 4, side, 4).mean((1, 3))
    panel = np.full((side, side, 4), (60, 120, 200, 255), np.uint8)
    panel[side // 3 : side // 2, side // 4 : side // 2, :3] = 240
    panel[..., 3] = np.rint(inside * 255)

    assert features(Picture((panel,))).soft_alpha < 0.02
    assert detect(Picture((panel,))).name == "art"


def test_a_few_stray_alphas_are_still_drawn() -> None:
    """An eraser at 10% here and there leaves four alphas in a sapling; it was still drawn pixel by pixel."""
    rng = np.random.default_rng(2)
    sprite = np.zeros((16, 16, 4), np.uint8)
    palette = rng.integers(20, 230, (7, 3))
    sprite[3:14, 4:12, :3] = palette[rng.integers(0, 7, (11, 8))]
    sprite[3:14, 4:12, 3] = 255
    sprite[[2, 5, 9, 14], [3, 12, 12, 7], 3] = (4, 30, 90, 160)

    assert detect(Picture((sprite,))).name == "pixel-art"


@pytest.mark.parametrize(
    ("name", "domain"),
    [("wall_rough.png", "data"), ("wall_ao.png", "data"), ("terrain_height.png", "data"), ("wall.png", "textures")],
)
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_grey_maps_are_no_pixel_art(name: str, domain: str, depth: type) -> None:
    """Eight bits of grey repeat values, which is not a sign of a palette."""
    rng = np.random.default_rng(3)
    waves = sum(
        np.outer(np.sin(rng.normal(0, 0.8) * np.arange(40) + k), np.cos(0.5 * k * np.arange(40))) for k in range(6)
    )
    grey = np.clip(128 + 40 * waves + rng.normal(0, 12, (40, 40)), 0, 255).astype(np.uint8).astype(depth)
    pixels = grey[..., None] * (257 if depth is np.uint16 else 1)

    assert detect(Picture((pixels.astype(depth),), name=name)).name == domain


def test_gloss_in_the_alpha_of_a_map_may_reach_nothing() -> None:
    """A few pixels without gloss are not transparency."""
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (40, 40, 4)).astype(np.uint8)
    pixels[..., 3] = np.clip(rng.normal(120, 50, (40, 40)), 0, 255)
    pixels[4:6, 7:9, 3] = 0

    assert detect(Picture((pixels,), name="wall_spec.png")).name == "data"


@pytest.mark.parametrize("letters", [b"DXT1", b"DXT5"])
@pytest.mark.parametrize("side", [16, 32])
def test_a_photograph_stays_one_in_compressed_blocks(letters: bytes, side: int) -> None:
    """Four colours per block make flat areas in any picture, which is not drawing by hand; a drawing stays one."""
    import struct

    from depixel.files import encode, read_bytes

    rng = np.random.default_rng(4)
    smooth = rng.normal(0, 1, (side, side, 3)).cumsum(0).cumsum(1)
    pixels = np.interp(smooth, (smooth.min(), smooth.max()), (0, 255)).astype(np.uint8)
    pixels = np.clip(pixels + rng.integers(-20, 20, pixels.shape), 0, 255).astype(np.uint8)
    drawn = np.array([[20, 20, 30], [120, 80, 40], [160, 110, 60], [70, 70, 80]], np.uint8)
    drawn = drawn[rng.integers(0, 4, (side, side))]
    head = struct.pack("<7I", 124, 0x81007, side, side, side * side // 2, 0, 1) + bytes(44)
    head += struct.pack("<2I4s5I", 32, 4, letters, 0, 0, 0, 0, 0) + struct.pack("<5I", 0x1000, 0, 0, 0, 0)
    like = read_bytes(b"DDS " + head + bytes(16 * 64), "x.dds")

    def compressed(colour: np.ndarray) -> Picture:
        rgba = np.dstack([colour, np.full((side, side, 1), 255, np.uint8)])
        return read_bytes(encode(Picture((rgba,), format="DDS", details=like.details)), "x.dds")

    assert detect(compressed(drawn)).name == "pixel-art"

    assert detect(compressed(pixels)).name == detect(Picture((pixels,), mode="RGB")).name != "pixel-art"
