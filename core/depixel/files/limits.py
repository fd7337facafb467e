"""How large a picture may be. Checked against what a file's header says, before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from depixel.errors import PictureTooLargeError, UnreadablePictureError


@dataclass(frozen=True)
class Limits:
    """What `read` accepts. The messages are the part of the sentence behind the file's name."""

    pixels: int = 8192 * 8192  # width times height
    all_frames: int | None = None  # pixels of all frames together; None = twice `pixels`
    side: int = 2**18  # width, and height
    file_bytes: int = 2**30

    def check(self, width: int, height: int, frames: int = 1) -> None:
        """
        Accept or refuse a size.

        Raises:
            UnreadablePictureError: a side is zero or less.
            PictureTooLargeError: over a limit.
        """
        if width < 1 or height < 1:
            raise UnreadablePictureError(f"says it is {width}x{height} pixels, which is no picture; export it again.")
        if width * height > self.pixels or max(width, height) > self.side:
            raise PictureTooLargeError(
                f"is {width}x{height} pixels ({width * height / 1e6:.1f} megapixels), over the limit of "
                f"{self.pixels / 1e6:.1f}; make it smaller or raise the limit of pixels."
            )
        total = self.all_frames if self.all_frames is not None else 2 * self.pixels
        if width * height * frames > total:
            raise PictureTooLargeError(
                f"has {frames} frames of {width}x{height} pixels ({width * height * frames / 1e6:.1f} megapixels), "
                f"over the limit of {total / 1e6:.1f}; shorten it or raise the limit of pixels."
            )

    def check_file(self, size: int) -> None:
        """Refuse a file of more bytes than any picture within the limits needs; raises PictureTooLargeError."""
        if size > self.file_bytes:
            raise PictureTooLargeError(
                f"has {size / 2**20:.0f} MB, over the limit of {self.file_bytes / 2**20:.0f} MB; make it smaller."
            )
