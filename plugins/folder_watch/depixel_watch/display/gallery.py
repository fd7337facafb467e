"""Before-and-after pairs of some textures for the page; their number is limited."""

from __future__ import annotations

import hashlib
import heapq
import os
import time
from collections import OrderedDict
from collections.abc import Iterable
from html import escape
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


class Sample:
    """A sample of textures that hardly changes as more are added: those whose paths have the smallest digests."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._chosen: list[tuple[int, str, Row]] = []  # a heap, the largest digest first

    def add(self, row: Row) -> None:
        """Consider a row; archives and copies of sources are not shown."""
        if not row.answer or Path(row.output).suffix.lower() not in files.READABLE:
            return
        digest = int.from_bytes(hashlib.blake2b(row.path.encode("utf-8", "replace"), digest_size=8).digest(), "big")
        entry = (-digest, row.path, row)
        if len(self._chosen) < self._most:
            heapq.heappush(self._chosen, entry)
        elif entry > self._chosen[0]:
            heapq.heapreplace(self._chosen, entry)

    @property
    def rows(self) -> list[Row]:
        """The sample, by path."""
        return sorted((row for _, _, row in self._chosen), key=lambda row: row.path)


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
