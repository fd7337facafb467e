"""How large a picture may be, and how much may travel with it, before anything of it is decoded."""

from __future__ import annotations

from dataclasses import dataclass

from depixel.errors import PictureTooLargeError


@dataclass(frozen=True)
class Limits:
    """What a file may claim. A few bytes can claim billions of pixels, hours of decoding or gigabytes of text."""

    pixels: int = 8192 * 8192  # of one frame
    all_frames: int = 2 * 8192 * 8192  # pixels of all frames together, when there are several
    frames: int = 20_000
    side: int = 2**18  # pixels; some decoders take a step for each row and each column
    file_bytes: int = 2**30
    text_bytes: int = 2**20  # of all texts together; what is beyond is left out
    scanned: int = 2**30  # pixels, over all scans of a JPEG; about 20 seconds
    profile_bytes: int = 2**22  # of a colour profile; a larger one is left out
    unproven_pixels: int = 4096 * 4096  # of all frames, that any file may claim however small it is
    pixels_per_byte: int = 10_000  # of a file, beyond those; deflate reaches 8,000 with one colour
    stored_bytes: int | None = None  # of the file at hand, once it is known

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
                f"{name} claims {width * height * frames / 1e6:.0f} megapixels in {stored} bytes. Such a file only "
                "fills the memory; if it is a real picture, save it again without compression."
            )

    def check_stored(self, name: str, pixels: int) -> None:
        """Raises PictureTooLargeError for more pixels in all stored frames than are decoded, wherever they lie."""
        if pixels > self.all_frames:
            raise PictureTooLargeError(
                f"{name} stores {pixels / 1e6:.0f} megapixels in its frames, more than {self.all_frames / 1e6:g}; "
                "split the animation."
            )

    def check_file(self, name: str, size: int) -> None:
        """Raises PictureTooLargeError for a file of more bytes than are read into memory."""
        if size > self.file_bytes:
            raise PictureTooLargeError(
                f"{name} has {size / 2**20:.0f} MB, more than the limit of {self.file_bytes / 2**20:.0f} MB."
            )
