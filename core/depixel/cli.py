"""
The program `depixel`: finds the subcommand, runs it, and turns every failure into one sentence and an exit code.

Exit codes: 0 all done, 1 something failed (and was named), 2 bad usage, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from depixel import __version__
from depixel.errors import DepixelError
from depixel.terminal.mistakes import suggestion, unknown_command, unknown_options
from depixel.terminal.printable import one_line, spell_out_unknown_letters
from depixel.terminal.stopping import finish, heard_inside_decoders

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # the argument of every `add_parser`

_SWITCH_SECONDS = 0.0005
"""Python's own 5 ms would let a thread that computes wait as long for one that reads, names or writes pictures."""

COMMANDS = {
    "upscale": ("depixel.commands.upscale", "upscale pictures, folders of pictures or patterns"),
    "project": ("depixel.commands.project", "make another upscaler's result scale back down to its input"),
    "anonymise": ("depixel.commands.anonymise", "replace a face with an invented one"),
    "imagine": ("depixel.commands.imagine", "draw a person who does not exist"),
    "watch": ("depixel_watch.command", "watch a mod folder and keep its textures upscaled"),
    "open": ("depixel.commands.open_page", "open Depixel in the web browser"),
    "serve": ("depixel.commands.serve", "run the engine that GIMP and Krita share"),
    "install": ("depixel.commands.install", "install the plug-in for GIMP or Krita"),
    "uninstall": ("depixel.commands.install", "remove the plug-in from GIMP or Krita"),
    "doctor": ("depixel.commands.doctor", "check the installation and say how to fix what is wrong"),
    "models": ("depixel.commands.models", "list, add or remove models, with licence and digest"),
}
"""Subcommand => the module that declares and runs it, and its line on the help page; in the page's order."""

_DESCRIPTION = (
    "Depixel enlarges tiny pictures by inventing the missing detail. Each answer scales back down to exactly the "
    "pixels you gave. Detail is invented, not recovered."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code and raises only SystemExit (from argparse)."""
    # torch's threads should sleep while they wait: on a busy machine this is two to three times faster than spinning.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    spell_out_unknown_letters()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments:
        make_parser().print_help(sys.stderr)
        return 2
    first = arguments[0]
    if not first.startswith("-") and first not in COMMANDS:
        return _fail(unknown_command(first, COMMANDS), 2)
    return finish(_run(make_parser(arguments).parse_args(arguments)))


def _run(args: argparse.Namespace) -> int:
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        with heard_inside_decoders():
            return int(importlib.import_module(COMMANDS[args.command][0]).run(args))
    except DepixelError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail("Stopped.", 130)
    except (
        BrokenPipeError
    ):  # the reader of the output has closed it (`depixel models | head -1`), which is not an error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def make_parser(arguments: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser for these arguments. Only the module of the named command is imported."""
    parser = _Parser(prog="depixel", description=_DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"depixel {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = next((word for word in arguments if not word.startswith("-")), "")
    if command in COMMANDS and importlib.util.find_spec(COMMANDS[command][0]):
        importlib.import_module(COMMANDS[command][0]).add_parser(subparsers)
        return parser
    for name, (module, line) in COMMANDS.items():
        if importlib.util.find_spec(module):
            subparsers.add_parser(name, help=line)
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, not a page of options, and suggest the most similar option."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's, with our own sentence about unknown arguments."""
        values, left = self.parse_known_args(args, namespace)
        if left:
            parser = self._chosen(getattr(values, "command", ""))
            flags = [flag for action in parser._actions for flag in action.option_strings]
            self.exit(2, f"depixel: {unknown_options(left, flags, parser.prog)}\n")
        return values

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Like argparse's, with our own message about a value that is not one of the choices."""
        if action.choices is not None and value not in action.choices:
            name = "/".join(action.option_strings) or str(action.metavar or action.dest).upper()
            words = [str(choice) for choice in action.choices]
            hint = suggestion(str(value), words)
            raise argparse.ArgumentError(None, f"{name} takes one of {', '.join(words)}; not {value!r}{hint}")

    def error(self, message: str) -> NoReturn:
        message = re.sub(r"^argument (\S+): (?=\1)", "", message)  # our own sentences already name the option
        end = "" if message.endswith((".", "?")) else "."
        self.exit(2, f"depixel: {message}{end} `{self.prog} --help` lists all options.\n")

    def _chosen(self, command: str) -> argparse.ArgumentParser:
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction) and command in action.choices:
                parser: argparse.ArgumentParser = action.choices[command]
                return parser
        return self


def _fail(sentence: str, code: int) -> int:
    sys.stderr.write(f"depixel: {one_line(sentence)}\n")
    return code
