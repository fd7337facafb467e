from __future__ import annotations

import io
import struct
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from depixel.errors import PictureTooLargeError, UnreadablePictureError
from depixel.files import Limits, encode, read_bytes
from depixel.picture import Picture

RNG = np.random.default_rng(7)


def _moving(alpha: bool, colours: int, count: int = 4) -> Picture:
    """Frames of 12x9 with this many colours in total, the second equal to the first."""
    palette = RNG.integers(0, 256, (colours, 4), dtype=np.uint8)
    palette[:, 3] = 255
    if alpha:
        palette[0] = 0
    frames = [palette[RNG.integers(0, colours, (9, 12))] for _ in range(count)]
    frames[1] = frames[0].copy()
    return Picture(tuple(f if alpha else f[..., :3] for f in frames), durations=(40.0, 0.0, 1230.0, 90.0)[:count])


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("colours", [2, 17, 256])
def test_up_to_256_colours_are_exact(alpha: bool, colours: int) -> None:
    """Every frame, including equal neighbours and a duration of 0, is preserved."""
    picture = _moving(alpha, colours)

    back = read_bytes(encode(picture, "GIF"))

    assert back.durations == picture.durations
    assert all(np.array_equal(a, b) for a, b in zip(picture.frames, back.frames, strict=True))


def test_frames_with_palettes_of_their_own() -> None:
    """More than 256 colours in total, but not in one frame: still exact."""
    frames = tuple(RNG.integers(0, 256, (10, 20, 3), dtype=np.uint8) for _ in range(3))

    back = read_bytes(encode(Picture(frames, durations=(50.0,) * 3), "GIF"))

    assert all(np.array_equal(a, b) for a, b in zip(frames, back.frames, strict=True))


def test_more_colours_are_approximated() -> None:
    """A gradient of thousands of colours becomes a GIF that looks like it."""
    y, x = np.mgrid[0:64, 0:64]
    pixels = np.stack([x * 4, y * 4, (x + y) * 2], -1).astype(np.uint8)

    back = read_bytes(encode(Picture((pixels,)), "GIF")).frames[0]

    assert np.abs(back.astype(int) - pixels).mean() < 12


def test_what_stands_still_does_not_flicker() -> None:
    """Thousands of colours in every frame: pixels that are equal in two frames stay equal, transparency stays exact."""
    y, x = np.mgrid[0:48, 0:48]
    frames = []
    for k in range(3):
        frame = np.stack([x * 5, y * 5, (x + y) * 2, np.full_like(x, 255)], -1).astype(np.uint8)
        frame[4 * k : 4 * k + 9, :20] = RNG.integers(0, 256, (9, 20, 4), dtype=np.uint8) | 128
        frame[:, 40:, 3] = 0
        frames.append(frame)

    back = read_bytes(encode(Picture(tuple(frames), durations=(50.0,) * 3), "GIF")).frames

    for a, b, c, d in zip(frames, frames[1:], back, back[1:], strict=False):
        still = (a == b).all(axis=2)
        assert np.array_equal(c[still], d[still])
        assert np.array_equal(a[..., 3] == 0, c[..., 3] == 0)
        assert np.abs(a.astype(int) - c)[a[..., 3] > 0].mean() < 20


def test_independent_reader_sees_the_same() -> None:
    """Pillow shows the same frames, times and loop count."""
    picture = _moving(True, 30).replace(loop=3)

    with Image.open(io.BytesIO(encode(picture, "GIF"))) as image:
        assert image.n_frames == 4
        assert image.info["loop"] == 2  # GIF counts repetitions
        for number, frame in enumerate(picture.frames):
            image.seek(number)
            shown = np.asarray(image.convert("RGBA"))
            assert np.array_equal(shown[..., 3], frame[..., 3])
            assert np.array_equal(shown[frame[..., 3] > 0], frame[frame[..., 3] > 0])


@pytest.mark.parametrize("disposal", [0, 1, 2, 3])
def test_what_pillow_writes_is_read_as_pillow_shows_it(disposal: int) -> None:
    """Cropped frames and disposals by another writer are composited the same way."""
    frames = []
    for k in range(4):
        frame = np.zeros((16, 16, 4), np.uint8)
        frame[2 * k : 2 * k + 5, 3 * k : 3 * k + 4] = (250 - 60 * k, 60 * k, 99, 255)
        frames.append(Image.fromarray(frame))
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "GIF", save_all=True, append_images=frames[1:], duration=[30, 60, 90, 120], disposal=disposal, loop=0
    )

    picture = read_bytes(buffer.getvalue())

    assert picture.durations == (30.0, 60.0, 90.0, 120.0)
    assert picture.loop == 0
    with Image.open(buffer) as image:
        for number in range(4):
            image.seek(number)
            shown, decoded = np.asarray(image.convert("RGBA")), picture.rgba(number)
            assert np.array_equal(shown[..., 3], decoded[..., 3])
            assert np.array_equal(shown[shown[..., 3] > 0], decoded[shown[..., 3] > 0])


def test_interlaced_rows_are_put_in_order() -> None:
    """An interlaced GIF is read correctly."""
    pixels = np.arange(20 * 20, dtype=np.uint16).reshape(20, 20) % 200
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "GIF", interlace=1)

    assert np.array_equal(read_bytes(buffer.getvalue()).frames[0][..., 0], pixels)


def test_palette_keeps_its_order() -> None:
    """An indexed picture is written and read with its own palette."""
    palette = np.array([[9, 9, 9, 255], [0, 0, 0, 0], [255, 0, 0, 255], [1, 2, 3, 255]], np.uint8)
    index = RNG.integers(0, 4, (7, 5))
    picture = Picture((palette[index],), palette=palette, mode="P")

    back = read_bytes(encode(picture, "GIF"))

    assert back.palette is not None and np.array_equal(back.palette, palette)
    assert np.array_equal(back.frames[0], picture.frames[0])


def test_comment_and_profile_travel() -> None:
    """The author is in the comment, longer than one block; the colour profile is kept too."""
    picture = Picture(_moving(False, 9).frames[:1], text={"Software": "x" * 300}, icc_profile=b"profile" * 60)

    back = read_bytes(encode(picture, "GIF"))

    assert back.text == {"Comment": "Software: " + "x" * 300}
    assert back.icc_profile == picture.icc_profile


def test_a_cut_animation_is_no_short_animation() -> None:
    """Wherever the copy stopped inside a frame, the file is refused."""
    data = encode(_moving(True, 30), "GIF")
    for length in (k for k in range(14, len(data) - 1, 5) if data[k - 1] != 0):  # 0 ends frames
        with pytest.raises(UnreadablePictureError):
            read_bytes(data[:length], "x.gif")
    assert len(read_bytes(data[:-1]).frames) == 4  # only the last byte is missing: every frame is complete


def test_frames_are_limited_together() -> None:
    """A few bytes per frame cannot claim endless memory."""
    data = encode(_moving(False, 9), "GIF")

    with pytest.raises(PictureTooLargeError, match="frames of 12x9"):
        read_bytes(data, "x.gif", Limits(pixels=1000, all_frames=300))


def test_a_still_of_few_colours_is_not_dithered() -> None:
    """Flat areas keep their exact colours and stay flat, even if edges need more than 256 colours."""
    palette = np.array([[200, 40, 41, 255], [12, 13, 14, 255], [250, 251, 252, 255]], np.uint8)
    ramp = np.linspace(0, 1, 40)[None, :, None]
    edge = (palette[0, :3] * (1 - ramp) + RNG.integers(0, 256, (30, 1, 3)) * ramp).astype(np.uint8)
    pixels = np.concatenate([np.broadcast_to(palette[k, :3], (30, 60, 3)) for k in range(3)] + [edge], 1)
    answer = Picture((pixels,), format="GIF", details={"source_palette": palette})

    shown = read_bytes(encode(answer)).frames[0]

    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 256
    assert np.array_equal(shown[:, :180], pixels[:, :180])
    assert np.abs(shown[:, 180:].astype(int) - pixels[:, 180:]).mean() < 12


def test_flat_areas_need_no_source_to_stay_flat() -> None:
    """A drawing is recognised by its flat areas; a photograph is dithered, so that its mean colours are right."""
    noise = RNG.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    drawn = np.concatenate([np.full((40, 90, 3), (77, 88, 99), np.uint8), noise], 1)
    ramp = np.stack([np.linspace(100, 112, 64)] * 64).repeat(3).reshape(64, 64, 3)
    photo = (ramp + RNG.normal(0, 3, ramp.shape)).clip(0, 255).astype(np.uint8)

    flat = read_bytes(encode(Picture((drawn,)), "GIF")).frames[0][:, :90]
    shown = read_bytes(encode(Picture((photo,)), "GIF")).frames[0].astype(float)

    assert (flat == (77, 88, 99)).all()
    assert np.abs(shown.reshape(8, 8, 8, 8, 3).mean((1, 3)) - photo.reshape(8, 8, 8, 8, 3).mean((1, 3))).max() < 3


def test_a_canvas_without_pixels_costs_nothing() -> None:
    """66 bytes that claim two frames of 8192x8192: refused before any memory is allocated."""
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"
    data = b"GIF89a" + struct.pack("<HHBBB", 8192, 8192, 0x80, 0, 0) + bytes(6) + frame * 2 + b"\x3b"

    tracemalloc.start()
    try:
        with pytest.raises(PictureTooLargeError, match="67 megapixels in 5"):
            read_bytes(data, "bomb.gif")
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("count", [2, 3, 4, 5, 16, 17, 200])
def test_local_palettes_of_every_size(count: int) -> None:
    """Frames that share too few colours have their own tables, of the size that their colours need."""
    frames = []
    for number in range(3):
        palette = RNG.integers(0, 256, (count, 4), dtype=np.uint8)
        palette[:, 3], palette[:, 0] = 255, number
        pixels = np.arange(300).reshape(15, 20) % count
        frames.append(palette[pixels])
    first = np.concatenate([np.arange(256, dtype=np.uint8)[:, None].repeat(3, 1), np.full((256, 1), 255, np.uint8)], 1)
    frames.append(first[np.arange(300).reshape(15, 20) % 256])

    back = read_bytes(encode(Picture(tuple(frames), durations=(50.0,) * 4), "GIF"))

    assert all(np.array_equal(back.rgba(k), frame) for k, frame in enumerate(frames))
