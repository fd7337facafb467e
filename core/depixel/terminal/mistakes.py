"""Sentences about typing mistakes: what does not exist, and what the user probably meant."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from depixel.client.option import nearest


def no_such_input(text: str) -> str:
    """A sentence about a file or folder that does not exist, with the most similar existing name."""
    path = Path(text)
    close = _nearest_neighbour(path)
    return f"no such file or folder: {text}" + (f"; did you mean {close}?" if close else ".")


# A similar name in the same folder; if the folder does not exist either, a similar folder.
def _nearest_neighbour(path: Path) -> Path | None:
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".")]
    except OSError:
        if path.parent == path or not str(path.parent):
            return None
        parent = _nearest_neighbour(path.parent)
        return parent / path.name if parent is not None and (parent / path.name).exists() else parent
    close = nearest(path.name, names)
    return path.with_name(close) if close else None


def suggestion(word: str, words: Iterable[str], otherwise: str = ".") -> str:
    """The end of a sentence about a mistyped word: the most similar one of `words`, or `otherwise` if none is."""
    close = nearest(word, words)
    return f"; did you mean {close}?" if close else otherwise


def unknown_command(word: str, commands: Collection[str]) -> str:
    """A sentence about a first word that is not a command: it is a picture to be upscaled, or misspelt."""
    path = Path(word)
    if path.exists() or "*" in word or re.fullmatch(r"\.\w{2,5}", path.suffix):
        return f"{word!r} is not a command. To upscale it: depixel upscale {_quoted(word)}"
    close = nearest(word, commands)
    if close:
        return f"{word!r} is not a command; did you mean `depixel {close}`?"
    return f"{word!r} is not a command; the commands are {', '.join(commands)}."


def unknown_options(words: Iterable[str], options: Collection[str], program: str) -> str:
    """A sentence about options that a command does not have, each with the most similar one that it has."""
    parts = []
    for word in words:
        name = word.partition("=")[0]
        if not name.startswith("-"):
            parts.append(f"unexpected argument {name!r}")
            continue
        parts.append(f"there is no option {name}{suggestion(name, options, '')}")
    sentence = "; ".join(parts)
    return f"{sentence}{'' if sentence.endswith('?') else '.'} `{program} --help` lists all options."


def _quoted(word: str) -> str:
    return f'"{word}"' if re.search(r"\s", word) else word
