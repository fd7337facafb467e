"""A record of where plug-ins were installed, so that the doctor also checks profiles that cannot be found otherwise."""

from __future__ import annotations

import json
from pathlib import Path

from depixel.client.json_text import parse_json
from depixel.client.place import Place
from depixel.errors import UnwritableOutputError
from depixel.install.profiles import Profile

_FILE = "profiles.json"


def remembered(place: Place) -> list[Profile]:
    """Profiles into which a plug-in was installed and not removed since; a damaged file counts as empty."""
    try:
        entries = parse_json(Path(place.path(_FILE)).read_bytes())
        return [
            Profile(
                str(entry["program"]),
                str(entry["kind"]),
                str(entry["version"]),
                Path(entry["plugins"]),
                Path(entry["settings"]) if entry.get("settings") else None,
            )
            for entry in entries
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def remember(place: Place, profile: Profile) -> None:
    """Record that the plug-in is installed in `profile`. Raises UnwritableOutputError."""
    _write(place, [*(one for one in remembered(place) if one.plugins != profile.plugins), profile])


def forget(place: Place, profile: Profile) -> None:
    """Record that the plug-in is no longer installed in `profile`. Raises UnwritableOutputError."""
    others = [one for one in remembered(place) if one.plugins != profile.plugins]
    if others != remembered(place):
        _write(place, others)


def _write(place: Place, profiles: list[Profile]) -> None:
    entries = [{name: str(value) for name, value in vars(one).items() if value is not None} for one in profiles]
    target = Path(place.path(_FILE))
    try:
        place.make()
        part = target.with_name(f".{target.name}.part")
        part.write_text(json.dumps(entries, indent=1), "utf-8")
        part.replace(target)
    except OSError as error:
        raise UnwritableOutputError(f"{target} cannot be written: {error}.") from error
