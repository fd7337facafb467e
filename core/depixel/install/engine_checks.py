"""The checks of `depixel doctor` on the engine: its parts, how plug-ins start it, how its last run ended."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from depixel import __version__
from depixel.client import Engine, Place
from depixel.client.launch import engine_environment, own_engine
from depixel.client.place import Installed
from depixel.install.findings import BAD, GOOD, NOTE, Finding
from depixel.install.plugins import recorded_program

_PARTS = ("torch", "numpy", "PIL", "starlette", "uvicorn", "safetensors")
_AGAIN = "in the folder of Depixel: pip install ."
_LOGGED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ (\w+) ")
_FAILED = re.compile(r"[\w.]*(Error|Exception|Interrupt)\b|depixel: |Fatal |Segmentation|Killed|Aborted|.*core dumped")


def check_engine_parts() -> Iterator[Finding]:
    """Python, torch, weights."""
    yield Finding(GOOD, f"Depixel {__version__} in {sys.executable}")
    missing = [name for name in _PARTS if importlib.util.find_spec(name) is None]
    if missing:
        yield Finding(BAD, f"Python packages are missing: {', '.join(missing)}", _AGAIN)
        return
    from depixel.service.installed_models import model_names

    names = model_names()
    if names:
        yield Finding(GOOD, f"Weights: {', '.join(names)}")
    else:
        yield Finding(BAD, "No weights are installed", f"{_AGAIN} --force-reinstall --no-deps")


def check_record(place: Place) -> Iterator[Finding]:
    """Whether there is a record of how to start the engine, and whether it works."""
    record = place.installed()
    path = Path(place.path("installed.json"))
    again = "depixel install gimp (or krita) records this one"
    if record is None and path.exists():
        yield Finding(BAD, f"The engine recorded in {path} no longer exists: {recorded_program(path)}", again)
    elif record is None:
        yield Finding(NOTE, "No plug-in has been installed from here", "depixel install gimp, or depixel install krita")
        own = own_engine()
        if own is not None:
            yield Finding(GOOD, f"Commands start the engine with: {' '.join(own.command)}")
    else:
        yield _recorded_command(record, place, again)
    folder = Path(place.folder)
    if folder.exists() and not os.access(folder, os.W_OK):
        yield Finding(
            BAD,
            f"{folder} cannot be written, so plug-ins cannot find a running engine",
            f"make yourself the owner of {folder}",
        )


# A program that exists may still not run: its packages may have been removed.
def _recorded_command(record: Installed, place: Place, again: str) -> Finding:
    command = " ".join(record.command)
    try:
        process = subprocess.run(
            [*record.command, "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            check=False,
            env=engine_environment(record, place),
            cwd=str(Path.home().anchor),
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(BAD, f"Plug-ins start the engine with {command}, which cannot be run: {error}", again)
    words = (process.stdout if process.returncode == 0 else process.stderr).strip().splitlines()
    last_line = words[-1].strip() if words else f"exit code {process.returncode}"
    if process.returncode:
        return Finding(BAD, f"Plug-ins start the engine with {command}, which fails: {last_line}", again)
    version = last_line.removeprefix("depixel ")
    if version != __version__:
        what = f"Plug-ins start the engine with {command}, which is Depixel {version}; this is {__version__}"
        return Finding(NOTE, what, again)
    return Finding(GOOD, f"Plug-ins start the engine with: {command}")


def check_running(place: Place) -> Iterator[Finding]:
    """Whether the engine runs, and if not, whether its last run ended normally."""
    word, sentence = Engine("command line", place).state()
    level = {"running": GOOD, "stopped": GOOD, "protocol": BAD}.get(word, NOTE)
    if word in ("running", "protocol", "silent"):
        yield Finding(level, sentence, "depixel serve --stop" if word != "running" else "")
        return
    words, left = last_words(place), place.running()
    crash = next((line for line in reversed(words) if _FAILED.match(line)), "")
    if crash:
        yield Finding(BAD, f"The engine's last run ended with a fault: {crash[:300]}", _how_to_mend(crash, place))
    elif left is not None:
        yield Finding(
            NOTE,
            f"The engine is not running; the last one (process {left.pid}) was killed or crashed. The next picture "
            "starts it again",
            f"depixel doctor --start tries it now; its log is {place.log}",
        )
    else:
        yield Finding(level, sentence)
        if words:
            yield Finding(NOTE, f"The engine's last message was: {words[-1][:300]}", f"its log is {place.log}")


def last_words(place: Place) -> list[str]:
    """
    Lines of the log after the engine's own last line (its lines begin with a time); often none.

    They hold the error that ended an engine, and messages of its libraries and its launcher.
    """
    try:
        text = Path(place.log).read_bytes()[-65536:].decode("utf-8", "replace")
    except OSError:
        return []
    last: list[str] = []
    for line in text.splitlines():
        if _LOGGED.match(line):
            last = []
        elif line.strip():
            last.append(line.strip())
    return last


def _how_to_mend(words: str, place: Place) -> str:
    then = f"depixel doctor --start tries it again; the whole log is {place.log}"
    if words.startswith(("ModuleNotFoundError", "ImportError")):
        return f"{_AGAIN}, with the Python that runs the engine; {then}"
    if "MemoryError" in words or "out of memory" in words.lower() or words.startswith("Killed"):
        return f"close programs that use a lot of memory; {then}"
    return then


def check_start(place: Place) -> Iterator[Finding]:
    """Start the engine as a plug-in would, and let it enlarge a small picture."""
    from depixel.client import EngineError, Pixels, Submission

    engine = Engine("command line", place)
    try:
        result = engine.upscale(Submission(Pixels(8, 8, 4, (bytes(256),)), {"scale": 2, "domain": "art"})).result()
    except EngineError as error:
        yield Finding(BAD, str(error), f"the reason is in {place.log}")
        return
    yield Finding(GOOD, f"The engine enlarged a small picture with {result.model}")
