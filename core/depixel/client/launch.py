"""Starts the engine as a separate process that outlives the program that needed it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from typing import Dict, Iterator, List, Optional

from .errors import EngineDiedError, EngineError, NotInstalledError
from .place import ENVIRONMENT, Installed, Place, in_flatpak
from .protocol import Starting

START_SECONDS = 60.0
"""Longer than the slowest disk takes to load Python and the web server; torch loads later."""

# AppImages, GIMP's Windows and macOS bundles, and GIMP itself set these for their own Python: with them, another Python
# would load the wrong libraries.
_HOST_ONLY = ("PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "GI_TYPELIB_PATH", "QT_PLUGIN_PATH", "BABL_PATH")
_BUNDLE_ONLY = ("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH")


def how_to_start(place: Place, program: str) -> Installed:
    """
    The recorded command, else the engine of the running Python, else `depixel` on the PATH.

    Raises:
        EngineError: the folder cannot be trusted.
        NotInstalledError: none of them exists; the sentence says what to install.
    """
    problem = place.problem()
    if problem:
        raise EngineError(problem, "folder")
    installed = place.installed()
    if installed is None:
        installed = own_engine()
    if installed is None:
        program_file = shutil.which("depixel")
        installed = Installed((program_file,)) if program_file else None
    if installed is None and in_flatpak():
        raise NotInstalledError(
            "The Depixel engine is not running, and a Flatpak cannot start it: "
            "run `depixel serve` in a terminal, then try again."
        )
    if installed is None:
        raise NotInstalledError(
            "The Depixel engine is not installed: install Depixel as its README says, then run `%s` in a terminal; "
            "`depixel doctor` says what is missing." % install_command(program)
        )
    return installed


def own_engine() -> Optional[Installed]:
    """The engine that belongs to this client; None for the copy of the client in a plug-in."""
    if not __name__.startswith("depixel.") or importlib.util.find_spec("depixel.service") is None:
        return None
    return Installed((sys.executable, "-m", "depixel"))


def install_command(program: str) -> str:
    return "depixel install %s" % (program if program in ("gimp", "krita") else "gimp")


def start(place: Place, program: str, seconds: float = START_SECONDS) -> Iterator[Starting]:
    """
    Start an engine and wait until it is on record; yields while it waits, so that a dialog stays responsive.

    If another process is starting one at the same time, this waits for that engine instead.

    Raises:
        NotInstalledError: there is nothing to start.
        EngineDiedError: it ended, or did not answer in time; the sentence has its last message and the log's path.
    """
    installed = how_to_start(place, program)
    began = time.monotonic()
    process: Optional[subprocess.Popen[bytes]] = None
    while time.monotonic() - began < seconds:
        try:
            with place.lock("start.lock") as ours:
                if ours:
                    place.forget_running()
                    process = _spawn(installed, place)
                    _children.append(process)
                    yield from _wait(process, place, began, seconds)
                    return
        except OSError as error:
            raise EngineDiedError(
                "The Depixel engine cannot be started (%s): check the folder %s, or run `depixel doctor`."
                % (error, place.folder)
            ) from error
        yield Starting(time.monotonic() - began)
        time.sleep(0.1)
        if place.running() is not None:  # started by the other process
            return
    raise EngineDiedError(
        "Another program has been starting the Depixel engine for %.0f seconds: close it, or see %s."
        % (seconds, place.log)
    )


def _wait(process: subprocess.Popen[bytes], place: Place, began: float, seconds: float) -> Iterator[Starting]:
    while True:
        if place.running() is not None:
            return
        if process.poll() is not None:
            words = place.last_words()
            if in_flatpak() and "org.freedesktop.Flatpak" in words:
                raise NotInstalledError(
                    "A Flatpak cannot start the Depixel engine: run `depixel serve` in a terminal, "
                    "or allow it once with `flatpak override --user --talk-name=org.freedesktop.Flatpak %s`."
                    % os.environ.get("FLATPAK_ID", "org.gimp.GIMP")
                )
            raise EngineDiedError(
                "The Depixel engine ended while it was starting%s; its log is %s."
                % (" (%s)" % words if words else "", place.log)
            )
        if time.monotonic() - began > seconds:
            process.kill()
            process.wait()
            raise EngineDiedError(
                "The Depixel engine did not start within %.0f seconds; its log is %s." % (seconds, place.log)
            )
        yield Starting(time.monotonic() - began)
        time.sleep(0.05)


# Recorded at once, so that Krita reaps an engine that ends, even if the wait for it was cancelled.
_children: List[subprocess.Popen[bytes]] = []


def reap() -> int:
    """Collect the exit status of engines started here that have ended; returns how many still run."""
    _children[:] = [process for process in _children if process.poll() is None]
    return len(_children)


def engine_environment(installed: Installed, place: Place) -> Dict[str, str]:
    """The program's environment, without what its bundle set for its own Python, and with what the engine needs."""
    bundled = any(os.environ.get(name) for name in ("APPIMAGE", "APPDIR", "FLATPAK_ID"))
    dropped = _HOST_ONLY + (_BUNDLE_ONLY if bundled or getattr(sys, "frozen", False) else ())
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    environment.update(installed.environment)
    environment[ENVIRONMENT] = place.folder
    return environment


def _spawn(installed: Installed, place: Place) -> subprocess.Popen[bytes]:
    command = [*installed.command, "serve", "--quiet"]
    if in_flatpak() and shutil.which("flatpak-spawn"):
        pairs = (*installed.environment, (ENVIRONMENT, place.folder))
        command = ["flatpak-spawn", "--host", *("--env=%s=%s" % pair for pair in pairs), *command]
    if os.path.exists(place.log):
        os.replace(place.log, place.log + ".1")
    with open(place.log, "ab") as log:
        environment = engine_environment(installed, place)
        if sys.platform == "win32":
            flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, creationflags=flags
            )
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True, cwd="/"
        )
