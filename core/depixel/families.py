"""
Pictures that belong together are examined together: frames of an animation, directions of a figure, states of a button,
tiles of a terrain, a folder of pictures of equal size, pictures drawn with the same colours. Whether they are pixel art
is decided once for all of them, so that outlines do not flicker between frames.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Protocol

import numpy as np
import numpy.typing as npt

from depixel import domain, files
from depixel.errors import DepixelError
from depixel.files import HEAD, READABLE, claimed_size
from depixel.picture import Picture

PIXEL_ART = domain.PIXEL_ART.name
_MAPS = frozenset(name for name, kind in domain.BY_NAME.items() if kind.data_alpha)
_SAMPLE = 24  # members that are examined, spread over a family
_LEAST = 8  # pictures of equal size make a folder of similar pictures
_CLEAR = 0.8  # share of them that decides its kind
_KINSHIP = 0.5  # share of the visible pixels of each whose colours also occur in the other
_MOST_KIN = 400  # pictures of equal size that are compared by their colours
_MAIN_COLOURS = 64  # of a picture, by which it is compared
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

    def folders(self, folder: str) -> Iterable[str]:
        """Paths of the folders in it."""
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
        self._folders: dict[str, dict[tuple[int, int], list[str]]] = {}  # folder => width, height => paths in order
        self._sequences: dict[str, dict[str, list[str]]] = {}  # folder, or all folders of directions => stem => paths
        self._kinds: dict[str, str | None] = {}  # family => its kind; None = decided for each member
        self._votes: dict[str, str] = {}  # path => kind by its content
        self._kin: dict[str, dict[str, list[str]]] = {}  # folder and size => path => pictures with the same colours
        self._lock = threading.Lock()
        self.news: dict[str, str] = {}
        """Decisions of this run that were not stored yet."""

    def kind_for(self, path: str, picture: Picture) -> str | None:
        """
        The kind that a picture's family decides for it; None if it has no family, if the engine's own decision for the
        picture is right, or if the picture is a map.
        """
        with self._lock:
            kind = self._kind_unless_map(path, picture)
            if kind is None or kind == PIXEL_ART or self._vote(path, picture) == PIXEL_ART:
                return kind
            return None  # the engine decides the same, with more information

    def overruling_kind(self, path: str, picture: Picture) -> str | None:
        """The kind that a picture's family decides for it against its own pixels; None if it does not."""
        with self._lock:
            kind = self._kind_unless_map(path, picture)
            if kind is None or (kind == PIXEL_ART) == (self._vote(path, picture) == PIXEL_ART):
                return None
            return kind

    def take_news(self) -> dict[str, str]:
        """`news`, which is cleared."""
        with self._lock:
            news, self.news = self.news, {}
        return news

    # A normal map beside sprites is no sprite.
    def _kind_unless_map(self, path: str, picture: Picture) -> str | None:
        kind = self._kind_of(path, picture)
        return kind if kind is not None and self._vote(path, picture) else None

    # A folder of similar pictures if their kind is clear; otherwise the names of one sequence, then equal colours.
    def _kind_of(self, path: str, picture: Picture) -> str | None:
        size = picture.width, picture.height
        if max(size) > _LARGEST:
            return None
        folder = PurePosixPath(path).parent.as_posix()
        group, alike = f"{folder}|{size[0]}x{size[1]}", self._folder(folder).get(size, [])
        if len(alike) >= _LEAST:
            kind = self._family(group, alike, _CLEAR)
            if kind is not None:
                return kind
        name, sequence = self._sequence(path, folder)
        if len(sequence) > 1:
            return self._family(name, sequence, 0.0)
        kin = self._kin_of(path, group, alike)
        return self._family(f"{folder}|{kin[0]}", kin, 0.0) if len(kin) > 1 else None

    # The pictures of one stem, and a name for them. Folders that are named after directions or numbers, such as walk/n
    # and walk/e, hold one sequence.
    def _sequence(self, path: str, folder: str) -> tuple[str, list[str]]:
        place, folders = PurePosixPath(folder), [folder]
        is_direction = bool(place.name) and not stem_of(place.name)
        name = f"{place.parent.as_posix()}/*" if is_direction else folder
        if name not in self._sequences:
            if is_direction:
                folders = [other for other in self._listing.folders(place.parent.as_posix()) if not stem_of(other)]
            stems: defaultdict[str, list[str]] = defaultdict(list)
            for other in sorted(path for each in folders for paths in self._folder(each).values() for path in paths):
                stems[stem_of(other)].append(other)
            self._sequences[name] = stems
        stem = stem_of(path)
        return f"{name}|{stem}", self._sequences[name].get(stem, [])

    # Pictures of equal size that are drawn with the same colours, in order; the first one names them.
    def _kin_of(self, path: str, group: str, alike: list[str]) -> list[str]:
        if not 2 <= len(alike) <= _MOST_KIN:
            return []
        if group not in self._kin:
            shares = [_colour_shares(self._read(other)) for other in alike]
            self._kin[group] = {
                alike[member]: [alike[k] for k in members] for members in _joined(shares) for member in members
            }
        return self._kin[group].get(path, [])

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
            if picture is None:
                picture = self._read(path)
            if picture is not None:
                with contextlib.suppress(DepixelError):
                    kind = self._detect(picture)
            self._votes[path] = "" if kind in _MAPS else kind
        return self._votes[path]

    def _read(self, path: str) -> Picture | None:
        with contextlib.suppress(DepixelError, OSError):
            return files.read_bytes(self._listing.read(path), PurePosixPath(path).name)
        return None

    def _folder(self, folder: str) -> dict[tuple[int, int], list[str]]:
        if folder not in self._folders:
            sizes: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
            for path in sorted(self._listing.names(folder)):
                if PurePosixPath(path).suffix.lower() not in READABLE:
                    continue
                with contextlib.suppress(DepixelError, OSError):
                    size = claimed_size(self._listing.read(path, HEAD))
                    if size is not None and max(size) <= _LARGEST:
                        sizes[size].append(path)
            self._folders[folder] = sizes
        return self._folders[folder]


# Main colour => its share of the visible pixels.
def _colour_shares(picture: Picture | None) -> dict[int, float]:
    if picture is None:
        return {}
    pixels = picture.rgba(0)
    seen = pixels[pixels[..., 3] > 0][:, :3].astype(np.int64)
    codes, uses = np.unique((seen[:, 0] << 32) | (seen[:, 1] << 16) | seen[:, 2], return_counts=True)
    order = np.argsort(-uses, kind="stable")[:_MAIN_COLOURS]
    return {int(code): int(use) / len(seen) for code, use in zip(codes[order], uses[order], strict=True)}


# Groups of indices: each is joined with those that share most of its colours, and they with it.
def _joined(shares: list[dict[int, float]]) -> list[list[int]]:
    numbers: dict[int, int] = {}
    occurring = Counter(code for each in shares for code in each)
    for code, times in occurring.items():
        if times > 1:
            numbers[code] = len(numbers)
    share = np.zeros((len(shares), len(numbers)), np.float32)
    for row, each in enumerate(shares):
        for code, part in each.items():
            if code in numbers:
                share[row, numbers[code]] = part
    common = share @ (share > 0).T.astype(np.float32)  # [N, N]: share of a row's pixels with colours of a column
    kin: npt.NDArray[np.bool_] = (common >= _KINSHIP) & (common.T >= _KINSHIP)
    groups: list[list[int]] = []
    left = set(range(len(shares)))
    while left:
        group, edge = set[int](), {min(left)}
        while edge:
            group |= edge
            edge = {int(k) for member in edge for k in np.flatnonzero(kin[member])} - group
        groups.append(sorted(group))
        left -= group
    return groups
