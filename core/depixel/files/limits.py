"""Limits for pictures and their metadata, checked before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from depixel.errors import PictureTooLargeError


@dataclass(frozen=True)
class Limits:
    """
    Limits for what a file claims. A few bytes can claim billions of pixels, hours of decoding or gigabytes of text.
    """

    pixels: int = 8192 * 8192  # of one frame
    all_frames: int = 2 * 8192 * 8192  # pixels of all frames together, if there are several
    frames: int = 20_000
    side: int = 2**18  # pixels; some decoders take one step per row and column
    file_bytes: int = 2**30
    text_bytes: int = 2**20  # of all texts together; longer ones are dropped
    scanned: int = 2**30  # pixels, over all scans of a JPEG; about 20 seconds
    profile_bytes: int = 2**22  # of a colour profile; a larger one is dropped
    unproven_pixels: int = 4096 * 4096  # of all frames; every file may claim this many, however small it is
    pixels_per_byte: int = 10_000  # allowed beyond those; deflate reaches 8,000 with a single colour
    stored_bytes: int | None = None  # of this file, if known

    def check(self, name: str, width: int, height: int, frames: int = 1) -> None:
        """Raises PictureTooLargeError with the size and a remedy."""
        if width * height > self.pixels:
            raise PictureTooLargeError(
                f"{name} claims {width}x{height} pixels ({width * height / 1e6:.0f} megapixels), more than the limit "
                f"of {self.pixels / 1e6:g}; raise --max-pixels if you trust it."
            )
        if max(width, height) > self.side:
            raise PictureTooLargeError(
                f"{name} claims {width}x{height} pixels, more than {self.side} per side; cut it into parts."
            )
        if frames > self.frames:
            raise PictureTooLargeError(
                f"{name} has {frames} frames, more than the limit of {self.frames}; split the animation."
            )
        together = max(self.all_frames, self.pixels) if frames == 1 else self.all_frames
        if width * height * frames > together:
            raise PictureTooLargeError(
                f"{name} has {frames} frames of {width}x{height} pixels, more than "
                f"{self.all_frames / 1e6:g} megapixels together; split the animation."
            )
        stored = self.stored_bytes
        if stored is not None and width * height * frames > self.unproven_pixels + stored * self.pixels_per_byte:
            raise PictureTooLargeError(
                f"{name} claims {width * height * frames / 1e6:.0f} megapixels in {stored} bytes. Such a file is "
                "probably an attack; if it is a real picture, save it again without compression."
            )

    def check_stored(self, name: str, pixels: int) -> None:
        """Raises PictureTooLargeError if all stored frames together have too many pixels, wherever they lie."""
        if pixels > self.all_frames:
            raise PictureTooLargeError(
                f"{name} stores {pixels / 1e6:.0f} megapixels in its frames, more than {self.all_frames / 1e6:g}; "
                "split the animation."
            )

    def check_file(self, name: str, size: int) -> None:
        """Raises PictureTooLargeError if a file has more bytes than are read into memory."""
        if size > self.file_bytes:
            raise PictureTooLargeError(
                f"{name} has {size / 2**20:.0f} MB, more than the limit of {self.file_bytes / 2**20:.0f} MB."
            )
