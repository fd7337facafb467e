"""Windows cursors: see `icons`."""

from __future__ import annotations

from functools import partial

from depixel.files import icons
from depixel.files.format import Format

FORMAT = Format(
    name="CUR",
    label="CUR",
    endings=(".cur",),
    recognise=partial(icons.recognise, kind=icons.CURSOR),
    media_type="image/x-win-bitmap",
    read=icons.read,
    encode=partial(icons.encode, kind=icons.CURSOR),
    most_side=icons.MOST_SIDE,
    size=icons.size,
)
