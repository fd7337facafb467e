"""DDS in, the same DDS out: format, header, mipmaps, and the quality of the blocks by third-party decoders."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from depixel.errors import UnsupportedPictureError
from depixel.files import dds_writing, encode, read_bytes, remark, textures
from depixel.files.block_colour import encode_bc1
from depixel.files.block_seven import encode_bc7
from depixel.files.mipmaps import chain, levels_of
from depixel.files.textures import Layout
from depixel.picture import Picture, Pixels

SPRITES = Path(__file__).resolve().parents[2] / "samples"
LETTERS = {"BC1": b"DXT1", "BC2": b"DXT3", "BC3": b"DXT5", "BC4": b"BC4U", "BC5": b"BC5U"}


def _source(
    fourcc: bytes, size: tuple[int, int] = (8, 8), mipmaps: int = 1, dxgi: int = 0, block: int = 16, alpha_mode: int = 0
) -> bytes:
    """A DDS of zeroes, with values in the reserved words that must be kept."""
    width, height = size
    levels = [-(-max(1, width >> k) // 4) * -(-max(1, height >> k) // 4) * block for k in range(mipmaps)]
    flags = 0x81007 | (0x20000 if mipmaps > 1 else 0)
    head = struct.pack("<7I", 124, flags, height, width, levels[0], 0, mipmaps) + b"a program of 2004".ljust(44, b"\0")
    caps = 0x401008 if mipmaps > 1 else 0x1000
    head += struct.pack("<2I4s5I", 32, 4, fourcc, 0, 0, 0, 0, 0) + struct.pack("<5I", caps, 0, 0, 0, 0)
    extra = struct.pack("<5I", dxgi, 3, 0, 1, alpha_mode) if fourcc == b"DX10" else b""
    return b"DDS " + head + extra + bytes(sum(levels))


def _answer(source: bytes, pixels: Pixels, **meaning: bool) -> bytes:
    details = read_bytes(source, "t.dds").details
    return encode(Picture((pixels,), format="DDS", details=details, **meaning))  # type: ignore[arg-type]


def _by_pillow(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGBA") if image.mode != "L" else image)


def _smooth(size: tuple[int, int], alpha: bool = True) -> Pixels:
    """[H, W, 4]: gradients that differ by channel, with a soft disc in alpha."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width] / 40
    disc = np.clip(1.6 - 3 * np.hypot(x - 0.5, y - 0.5), 0, 1) if alpha else np.ones_like(x)
    colour = [np.sin(3 * x + y), np.cos(4 * y - x), x * y * 2]
    return np.rint(np.stack([*(np.clip(0.5 + c / 2, 0, 1) for c in colour), disc], 2) * 255).astype(np.uint8)


def _sprite() -> Pixels:
    with Image.open(SPRITES / "pixel-art" / "potion.png") as image:
        small = image.convert("RGBA")
        return np.asarray(small.resize((small.width * 8, small.height * 8), Image.Resampling.BICUBIC))


def _psnr(first: Pixels, second: Pixels) -> float:
    return float(-10 * np.log10(((first.astype(float) - second) ** 2).mean() / 255**2 + 1e-12))


@pytest.mark.parametrize(
    ("fourcc", "dxgi", "block", "least"),
    [
        (b"DXT1", 0, 8, 35),
        (b"DXT3", 0, 16, 33),
        (b"DXT5", 0, 16, 35),
        (b"ATI1", 0, 8, 45),
        (b"ATI2", 0, 16, 45),
        (b"DX10", 72, 8, 35),
        (b"DX10", 78, 16, 35),
        (b"DX10", 99, 16, 35),
        (b"DX10", 98, 16, 35),
    ],
)
def test_the_same_kind_comes_out(fourcc: bytes, dxgi: int, block: int, least: float) -> None:
    """
    Four letters, DX10 number and sRGB mark, reserved words and mipmaps as before; Pillow decodes the intended colours.
    """
    source = _source(fourcc, (8, 12), 4, dxgi, block)
    pixels = _smooth((32, 48), alpha=block == 16 and fourcc != b"ATI2")

    answer = _answer(source, pixels)

    start = 148 if fourcc == b"DX10" else 128
    assert answer[84:88] == fourcc
    assert answer[128:start] == source[128:start]
    assert answer[32:76] == source[32:76]
    assert struct.unpack_from("<II", answer, 12) == (48, 32)
    assert struct.unpack_from("<I", answer, 28) == (6,)
    assert len(answer) == start + sum(-(-(32 >> k) // 4 or 1) * max(1, -(-(48 >> k) // 4)) * block for k in range(6))
    shown = read_bytes(answer, "t.dds").frames[
        0
    ]  # Pillow's decoder with another header, because it supports few of DX10
    if fourcc == b"ATI1":
        assert _psnr(shown[..., 0], pixels[..., 0]) > least
    elif fourcc == b"ATI2":
        assert _psnr(shown[..., :2], pixels[..., :2]) > least
    else:
        seen = pixels[..., 3] > 0
        assert _psnr(shown[seen], pixels[seen][:, : shown.shape[2]]) > least


def test_colour_blocks_of_a_sprite_are_near_what_the_format_can_hold() -> None:
    """Compared with an exhaustive encoder's 38.8 dB on this picture and a fast one's 35.7."""
    rgb = _sprite()[..., :3]
    source = read_bytes(_source(b"DXT1", (rgb.shape[1], rgb.shape[0]), block=8), "t.dds")

    assert _psnr(_by_pillow(encode(source.replace(frames=(rgb,))))[..., :3], rgb) > 38


def test_seven_has_a_way_of_its_own() -> None:
    """BC7 without the optional encoder: our mode 6, by Pillow's decoder; alpha 0 and 255 do not change."""
    pixels = _smooth((32, 32))
    head = dds_writing._header(read_bytes(_source(b"DX10", (8, 8), 1, 98), "t.dds").details["dds"], 32, 32, 1, 1024)

    shown = _by_pillow(head + encode_bc7(pixels))

    seen = pixels[..., 3] > 0
    assert _psnr(shown[seen], pixels[seen]) > 34
    flat = (pixels[..., 3] == 0) | (pixels[..., 3] == 255)
    whole = flat.reshape(8, 4, 8, 4).all((1, 3)).repeat(4, 0).repeat(4, 1)
    assert np.array_equal(shown[..., 3][whole], pixels[..., 3][whole])


def test_one_bit_of_alpha_and_flat_colours() -> None:
    """BC1: holes stay holes, everything else opaque; a flat colour is within 2 levels although its steps are 8."""
    pixels = np.zeros((16, 16, 4), np.uint8)
    for i in range(16):
        block = pixels[i // 4 * 4 : i // 4 * 4 + 4, i % 4 * 4 : i % 4 * 4 + 4]
        block[...] = (*np.random.default_rng(i).integers(0, 256, 3), 255)
    holes = np.random.default_rng(9).random((8, 16)) < 0.3
    pixels[:8][holes] = 0

    shown = _by_pillow(_answer(_source(b"DXT1", (4, 4), block=8), pixels))

    assert np.array_equal(shown[..., 3] == 0, pixels[..., 3] == 0)
    assert np.abs(shown[8:, :, :3].astype(int) - pixels[8:, :, :3]).max() <= 2


def test_opaque_blocks_use_no_transparent_index() -> None:
    """Random blocks without alpha decode to opaque pixels only."""
    rgb = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    answer = _answer(_source(b"DXT1", (16, 16), block=8), rgb)

    assert (_by_pillow(answer)[..., 3] == 255).all()
    assert len(encode_bc1(rgb)) == 16 * 16 * 8


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 7), (9, 4), (1, 17)])
@pytest.mark.parametrize("fourcc", [b"DXT1", b"DXT5", b"ATI2"])
def test_sizes_that_are_no_multiple_of_four(size: tuple[int, int], fourcc: bytes) -> None:
    """Blocks at the edge are padded; Pillow and we read the size back; the chain ends at 1x1."""
    pixels = _smooth(size, alpha=False)
    whole = max(size).bit_length()
    answer = _answer(_source(fourcc, size, whole, block=8 if fourcc == b"DXT1" else 16), pixels)

    assert _by_pillow(answer).shape[:2] == (size[1], size[0])
    back = read_bytes(answer, "t.dds")
    assert np.abs(back.frames[0][..., :2].astype(int) - pixels[..., :2]).max() < 60
    assert back.details["dds"].mipmaps == whole


@pytest.mark.parametrize(
    ("levels", "expected"), [(1, 1), (4, 6), (2, 4)], ids=["none", "down to 1x1", "ended at half size"]
)
def test_as_many_mipmaps_as_the_source_had(levels: int, expected: int) -> None:
    """No mipmaps stay none, a complete chain is complete, a shortened chain ends at the same size."""
    answer = _answer(_source(b"DXT1", (8, 8), levels, block=8), _smooth((32, 32)))

    assert read_bytes(answer, "t.dds").details["dds"].mipmaps == expected


@pytest.mark.parametrize("stated", [100, 2**31, 2**32 - 1])
def test_a_number_of_mipmaps_that_cannot_be(stated: int) -> None:
    """
    More levels than a chain can have, none of them in the file: the top level is read, the answer has a complete chain.
    """
    source = bytearray(_source(b"DXT1", (8, 8), 1, block=8))
    struct.pack_into("<I", source, 28, stated)
    answer = _answer(bytes(source), _smooth((16, 16)))

    assert struct.unpack_from("<I", answer, 28) == (5,)
    assert len(answer) == 128 + 8 * (16 + 4 + 1 + 1 + 1)


@pytest.mark.parametrize(("fourcc", "block"), [(b"DXT1", 8), (b"DXT5", 16)])
def test_every_level_lies_where_others_look_for_it(fourcc: bytes, block: int) -> None:
    """Each level, cut from an odd-sized file by the format's rule and decoded by Pillow, is a smaller picture."""
    width, height = 37, 22
    y, x = np.mgrid[:height, :width]
    slope = np.rint(80 + (x / width + y / height) * 40)
    top = np.stack([slope, 255 - slope, slope, np.full_like(slope, 255)], 2).astype(np.uint8)
    answer = _answer(_source(fourcc, (width, height), 6, block=block), top)

    at = 128
    for level, meant in enumerate(chain(top, 6)):
        high, wide = meant.shape[:2]
        assert (wide, high) == (max(1, width >> level), max(1, height >> level))
        length = -(-wide // 4) * -(-high // 4) * block
        head = bytearray(_source(fourcc, (wide, high), 1, block=block)[:128])
        seen = _by_pillow(bytes(head) + answer[at : at + length])
        assert np.abs(seen[..., :3].astype(int) - meant[..., :3]).mean() < 4
        at += length
    assert at == len(answer)


def test_premultiplied_and_signed() -> None:
    """DXT4 is weighted by alpha in the file but not in our picture; signed BC4 and BC5 keep their sign."""
    pixels = _smooth((16, 16))
    back = read_bytes(_answer(_source(b"DXT4", (4, 4)), pixels), "t.dds")
    opaque = pixels[..., 3] > 100
    assert _psnr(back.frames[0][opaque], pixels[opaque]) > 28

    for fourcc, channels, block in ((b"BC4S", 1, 8), (b"BC5S", 2, 16)):
        answer = _answer(_source(fourcc, (4, 4), block=block), pixels)
        again = read_bytes(answer, "t.dds")
        assert answer[84:88] == fourcc
        assert _psnr(again.frames[0][..., :channels], pixels[..., :channels]) > 40


def test_mipmaps_are_means_weighted_by_alpha() -> None:
    """A transparent pixel's colour is invisible on every level; each level halves, rounded down, to 1x1."""
    top = np.zeros((6, 10, 4), np.uint8)
    top[:, :, 1] = 255  # green, invisible
    top[:, :5] = (200, 0, 0, 255)
    levels = list(chain(top, 4, data_alpha=False))

    assert [level.shape[:2] for level in levels] == [(6, 10), (3, 5), (1, 2), (1, 1)]
    for level in levels[1:]:
        seen = level[..., 3] > 0
        assert (level[seen][:, 1] == 0).all()
        assert np.abs(level[seen][:, 0].astype(int) - 200).max() <= 1


def test_what_passes_an_alpha_test_stays_as_much() -> None:
    """
    Thin leaves: the fraction of pixels that are at least half opaque equals the top level's; plain means lose them.
    """
    rng = np.random.default_rng(5)
    top = np.zeros((64, 64, 4), np.uint8)
    top[..., :3] = (60, 120, 30)
    lines = (np.arange(64)[:, None] * 2 + np.cumsum(rng.integers(-1, 2, 64))[None]) % 23 < 6
    top[..., 3] = np.where(lines & (rng.random((64, 64)) < 0.9), 255, 0)
    share = (top[..., 3] >= 128).mean()

    kept = [(level[..., 3] >= 128).mean() for level in chain(top, 5)]
    lost = [(level[..., 3] >= 128).mean() for level in chain(top, 5, data_alpha=True)]

    assert all(abs(passed - share) < 0.06 for passed in kept[:4])
    assert lost[3] < 0.05


def test_normals_keep_their_length_and_gloss_is_no_opacity() -> None:
    """Each level's vectors have length 1; colour under gloss 0 is kept, because alpha is data here."""
    angle = np.linspace(0, 3 * np.pi, 32)
    vector = np.stack(np.broadcast_arrays(np.sin(angle) * 0.9, 0 * angle, np.sqrt(1 - (np.sin(angle) * 0.9) ** 2)), -1)
    top = np.zeros((32, 32, 4), np.uint8)
    top[..., :3] = np.rint((vector / 2 + 0.5) * 255)[None]
    top[:, 16:, 3] = 255

    levels = list(chain(top, 5, normals=True, data_alpha=True))

    for level in levels[1:]:
        length = np.linalg.norm(level[..., :3] / 127.5 - 1, axis=-1)
        assert np.abs(length - 1).max() < 0.02
    plain = list(chain(top, 5, data_alpha=True))
    assert np.linalg.norm(plain[3][..., :3] / 127.5 - 1, axis=-1).min() < 0.9
    assert (levels[1][:, :8, 2] > 128).all()


def test_uncompressed_keeps_its_layout_and_has_mipmaps_too() -> None:
    """16-bit 5:6:5 with a chain: same masks, pixels within the steps of 5 bits."""
    head = struct.pack("<7I", 124, 0x2100F, 4, 4, 8, 0, 3) + bytes(44)
    head += struct.pack("<8I", 32, 0x40, 0, 16, 0xF800, 0x7E0, 0x1F, 0) + struct.pack("<5I", 0x401008, 0, 0, 0, 0)
    source = b"DDS " + head + bytes(2 * (16 + 4 + 1))
    pixels = _smooth((16, 16))[..., :3]

    answer = _answer(source, pixels)
    back = read_bytes(answer, "t.dds")

    assert answer[76:108] == source[76:108]
    assert len(answer) == 128 + 2 * (256 + 64 + 16 + 4 + 1)
    assert back.details["dds"].mipmaps == 5
    assert np.abs(back.frames[0].astype(int) - pixels).max() <= 5


def test_what_cannot_be_held_is_said() -> None:
    """16 bits per channel in blocks, and animations."""
    like = read_bytes(_source(b"DXT5"), "t.dds")
    with pytest.raises(UnsupportedPictureError, match="BC3"):
        encode(like.replace(frames=(np.zeros((8, 8, 4), np.uint16),)), "DDS")
    with pytest.raises(UnsupportedPictureError, match="animation"):
        encode(like.replace(frames=(np.zeros((8, 8, 4), np.uint8),) * 2), "DDS")


def test_what_is_not_kept_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """BC7 without the optional encoder is still BC7, and a sentence recommends the encoder."""
    original = read_bytes(_source(b"DX10", (8, 8), 1, 98), "t.dds")
    assert remark(original) == ""
    monkeypatch.setattr(textures, "has_bc7_encoder", lambda: False)
    monkeypatch.setattr(dds_writing, "has_bc7_encoder", lambda: False)
    plain = _smooth((32, 32))

    data = encode(original.replace(frames=(plain,)))

    assert "depixel[dds]" in remark(original)
    assert _psnr(read_bytes(data, "t.dds").frames[0][..., 3], plain[..., 3]) > 34


@pytest.mark.parametrize("compression", ["BC3", "BC4", "BC5"])
@pytest.mark.parametrize("data_alpha", [False, True])
def test_what_the_engine_knows_of_alpha_reaches_the_mipmaps(compression: str, data_alpha: bool) -> None:
    """Gloss is not opacity, in any layout; BC4 and BC5 have neither."""
    picture = Picture((_smooth((8, 8)),), data_alpha=data_alpha)
    expected = list(chain(picture.frames[0], 3, data_alpha=data_alpha or compression != "BC3"))

    levels = list(levels_of(picture, 3, Layout(compression)))

    assert all(np.array_equal(a, b) for a, b in zip(levels, expected, strict=True))
    assert not np.array_equal(
        levels[2], list(chain(picture.frames[0], 3, data_alpha=compression == "BC3" and not data_alpha))[2]
    )
