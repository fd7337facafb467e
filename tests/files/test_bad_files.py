from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from depixel.errors import (
    DepixelError,
    OutputExistsError,
    PictureTooLargeError,
    UnreadablePictureError,
    UnsupportedPictureError,
    UnwritableOutputError,
)
from depixel.files import Limits, encode, read, read_bytes, write
from depixel.files.png_chunks import chunks, join
from depixel.picture import Picture

PIXELS = np.random.default_rng(5).integers(0, 255, (24, 20, 4), dtype=np.uint8)


def _files() -> dict[str, bytes]:
    """One good file of each kind."""
    picture = Picture((PIXELS,))
    opaque = Picture((PIXELS[..., :3].copy(),), mode="RGB")
    moving = Picture((PIXELS, PIXELS[::-1].copy()), durations=(50.0, 60.0))
    deep = Picture((PIXELS.astype(np.uint16) * 257,))
    return {
        "a.png": encode(picture),
        "deep.png": encode(deep),
        "moving.png": encode(moving),
        "a.jpg": encode(opaque, "JPEG"),
        "a.webp": encode(picture, "WEBP"),
        "a.bmp": encode(picture, "BMP"),
        "a.tga": encode(picture, "TGA"),
        "a.gif": encode(moving, "GIF"),
        "a.dds": encode(picture, "DDS"),
    }


FILES = _files()


@pytest.mark.parametrize("name", sorted(FILES))
def test_damage_is_a_sentence_or_a_picture(name: str) -> None:
    """Truncated anywhere, or with bytes changed: a DepixelError that names the file, or a picture. Nothing else."""
    whole = FILES[name]
    rng = np.random.default_rng(len(whole))
    spoilt = [whole[: int(cut)] for cut in rng.integers(0, len(whole), 40)]
    for _ in range(80):
        turned = bytearray(whole)
        for place in rng.integers(0, min(len(whole), 200), 3):
            turned[place] = int(rng.integers(0, 256))
        spoilt.append(bytes(turned))
    for data in spoilt:
        try:
            read_bytes(data, name, Limits(pixels=1_000_000, all_frames=2_000_000))
        except DepixelError as error:
            assert name in str(error)
            assert "\n" not in str(error)


@pytest.mark.parametrize("name", ["a.png", "deep.png", "a.jpg", "a.bmp", "a.tga", "a.dds"])
def test_half_a_file_is_unreadable(name: str) -> None:
    """A half-copied file is never accepted as complete."""
    with pytest.raises(UnreadablePictureError, match=name):
        read_bytes(FILES[name][: len(FILES[name]) * 2 // 3], name)


def test_empty_strange_and_missing_files(tmp_path: Path) -> None:
    """Zero bytes, text, a known foreign format, a folder, nothing at all: each has its own sentence."""
    (tmp_path / "empty.png").touch()
    (tmp_path / "notes.png").write_text("this is not a picture")
    (tmp_path / "pack.png").write_bytes(b"PK\x03\x04" + bytes(40))

    with pytest.raises(UnreadablePictureError, match="0 bytes"):
        read(tmp_path / "empty.png")
    with pytest.raises(UnreadablePictureError, match="not a picture"):
        read(tmp_path / "notes.png")
    with pytest.raises(UnsupportedPictureError, match="zip"):
        read(tmp_path / "pack.png")
    with pytest.raises(UnreadablePictureError, match="not a readable file"):
        read(tmp_path)
    with pytest.raises(UnreadablePictureError, match="nowhere"):
        read(tmp_path / "nowhere.png")


def test_bombs_are_refused_before_they_are_decoded() -> None:
    """30000x30000 pixels in a few kilobytes: refused by the header, quickly; the limit can be changed."""
    row = zlib.compressobj(9)
    body = row.compress(bytes(3750)) + row.flush()
    header = struct.pack(">IIBBBBB", 30000, 30000, 1, 0, 0, 0, 0)
    bomb = join([(b"IHDR", header), (b"IDAT", body), (b"IEND", b"")])

    with pytest.raises(PictureTooLargeError, match="30000x30000"):
        read_bytes(bomb, "bomb.png")
    with pytest.raises(PictureTooLargeError, match="20x24"):
        read_bytes(FILES["a.png"], "a.png", Limits(pixels=100))
    with pytest.raises(PictureTooLargeError, match="2 frames"):
        read_bytes(FILES["moving.png"], "m.png", Limits(all_frames=500))


def test_a_picture_that_lies_about_its_size() -> None:
    """A header that claims more pixels than the file holds is damage, not black rows."""
    parts = list(chunks(FILES["a.png"]))
    parts[0] = (b"IHDR", struct.pack(">II", 20, 999) + parts[0][1][8:])

    with pytest.raises(UnreadablePictureError, match=r"lie\.png"):
        read_bytes(join(parts), "lie.png")


def test_a_wrong_ending_is_read_by_content_and_said(tmp_path: Path) -> None:
    """A JPEG named .png is a JPEG."""
    (tmp_path / "photo.png").write_bytes(FILES["a.jpg"])

    picture = read(tmp_path / "photo.png")

    assert picture.format == "JPEG"
    assert "JPEG by its content" in picture.details["wrong_ending"]


def test_nothing_is_overwritten_without_leave(tmp_path: Path) -> None:
    """An existing file keeps every byte, and no temporary file is left next to it."""
    target = tmp_path / "x.png"
    target.write_bytes(b"mine")

    with pytest.raises(OutputExistsError, match="--overwrite"):
        write(target, Picture((PIXELS,)))

    assert target.read_bytes() == b"mine"
    write(target, Picture((PIXELS,)), overwrite=True)
    assert np.array_equal(read(target).frames[0], PIXELS)
    assert [p.name for p in tmp_path.iterdir()] == ["x.png"]


def test_unwritable_places_are_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing folder, and a full disk: a sentence, no partial file."""
    with pytest.raises(UnwritableOutputError, match="no such file"):
        write(tmp_path / "none" / "x.png", Picture((PIXELS,)))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnwritableOutputError, match="disk is full"):
        write(tmp_path / "x.png", Picture((PIXELS,)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["портрет мага.png", "勇者 🗡.png", "n" * 200 + ".png"])
def test_names_of_any_script_and_length(tmp_path: Path, name: str) -> None:
    """Cyrillic, CJK, emoji, spaces, 200 characters."""
    write(tmp_path / name, Picture((PIXELS,)))

    assert np.array_equal(read(tmp_path / name).frames[0], PIXELS)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_formats_that_cannot_hold_a_picture_say_so() -> None:
    """Alpha in JPEG, 16 bits in BMP, an animation in TGA: refused with advice."""
    with pytest.raises(UnsupportedPictureError, match="no transparency"):
        encode(Picture((PIXELS,)), "JPEG")
    with pytest.raises(UnsupportedPictureError, match="16 bits"):
        encode(Picture((PIXELS.astype(np.uint16),)), "BMP")
    with pytest.raises(UnsupportedPictureError, match="animation"):
        encode(Picture((PIXELS, PIXELS)), "TGA")


def test_pillows_own_limit_is_left_as_it_was() -> None:
    """Reading does not change Pillow's global settings."""
    before = Image.MAX_IMAGE_PIXELS
    read_bytes(FILES["a.png"], "a.png")
    with pytest.raises(UnreadablePictureError):
        read_bytes(io.BytesIO(FILES["a.png"]).read()[:100], "a.png")

    assert before == Image.MAX_IMAGE_PIXELS
