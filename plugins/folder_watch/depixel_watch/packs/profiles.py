"""Games and emulators as data (profiles.toml): how they are recognised and what they want done to which file."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any

from depixel.errors import BadUsageError
from depixel_watch.packs.conventions import Treatment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

ProfileSettings = tuple[tuple[str, Any], ...]
"""Settings that a profile lays over the user's, sorted by name: textures with equal hints share a batch."""

OWN_PROFILES = ".depixel-profiles.toml"
"""In the watched folder: profiles of the user's own, which replace those of the same name."""

ACTIONS = ("upscale", "copy", "follow")
_DATA = Path(__file__).with_name("profiles.toml")
ARCHIVES = frozenset({".zip", ".pk3"})
_MOST_FOLDERS = 100  # of one level, that are looked into for what a folder is


def is_archive(path: str) -> bool:
    """Whether a name is that of an archive whose textures are upscaled inside it."""
    return Path(path).suffix.lower() in ARCHIVES


@dataclass(frozen=True)
class Rule:
    """What to do to paths that match."""

    match: str
    action: str  # upscale; copy = left alone; follow = comes along, for larger pictures need it
    hints: ProfileSettings
    treatment: Treatment = field(default_factory=Treatment)
    reason: str = ""  # why files that match are not upscaled, as a plural: "fonts"

    @property
    def upscale(self) -> bool:
        return self.action == "upscale"


@dataclass(frozen=True)
class PackProfile:
    """One consumer of textures."""

    name: str
    title: str
    markers: tuple[str, ...]  # file names in the root that give it away
    names: tuple[re.Pattern[str], ...]  # file names that only it has
    rules: tuple[Rule, ...]
    note: str = ""  # what somebody who uses it should know
    atlas: int = 0  # side of the one texture into which the game packs all of them; 0 = there is no such limit
    parts: tuple[tuple[str, PackProfile], ...] = ()  # folders that are packs by themselves

    def is_marked_by(self, name: str) -> bool:
        """Whether a file of this name in a pack's root gives the profile away."""
        return any(fnmatchcase(name.lower(), marker) for marker in self.markers)

    def rule_for(self, path: str) -> Rule:
        """The first rule that fits a relative path; in a folder that is a pack, of its profile, by the path in it."""
        folder, inside, rest = path.partition("/")
        for name, profile in self.parts if inside else ():
            if name == folder:
                return profile.rule_for(rest)
        low = path.lower()
        return next(r for r in self.rules if fnmatchcase(low, r.match) or fnmatchcase("/" + low, r.match))


def load(path: Path = _DATA, own: Path | None = None) -> dict[str, PackProfile]:
    """
    All profiles by name, in order of recognition; the generic one is last.

    Args:
        own: a folder that may hold a file of profiles of its own (`OWN_PROFILES`); they come first.

    Raises:
        BadUsageError: a file is damaged, or says what no profile may say.
    """
    found = _read(path)
    if own is not None and (own / OWN_PROFILES).is_file():
        mine = _read(own / OWN_PROFILES)
        found = {**mine, **{name: profile for name, profile in found.items() if name not in mine}}
    return found


def _read(path: Path) -> dict[str, PackProfile]:
    try:
        told = tomllib.loads(path.read_text("utf-8"))["profile"]
        return {p["name"]: _profile(p) for p in told}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, re.error) as error:
        raise BadUsageError(f"The profiles in {path} cannot be used: {error}.") from error


def names_in(folder: Path, most: int = 5000, levels: int = 3) -> list[str]:
    """
    Names of the files in a folder and the two levels below it, those of the top first: what it is recognised by.
    Archives say nothing: each is recognised by itself.
    """
    names: list[str] = []
    level = [folder]
    for _ in range(levels):
        below: list[Path] = []
        for place in level:
            with contextlib.suppress(OSError), os.scandir(place) as entries:
                for entry in islice(entries, 4 * most):
                    if entry.is_dir(follow_symlinks=False):
                        below.append(Path(entry.path))
                    elif len(names) < most and not is_archive(entry.name):
                        names.append(entry.name)
        level = below[:_MOST_FOLDERS]
    return names


def recognise_folder(profiles: dict[str, PackProfile], folder: Path) -> PackProfile:
    """
    A pack, or a folder of packs: where it has no markers of its own, each folder in it that has some, or names that
    only one game has, is a pack by itself.
    """
    whole = recognise(profiles, names_in(folder))
    if whole.name == "generic" or _marked(profiles, names_in(folder, levels=1)):
        return whole
    inside: list[Path] = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        inside = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    parts = []
    for place in sorted(inside)[:_MOST_FOLDERS]:
        found = _marked(profiles, names_in(place, levels=1)) or _named(profiles, names_in(place, 500, levels=2))
        if found is not None:
            parts.append((place.name, found))
    return replace(whole, parts=tuple(parts))


def recognise(profiles: dict[str, PackProfile], names: Iterable[str]) -> PackProfile:
    """By the names of files in a pack's root, else by file names; the generic one when nothing fits."""
    names = list(names)
    return _marked(profiles, names) or _named(profiles, names) or profiles["generic"]


def _marked(profiles: dict[str, PackProfile], names: Iterable[str]) -> PackProfile | None:
    names = list(names)
    return next((p for p in profiles.values() if any(p.is_marked_by(name) for name in names)), None)


def _named(profiles: dict[str, PackProfile], names: Iterable[str]) -> PackProfile | None:
    lower = [name.lower() for name in names]
    for profile in profiles.values():
        if any(pattern.fullmatch(name) for pattern in profile.names for name in lower):
            return profile
    return None


def _profile(told: dict[str, Any]) -> PackProfile:
    return PackProfile(
        told["name"],
        told["title"],
        tuple(told.get("markers", ())),
        tuple(re.compile(n) for n in told.get("names", ())),
        (*(_rule(r) for r in told["rules"]), Rule("*", "upscale", ())),
        told.get("note", ""),
        told.get("atlas", 0),
    )


def _rule(told: dict[str, Any]) -> Rule:
    unknown = told.keys() - {"match", "action", "settings", "file", "reason"}
    action = told.get("action", "upscale")
    treatment = Treatment(**told.get("file", {}))
    if unknown or action not in ACTIONS or not treatment.is_known:
        raise ValueError(f"the rule for {told['match']!r} says what is not known: {sorted(unknown) or action}")
    return Rule(
        told["match"], action, tuple(sorted(told.get("settings", {}).items())), treatment, told.get("reason", "")
    )
