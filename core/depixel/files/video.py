"""
Reads videos (MP4, MOV, MKV, WebM, AVI) as animations with PyAV, an extra: `pip install 'depixel[video]'`. Sound is
dropped. Videos are not written: their compression would change pixels, and the result would no longer scale back.
"""

from __future__ import annotations

import importlib.util
import io
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from depixel.errors import UnreadablePictureError, UnsupportedPictureError
from depixel.files.format import Format
from depixel.files.limits import Limits
from depixel.picture import Picture, Pixels

if TYPE_CHECKING:
    from av import VideoFrame

_BRANDS = {
    b"avif",
    b"avis",
    b"heic",
    b"heix",
    b"mif1",
    b"msf1",
    b"hevc",
    b"crx ",
}  # pictures with a container like a video's
_DURATION = 40.0  # milliseconds per frame, if the file does not say
_GREY = ("gray", "ya")
_ALPHA = ("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya")


def container_of(data: bytes) -> str | None:
    """FFmpeg's name of the container, by content; None if it is not a video."""
    if (data[4:8] == b"ftyp" and data[8:12] not in _BRANDS) or data[4:8] in (b"moov", b"wide"):
        return "mov"
    if data.startswith(b"\x1aE\xdf\xa3"):
        return "matroska"
    if data[:4] == b"RIFF" and data[8:12] == b"AVI ":
        return "avi"
    return None


def read(data: bytes, name: str, limits: Limits) -> Picture:
    """
    Decode all frames with 8 bits per sample, upright, each with its duration.

    Raises:
        UnsupportedPictureError: PyAV is not installed, or the file contains no pictures.
        PictureTooLargeError, UnreadablePictureError.
    """
    if not _has_av():
        raise UnsupportedPictureError(
            f"{name} is a video: run pip install 'depixel[video]' to read videos, or convert it to GIF or APNG "
            "first (ffmpeg -i VIDEO -plays 0 FRAMES.apng)."
        )
    import av

    frames: list[Pixels] = []
    starts: list[Fraction] = []
    last = Fraction(0)  # duration of the newest frame in seconds
    try:
        # Naming the container keeps FFmpeg from opening a disguised playlist, which could point anywhere.
        with av.open(io.BytesIO(data), format=container_of(data)) as container:
            if not container.streams.video:
                raise UnsupportedPictureError(f"{name} contains sound but no pictures.")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for frame in container.decode(stream):
                limits.check(name, frame.width, frame.height, len(frames) + 1)
                frames.append(_pixels(frame))
                base = frame.time_base or Fraction(1, 1000)
                starts.append(Fraction(frame.pts) * base if frame.pts is not None else (starts or [last])[-1] + last)
                rate = stream.average_rate
                last = Fraction(frame.duration) * base if frame.duration else 1 / rate if rate else Fraction(0)
    except (av.FFmpegError, ValueError) as error:
        if not frames:
            raise UnreadablePictureError(f"{name} cannot be read as a video: {str(error)[:120]}.") from error
        raise UnreadablePictureError(f"{name} is damaged or cut short after {len(frames)} frames.") from error
    if not frames:
        raise UnreadablePictureError(f"{name} is damaged or cut short: no frame can be read.")
    if any(frame.shape != frames[0].shape for frame in frames):
        raise UnsupportedPictureError(f"{name} changes its size partway; split it there.")
    ends = [*starts[1:], starts[-1] + last]
    times = [max(0.0, float((end - start) * 1000)) or _DURATION for start, end in zip(starts, ends, strict=True)]
    channels = frames[0].shape[2]
    return Picture(
        frames=tuple(frames),
        durations=tuple(times) if len(frames) > 1 else (),
        mode={1: "L", 3: "RGB", 4: "RGBA"}[channels],
        format="VIDEO",
    )


def _has_av() -> bool:
    return importlib.util.find_spec("av") is not None


def _pixels(frame: VideoFrame) -> Pixels:
    name = frame.format.name
    if name.startswith(_ALPHA):
        kind = "rgba"
    else:
        kind = "gray" if name.startswith(_GREY) else "rgb24"
    pixels = frame.to_ndarray(format=kind).astype(np.uint8, copy=False)
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    turns = round(getattr(frame, "rotation", 0) / 90) % 4  # counter-clockwise, as FFmpeg's display matrix counts
    turned: Pixels = np.ascontiguousarray(np.rot90(pixels, turns))
    return turned


FORMAT = Format(
    name="VIDEO",
    label="video (MP4, MOV, MKV, WebM, AVI)",
    endings=(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi"),
    recognise=lambda data: container_of(data) is not None,
    media_type="video/mp4",
    read=read,
    from_folders=False,  # a game's videos are not textures
)
