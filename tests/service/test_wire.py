"""Bytes of the wire: previews and picture files."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from depixel.client.protocol import PROTOCOL, RAW
from depixel.consistency import Residual
from depixel.errors import BadUsageError, PictureTooLargeError, UnreadablePictureError
from depixel.picture import Picture
from depixel.report import Candidate
from depixel.request import Request
from depixel.service.limits import ServiceLimits
from depixel.service.wire import (
    JobSpec,
    ProtocolError,
    check_length,
    describe,
    pack_preview,
    parse_header,
    read_picture,
    samples,
)


def test_a_preview_is_straight_rgba_and_small() -> None:
    """Premultiplied floats of any size become 8-bit pixels that a toolkit can show."""
    preview = torch.zeros(4, 600, 400)
    preview[:, 0, 0] = torch.tensor([0.25, 0.5, 0.0, 0.5])  # half-transparent (0.5, 1, 0)

    packed = pack_preview(preview, 256)
    pixels = np.frombuffer(base64.b64decode(packed["rgba"]), np.uint8).reshape(packed["height"], packed["width"], 4)

    assert (packed["width"], packed["height"]) == (134, 200)
    assert pixels[0, 0].tolist() == [128, 255, 0, 128]
    assert pixels[1, 1].tolist() == [0, 0, 0, 0]


def _spec(**shape: object) -> JobSpec:
    return JobSpec(Request(), shape=dict(shape))


def test_a_header_says_everything_or_nothing() -> None:
    """Without a header all values are the defaults; with one, each of them is read."""
    plain = parse_header(None)
    full = parse_header(
        json.dumps({"action": "anonymise", "kept": 64, "previews": True, "program": "p" * 50, "settings": {"scale": 3}})
    )

    assert plain == parse_header("{}") == JobSpec(Request())
    assert (plain.action, plain.kept, plain.previews, plain.program, plain.shape) == ("upscale", 12, False, "", {})
    assert (full.action, full.kept, full.previews, full.settings.scale) == ("anonymise", 64, True, 3)
    assert full.program == "p" * 40
    assert parse_header('{"previews": 1}').previews is False


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("{", "not JSON"),
        ("[]", "JSON object"),
        ('{"settings": []}', "objects"),
        ('{"picture": []}', "objects"),
        ('{"action": "paint"}', "one of upscale, anonymise"),
        ('{"kept": 3}', "4 to 64, not 3"),
        ('{"kept": 65}', "4 to 64, not 65"),
        ('{"kept": true}', "not True"),
        ('{"kept": "9"}', "not '9'"),
    ],
)
def test_a_wrong_header_is_a_sentence(header: str, words: str) -> None:
    """The sentence names the value."""
    with pytest.raises(BadUsageError, match=words):
        parse_header(header)


def test_another_protocol_is_refused() -> None:
    """Both versions are named."""
    with pytest.raises(ProtocolError, match=f"version 1 of .* speaks {PROTOCOL}"):
        parse_header('{"protocol": 1}')


def test_the_length_follows_from_the_shape() -> None:
    """Width x height x channels x frames x bytes per sample; a file may be as long as the limit."""
    limits = ServiceLimits()

    assert check_length(_spec(width=3, height=5), RAW, None, limits) == 3 * 5 * 4
    assert check_length(_spec(width=3, height=5, channels=2, frames=7, depth=16), RAW, 420, limits) == 3 * 5 * 2 * 7 * 2
    assert check_length(_spec(), "image/png", None, limits) == limits.body
    assert check_length(_spec(), "image/png", limits.body, limits) == limits.body
    for spec, kind, length in (
        (_spec(), "image/png", limits.body + 1),
        (_spec(width=20000, height=20000), RAW, None),
        (_spec(width=1, height=1), RAW, limits.body + 1),
    ):
        with pytest.raises(PictureTooLargeError, match=f"{limits.body // 2**20} MB"):
            check_length(spec, kind, length, limits)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({"width": 0}, "width must be a whole number from 1"),
        ({"width": True}, "width"),
        ({"height": "5"}, "height"),
        ({"channels": 5}, "channels .* from 1 to 4, not 5"),
        ({"channels": 0}, "channels"),
        ({"frames": 0}, "frames"),
        ({"depth": 12}, "depth must be 8 or 16, not 12"),
        ({"depth": 17}, "depth"),
        ({"palette": "zz"}, "hexadecimal"),
        ({"palette": "0102"}, "1 to 256 colours"),
        ({"palette": "01020304" * 257}, "1 to 256 colours"),
    ],
)
def test_a_wrong_shape_is_a_sentence(shape: dict[str, object], words: str) -> None:
    """Each number has its range; a palette has whole colours."""
    spec = _spec(**{"width": 1, "height": 1, **shape})
    with pytest.raises(BadUsageError, match=words):
        read_picture(spec, RAW, bytes(4))


def test_samples_become_a_picture() -> None:
    """Frame after frame, row after row; the mode follows from channels and depth unless the header names one."""
    body = bytes(range(24))

    two = read_picture(_spec(width=3, height=2, channels=2, frames=2, name="n" * 300), RAW, body)
    deep = read_picture(_spec(width=3, height=2, channels=2, depth=16), RAW, body)
    grey = read_picture(_spec(width=12, height=1, channels=1, depth=16), RAW, body)

    assert [frame.tolist()[1][2] for frame in two.frames] == [[10, 11], [22, 23]]
    assert (two.mode, two.name, two.levels) == ("LA", "n" * 200, 255)
    assert deep.frames[0].dtype == np.uint16 and deep.frames[0][0, 1].tolist() == [4 + 5 * 256, 6 + 7 * 256]
    assert (deep.mode, grey.mode) == ("LA;16", "I;16")
    assert read_picture(_spec(width=2, height=3, name=7), RAW, body).name == ""
    for mode, expected in (("RGBX", "RGBX"), ("m" * 12, "m" * 12), ("m" * 13, "RGBA"), ("", "RGBA"), (3, "RGBA")):
        assert read_picture(_spec(width=2, height=3, mode=mode), RAW, body).mode == expected
    for body_of_wrong_length in (body + b"x", body[:-1]):
        with pytest.raises(BadUsageError, match="of this shape has 24"):
            read_picture(_spec(width=2, height=3), RAW, body_of_wrong_length)


def test_a_palette_arrives_with_eight_bits_only() -> None:
    """RGBA colours in hexadecimal digits."""
    palette = "01020304" * 256

    indexed = read_picture(_spec(width=1, height=1, palette=palette), RAW, bytes(4))
    deep = read_picture(_spec(width=1, height=1, depth=16, palette="01020304"), RAW, bytes(8))
    without = read_picture(_spec(width=1, height=1, palette=""), RAW, bytes(4))

    assert indexed.palette is not None and indexed.palette.shape == (256, 4)
    assert indexed.palette[255].tolist() == [1, 2, 3, 4] and indexed.mode == "P"
    assert deep.palette is None and deep.mode == "RGBA;16"
    assert without.palette is None and without.mode == "RGBA"


def test_an_empty_body_is_no_file() -> None:
    """... and a file keeps the name in the header."""
    stream = io.BytesIO()
    Image.new("RGB", (2, 2)).save(stream, "PNG")

    with pytest.raises(UnreadablePictureError, match="body of the request has no picture"):
        read_picture(_spec(), "image/png", b"")
    assert read_picture(_spec(name="a.png"), "image/png", stream.getvalue()).name == "a.png"


def test_a_candidate_is_announced_with_its_size() -> None:
    """Channels, depth, frames and bytes are those of its samples."""
    frames = tuple(np.full((2, 3, 4), value, np.uint16) for value in (1, 258))
    candidate = Candidate(Picture(frames, mode="RGBA;16"), Residual(0.5, 0.25, 0.125), 0.0625, 7, 0.75, "crisp")

    line = describe(candidate)

    assert line == {
        "width": 3, "height": 2, "channels": 4, "depth": 16, "frames": 2, "mode": "RGBA;16", "indexed": False,
        "bytes": 96, "residual": 0.5, "mean": 0.25, "rmse": 0.125, "score": 0.0625, "seed": 7, "imagination": 0.75,
        "reading": "crisp", "model": "",
        "data_alpha": False, "vectors": False,
    }  # fmt: skip
    assert samples(candidate) == b"\x01\x00" * 24 + b"\x02\x01" * 24
