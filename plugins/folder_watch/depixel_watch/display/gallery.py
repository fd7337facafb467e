"""Before-and-after pairs of some textures for the page; their number is limited."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Iterable
from html import escape
from itertools import islice
from pathlib import Path
from urllib.parse import quote

from depixel import files
from depixel.errors import DepixelError
from depixel.previews import preview
from depixel.terminal.printable import one_line
from depixel_watch.ledger.ledger import Row

MOST = 60  # pairs on the page
_SHOWN = frozenset({".png", ".apng", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"})  # endings of files that browsers show
_LINKED_BYTES = 1_000_000  # of a file that the page shows directly; larger ones get a thumbnail
_SIDE = 160  # pixels of a thumbnail
_SECONDS = 1.5  # for new thumbnails, each time the page is written
_CACHED = 4 * MOST
_READ = files.Limits(pixels=4096 * 4096)

_thumbnails: OrderedDict[tuple[str, int, int], str] = OrderedDict()  # (path, bytes, time) => data address; "" = none


def sample(answers: Iterable[Row], most: int = MOST) -> list[Row]:
    """
    The first of these that are textures, by path; archives are not shown.

    Args:
        answers: in an order that hardly changes as more are added, and that is not the order of their paths.
    """
    textures = (row for row in answers if Path(row.output).suffix.lower() in files.READABLE)
    return sorted(islice(textures, most), key=lambda row: row.path)


def gallery(source: Path, out: Path, rows: Iterable[Row]) -> str:
    """The pairs as HTML; files that browsers can show are linked, others are embedded as thumbnails."""
    deadline = time.monotonic() + _SECONDS
    pairs = []
    for row in rows:
        before = _picture(source / row.path, out, deadline)
        after = _picture(out / row.output, out, deadline)
        if before and after:
            name = escape(one_line(row.path))
            link = escape(_address(out / row.output, out))
            pairs.append(
                f'<figure><div><img loading="lazy" alt="before" src="{before}">'
                f'<img loading="lazy" alt="after" src="{after}"></div>'
                f'<figcaption><a href="{link}">{name}</a></figcaption></figure>'
            )
    return "".join(pairs)


# The `src` of an image; empty if there is none, or no time left to make it.
def _picture(path: Path, out: Path, deadline: float) -> str:
    try:
        about = path.stat()
    except OSError:
        return ""
    if path.suffix.lower() in _SHOWN and about.st_size <= _LINKED_BYTES:
        return escape(_address(path, out))
    key = (str(path), about.st_size, about.st_mtime_ns)
    if key not in _thumbnails:
        if time.monotonic() > deadline:
            return ""
        _thumbnails[key] = _thumbnail(path)
        while len(_thumbnails) > _CACHED:
            _thumbnails.popitem(last=False)
    return _thumbnails[key]


def _thumbnail(path: Path) -> str:
    try:
        return preview(files.read(path, _READ), _SIDE, 30_000).uri
    except DepixelError:
        return ""  # the list says what is wrong with it


def _address(path: Path, out: Path) -> str:
    try:
        return quote(os.fsencode(os.path.relpath(path, out).replace(os.sep, "/")))
    except ValueError:  # on another drive of Windows
        return path.as_uri()
