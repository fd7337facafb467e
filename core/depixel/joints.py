"""
Adjoining pictures: faces of one sky, tiles of one background. Which edge continues which is read from the pixels,
because engines rotate the faces differently. Names only say which pictures are compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

from depixel.picture import MARGINS, Picture, Pixels

DEPTH = 16
"""Pixels of a neighbour that are used beyond an edge."""

_SETS = (
    ("ft", "bk", "lf", "rt", "up", "dn"),
    ("px", "nx", "py", "ny", "pz", "nz"),
    ("posx", "negx", "posy", "negy", "posz", "negz"),
    ("front", "back", "left", "right", "up", "down", "top", "bottom"),
    ("north", "south", "east", "west", "up", "down", "top", "bottom"),
)
_CUBE = re.compile(r"(?P<start>.*(?:panorama|cube|sky|skybox)[a-z]*[_-]?)(?P<number>[0-6])", re.I)
_GRID = re.compile(r"(?P<start>.*?)(?P<first>\d{1,3})(?P<between>[_x-])(?P<second>\d{1,3})(?P<rest>\D*)")
_EDGES = ("left", "top", "right", "bottom")
_OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
_LEAST_SIDE = 8  # pixels: smaller pictures have too little information
_AS_WELL = 1.1  # of a step: anything up to this counts as equally good
_DETAIL = 0.5  # levels: an edge with less detail fits anywhere

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Margins:
    """What is beyond the edges of a picture, in its own channels; None where unknown."""

    left: Pixels | None = None  # [h, d, C]
    top: Pixels | None = None  # [d, w, C]
    right: Pixels | None = None
    bottom: Pixels | None = None

    @property
    def axes(self) -> tuple[bool, bool]:
        """(x, y): whether there is a neighbour across this axis."""
        return (
            self.left is not None or self.right is not None,
            self.top is not None or self.bottom is not None,
        )

    @property
    def every(self) -> tuple[Pixels | None, ...]:
        """Left, top, right, bottom."""
        return self.left, self.top, self.right, self.bottom

    def __bool__(self) -> bool:
        return any(self.axes)

    def fit(self, picture: Picture) -> bool:
        """Whether they are as long as the edges of the picture, and have its channels."""
        upright, level = (self.left, self.right), (self.top, self.bottom)
        return (
            all(edge is None or edge.shape[2] == picture.channels for edge in self.every)
            and all(edge is None or edge.shape[0] == picture.height for edge in upright)
            and all(edge is None or edge.shape[1] == picture.width for edge in level)
        )


def neighbour_names(name: str) -> Iterator[str]:
    """Names of pictures that may adjoin the one with this name: sky_ft.png => sky_bk.png, sky_lf.png ..."""
    place = PurePosixPath(name)
    stem, suffix = place.stem, place.suffix
    ends = [(words, word) for words in _SETS for word in words if _ends_with(stem, word)]
    if ends:
        words, own = max(ends, key=lambda end: len(end[1]))
        before, ending = stem[: -len(own)], stem[-len(own) :]
        yield from (before + _like(word, ending) + suffix for word in words if word != own)
        return
    if (cube := _CUBE.fullmatch(stem)) is not None:
        yield from (f"{cube['start']}{k}{suffix}" for k in range(7) if str(k) != cube["number"])
    elif (grid := _GRID.fullmatch(stem)) is not None:
        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            first, second = int(grid["first"]) + down, int(grid["second"]) + right
            if first >= 0 and second >= 0:
                numbers = f"{first:0{len(grid['first'])}}{grid['between']}{second:0{len(grid['second'])}}"
                yield f"{grid['start']}{numbers}{grid['rest']}{suffix}"


# As a separate word: after a non-letter, or a capital after a small letter.
def _ends_with(stem: str, word: str) -> bool:
    before, ending = stem[: -len(word)], stem[-len(word) :]
    if ending.lower() != word or not before:
        return False
    return not before[-1].isalpha() or (ending[0].isupper() and before[-1].islower())


def _like(word: str, sample: str) -> str:
    return word.upper() if sample.isupper() else word.capitalize() if sample[:1].isupper() else word


def margins_of(picture: Picture, others: Iterable[Picture]) -> Margins:
    """
    The pixels beyond the edges of a picture.

    Args:
        others: the pictures that may adjoin it; not iterated over if this picture can have no margins.

    Returns:
        For each edge the other edge that continues it best, if the step to it is no larger than those inside. None if
        the picture's own opposite edge is as good: then it tiles by itself.
    """
    if len(picture.frames) != 1 or min(picture.width, picture.height) < _LEAST_SIDE or picture.has_transparency:
        return Margins()
    fitting = [
        _in_channels(other, picture)
        for other in others
        if len(other.frames) == 1 and other.levels == picture.levels and not other.has_transparency
        if min(other.width, other.height) >= _LEAST_SIDE
    ]
    if not fitting:
        return Margins()
    margins: dict[str, Pixels] = {}
    for edge in _EDGES:
        if (beyond := _beyond(picture, edge, fitting)) is not None:
            margins[edge] = beyond
    return Margins(**margins)


def with_known_margins(picture: Picture, others: Iterable[Picture]) -> Picture:
    """The picture with its margins in its details, if it has any; arguments as for `margins_of`."""
    margins = margins_of(picture, others)
    return picture.replace(details={**picture.details, MARGINS: margins}) if margins else picture


def _beyond(picture: Picture, edge: str, others: list[Pixels]) -> Pixels | None:
    own = _from_edge(picture.frames[0], edge)  # [length, depth, C]: the edge first
    line = own[:, 0].astype(np.float32)
    if float(np.abs(np.diff(line, axis=0)).mean()) < _DETAIL * picture.levels / 255:
        return None
    steps = np.abs(np.diff(own.astype(np.float32), axis=1)).mean((0, 2))
    most = max(float(np.quantile(steps, 0.9)), 1.25 * float(np.median(steps)))
    alone = _step(line, _from_edge(picture.frames[0], _OPPOSITE[edge]))
    best: tuple[float, Pixels] | None = None
    for other in others:
        for its in (_OPPOSITE[edge], *_EDGES):
            beyond = _from_edge(other, its)
            if len(beyond) != len(own):
                continue
            for turned in (beyond, beyond[::-1]):
                step = _step(line, turned)
                if step <= most and (best is None or step < best[0]):
                    best = (step, turned[:, :DEPTH])
    return None if best is None or alone <= _AS_WELL * best[0] else _to_edge(best[1], edge)


# In levels: the mean step from an edge to the first line beyond it.
def _step(line: Samples, beyond: Pixels) -> float:
    return float(np.abs(beyond[:, 0].astype(np.float32) - line).mean())


# [length, depth, C] of [h, w, C]: the line at the edge first, going inwards; along the edge from the top or left.
def _from_edge(pixels: Pixels, edge: str) -> Pixels:
    turned = pixels if edge in ("left", "right") else pixels.swapaxes(0, 1)
    return turned if edge in ("left", "top") else turned[:, ::-1]


# [length, depth, C], the line next to the edge first, in the orientation beyond the edge.
def _to_edge(beyond: Pixels, edge: str) -> Pixels:
    turned = beyond[:, ::-1] if edge in ("left", "top") else beyond
    return np.ascontiguousarray(turned if edge in ("left", "right") else turned.swapaxes(0, 1))


def _in_channels(other: Picture, picture: Picture) -> Pixels:
    channels = {1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[picture.channels]
    return np.asarray(other.rgba()[..., channels])


def with_margins(pixels: Pixels, margins: Margins) -> tuple[Pixels, tuple[int, int]]:
    """
    A picture [h, w, C] with its margins around it; corners are filled from the sides.

    Returns:
        The larger picture, and the position of the original in it: (top, left).
    """
    height, width = pixels.shape[:2]
    left = 0 if margins.left is None else margins.left.shape[1]
    right = 0 if margins.right is None else margins.right.shape[1]
    top = 0 if margins.top is None else margins.top.shape[0]
    bottom = 0 if margins.bottom is None else margins.bottom.shape[0]
    whole = np.pad(pixels, ((top, bottom), (left, right), (0, 0)), mode="edge")
    if margins.top is not None:
        whole[:top] = np.pad(margins.top, ((0, 0), (left, right), (0, 0)), mode="edge")
    if margins.bottom is not None:
        whole[top + height :] = np.pad(margins.bottom, ((0, 0), (left, right), (0, 0)), mode="edge")
    if margins.left is not None:
        whole[top : top + height, :left] = margins.left
    if margins.right is not None:
        whole[top : top + height, left + width :] = margins.right
    return whole, (top, left)
