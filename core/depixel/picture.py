"""
`Picture`: the input and the output of the engine, with straight (not premultiplied) alpha, integer samples and the
colour space of the file. The engine's premultiplied float tensors never leave it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[Any]
"""[H, W, C] uint8 or uint16; C = 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA (straight alpha)."""

REGIONS = "regions"
"""In `Picture.details`: left, top, width and height in pixels of the frames of a sheet, as a side file says."""
MARGINS = "margins"
"""In `Picture.details`: `depixel.joints.Margins`, the pixels beyond the edges of a picture that continues in others."""
PREMULTIPLIED = "premultiplied"
"""In `Picture.details`: a side file says that the colours are multiplied by alpha."""
FROM_BLOCKS = "from blocks"
"""In `Picture.details`: True if the pixels were decoded from blocks of 4x4 with a few colours each (BC1 to BC7)."""


@dataclass(frozen=True)
class Picture:
    """
    One picture, or all frames of an animation, in memory.

    All frames have the same shape and dtype. Raises ValueError if they do not, or if there are no frames.
    """

    frames: tuple[Pixels, ...]
    durations: tuple[float, ...] = ()  # milliseconds per frame; empty for a still picture
    loop: int = 0  # times an animation plays; 0 = for ever
    palette: npt.NDArray[np.uint8] | None = None  # [N, 4] RGBA colours of an indexed source
    mode: str = "RGBA"  # Pillow's name of the source's mode, or "I;16", "RGB;16", "RGBA;16", "LA;16"
    format: str = "PNG"  # Pillow's name of the source's format
    icc_profile: bytes | None = None
    exif: bytes | None = None  # with the orientation already applied and removed
    text: dict[str, str] = field(default_factory=dict)  # PNG text and comments
    details: dict[str, Any] = field(
        default_factory=dict
    )  # what the format needs in order to write the file again (DDS header ...)
    vectors: bool = False  # RGB is known to be a vector of length 1: mipmaps are made of vectors
    data_alpha: bool = False  # alpha is known to be data, not opacity
    name: str = ""  # file or layer name: a hint for domain detection, never opened

    def __post_init__(self) -> None:
        if not self.frames:
            raise ValueError("a picture needs at least one frame")
        first = self.frames[0]
        if first.ndim != 3 or first.shape[2] not in (1, 2, 3, 4) or first.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"frames must be [H, W, 1..4] of uint8 or uint16, not {first.shape} {first.dtype}")
        if any(frame.shape != first.shape or frame.dtype != first.dtype for frame in self.frames):
            raise ValueError("all frames of a picture must share shape and dtype")
        if self.durations and len(self.durations) != len(self.frames):
            raise ValueError(f"{len(self.frames)} frames but {len(self.durations)} durations")

    @property
    def width(self) -> int:
        return int(self.frames[0].shape[1])

    @property
    def height(self) -> int:
        return int(self.frames[0].shape[0])

    @property
    def channels(self) -> int:
        return int(self.frames[0].shape[2])

    @property
    def pixel_count(self) -> int:
        """The number of pixels over all frames."""
        return self.width * self.height * len(self.frames)

    @property
    def has_alpha(self) -> bool:
        """Whether there is an alpha channel, even if it is opaque everywhere."""
        return self.channels in (2, 4)

    @property
    def has_transparency(self) -> bool:
        """Whether a pixel of a frame is not opaque."""
        return self.has_alpha and any(bool((frame[..., -1] < self.levels).any()) for frame in self.frames)

    @property
    def levels(self) -> int:
        """The largest sample value: 255 or 65535."""
        return int(np.iinfo(self.frames[0].dtype).max)

    def replace(self, **changes: Any) -> Picture:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def rgba(self, frame: int = 0) -> Pixels:
        """The frame as [H, W, 4] of the same dtype; grey is repeated, and missing alpha is opaque."""
        pixels = self.frames[frame]
        colour = pixels[..., :1].repeat(3, axis=2) if self.channels <= 2 else pixels[..., :3]
        alpha = pixels[..., -1:] if self.has_alpha else np.full_like(pixels[..., :1], self.levels)
        return np.concatenate([colour, alpha], axis=2)
