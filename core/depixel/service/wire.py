"""Converts between the wire's bytes and `Picture`: reads requests, packs answers."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from depixel.client.json_text import parse_json
from depixel.client.protocol import PROTOCOL, RAW
from depixel.errors import BadUsageError, DepixelError, PictureTooLargeError, UnreadablePictureError
from depixel.request import Request
from depixel.service.limits import ServiceLimits

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from depixel.picture import Picture, Pixels
    from depixel.report import Candidate

ACTIONS = ("upscale", "anonymise")
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


class ProtocolError(DepixelError):
    """The client uses another version of the protocol."""

    code = "protocol"


@dataclass(frozen=True)
class JobSpec:
    """The contents of a request's header; the picture is in the body."""

    settings: Request
    action: str = "upscale"
    kept: int = 12
    previews: bool = False
    program: str = ""
    shape: dict[str, Any] = field(default_factory=dict)  # of raw samples
    header: dict[str, Any] = field(default_factory=dict, repr=False)  # all keys, including those of errands


def parse_header(text: str | None) -> JobSpec:
    """
    Parse `Depixel-Request`; without it, all values are defaults.

    Raises:
        BadUsageError: not JSON, or a value out of range.
        ProtocolError: the client uses another version.
    """
    try:
        values = parse_json(text) if text else {}
    except ValueError as error:
        raise BadUsageError(f"The header Depixel-Request is not JSON: {error}.") from error
    if not isinstance(values, dict):
        raise BadUsageError("The header Depixel-Request must be a JSON object.")
    protocol = values.get("protocol", PROTOCOL)
    if protocol != PROTOCOL:
        raise ProtocolError(
            f"The program speaks version {protocol!r} of Depixel's protocol and this engine speaks {PROTOCOL}: install "
            f"the same version on both sides with `depixel install gimp` or `depixel install krita`."
        )
    settings = values.get("settings", {})
    shape = values.get("picture", {})
    if not isinstance(settings, dict) or not isinstance(shape, dict):
        raise BadUsageError("settings and picture must be JSON objects.")
    action = values.get("action", "upscale")
    if action not in ACTIONS:
        raise BadUsageError(f"action must be one of {', '.join(ACTIONS)}, not {action!r}.")
    kept = values.get("kept", 12)
    if not isinstance(kept, int) or isinstance(kept, bool) or not 4 <= kept <= 64:
        raise BadUsageError(f"kept must be a whole number from 4 to 64, not {kept!r}.")
    return JobSpec(
        settings=Request.from_dict(settings),
        action=action,
        kept=kept,
        previews=values.get("previews") is True,
        program=str(values.get("program", ""))[:40],
        shape=shape,
        header=values,
    )


def check_length(spec: JobSpec, content_type: str, length: int | None, limits: ServiceLimits) -> int:
    """
    The largest allowed number of bytes in the body, known before it is read.

    Raises:
        BadUsageError, PictureTooLargeError: the shape of raw samples is invalid or exceeds a limit.
    """
    if content_type != RAW:
        expected = limits.body
    else:
        expected = _sample_bytes(spec.shape, limits)
    if max(expected if content_type == RAW else 0, length or 0) > limits.body:
        raise PictureTooLargeError(
            f"The picture is larger than the {limits.body // 2**20} MB allowed per request; send a part of it."
        )
    return expected


def read_picture(spec: JobSpec, content_type: str, body: bytes) -> Picture:
    """
    The picture of a request.

    Raises:
        BadUsageError: the length of the body does not fit the shape.
        DepixelError: the file is damaged or of an unknown kind.
    """
    if content_type != RAW:
        from depixel.files import read_bytes

        if not body:
            raise UnreadablePictureError("The body of the request has no picture.")
        name = spec.shape.get("name")
        return read_bytes(body, str(name)[:200] if name else "picture")
    return _from_samples(spec.shape, body)


def describe(candidate: Candidate) -> dict[str, Any]:
    """The event line for a candidate."""
    picture = candidate.picture
    return {
        "width": picture.width,
        "height": picture.height,
        "channels": picture.channels,
        "depth": 8 if picture.levels == 255 else 16,
        "frames": len(picture.frames),
        "mode": picture.mode,
        "indexed": picture.palette is not None,
        "bytes": sum(frame.nbytes for frame in picture.frames),
        "residual": float(candidate.residual.maximum),
        "mean": float(candidate.residual.mean),
        "rmse": float(candidate.residual.rmse),
        "score": float(candidate.score),
        "seed": int(candidate.seed),
        "imagination": float(candidate.imagination),
        "reading": candidate.reading,
        "model": candidate.model,
        "vectors": picture.vectors,
        "data_alpha": picture.data_alpha,
    }


def samples(candidate: Candidate) -> bytes:
    """Its raw samples, frame by frame."""
    return b"".join(_little_endian(frame) for frame in candidate.picture.frames)


def pack_preview(preview: Tensor, side: int) -> dict[str, Any]:
    """Pack a picture of the search, [4, H, W] premultiplied, reduced to at most `side` pixels by skipping pixels."""
    import torch

    step = max(1, -(-max(preview.shape[1:]) // side))
    small = preview[:, ::step, ::step].detach().float().cpu().clamp(0, 1)
    alpha = small[3:]
    straight = torch.where(alpha > 0, small[:3] / alpha.clamp(min=1e-6), torch.zeros_like(small[:3])).clamp(0, 1)
    rgba = (torch.cat([straight, alpha]) * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous()
    encoded = base64.b64encode(rgba.numpy().tobytes()).decode("ascii")
    return {"width": int(rgba.shape[1]), "height": int(rgba.shape[0]), "rgba": encoded}


def _sample_bytes(shape: dict[str, Any], limits: ServiceLimits) -> int:
    width = _whole(shape, "width", None, limits.side)
    height = _whole(shape, "height", None, limits.side)
    channels = _whole(shape, "channels", 4, 4)
    frames = _whole(shape, "frames", 1, limits.frames)
    depth = _whole(shape, "depth", 8, 16)
    if depth not in (8, 16):
        raise BadUsageError(f"picture.depth must be 8 or 16, not {depth}.")
    return width * height * channels * frames * depth // 8


def _whole(shape: dict[str, Any], name: str, default: int | None, high: int) -> int:
    value = shape.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= high:
        raise BadUsageError(f"picture.{name} must be a whole number from 1 to {high}, not {value!r}.")
    return value


def _from_samples(shape: dict[str, Any], body: bytes) -> Picture:
    import numpy as np

    from depixel.picture import FROM_BLOCKS, Picture

    limits = ServiceLimits()
    expected = _sample_bytes(shape, limits)
    if len(body) != expected:
        raise BadUsageError(f"The body has {len(body)} bytes; a picture of this shape has {expected}.")
    width, height = shape["width"], shape["height"]
    channels, frames, depth = shape.get("channels", 4), shape.get("frames", 1), shape.get("depth", 8)
    samples = np.frombuffer(body, np.dtype("<u2") if depth == 16 else np.uint8).reshape(frames, height, width, channels)
    samples = samples.astype(np.uint16 if depth == 16 else np.uint8, copy=True)
    mode = _MODES[channels]
    palette = _palette(shape.get("palette"))
    if depth == 16:
        mode = "I;16" if mode == "L" else mode + ";16"
    elif palette is not None:
        mode = "P"
    source_mode = shape.get("mode")
    if isinstance(source_mode, str) and 0 < len(source_mode) <= 12:
        mode = source_mode
    name = shape.get("name", "")
    return Picture(
        frames=tuple(samples),
        palette=palette if depth == 8 else None,
        mode=mode,
        name=name[:200] if isinstance(name, str) else "",
        details={FROM_BLOCKS: True} if shape.get("blocks") is True else {},
    )


def _palette(text: object) -> np.ndarray[Any, np.dtype[np.uint8]] | None:
    import numpy as np

    if text is None or text == "":
        return None
    try:
        colours = bytes.fromhex(str(text))
    except ValueError as error:
        raise BadUsageError("picture.palette must be RGBA colours in hexadecimal digits.") from error
    if len(colours) % 4 or not 4 <= len(colours) <= 1024:
        raise BadUsageError("picture.palette must have 1 to 256 colours of four bytes.")
    palette: np.ndarray[Any, np.dtype[np.uint8]] = np.frombuffer(colours, np.uint8).reshape(-1, 4).copy()
    return palette


def _little_endian(frame: Pixels) -> bytes:
    import numpy as np

    return np.ascontiguousarray(frame, dtype="<u2" if frame.dtype == np.uint16 else np.uint8).tobytes()
