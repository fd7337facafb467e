"""`--only-below` and `--most`: which pictures are too large to be enlarged, and how large the answers may become."""

from __future__ import annotations

from dataclasses import dataclass, replace

from depixel.batch.plan import Problem
from depixel.client.option_table import DEFAULT_SCALE
from depixel.picture import Picture
from depixel.request import Request


@dataclass(frozen=True)
class SizeCaps:
    """0 = no limit."""

    only_below: int = 0  # pictures whose longer side is at least this are skipped
    most: int = 0  # no side of an answer is longer than this

    def settle(self, picture: Picture, settings: Request) -> Request | Problem:
        """The request for a picture of this size, or why it is skipped."""
        side = max(picture.width, picture.height)
        if self.only_below and side >= self.only_below:
            reason = f"It is {picture.width}x{picture.height}, not below {self.only_below} pixels (--only-below)."
            return Problem("skipped", "too-large", reason)
        if not self.most:
            return settings
        if settings.size is not None:
            return replace(settings, size=min(settings.size, self.most))
        scale = min(settings.scale or DEFAULT_SCALE, self.most // side)
        if scale < 2:
            reason = f"It is {picture.width}x{picture.height}: twice as large would exceed {self.most} pixels (--most)."
            return Problem("skipped", "too-large", reason)
        return settings if scale >= (settings.scale or DEFAULT_SCALE) else replace(settings, scale=scale)


NO_CAPS = SizeCaps()
