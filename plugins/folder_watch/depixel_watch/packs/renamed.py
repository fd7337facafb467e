"""Recognises zips of textures with unknown extensions by their content."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path, PurePosixPath

from depixel.bystanders import ZIPS, is_renamed_zip
from depixel.files import READABLE, by_ending
from depixel_watch.folder.stamps import Stamp

_REMEMBERED = 2**12  # files of unknown kinds


def is_pack(root: Path, path: str, stamp: Stamp) -> bool:
    """
    Whether a file is an archive whose textures are upscaled: by its extension or, if that is unknown, its content.

    Args:
        path: relative to `root`.
    """
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in ZIPS or suffix in READABLE:
        return suffix in ZIPS
    return bool(stamp.size) and by_ending(path) is None and _holds_textures(str(root / path), stamp)


# The stamp is part of the key: a file that changes is read again.
@lru_cache(maxsize=_REMEMBERED)
def _holds_textures(path: str, _: Stamp) -> bool:
    return is_renamed_zip(Path(path), READABLE)
