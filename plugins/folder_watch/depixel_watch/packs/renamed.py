"""Zips of textures under names that no list contains: recognised by their content, so that none is passed over."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from depixel.bystanders import is_renamed_zip
from depixel.files import READABLE, by_ending
from depixel_watch.folder.stamps import Stamp
from depixel_watch.packs.profiles import is_archive

_REMEMBERED = 2**16  # files


@lru_cache(maxsize=_REMEMBERED)
def is_pack(path: Path, stamp: Stamp) -> bool:
    """Whether a file is an archive whose textures are upscaled inside it, by its name or its content."""
    return is_archive(path.name) or (bool(stamp.size) and by_ending(path) is None and is_renamed_zip(path, READABLE))
