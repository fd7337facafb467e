"""
The wire format: requests, events, and how they become bytes. docs/api describes it for people who use curl.

A picture travels as raw samples: rows from the top, channels L, LA, RGB or RGBA with straight alpha, 8 bits or 16 bits
little-endian, in the program's colour space; the frames of an animation follow each other. Both sides ignore unknown
keys and use defaults for missing ones.
"""

from __future__ import annotations

import base64
import json
import threading
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Dict, Mapping, Optional, Tuple, Union

PROTOCOL = 2
"""Increased when old clients and new engines can no longer work together."""

RAW = "application/x-depixel-raw"
"""
Content type of raw samples; any other content type means a picture file, whose format is detected from its content.
"""

REQUEST_HEADER = "Depixel-Request"


@dataclass(frozen=True)
class Pixels:
    """A picture, or all frames of one animation, as raw samples."""

    width: int
    height: int
    channels: int  # 1 L, 2 LA, 3 RGB, 4 RGBA (straight alpha)
    frames: Tuple[bytes, ...]
    depth: int = 8  # bits per sample: 8 or 16 (little-endian)
    palette: bytes = b""  # RGBA of each colour of an indexed picture; empty = not indexed
    name: str = ""  # of the layer or file: a hint for the kind of picture
    mode: str = ""  # Pillow's mode of the source ("1", "P", "I;16" ...); empty = follows from channels and depth
    blocks: bool = False  # decoded from blocks of 4x4 pixels (BC1 to BC7)

    def __post_init__(self) -> None:
        size = self.width * self.height * self.channels * self.depth // 8
        if not self.frames or any(len(frame) != size for frame in self.frames):
            raise ValueError("each of %d frames must have %d bytes" % (len(self.frames), size))

    @property
    def content_type(self) -> str:
        return RAW

    @property
    def body(self) -> bytes:
        return b"".join(self.frames)

    @cached_property
    def packed(self) -> str:
        """The samples compressed (zlib) and as ASCII (base64), for a recipe; computed once, because it is slow."""
        return base64.b64encode(zlib.compress(self.body, 6)).decode("ascii")

    def pack_early(self) -> None:
        """Compute `packed` on another thread, so that it is ready when the recipe of an answer needs it."""
        threading.Thread(target=lambda: self.packed, name="depixel recipe", daemon=True).start()

    def described(self) -> Dict[str, Any]:
        """Facts about the bytes that the engine needs."""
        picture: Dict[str, Any] = {
            "width": self.width,
            "height": self.height,
            "channels": self.channels,
            "depth": self.depth,
            "frames": len(self.frames),
            "name": self.name[:200],
        }
        if self.mode:
            picture["mode"] = self.mode
        if self.palette:
            picture["palette"] = self.palette.hex()
        if self.blocks:
            picture["blocks"] = True
        return picture


@dataclass(frozen=True)
class PictureFile:
    """A picture as the bytes of a PNG, GIF, WebP ... file, for a program that does not decode it."""

    body: bytes
    name: str = ""  # of the file: a hint for the kind of picture

    content_type = "application/octet-stream"

    def described(self) -> Dict[str, Any]:
        """Facts about the bytes that the engine needs."""
        return {"name": self.name[:200]}


@dataclass(frozen=True)
class Submission:
    """
    What a client sends: a picture and the settings of its request. `settings` has the form of
    `depixel.Request.to_dict()`; see `dialogs.settings_of` for a dialog's values.

    `action` "upscale" enlarges the picture; "anonymise" replaces its face with an invented one of the same size that
    reduces to the same `kept` x `kept` pixels.
    """

    pixels: Union[Pixels, PictureFile]
    settings: Mapping[str, Any] = field(default_factory=dict)
    action: str = "upscale"
    kept: int = 12  # anonymise: pixels across the face that are kept
    previews: bool = False  # send pictures of the search while it runs
    program: str = ""  # the caller, for the log: "gimp", "krita", "command line"

    @property
    def path(self) -> str:
        """Where the engine takes such a job."""
        return "/jobs"

    @property
    def content_type(self) -> str:
        return self.pixels.content_type

    @property
    def body(self) -> bytes:
        return self.pixels.body

    def header(self) -> str:
        """The value of `Depixel-Request`: JSON in ASCII."""
        values: Dict[str, Any] = {
            "protocol": PROTOCOL,
            "action": self.action,
            "settings": dict(self.settings),
            "picture": self.pixels.described(),
            "previews": self.previews,
            "program": self.program,
        }
        if self.action == "anonymise":
            values["kept"] = self.kept
        return json.dumps(values)


@dataclass(frozen=True)
class Welcome:
    """The engine's description of itself and of what it can do. Check this, never the version."""

    protocol: int
    version: str
    pid: int
    device: str  # "cpu", "cuda:0 (NVIDIA ...)"; "" while the engine still warms up
    ready: bool  # False: the first job has to wait for torch to load
    models: Tuple[str, ...] = ()
    domains: Tuple[str, ...] = ()
    actions: Tuple[str, ...] = ("upscale",)
    queued: int = 0  # jobs waiting or running

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Welcome":
        return cls(
            protocol=int(values.get("protocol", 0)),
            version=str(values.get("version", "")),
            pid=int(values.get("pid", 0)),
            device=str(values.get("device") or ""),
            ready=bool(values.get("ready", True)),
            models=tuple(str(name) for name in values.get("models", ())),
            domains=tuple(str(name) for name in values.get("domains", ())),
            actions=tuple(str(name) for name in values.get("actions", ("upscale",))),
            queued=int(values.get("queued", 0)),
        )


@dataclass(frozen=True)
class Preview:
    """A small picture of the best answer so far: RGBA, 8 bits, straight alpha."""

    width: int
    height: int
    rgba: bytes


@dataclass(frozen=True)
class Starting:
    """No engine is running, so one is being started. Sent about ten times a second."""

    seconds: float  # since the start
    sentence: str = "Starting the Depixel engine"


@dataclass(frozen=True)
class Queued:
    """The engine has queued the job behind `position` others."""

    position: int
    sentence: str = "Waiting for the Depixel engine"


@dataclass(frozen=True)
class Progress:
    """One step of a stage of the computation is done."""

    fraction: float  # of the whole computation, 0 ... 1
    step: int  # of this stage
    steps: int
    error: float  # mean squared error of scaling back, on [0, 1]
    stage: str  # "preparing", "search", "drawing", "tiles", "pictures"
    sentence: str
    preview: Optional[Preview] = None


@dataclass(frozen=True)
class Answer:
    """One candidate, as the client receives it."""

    width: int
    height: int
    channels: int
    depth: int
    frames: Tuple[bytes, ...]
    residual: float  # largest deviation when scaled back, in levels of 255; 0 = exactly the given pixels
    rmse: float  # root of the mean squared deviation, in levels
    score: float
    seed: int
    left: int = 0  # left edge of the answer in the source picture, in pixels (anonymise: the face's box)
    top: int = 0
    mode: str = ""  # kind of picture in Pillow's words
    indexed: bool = False  # all its colours are in the palette that was sent
    reading: str = ""  # its reading (depixel.client.readings)
    imagination: float = 0.0  # reproduces the candidate, together with the seed (depixel.client.recipe)
    model: str = ""  # the model that made it, if several models gave one answer each
    vectors: bool = False  # RGB is a vector of length 1
    data_alpha: bool = False  # alpha is data, not opacity


@dataclass(frozen=True)
class Result:
    """The last event of a successful job."""

    answers: Tuple[Answer, ...]
    domain: str  # as decided: "art", "faces" ...
    degradation: str
    model: str
    scale: int
    steps: int
    seconds: float  # on the engine
    notes: Tuple[str, ...] = ()  # sentences for the user: what was imagined, limited, or assumed
    report: Mapping[str, Any] = field(default_factory=dict)  # the engine's whole report


Event = Union[Starting, Queued, Progress, Result]


def progress_from_dict(values: Mapping[str, Any]) -> Progress:
    """The event in a progress line of the engine."""
    step, steps = int(values.get("step", 0)), int(values.get("steps", 0))
    stage = str(values.get("stage", "search"))
    fraction = min(1.0, max(0.0, float(values.get("share", step / steps if steps else 0.0))))
    sentence = "Depixel: %d%%" % (100 * fraction)
    if stage == "pictures":
        sentence = "Depixel: picture %d of %d" % (step, steps)
    preview = None
    if isinstance(values.get("preview"), dict):
        small = values["preview"]
        preview = Preview(int(small["width"]), int(small["height"]), base64.b64decode(small["rgba"]))
    return Progress(
        fraction=fraction,
        step=step,
        steps=steps,
        error=float(values.get("error", 0.0)),
        stage=stage,
        sentence=sentence,
        preview=preview,
    )


def answer_from_dict(values: Mapping[str, Any], data: bytes) -> Answer:
    """The answer in a candidate line of the engine and its samples; ValueError if they do not match."""
    count = int(values.get("frames", 1))
    size = int(values["width"]) * int(values["height"]) * int(values["channels"]) * int(values["depth"]) // 8
    if len(data) != size * count:
        raise ValueError("the engine promised %d bytes and sent %d" % (size * count, len(data)))
    return Answer(
        width=int(values["width"]),
        height=int(values["height"]),
        channels=int(values["channels"]),
        depth=int(values["depth"]),
        frames=tuple(data[i * size : (i + 1) * size] for i in range(count)),
        residual=float(values.get("residual", 0.0)),
        rmse=float(values.get("rmse", 0.0)),
        score=float(values.get("score", 0.0)),
        seed=int(values.get("seed", 0)),
        left=int(values.get("left", 0)),
        top=int(values.get("top", 0)),
        mode=str(values.get("mode", "")),
        indexed=bool(values.get("indexed", False)),
        reading=str(values.get("reading", "")),
        imagination=float(values.get("imagination", 0.0)),
        model=str(values.get("model", "")),
        vectors=values.get("vectors") is True,
        data_alpha=values.get("data_alpha") is True,
    )
