"""
Where the engine and its clients meet: one folder of this user, with

    running.json     who listens: pid, port, token, protocol, version (mode 0600; written by the engine)
    installed.json   how to start one: command and environment (written by `depixel install`)
    engine.log       what the engine had to say; engine.log.1 is the run before
    start.lock       held while an engine is being started
    engine.lock      held by a running engine

The folder hangs on the home folder and not on XDG_* variables: a Flatpak or Snap sees its own XDG folders, and then
GIMP would not find the engine that Krita started.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
import tempfile
from dataclasses import dataclass
from typing import IO, Any, Dict, Iterator, Mapping, Optional, Tuple

ENVIRONMENT = "DEPIXEL_RUNTIME_DIR"
"""Environment variable that moves the folder: for tests and shared machines."""


FLATPAK_MARK = "/.flatpak-info"


def in_flatpak() -> bool:
    return os.path.exists(FLATPAK_MARK)


def default_folder(platform: str = sys.platform, environment: Optional[Mapping[str, str]] = None) -> str:
    """The folder of this user on Linux, macOS and Windows; it need not exist yet."""
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
    """An engine that listens, by its own account; it may have died since."""

    pid: int
    port: int
    token: str
    protocol: int
    version: str  # of the engine, for people
    host: str = "127.0.0.1"


@dataclass(frozen=True)
class Installed:
    """How `depixel install` said an engine is started; `serve` and its options are appended."""

    command: Tuple[str, ...]
    environment: Tuple[Tuple[str, str], ...] = ()  # set for the engine on top of the program's own
    version: str = ""


class Place:
    """The folder, and what is in it. Reading never raises: what is missing or damaged is None."""

    def __init__(self, folder: Optional[str] = None) -> None:
        self.folder = folder or default_folder()
        self.log = os.path.join(self.folder, "engine.log")

    def __repr__(self) -> str:
        return "Place(%r)" % self.folder

    def path(self, name: str) -> str:
        return os.path.join(self.folder, name)

    def make(self) -> None:
        """Make the folder, closed to other users. Raises OSError when that is impossible."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        if os.name == "posix" and os.stat(self.folder).st_uid == os.getuid():
            os.chmod(self.folder, 0o700)

    def running(self) -> Optional[Running]:
        """The engine that wrote running.json; a file of another user, or open to others, is not believed."""
        values = self._read("running.json", secret=True)
        try:
            return Running(
                pid=int(values["pid"]),
                port=int(values["port"]),
                token=str(values["token"]),
                protocol=int(values["protocol"]),
                version=str(values.get("version", "")),
            )
        except (KeyError, TypeError, ValueError):
            return None

    def write_running(self, running: Running) -> None:
        """Publish an engine; complete or not at all. Raises OSError."""
        self._write("running.json", {k: v for k, v in vars(running).items() if k != "host"})

    def forget_running(self, pid: Optional[int] = None) -> None:
        """Remove running.json, when `pid` is given only if it is that engine's."""
        found = self.running()
        if pid is None or found is None or found.pid == pid:
            with contextlib.suppress(OSError):
                os.unlink(self.path("running.json"))

    def installed(self) -> Optional[Installed]:
        """How to start an engine: recorded beside this client (in a plug-in's folder) or in this folder."""
        beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "installed.json")
        # A Flatpak sees the python of a virtual environment, and not the one of the host that it is a link to.
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
        """Record how an engine is started; `path` may be that of a plug-in's copy of the client. Raises OSError."""
        self._write(
            path,
            {
                "command": list(installed.command),
                "environment": dict(installed.environment),
                "version": installed.version,
            },
        )

    def last_words(self) -> str:
        """The last line of the log that says something, for error messages; empty when there is none."""
        try:
            with open(self.log, "rb") as file:
                file.seek(max(0, os.path.getsize(self.log) - 4096))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        """Hold the lock file `name`; yields False when another process holds it. The system frees it at exit."""
        self.make()
        file = open(self.path(name), "a+b")  # noqa: SIM115 (closing it is what frees the lock)
        try:
            yield _take(file)
        finally:
            file.close()

    def _read(self, name: str, secret: bool = False) -> Dict[str, Any]:
        try:
            with open(self.path(name), "rb") as file:
                if secret and not _is_private(file):
                    return {}
                values = json.loads(file.read(65536).decode("utf-8"))
        except (OSError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}

    def _write(self, name: str, values: Mapping[str, Any]) -> None:
        self.make()
        target = self.path(name)
        descriptor, part = tempfile.mkstemp(prefix=".", suffix=".part", dir=os.path.dirname(target))  # mode 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(json.dumps(values, indent=1).encode("utf-8"))
            os.replace(part, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise


def _is_private(file: IO[bytes]) -> bool:
    if os.name != "posix":
        return True  # a profile folder of Windows is closed to others by itself
    found = os.fstat(file.fileno())
    return found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077


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
