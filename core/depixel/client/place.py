"""
The folder through which the engine and its clients find each other. It is private to this user and holds

    running.json     the running engine: pid, port, token, protocol, version (mode 0600; written by the engine)
    installed.json   how to start an engine: command and environment (written by `depixel install`)
    engine.log       the engine's log; engine.log.1 is older
    start.lock       held while an engine is being started
    engine.lock      held by a running engine
    packs.txt        the temporary folder for packs that clients send (written by the engine)

The folder depends on the home folder and not on XDG_* variables: a Flatpak or Snap has its own XDG folders, and GIMP
would not find the engine that Krita started. It must belong to this user, because its contents are trusted and
executed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import sys
import tempfile
from dataclasses import dataclass
from typing import IO, Any, Dict, Iterator, Mapping, Optional, Tuple

from .json_text import parse_json

ENVIRONMENT = "DEPIXEL_RUNTIME_DIR"
"""Environment variable that moves the folder: for tests and shared machines."""


class UnsafeFolderError(OSError):
    """Another user owns the folder, or could write to it. `str(error)` is a sentence."""


FLATPAK_MARK = "/.flatpak-info"


def in_flatpak() -> bool:
    return os.path.exists(FLATPAK_MARK)


def default_folder(platform: str = sys.platform, environment: Optional[Mapping[str, str]] = None) -> str:
    """This user's folder on Linux, macOS and Windows; it need not exist yet."""
    variables = os.environ if environment is None else environment
    if variables.get(ENVIRONMENT):
        return variables[ENVIRONMENT]
    home = variables.get("HOME") or os.path.expanduser("~")
    if platform == "win32":
        local = variables.get("LOCALAPPDATA") or os.path.join(variables.get("USERPROFILE", home), "AppData", "Local")
        return os.path.join(local, "Depixel", "engine")
    if platform == "darwin":
        return os.path.join(home, "Library", "Application Support", "Depixel", "engine")
    return os.path.join(home, ".local", "share", "depixel", "engine")


@dataclass(frozen=True)
class Running:
    """The record of a listening engine, written by the engine itself; it may have died since."""

    pid: int
    port: int
    token: str
    protocol: int
    version: str  # of the engine, for people
    host: str = "127.0.0.1"


@dataclass(frozen=True)
class Installed:
    """The command that `depixel install` recorded for starting an engine; `serve` and its options are appended."""

    command: Tuple[str, ...]
    environment: Tuple[Tuple[str, str], ...] = ()  # added to the program's environment for the engine
    version: str = ""


class Place:
    """
    The folder through which engine and clients find each other. Reading never raises: a missing or damaged file is
    None.
    """

    def __init__(self, folder: Optional[str] = None) -> None:
        self.folder = folder or default_folder()
        self.log = os.path.join(self.folder, "engine.log")

    def __repr__(self) -> str:
        return "Place(%r)" % self.folder

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def make(self) -> None:
        """
        Create the folder, closed to other users.

        Raises:
            UnsafeFolderError: it exists and belongs to another user, or is open to others.
            OSError: it cannot be created.
        """
        with contextlib.suppress(FileExistsError):
            os.makedirs(self.folder, mode=0o700)
        problem = self.problem()
        if problem:
            raise UnsafeFolderError(problem)

    def problem(self) -> str:
        """Why the folder cannot be trusted, as a sentence; empty if it can, or if it does not exist."""
        if os.name != "posix":
            return ""  # on Windows, user profiles are closed to others anyway
        try:
            status = os.stat(self.folder)
        except OSError:
            return ""
        if status.st_uid != os.getuid():
            return "The folder %s belongs to another user: set %s to a folder of your own." % (self.folder, ENVIRONMENT)
        if stat.S_IMODE(status.st_mode) & 0o022:
            return "Other users can write to the folder %s: run `chmod 700 %s`." % (self.folder, self.folder)
        if stat.S_IMODE(status.st_mode) & 0o077:
            with contextlib.suppress(OSError):  # its files were written by this user and are private
                os.chmod(self.folder, 0o700)
        return ""

    def is_vacant(self) -> bool:
        """Whether no engine holds the folder, regardless of running.json."""
        if not os.path.exists(self.path("engine.lock")):
            return True
        try:
            with self.lock("engine.lock") as ours:
                return ours
        except OSError:
            return True

    def running(self) -> Optional[Running]:
        """
        The engine on record in running.json; a file that belongs to another user, or is open to others, is ignored.
        """
        values = self._read("running.json", secret=True)
        try:
            running = Running(
                pid=int(values["pid"]),
                port=int(values["port"]),
                token=str(values["token"]),
                protocol=int(values["protocol"]),
                version=str(values.get("version", "")),
            )
        except (KeyError, TypeError, ValueError):
            return None
        return running if 0 < running.port < 65536 else None

    def write_running(self, running: Running) -> None:
        """Record an engine, completely or not at all. Raises OSError."""
        self._write_json("running.json", {k: v for k, v in vars(running).items() if k != "host"})

    def forget_running(self, pid: Optional[int] = None) -> None:
        """Remove running.json; with `pid`, only if it is that engine's."""
        record = self.running()
        if pid is None or record is None or record.pid == pid:
            with contextlib.suppress(OSError):
                os.unlink(self.path("running.json"))

    def installed(self) -> Optional[Installed]:
        """How to start an engine, as recorded beside this client (in a plug-in's folder) or in this folder."""
        beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "installed.json")
        # A Flatpak sees the Python of a virtual environment, but not the host's Python that it links to.
        exists = os.path.lexists if in_flatpak() else os.path.exists
        for path in (beside, self.path("installed.json")):
            values = self._read(path)
            command = values.get("command")
            if isinstance(command, list) and command and exists(str(command[0])):
                environment = values.get("environment") or {}
                pairs = tuple((str(k), str(v)) for k, v in environment.items()) if isinstance(environment, dict) else ()
                return Installed(tuple(str(word) for word in command), pairs, str(values.get("version", "")))
        return None

    def write_installed(self, installed: Installed, path: str = "installed.json") -> None:
        """Record how to start an engine; `path` may be in a plug-in's copy of the client. Raises OSError."""
        self._write_json(
            path,
            {
                "command": list(installed.command),
                "environment": dict(installed.environment),
                "version": installed.version,
            },
        )

    def write(self, name: str, data: bytes) -> None:
        """Write a file of the folder, which exists: completely or not at all. Raises OSError."""
        target = self.path(name)
        descriptor, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=os.path.dirname(target))  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.replace(part, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise

    def last_words(self) -> str:
        """The last line of the log that carries a message, for error sentences; empty if there is none."""
        try:
            with open(self.log, "rb") as file:
                file.seek(max(0, os.path.getsize(self.log) - 4096))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def trim_log(self, most: int) -> None:
        """Start a new log once this one exceeds `most` bytes; the old one becomes engine.log.1."""
        with contextlib.suppress(OSError):
            if os.path.getsize(self.log) > most:
                shutil.copyfile(self.log, self.log + ".1")  # copied, not renamed: the engine's stderr is this file
                os.truncate(self.log, 0)

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        """Hold the lock file `name`; yields False if another process holds it. The system releases it at exit."""
        self.make()
        file = open(self.path(name), "a+b")  # noqa: SIM115 (closing it releases the lock)
        try:
            yield _take(file)
        finally:
            file.close()

    def _read(self, name: str, secret: bool = False) -> Dict[str, Any]:
        if self.problem():
            return {}
        try:
            with open(self.path(name), "rb") as file:
                if not _is_ours(file, secret):
                    return {}
                values = parse_json(file.read(65536))
        except (OSError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}

    def _write_json(self, name: str, values: Mapping[str, Any]) -> None:
        self.make()
        self.write(name, json.dumps(values, indent=1).encode("utf-8"))


# Only this user can have written the file; if it is secret, only this user can read it.
def _is_ours(file: IO[bytes], secret: bool) -> bool:
    if os.name != "posix":
        return True
    status = os.fstat(file.fileno())
    owners = (os.getuid(),) if secret else (os.getuid(), 0)
    return status.st_uid in owners and not stat.S_IMODE(status.st_mode) & (0o077 if secret else 0o022)


if sys.platform == "win32":

    def _take(file: IO[bytes]) -> bool:
        import msvcrt

        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:

    def _take(file: IO[bytes]) -> bool:
        import fcntl

        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
