"""What a directory tells of a file without opening it, and when a dropped file is complete."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from depixel.errors import UnreadablePictureError

_NO_SUCH_NAME = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)  # this disk has no such names
_BLOCK = 2**20


class Stamp(NamedTuple):
    """
    Size and times of a file, and its number on its disk. Where a new content keeps size and modification time (zips
    with fixed dates, mod managers), the time of change or the number still differs. Each value fits into 64 bits.
    """

    size: int  # bytes
    mtime_ns: int
    ctime_ns: int = 0  # of the last change of anything, name included; Windows: when the file was created
    inode: int = 0

    def looks_like(self, other: Stamp) -> bool:
        """Whether size and modification time are the same."""
        return self.size == other.size and self.mtime_ns == other.mtime_ns


def stamp_from(about: os.stat_result) -> Stamp:
    """Of a file that was looked at. Times far from ours (a file of the year 2300) are wrapped: equal stays equal."""
    return Stamp(about.st_size, _wrapped(about.st_mtime_ns), _wrapped(about.st_ctime_ns), _wrapped(about.st_ino))


def _wrapped(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63


def stamp_of(path: Path) -> Stamp | None:
    """What the file looks like now; None when it is gone. Raises OSError when that cannot be known."""
    try:
        return stamp_from(path.stat())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno not in _NO_SUCH_NAME:
            raise
        return None


def stamp_if_seen(path: Path) -> Stamp | None:
    """As `stamp_of`; a file that cannot be looked at (a link in circles, say) counts as not there."""
    try:
        return stamp_of(path)
    except OSError:
        return None


def is_file(path: Path) -> bool:
    """Whether a regular file is there that can be looked at; a pipe or a device is none."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def open_regular(path: Path) -> int:
    """
    A descriptor to read a regular file with. Never waits: a pipe without a writer would be waited for without end.

    Raises:
        UnreadablePictureError: it is a pipe, a device or a folder.
        OSError: it cannot be opened.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    handle = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UnreadablePictureError(f"{path.name} is not a regular file; it is left alone.")
    return handle


def read_regular(path: Path, most: int | None = None) -> bytes:
    """All of a regular file, or its first `most` bytes. Raises as `open_regular` does."""
    with os.fdopen(open_regular(path), "rb") as file:
        return file.read() if most is None else file.read(most)


def digest_of(path: Path) -> str:
    """Digest of a regular file's bytes, read block by block. Raises as `open_regular` does."""
    content = hashlib.sha256()
    with os.fdopen(open_regular(path), "rb") as file:
        while block := file.read(_BLOCK):
            content.update(block)
    return content.hexdigest()[:32]


class StabilityTracker:
    """
    Remembers since when each file has looked the same.

    Args:
        quiet: seconds that a file must stand still.
        clock: seconds that never go back; tests bring their own.
    """

    def __init__(self, quiet: float, clock: Callable[[], float]) -> None:
        self._quiet = quiet
        self._clock = clock
        self._seen: dict[str, tuple[Stamp, float]] = {}

    def is_still(self, path: str, stamp: Stamp) -> bool:
        """Note what the file looks like now; true when it has looked so for the quiet period."""
        now = self._clock()
        before = self._seen.get(path)
        if before is None or before[0] != stamp:
            self._seen[path] = (stamp, now)
            return self._quiet <= 0
        return now - before[1] >= self._quiet

    def is_waited_for(self, path: str, stamp: Stamp) -> bool:
        """Whether the file was seen before and does not stand still long enough yet; notes what it looks like now."""
        return path in self._seen and not self.is_still(path, stamp)

    @property
    def seconds(self) -> float:
        """Until the first of the files may have stood still long enough; 0 when there are none."""
        now = self._clock()
        return max(0.0, min((since + self._quiet - now for _, since in self._seen.values()), default=0.0))

    def forget(self, path: str) -> None:
        """The file is dealt with, or gone."""
        self._seen.pop(path, None)

    def keep_only(self, paths: Iterable[str], within: Callable[[str], bool] = lambda path: True) -> None:
        """Forget every file that is not among these; only files for which `within` is true are looked at."""
        kept = set(paths)
        for path in [p for p in self._seen if p not in kept and within(p)]:
            del self._seen[path]

    def stamps(self) -> list[Stamp]:
        """What the files look like that are not dealt with yet."""
        return [stamp for stamp, _ in self._seen.values()]

    def paths(self) -> list[str]:
        """The files that are not dealt with yet."""
        return list(self._seen)

    @property
    def waiting(self) -> int:
        """Files that are not complete yet."""
        return len(self._seen)
