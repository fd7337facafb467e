"""Rows of a long measurement, each stored as soon as it is measured: an interrupted run goes on where it ended."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Row = dict[str, Any]
Cells = npt.NDArray[np.uint8]
"""[H, W, 3], the line of a sheet."""


def options_of_rows(description: str | None) -> argparse.ArgumentParser:
    """A command line with `--out` and `--rows`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", type=Path, required=True, help="folder for finished rows; a new run continues")
    return parser


def resumed(folder: Path, name: str, measure: Callable[[], tuple[Row, Cells]]) -> tuple[Row, Cells]:
    """The row and the cells of this name: from `folder`, or measured and stored there."""
    folder.mkdir(parents=True, exist_ok=True)
    facts, picture = folder / f"{name}.json", folder / f"{name}.png"
    if facts.exists():
        with Image.open(picture) as image:
            row: Row = json.loads(facts.read_text("utf-8"))
            return row, np.asarray(image)
    row, cells = measure()
    Image.fromarray(cells).save(picture)
    facts.write_text(json.dumps(row) + "\n", "utf-8")  # last: only a complete row is found again
    return row, cells


def in_columns(cells: list[Cells], columns: int) -> Image.Image:
    """A sheet of cells of one size, row by row; what is left of the last row is white."""
    cells = cells + [np.full_like(cells[0], 255)] * (-len(cells) % columns)
    lines = [np.concatenate(cells[k : k + columns], 1) for k in range(0, len(cells), columns)]
    return Image.fromarray(np.concatenate(lines))
