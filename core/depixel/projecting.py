"""
Anybody's answer made to keep the promise: another upscaler's picture is projected onto all pictures that scale back
down to the input.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from depixel.consistency import Residual, combine, residual_sums
from depixel.degradation import BicubicDegradation, resize
from depixel.errors import BadUsageError
from depixel.exporting.plane import export_tile
from depixel.picture import Picture
from depixel.preparation.prepare import Prepared, prepare
from depixel.preparation.tensors import hidden_colour, integers, pixels_like, premultiplied
from depixel.request import Request
from depixel.tiles import Tile, with_ring

_BAND_PIXELS = 2**20  # large pixels projected at once


@dataclass(frozen=True)
class Projection:
    """A foreign result before and after."""

    picture: Picture  # of the input's kind, at the result's size
    before: Residual  # of the result as it came
    after: Residual
    prepared: Prepared  # what was decided about the input


def project_result(result: Picture, given: Picture, settings: Request) -> Projection:
    """
    The nearest picture to `result` that scales back down to `given`.

    Args:
        result: a whole multiple of the input's size, with as many frames; any mode and depth.
        settings: domain, degradation, wrap, alpha and palette are used; the scale follows from the sizes.

    Raises:
        BadUsageError: the sizes or the frames do not fit together.
    """
    scale = _scale(result, given)
    prepared = prepare(given, replace(settings, scale=scale).validated())
    wanted = prepared.straight
    large = integers(result).to(torch.float32) * (given.levels / result.levels)
    if given.has_alpha and not result.has_alpha and prepared.data_alpha is None:
        large[:, 3:] = _enlarged_alpha(wanted, large).clamp(0, given.levels)
    planes = [_project_plane(large, wanted, prepared, settings)]
    if prepared.data_alpha is not None:
        planes[0] = _project_plane(_opaque(large, given.levels), wanted, prepared, settings)
        planes.append(_project_plane(_grey(large[:, 3:], given), _grey(prepared.data_alpha, given), prepared, settings))
    pixels = planes[0][0]
    if len(planes) > 1:
        pixels = torch.cat([pixels[:, :3], planes[1][0][:, :1]], 1)
    before = combine([row for plane in planes for row in plane[1]])
    after = combine([row for plane in planes for row in plane[2]])
    return Projection(_picture(given, pixels, settings), before, after, prepared)


def measure_result(result: Picture, given: Picture, settings: Request) -> Residual:
    """How exactly any result scales back to its input, as it is. Raises BadUsageError as `project_result` does."""
    prepared = prepare(given, replace(settings, scale=_scale(result, given)).validated())
    large = (integers(result).to(torch.float32) * (given.levels / result.levels)).round().to(torch.int32)
    parts = [(_opaque(large, given.levels) if prepared.data_alpha is not None else large, prepared.straight)]
    if prepared.data_alpha is not None:
        parts.append((_grey(large[:, 3:], given), _grey(prepared.data_alpha, given)))
    sums = [
        residual_sums(a, b, prepared.degradation, levels=prepared.levels, binary_alpha=prepared.binary_alpha)
        for a, b in parts
    ]
    return combine([row for rows in sums for row in rows.unbind(0)])


def _scale(result: Picture, given: Picture) -> int:
    if len(result.frames) != len(given.frames):
        raise BadUsageError(f"The result has {len(result.frames)} frames and the input {len(given.frames)}.")
    scale = result.width // given.width
    if scale < 2 or (result.width, result.height) != (given.width * scale, given.height * scale):
        raise BadUsageError(
            f"The result of {result.width}x{result.height} is no whole multiple, twice or more, of the input's "
            f"{given.width}x{given.height}."
        )
    return scale


# Straight integers on [F, 4, H, W] => projected integers, and the residual sums [F][4] before and after, band by band:
# area and point look at one block at a time; bicubic looks further, so there the whole picture is one band.
def _project_plane(
    large: Tensor, straight: Tensor, prepared: Prepared, settings: Request
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    degradation, levels = prepared.degradation, prepared.levels
    factor, height = degradation.factor, straight.shape[2]
    rows = max(1, _BAND_PIXELS // (straight.shape[0] * straight.shape[3] * factor**2))
    if isinstance(degradation, BicubicDegradation):
        rows = height
    hidden = hidden_colour(straight, levels)
    grey = (straight[:, :1] == straight[:, 1:3]).flatten(1).all(1)
    out = torch.empty(large.shape, dtype=torch.int32)
    before: list[Tensor] = []
    after: list[Tensor] = []
    for top in range(0, height, rows):
        small = straight[:, :, top : top + rows]
        band = slice(top * factor, (top + small.shape[2]) * factor)
        tile = Tile(top, 0, top + small.shape[2], small.shape[3])
        came = large[:, :, band]
        before += residual_sums(
            came.round().to(torch.int32), small, degradation, levels=levels, binary_alpha=prepared.binary_alpha
        ).unbind(0)
        out[:, :, band], sums = export_tile(
            premultiplied(came, levels),
            small,
            hidden[:, :, top : top + rows],
            degradation,
            levels=levels,
            binary_alpha=prepared.binary_alpha,
            grey=grey,
            domain=prepared.domain,
            neighbours=with_ring(straight, tile, prepared.wrap) if settings.palette == "keep" else None,
        )
        after += sums.unbind(0)
    return out, before, after


def _enlarged_alpha(straight: Tensor, large: Tensor) -> Tensor:
    return resize(straight[:, 3:].to(torch.float32), large.shape[2], large.shape[3])


def _opaque(straight: Tensor, levels: int) -> Tensor:
    return torch.cat([straight[:, :3], torch.full_like(straight[:, 3:], levels)], 1)


def _grey(channel: Tensor, given: Picture) -> Tensor:
    return torch.cat([channel.expand(-1, 3, -1, -1), torch.full_like(channel, given.levels)], 1)


def _picture(given: Picture, straight: Tensor, settings: Request) -> Picture:
    projected = given.replace(frames=pixels_like(given, straight))
    if settings.palette == "keep":
        return projected
    if given.mode == "1":
        return projected.replace(mode="L")
    if given.palette is None:
        return projected
    return projected.replace(palette=None, mode="RGBA" if given.has_alpha else "RGB")
