"""
Plans memory in advance: a picture that does not fit is refused with a sentence, before the system kills the process.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from depixel.errors import DepixelError
from depixel.files import claimed_pixels
from depixel.picture import Picture

BYTES_PER_ANSWER = 24
"""Bytes at the peak for each pixel of an answer: a 2048x2048 texture x4 takes 1.6 GB (benchmarks/results)."""
BYTES_PER_PIXEL = 16
"""Bytes for each pixel of the input, decoded."""
_SPARED = 0.8  # fraction of the free memory that one picture may use
_CGROUP = Path("/sys/fs/cgroup")


class TooLittleMemoryError(DepixelError):
    """The picture would need more memory than is free now; it is tried again in later passes."""

    code = "memory"


def available() -> int | None:
    """Bytes that this process can still allocate, according to the system and its container; None = unknown."""
    values = [value for value in (_of_system(), _of_container()) if value is not None]
    return min(values) if values else None


def _of_system() -> int | None:
    try:
        if sys.platform == "linux":
            lines = Path("/proc/meminfo").read_text("ascii").splitlines()
            return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable")), None)
        if sys.platform == "win32":
            status = (ctypes.c_uint64 * 8)()
            status[0] = 64  # dwLength of MEMORYSTATUSEX
            ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
            return int(status[2])  # ullAvailPhys
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2  # macOS reports only the total
    except (OSError, ValueError, AttributeError):
        return None


def _of_container() -> int | None:
    try:
        limit, used = ((_CGROUP / name).read_text("ascii").strip() for name in ("memory.max", "memory.current"))
        return None if limit == "max" else max(0, int(limit) - int(used))
    except (OSError, ValueError):
        return None


def needed(pixels: int, scale: int) -> int:
    """Peak memory in bytes for answering a picture with this many pixels (over all frames)."""
    return pixels * (BYTES_PER_PIXEL + BYTES_PER_ANSWER * scale * scale)


def check_claim(name: str, head: bytes, scale: int) -> None:
    """Like `check`, from the first bytes of a file, before it is decoded."""
    _check(name, claimed_pixels(head) or 0, scale)


def check(picture: Picture, scale: int) -> None:
    """Raises TooLittleMemoryError if the answer to a decoded picture does not fit."""
    _check(picture.name, picture.pixel_count, scale)


def _check(name: str, pixels: int, scale: int) -> None:
    need = needed(pixels, scale)
    if need < 2**28:  # not worth asking the system
        return
    free = available()
    if free is not None and need > _SPARED * free:
        raise TooLittleMemoryError(
            f"{name} needs about {need / 1e9:.1f} GB of memory at scale {scale}, and {free / 1e9:.1f} GB are free; "
            "use a smaller --scale, cap results with --most, or leave large textures alone with --only-below."
        )
