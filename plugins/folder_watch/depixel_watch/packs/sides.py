"""Files of coordinates in a watched folder or an archive: the pictures they describe, and their scaled versions."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from depixel.errors import DepixelError
from depixel.files import HEAD, READABLE
from depixel.joints import neighbour_names
from depixel.sidefiles import ENDINGS, UNDERSTOOD, Facts, facts_for, parse, suspicion
from depixel.sidefiles.side_file import SideFile
from depixel.sidefiles.table import MOST_BYTES
from depixel_watch.folder.stamps import Stamp, read_regular, stamp_if_seen
from depixel_watch.packs.profiles import Rule
from depixel_watch.work.limits import SizeLimits

SIDE_ENDINGS = ENDINGS
_MOST_SIDES = 500  # files read per folder
UNKNOWN = "{} seems to hold coordinates for {} and is not scaled: Depixel does not support this format."


class Sides:
    """
    The files of coordinates in a watched folder. Each version of a file (by its stamp) is read once.

    Args:
        root: the watched folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[str, tuple[str, ...]] = {}  # folder => paths of files that may be side files
        self._names_in: dict[str, frozenset[str]] = {}  # folder => names of all its files
        self._facts: dict[str, tuple[Stamp | None, tuple[str, ...] | None, str]] = {}  # path => stamp, pages, suspicion
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Begin a new pass: the contents of folders may have changed."""
        with self._lock:
            self._folders.clear()
            self._names_in.clear()

    def verdict(self, path: str) -> tuple[bool, str]:
        """Whether a file holds coordinates in a known format, and a message if it seems to hold others."""
        pages, picture = self._about(path)
        if pages is not None:
            return True, ""
        if not picture or stamp_if_seen(self._root / _place(path, picture)) is None:
            return False, ""
        return False, UNKNOWN.format(PurePosixPath(path).name, picture)

    def of(self, path: str) -> tuple[str, ...]:
        """The side files that describe a picture."""
        name = PurePosixPath(path).name
        return tuple(
            side for side in self._sides_in(PurePosixPath(path).parent.as_posix()) if name in self._names(side)
        )

    def neighbours(self, path: str) -> tuple[str, ...]:
        """Pictures that may meet this one at its edges, such as the other faces of a sky."""
        place = PurePosixPath(path)
        names = list(neighbour_names(place.name))
        if not names:
            return ()
        self._sides_in(place.parent.as_posix())
        with self._lock:
            there = self._names_in[place.parent.as_posix()]
        return tuple((place.parent / name).as_posix() for name in names if name in there)

    def _names(self, side: str) -> tuple[str, ...]:
        return self._about(side)[0] or ()

    def _about(self, path: str) -> tuple[tuple[str, ...] | None, str]:
        stamp = stamp_if_seen(self._root / path)
        with self._lock:
            facts = self._facts.get(path)
        if facts is None or facts[0] != stamp:
            side, picture = None, ""
            if stamp is not None and stamp.size <= MOST_BYTES:
                with contextlib.suppress(OSError, DepixelError):
                    data = read_regular(self._root / path, MOST_BYTES)
                    side = parse(path, data)
                    picture = "" if side is not None else suspicion(path, data)
            names = None if side is None else tuple(PurePosixPath(page).name for page in side.pages)
            facts = (stamp, names, picture)
            with self._lock:
                self._facts[path] = facts
        return facts[1], facts[2]

    def _sides_in(self, folder: str) -> tuple[str, ...]:
        with self._lock:
            sides = self._folders.get(folder)
        if sides is None:
            prefix = "" if folder in ("", ".") else f"{folder}/"
            names: list[str] = []
            with contextlib.suppress(OSError), os.scandir(self._root / folder) as entries:
                names = sorted(entry.name for entry in entries)
            sides = tuple(prefix + name for name in names if PurePosixPath(name).suffix.lower() in ENDINGS)
            with self._lock:
                self._folders[folder], self._names_in[folder] = sides, frozenset(names)
        return sides


def facts_of(path: str, others: Mapping[str, bytes]) -> Facts:
    """The facts about a picture in the side files among these files."""
    sides = (parse(name, data) for name, data in others.items() if PurePosixPath(name).suffix.lower() in ENDINGS)
    return facts_for(PurePosixPath(path).name, (side for side in sides if side is not None))


def scaled_side(path: str, data: bytes, side: SideFile, scale_of: Callable[[str], int]) -> tuple[bytes, str]:
    """
    A side file for its larger pictures.

    Args:
        path: its own.
        scale_of: the scale of the picture at this path; 1 = it is missing or not upscaled.

    Returns:
        The file, and a message if it is not scaled.
    """
    name = PurePosixPath(path).name
    scales = {page: scale_of(_place(path, page)) for page in side.pages}
    if not scales:
        return data, f"{name} is {side.label} and is not scaled: it names no picture."
    for page, scale in scales.items():
        if scale == 1:
            return data, f"{name} is {side.label} and is not scaled: {page} is missing or not upscaled."
    if len(set(scales.values())) > 1:
        return data, f"{name} is {side.label} and is not scaled: its pictures have different scales."
    return side.scaled(next(iter(scales.values()))), ""


# The path of a picture that a side file names.
def _place(path: str, page: str) -> str:
    parts: list[str] = []
    for part in (PurePosixPath(path).parent / page.replace("\\", "/")).parts:
        if part == ".." and parts:
            parts.pop()
        elif part not in (".", ".."):
            parts.append(part)
    return "/".join(parts)


class ArchiveListing(Protocol):
    """The files of an archive."""

    def names(self, folder: str) -> Iterable[str]:
        """Paths of a folder's files."""
        ...

    def read(self, path: str, most: int | None = None) -> bytes:
        """A file, or its first bytes."""
        ...


class ArchiveSides:
    """
    The files of coordinates of an archive.

    Args:
        rule_of: the rule for the file at this path.
        scale: the scale of pictures, if `limits` allow it.
    """

    def __init__(self, listing: ArchiveListing, rule_of: Callable[[str], Rule], scale: int, limits: SizeLimits) -> None:
        self._listing, self._rule_of, self._scale, self._limits = listing, rule_of, scale, limits
        self._folders: dict[str, list[SideFile]] = {}

    def larger(self, paths: Sequence[str], data: Sequence[bytes]) -> tuple[dict[int, bytes], list[str]]:
        """The scaled side files among these files, by index; and messages about those that are not scaled."""
        sides: dict[int, bytes] = {}
        sentences: list[str] = []
        for index, (path, whole) in enumerate(zip(paths, data, strict=True)):
            scaled, sentence = self._scaled(path, whole)
            if scaled is not None:
                sides[index] = scaled
            if sentence:
                sentences.append(f"{path}: {sentence}")
        return sides, sentences

    def _scaled(self, path: str, data: bytes) -> tuple[bytes | None, str]:
        if PurePosixPath(path).suffix.lower() not in ENDINGS or self._rule_of(path).reason:
            return None, ""
        if (side := parse(path, data)) is not None:
            return scaled_side(path, data, side, self._growth)
        picture = suspicion(path, data)
        if picture and self._holds(_place(path, picture)):
            return None, UNKNOWN.format(PurePosixPath(path).name, picture)
        return None, ""

    def facts(self, path: str) -> Facts:
        """The facts about a picture."""
        folder = PurePosixPath(path).parent.as_posix()
        if folder not in self._folders:
            sides: list[SideFile] = []
            for name in self._listing.names(folder):
                if PurePosixPath(name).suffix.lower() in UNDERSTOOD and len(sides) < _MOST_SIDES:
                    side = parse(name, self._listing.read(name, MOST_BYTES + 1))  # `parse` refuses larger ones
                    sides += [side] if side is not None else []
            self._folders[folder] = sides
        return facts_for(PurePosixPath(path).name, self._folders[folder])

    def _holds(self, path: str) -> bool:
        return path in self._listing.names(PurePosixPath(path).parent.as_posix())

    def _growth(self, path: str) -> int:
        if not self._holds(path) or PurePosixPath(path).suffix.lower() not in READABLE:
            return 1
        rule = self._rule_of(path)
        if not rule.upscale or rule.treatment.into:
            return 1
        return self._limits.scale_by_head(self._listing.read(path, HEAD), self._scale)
