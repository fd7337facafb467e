"""The table of formats: one line each, no other place that lists formats, and limits known in advance."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from spoilt_files import pictures

from depixel import files
from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files import FORMATS, encode, read_bytes
from depixel.files.strangers import is_file_ending, stranger
from depixel.picture import Picture

HOUSE = Path(files.__file__).parent
SAMPLES = pictures()


def _picture(frames: int = 1, channels: int = 3, dtype: type = np.uint8) -> Picture:
    pixels = np.random.default_rng(3).integers(1, 200, (6, 5, channels)).astype(dtype)
    if channels in (2, 4):
        pixels[0, 0, -1] = 0
    return Picture(tuple(pixels + np.array(k, dtype) for k in range(frames)))


def test_names_and_endings_are_of_one_format() -> None:
    """No two formats share a name or an extension; extensions are in lower case with a dot, as in `Path.suffix`."""
    endings = [ending for kind in FORMATS for ending in kind.endings]

    assert len({kind.name for kind in FORMATS}) == len(FORMATS)
    assert len(set(endings)) == len(endings)
    assert all(ending == Path("x" + ending).suffix.lower() for ending in endings)


def test_no_other_module_lists_formats() -> None:
    """Outside of depixel.files no tuple, set, list or dict of the engine or the commands names two formats."""
    endings = {ending for kind in FORMATS for ending in kind.endings} | {kind.name for kind in FORMATS}
    others = [path for path in HOUSE.parent.rglob("*.py") if path.name != "page.py"]  # it serves its own files
    for path in others:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Tuple | ast.Set | ast.List):
                constants = [part.value for part in node.elts if isinstance(part, ast.Constant)]
            elif isinstance(node, ast.Dict):
                constants = [part.value for part in node.keys if isinstance(part, ast.Constant)]
            else:
                continue
            listed = [value for value in constants if value in endings]
            assert len(listed) < 2 or path.parent == HOUSE, (path, listed)


@pytest.mark.parametrize("kind", FORMATS, ids=[kind.name for kind in FORMATS])
def test_what_is_claimed_is_kept(kind: files.Format) -> None:
    """A format that claims frames, 16 bits or alpha returns them; one that does not refuses them with a sentence."""
    if kind.encode is None or kind.missing():
        assert "does not write" in kind.refusal(_picture()) or kind.missing()
        return
    claims = [(_picture(), True), (_picture(frames=2), kind.animated), (_picture(channels=4), kind.alpha)]
    if not kind.refuses(_picture(dtype=np.uint16), (1, 1)):
        claims.append((_picture(dtype=np.uint16), kind.sixteen))
    for picture, held in claims:
        if held:
            again = read_bytes(encode(picture, kind.name), f"x{kind.endings[0]}")
            assert (len(again.frames), again.levels, again.has_alpha) == (
                len(picture.frames),
                picture.levels,
                picture.has_alpha,
            )
            assert again.format == kind.name and "wrong_ending" not in again.details
        else:
            with pytest.raises(UnsupportedPictureError, match="choose PNG"):
                encode(picture, kind.name)


@pytest.mark.parametrize("kind", FORMATS, ids=[kind.name for kind in FORMATS])
def test_kept_text_is_claimed(kind: files.Format) -> None:
    """What wrote a file can be read again from exactly those formats that claim it."""
    if kind.encode is None or kind.missing():
        return
    signed = _picture().replace(text={"Software": "Depixel 0.1"})

    again = read_bytes(encode(signed, kind.name), f"x{kind.endings[0]}")

    assert any("Depixel 0.1" in value for value in again.text.values()) == kind.keeps_text


@pytest.mark.parametrize("ending", sorted(SAMPLES))
def test_the_size_is_told_by_the_first_bytes(ending: str) -> None:
    """`claimed_pixels` predicts what the reader finds, and nothing if the file is too short."""
    for data in SAMPLES[ending]:
        picture = read_bytes(data, f"x.{ending}")

        kind = files.by_name(picture.format)
        assert kind is not None
        claimed = files.claimed_pixels(data[: files.HEAD])
        assert claimed == picture.width * picture.height or (claimed is None and not kind.from_folders)
    assert files.claimed_pixels(b"") is None
    assert files.claimed_pixels(b"\x89PNG\r\n\x1a\n") is None


def test_the_limit_is_that_of_the_answer() -> None:
    """WebP's 16383 pixels apply to the file to be written, not to its source."""
    webp = files.by_ending("x.webp")

    assert webp is not None
    assert webp.refusal(_picture(), (16383, 5)) == ""
    assert "16384x5" in webp.refusal(_picture(), (16384, 5))
    assert "5x16384" in webp.refusal(_picture(), (5, 16384))


@pytest.mark.parametrize(
    ("start", "word"),
    [
        (b"PWAD\x01\0\0\0", "WAD"),
        (b"PACK\x0c\0\0\0", "PAK"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "7-Zip"),
        (b"Rar!\x1a\x07\x01\0", "RAR"),
        (b"RPGMV\0\0\0\0\3\1", "RPG Maker"),
        (b"\x00\x05\x16\x07\x00\x02", "macOS"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
    ],
)
def test_what_is_not_read_is_called_by_its_name(start: bytes, word: str) -> None:
    """Archives and other pictures get a sentence that says what they are."""
    with pytest.raises(UnsupportedPictureError, match=word):
        read_bytes(start + bytes(80), "x.png")


def test_what_nobody_knows_is_said_as_well() -> None:
    """Bytes with an unknown beginning: the sentence lists what can be read."""
    assert stranger(b"what is this") == ""
    with pytest.raises(UnreadablePictureError, match="PNG, JPEG"):
        read_bytes(b"what is this", "x.png")
    assert is_file_ending(".EXR") and not is_file_ending(".d")


def test_an_ending_of_another_format_is_remarked_on() -> None:
    """By content it is a PNG; an extension without a meaning is not a contradiction."""
    data = encode(_picture())

    assert "PNG by its content" in read_bytes(data, "x.tga").details["wrong_ending"]
    assert "wrong_ending" not in read_bytes(data, "x.apng").details
    assert "wrong_ending" not in read_bytes(data, "x.dat").details


def test_what_is_written_nowhere_says_so() -> None:
    """A video, a name that is not a format, a source that came from a video."""
    film = _picture(frames=2).replace(format="VIDEO")

    assert files.kind_of("clip.MP4") == "VIDEO" and files.kind_of("clip") is None
    for call in (lambda: encode(_picture(), "VIDEO"), lambda: encode(_picture(), "NONE"), lambda: encode(film)):
        with pytest.raises(UnsupportedPictureError, match="does not write"):
            call()


MOST = {"JPEG": 65500, "WEBP": 16383, "GIF": 65535, "TGA": 65535, "PCX": 65535, "AVIF": 32768, "VTF": 65535, "ICO": 256,
        "CUR": 256}  # fmt: skip


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind.encode], ids=lambda kind: kind.name)
def test_the_most_that_each_format_holds(kind: files.Format) -> None:
    """The limits from the formats' own documents; the others have none that our pictures could reach."""
    if kind.missing():
        pytest.skip(kind.missing())
    most = MOST.get(kind.name, 2**31 - 1)

    assert kind.refusal(_picture(), (most, 1)) == kind.refusal(_picture(), (1, most)) == ""
    assert f"{most} pixels" in kind.refusal(_picture(), (most + 1, 1))
