"""Which places are to be hidden: faces that are found, upright, lying or upside down, followed over frames."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from depixel.faces.finder import FaceFinder, Frame, distinct
from depixel.faces.finding import SMALL_CROP
from depixel.faces.tracks import STILL, Track, filled, in_each, tracks_of
from depixel.preparation.tensors import integers, premultiplied

if TYPE_CHECKING:
    from depixel.picture import Picture

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the picture."""

_SURE_ENOUGH = 0.35  # score of the finder: rather hide a stone than show a bystander
_SURE = 0.6  # of one that lies or stands on its head: looked for three times as often, seen where none is as often
_LEVEL = 8.0  # degrees: a head turned by less counts as upright
_LEAST = 8  # pixels a side: smaller ones have nothing to hide
_CALM = 2  # frames to either side over which a way is averaged


@dataclass(frozen=True)
class HiddenPlace:
    """A face to be hidden."""

    box: Box
    roll: float = 0.0  # degrees clockwise by which the head in the box is turned
    found: bool = False  # by the finder: the box is about a head, and its corners show none of it
    way: tuple[Box, ...] = ()  # of a face that moves: its box in each frame, all of one size


def find_places(picture: Picture, device: str = "cpu") -> list[HiddenPlace]:
    """
    Where faces are in any frame, the largest first; all of a picture that is small enough to be one face.

    What is seen in some frames is hidden in all, where it was last or will be next. None may be found; and one that is
    there may be missed.
    """
    width, height = picture.width, picture.height
    if max(width, height) <= SMALL_CROP:
        return [HiddenPlace((0, 0, width, height))]
    finder = FaceFinder.from_weights(device=torch.device(device))
    small = premultiplied(integers(picture), picture.levels)
    heads = in_each(small, partial(_heads, finder))
    places = [_place(track, len(small), width, height) for track in tracks_of(heads)]
    return sorted((p for p in places if p is not None), key=lambda p: -(p.box[2] - p.box[0]) * (p.box[3] - p.box[1]))


# Upright ones, and what is surely a face when the picture is turned by 90, 180 or 270 degrees.
def _heads(finder: FaceFinder, small: Tensor) -> list[Frame]:
    height, width = small.shape[2:]
    found = finder.find(small, _SURE_ENOUGH)
    for quarters in (1, 2, 3):
        for frame in finder.find(torch.rot90(small, quarters, (2, 3)), _SURE):
            x, y = {
                1: (width - frame.y, frame.x),
                2: (width - frame.x, height - frame.y),
                3: (frame.y, height - frame.x),
            }[quarters]
            roll = (frame.roll + 90 * quarters + 180) % 360 - 180
            found.append(replace(frame, x=x, y=y, roll=roll))
    return distinct(found)


def _place(track: Track, count: int, width: int, height: int) -> HiddenPlace | None:
    centres = _everywhere(track, count)
    side = max(frame.side for frame in track.values())
    turns = [math.radians(frame.roll) for frame in track.values()]
    roll = math.degrees(math.atan2(sum(map(math.sin, turns)), sum(map(math.cos, turns))))
    roll = roll if abs(roll) > _LEVEL else 0.0
    first = centres[0]
    moves = any(math.hypot(x - first[0], y - first[1]) > STILL * side for x, y in centres)
    if not moves:
        x, y = (sum(c[axis] for c in centres) / count for axis in (0, 1))
        box = Frame(x, y, side, roll).pixels(width, height)
        return HiddenPlace(box, roll, found=True) if min(box[2] - box[0], box[3] - box[1]) >= _LEAST else None
    reach = math.ceil(Frame(0, 0, side, roll).box[2]) + 1
    across, down = min(width, 2 * reach), min(height, 2 * reach)
    way, moved = [], False
    for x, y in centres:
        left, top = round(x) - reach, round(y) - reach
        inside = min(max(0, left), width - across), min(max(0, top), height - down)
        moved = moved or inside != (left, top)
        way.append((inside[0], inside[1], inside[0] + across, inside[1] + down))
    hull = (min(b[0] for b in way), min(b[1] for b in way), max(b[2] for b in way), max(b[3] for b in way))
    # A box that was pushed back into the picture holds its head out of the middle: then all of it is replaced.
    if min(across, down) < _LEAST:
        return None
    return HiddenPlace(hull, 0.0 if moved else roll, found=not moved, way=tuple(way))


# (x, y) in every frame, averaged over some, for finding jitters.
def _everywhere(track: Track, count: int) -> list[tuple[float, float]]:
    rough = [(frame.x, frame.y) for frame in filled(track, count)]
    calm = []
    for k in range(count):
        reach = min(_CALM, k, count - 1 - k)
        near = rough[k - reach : k + reach + 1]
        calm.append((sum(x for x, _ in near) / len(near), sum(y for _, y in near) / len(near)))
    return calm
