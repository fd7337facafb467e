"""The profile folders of GIMP and Krita for Linux packages, AppImages, Flatpaks, Snaps, macOS and Windows."""

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
_PLUG_IN_PATH = re.compile(r'^\s*\(plug-in-path\s+"((?:[^"\\]|\\.)*)"\s*\)', re.MULTILINE)


@dataclass(frozen=True)
class System:
    """Everything that decides where profiles are, passed explicitly so that all systems can be tested on one."""

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
    """A user's profile folder of one program."""

    program: str  # "GIMP" or "Krita"
    kind: (
        str  # "package or AppImage", "Flatpak", "Snap", "macOS", "Windows", "Windows Store", "GIMP3_DIRECTORY", "given"
    )
    version: str  # "3.0"; "" if the folder does not show it
    plugins: Path  # folder for plug-ins: .../plug-ins or .../pykrita
    settings: Path | None = None  # kritarc

    def __str__(self) -> str:
        return f"{self.program} {self.version} ({self.kind})".replace("  ", " ")


def gimp_profiles(system: System) -> list[Profile]:
    """Every profile of GIMP 3 or later that exists, or that an installed GIMP will create at its first start."""
    own_folder = system.environment.get("GIMP3_DIRECTORY")
    if own_folder:
        return [Profile("GIMP", "GIMP3_DIRECTORY", "3", plug_in_folder(Path(own_folder), system))]
    profiles = []
    for kind, folder in _gimp_folders(system):
        for profile in sorted(folder.glob("*")) if folder.is_dir() else []:
            if profile.is_dir() and _parsed(profile.name) >= _OLDEST_GIMP:
                profiles.append(Profile("GIMP", kind, profile.name, plug_in_folder(profile, system)))
    started = {(one.kind, one.version) for one in profiles}
    return profiles + [one for one in _installed(system) if (one.kind, one.version) not in started]


def old_gimp_versions(system: System) -> list[str]:
    """Versions before 3.0 that have a profile or are installed; the plug-in cannot run in them."""
    versions = {
        _parsed(path.name) for _, folder in _gimp_folders(system) if folder.is_dir() for path in folder.glob("*.*")
    }
    versions |= {_told_version(program) for program in _programs(system)}
    return [f"{version[0]}.{version[1]}" for version in sorted(versions) if (0, 0) < version < _OLDEST_GIMP]


def installed_programs(system: System) -> list[Path]:
    """Executables of GIMP 3 on the PATH, or in the usual places of Windows and macOS."""
    return [program for program in _programs(system) if _told_version(program) >= _OLDEST_GIMP]


def plug_in_folder(profile: Path, system: System) -> Path:
    """
    The folder for the user's plug-ins in a GIMP profile: `plug-ins`, or another that was chosen in GIMP
    (Preferences > Folders > Plug-ins).
    """
    usual = profile / "plug-ins"
    try:
        match = _PLUG_IN_PATH.search((profile / "gimprc").read_text("utf-8", "replace"))
    except OSError:
        return usual
    if match is None:
        return usual
    separator = ";" if system.platform == "win32" else ":"
    entries = [re.sub(r"\\(.)", r"\1", entry) for entry in match[1].split(separator)]
    own = [
        entry for entry in entries if entry and "${gimp_plug_in_dir}" not in entry and "${gimp_data_dir}" not in entry
    ]
    folders = [Path(entry.replace("${gimp_dir}", str(profile)).replace("${HOME}", str(system.home))) for entry in own]
    return usual if usual in folders or not folders else folders[0]


def krita_profiles(system: System) -> list[Profile]:
    """Every folder for Krita's Python plug-ins that exists, or that Krita will create at its first start."""
    profiles = []
    for kind, usual, settings in _krita_folders(system):
        data = _moved_resources(settings) or usual
        if data.is_dir() or settings.is_file():
            profiles.append(Profile("Krita", kind, "", data / "pykrita", settings))
    if not profiles and shutil.which("krita", path=system.environment.get("PATH")):
        kind, data, settings = _krita_folders(system)[0]
        profiles.append(Profile("Krita", kind, "", data / "pykrita", settings))
    return profiles


def _gimp_folders(system: System) -> list[tuple[str, Path]]:
    home = system.home
    if system.platform == "win32":
        local = system.variable("LOCALAPPDATA", home / "AppData" / "Local")
        stores = [
            ("Windows Store", cache / "Roaming" / "GIMP") for cache in (local / "Packages").glob("*GIMP*/LocalCache")
        ]
        return [("Windows", system.variable("APPDATA", home / "AppData" / "Roaming") / "GIMP"), *stores]
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
        caches = sorted((local / "Packages").glob("49800Krita_*/LocalCache"))
        stores = [("Windows Store", cache / "Roaming" / "krita", cache / "Local" / "kritarc") for cache in caches]
        return [("Windows", roaming / "krita", local / "kritarc"), *stores]
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


# Krita's settings can name another resource folder, in an entry before the first group.
def _moved_resources(settings: Path) -> Path | None:
    if not settings.is_file():
        return None
    for line in settings.read_text("utf-8", errors="replace").splitlines():
        key, _, value = line.partition("=")
        if line.startswith("["):
            return None
        if key.strip() == "ResourceDirectory" and value.strip():
            return Path(value.strip())
    return None


# GIMP creates a profile at the first start of each version: ask the installed versions for their number.
def _installed(system: System) -> list[Profile]:
    folders = dict(_gimp_folders(system))
    kind = next(iter(folders))
    by_kind = {kind: {_told_version(program) for program in _programs(system)}}
    if system.platform == "linux":
        by_kind[kind] |= {_parsed(image.name) for image in _app_images(system)}
    if "Flatpak" in folders:
        by_kind["Flatpak"] = {_parsed(program.name) for program in _in_flatpaks(system)}
    return [
        Profile("GIMP", kind, f"{version[0]}.{version[1]}", folders[kind] / f"{version[0]}.{version[1]}" / "plug-ins")
        for kind, versions in by_kind.items()
        for version in sorted(versions)
        if version >= _OLDEST_GIMP
    ]


def _programs(system: System) -> list[Path]:
    if system.platform == "win32":
        local = system.variable("LOCALAPPDATA", system.home / "AppData" / "Local")
        places = [system.variable("PROGRAMFILES", Path("C:/Program Files")), local / "Programs"]
        return [program for place in places for program in place.glob("GIMP */bin/gimp-console-3*.exe")]
    if system.platform == "darwin":
        places = [Path("/Applications"), system.home / "Applications"]
        return [program for place in places for program in place.glob("GIMP*.app/Contents/MacOS/gimp")]
    names = ("gimp", "gimp-3", "gimp-3.0", "gimp-3.2", "gimp-2.10")
    paths = (shutil.which(name, path=system.environment.get("PATH")) for name in names)
    return [Path(program) for program in paths if program is not None]


# Usual folders for AppImages; GIMP's are named with their version: GIMP-3.0.6-x86_64.AppImage
def _app_images(system: System) -> list[Path]:
    places = ("Applications", "AppImages", "Downloads", "Desktop", "bin", ".local/bin", "")
    return [image for place in places for image in (system.home / place).glob("GIMP-[0-9]*.AppImage")]


def _told_version(program: Path) -> tuple[int, int]:
    try:
        output = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return 0, 0
    return _parsed(output)


# The executable in a Flatpak has the version in its name: .../files/bin/gimp-3.0
def _in_flatpaks(system: System) -> list[Path]:
    places = [Path("/var/lib/flatpak"), system.home / ".local" / "share" / "flatpak"]
    pattern = "app/org.gimp.GIMP/current/active/files/bin/gimp-[0-9]*.[0-9]*"
    return [program for place in places for program in place.glob(pattern)]


def _parsed(text: str) -> tuple[int, int]:
    match = _VERSION.search(text)
    return (int(match[1]), int(match[2])) if match else (0, 0)
