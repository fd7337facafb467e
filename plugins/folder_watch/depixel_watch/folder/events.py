"""File events as hints: they say when to look, never what happened. Where there are none, the folder is polled."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from depixel_watch.folder.scan import Changes

_CHANGES = {"created", "modified", "moved", "deleted", "closed"}

_IN_CREATE = 0x100

_MOST_CHANGES = 5000

POLL_SECONDS = 5.0
"""How often a folder without events is looked through, at least."""

# Their servers tell nobody here what other machines change.
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "smb2", "afpfs", "webdav", "davfs", "ncpfs", "afs", "ceph", "glusterfs",
     "9p", "virtiofs", "vboxsf", "vmhgfs", "fuse.sshfs", "fuse.rclone", "fuse.glusterfs", "fuse.davfs2",
     "fuse.gvfsd-fuse", "fuse.vmhgfs-fuse", "fuse.portal"}
)  # fmt: skip


class ChangeHints(FileSystemEventHandler):
    """
    Wakes who waits when something under a folder changes, and says where. Reading a file is no change.

    Args:
        poll: ask for no events at all.
        cares: whether a change of the file at this relative path matters; others are passed over where they arrive.
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
        self._trees: set[str] = set()  # folders that are new, or gone
        self._observer = Observer()
        self.problem = ""
        """Why there are no events; empty when there are."""
        if poll:
            self.problem = "File events are not used (--poll)."
            return
        kind = file_system_of(folder, mounts)
        if kind in _NETWORK:
            self.problem = f"The folder is on a network drive or a shared folder ({kind}), which reports no changes."
            return
        try:
            _try_watches(folder)
            self._observer.schedule(self, str(folder), recursive=True)
            self._observer.start()
        except (OSError, RuntimeError) as error:
            reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
            self.problem = f"File events are not available here ({reason})."
            self.close()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by watchdog, in its own thread."""
        if event.event_type not in _CHANGES or (event.is_directory and event.event_type in ("modified", "closed")):
            return
        for name in (event.src_path, event.dest_path):
            path = self._relative(os.fsdecode(name)) if name else None
            if path is None or not (event.is_directory or self.cares(path)):
                continue
            with self._lock:
                (self._trees if event.is_directory else self._files).add(path)
            self._changed.set()

    def _relative(self, name: str) -> str | None:
        try:
            path = Path(name).relative_to(self._folder).as_posix()
        except ValueError:
            return None
        return "" if path == "." else path

    def wait(self, seconds: float) -> bool:
        """Wait so long at most; true when something changed since the last call that said so."""
        changed = self._changed.wait(seconds)
        if changed:  # else a change that comes just now would be forgotten
            self._changed.clear()
        return changed

    def wake(self) -> None:
        """End the waiting."""
        self._changed.set()

    def take(self) -> Changes | None:
        """What changed since the last call; None = too much to tell, look through everything."""
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
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join()


# watchdog passes over folders below the first that the system refuses to watch (seen with 7.1), so that a limit would
# mean silence: ask for all of them once before.
def _try_watches(folder: Path) -> None:
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    instance = libc.inotify_init()
    if instance < 0:
        raise OSError(ctypes.get_errno(), "the limit of inotify instances is reached: fs.inotify.max_user_instances")
    try:
        for path, _, _ in os.walk(folder):
            if libc.inotify_add_watch(instance, os.fsencode(path), _IN_CREATE) < 0:
                number = ctypes.get_errno()
                if number == errno.ENOSPC:
                    raise OSError(number, "the limit of inotify watches is reached: fs.inotify.max_user_watches")
    finally:
        os.close(instance)


def file_system_of(folder: Path, mounts: Path) -> str:
    """
    The kind of file system that a folder is on, in lower case; empty where that cannot be known.

    Args:
        mounts: Linux's list of what is mounted where.
    """
    if sys.platform == "win32":
        remote = ctypes.windll.kernel32.GetDriveTypeW(folder.resolve().anchor) == 4
        return "smbfs" if remote else ""
    try:
        told = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    folder = folder.resolve()
    best, kind = -1, ""
    for line in told:
        words = line.split(" ")
        if len(words) > 2:
            place = Path(words[1].encode("latin-1", "replace").decode("unicode_escape"))
            if folder.is_relative_to(place) and len(place.parts) >= best:
                best, kind = len(place.parts), words[2].lower()
    return kind
