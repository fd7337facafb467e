"""Games and emulators as data (profiles.toml): how they are recognised and how each file must be treated."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any

from depixel.bystanders import ZIPS
from depixel.errors import BadUsageError
from depixel.request import Request
from depixel_watch.packs.confirmation import CONFIRMATIONS
from depixel_watch.packs.conventions import Treatment

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

ProfileSettings = tuple[tuple[str, Any], ...]
"""Settings of a profile that override the user's, sorted by name: textures with equal hints share a batch."""

OWN_PROFILES = ".depixel-profiles.toml"
"""The user's own profiles, in the watched folder; they replace built-in profiles of the same name."""

ACTIONS = ("upscale", "copy", "follow")
_DATA = Path(__file__).with_name("profiles.toml")
_MOST_FOLDERS = 100  # of one level, that are examined to recognise a folder
_PROFILE_KEYS = {"name", "title", "markers", "names", "paths", "archives", "rules", "note", "atlas"}
_PROFILE_KEYS |= {"where", "link", "whole"}
_RULE_KEYS = {"match", "action", "settings", "file", "reason", "confirm"}


def is_archive(path: str) -> bool:
    """Whether a name is that of an archive whose textures are upscaled inside it."""
    return Path(path).suffix.lower() in ZIPS


@dataclass(frozen=True)
class Rule:
    """What to do to paths that match."""

    match: str
    action: str  # upscale; copy = left alone; follow = copied with the larger pictures, which need it
    hints: ProfileSettings
    treatment: Treatment = field(default_factory=Treatment)
    reason: str = ""  # why matching files are not upscaled, as a plural: "fonts"
    confirm: str = ""  # what the content must be: normals, map; otherwise the next matching rule applies

    @property
    def upscale(self) -> bool:
        return self.action == "upscale"

    def fits(self, low: str) -> bool:
        """Whether a path in lower case matches."""
        return fnmatchcase(low, self.match) or fnmatchcase("/" + low, self.match)


@dataclass(frozen=True)
class PackProfile:
    """What one game or emulator expects of textures."""

    name: str
    title: str
    markers: tuple[str, ...]  # file names in the root that identify it
    names: tuple[re.Pattern[str], ...]  # file names that only it has
    rules: tuple[Rule, ...]
    note: str = ""  # what its users should know
    atlas: int = 0  # side of the one texture into which the game packs all of them; 0 = no such limit
    paths: tuple[str, ...] = ()  # paths in a pack that only it has, such as scripts/*.shader
    archives: tuple[str, ...] = ()  # extensions of archives that belong to it if nothing inside says otherwise
    where: str = field(default="", repr=False)  # where the game or emulator expects the result
    link: str = field(default="", repr=False)  # its own page about that
    whole: bool = field(default=False, repr=False)  # a folder with a marker is a whole pack, not a project or game
    parts: tuple[tuple[str, PackProfile], ...] = ()  # subfolders that are packs of their own

    @property
    def destination(self) -> str:
        """Where the result goes, as a sentence for people; empty if unknown."""
        if not self.where:
            return ""
        return f"Where it goes: {self.where}." + (f" See {self.link}" if self.link else "")

    def is_marked_by(self, name: str) -> bool:
        """Whether a file with this name in a pack's root identifies the profile."""
        return any(fnmatchcase(name.lower(), marker) for marker in self.markers)

    def has_path(self, path: str) -> bool:
        """Whether a path in a pack identifies the profile."""
        return any(fnmatchcase(path.lower(), pattern) for pattern in self.paths)

    def is_rooted_at(self, paths: Iterable[str]) -> bool:
        """Whether these paths show that the folder itself is the pack, not a folder of packs."""
        rooted = [pattern for pattern in self.paths if not pattern.startswith("*")]
        return any(fnmatchcase(path.lower(), pattern) for path in paths for pattern in rooted)

    def rule_for(self, path: str) -> Rule:
        """
        The first rule that matches a relative path; inside a folder that is a pack, a rule of its profile for the path
        in it.
        """
        profile, low = self._inner(path)
        return next(rule for rule in profile.rules if rule.fits(low))

    def otherwise(self, path: str, rule: Rule) -> tuple[Rule, ...]:
        """
        The rules for a file whose content does not confirm `rule`: the first one that it confirms applies, or the last.
        """
        if not rule.confirm:
            return ()
        profile, low = self._inner(path)
        fitting = [other for other in profile.rules if other.fits(low)]
        later = fitting[fitting.index(rule) + 1 :]
        last = next(index for index, other in enumerate(later) if not other.confirm)
        return tuple(later[: last + 1])

    def profile_of(self, path: str) -> PackProfile:
        """The profile for a path."""
        return self._inner(path)[0]

    def _inner(self, path: str) -> tuple[PackProfile, str]:
        folder, inside, rest = path.partition("/")
        for name, profile in self.parts if inside else ():
            if name == folder:
                return profile._inner(rest)
        return self, path.lower()


def load(path: Path = _DATA, own: Path | None = None) -> dict[str, PackProfile]:
    """
    All profiles by name, in order of recognition; the generic one is last.

    Args:
        own: a folder that may hold a file of the user's profiles (`OWN_PROFILES`); they come first.

    Raises:
        BadUsageError: a file is damaged or contains something invalid.
    """
    own_profiles = _read(path)
    if own is not None and (own / OWN_PROFILES).is_file():
        mine = _read(own / OWN_PROFILES)
        own_profiles = {**mine, **{name: profile for name, profile in own_profiles.items() if name not in mine}}
    return own_profiles


def _read(path: Path) -> dict[str, PackProfile]:
    try:
        tables = tomllib.loads(path.read_text("utf-8")).get("profile", [])
        profiles = [_profile(table) for table in tables]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, re.error) as error:
        reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error).rstrip(".")
        remedy = "; correct the file, or delete it to use the built-in profiles" if path != _DATA else ""
        raise BadUsageError(f"The profiles in {path} cannot be used ({reason}){remedy}.") from error
    return {profile.name: profile for profile in profiles}


def names_in(folder: Path, most: int = 5000, levels: int = 3) -> list[str]:
    """
    Names of the files in a folder and the two levels below it, top level first, by which it is recognised. Archives are
    left out: each is recognised separately.
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


def paths_in(folder: Path, most: int = 2000, levels: int = 3) -> list[str]:
    """Paths of files in a folder and the two levels below it, relative, with forward slashes."""
    paths: list[str] = []
    level = [""]
    for _ in range(levels):
        below: list[str] = []
        for inner in level:
            with contextlib.suppress(OSError), os.scandir(folder / inner) as entries:
                for entry in islice(entries, 4 * most):
                    path = f"{inner}/{entry.name}" if inner else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        below.append(path)
                    elif len(paths) < most:
                        paths.append(path)
        level = below[:_MOST_FOLDERS]
    return paths


def recognise_folder(profiles: dict[str, PackProfile], folder: Path) -> PackProfile:
    """
    A pack, or a folder of packs: if it has no markers of its own, each folder in it that has some, or names or paths
    that only one game has, is a pack of its own.
    """
    paths = paths_in(folder)
    whole = recognise(profiles, names_in(folder), paths)
    if whole.name == "generic" or whole.is_rooted_at(paths) or _marked(profiles, names_in(folder, levels=1)):
        return whole
    inside: list[Path] = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        inside = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    parts = []
    for place in sorted(inside)[:_MOST_FOLDERS]:
        part = (
            _marked(profiles, names_in(place, levels=1))
            or _named(profiles, names_in(place, 500, levels=2))
            or _placed(profiles, paths_in(place, 500))
        )
        if part is not None:
            parts.append((place.name, part))
    return replace(whole, parts=tuple(parts))


def recognise(
    profiles: dict[str, PackProfile], names: Iterable[str], paths: Iterable[str] = (), archive: str = ""
) -> PackProfile:
    """
    By the names of files in a pack's root, otherwise by file names, by paths, or by an archive's extension; the generic
    profile if nothing matches.
    """
    names = list(names)
    return (
        _marked(profiles, names)
        or _named(profiles, names)
        or _placed(profiles, paths)
        or _ending(profiles, archive)
        or profiles["generic"]
    )


def _marked(profiles: dict[str, PackProfile], names: Iterable[str]) -> PackProfile | None:
    names = list(names)
    return next((p for p in profiles.values() if any(p.is_marked_by(name) for name in names)), None)


def _named(profiles: dict[str, PackProfile], names: Iterable[str]) -> PackProfile | None:
    lower = [name.lower() for name in names]
    for profile in profiles.values():
        if any(pattern.fullmatch(name) for pattern in profile.names for name in lower):
            return profile
    return None


def _placed(profiles: dict[str, PackProfile], paths: Iterable[str]) -> PackProfile | None:
    paths = list(paths)
    return next((p for p in profiles.values() if p.paths and any(p.has_path(path) for path in paths)), None)


def _ending(profiles: dict[str, PackProfile], archive: str) -> PackProfile | None:
    suffix = Path(archive).suffix.lower()
    return next((p for p in profiles.values() if suffix and suffix in p.archives), None)


def _profile(table: dict[str, Any]) -> PackProfile:
    name = _text(table, "name")
    _check_keys(table, _PROFILE_KEYS, f"the profile {name!r}")
    atlas = table.get("atlas", 0)
    if not isinstance(atlas, int) or atlas < 0:
        raise ValueError(f"atlas of the profile {name!r} must be a number of pixels, not {atlas!r}")
    return PackProfile(
        name,
        _text(table, "title"),
        _texts(table, "markers"),
        tuple(re.compile(pattern) for pattern in _texts(table, "names")),
        (*(_rule(rule, name) for rule in table["rules"]), Rule("*", "upscale", ())),
        _text(table, "note", ""),
        atlas,
        _texts(table, "paths"),
        _texts(table, "archives"),
        _text(table, "where", ""),
        _text(table, "link", ""),
        bool(table.get("whole", False)),
    )


def _rule(table: dict[str, Any], profile: str) -> Rule:
    match = _text(table, "match")
    where = f"the rule for {match!r} of the profile {profile!r}"
    _check_keys(table, _RULE_KEYS, where)
    action, confirm = _text(table, "action", "upscale"), _text(table, "confirm", "")
    for word, valid in ((action, ACTIONS), (confirm, CONFIRMATIONS)):
        if word not in valid:
            raise ValueError(f"{where} says {word!r}; choose one of {', '.join(filter(None, valid))}")
    file = table.get("file", {})
    _check_keys(file, {key.name for key in fields(Treatment)}, f"`file` in {where}")
    treatment = Treatment(**file)
    if problem := treatment.problem():
        raise ValueError(f"{where}: {problem}")
    settings = table.get("settings", {})
    Request.from_typed(settings).validated()  # unknown names and values raise an error with the nearest known one
    return Rule(match.lower(), action, tuple(sorted(settings.items())), treatment, _text(table, "reason", ""), confirm)


def _check_keys(table: Any, valid: set[str], where: str) -> None:
    if not isinstance(table, dict):
        raise ValueError(f"{where} must be a table of keys and values, not {table!r}")
    for key in table:
        if key not in valid:
            close = get_close_matches(key, valid, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"the keys are {', '.join(sorted(valid))}"
            raise ValueError(f"{where} has the unknown key {key!r}; {hint}")


def _text(table: dict[str, Any], key: str, default: str | None = None) -> str:
    value = table[key] if default is None else table.get(key, default)
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a text, not {value!r}")
    return value


def _texts(table: dict[str, Any], key: str) -> tuple[str, ...]:
    values = table.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{key} must be a list of texts, not {values!r}")
    return tuple(value if key == "names" else value.lower() for value in values)
