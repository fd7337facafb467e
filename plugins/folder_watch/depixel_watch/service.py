"""Starts the watcher when the user logs in, by a systemd user unit, a launchd agent or a Windows task."""

from __future__ import annotations

import getpass
import hashlib
import os
import plistlib
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from depixel.errors import UnsupportedSystemError
from depixel.files.writing import place

_AGAIN = 30  # seconds until it is restarted, because the folder may be on a drive that is mounted later


def service_file(system: str, home: Path, source: Path) -> Path:
    """
    The path of the service file; there is one per watched folder.

    Args:
        system: as `sys.platform` has it: linux, darwin, win32.

    Raises:
        UnsupportedSystemError: another system.
    """
    mark = hashlib.sha256(str(source).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    if system == "linux":
        return home / ".config/systemd/user" / f"depixel-watch-{mark}.service"
    if system == "darwin":
        return home / "Library/LaunchAgents" / f"org.depixel.watch-{mark}.plist"
    if system == "win32":
        return home / "AppData/Local/Depixel" / f"depixel-watch-{mark}.xml"
    raise UnsupportedSystemError(f"Services are written for Linux, macOS and Windows, not for {system}.")


def install(path: Path, system: str, command: Sequence[str], folder: Path) -> str:
    """
    Write the file; returns the command that starts it now and at each login.

    Args:
        command: as typed.
        folder: the working directory, to which relative paths refer.

    Raises:
        UnwritableOutputError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    place(path, _content(system, path.stem, command, folder), overwrite=True)
    if system == "linux":
        return f"systemctl --user daemon-reload && systemctl --user enable --now {path.name}"
    if system == "darwin":
        return f"launchctl load -w {shlex.quote(str(path))}"
    return f'schtasks /Create /TN "{path.stem}" /XML "{path}"'


def remove(path: Path, system: str) -> str | None:
    """Delete the file; returns the command that stops the service, or None if there was no service."""
    if not path.exists():
        return None
    path.unlink()
    if system == "linux":
        (path.parent / "default.target.wants" / path.name).unlink(missing_ok=True)  # created by `enable`
        return f"systemctl --user stop {path.name}; systemctl --user daemon-reload"
    if system == "darwin":
        return f"launchctl remove {path.stem}"
    return f'schtasks /Delete /TN "{path.stem}" /F'


def _content(system: str, label: str, command: Sequence[str], folder: Path) -> bytes:
    if system == "linux":
        # A percent sign and a dollar must be doubled for systemd.
        words = " ".join('"' + _quoted(word) + '"' for word in command)
        text = (
            f"[Unit]\nDescription=Depixel mod folder\n\n[Service]\nExecStart={words}\n"
            f"WorkingDirectory={str(folder).replace('%', '%%')}\nRestart=on-failure\nRestartSec={_AGAIN}\n"
            "Nice=10\n\n"
            "[Install]\nWantedBy=default.target\n"
        )
        return text.encode()
    if system == "darwin":
        properties = {
            "Label": label,
            "ProgramArguments": list(command),
            "WorkingDirectory": str(folder),
            "RunAtLoad": True,
        }
        again = {"KeepAlive": {"SuccessfulExit": False}, "ThrottleInterval": _AGAIN}
        return plistlib.dumps({**properties, **again, "Nice": 10})
    user = escape("\\".join(part for part in (os.environ.get("USERDOMAIN"), getpass.getuser()) if part))
    arguments = subprocess.list2cmdline(command[1:])
    text = (
        '<?xml version="1.0" encoding="UTF-16"?>\n'
        '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">'
        f"<Triggers><LogonTrigger><Enabled>true</Enabled><UserId>{user}</UserId></LogonTrigger></Triggers>"
        f'<Principals><Principal id="Author"><UserId>{user}</UserId><LogonType>InteractiveToken</LogonType>'
        "</Principal></Principals><Settings><DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>"
        "<StopIfGoingOnBatteries>false</StopIfGoingOnBatteries><ExecutionTimeLimit>PT0S</ExecutionTimeLimit>"
        "<RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure></Settings>"
        f'<Actions Context="Author"><Exec><Command>{escape(_windowless(command[0]))}</Command>'
        f"<Arguments>{escape(arguments)}</Arguments>"
        f"<WorkingDirectory>{escape(str(folder))}</WorkingDirectory></Exec>"
        "</Actions></Task>"
    )
    return text.encode("utf-16")


# The interpreter that opens no console window.
def _windowless(program: str) -> str:
    other = Path(program).with_name("pythonw.exe")
    return str(other) if Path(program).name.lower() == "python.exe" and other.exists() else program


def _quoted(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
