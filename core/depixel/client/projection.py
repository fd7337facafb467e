"""`ProjectionSubmission`: a picture that was edited by hand, to be made to scale back to its source again."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any, Mapping

from .errors import EngineError
from .protocol import PROTOCOL, Pixels, Submission

_PNG_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}  # channels => colour type
_FASTEST = 1
_SETTINGS = ("degradation", "wrap", "alpha")  # of a request: how a picture scales back


@dataclass(frozen=True)
class ProjectionSubmission(Submission):
    """
    A job for `Engine.upscale` whose only answer is the picture closest to `pixels` that scales back to the original.

    Created by `projection_of`. original, changed: the two pictures as PNG files.
    """

    original: bytes = b""
    changed: bytes = b""
    name: str = ""  # of the original

    @property
    def path(self) -> str:
        return "/projections"

    @property
    def content_type(self) -> str:
        return "application/octet-stream"

    @property
    def body(self) -> bytes:
        return self.original + self.changed

    def header(self) -> str:
        """The value of `Depixel-Request`: JSON in ASCII."""
        names = [self.name[:200], self.pixels.name[:200]]
        values = {"protocol": PROTOCOL, "settings": dict(self.settings), "program": self.program}
        return json.dumps({**values, "original": len(self.original), "names": names})


def projection_of(
    original: Pixels, changed: Pixels, settings: Mapping[str, Any], program: str = ""
) -> ProjectionSubmission:
    """
    The job that makes `changed` scale back to `original`.

    Args:
        settings: of the request that made the picture; the relevant ones are used.

    Raises:
        EngineError: animations cannot be made exact, nor can a picture whose size is not a whole multiple of the
            original's.
    """
    if len(original.frames) > 1 or len(changed.frames) > 1:
        raise EngineError("An animation cannot be made exact again.", "usage")
    scale = changed.width // original.width
    if scale < 2 or (changed.width, changed.height) != (scale * original.width, scale * original.height):
        raise EngineError(
            "The picture has %d x %d pixels and its source %d x %d: only a whole multiple, 200%% or more, can be exact."
            % (changed.width, changed.height, original.width, original.height),
            "usage",
        )
    domain = settings.get("domain", "auto")
    kept = {name: settings[name] for name in _SETTINGS if name in settings}
    kept["domain"] = "art" if domain == "faces" else domain  # a face scales back as any picture does
    return ProjectionSubmission(changed, kept, program=program, original=png_of(original), changed=png_of(changed),
                      name=original.name)  # fmt: skip


def png_of(picture: Pixels) -> bytes:
    """The first frame as a PNG file."""
    row = picture.width * picture.channels * picture.depth // 8
    data = picture.frames[0]
    if picture.depth == 16:  # PNG has the higher byte first
        swapped = bytearray(data)
        swapped[0::2], swapped[1::2] = data[1::2], data[0::2]
        data = bytes(swapped)
    lines = b"".join(b"\0" + data[at : at + row] for at in range(0, len(data), row))
    head = struct.pack(
        ">IIBBBBB", picture.width, picture.height, picture.depth, _PNG_COLOURS[picture.channels], 0, 0, 0
    )
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, _FASTEST)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
