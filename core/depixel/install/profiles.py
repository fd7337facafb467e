"""The profile folders of GIMP and Krita: of Linux packages, AppImages, Flatpaks, Snaps, macOS and Windows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_VERSION = re.compile(r"(\d+)\.(\d+)")
_OLDEST_GIMP = (3, 0)


@dataclass(frozen=True)
class System:
    """What decides where profiles are; given explicitly, so that every system can be tested on one."""

    platform: str
    home: Path
    environment: Mapping[str, str]

    @classmethod
    def here(cls) -> System:
        return cls(sys.platform, Path.home(), dict(os.environ))

    def variable(self, name: str, default: Path) -> Path:
        return Path(self.environment[name]) if self.environment.get(name) else default


@dataclass(frozen=True)
class Profile:
    """One program's folder of one user."""

    program: str  # "GIMP" or "Krita"
    kind: str  # "package or AppImage", "Flatpak", "Snap", "macOS", "Windows", "GIMP3_DIRECTORY"
    version: str  # "3.0"; "" where the folder does not say
    plugins: Path  # where plug-ins go: .../plug-ins or .../pykrita
    settings: Path | None = None  # kritarc

    def __str__(self) -> str:
        return f"{self.program} {self.version} ({self.kind})".replace("  ", " ")


def gimp_profiles(system: System) -> list[Profile]:
    """Every profile of GIMP 3 or later that exists, or would at the first start of an installed GIMP."""
    chosen = system.environment.get("GIMP3_DIRECTORY")
    if chosen:
        return [Profile("GIMP", "GIMP3_DIRECTORY", "3", Path(chosen) / "plug-ins")]
    found = []
    for kind, folder in _gimp_folders(system):
        for profile in sorted(folder.glob("*")) if folder.is_dir() else []:
            if profile.is_dir() and _parsed(profile.name) >= _OLDEST_GIMP:
                found.append(Profile("GIMP", kind, profile.name, profile / "plug-ins"))
    if not found:
        found = _not_yet_started(system)
    return found


def old_gimp_versions(system: System) -> list[str]:
    """Versions before 3.0 that have a profile: the plug-in cannot run there."""
    names = [path.name for _, folder in _gimp_folders(system) if folder.is_dir() for path in folder.glob("*.*")]
    return sorted(name for name in names if (0, 0) < _parsed(name) < _OLDEST_GIMP)


def krita_profiles(system: System) -> list[Profile]:
    """Every place where Krita keeps Python plug-ins and that exists, or would at the first start."""
    found = []
    for kind, data, settings in _krita_folders(system):
        if data.is_dir() or settings.is_file():
            found.append(Profile("Krita", kind, "", data / "pykrita", settings))
    if not found and shutil.which("krita", path=system.environment.get("PATH")):
        kind, data, settings = _krita_folders(system)[0]
        found.append(Profile("Krita", kind, "", data / "pykrita", settings))
    return found


def _gimp_folders(system: System) -> list[tuple[str, Path]]:
    home = system.home
    if system.platform == "win32":
        return [("Windows", system.variable("APPDATA", home / "AppData" / "Roaming") / "GIMP")]
    if system.platform == "darwin":
        return [("macOS", home / "Library" / "Application Support" / "GIMP")]
    return [
        ("package or AppImage", system.variable("XDG_CONFIG_HOME", home / ".config") / "GIMP"),
        ("Flatpak", home / ".var" / "app" / "org.gimp.GIMP" / "config" / "GIMP"),
        ("Snap", home / "snap" / "gimp" / "current" / ".config" / "GIMP"),
    ]


# (kind, folder of resources, kritarc)
def _krita_folders(system: System) -> list[tuple[str, Path, Path]]:
    home = system.home
    if system.platform == "win32":
        roaming = system.variable("APPDATA", home / "AppData" / "Roaming")
        local = system.variable("LOCALAPPDATA", home / "AppData" / "Local")
        return [("Windows", roaming / "krita", local / "kritarc")]
    if system.platform == "darwin":
        library = home / "Library"
        return [("macOS", library / "Application Support" / "krita", library / "Preferences" / "kritarc")]
    flatpak = home / ".var" / "app" / "org.kde.krita"
    snap = home / "snap" / "krita" / "current"
    data = system.variable("XDG_DATA_HOME", home / ".local" / "share")
    config = system.variable("XDG_CONFIG_HOME", home / ".config")
    return [
        ("package or AppImage", data / "krita", config / "kritarc"),
        ("Flatpak", flatpak / "data" / "krita", flatpak / "config" / "kritarc"),
        ("Snap", snap / ".local" / "share" / "krita", snap / ".config" / "kritarc"),
    ]


# GIMP makes its profile at the first start: ask an installed one for its version.
def _not_yet_started(system: System) -> list[Profile]:
    for name in ("gimp", "gimp-3", "gimp-3.0", "gimp-3.2"):
        program = shutil.which(name, path=system.environment.get("PATH"))
        if program is None:
            continue
        try:
            told = subprocess.run(
                [program, "--version"], capture_output=True, text=True, timeout=30, check=False
            ).stdout
        except (OSError, subprocess.SubprocessError):
            continue
        version = _parsed(told)
        if version >= _OLDEST_GIMP:
            kind, folder = _gimp_folders(system)[0]
            number = f"{version[0]}.{version[1]}"
            return [Profile("GIMP", kind, number, folder / number / "plug-ins")]
    return []


def _parsed(text: str) -> tuple[int, int]:
    found = _VERSION.search(text)
    return (int(found[1]), int(found[2])) if found else (0, 0)
