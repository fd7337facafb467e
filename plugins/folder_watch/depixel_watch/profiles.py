"""Games and emulators as data (profiles.toml): how they are recognised and what they want done to which file."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from depixel.errors import BadUsageError
from depixel_watch.work import Hints

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found, unused-ignore]

_DATA = Path(__file__).with_name("profiles.toml")
ARCHIVES = frozenset({".zip", ".pk3"})


@dataclass(frozen=True)
class Rule:
    """What to do to paths that match."""

    match: str
    upscale: bool
    hints: Hints


@dataclass(frozen=True)
class Profile:
    """One consumer of textures."""

    name: str
    title: str
    markers: tuple[str, ...]  # file names in the root that give it away
    names: tuple[re.Pattern[str], ...]  # file names that only it has
    rules: tuple[Rule, ...]

    def rule_for(self, path: str) -> Rule:
        """The first rule that fits a relative path."""
        low = path.lower()
        return next(r for r in self.rules if fnmatchcase(low, r.match) or fnmatchcase("/" + low, r.match))


def load(path: Path = _DATA) -> dict[str, Profile]:
    """
    All profiles by name, in order of recognition; the generic one is last.

    Raises:
        BadUsageError: the file is damaged.
    """
    try:
        told = tomllib.loads(path.read_text("utf-8"))["profile"]
        return {p["name"]: _profile(p) for p in told}
    except (OSError, ValueError, KeyError, TypeError, re.error) as error:
        raise BadUsageError(f"The profiles in {path} cannot be used: {error}.") from error


def recognise(profiles: dict[str, Profile], names: Iterable[str]) -> Profile:
    """By the names of files in a pack's root, else by file names; the generic one when nothing fits."""
    names = [name.lower() for name in names]
    for profile in profiles.values():
        if any(fnmatchcase(name, marker) for marker in profile.markers for name in names):
            return profile
    for profile in profiles.values():
        if any(pattern.fullmatch(name) for pattern in profile.names for name in names):
            return profile
    return profiles["generic"]


def _profile(told: dict[str, Any]) -> Profile:
    rules = [
        Rule(r["match"], r.get("action", "upscale") == "upscale", tuple(sorted(r.get("settings", {}).items())))
        for r in told["rules"]
    ]
    return Profile(
        told["name"],
        told["title"],
        tuple(told.get("markers", ())),
        tuple(re.compile(n) for n in told.get("names", ())),
        (*rules, Rule("*", True, ())),
    )
