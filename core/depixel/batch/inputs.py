"""The pictures of a command line: files, folders with their subfolders, and patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from depixel.batch.real_paths import RealPaths
from depixel.bystanders import ZIPS, is_renamed_zip, is_system_file, unopened
from depixel.terminal.mistakes import no_such_input
from depixel.terminal.printable import counted, shortened

DEFAULT_OUT = "depixel-out"
"""Default name of the output folder. A folder of this name holds answers, never inputs."""


@dataclass
class InputPictures:
    """The files that the inputs stand for."""

    pictures: list[tuple[Path, Path]] = field(default_factory=list)  # (source, path below the output folder)
    missing: list[tuple[str, str]] = field(default_factory=list)  # (input, why it does not stand for any file)
    explicit: set[Path] = field(default_factory=set)  # sources that were named individually
    ignored: int = 0  # files in folders without a picture's extension
    unopened: list[str] = field(default_factory=list)  # a message for each ignored file that contains pictures


def find_pictures(inputs: Sequence[str], readable: Collection[str], leave_out: Path | None = None) -> InputPictures:
    """
    Every picture once, in the order of the inputs, folders sorted by name.

    The contents of a single folder go straight into the output folder; each of several folders gets a folder of its own
    name. A file keeps its name; a match of a pattern keeps its path below the part without wildcards. Hidden files and
    folders, and those that the system created, are skipped; links to folders are not followed.

    Args:
        readable: extensions such as ".png" of the files to take from folders. A file that is named itself is taken
            whatever its extension is, because its content decides.
        leave_out: the output folder, which may lie inside an input folder: answers are not inputs. Folders with the
            default name, which an earlier run created, are left out as well.
    """
    result = InputPictures()
    real_paths, resolved = RealPaths(), set[str]()
    folders = sum(1 for text in inputs if Path(text).is_dir())
    for text in inputs:
        path = Path(text)
        if path.is_dir():
            top = Path(path.resolve().name) if folders > 1 else Path()
            pairs = ((p, top / p.relative_to(path)) for p in _walk(path, leave_out))
            _take(result, real_paths, resolved, pairs, readable)
        elif path.exists():
            result.explicit.add(path)
            _take(result, real_paths, resolved, [(path, Path(path.name))], None)
        elif glob.has_magic(text):
            fixed = _fixed_part(text)
            matches = ((match, match.relative_to(fixed)) for match in fixed.glob(str(path.relative_to(fixed))))
            matched = sorted((m, r) for m, r in matches if not m.is_dir() and not any(map(is_system_file, r.parts)))
            if not matched:
                result.missing.append((text, f"nothing matches the pattern {text}."))
            _take(result, real_paths, resolved, matched, readable if "**" in text else None)
        else:
            result.missing.append((text, no_such_input(text)))
    return result


def nothing_found(inputs: Sequence[str], result: InputPictures, readable: Collection[str]) -> str:
    """Why the inputs contain no picture at all, as a sentence."""
    if result.missing:
        return " ".join(reason for _, reason in result.missing)
    where = inputs[0] if len(inputs) == 1 else "any of the inputs"
    if result.unopened:
        return f"there is no picture in {where}. {' '.join(shortened(result.unopened))}"
    if result.ignored:
        kinds = ", ".join(sorted(readable))
        return f"there is no picture in {where}, only {counted(result.ignored, 'other file')}. Depixel reads {kinds}."
    return f"there is no file in {where}."


def _unopened(source: Path, readable: Collection[str]) -> str:
    if source.suffix.lower() in ZIPS or is_renamed_zip(source, readable):
        return f"{source.name} is an archive: name it as an input, or watch the folder with `depixel watch`."
    return unopened(source.name, "and upscale the folder")


def _take(
    result: InputPictures,
    real_paths: RealPaths,
    resolved: set[str],
    pairs: Sequence[tuple[Path, Path]] | Iterator[tuple[Path, Path]],
    readable: Collection[str] | None,
) -> None:
    for source, relative in pairs:
        if readable is not None and source.suffix.lower() not in readable:
            result.ignored += 1
            if sentence := _unopened(source, readable):
                result.unopened.append(sentence)
            continue
        real = real_paths.of(source)  # a circular link is reported when it is read
        if real not in resolved:
            resolved.add(real)
            result.pictures.append((source, relative))


def _walk(folder: Path, leave_out: Path | None) -> Iterator[Path]:
    avoid = leave_out.resolve() if leave_out is not None else None
    for here, folders, files in os.walk(folder):
        visible = (n for n in folders if not is_system_file(n) and n != DEFAULT_OUT)
        folders[:] = sorted(n for n in visible if (Path(here) / n).resolve() != avoid)
        yield from (Path(here) / name for name in sorted(files) if not is_system_file(name))


# The leading folders of a pattern, up to the first wildcard.
def _fixed_part(pattern: str) -> Path:
    parts = []
    for part in Path(pattern).parts[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return Path(*parts) if parts else Path()
