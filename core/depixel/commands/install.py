"""`depixel install gimp|krita` and `depixel uninstall gimp|krita`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from depixel.client.place import Place
from depixel.install.gimp_checks import CONFINED
from depixel.install.memory import forget, remember, remembered
from depixel.install.plugins import (
    NothingToInstallError,
    engine_record,
    install_gimp,
    install_krita,
    krita_zip,
    record_engine,
    source_of,
    uninstall,
)
from depixel.install.profiles import (
    Profile,
    System,
    gimp_profiles,
    krita_profiles,
    old_gimp_versions,
    plug_in_folder,
)
from depixel.terminal.printable import visible

if TYPE_CHECKING:
    from depixel.cli import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Declare `depixel install` and `depixel uninstall`."""
    for verb, text in (
        ("install", "install the plug-in for GIMP or Krita, and record how it starts the engine"),
        ("uninstall", "remove the plug-in from GIMP or Krita"),
    ):
        parser = subparsers.add_parser(verb, help=text, description=text[0].upper() + text[1:] + ".")
        parser.add_argument("program", choices=("gimp", "krita"))
        parser.add_argument(
            "--profile",
            type=Path,
            metavar="FOLDER",
            help="profile folder to use instead of those found on this computer",
        )
        if verb == "install":
            parser.add_argument(
                "--engine",
                type=Path,
                metavar="PROGRAM",
                help="program that the plug-in starts as the engine, instead of this Python",
            )
            parser.add_argument(
                "--zip",
                type=Path,
                metavar="FILE",
                help="for Krita: only write an archive for Tools > Scripts > Import Python Plugin",
            )


def run(args: argparse.Namespace) -> int:
    """Install or uninstall for every profile found, and report each."""
    if args.command == "uninstall":
        return _uninstall(args)
    record = engine_record(args.engine)
    if args.zip is not None:
        if args.program != "krita":
            raise NothingToInstallError("Only Krita can import a plug-in from an archive: leave out --zip.")
        krita_zip(args.zip, record)
        _say(f"Wrote {args.zip}: in Krita, Tools > Scripts > Import Python Plugin from File.")
        _say(f"The engine is recorded in {record_engine(Place(), record)}.")
        return 0
    source_of(args.program)
    profiles = _profiles(args)
    if not profiles:
        raise NothingToInstallError(_not_found(args.program))
    install = install_gimp if args.program == "gimp" else install_krita
    for profile in profiles:
        _say(f"{profile}: installed {install(profile, record)}")
        remember(Place(), profile)
        if profile.kind in CONFINED:
            why, mend = CONFINED[profile.kind]
            _say(f"{profile}: {why}: {mend}.")
    for old_profile in remembered(Place()):
        if old_profile.program.lower() == args.program and not old_profile.plugins.parent.is_dir():
            forget(Place(), old_profile)
    _say(f"The engine is {' '.join(record.command)}, recorded in {record_engine(Place(), record)}.")
    where = "Filters > Depixel" if args.program == "gimp" else "Filter, Tools > Scripts and Settings > Dockers"
    name = "GIMP" if args.program == "gimp" else "Krita"
    _say(f"Restart {name}; Depixel is in {where}. If it is not, run `depixel doctor`.")
    return 0


def _uninstall(args: argparse.Namespace) -> int:
    removed = []
    profiles = _profiles(args)
    if args.profile is None:
        profiles += [one for one in remembered(Place()) if one.program.lower() == args.program and one not in profiles]
    for profile in profiles:
        removed += uninstall(profile)
        forget(Place(), profile)
    for path in removed:
        _say(f"Removed {path}")
    if not removed:
        _say(f"The plug-in is not installed in {'GIMP' if args.program == 'gimp' else 'Krita'}.")
    return 0


def _profiles(args: argparse.Namespace) -> list[Profile]:
    if args.profile is not None:
        folder = args.profile.absolute()
        if args.program == "gimp":
            return [Profile("GIMP", "given", "", plug_in_folder(folder, System.here()))]
        return [Profile("Krita", "given", "", folder / "pykrita", folder / "kritarc")]
    system = System.here()
    return gimp_profiles(system) if args.program == "gimp" else krita_profiles(system)


def _not_found(program: str) -> str:
    if program == "krita":
        return "Krita was not found: start it once, or name its profile folder with --profile FOLDER."
    old = old_gimp_versions(System.here())
    if old:
        return f"Only GIMP {', '.join(old)} was found; the plug-in needs GIMP 3.0 or later."
    return "GIMP 3 was not found: start it once, or name its profile folder with --profile FOLDER."


def _say(sentence: str) -> None:
    sys.stdout.write(visible(sentence + "\n"))
