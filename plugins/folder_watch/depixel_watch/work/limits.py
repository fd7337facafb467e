"""The limits `--only-below` and `--most`: which textures are too large, and how large answers may become."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from depixel.errors import DepixelError
from depixel.files import HEAD, claimed_size
from depixel_watch.folder.stamps import read_regular


@dataclass(frozen=True)
class SizeLimits:
    """Limits on sizes of textures and results; 0 = no limit."""

    only_below: int = 0  # textures whose longer side is at least this are left alone
    most: int = 0  # no side of a result is longer than this

    def scale_for(self, width: int, height: int, scale: int) -> int:
        """The scale for a texture of this size; 1 = it is left alone."""
        side = max(width, height)
        if self.only_below and side >= self.only_below:
            return 1
        return scale if not self.most else max(1, min(scale, self.most // max(side, 1)))

    def reason(self, width: int, height: int) -> str:
        """Why a texture of this size is left alone."""
        if self.only_below and max(width, height) >= self.only_below:
            return f"{width}x{height} pixels, not below {self.only_below} (--only-below): left alone."
        return f"{width}x{height} pixels: twice as large would exceed {self.most} (--most): left alone."

    def scale_of_file(self, path: Path, scale: int) -> int:
        """Like `scale_for`, with the size from the file's header; `scale` if the header does not give it."""
        if not (self.only_below or self.most):
            return scale
        try:
            head = read_regular(path, HEAD)
        except (OSError, DepixelError):
            return scale
        return self.scale_by_head(head, scale)

    def scale_by_head(self, head: bytes, scale: int) -> int:
        """Like `scale_of_file`, by the first bytes of the file."""
        size = claimed_size(head)
        return scale if size is None else self.scale_for(*size, scale)

    @property
    def recipe(self) -> str:
        """For the ledger, because limits change outputs."""
        return f"|{self.only_below}|{self.most}" if self.only_below or self.most else ""
