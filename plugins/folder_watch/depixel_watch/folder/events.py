"""File events as hints: they say when to scan, never what happened. Without events the folder is polled."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from depixel_watch.folder.scan import Changes

_MOST_CHANGES = 5000
_NO_EVENTS = "File events are not available here ({})."

POLL_SECONDS = 5.0
"""The longest interval between two scans of a folder without events."""

# Their servers do not report changes by other machines.
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "smb2", "afpfs", "webdav", "davfs", "ncpfs", "afs", "ceph", "glusterfs",
     "9p", "virtiofs", "vboxsf", "vmhgfs", "fuse.sshfs", "fuse.rclone", "fuse.glusterfs", "fuse.davfs2",
     "fuse.gvfsd-fuse", "fuse.vmhgfs-fuse", "fuse.portal"}
)  # fmt: skip


class EventSource(Protocol):
    """A source of file events, until it is closed."""

    def close(self) -> None:
        """Stop listening."""
        ...


class ChangeHints:
    """
    Wakes the waiting thread when something below a folder changes, and says where. Reading a file does not count.

    Args:
        poll: do not use events.
        cares: whether a change of the file at this relative path matters; other changes are ignored.
    """

    def __init__(
        self,
        folder: Path,
        *,
        poll: bool = False,
        mounts: Path = Path("/proc/mounts"),
        cares: Callable[[str], bool] = lambda path: True,
    ) -> None:
        self._folder, self.cares = folder, cares
        self._changed = threading.Event()
        self._lock = threading.Lock()
        self._files: set[str] = set()
        self._trees: set[str] = set()  # new or deleted folders
        self._source: EventSource | None = None
        self.problem = ""
        """The reason why there are no events; empty if there are."""
        if poll:
            self.problem = "File events are not used (--poll)."
            return
        kind = file_system_of(folder, mounts)
        if kind in _NETWORK:
            self.problem = f"The folder is on a network drive or a shared folder ({kind}), which reports no changes."
            return
        try:
            self._source = _source(folder, self)
        except (OSError, RuntimeError) as error:
            reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
            self.problem = _NO_EVENTS.format(reason)

    def lost(self, reason: str) -> None:
        """Note that changes are no longer reported, or not all of them. May be called from any thread."""
        self.problem = _NO_EVENTS.format(reason)
        self._changed.set()

    def changed(self, path: str, is_folder: bool) -> None:
        """Note a change at this relative path; "" = anything may have changed. Any thread may call it."""
        if not (is_folder or self.cares(path)):
            return
        with self._lock:
            (self._trees if is_folder else self._files).add(path)
        self._changed.set()

    def wait(self, seconds: float) -> bool:
        """Wait at most this long; True if something changed since the last call that returned True."""
        changed = self._changed.wait(seconds)
        if changed:  # otherwise a change that comes just now would be forgotten
            self._changed.clear()
        return changed

    def wake(self) -> None:
        """End the wait."""
        self._changed.set()

    def take(self) -> Changes | None:
        """What changed since the last call; None = too much, so everything must be scanned."""
        with self._lock:
            files, trees = self._files, self._trees
            self._files, self._trees = set(), set()
        if "" in trees or len(files) + len(trees) > _MOST_CHANGES:
            return None
        folders = {tree.rpartition("/")[0] for tree in trees}
        for tree in trees:
            for inner, _, _ in os.walk(self._folder / tree):
                folders.add(Path(inner).relative_to(self._folder).as_posix())
        return Changes(files, folders)

    def close(self) -> None:
        """Stop listening."""
        if self._source is not None:
            self._source.close()
            self._source = None


# Linux: our own reader, because watchdog has three threads that wake at every write to a log, and ignores folders that
# the system refuses to watch (observed with 7.1), so that reaching the limit would go unnoticed.
def _source(folder: Path, hints: ChangeHints) -> EventSource:
    if sys.platform.startswith("linux"):
        from depixel_watch.folder.inotify import TreeEvents

        return TreeEvents(folder, hints.changed, hints.lost)
    from depixel_watch.folder.observer import Observed

    return Observed(folder, hints.changed)


def file_system_of(folder: Path, mounts: Path) -> str:
    """
    The kind of a folder's file system, in lower case; empty if unknown.

    Args:
        mounts: Linux's list of mounts.
    """
    if sys.platform == "win32":
        remote = ctypes.windll.kernel32.GetDriveTypeW(folder.resolve().anchor) == 4
        return "smbfs" if remote else ""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    folder = folder.resolve()
    best, kind = -1, ""
    for line in lines:
        words = line.split(" ")
        if len(words) > 2:
            place = Path(words[1].encode("latin-1", "replace").decode("unicode_escape"))
            if folder.is_relative_to(place) and len(place.parts) >= best:
                best, kind = len(place.parts), words[2].lower()
    return kind
