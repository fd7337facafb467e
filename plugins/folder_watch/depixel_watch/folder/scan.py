"""Walk a mod folder: every file once, no loops, nothing held but the folders still to visit."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from depixel_watch.folder.stability import Stamp
from depixel_watch.ledger.ledger import LEDGER_NAME

OURS = ".depixel-"
"""What begins so is ours: ledger, lock, unfinished outputs."""


class FileEntry(NamedTuple):
    """One file."""

    path: str  # relative, with forward slashes
    stamp: Stamp


def walk(root: Path, trouble: Callable[[str], None]) -> Iterator[FileEntry]:
    """
    All regular files below `root`. Links to folders are not followed (they may lead round in circles or out of the
    mod); links to files are. A folder with a ledger in it holds outputs, which are no inputs. `trouble` gets a sentence
    for each folder that cannot be read and for each link that is passed over.
    """
    todo = [""]
    while todo:
        folder = todo.pop()
        try:
            with os.scandir(root / folder) as entries:
                for entry in () if os.path.lexists(root / folder / LEDGER_NAME) else entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.name.startswith(OURS):
                        continue
                    link = _is_link(entry)
                    if entry.is_dir(follow_symlinks=False) and not link:
                        todo.append(path)
                        continue
                    try:
                        about = entry.stat()
                    except OSError as error:
                        if link:
                            trouble(f"{path} is a link that leads nowhere.")
                        elif not isinstance(error, FileNotFoundError):  # that: gone since
                            trouble(_unread(folder or root, error))
                        continue
                    if link and stat.S_ISDIR(about.st_mode):
                        trouble(f"{path} is a link to a folder: not followed; watch that folder by itself.")
                    if stat.S_ISREG(about.st_mode):
                        yield FileEntry(path, Stamp(about.st_size, about.st_mtime_ns))
        except OSError as error:
            trouble(_unread(folder or root, error))


def _unread(folder: Path | str, error: OSError) -> str:
    return f"The folder {folder} cannot be read: {(error.strerror or str(error)).lower()}."


# Windows' junctions are links too, but no symbolic ones.
def _is_link(entry: os.DirEntry[str]) -> bool:
    if sys.platform == "win32":
        return entry.is_symlink() or entry.stat(follow_symlinks=False).st_reparse_tag == stat.IO_REPARSE_TAG_MOUNT_POINT
    return entry.is_symlink()


def stamp_of(path: Path) -> Stamp | None:
    """What the file looks like now; None when it is gone. Raises OSError when that cannot be known."""
    try:
        about = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno not in (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL):  # this disk has no such names
            raise
        return None
    return Stamp(about.st_size, about.st_mtime_ns)


def stamp_if_seen(path: Path) -> Stamp | None:
    """As `stamp_of`, and what cannot be looked at (a link in circles, say) is as good as not there."""
    try:
        return stamp_of(path)
    except OSError:
        return None
