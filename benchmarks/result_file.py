"""The result of a script: as JSON on the screen and in a file, and tables in Markdown."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def publish(result: dict[str, Any], out: Path | None) -> None:
    """Print a result together with the machine it was measured on, and write it to `out`."""
    machine = f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    text = json.dumps({"machine": machine, **result}, indent=1)
    print(text)
    if out is not None:
        out.write_text(text + "\n", "utf-8")


def markdown_table(corner: str, columns: Iterable[str], rows: Mapping[str, Iterable[str]]) -> list[str]:
    """The lines of a table in Markdown; `rows`: the name of each row => its cells."""
    head = [corner, *columns]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " --- |" * (len(head) - 1)]
    return lines + ["| " + " | ".join([name, *cells]) + " |" for name, cells in rows.items()]
