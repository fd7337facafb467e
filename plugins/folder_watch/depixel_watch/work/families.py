"""
Pictures that belong together are examined together: frames of an animation, directions of a figure, states of a button,
tiles of a terrain, a folder of pictures of equal size. Whether they are pixel art is decided once for all of them, so
that outlines do not flicker between frames. Decisions are stored, so that later frames look like earlier ones.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Protocol

from depixel import files
from depixel.errors import DepixelError
from depixel.files import HEAD, READABLE, by_content
from depixel.picture import Picture
from depixel_watch.work.texture import Texture

PIXEL_ART = "pixel-art"
_SAMPLE = 24  # members that are examined, spread over a family
_LEAST = 4  # least pictures of equal size in a folder of similar pictures
_CLEAR = 0.7  # share of members that decides the kind of such a folder
_LARGEST = 256  # pixels per side: larger pictures never count as pixel art, so there is nothing to decide
_WORD = re.compile(r"[0-9]+|[^\W\d_]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DIRECTIONS = _words(
    "n e s w ne nw se sw north east south west northeast northwest southeast southwest left right up down front back "
    "ft bk lf rt dn px nx py ny pz nz"
)
_STATES = _words(
    "normal hover hovered over pressed press active inactive disabled enabled selected focus focused checked unchecked "
    "on off open closed empty full idle walk run attack defend die death hit cast melee ranged a b c d"
)


class Listing(Protocol):
    """The files of one folder, on a disk or in an archive."""

    def names(self, folder: str) -> Iterable[str]:
        """Paths of its files."""
        ...

    def read(self, path: str, most: int | None = None) -> bytes:
        """A file, or its first bytes. Raises DepixelError or OSError."""
        ...


def stem_of(path: str) -> str:
    """The common part of the names of a sequence: guard-attack-2.png and guard-attack-3.png => "guard attack"."""
    words = [word.lower() for word in _WORD.findall(PurePosixPath(path).stem)]
    parts = [word for word in words if not word.isdigit() and word not in _DIRECTIONS]
    while len(parts) > 1 and parts[-1] in _STATES:
        parts.pop()
    return " ".join(parts)


class Families:
    """
    Pictures that belong together, for one run over a folder or an archive; used from several threads.

    Args:
        detect: kind of a picture by its content, not by its name.
        decided: decisions of earlier runs.
    """

    def __init__(
        self, listing: Listing, detect: Callable[[Picture], str], decided: Callable[[str], str | None]
    ) -> None:
        self._listing, self._detect, self._decided = listing, detect, decided
        self._sizes: dict[str, dict[str, tuple[int, int]]] = {}  # folder => path => width, height
        self._kinds: dict[str, str | None] = {}  # family => its kind; None = decided for each member
        self._votes: dict[str, str] = {}  # path => kind by its content
        self._lock = threading.Lock()
        self.news: dict[str, str] = {}
        """Decisions of this run that were not stored yet."""

    def settle(self, path: str, texture: Texture) -> Texture:
        """The texture with the kind of its family, unless its kind is set otherwise."""
        picture, hints = texture.picture, dict(texture.hints)
        if "domain" in hints or max(picture.width, picture.height) > _LARGEST:
            return texture
        with self._lock:
            kind = self._kind_of(path, (picture.width, picture.height))
            if kind is None:
                return texture
            if kind != PIXEL_ART:
                own = self._vote(path, picture)
                if own != PIXEL_ART:
                    return texture  # the engine decides the same, with more information
        return replace(texture, hints=tuple(sorted({**hints, "domain": kind}.items())))

    def take_news(self) -> dict[str, str]:
        """`news`, which is cleared."""
        with self._lock:
            news, self.news = self.news, {}
        return news

    # A folder of similar pictures if their kind is clear; otherwise the names of one sequence.
    def _kind_of(self, path: str, size: tuple[int, int]) -> str | None:
        folder = PurePosixPath(path).parent.as_posix()
        sizes = self._folder(folder)
        alike = sorted(other for other, its in sizes.items() if its == size)
        if len(alike) >= _LEAST:
            kind = self._family(f"{folder}|{size[0]}x{size[1]}", alike, _CLEAR)
            if kind is not None:
                return kind
        stem = stem_of(path)
        sequence = sorted(other for other in sizes if stem_of(other) == stem)
        return self._family(f"{folder}|{stem}", sequence, 0.0) if len(sequence) > 1 else None

    def _family(self, family: str, members: list[str], least: float) -> str | None:
        if family not in self._kinds:
            kind = self._decided(family)
            if kind is None:
                kind = self._elected(members, least)
                if kind is not None:
                    self.news[family] = kind
            self._kinds[family] = kind
        return self._kinds[family]

    def _elected(self, members: list[str], least: float) -> str | None:
        step = max(1, len(members) // _SAMPLE)
        votes = Counter(vote for path in members[::step][:_SAMPLE] if (vote := self._vote(path)))
        drawn, others = votes[PIXEL_ART], votes.total() - votes[PIXEL_ART]
        if votes.total() < 2 or max(drawn, others) < least * votes.total():
            return None
        if drawn > others:
            return PIXEL_ART
        rest = [kind for kind in votes if kind != PIXEL_ART]
        return max(rest, key=lambda kind: (votes[kind], kind))

    # The kind of a member by its content; empty if it cannot be read, or is a map.
    def _vote(self, path: str, picture: Picture | None = None) -> str:
        if path not in self._votes:
            kind = ""
            with contextlib.suppress(DepixelError, OSError):
                if picture is None:
                    picture = files.read_bytes(self._listing.read(path), PurePosixPath(path).name)
                kind = self._detect(picture)
            self._votes[path] = "" if kind in ("normals", "data") else kind
        return self._votes[path]

    def _folder(self, folder: str) -> dict[str, tuple[int, int]]:
        if folder not in self._sizes:
            sizes: dict[str, tuple[int, int]] = {}
            for path in self._listing.names(folder):
                if PurePosixPath(path).suffix.lower() not in READABLE:
                    continue
                with contextlib.suppress(DepixelError, OSError):
                    head = self._listing.read(path, HEAD)
                    kind = by_content(head)
                    size = kind.size(head) if kind else None
                    if size is not None and max(size) <= _LARGEST:
                        sizes[path] = size
            self._sizes[folder] = sizes
        return self._sizes[folder]


def directions_beside(path: str, names: Iterable[str]) -> bool:
    """
    Whether a name's last part is one of several directions of one stem: hero_n.png next to hero_e.png and hero_w.png is
    a figure that looks north, not a normal map. An e or a w must be among them, because n and s alone are also maps.
    """
    place = PurePosixPath(path)
    stem, _, last = place.stem.lower().rpartition("_")
    if not stem or last not in ("n", "e", "s", "w"):
        return False
    lower = {PurePosixPath(name).stem.lower() for name in names}
    beside = {direction for direction in ("n", "e", "s", "w") if f"{stem}_{direction}" in lower}
    return stem not in lower and bool(beside & {"e", "w"}) and len(beside) >= 2
