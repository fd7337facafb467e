"""The checks of `depixel doctor`: each yields one sentence about the state and one about how to fix it."""

from __future__ import annotations

from collections.abc import Iterator

from depixel.client import Place
from depixel.install.engine_checks import check_engine_parts, check_record, check_running
from depixel.install.findings import BAD, GOOD, NOTE, Finding
from depixel.install.gimp_checks import check_gimp
from depixel.install.plugins import KRITA_NAME, client_problem, is_enabled
from depixel.install.profiles import System, krita_profiles


def examine(system: System, place: Place) -> Iterator[Finding]:
    """All checks, starting with the engine."""
    yield from check_engine_parts()
    yield from check_record(place)
    yield from check_running(place)
    yield from check_gimp(system, place)
    yield from check_krita(system)


def check_krita(system: System) -> Iterator[Finding]:
    """One finding per profile of Krita."""
    profiles = krita_profiles(system)
    if not profiles:
        yield Finding(NOTE, "Krita was not found", "start Krita once, or: depixel install krita --profile FOLDER")
    for profile in profiles:
        again = "depixel install krita"
        folder = profile.plugins / KRITA_NAME
        if not folder.is_dir():
            yield Finding(NOTE, f"{profile}: the plug-in is not installed", again)
            continue
        problem = client_problem(folder / "_client")
        if problem:
            yield Finding(BAD, f"{profile}: {problem}", again)
        elif not (profile.plugins / f"{KRITA_NAME}.desktop").is_file():
            yield Finding(BAD, f"{profile}: {KRITA_NAME}.desktop is missing, so Krita does not list the plug-in", again)
        elif profile.settings is not None and not is_enabled(profile.settings):
            mend = "Settings > Configure Krita > Python Plugin Manager: switch Depixel on, and restart Krita"
            yield Finding(BAD, f"{profile}: the plug-in is switched off in {profile.settings}", mend)
        else:
            yield Finding(GOOD, f"{profile}: installed in {folder}")
