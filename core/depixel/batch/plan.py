"""
The inputs of a command line and the place of each answer, decided before anything is computed, so that a dry run shows
what a run will do.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from depixel import files
from depixel.batch.real_paths import RealPaths
from depixel.client.option import nearest
from depixel.errors import BadUsageError, DepixelError, UnreadablePictureError
from depixel.files.strangers import is_file_ending
from depixel.files.table import by_ending
from depixel.files.writing import why_unwritable
from depixel.terminal.mistakes import no_such_input

if TYPE_CHECKING:
    from depixel.picture import Picture


@dataclass(frozen=True)
class Problem:
    """Why a picture was skipped, or failed."""

    status: str  # "failed" or "skipped"
    code: str  # DepixelError.code
    reason: str  # one sentence


def problem_of(error: Exception) -> Problem:
    """What went wrong with one picture, as a sentence even for an unexpected error."""
    if isinstance(error, DepixelError):
        return Problem("failed", error.code, str(error))
    sentence = f"This picture triggers a fault in Depixel ({type(error).__name__}: {error}); please report it."
    return Problem("failed", "internal", sentence)


MADE_BY_DEPIXEL = Problem("skipped", "own-answer", "Depixel made this file; to upscale it again, name the file itself.")
_CANDIDATE = re.compile(r"\.(candidate-\d+|disagreement)$")


@dataclass(frozen=True, slots=True)  # there may be millions
class PlannedPicture:
    """One input and the place of its answer."""

    source: Path
    name: str  # as displayed: the path below the input folder, with forward slashes
    target: Path  # of the best candidate
    problem: Problem | None = None  # known before the start
    explicit: bool = False  # the source was named individually: it is upscaled even if Depixel made it

    def targets(self, candidates: int) -> list[Path]:
        """One path per candidate: NAME.png, NAME.candidate-2.png, NAME.candidate-3.png ..."""
        others = [f"{self.target.stem}.candidate-{k}{self.target.suffix}" for k in range(2, candidates + 1)]
        return [self.target, *(self.target.with_name(name) for name in others)]

    @property
    def disagreement(self) -> Path:
        """The file for the map of the candidates' disagreement: NAME.disagreement.png."""
        return self.target.with_name(f"{self.target.stem}.disagreement.png")


@dataclass(frozen=True)
class Naming:
    """The folder and the names of answers."""

    out: Path  # folder, or a file when `single`
    single: bool  # `out` is the path of the one answer
    suffix: str = ""  # appended to the stem
    extension: str | None = None  # ".png" ...; None = the source's own, if it can be written

    def target(self, relative: Path, writable: Iterable[str]) -> Path:
        """The answer's path for a source at this relative path."""
        if self.single:
            return self.out
        extension = self.extension or relative.suffix
        if extension.lower() not in writable:
            extension = ".png"
        return self.out / relative.with_name(relative.stem + self.suffix + extension)


def make_naming(
    out: Path, inputs: Sequence[str], suffix: str, extension: str | None, writable: Iterable[str]
) -> Naming:
    """
    OUT is a file if there is one input file and OUT has a picture's extension; otherwise it is a folder.

    Raises:
        BadUsageError: OUT is a picture but there are several inputs, or has an extension that cannot be written.
    """
    looks_like_file = out.suffix.lower() in set(writable) and not out.is_dir()
    if not looks_like_file:
        if out.is_file():
            raise BadUsageError(f"-o {out} is a file: name a folder, or a picture such as result.png.")
        if (by_ending(out) or is_file_ending(out.suffix)) and not out.is_dir():
            kinds = ", ".join(sorted(writable))
            raise BadUsageError(f"Depixel does not write {out.suffix} files: name a folder, or one of {kinds}.")
        if _is_misspelt(out, inputs, writable):
            raise BadUsageError(
                f"Depixel does not write {out.suffix} files; did you mean {out.stem}{nearest(out.suffix, writable)}? "
                "If it should be a folder, create it first."
            )
        return Naming(out, False, suffix, extension)
    if len(inputs) == 1 and not Path(inputs[0]).exists() and not glob.has_magic(inputs[0]):
        raise BadUsageError(no_such_input(inputs[0]))
    if len(inputs) != 1 or not Path(inputs[0]).is_file():
        raise BadUsageError(f"-o {out} names one picture, but the input is not a single file: name a folder instead.")
    if suffix or (extension and extension != out.suffix.lower()):
        raise BadUsageError(f"-o {out} is a complete file name: leave out --suffix and --format, or name a folder.")
    return Naming(out, True)


# Whether the output for a single picture almost has the extension of a writable format.
def _is_misspelt(out: Path, inputs: Sequence[str], writable: Iterable[str]) -> bool:
    single = len(inputs) == 1 and Path(inputs[0]).is_file()
    return single and len(out.suffix) > 3 and not out.exists() and nearest(out.suffix, writable) is not None


def plan_pictures(
    inputs: Iterable[tuple[Path, Path]],
    naming: Naming,
    writable: Iterable[str],
    candidates: int,
    overwrite: bool,
    *,
    disagreement: bool = False,
    explicit: Collection[Path] = (),
) -> list[PlannedPicture]:
    """
    One plan for each (source, relative path), in that order.

    A plan has a problem, and is not run, if its source is itself an answer (unless it is one of `explicit`), or if one
    of its files would replace a source (never allowed), collide with another input's answer, replace an existing file
    without `overwrite`, or be in a place where nothing can be written. If the answers to two inputs would have the same
    name, the input that keeps its own name gets it: hero.png before hero.kra.

    Args:
        candidates: the most answers that a picture may get (`Request.most_answers`).
    """
    pairs = list(inputs)
    writable = frozenset(writable)
    own = _answers_among(pairs, naming.suffix) - set(explicit)
    real_paths = RealPaths()
    taken = _Taken(real_paths, {real_paths.of(source) for source, _ in pairs if source not in own})
    all_planned = [
        PlannedPicture(source, relative.as_posix(), naming.target(relative, writable), None, source in explicit)
        for source, relative in pairs
    ]
    for number in sorted(
        range(len(all_planned)), key=lambda k: all_planned[k].source.suffix != all_planned[k].target.suffix
    ):
        planned = all_planned[number]
        if planned.source in own:
            all_planned[number] = replace(planned, problem=MADE_BY_DEPIXEL)
            continue
        targets = [*planned.targets(candidates), *([planned.disagreement] if disagreement else [])]
        if (problem := taken.reserve(targets, planned, overwrite)) is not None:
            all_planned[number] = replace(planned, problem=problem)
    return all_planned


# Recognised by their names, if the pictures that they were made from lie beside them. Strings: a Path takes five times
# as much memory.
def _answers_among(pairs: Sequence[tuple[Path, Path]], suffix: str) -> set[Path]:
    stems = {_without_ending(source) for source, _ in pairs}
    answers = set()
    for source, _ in pairs:
        stem = _without_ending(source)
        originals = {_CANDIDATE.sub("", stem), stem.removesuffix(suffix)} - {stem}
        if not originals.isdisjoint(stems):
            answers.add(source)
    return answers


def _without_ending(path: Path) -> str:
    text = str(path)
    return text[: len(text) - len(path.suffix)]


def problem_with(planned: PlannedPicture, picture: Picture) -> Problem | None:
    """Why a picture that was read is skipped: it is an answer of Depixel's that was found in a folder."""
    return MADE_BY_DEPIXEL if not planned.explicit and picture.text.get("Software", "").startswith("Depixel ") else None


# Whether Depixel certainly did not write this file. A file without text does not show that: it is compared with the
# finished answer, and replaced only by the same bytes.
def _is_foreign(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return True
    try:
        text = files.read(path).text
    except UnreadablePictureError:
        return True
    except DepixelError:  # too large for this machine or this version
        return False
    kind = by_ending(path)
    return kind is not None and kind.keeps_text and not any("Depixel " in value for value in text.values())


@dataclass
class _Taken:
    """The paths that are not available for answers."""

    real_paths: RealPaths
    sources: set[str]  # real paths
    owners: dict[str, PlannedPicture] = field(default_factory=dict)  # by the real path of an answer
    unwritable: dict[tuple[Path, int], str] = field(default_factory=dict)  # by folder and length of the name

    def reserve(self, targets: list[Path], planned: PlannedPicture, overwrite: bool) -> Problem | None:
        """Reserve `targets` for the answers to a picture; if that is impossible, only return the reason."""
        paths = [self.real_paths.of(target) for target in targets]
        for target, path in zip(targets, paths, strict=True):
            if path in self.sources:
                return Problem("failed", "usage", f"{target} is an input itself: choose another folder or a --suffix.")
            if path in self.owners:
                owner = self.owners[path]
                its, whose = "its answer", owner.name
                if whose == planned.name:
                    its, whose = f"the answer to {planned.source}", str(owner.source)
                sentence = f"{its} would have the name of the answer to {whose}, {target}: run it separately"
                return Problem("failed", "usage", f"{sentence} with another -o.")
        for target in targets:
            if target.is_dir():
                return Problem("failed", "unwritable", f"{target} is a folder.")
            # The best candidate is written last: if it is missing, the others may be left from an interrupted run.
            if not overwrite and os.path.lexists(target) and (target == targets[0] or _is_foreign(target)):
                return Problem("skipped", "exists", f"{target} exists already; --overwrite replaces it.")
            if reason := self._why_unwritable(target):
                return Problem("failed", "unwritable", f"{target} cannot be written: {reason}.")
        self.owners.update((path, planned) for path in paths)
        return None

    # Checked once for each folder and length.
    def _why_unwritable(self, target: Path) -> str:
        key = target.parent, len(os.fsencode(target.name))
        if key not in self.unwritable:
            self.unwritable[key] = why_unwritable(target)
        return self.unwritable[key]
