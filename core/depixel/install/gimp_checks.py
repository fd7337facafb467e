"""The checks of `depixel doctor` on GIMP: why Filters > Depixel is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from depixel.client import Place
from depixel.install.findings import BAD, GOOD, NOTE, Finding
from depixel.install.memory import remembered
from depixel.install.plugins import GIMP_NAME, client_problem, difference
from depixel.install.profiles import Profile, System, gimp_profiles, installed_programs, old_gimp_versions

_AGAIN = "depixel install gimp"
CONFINED = {
    "Flatpak": (
        "a Flatpak cannot start programs outside its sandbox",
        "run `depixel serve` before you start GIMP, or allow it once: flatpak override --user "
        "--talk-name=org.freedesktop.Flatpak org.gimp.GIMP",
    ),
    "Snap": (
        "a Snap cannot see hidden folders or programs outside its sandbox, so the plug-in may not find the engine",
        "use GIMP's Flatpak, its AppImage or the package of your system",
    ),
}
"""Packages of GIMP that cannot start the engine directly: the reason, and what to do."""


def check_gimp(system: System, place: Place | None = None) -> Iterator[Finding]:
    """One finding per profile of GIMP, including those into which the plug-in was installed earlier."""
    profiles = gimp_profiles(system)
    folders = {profile.plugins for profile in profiles}
    older = [one for one in remembered(place or Place()) if one.program == "GIMP" and one.plugins not in folders]
    if not profiles and not older:
        old = old_gimp_versions(system)
        if old:
            yield Finding(
                NOTE, f"Only GIMP {', '.join(old)} was found; the plug-in needs 3.0 or later", "install GIMP 3"
            )
        else:
            yield Finding(NOTE, "GIMP 3 was not found", "start GIMP once, or: depixel install gimp --profile FOLDER")
    for profile in profiles:
        yield from _check_profile(profile)
    served = any((profile.plugins / GIMP_NAME).is_dir() for profile in profiles)
    for profile in older:
        if profile.plugins.parent.is_dir():
            yield from _check_profile(profile)
        else:
            what = f"{profile}: the plug-in was installed in {profile.plugins}, but that folder no longer exists"
            mend = f"{_AGAIN}; if you moved GIMP's profile, add --profile FOLDER"
            yield Finding(NOTE if served else BAD, what, mend)
    yield from _check_python(system)


def _check_profile(profile: Profile) -> Iterator[Finding]:
    folder = profile.plugins / GIMP_NAME
    entry = folder / f"{GIMP_NAME}.py"
    stray = profile.plugins / f"{GIMP_NAME}.py"
    if stray.exists():
        yield Finding(BAD, f"{profile}: {stray} is not in a folder of the same name, so GIMP ignores it", _AGAIN)
    if not folder.is_dir():
        yield Finding(NOTE, f"{profile}: the plug-in is not installed in {profile.plugins}", _AGAIN)
        return
    if not entry.is_file():
        yield Finding(
            BAD, f"{profile}: {folder} has no {entry.name}; the file and its folder must have the same name", _AGAIN
        )
        return
    if os.name == "posix" and not os.access(entry, os.X_OK):
        yield Finding(BAD, f"{profile}: {entry} is not executable, so GIMP ignores it", f"chmod +x {entry}")
        return
    problem = client_problem(folder / "depixel_client")
    if problem:
        yield Finding(BAD, f"{profile}: {problem}", _AGAIN)
        return
    yield from _check_seen(profile, entry)
    other = difference("gimp", folder, "depixel_client")
    if other:
        yield Finding(NOTE, f"{profile}: {other}", f"{_AGAIN}, then restart GIMP")
    if profile.kind in CONFINED:
        why, mend = CONFINED[profile.kind]
        yield Finding(NOTE, f"{profile}: {why}", mend)


# GIMP records in pluginrc which plug-ins it found at its last start.
def _check_seen(profile: Profile, entry: Path) -> Iterator[Finding]:
    cache = profile.plugins.parent / "pluginrc"
    if not cache.is_file() or "plug-in-depixel-upscale" in cache.read_text("utf-8", "replace"):
        yield Finding(GOOD, f"{profile}: installed in {entry.parent}")
    elif cache.stat().st_mtime < entry.stat().st_ctime:
        what = f"{profile}: installed in {entry.parent}; GIMP has not been started since"
        yield Finding(NOTE, what, "start or restart GIMP")
    else:
        yield Finding(
            BAD,
            f"{profile}: installed in {entry.parent}, but GIMP ignored it at its last start",
            f"start GIMP in a terminal with --verbose and look for {GIMP_NAME} in its messages: they say why",
        )


# GIMP from a Linux package starts plug-ins by their first line, `env python3`, which uses the PATH of GIMP's own
# process.
def _check_python(system: System) -> Iterator[Finding]:
    if system.platform != "linux" or not installed_programs(system):
        return
    path = system.environment.get("PATH", os.defpath)
    outside = [folder for folder in path.split(os.pathsep) if not _is_here(folder)]
    usual = shutil.which("python3", path=os.pathsep.join(outside))
    here = shutil.which("python3", path=path)
    if usual is None or not _has_gi(usual):
        yield Finding(
            BAD,
            f"GIMP runs Python plug-ins with {usual or 'python3'}, which "
            + ("has no PyGObject (gi)" if usual else "is not installed")
            + ", so its menus show none of them",
            "install python3-gi (Debian, Ubuntu), python3-gobject (Fedora) or python-gobject (Arch)",
        )
    elif here is not None and here != usual and not _has_gi(here):
        yield Finding(
            NOTE,
            f"A GIMP started from this terminal would run plug-ins with {here}, which has no PyGObject (gi), and show "
            "none of them",
            "start GIMP from the desktop's menu, or from a terminal without this environment",
        )


def _is_here(folder: str) -> bool:
    return sys.prefix != sys.base_prefix and Path(folder) == Path(sys.prefix) / "bin"


def _has_gi(python: str) -> bool:
    try:
        process = subprocess.run([python, "-c", "import gi"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return process.returncode == 0
