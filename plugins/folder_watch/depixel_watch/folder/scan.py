"""Walks a mod folder: visits every file once, without loops, keeping only the unvisited folders in memory."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from depixel.bystanders import is_system_file
from depixel_watch.folder.stamps import Stamp, stamp_from
from depixel_watch.ledger.ledger import LEDGER_NAME

OURS = ".depixel-"
"""Names that begin with this are ours: ledger, lock, unfinished outputs."""

_LARGE_FOLDER = 5000  # entries


class FileEntry(NamedTuple):
    """A file in the watched folder, with its stamp."""

    path: str  # relative, with forward slashes
    stamp: Stamp


@dataclass
class Changes:
    """What must be checked: relative paths with forward slashes."""

    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)  # to be listed, without their subfolders

    def __bool__(self) -> bool:
        return bool(self.files or self.folders)

    def add(self, files: Iterable[str], folders: Iterable[str] = ()) -> None:
        """Check these too."""
        self.files.update(files)
        self.folders.update(folders)


@dataclass
class Findings:
    """What a walk through the folder found besides files."""

    trouble: Callable[[str], None]  # called with a sentence for each link that is skipped
    unreadable: dict[str, str] = field(default_factory=dict)  # folder ("" = the root) => why it cannot be read
    mounts: set[str] = field(default_factory=set)  # folders that are mount points
    folders: set[str] = field(default_factory=set)  # that were listed
    files: set[str] = field(default_factory=set)  # that were checked one by one
    counts: dict[str, int] = field(default_factory=dict)  # folder => entries

    def covers(self, path: str) -> bool:
        """Whether the walk would have found a file."""
        return path in self.files or path.rpartition("/")[0] in self.folders


def look_at(root: Path, findings: Findings, changes: Changes, counts: dict[str, int]) -> Iterator[FileEntry]:
    """
    The changed files and the files next to them, because one file may decide how another is treated.

    Args:
        counts: entries of each folder; in a large folder only the changed files are checked.
    """
    folders = set(changes.folders)
    for path in changes.files:
        folder = path.rpartition("/")[0]
        if counts.get(folder, 0) <= _LARGE_FOLDER:
            folders.add(folder)
        else:
            findings.files.update((path, path.removesuffix(".mcmeta")))
    for path in findings.files:
        if path.rpartition("/")[0] not in folders:
            with contextlib.suppress(OSError):
                about = (root / path).stat()
                if stat.S_ISREG(about.st_mode) and not any(is_system_file(part) for part in path.split("/")):
                    yield FileEntry(path, stamp_from(about))
    yield from walk(root, findings, folders)


def walk(root: Path, findings: Findings, only: Iterable[str] | None = None) -> Iterator[FileEntry]:
    """
    All regular files below `root`. Links to folders are not followed, because they may form circles or lead out of the
    mod; links to files are. A folder with a ledger holds outputs, which are not inputs.

    Args:
        only: list these folders, without their subfolders; None = the whole tree.
    """
    todo = [""] if only is None else list(only)
    devices = {"": _device(root)}
    while todo:
        folder = todo.pop()
        try:
            with os.scandir(root / folder) as entries:
                findings.folders.add(folder)
                count = 0
                for entry in () if os.path.lexists(root / folder / LEDGER_NAME) else entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    count += 1
                    if is_system_file(entry.name):
                        continue
                    if entry.is_dir(follow_symlinks=False) and not _is_link(entry):
                        if only is None:
                            _note_mount(root, folder, path, devices, findings)
                            todo.append(path)
                    elif (stamp := _file(entry, path, folder or str(root), findings)) is not None:
                        yield FileEntry(path, stamp)
                findings.counts[folder] = count
        except FileNotFoundError:
            if only is None and folder == "":
                findings.unreadable[folder] = _unread(str(root), "it does not exist")
        except OSError as error:
            findings.unreadable[folder] = _unread(folder or str(root), (error.strerror or str(error)).lower())


def _file(entry: os.DirEntry[str], path: str, folder: str, findings: Findings) -> Stamp | None:
    link = _is_link(entry)
    try:
        about = entry.stat()
    except OSError as error:
        if link:
            findings.trouble(f"{path} is a broken link.")
        elif not isinstance(error, FileNotFoundError):  # unless it was deleted meanwhile
            findings.unreadable[path.rpartition("/")[0]] = _unread(folder, (error.strerror or str(error)).lower())
        return None
    if link and stat.S_ISDIR(about.st_mode):
        findings.trouble(f"{path} is a link to a folder and is not followed; watch that folder separately.")
    return stamp_from(about) if stat.S_ISREG(about.st_mode) else None


def _note_mount(root: Path, folder: str, path: str, devices: dict[str, int], findings: Findings) -> None:
    devices[path] = device = _device(root / path)
    if device != devices.get(folder, device):
        findings.mounts.add(path)


def _device(path: Path) -> int:
    try:
        return path.stat().st_dev
    except OSError:
        return 0


def vanished_mount(root: Path, path: str, mounts: Iterable[str]) -> str | None:
    """The disk of a file, if it was mounted below `root` before and is not mounted now."""
    for folder in mounts:
        if path.startswith(f"{folder}/") and _device(root / folder) in (0, _device((root / folder).parent)):
            return folder
    return None


def _unread(folder: str, reason: str) -> str:
    return f"The folder {folder} cannot be read: {reason}."


# Junctions on Windows are links, but not symbolic links.
def _is_link(entry: os.DirEntry[str]) -> bool:
    if sys.platform == "win32":
        return entry.is_symlink() or entry.stat(follow_symlinks=False).st_reparse_tag == stat.IO_REPARSE_TAG_MOUNT_POINT
    return entry.is_symlink()
