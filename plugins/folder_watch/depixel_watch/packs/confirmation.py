"""
A name is a hint that the content must confirm: button_normal.png is a button in its normal state unless its pixels are
vectors, and wall_metal.png is a wall of metal unless it is grey, even beside a wall.png.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from depixel.picture import Picture

CONFIRMATIONS = ("", "normals", "map", "grey")
DATA = (("alpha", "data"), ("domain", "data"))
"""Settings for pictures whose channels are independent values, including alpha."""

_LOOKED_AT = 2**18
_UNIT = 0.85  # fraction of pixels that must be unit vectors
_TOLERANCE = 0.12  # of a vector's length, after compression to blocks
_GREY, _TINT = 3, 10  # levels by which the channels of a grey picture may differ, after compression


def is_grey(picture: Picture, *, has_colour: bool) -> bool:
    """
    Whether a picture may be roughness, metal, height and the like, which are single values.

    Args:
        has_colour: the colour of its material is next to it; then compression may have tinted it more.
    """
    if picture.channels <= 2:
        return True
    pixels = _visible(picture)[:, :3]
    tint = _TINT if has_colour else _GREY
    return bool((np.ptp(pixels, axis=1) <= tint).mean() > 0.99) if len(pixels) else False


def is_map(picture: Picture, *, has_colour: bool) -> bool:
    """
    Whether a picture may be a map that need not be grey, such as a specular colour: it is grey, or it lies next to the
    colour of its material and its alpha is not the shape of a thing.
    """
    return is_grey(picture, has_colour=has_colour) or (has_colour and not _shows_a_shape(picture))


# Gloss in the alpha of a map is rarely opaque; the alpha of a figure mostly is, or it is 0.
def _shows_a_shape(picture: Picture) -> bool:
    if not picture.has_alpha:
        return False
    alpha = picture.frames[0][..., -1]
    clear, opaque = float((alpha == 0).mean()), float((alpha == picture.levels).mean())
    return clear >= 0.02 or 0.5 < opaque < 1


def normals_form(picture: Picture, *, has_colour: bool) -> str:
    """
    The form in which a picture holds normals.

    Returns:
        "rgb": unit vectors in red, green and blue. "channels": in other channels (DXT5nm has x in alpha and y in green;
        Doom 3 and Quake engines use other orders), or only x and y. "": no normals.
    """
    if picture.channels < 3:
        return ""
    pixels = _visible(picture) if not _alpha_is_a_channel(picture) else _sampled(picture)
    if len(pixels) == 0:
        return ""
    vectors = pixels / 127.5 - 1
    varies = np.ptp(pixels, axis=0) > 2
    if not varies.any():
        return ""
    if _unit_share(vectors[:, :3]) > _UNIT and _upward(vectors[:, :3]):
        return "rgb"
    if picture.channels == 4:
        flat = ~varies
        if flat[0] and flat[2] and varies[1] and varies[3] and _fits_circle(vectors[:, [3, 1]]):
            return "channels"  # x in alpha, y in green
        for triple in combinations(range(4), 3):
            if triple != (0, 1, 2) and varies[list(triple)].all() and _unit_share(vectors[:, list(triple)]) > _UNIT:
                return "channels"
    centred = np.abs(vectors[:, :2].mean(0)).max() < 0.2
    if has_colour and centred and varies[:2].all() and _fits_circle(vectors[:, :2]):
        return "channels"  # blue and alpha hold something else, or nothing
    return ""


def _unit_share(vectors: npt.NDArray[np.float64]) -> float:
    return float((np.abs(np.sqrt((vectors**2).sum(1)) - 1) < _TOLERANCE).mean())


# Most point towards the viewer, and they do not lean to one side.
def _upward(vectors: npt.NDArray[np.float64]) -> bool:
    return bool((vectors[:, 2] > 0.2).mean() > _UNIT and np.abs(vectors[:, :2].mean(0)).max() < 0.35)


def _fits_circle(pairs: npt.NDArray[np.float64]) -> bool:
    return bool(((pairs**2).sum(1) <= 1.02).mean() > 0.98)


def _alpha_is_a_channel(picture: Picture) -> bool:
    return picture.channels == 4 and int(picture.frames[0][..., 3].min()) > 0


def _sampled(picture: Picture) -> npt.NDArray[np.float64]:
    pixels = picture.frames[0].reshape(-1, picture.channels)
    step = max(1, len(pixels) // _LOOKED_AT)
    return pixels[::step].astype(np.float64) * (255 / picture.levels)


def _visible(picture: Picture) -> npt.NDArray[np.float64]:
    pixels = _sampled(picture)
    return pixels[pixels[:, -1] > 0] if picture.has_alpha else pixels
