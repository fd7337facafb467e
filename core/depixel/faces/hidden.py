"""Finds the faces to hide, upright, lying or upside down, and follows them through the frames of an animation."""

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

_SURE_ENOUGH = 0.35  # score of the finder, low on purpose: better to hide a stone than to show a bystander
_SURE = 0.6  # score of a lying or upside-down face: three more searches find three times as many false faces
_LEVEL = 8.0  # degrees: a head tilted by less counts as upright
_LEAST = 8  # pixels: smaller faces have nothing to hide
_CALM = 2  # frames on either side over which a path is averaged


@dataclass(frozen=True)
class HiddenPlace:
    """A face to hide."""

    box: Box
    roll: float = 0.0  # degrees clockwise by which the head in the box is tilted
    by_finder: bool = False  # found by the finder: the box is centred on a head, and its corners show none of it
    way: tuple[Box, ...] = ()  # for a moving face: its box in each frame, all of one size


def find_places(picture: Picture, device: str = "cpu") -> list[HiddenPlace]:
    """
    The faces in any frame, the largest first. A picture small enough to be one face is hidden as a whole.

    A face that is visible in some frames is hidden in all of them, at its last or next known position. There may be no
    faces, and a face may be missed.
    """
    width, height = picture.width, picture.height
    if max(width, height) <= SMALL_CROP:
        return [HiddenPlace((0, 0, width, height))]
    finder = FaceFinder.from_weights(device=torch.device(device))
    small = premultiplied(integers(picture), picture.levels)
    heads = in_each(small, partial(_heads, finder))
    places = [_place(track, len(small), width, height) for track in tracks_of(heads)]
    return sorted((p for p in places if p is not None), key=lambda p: -(p.box[2] - p.box[0]) * (p.box[3] - p.box[1]))


# Upright faces, and sure ones in the picture rotated by 90, 180 and 270 degrees.
def _heads(finder: FaceFinder, small: Tensor) -> list[Frame]:
    height, width = small.shape[2:]
    heads = finder.find(small, _SURE_ENOUGH)
    for quarters in (1, 2, 3):
        for frame in finder.find(torch.rot90(small, quarters, (2, 3)), _SURE):
            x, y = {
                1: (width - frame.y, frame.x),
                2: (width - frame.x, height - frame.y),
                3: (frame.y, height - frame.x),
            }[quarters]
            roll = (frame.roll + 90 * quarters + 180) % 360 - 180
            heads.append(replace(frame, x=x, y=y, roll=roll))
    return distinct(heads)


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
        return HiddenPlace(box, roll, by_finder=True) if min(box[2] - box[0], box[3] - box[1]) >= _LEAST else None
    reach = math.ceil(Frame(0, 0, side, roll).box[2]) + 1
    across, down = min(width, 2 * reach), min(height, 2 * reach)
    way, moved = [], False
    for x, y in centres:
        left, top = round(x) - reach, round(y) - reach
        inside = min(max(0, left), width - across), min(max(0, top), height - down)
        moved = moved or inside != (left, top)
        way.append((inside[0], inside[1], inside[0] + across, inside[1] + down))
    hull = (min(b[0] for b in way), min(b[1] for b in way), max(b[2] for b in way), max(b[3] for b in way))
    # A box that was pushed back into the picture is not centred on its head, so all of it is replaced.
    if min(across, down) < _LEAST:
        return None
    return HiddenPlace(hull, 0.0 if moved else roll, by_finder=not moved, way=tuple(way))


# (x, y) in every frame, averaged over neighbouring frames, because detections jitter.
def _everywhere(track: Track, count: int) -> list[tuple[float, float]]:
    rough = [(frame.x, frame.y) for frame in filled(track, count)]
    calm = []
    for k in range(count):
        reach = min(_CALM, k, count - 1 - k)
        near = rough[k - reach : k + reach + 1]
        calm.append((sum(x for x, _ in near) / len(near), sum(y for _, y in near) / len(near)))
    return calm
