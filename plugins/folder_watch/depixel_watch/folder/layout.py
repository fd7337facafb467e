"""Refuses layouts in which outputs would become inputs, before anything is read."""

from __future__ import annotations

from pathlib import Path

from depixel.errors import BadUsageError
from depixel_watch.ledger.ledger import LEDGER_NAME
from depixel_watch.packs.profiles import is_archive

WHOLE_DISK = "A whole disk cannot be watched; name the mod folder."


def overlay_for(source: Path) -> Path:
    """
    The default output: a folder next to the source. Deleting it reverts everything.

    Raises:
        BadUsageError: the source is the root of a disk.
    """
    source = source.resolve()
    if not source.name:
        raise BadUsageError(WHOLE_DISK)
    return source.with_name(f"{source.name}-depixel")


def checked(source: Path, out: Path) -> tuple[Path, Path]:
    """
    Both folders, with links resolved.

    Raises:
        BadUsageError: the folder does not exist, both are the same, or one is inside the other.
    """
    if source.is_file() and is_archive(source.name):
        larger = source.with_name(f"{source.stem}-depixel{source.suffix}")
        raise BadUsageError(f"{source} is a single pack. To make it larger: depixel upscale {source} -o {larger}")
    if not source.is_dir():
        raise BadUsageError(f"{source} is not a folder; name the folder into which textures are dropped.")
    source, out = source.resolve(), out.resolve()
    if source.parent == source:
        raise BadUsageError(WHOLE_DISK)
    if source == out or (out.exists() and source.samefile(out)):
        raise BadUsageError(f"The output folder is the watched folder {source}; choose another with -o.")
    if out.is_relative_to(source):
        raise BadUsageError(
            f"{out} is inside the watched folder {source}, so outputs would become inputs; choose another with -o."
        )
    if source.is_relative_to(out):
        raise BadUsageError(f"The watched folder {source} is inside the output folder {out}; choose another with -o.")
    if (source / LEDGER_NAME).exists():
        raise BadUsageError(f"{source} is an output folder of Depixel; watch its source folder instead.")
    if out.exists() and not out.is_dir():
        raise BadUsageError(f"{out} is a file; choose a folder with -o.")
    return source, out
