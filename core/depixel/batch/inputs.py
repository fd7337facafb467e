"""Which pictures a command line means: files, folders with all below them, and patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from depixel.terminal.mistakes import no_such_input
from depixel.terminal.printable import counted

DEFAULT_OUT = "depixel-out"
"""Name of the output folder unless another is given; wherever it lies, it holds answers and no inputs."""


@dataclass
class InputPictures:
    """What the inputs stand for."""

    pictures: list[tuple[Path, Path]] = field(default_factory=list)  # (source, path below the output folder)
    missing: list[tuple[str, str]] = field(default_factory=list)  # (input, why nothing was found)
    named: set[Path] = field(default_factory=set)  # sources that were named one by one
    ignored: int = 0  # files in folders whose names are not those of pictures


def find_pictures(inputs: Sequence[str], readable: Collection[str], leave_out: Path | None = None) -> InputPictures:
    """
    Every picture once, in the order of the inputs, folders sorted by name.

    One folder's contents go straight into the output folder; of several folders each goes into one of its own name. A
    file keeps its name, a match of a pattern its path below the part without wildcards. Hidden files and folders are
    left alone, and links to folders are not followed.

    Args:
        readable: endings such as ".png" of the files that are taken from folders; named files are taken whatever
            their ending, for what counts is the content.
        leave_out: the output folder, when it lies inside an input folder: answers are not inputs. The same holds for
            folders with the default name, which an earlier run made.
    """
    result = InputPictures()
    real_paths: set[str] = set()
    folders = sum(1 for text in inputs if Path(text).is_dir())
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            top = Path(path.resolve().name) if folders > 1 else Path()
            _take(result, real_paths, ((p, top / p.relative_to(path)) for p in _walk(path, leave_out)), readable)
        elif path.exists():
            result.named.add(path)
            _take(result, real_paths, [(path, Path(path.name))], None)
        elif glob.has_magic(text):
            fixed = _fixed_part(text)
            matches = ((match, match.relative_to(fixed)) for match in fixed.glob(str(path.relative_to(fixed))))
            pairs = sorted((m, r) for m, r in matches if not m.is_dir() and not any(n.startswith(".") for n in r.parts))
            if not pairs:
                result.missing.append((text, f"nothing matches the pattern {text}."))
            _take(result, real_paths, pairs, readable if "**" in text else None)
        else:
            result.missing.append((text, no_such_input(text)))
    return result


def nothing_found(inputs: Sequence[str], result: InputPictures, readable: Collection[str]) -> str:
    """Why the inputs stand for no picture at all, as a sentence."""
    if result.missing:
        return " ".join(reason for _, reason in result.missing)
    where = inputs[0] if len(inputs) == 1 else "any of the inputs"
    if result.ignored:
        kinds = ", ".join(sorted(readable))
        return f"there is no picture in {where}, only {counted(result.ignored, 'other file')}. Depixel reads {kinds}."
    return f"there is no picture in {where}: nothing is in it."


def _take(
    result: InputPictures, real_paths: set[str], pairs: Sequence[tuple[Path, Path]] | Iterator[tuple[Path, Path]],
    readable: Collection[str] | None,
) -> None:  # fmt: skip
    for source, relative in pairs:
        if readable is not None and source.suffix.lower() not in readable:
            result.ignored += 1
            continue
        real = os.path.realpath(source)  # a link in circles is named when it is read
        if real not in real_paths:
            real_paths.add(real)
            result.pictures.append((source, relative))


def _walk(folder: Path, leave_out: Path | None) -> Iterator[Path]:
    avoid = leave_out.resolve() if leave_out is not None else None
    for here, folders, files in os.walk(folder):
        visible = (n for n in folders if not n.startswith(".") and n != DEFAULT_OUT)
        folders[:] = sorted(n for n in visible if (Path(here) / n).resolve() != avoid)
        yield from (Path(here) / name for name in sorted(files) if not name.startswith("."))


# The leading folders of a pattern that hold no wildcard.
def _fixed_part(pattern: str) -> Path:
    parts = []
    for part in Path(pattern).parts[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return Path(*parts) if parts else Path()
