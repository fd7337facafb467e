"""What `depixel doctor` looks at: each check is one sentence on what was found, and one on how to mend it."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from depixel import __version__
from depixel.client import Engine, Place
from depixel.client.launch import START_SECONDS
from depixel.client.protocol import PROTOCOL
from depixel.install.plugins import GIMP_NAME, KRITA_NAME, is_enabled
from depixel.install.profiles import Profile, System, gimp_profiles, krita_profiles, old_gimp_versions

GOOD, NOTE, BAD = "ok", "note", "problem"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor."""

    level: str  # GOOD, NOTE (nothing is broken, but perhaps not as wished) or BAD
    what: str
    mend: str = ""  # what to do


def examine(system: System, place: Place) -> Iterator[Finding]:
    """All checks, from the inside out."""
    yield from check_engine_parts()
    yield from check_record(place)
    yield from check_running(place)
    yield from check_gimp(system)
    yield from check_krita(system)


def check_engine_parts() -> Iterator[Finding]:
    """Python, torch, weights."""
    yield Finding(GOOD, f"Depixel {__version__} in {sys.executable}")
    missing = [name for name in ("torch", "numpy", "PIL", "starlette", "uvicorn", "safetensors") if not _there(name)]
    if missing:
        yield Finding(BAD, f"Python packages are missing: {', '.join(missing)}", "pip install --upgrade depixel")
    from depixel.service.installed_models import model_names

    names = model_names()
    if names:
        yield Finding(GOOD, f"Weights: {', '.join(names)}")
    else:
        yield Finding(BAD, "No weights are installed", "pip install --force-reinstall depixel")


def check_record(place: Place) -> Iterator[Finding]:
    """Whether plug-ins know how to start the engine."""
    record = place.installed()
    path = Path(place.path("installed.json"))
    if record is None and path.exists():
        yield Finding(
            BAD,
            f"The engine recorded in {path} is not there any more",
            "depixel install gimp (or krita) records this one",
        )
    elif record is None:
        yield Finding(NOTE, "No plug-in has been installed from here", "depixel install gimp, or depixel install krita")
    elif record.version != __version__:
        yield Finding(
            NOTE,
            f"The recorded engine was version {record.version} when it was installed",
            "depixel install gimp (or krita)",
        )
    else:
        yield Finding(GOOD, f"Plug-ins start the engine with: {' '.join(record.command)}")
    folder = Path(place.folder)
    if folder.exists() and not os.access(folder, os.W_OK):
        yield Finding(BAD, f"{folder} cannot be written, so that no engine can be found there", f"make {folder} yours")


def check_running(place: Place) -> Iterator[Finding]:
    """The engine itself."""
    word, sentence = Engine("command line", place).state()
    level = {"running": GOOD, "stopped": GOOD, "protocol": BAD}.get(word, NOTE)
    yield Finding(level, sentence)
    words = place.last_words()
    if word != "running" and "Error" in words:
        yield Finding(NOTE, f"Its last words were: {words[:200]}", f"see {place.log}")


def check_start(place: Place) -> Iterator[Finding]:
    """Start the engine for real, as a plug-in would, and let it answer a small picture."""
    from depixel.client import EngineError, Pixels, Request

    engine = Engine("command line", place)
    try:
        result = engine.upscale(Request(Pixels(8, 8, 4, (bytes(256),)), {"scale": 2, "domain": "art"})).result()
    except EngineError as error:
        yield Finding(BAD, str(error), f"see {place.log}; it may take {START_SECONDS:.0f} seconds on a slow disk")
        return
    yield Finding(GOOD, f"The engine answered a small picture with {result.model}")


def check_gimp(system: System) -> Iterator[Finding]:
    """Each profile of GIMP: why Filters > Depixel is there, or not."""
    profiles = gimp_profiles(system)
    if not profiles:
        old = old_gimp_versions(system)
        if old:
            yield Finding(NOTE, f"Only GIMP {', '.join(old)} is here; the plug-in needs 3.0 or later", "install GIMP 3")
        else:
            yield Finding(NOTE, "GIMP 3 was not found", "start GIMP once, or: depixel install gimp --profile FOLDER")
    for profile in profiles:
        yield from _check_gimp_profile(profile)


def _check_gimp_profile(profile: Profile) -> Iterator[Finding]:
    folder = profile.plugins / GIMP_NAME
    entry = folder / f"{GIMP_NAME}.py"
    again = "depixel install gimp"
    stray = profile.plugins / f"{GIMP_NAME}.py"
    if stray.exists():
        yield Finding(BAD, f"{profile}: {stray} lies outside a folder of its name, so GIMP passes over it", again)
    if not folder.is_dir():
        yield Finding(NOTE, f"{profile}: the plug-in is not installed", again)
        return
    if not entry.is_file():
        yield Finding(BAD, f"{profile}: {folder} has no {entry.name}; file and folder must have one name", again)
        return
    if os.name == "posix" and not os.access(entry, os.X_OK):
        yield Finding(BAD, f"{profile}: {entry} is not executable, so GIMP passes over it", f"chmod +x {entry}")
        return
    problem = _client_problem(folder / "depixel_client")
    if problem:
        yield Finding(BAD, f"{profile}: {problem}", again)
        return
    cache = profile.plugins.parent / "pluginrc"
    if cache.is_file() and "plug-in-depixel-upscale" not in cache.read_text("utf-8", "replace"):
        yield Finding(
            NOTE,
            f"{profile}: the plug-in is installed, but GIMP has not seen it",
            f"start GIMP again; if it stays away, start it in a terminal with --verbose and look for {GIMP_NAME}",
        )
        return
    yield Finding(GOOD, f"{profile}: installed in {folder}")
    if profile.kind == "Flatpak":
        yield Finding(
            NOTE, f"{profile}: a Flatpak may not be allowed to start the engine", "run `depixel serve` before GIMP"
        )


def check_krita(system: System) -> Iterator[Finding]:
    """Each profile of Krita."""
    profiles = krita_profiles(system)
    if not profiles:
        yield Finding(NOTE, "Krita was not found", "start Krita once, or: depixel install krita --profile FOLDER")
    for profile in profiles:
        again = "depixel install krita"
        folder = profile.plugins / KRITA_NAME
        if not folder.is_dir():
            yield Finding(NOTE, f"{profile}: the plug-in is not installed", again)
            continue
        problem = _client_problem(folder / "_client")
        if problem:
            yield Finding(BAD, f"{profile}: {problem}", again)
        elif not (profile.plugins / f"{KRITA_NAME}.desktop").is_file():
            yield Finding(BAD, f"{profile}: {KRITA_NAME}.desktop is missing, so Krita does not list the plug-in", again)
        elif profile.settings is not None and not is_enabled(profile.settings):
            mend = "Settings > Configure Krita > Python Plugin Manager: switch Depixel on, and start Krita again"
            yield Finding(BAD, f"{profile}: the plug-in is switched off in {profile.settings}", mend)
        else:
            yield Finding(GOOD, f"{profile}: installed in {folder}")


def _client_problem(client: Path) -> str:
    record = Place(str(client)).installed()
    source = client / "protocol.py"
    if not source.is_file():
        return f"{client} is incomplete"
    if f"\nPROTOCOL = {PROTOCOL}\n" not in source.read_text("utf-8"):
        return "the plug-in is of another version than the engine"
    if record is None:
        return "the plug-in does not know where the engine is, or that engine has been removed"
    return ""


def _there(name: str) -> bool:
    return importlib.util.find_spec(name) is not None
