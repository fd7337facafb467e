"""
Sprite sheets hold many frames in one picture. Each frame is answered separately, so that nothing bleeds into its
neighbour and equal frames stay equal; then the frames are put back in place. Nine-patches are treated in the same way:
the lines around the picture are marks, not pixels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from depixel.domain import requested
from depixel.errors import BadUsageError
from depixel.picture import Picture, Pixels
from depixel.preparation.tilesets import find_tiles
from depixel.request import Request

Mask = npt.NDArray[np.bool_]

_GRID = re.compile(r"(?P<columns>[1-9]\d{0,3})x(?P<rows>[1-9]\d{0,3})(?P<pixels>px)?")
_LEAST_SIDE = 8  # pixels: smaller frames are not searched for
_ALIKE = 0.5  # neighbouring frames of one animation overlap by at least this share


class SheetLayout(Protocol):
    """How a picture is cut into frames for the engine, and reassembled afterwards."""

    def cut(self, picture: Picture) -> Picture:
        """The frames that the engine answers."""
        ...

    def joined(self, answer: Picture, source: Picture) -> Picture:
        """Assemble the whole picture from the answer to `cut(source)`."""
        ...

    @property
    def note(self) -> str:
        """A sentence for the report."""
        ...


@dataclass(frozen=True)
class Sheet:
    """Frames in `columns` x `rows`, all of one size."""

    columns: int
    rows: int

    @property
    def note(self) -> str:
        return f"The picture was treated as a sheet of {self.columns}x{self.rows} frames, each answered separately."

    def cut(self, picture: Picture) -> Picture:
        """Equal frames appear, and are answered, only once."""
        frames, _ = self._frames(picture.frames[0])
        return picture.replace(frames=tuple(frames))

    def joined(self, answer: Picture, source: Picture) -> Picture:
        _, uses = self._frames(source.frames[0])
        cells = np.stack([answer.frames[use] for use in uses])
        height, width, channels = answer.frames[0].shape
        grid = cells.reshape(self.rows, self.columns, height, width, channels).swapaxes(1, 2)
        whole = np.ascontiguousarray(grid.reshape(self.rows * height, self.columns * width, channels))
        return answer.replace(frames=(whole,))

    # The distinct frames in order of appearance, and for each cell of the sheet the index of its frame.
    def _frames(self, pixels: Pixels) -> tuple[list[Pixels], list[int]]:
        height, width = pixels.shape[0] // self.rows, pixels.shape[1] // self.columns
        numbers: dict[bytes, int] = {}
        frames: list[Pixels] = []
        uses = []
        for row in range(self.rows):
            for column in range(self.columns):
                cell = pixels[row * height : (row + 1) * height, column * width : (column + 1) * width]
                cell = np.ascontiguousarray(cell)
                use = numbers.setdefault(cell.tobytes(), len(frames))
                if use == len(frames):
                    frames.append(cell)
                uses.append(use)
        return frames, uses


@dataclass(frozen=True)
class NinePatch:
    """Android's .9.png: black marks in a border of one pixel say which parts are stretched and which are filled."""

    note: str = "The border of this nine-patch stays one pixel wide; its marks were lengthened to match."

    def cut(self, picture: Picture) -> Picture:
        return picture.replace(frames=tuple(np.ascontiguousarray(f[1:-1, 1:-1]) for f in picture.frames))

    def joined(self, answer: Picture, source: Picture) -> Picture:
        original = source.frames[0]
        scale = answer.width // (source.width - 2)
        height, width, channels = answer.frames[0].shape
        whole = np.zeros((height + 2, width + 2, channels), original.dtype)
        whole[1:-1, 1:-1] = answer.frames[0]
        whole[1:-1, [0, -1]] = original[1:-1, [0, -1]].repeat(scale, 0)
        whole[[0, -1], 1:-1] = original[[0, -1], 1:-1].repeat(scale, 1)
        return answer.replace(frames=(whole,))


def layout_of(picture: Picture, request: Request) -> SheetLayout | None:
    """
    How to cut a picture into frames; None = not at all.

    `request.frames` is "none"; "auto" = find a grid of frames; "4x2" = columns x rows; "32x48px" = size of a frame.

    Raises:
        BadUsageError: the requested frames do not fit the picture.
    """
    domain = requested(request.domain)
    if request.box is not None or (domain is not None and not domain.sheets):
        return None
    if len(picture.frames) > 1:
        return None
    if _is_nine_patch(picture):
        return NinePatch()
    if request.frames == "auto":
        tiles = find_tiles(picture)
        return find_sheet(picture) if tiles is None else Sheet(*tiles)
    grid = _GRID.fullmatch(request.frames)
    if grid is None:
        return None
    across, down = int(grid["columns"]), int(grid["rows"])
    if grid["pixels"]:
        if picture.width % across or picture.height % down:
            raise BadUsageError(
                f"{picture.name or 'The picture'} is {picture.width}x{picture.height} pixels, which is not a whole "
                f"number of {across}x{down} frames."
            )
        across, down = picture.width // across, picture.height // down
    elif picture.width % across or picture.height % down:
        raise BadUsageError(
            f"{picture.name or 'The picture'} is {picture.width}x{picture.height} pixels and does not divide into "
            f"{across}x{down} frames."
        )
    return Sheet(across, down) if across * down > 1 else None


def find_sheet(picture: Picture) -> Sheet | None:
    """
    The grid of an animation's frames in a picture with a transparent background, or None.

    A grid is accepted if no shape crosses its lines and the shapes in its cells are alike; the grid with the most
    frames wins. A wrong guess does little harm, because the cuts go only through transparent pixels.
    """
    if not picture.has_alpha:
        return None
    visible = picture.frames[0][..., -1] > 0
    if not visible.any() or visible.all():
        return None
    height, width = visible.shape
    across = [c for c in _divisors(width) if _free(visible, width // c, 1)]
    down = [r for r in _divisors(height) if _free(visible, height // r, 0)]
    best = (1, 1)
    for columns in across:
        for rows in down:
            if columns * rows > best[0] * best[1] and _believable(visible, columns, rows):
                best = (columns, rows)
    return Sheet(*best) if best != (1, 1) else None


def _divisors(size: int) -> list[int]:
    return [n for n in range(1, size // _LEAST_SIDE + 1) if size % n == 0]


# Whether no shape crosses any of the lines that are `step` apart. Diagonal neighbours count as joined.
def _free(visible: Mask, step: int, axis: int) -> bool:
    turned = np.moveaxis(visible, axis, 0)
    lines = np.arange(step, len(turned), step)
    before, after = turned[lines - 1], np.pad(turned[lines], ((0, 0), (1, 1)))
    return not (before & (after[:, :-2] | after[:, 1:-1] | after[:, 2:])).any()


def _believable(visible: Mask, columns: int, rows: int) -> bool:
    height, width = visible.shape[0] // rows, visible.shape[1] // columns
    if max(height, width) > 4 * min(height, width):
        return False
    cells = visible.reshape(rows, height, columns, width).swapaxes(1, 2).reshape(-1, height, width)
    filled = cells[cells.any((1, 2))]
    if len(filled) < 2 or 2 * len(filled) < len(cells):
        return False
    both = (filled[1:] & filled[:-1]).sum((1, 2))
    either = (filled[1:] | filled[:-1]).sum((1, 2))
    return float(np.mean(both / either)) >= _ALIKE


def _is_nine_patch(picture: Picture) -> bool:
    if not picture.name.lower().endswith(".9.png") or min(picture.width, picture.height) < 4:
        return False
    rgba = picture.rgba(0)
    border = np.concatenate([rgba[0], rgba[-1], rgba[:, 0], rgba[:, -1]])
    clear, black = border[:, 3] == 0, (border[:, :3] == 0).all(-1) & (border[:, 3] == picture.levels)
    return bool((clear | black).all()) and bool(clear.any())
