"""`depixel open`: opens the engine's page in the user's web browser."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from depixel.client import Engine, EngineError
from depixel.client.engine import page_address
from depixel.errors import BadUsageError, DepixelError
from depixel.terminal.mistakes import no_such_input

if TYPE_CHECKING:
    from depixel.cli import Subparsers

_SECONDS = 10.0  # that a browser gets to start and open the file
_NOTE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Depixel</title>
<form method="post" action="http://127.0.0.1:{port}/enter">
<input type="hidden" name="key" value="{key}"><button>Open Depixel</button></form>
<script>document.forms[0].submit()</script></html>
"""


def add_parser(subparsers: Subparsers) -> None:
    """Declare `depixel open`."""
    parser = subparsers.add_parser(
        "open",
        help="open Depixel in the web browser",
        description="Open Depixel's page in your web browser: drop pictures on it, compare before and after, choose, "
        "save. The page runs on the engine of this computer; nothing is sent anywhere else.",
    )
    parser.add_argument("inputs", nargs="*", metavar="FILE|FOLDER", help="pictures, folders or texture packs to open")
    parser.add_argument("--no-browser", action="store_true", help="only print the address, which works once")


def run(args: argparse.Namespace) -> int:
    """Find or start the engine, get a key for the page, and hand it to the browser."""
    files = named_files(args.inputs)
    engine = Engine("page")
    try:
        if not args.no_browser and has_screen() and _by_file(engine, files):
            sys.stdout.write("Depixel is open in your web browser.\n")
            return 0
        port, key = engine.page_key(files)
    except EngineError as error:
        raise DepixelError(str(error)) from error
    address = page_address(port, key)
    if not args.no_browser and has_screen() and webbrowser.open(address):
        sys.stdout.write("Depixel is open in your web browser.\n")
        return 0
    sys.stdout.write(f"Open this address in your web browser; it works once, within 10 minutes:\n  {address}\n")
    return 0


# A private file posts the key: unlike an address, other users cannot read it and the browser's history does not keep
# it. Browsers in a sandbox (Snap, Flatpak) cannot open the file: it then stays, and the address is used instead.
def _by_file(engine: Engine, files: list[tuple[str, str]]) -> bool:
    note = Path(engine.place.path(f"open-{secrets.token_hex(8)}.html"))
    try:
        port, key = engine.page_key(files, str(note))
        with os.fdopen(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(_NOTE.format(port=port, key=key))
        if not webbrowser.open(note.as_uri()):
            return False
        deadline = time.monotonic() + _SECONDS
        while note.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        return not note.exists()
    except OSError:
        return False
    finally:
        note.unlink(missing_ok=True)


def named_files(inputs: list[str]) -> list[tuple[str, str]]:
    """
    (absolute path, name to show) of every file in the inputs; a file in a folder keeps its path below the folder.

    Raises:
        BadUsageError: an input does not exist.
    """
    files: list[tuple[str, str]] = []
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            files += _in_folder(path)
        elif path.is_file():
            files.append((str(path.absolute()), path.name))
        else:
            raise BadUsageError(no_such_input(text))
    return files


def has_screen() -> bool:
    """Whether a browser window can appear on this screen; over SSH, for example, only the address helps."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _in_folder(folder: Path) -> list[tuple[str, str]]:
    top = folder.resolve()
    files = []
    for here, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                path = Path(here, name)
                files.append((str(path), (Path(top.name) / path.relative_to(top)).as_posix()))
    return files
