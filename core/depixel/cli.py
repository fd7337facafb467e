"""
`depixel`: finds the subcommand, runs it, and turns every failure into one sentence and an exit code.

Exit codes: 0 all done, 1 something failed (and was named), 2 bad usage, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from depixel import __version__
from depixel.errors import CancelledError, DepixelError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # what every `add_parser` is given

COMMANDS = {
    "upscale": "depixel.commands.upscale",
    "project": "depixel.commands.project",
    "anonymise": "depixel.commands.anonymise",
    "watch": "depixel.commands.watch",
    "serve": "depixel.commands.serve",
    "install": "depixel.commands.install",
    "uninstall": "depixel.commands.install",
    "doctor": "depixel.commands.doctor",
    "models": "depixel.commands.models",
}
"""Subcommand => the module that declares and runs it, in the order of the help page."""

_DESCRIPTION = (
    "Depixel imagines the pixels that a tiny picture never had: the answer scales back down to exactly the pixels you "
    "gave. Detail is invented, not recovered."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code and raises only SystemExit (from argparse)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    args = make_parser(arguments).parse_args(arguments)
    try:
        return int(importlib.import_module(COMMANDS[args.command]).run(args))
    except CancelledError as error:
        return _fail(str(error), error.exit_code)
    except DepixelError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail("Stopped.", 130)
    except BrokenPipeError:  # the reader of our output left (`depixel models | head -1`): nothing to complain about
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def make_parser(arguments: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser of every command, or only of the one that `arguments` starts with: the rest need not be imported."""
    parser = argparse.ArgumentParser(prog="depixel", description=_DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"depixel {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked = COMMANDS.get(arguments[0]) if arguments else None
    for module in _modules(asked):
        module.add_parser(subparsers)
    return parser


def _modules(asked: str | None) -> list[ModuleType]:
    names = [asked] if asked else list(dict.fromkeys(COMMANDS.values()))
    return [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]


def _fail(sentence: str, code: int) -> int:
    sys.stderr.write(f"depixel: {sentence}\n")
    return code
