"""Windows icons: see `icons`."""

from __future__ import annotations

from functools import partial

from depixel.files import icons
from depixel.files.format import Format

FORMAT = Format(
    name="ICO",
    label="ICO",
    endings=(".ico",),
    recognise=partial(icons.recognise, kind=icons.ICON),
    media_type="image/vnd.microsoft.icon",
    read=icons.read,
    encode=partial(icons.encode, kind=icons.ICON),
    most_side=icons.MOST_SIDE,
    size=icons.size,
)
