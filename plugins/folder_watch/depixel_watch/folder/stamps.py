"""What a directory says about a file without opening it, and when a newly copied file is complete."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from depixel.errors import UnreadablePictureError

_NO_SUCH_NAME = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)  # this disk does not support the name
_BLOCK = 2**20


class Stamp(NamedTuple):
    """
    Size and times of a file, and its number on its disk. If new content has the same size and modification time (zips
    with fixed dates, mod managers), the change time or the number still differs. Each value fits into 64 bits.
    """

    size: int  # bytes
    mtime_ns: int
    ctime_ns: int = 0  # of the last change of anything, including the name; Windows: creation time
    inode: int = 0

    def looks_like(self, other: Stamp) -> bool:
        """Whether size and modification time are the same."""
        return self.size == other.size and self.mtime_ns == other.mtime_ns


def stamp_from(about: os.stat_result) -> Stamp:
    """
    The stamp from the result of `os.stat`. Very distant times (the year 2300) are wrapped: equal times stay equal.
    """
    return Stamp(about.st_size, _wrapped(about.st_mtime_ns), _wrapped(about.st_ctime_ns), _wrapped(about.st_ino))


def _wrapped(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63


def stamp_of(path: Path) -> Stamp | None:
    """The file's current stamp; None if it does not exist. Raises OSError if that is unknown."""
    try:
        return stamp_from(path.stat())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno not in _NO_SUCH_NAME:
            raise
        return None


def stamp_if_seen(path: Path) -> Stamp | None:
    """As `stamp_of`; a file that cannot be checked (for example a circular link) counts as missing."""
    try:
        return stamp_of(path)
    except OSError:
        return None


def is_file(path: Path) -> bool:
    """Whether this is an accessible regular file, not a pipe or device."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def open_regular(path: Path) -> int:
    """
    A descriptor for reading a regular file. It never blocks, unlike opening a pipe without a writer.

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
    Records since when each file has not changed.

    Args:
        quiet: seconds for which a file must not change.
        clock: a monotonic clock, in seconds; tests pass their own.
    """

    def __init__(self, quiet: float, clock: Callable[[], float]) -> None:
        self._quiet = quiet
        self._clock = clock
        self._seen: dict[str, tuple[Stamp, float]] = {}

    def is_still(self, path: str, stamp: Stamp) -> bool:
        """Record the file's stamp; True if it has not changed for the quiet period."""
        now = self._clock()
        before = self._seen.get(path)
        if before is None or before[0] != stamp:
            self._seen[path] = (stamp, now)
            return self._quiet <= 0
        return now - before[1] >= self._quiet

    def is_waited_for(self, path: str, stamp: Stamp) -> bool:
        """Whether the file was seen before but has not been unchanged for long enough; records its stamp."""
        return path in self._seen and not self.is_still(path, stamp)

    @property
    def seconds(self) -> float:
        """Seconds until the first of the files may have been unchanged for long enough; 0 if there are none."""
        now = self._clock()
        return max(0.0, min((since + self._quiet - now for _, since in self._seen.values()), default=0.0))

    def forget(self, path: str) -> None:
        """Forget a file that was processed, or no longer exists."""
        self._seen.pop(path, None)

    def keep_only(self, paths: Iterable[str], within: Callable[[str], bool] = lambda path: True) -> None:
        """Forget every file that is not among these; only files for which `within` is true are considered."""
        kept = set(paths)
        for path in [p for p in self._seen if p not in kept and within(p)]:
            del self._seen[path]

    def stamps(self) -> list[Stamp]:
        """The stamps of the files that were not processed yet."""
        return [stamp for stamp, _ in self._seen.values()]

    def paths(self) -> list[str]:
        """The files that were not processed yet."""
        return list(self._seen)

    @property
    def waiting(self) -> int:
        """The number of files that are not complete yet."""
        return len(self._seen)
