"""Decides which places of a picture are treated as faces, and what the report says about it."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from depixel.faces.finder import FaceFinder, Frame
from depixel.faces.places import Crop, FacePlace, Turned
from depixel.faces.tracks import along, in_each, tracks_of
from depixel.request import Request

SMALL_CROP = 64  # pixels: a picture up to this size is treated as one face, whatever it shows
_MOST_FACES = 32
_LEAST_SIDE = 8.0  # pixels: smaller faces have no detail to match
_FILLS = 0.8  # of the picture's shorter side: a single upright face this large is the whole picture


def places_of(small: Tensor, request: Request, device: torch.device) -> tuple[list[FacePlace], tuple[str, ...]]:
    """
    The places of a picture's faces, the largest first, and notes about them.

    A requested box is one face, and so is a picture of at most SMALL_CROP pixels. In larger pictures, faces are
    searched for; if none is found, the whole picture is treated as one.
    """
    height, width = small.shape[2:]
    whole = (0, 0, width, height)
    if request.roll:
        return [Turned.of_box(request.box or whole, request.roll, len(small))], ()
    if request.box is not None or max(height, width) <= SMALL_CROP:
        return [Crop.of(request.box or whole)], ()
    tracks = [track for track in find_faces(small, device) if track[0].side >= _LEAST_SIDE]
    if not tracks:
        return [Crop.of(whole)], ("No face was found, so the whole picture was treated as one.",)
    first = tracks[0][0]
    fills = first.side >= _FILLS * min(height, width) and abs(first.roll) < 8
    if len(tracks) == 1 and fills and max(height, width) <= 1.35 * min(height, width):
        return [Crop.of(whole)], ()
    note = "1 face was found" if len(tracks) == 1 else f"{len(tracks)} faces were found"
    if len(tracks) > _MOST_FACES:
        note += f", of which the {_MOST_FACES} largest were answered"
    return [Turned(track) for track in tracks[:_MOST_FACES]], (f"{note}; the rest of the picture was enlarged as art.",)


def find_faces(small: Tensor, device: torch.device) -> list[tuple[Frame, ...]]:
    """The position in every frame of each face that any frame of [F, 4, h, w] shows, the largest first; see `along`."""
    frames = in_each(small, finder_on(str(device)).find)
    return sorted((along(track, len(small)) for track in tracks_of(frames)), key=lambda way: -way[0].side)


@lru_cache(maxsize=4)
def finder_on(device: str) -> FaceFinder:
    """The released finder, loaded once per device."""
    return FaceFinder.from_weights(device=torch.device(device))
