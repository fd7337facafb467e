"""Videos come in as animations, frame by frame with their times; nothing writes one."""

from __future__ import annotations

import importlib.util
import io
import os
from pathlib import Path

import numpy as np
import pytest

from depixel import files
from depixel.cli import main
from depixel.errors import PictureTooLargeError, UnreadablePictureError, UnsupportedPictureError
from depixel.files import video
from depixel.picture import Picture

if importlib.util.find_spec("av") is None and not os.environ.get("CI"):
    pytest.skip("needs PyAV: pip install 'depixel[video]'", allow_module_level=True)


# Three frames of 32x16, the first of twice the time; a bright bar moves to the right.
def _clip(container: str, codec: str, layout: str) -> bytes:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 16, layout
        for k, at in enumerate((0, 2, 3)):
            frame = av.VideoFrame.from_ndarray(_bar(k), "rgb24")
            frame.pts = at
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return file.getvalue()


def _bar(k: int) -> np.ndarray:
    pixels = np.full((16, 32, 3), 20, np.uint8)
    pixels[:, 8 * k : 8 * k + 8] = (200, 120, 60)
    return pixels


@pytest.mark.parametrize(
    ("container", "codec", "layout", "near"),
    [
        ("mp4", "libx264", "yuv420p", 20),
        ("matroska", "ffv1", "bgr0", 0),
        ("webm", "libvpx-vp9", "yuv420p", 20),
        ("avi", "ffv1", "bgr0", 0),
        ("mov", "qtrle", "rgb24", 0),
    ],
)
def test_every_frame_comes_with_its_time(container: str, codec: str, layout: str, near: int) -> None:
    """Known containers, by content whatever the ending; exactly where the codec is lossless."""
    picture = files.read_bytes(_clip(container, codec, layout), "clip.bin")

    assert (picture.width, picture.height, len(picture.frames)) == (32, 16, 3)
    assert picture.durations[:2] == pytest.approx((200, 100), abs=1)
    assert picture.durations[2] > 0
    for k, frame in enumerate(picture.frames):
        assert np.abs(frame[..., :3].astype(int) - _bar(k))[:, 8 * k + 2 : 8 * k + 6].mean() <= near


def test_alpha_and_grey_are_kept() -> None:
    """A video with alpha has it; one of grey has one channel."""
    assert files.read_bytes(_clip("mov", "qtrle", "argb"), "clip.mov").channels == 4
    assert files.read_bytes(_clip("matroska", "ffv1", "gray"), "clip.mkv").channels == 1


def test_damage_and_size_are_sentences() -> None:
    """Cut, spoilt, too long: what is wrong is said, and what is too large is not decoded to its end."""
    data = _clip("matroska", "ffv1", "bgr0")

    for bad in (data[:200], data[:40] + bytes(len(data) - 40), b"\x00\x00\x00\x20ftypisom" + bytes(50)):
        with pytest.raises(UnreadablePictureError, match=r"clip\.mkv"):
            files.read_bytes(bad, "clip.mkv")
    with pytest.raises(PictureTooLargeError, match="2 frames of 32x16"):
        files.read_bytes(data, "clip.mkv", files.Limits(pixels=600, all_frames=1000))


def test_without_the_reader_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyAV is an extra; its absence is one sentence with the way out."""
    monkeypatch.setattr(video, "_has_av", lambda: False)

    with pytest.raises(UnsupportedPictureError, match=r"is a video: .*depixel\[video\].*GIF or APNG"):
        files.read_bytes(_clip("matroska", "ffv1", "bgr0"), "clip.mkv")


def test_a_named_video_becomes_an_apng_and_a_folders_films_are_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer of clip.mkv is clip.png with all frames; folders are searched for pictures only; no mp4 is written."""
    clip = tmp_path / "in" / "clip.mkv"
    clip.parent.mkdir()
    clip.write_bytes(_clip("matroska", "ffv1", "bgr0"))
    small = ["--scale", "2", "--steps", "0", "--ensemble", "1", "--device", "cpu", "--json"]

    assert main(["upscale", str(clip), "-o", str(tmp_path / "out"), *small]) == 0
    answer = files.read(tmp_path / "out" / "clip.png")
    assert (answer.width, answer.height, len(answer.frames)) == (64, 32, 3)
    assert answer.durations[0] == pytest.approx(200, abs=1)
    capsys.readouterr()
    assert main(["upscale", str(clip.parent), "-o", str(tmp_path / "all"), *small]) == 2
    assert not (tmp_path / "all").exists()
    assert main(["upscale", str(clip), "-o", str(tmp_path / "x.mp4"), *small]) == 2
    assert "does not write videos" in capsys.readouterr().err


def test_no_still_is_taken_for_a_video() -> None:
    """Every format that is written is recognised as itself."""
    picture = Picture((np.full((8, 8, 3), 90, np.uint8),))

    assert [
        video.container_of(files.encode(picture, kind)) for kind in ("PNG", "JPEG", "WEBP", "BMP", "TGA", "GIF")
    ] == [None] * 6
