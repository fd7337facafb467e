"""
Publishes an output: it is written under another name, flushed to the disk, announced in the ledger, and renamed. The
next start can continue after each step; files that are not ours are never replaced.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from depixel.errors import DepixelError, UnwritableOutputError
from depixel.files.renaming import exchange, rename_new
from depixel_watch.folder.scan import OURS
from depixel_watch.folder.stamps import Stamp, digest_of, open_regular, stamp_from, stamp_of
from depixel_watch.ledger.claims import foreign, owns
from depixel_watch.ledger.ledger import Row
from depixel_watch.work.pauses import reason_of

_BLOCK = 2**20


@dataclass(frozen=True)
class Part:
    """A finished output without its final name; its bytes are on the disk."""

    path: Path
    digest: str  # of its bytes
    what: str = "done"  # or copied
    remark: str = ""
    answer: bool = True  # of the engine, not a copy of the source
    seconds: float = 0.0  # for encoding and writing


def reached(step: str) -> None:
    """Called after each step of publication. Tests and the kill benchmark replace it to inject faults."""
    del step


def new_part(target: Path) -> tuple[Path, BinaryIO]:
    """
    A file next to `target`, open for writing, with the permissions that the output will have.

    Raises:
        UnwritableOutputError: the folder cannot be created or written.
    """
    part = _part_name(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableOutputError(f"The folder {target.parent} cannot be created: {reason_of(error)}.") from error
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(part, flags, _permissions(target))
    except (OSError, ValueError) as error:  # ValueError: a name that contains NUL
        raise UnwritableOutputError(f"{target} cannot be written: {reason_of(error)}.") from error
    return part, os.fdopen(handle, "w+b")


# Short, because the output's own name may be as long as possible.
def _part_name(target: Path) -> Path:
    return target.with_name(f"{OURS}{secrets.token_hex(6)}.part")


def write_part(target: Path, data: bytes, mtime_ns: int | None = None) -> tuple[Path, str]:
    """
    Write the bytes of an output to the disk under another name; returns them with their digest. Raises like `new_part`.
    """
    part, file = new_part(target)
    with _cleaned(part, target), file:
        file.write(data)
        seal(part, file, mtime_ns)
    return part, hashlib.sha256(data).hexdigest()[:32]


def copy_part(source: Path, target: Path, mtime_ns: int | None = None) -> tuple[Path, str]:
    """Like `write_part`, from a file of any size. Also raises OSError if the source cannot be read."""
    content = hashlib.sha256()
    with os.fdopen(open_regular(source), "rb") as original:
        part, file = new_part(target)
        with _cleaned(part, target), file:
            while block := original.read(_BLOCK):
                content.update(block)
                file.write(block)
            seal(part, file, mtime_ns)
    return part, content.hexdigest()[:32]


def seal(part: Path, file: BinaryIO, mtime_ns: int | None = None) -> None:
    """Flush the file to the disk, and set its time if one is given."""
    file.flush()
    reached("written")
    os.fsync(file.fileno())
    if mtime_ns is not None:
        with contextlib.suppress(OSError, OverflowError):
            os.utime(part, ns=(mtime_ns, mtime_ns))
    reached("on the disk")


@contextlib.contextmanager
def _cleaned(part: Path, target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UnwritableOutputError(f"{target} cannot be written: {reason_of(error)}.") from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


# A replaced file keeps its permissions; a new one gets the user's default.
def _permissions(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode) & 0o666
    except (OSError, ValueError):
        return 0o666


def publish(part: Part, target: Path, row: Row | None) -> Stamp:
    """
    Give a finished output its name; the folder's entry is flushed by `flush_folders`.

    Args:
        row: the previous row of this source, by which a file at the output's path is recognised as ours.

    Returns:
        The output's stamp.

    Raises:
        OutputExistsError: a file that is not ours is at its path; it is kept, and the part is deleted.
        UnwritableOutputError: the system refuses.
    """
    try:
        return _publish(part, target, row)
    except FileExistsError:
        raise foreign(target) from None
    except OSError as error:
        raise UnwritableOutputError(f"{target} cannot be written: {reason_of(error)}.") from error
    finally:
        with contextlib.suppress(OSError):
            part.path.unlink(missing_ok=True)


def _publish(part: Part, target: Path, row: Row | None) -> Stamp:
    there = stamp_of(target)
    if there is None and not target.is_symlink():
        inode = part.path.stat().st_ino
        rename_new(part.path, target)
        reached("named")
        return _stamp(target, inode)
    if there is not None and not (row is not None and row.out == there) and _is_same(part, target):
        return there  # an earlier run renamed it and died before recording that
    if there is None or not owns(row, target, there):
        raise foreign(target)
    inode = part.path.stat().st_ino
    if exchange(part.path, target):
        reached("exchanged")
        if _is_another(part.path, there):  # it appeared there in the meantime, and is put back
            exchange(part.path, target)
            raise foreign(target)
    else:
        _replace_in_steps(part.path, target, there)
    reached("named")
    return _stamp(target, inode)


# Without an exchange of names (Windows, exFAT, network disks): the previous output is put aside and examined, because a
# file that replaced it after the last look must not be lost. For a moment, no file has the output's name.
def _replace_in_steps(part: Path, target: Path, there: Stamp) -> None:
    aside = _part_name(target)
    target.rename(aside)
    reached("put aside")
    if _is_another(aside, there):
        _put_back(aside, target)
        raise foreign(target)
    try:
        rename_new(part, target)
    except FileExistsError:  # another program took the name in between
        aside.unlink(missing_ok=True)
        raise
    except OSError:
        _put_back(aside, target)
        raise
    aside.unlink(missing_ok=True)


def _put_back(aside: Path, target: Path) -> None:
    try:
        rename_new(aside, target)
    except FileExistsError:
        aside.rename(target.with_name(f"{target.stem[:100]}-kept-{secrets.token_hex(4)}{target.suffix}"))


# Whether this file, which had the output's name, is not the one that was examined there.
def _is_another(path: Path, there: Stamp) -> bool:
    stamp = stamp_from(path.lstat())
    return stamp.inode != there.inode and not stamp.looks_like(there)


# The stamp of the output that we renamed: if another file has already replaced it, its stamp matches none.
def _stamp(target: Path, inode: int) -> Stamp:
    about = target.stat()
    return stamp_from(about) if about.st_ino == inode else Stamp(-1, 0)


def _is_same(part: Part, target: Path) -> bool:
    try:
        return not target.is_symlink() and digest_of(target) == part.digest
    except (OSError, DepixelError):
        return False


def flush_folders(folders: Iterable[Path]) -> None:
    """Flush the entries of folders to the disk, if folders can be opened; the files themselves are already safe."""
    if os.name == "nt":
        return
    for folder in set(folders):
        with contextlib.suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
    reached("folders flushed")
