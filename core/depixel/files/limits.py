"""How large a picture may be before anything of it is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from depixel.errors import PictureTooLargeError


@dataclass(frozen=True)
class Limits:
    """Pixels before all: a few kilobytes can claim billions of them."""

    pixels: int = 8192 * 8192  # of one frame
    all_frames: int = 2 * 8192 * 8192  # of all frames together, when there are several
    side: int = 2**18  # pixels; some decoders take a step for each row and each column
    file_bytes: int = 2**30

    def check(self, name: str, width: int, height: int, frames: int = 1) -> None:
        """Raises PictureTooLargeError with the size and the way out."""
        if width * height > self.pixels:
            raise PictureTooLargeError(
                f"{name} claims {width}x{height} pixels ({width * height / 1e6:.0f} megapixels), more than the limit "
                f"of {self.pixels / 1e6:g}; raise --max-pixels if you trust it."
            )
        if max(width, height) > self.side:
            raise PictureTooLargeError(
                f"{name} claims {width}x{height} pixels, more than {self.side} a side; cut it into parts."
            )
        together = max(self.all_frames, self.pixels) if frames == 1 else self.all_frames
        if width * height * frames > together:
            raise PictureTooLargeError(
                f"{name} has {frames} frames of {width}x{height} pixels, more than "
                f"{self.all_frames / 1e6:g} megapixels together; split the animation."
            )

    def check_file(self, name: str, size: int) -> None:
        """Raises PictureTooLargeError for a file of more bytes than are read into memory."""
        if size > self.file_bytes:
            raise PictureTooLargeError(
                f"{name} has {size / 2**20:.0f} MB, more than the limit of {self.file_bytes / 2**20:.0f} MB."
            )
