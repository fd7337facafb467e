"""
Side files of the pictures on a command line: the engine gets their facts about a picture, and those in a known format
are scaled and written for the larger pictures.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from depixel import files
from depixel.errors import DepixelError, OutputExistsError
from depixel.files.writing import place
from depixel.joints import neighbour_names, with_known_margins
from depixel.picture import Picture
from depixel.sidefiles import ENDINGS, facts_for, parse, suspicion
from depixel.sidefiles.side_file import SideFile
from depixel.sidefiles.table import MOST_BYTES

_MOST_NEIGHBOURS = 24  # pictures kept in memory
_MOST_FILES = 2000  # read per folder


@dataclass
class SidesBeside:
    """The side files in the folders of the pictures; each folder is read once."""

    _folders: dict[Path, dict[str, SideFile]] = field(default_factory=dict)
    _pictures: dict[Path, Picture | None] = field(default_factory=dict)
    _suspects: dict[Path, str] = field(default_factory=dict)

    def tell(self, path: Path, picture: Picture) -> Picture:
        """The picture with the facts in its side files, and with its margins if other pictures continue it."""
        picture = facts_for(path.name, self._sides(path.parent).values()).added_to(picture)
        neighbours = (self._neighbour(path.parent / name) for name in neighbour_names(path.name))
        return with_known_margins(picture, (each for each in neighbours if each is not None))

    # Read once for all pictures that adjoin it.
    def _neighbour(self, path: Path) -> Picture | None:
        if path not in self._pictures:
            picture = None
            if path.is_file():
                with contextlib.suppress(DepixelError):
                    picture = files.read(path)
            if len(self._pictures) >= _MOST_NEIGHBOURS:
                self._pictures.clear()
            self._pictures[path] = picture
        return self._pictures[path]

    def finish(self, done: list[tuple[Path, Path, int]], *, overwrite: bool) -> tuple[list[Path], list[str]]:
        """
        Write the side files of the finished pictures.

        Args:
            done: source, result and scale of each.

        Returns:
            The files that were written, and a message for each that was not.
        """
        results = {source.resolve(): (target, scale) for source, target, scale in done}
        written: list[Path] = []
        sentences: list[str] = []
        for folder in dict.fromkeys(source.parent for source, _, _ in done):
            names = {source.name for source, _, _ in done if source.parent == folder}
            for name, side in self._sides(folder).items():
                pages = [PurePosixPath(page.replace("\\", "/")).name for page in side.pages]
                if not names & set(pages):
                    continue
                sentence = _why_not(folder, pages, results)
                if sentence:
                    sentences.append(f"{name} is {side.label} and was not scaled: {sentence}")
                    continue
                target, scale = results[(folder / pages[0]).resolve()]
                try:
                    place(target.with_name(name), side.scaled(scale), overwrite=overwrite)
                    written.append(target.with_name(name))
                except OutputExistsError:
                    if target.with_name(name).read_bytes() != side.scaled(scale):
                        sentences.append(f"{target.with_name(name)} exists already; use --overwrite to replace it.")
                except (OSError, DepixelError) as error:
                    sentences.append(f"{name} is {side.label} and was not scaled: {error}")
            sentences += [
                f"{path.name} seems to hold coordinates for {picture} and was not scaled: Depixel does not support "
                "this format."
                for path, picture in self._suspects.items()
                if path.parent == folder and picture in names
            ]
        return written, sentences

    def _sides(self, folder: Path) -> dict[str, SideFile]:
        if folder not in self._folders:
            sides: dict[str, SideFile] = {}
            with contextlib.suppress(OSError):
                listed = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)
                for path in listed[:_MOST_FILES]:
                    with contextlib.suppress(OSError):
                        if not path.is_file() or path.stat().st_size > MOST_BYTES:
                            continue
                        data = path.read_bytes()
                        if (side := parse(path.name, data)) is not None:
                            sides[path.name] = side
                        elif picture := suspicion(path.name, data):
                            self._suspects[path] = picture
            self._folders[folder] = sides
        return self._folders[folder]


# All of its pictures must have the same scale, unchanged names and one folder.
def _why_not(folder: Path, pages: list[str], results: dict[Path, tuple[Path, int]]) -> str:
    grown: defaultdict[tuple[Path, int], list[str]] = defaultdict(list)
    for page in pages:
        result = results.get((folder / page).resolve())
        if result is None:
            return f"{page}, which it describes, was not upscaled in this run."
        target, scale = result
        if target.name != page:
            return f"{page} is called {target.name} now."
        grown[target.parent, scale].append(page)
    return "its pictures have different scales or folders now." if len(grown) > 1 else ""
