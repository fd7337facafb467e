"""
Linux file events for a whole tree at low cost: one thread that reads at most once a second while files keep
changing, so that a log that grows all day costs no more than that.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
import threading
from collections.abc import Callable
from pathlib import Path

from depixel.bystanders import is_system_file

_MODIFY, _MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x2, 0x40, 0x80, 0x100, 0x200
_CLOSE_WRITE, _ATTRIB, _DELETE_SELF, _MOVE_SELF = 0x8, 0x4, 0x400, 0x800
_OVERFLOW, _IGNORED = 0x4000, 0x8000
_IS_FOLDER, _ONLY_FOLDERS, _NO_LINKS = 0x40000000, 0x1000000, 0x2000000
_MASK = (
    _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF
    | _ONLY_FOLDERS
)  # fmt: skip

_HEAD = struct.Struct("iIII")
_BUFFER = 2**20
_SECONDS = 1.0  # between two reads while events keep coming
_AT_ONCE = 0.05  # after a silence: related events are read together

_LIMITS = {
    errno.ENOSPC: "the limit of inotify watches is reached: fs.inotify.max_user_watches",
    errno.EMFILE: "the limit of inotify instances is reached: fs.inotify.max_user_instances",
}

Change = Callable[[str, bool], None]
"""Gets the relative path of the change ("" = anything may have changed), and whether it is a folder."""


class TreeEvents:
    """
    Reports changes in a folder and all folders below it, including later ones. Links to folders are not followed, and
    hidden folders and system folders are not watched.

    Args:
        tell: called in the reading thread with each change.
        fail: called there with a reason if events are lost from now on.

    Raises:
        OSError: the system does not support events, or not for this many folders.
    """

    def __init__(self, root: Path, tell: Change, fail: Callable[[str], None]) -> None:
        self._root, self._tell, self._fail = os.fsencode(root), tell, fail
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._file = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._file < 0:
            raise _refusal()
        self._folders: dict[int, bytes] = {}  # watch => relative path of its folder
        self._watches: dict[bytes, int] = {}
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, name="file events", daemon=True)
        try:
            self._watch(b"")
        except OSError:
            self._release()
            raise
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        os.write(self._end, b".")
        self._thread.join()
        self._release()

    def _release(self) -> None:
        for handle in (self._file, self._ended, self._end):
            os.close(handle)

    # A folder and everything below it. Files created in it before it was watched are covered by reporting the folder.
    def _watch(self, folder: bytes) -> None:
        todo = [folder]
        while todo:
            place = todo.pop()
            path = _joined(self._root, place) if place else self._root
            watch = self._libc.inotify_add_watch(self._file, path, _MASK | (_NO_LINKS if place else 0))
            if watch < 0:
                number = ctypes.get_errno()
                if number in _LIMITS or not place:
                    raise _refusal()
                continue  # deleted again or unreadable: the scan of the whole folder reports it
            self._folders[watch], self._watches[place] = place, watch
            try:
                with os.scandir(path) as entries:
                    todo += [
                        _joined(place, entry.name)
                        for entry in entries
                        if entry.is_dir(follow_symlinks=False) and not is_system_file(os.fsdecode(entry.name))
                    ]
            except OSError:
                continue

    # A folder that was renamed or moved away keeps its watches, which would report old names.
    def _forget(self, folder: bytes) -> None:
        inside = folder + b"/"
        for place in [place for place in self._watches if place == folder or place.startswith(inside)]:
            watch = self._watches.pop(place)
            self._folders.pop(watch, None)
            self._libc.inotify_rm_watch(self._file, watch)

    def _run(self) -> None:
        waiting, pause = select.poll(), select.poll()
        for poll in (waiting, pause):
            poll.register(self._ended, select.POLLIN)
        waiting.register(self._file, select.POLLIN)
        while True:
            if any(handle == self._ended for handle, _ in waiting.poll()):
                return
            seconds = _AT_ONCE
            while True:
                if pause.poll(seconds * 1000):
                    return
                if not self._read():
                    break
                seconds = _SECONDS

    # Everything that has arrived so far; False if nothing has.
    def _read(self) -> bool:
        some = False
        while True:
            try:
                data = os.read(self._file, _BUFFER)
            except BlockingIOError:
                return some
            some = True
            seen: set[tuple[bytes, int]] = set()
            at = 0
            while at < len(data):
                watch, mask, _, length = _HEAD.unpack_from(data, at)
                name = data[at + _HEAD.size : at + _HEAD.size + length].rstrip(b"\0")
                at += _HEAD.size + length
                if (name, mask | watch << 32) not in seen:  # a file that is written in small steps
                    seen.add((name, mask | watch << 32))
                    self._event(watch, mask, name)

    def _event(self, watch: int, mask: int, name: bytes) -> None:
        if mask & _OVERFLOW:
            self._tell("", True)
            return
        folder = self._folders.get(watch)
        if folder is None:
            return
        if mask & (_IGNORED | _DELETE_SELF | _MOVE_SELF):
            if mask & _IGNORED:
                self._folders.pop(watch, None)
                if self._watches.get(folder) == watch:
                    del self._watches[folder]
            if not folder:
                self._tell("", True)
            return
        path, is_folder = _joined(folder, name) if name else folder, bool(mask & _IS_FOLDER)
        if is_folder and mask & (_MOVED_FROM | _MOVED_TO | _CREATE):
            if not mask & _CREATE:
                self._forget(path)
            if not mask & _MOVED_FROM and not is_system_file(os.fsdecode(name)):
                self._watch_later(path)
        if is_folder and not mask & (_MOVED_FROM | _MOVED_TO | _CREATE | _DELETE):
            return  # its entries are reported separately
        self._tell(os.fsdecode(path), is_folder)

    def _watch_later(self, folder: bytes) -> None:
        try:
            self._watch(folder)
        except OSError as error:
            self._fail(error.strerror or str(error))


def _joined(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name


def _refusal() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, _LIMITS.get(number, os.strerror(number)))
