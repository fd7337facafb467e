"""How large a picture may be before anything of it is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from depixel.errors import PictureTooLargeError


@dataclass(frozen=True)
class Limits:
    """Pixels, not bytes: a few kilobytes can claim billions of pixels."""

    pixels: int = 8192 * 8192  # of one frame
    all_frames: int = 4 * 8192 * 8192  # of all frames together

    def check(self, name: str, width: int, height: int, frames: int = 1) -> None:
        """Raises PictureTooLargeError with the size and the way out."""
        if width * height > self.pixels:
            raise PictureTooLargeError(
                f"{name} claims {width}x{height} pixels ({width * height / 1e6:.0f} megapixels), more than the limit "
                f"of {self.pixels / 1e6:g}; raise --max-pixels if you trust it."
            )
        if width * height * frames > self.all_frames:
            raise PictureTooLargeError(
                f"{name} has {frames} frames of {width}x{height} pixels, more than "
                f"{self.all_frames / 1e6:g} megapixels together; split the animation."
            )
