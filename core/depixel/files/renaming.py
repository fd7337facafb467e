"""
Gives a finished file its name without replacing a file that another program put there meanwhile.

Linux and macOS have calls for "rename unless the name is taken" and for "swap two names" (renameat2(2), renamex_np(2));
Windows never renames to a taken name. If the file system supports neither, a hard link serves for the first; if it does
not support links either (exFAT with some drivers), the name is checked and then used. None of these leaves an empty
file behind if the process dies in between.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

_AT_FDCWD = -100
_NOREPLACE, _EXCHANGE = 1, 2  # Linux: RENAME_NOREPLACE, RENAME_EXCHANGE
_SWAP, _EXCL = 2, 4  # macOS: RENAME_SWAP, RENAME_EXCL
_UNSUPPORTED = frozenset(
    {errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EACCES, errno.EMLINK, errno.EXDEV, errno.ENOTSUP, errno.EOPNOTSUPP}
)


def rename_new(part: Path, path: Path) -> None:
    """
    Rename `part` to `path`, both in one folder, unless the name is taken.

    Raises:
        FileExistsError: it is taken; neither file has changed.
        OSError: the file system refuses.
    """
    if os.name == "nt":
        part.rename(path)  # fails if the name is taken
        return
    if _renamed(part, path, _NOREPLACE, _EXCL):
        return
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        part.rename(path)
        return
    part.unlink()


def exchange(part: Path, path: Path) -> bool:
    """Swap two names in one folder atomically; False, with nothing changed, if the system cannot."""
    try:
        return os.name != "nt" and _renamed(part, path, _EXCHANGE, _SWAP)
    except FileNotFoundError:
        return False


# False if the system or the file system has no such call. Raises the system's OSError.
def _renamed(part: Path, path: Path, linux: int, mac: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    source, target = os.fsencode(part), os.fsencode(path)
    if sys.platform == "linux" and hasattr(libc, "renameat2"):
        answer = libc.renameat2(_AT_FDCWD, source, _AT_FDCWD, target, ctypes.c_uint(linux))
    elif sys.platform == "darwin" and hasattr(libc, "renamex_np"):
        answer = libc.renamex_np(source, target, ctypes.c_uint(mac))
    else:
        return False
    if answer == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        return False
    raise OSError(number, os.strerror(number), str(path))
