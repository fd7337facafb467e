"""
Makes another upscaler's result exact: it becomes the nearest picture that scales back down to the input.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from depixel.consistency import Residual, combine, residual_sums
from depixel.degradation import BicubicDegradation, resize
from depixel.errors import BadUsageError
from depixel.exporting.finished import finished_picture
from depixel.exporting.plane import export_tile
from depixel.picture import Picture
from depixel.planes import Plane, join, split
from depixel.preparation.keys import key_of, with_alpha, with_key
from depixel.preparation.prepare import Prepared, prepare
from depixel.preparation.tensors import integers, premultiplied
from depixel.request import Request
from depixel.tiles import Tile

_BAND_PIXELS = 2**20  # large pixels projected at once
_LOSSY_KEY = 24  # levels by which the ground of a result may miss its colour key after lossy compression


@dataclass(frozen=True)
class Projection:
    """Another upscaler's result before and after."""

    picture: Picture  # of the input's kind, at the result's size
    before: Residual  # of the unchanged result
    after: Residual
    prepared: Prepared  # what was decided about the input


def project_result(result: Picture, small: Picture, request: Request) -> Projection:
    """
    The nearest picture to `result` that scales back down to `small`.

    Args:
        result: a whole multiple of the input's size, with as many frames; any mode and depth.
        request: domain, degradation, wrap, alpha and palette are used; the scale follows from the sizes.

    Raises:
        BadUsageError: the sizes or the numbers of frames do not match.
    """
    scale, source, key = _scale(result, small), small, key_of(small, request)
    if key is not None:
        small, result = with_alpha(small, key), with_alpha(result, key, _LOSSY_KEY)
    prepared = prepare(small, replace(request, scale=scale).validated())
    large = integers(result).to(torch.float32) * (small.levels / result.levels)
    if small.has_alpha and not result.has_alpha and prepared.data_alpha is None:
        alpha = resize(prepared.straight[:, 3:].to(torch.float32), large.shape[2], large.shape[3])
        large[:, 3:] = alpha.clamp(0, small.levels)
    planes = split(prepared)
    projected = [_project(plane.of(large), plane, request.palette == "keep") for plane in planes]
    straight = join(planes, [pixels for pixels, _, _ in projected])
    before = combine([row for _, sums, _ in projected for row in sums])
    after = combine([row for _, _, sums in projected for row in sums])
    picture = finished_picture(prepared, straight, request)
    if key is not None:
        picture = with_key(picture, source, key, keep_palette=request.palette == "keep")
    return Projection(picture, before, after, prepared)


def measure_result(result: Picture, small: Picture, request: Request) -> Residual:
    """How exactly an unchanged result scales back to its input. Raises BadUsageError as `project_result` does."""
    return measure_with_decisions(result, small, request)[0]


def measure_with_decisions(result: Picture, small: Picture, request: Request) -> tuple[Residual, Prepared]:
    """As `measure_result`, with the decisions about the input, which determine the pixels that were compared."""
    scale, key = _scale(result, small), key_of(small, request)
    if key is not None:
        small, result = with_alpha(small, key), with_alpha(result, key, _LOSSY_KEY)
    prepared = prepare(small, replace(request, scale=scale).validated())
    large = (integers(result).to(torch.float32) * (small.levels / result.levels)).round().to(torch.int32)
    sums = [row for plane in split(prepared) for row in _sums(plane.of(large), plane.straight, plane)]
    return combine(sums), prepared


def _scale(result: Picture, small: Picture) -> int:
    if len(result.frames) != len(small.frames):
        raise BadUsageError(f"The result has {len(result.frames)} frames, but the input has {len(small.frames)}.")
    scale = result.width // small.width
    if scale < 2 or (result.width, result.height) != (small.width * scale, small.height * scale):
        raise BadUsageError(
            f"The result is {result.width}x{result.height} pixels: it must be a whole multiple, twice or more, of the "
            f"input's {small.width}x{small.height}."
        )
    return scale


# [F, 4, H, W] values 0 ... levels => projected integers, and the residual sums [F][4] before and after, band by band.
# Area and point depend on one block at a time; bicubic depends on more, so there the whole picture is one band.
def _project(large: Tensor, plane: Plane, keep_palette: bool) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    count, _, height, width = plane.straight.shape
    factor = plane.degradation.factor
    rows = max(1, _BAND_PIXELS // (count * width * factor**2))
    if isinstance(plane.degradation, BicubicDegradation):
        rows = height
    out = torch.empty(large.shape, dtype=torch.int32)
    before: list[Tensor] = []
    after: list[Tensor] = []
    for top in range(0, height, rows):
        tile = Tile(top, 0, min(top + rows, height), width)
        band = slice(tile.top * factor, tile.bottom * factor)
        before += _sums(large[:, :, band].round().to(torch.int32), plane.straight[:, :, tile.top : tile.bottom], plane)
        generated = premultiplied(large[:, :, band], plane.levels)
        out[:, :, band], sums = export_tile(generated, plane, tile, keep_palette=keep_palette)
        after += sums.unbind(0)
    return out, before, after


def _sums(large: Tensor, small: Tensor, plane: Plane) -> tuple[Tensor, ...]:
    return residual_sums(
        large, small, plane.degradation, levels=plane.levels, binary_alpha=plane.binary_alpha
    ).unbind(0)  # fmt: skip
