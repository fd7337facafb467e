"""
Colour keys: a flat background in one colour, such as magenta, that a game does not draw. To the engine the background
is transparent, so that no pixel is between it and the figure; in the answer it is exactly the key again, and nothing
else has its colour.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from depixel.errors import BadUsageError
from depixel.picture import Picture, Pixels
from depixel.preparation.sheets import find_sheet
from depixel.request import Request

Mask = npt.NDArray[np.bool_]

_INDICES = "indices"  # in Picture.details: palette indices of the source, if its colours alone are ambiguous
_NUMBERS = "numbers"  # in Picture.details: palette indices of the answer
_COLOUR = re.compile(r"#([0-9a-fA-F]{6})")
_USUAL = (((255, 0, 255), 0.05), ((0, 255, 255), 0.25), ((0, 255, 0), 0.25))  # and the smallest fraction of the border
_NEAREST = ((0, 0), (0, -1), (0, 1), (-1, 0), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))  # rows and columns away
_NEAR = 48  # levels: a colour this near to a key, in every channel, is a blend of it
_STEP = 8  # levels by which a 16-bit-per-pixel key may differ from 0 or 255


@dataclass(frozen=True)
class Key:
    """The colour or palette index for "nothing here" in a picture without transparency."""

    colour: tuple[int, int, int]  # 0 ... 255
    number: int | None = None  # palette index, if the index decides and not the colour

    @property
    def note(self) -> str:
        """A sentence for the report."""
        name = "#{:02X}{:02X}{:02X}".format(*self.colour)
        what = f"The colour {name}" if self.number is None else f"Palette entry {self.number} ({name})"
        return (
            f"{what} was treated as a colour key: the background keeps it exactly (--key none treats it as a colour)."
        )


def key_of(picture: Picture, request: Request) -> Key | None:
    """
    The key of a picture: the one that the request names, or the one detected; None = it has none.

    Raises:
        BadUsageError: the request names a palette index, and the picture has no palette or no such index.
    """
    if request.key == "none" or request.alpha == "data" or request.domain in _NO_GROUND or request.box is not None:
        return None
    if request.key == "auto":
        return find_key(picture)
    if match := _COLOUR.fullmatch(request.key):
        value = int(match[1], 16)
        return Key((value >> 16, value >> 8 & 255, value & 255))
    number = int(request.key)
    if picture.palette is None or number >= len(picture.palette):
        reason = "has no palette" if picture.palette is None else f"has only {len(picture.palette)} palette entries"
        raise BadUsageError(
            f"--key {number} names a palette entry, but {picture.name or 'the picture'} {reason}; name a colour such "
            "as #FF00FF."
        )
    return Key(_three(picture.palette[number]), number if _INDICES in picture.details else None)


_NO_GROUND = ("normals", "data", "faces")  # kinds of picture without a background


def has_numbers(picture: Picture) -> bool:
    """Whether several used palette entries of the picture have the same colour: only indices distinguish them."""
    return _INDICES in picture.details


def without_ground(picture: Picture, request: Request) -> Picture:
    """The picture for the engine: with its key transparent, or unchanged. Raises BadUsageError as `key_of` does."""
    key = key_of(picture, request)
    return picture if key is None else with_alpha(picture, key)


def find_key(picture: Picture) -> Key | None:
    """
    The key of a picture, detected from its pixels.

    Detected are: a palette index of the background, if another index has the same colour; magenta, cyan and pure green,
    if they occupy part of the border; and any other background colour of a sheet of drawn frames, if almost no pixel
    next to it is a blend of it.
    """
    if picture.has_transparency:
        return None
    frame = picture.rgba(0)[..., :3]
    if picture.levels != 255:
        frame = (frame // 257).astype(np.uint8)
    if (number := _twin_ground(picture)) is not None and picture.palette is not None:
        return Key(_three(picture.palette[number]), number)
    colours, uses = np.unique(_border(frame), axis=0, return_counts=True)
    for usual, least in _USUAL:
        near = np.abs(colours.astype(np.int64) - np.array(usual)).max(1) <= _STEP
        if uses[near].sum() >= least * uses.sum() and near.any():
            colour = _three(colours[near][uses[near].argmax()])
            if _blended(frame, colour) <= 0.5:
                return Key(colour)
    colour = _three(colours[uses.argmax()])
    if max(colour) - min(colour) <= 2 * _STEP or uses.max() < 0.6 * uses.sum() or len(picture.frames) > 1:
        return None  # the border decides, so most pictures are not examined as a whole
    is_sheet = _blended(frame, colour) <= 0.02 and _is_ground_of_sheet(picture, frame, Key(colour))
    return Key(colour) if is_sheet else None


# The picture has few colours, and the background separates similar frames.
def _is_ground_of_sheet(picture: Picture, frame: Pixels, key: Key) -> bool:
    if len(np.unique(frame.reshape(-1, 3), axis=0)) > 256:
        return False
    sheet = find_sheet(with_alpha(picture, key))
    return sheet is not None and sheet.columns * sheet.rows >= 3


def with_alpha(picture: Picture, key: Key, tolerance: int = 0) -> Picture:
    """
    The picture with its key transparent, and everything else unchanged.

    Args:
        tolerance: levels of 255 by which the background may differ from the key, after lossy compression.
    """
    frames = []
    for number in range(len(picture.frames)):
        rgba = picture.rgba(number).copy()
        rgba[..., 3][_ground(picture, key, number, tolerance)] = 0
        frames.append(rgba)
    mode = "RGBA;16" if picture.levels != 255 else "RGBA"
    return picture.replace(frames=tuple(frames), mode=picture.mode if picture.palette is not None else mode)


def with_key(answer: Picture, source: Picture, key: Key, *, keep_palette: bool) -> Picture:
    """
    The answer to `with_alpha(source, key)` without transparency: transparent pixels get the key. A pixel of the figure
    that happens to have the key's colour is moved by one level.

    Args:
        keep_palette: the answer has only colours of the source's palette.
    """
    level = answer.levels // 255
    colour = np.array(key.colour, answer.frames[0].dtype) * level
    numbered = key.number is not None and keep_palette and source.palette is not None
    frames, numbers = [], []
    for place, frame in enumerate(answer.frames):
        rgba = answer.replace(frames=(frame,)).rgba()
        ground = rgba[..., 3].astype(np.int64) * 2 < answer.levels
        rgb = rgba[..., :3].copy()
        clash = (rgb == colour).all(-1) & ~ground
        if numbered:
            numbers.append(_numbers(rgb, ground, source, key, place))
        elif not keep_palette:
            rgb[clash] = _beside(colour, answer.levels)
        rgb[ground] = colour
        frames.append(_as_source(rgb, source))
    details: dict[str, Any] = dict(answer.details)
    if numbered:
        details[_NUMBERS] = tuple(numbers)
    mode, palette = (source.mode, source.palette) if keep_palette else (_plain_mode(source), None)
    return answer.replace(frames=tuple(frames), mode=mode, palette=palette, details=details)


# [H, W] palette indices: the key's for the background; for the figure that of the nearest source pixel of the same
# colour, otherwise another one with that colour.
def _numbers(rgb: Pixels, ground: Mask, source: Picture, key: Key, place: int) -> Pixels:
    assert source.palette is not None
    palette = source.palette.astype(np.int64)
    codes = np.full(256, -1, np.int64)
    codes[: len(palette)] = (palette[:, 0] << 16) | (palette[:, 1] << 8) | palette[:, 2]
    order = [number for number in range(len(palette)) if number != key.number]
    uses = _uses(source)
    order.sort(key=lambda number: not uses[number])  # of equal colours, first one that the source uses
    table = {int(codes[number]): number for number in reversed(order)}
    seen = (rgb[..., 0].astype(np.int64) << 16) | (rgb[..., 1].astype(np.int64) << 8) | rgb[..., 2]
    values, where = np.unique(seen, return_inverse=True)
    per_value = np.array([table.get(int(value), key.number) for value in values], np.uint8)
    numbers: Pixels = per_value[where.reshape(seen.shape)]
    indices: tuple[Pixels, ...] = source.details.get(_INDICES, ())
    left = ~ground
    for down, right in _NEAREST if indices else ():
        entry = _at_each(indices[place], seen.shape, down, right)
        same = left & (codes[entry] == seen) & (entry != key.number)
        numbers[same] = entry[same]
        left &= ~same
    numbers[ground] = key.number
    return numbers


# [H, W]: for each pixel of an answer, the entry of the source pixel below it, moved by so many source pixels.
def _at_each(small: Pixels, size: tuple[int, ...], down: int, right: int) -> Pixels:
    rows = np.clip(np.arange(size[0]) * small.shape[0] // size[0] + down, 0, small.shape[0] - 1)
    columns = np.clip(np.arange(size[1]) * small.shape[1] // size[1] + right, 0, small.shape[1] - 1)
    return np.asarray(small[rows][:, columns])


def _uses(source: Picture) -> npt.NDArray[np.int64]:
    indices = source.details.get(_INDICES, ())
    return np.asarray(sum(np.bincount(index.reshape(-1), minlength=256) for index in indices) + np.zeros(256, np.int64))


# One of the colours that differ by one level in one channel and are in range.
def _beside(colour: Pixels, levels: int) -> Pixels:
    beside: Pixels = colour.copy()
    beside[1] = beside[1] + 1 if int(beside[1]) < levels else beside[1] - 1
    return beside


def _as_source(rgb: Pixels, source: Picture) -> Pixels:
    if source.channels <= 2:
        rgb = rgb[..., :1]
    if source.has_alpha:
        rgb = np.concatenate([rgb, np.full_like(rgb[..., :1], source.levels)], 2)
    return np.ascontiguousarray(rgb)


def _plain_mode(source: Picture) -> str:
    if source.palette is not None:
        return "RGBA" if source.has_alpha else "RGB"
    return "L" if source.mode == "1" else source.mode


def _ground(picture: Picture, key: Key, frame: int, tolerance: int) -> Mask:
    indices = picture.details.get(_INDICES)
    if key.number is not None and indices is not None:
        return np.asarray(indices[frame] == key.number)
    level = picture.levels // 255
    colour = np.array(key.colour, np.int64) * level
    difference = np.abs(picture.rgba(frame)[..., :3].astype(np.int64) - colour)
    return np.asarray((difference <= tolerance * level).all(-1))


# The index on the border, if pixels with its colour but another index occur as well.
def _twin_ground(picture: Picture) -> int | None:
    indices = picture.details.get(_INDICES)
    if indices is None or picture.palette is None:
        return None
    line = _border(indices[0])
    number = int(np.bincount(line).argmax())
    if number >= len(picture.palette) or float((line == number).mean()) < 0.6:
        return None
    same = (picture.palette[:, :3] == picture.palette[number, :3]).all(1)
    twins = [twin for twin in np.flatnonzero(same) if twin != number]
    return number if any((indices[0] == twin).any() for twin in twins) else None


def _border(plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.concatenate([plane[0], plane[-1], plane[1:-1, 0], plane[1:-1, -1]])  # corners of tiny pictures twice


def _three(colour: npt.NDArray[Any]) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in colour[:3])
    return red, green, blue


def _is_colour(frame: Pixels, colour: tuple[int, int, int]) -> Mask:
    return np.asarray((frame == np.array(colour, frame.dtype)).all(-1))


# The fraction of blends among the pixels that touch the background: colours close to its own.
def _blended(frame: Pixels, colour: tuple[int, int, int]) -> float:
    ground = _is_colour(frame, colour)
    around = np.pad(ground, 1)
    touches = (around[:-2, 1:-1] | around[2:, 1:-1] | around[1:-1, :-2] | around[1:-1, 2:]) & ~ground
    near = np.abs(frame.astype(np.int16) - np.array(colour, np.int16)).max(-1) <= _NEAR
    return float((near & touches).sum()) / max(int(touches.sum()), 1)
