"""File names in lines for people: they may contain line feeds, terminal commands and undefined characters."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

_JOINERS = "\u200c\u200d"  # parts of emoji and of several scripts


def one_line(text: str) -> str:
    """The text with invisible characters spelt out, as `\\n` or `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _JOINERS else c.encode("unicode_escape").decode("ascii") for c in text)


def visible(text: str) -> str:
    """Some lines for people: like `one_line`, but line feeds stay. For text that is partly from a file."""
    return "\n".join(map(one_line, text.split("\n")))


def counted(count: int, noun: str, nouns: str = "") -> str:
    """ "1 input", "2 inputs"; `nouns` is the plural where it is irregular."""
    return f"{count} {noun}" if count == 1 else f"{count} {nouns or noun + 's'}"


def shortened(sentences: Sequence[str], most: int = 20, noun: str = "file", where: str = "") -> list[str]:
    """The first `most` sentences, and one that counts the rest: "And 3 more files."."""
    rest = len(sentences) - most
    return [*sentences[:most], f"And {counted(rest, f'more {noun}')}{where}."] if rest > 0 else list(sentences)


def spell_out_unknown_letters() -> None:
    """Spell out characters that the output's encoding lacks, instead of ending the command with an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
