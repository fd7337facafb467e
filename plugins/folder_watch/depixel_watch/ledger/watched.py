"""The list of output folders that this user's watchers have written to, for `--status`."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from depixel.client.json_text import parse_json
from depixel.client.place import default_folder
from depixel.errors import DepixelError
from depixel.files.writing import place
from depixel_watch.ledger.ledger import LEDGER_NAME

_NAME = "watched.json"
_MOST = 200


def watched() -> list[Path]:
    """Existing output folders, the latest first."""
    return [Path(out) for out in _read() if (Path(out) / LEDGER_NAME).exists()]


def remember(out: Path) -> None:
    """Put a folder first. A list that cannot be written is ignored."""
    outs = [str(out), *(other for other in _read() if other != str(out))][:_MOST]
    path = _path()
    with contextlib.suppress(OSError, DepixelError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place(path, json.dumps(outs, indent=1).encode(), overwrite=True)


def _path() -> Path:
    return Path(default_folder()) / _NAME


def _read() -> list[str]:
    try:
        outs = parse_json(_path().read_bytes())
    except (OSError, ValueError):
        return []
    return [out for out in outs if isinstance(out, str)] if isinstance(outs, list) else []
