"""What hair rests on: skull and face as radii around the middle of the skull, neck and shoulders around their axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

MIDDLE = (0.0, 0.3, -0.62)
"""Middle of the template's skull, dm from the point between the eyes."""
ROWS, COLUMNS = 32, 48
"""
Cells of both maps. Rows are elevations from -90 to 90 degrees for the skull and heights for the body; columns are
azimuths from -180 to 180 degrees, 0 at the front.
"""
LOWEST, HIGHEST = -2.6, 0.4
"""Heights of the body's map, dm on the template."""
CHIN = -1.2
"""Height below which nothing belongs to the skull or face, dm on the template."""
BELOW, ABOVE = -0.75, -0.25
"""Elevations (y of the unit vector) between which the body's map takes over from the skull's."""


@dataclass(frozen=True)
class HeadSurface:
    """Head, neck and shoulders of B people in the head's frame."""

    centre: Tensor
    """[B, 3], dm."""
    size: Tensor
    """[B], relative to the template."""
    skull: Tensor
    """[B, 1, ROWS, COLUMNS], distance from the centre, dm."""
    body: Tensor
    """[B, 1, ROWS, COLUMNS], distance from the upright axis through the centre, dm."""

    @staticmethod
    def of(vertices: Tensor, size: Tensor | None = None) -> HeadSurface:
        """
        Measure people from their skin's vertices [B, n, 3] (dm, head's frame); size [B]: relative to the template.
        """
        size = vertices.new_ones(len(vertices)) if size is None else size
        centre = vertices.new_tensor(MIDDLE) * size[:, None]
        away = vertices - centre[:, None]
        distance = away.norm(dim=-1)
        # Seen from the skull, the shoulders are behind the neck; the body's map has them.
        high = vertices[..., 1] > CHIN * size[:, None]
        skull = _map(_elevation_row(away, distance), _column(away), distance * high)
        around = away[..., ::2].norm(dim=-1)
        # Nothing above the chin belongs to the body; the chin itself keeps hair away from the face.
        low = vertices[..., 1] < HIGHEST * size[:, None]
        body = _map(_height_row(vertices[..., 1], size), _column(away), around * low)
        return HeadSurface(centre, size, skull, body)

    def pushed(self, points: Tensor, gap: Tensor) -> Tensor:
        """Points [B, N, 3], moved out where they are nearer to the skin than gap [B, N] (dm)."""
        away = points - self.centre[:, None]
        distance = away.norm(dim=-1).clamp(min=1e-4)
        skin = _look_up(self.skull, _elevation_row(away, distance), _column(away))
        head = self.centre[:, None] + away * (torch.maximum(distance, skin + gap) / distance)[..., None]
        around = away[..., ::2].norm(dim=-1).clamp(min=1e-4)
        skin = _look_up(self.body, _height_row(points[..., 1], self.size), _column(away))
        wider = torch.maximum(around, skin + gap) / around
        beside = torch.stack([away[..., 0] * wider, away[..., 1], away[..., 2] * wider], -1) + self.centre[:, None]
        t = ((away[..., 1] / distance - BELOW) / (ABOVE - BELOW)).clamp(0, 1)[..., None]
        mixed: Tensor = beside + (head - beside) * t
        return mixed

    def height(self, points: Tensor) -> Tensor:
        """Distance [B, N] of points [B, N, 3] from the skull's surface, dm, negative inside."""
        away = points - self.centre[:, None]
        distance: Tensor = away.norm(dim=-1).clamp(min=1e-4)
        skin = _look_up(self.skull, _elevation_row(away, distance), _column(away))
        return distance - skin


def _column(away: Tensor) -> Tensor:
    azimuth = torch.atan2(away[..., 0], away[..., 2])
    return (azimuth / (2 * math.pi) + 0.5) * COLUMNS - 0.5


def _elevation_row(away: Tensor, distance: Tensor) -> Tensor:
    elevation = torch.asin((away[..., 1] / distance.clamp(min=1e-6)).clamp(-1, 1))
    return (elevation / math.pi + 0.5) * (ROWS - 1)


def _height_row(y: Tensor, size: Tensor) -> Tensor:
    return ((y / size[:, None] - LOWEST) / (HIGHEST - LOWEST) * (ROWS - 1)).clamp(0, ROWS - 1)


def _map(row: Tensor, column: Tensor, distance: Tensor) -> Tensor:
    """The largest distance [B, n] in each cell, with holes closed."""
    B = len(row)
    cell = row.round().long().clamp(0, ROWS - 1) * COLUMNS + column.round().long() % COLUMNS
    cell = cell + torch.arange(B, device=cell.device)[:, None] * (ROWS * COLUMNS)
    flat = distance.new_zeros(B * ROWS * COLUMNS)
    flat.scatter_reduce_(0, cell.reshape(-1), distance.reshape(-1), "amax")
    return _filled(flat.reshape(B, 1, ROWS, COLUMNS))


def _look_up(values: Tensor, row: Tensor, column: Tensor) -> Tensor:
    x = (column + 1) / (COLUMNS + 1) * 2 - 1
    y = row / (ROWS - 1) * 2 - 1
    wrapped = torch.cat([values[..., -1:], values, values[..., :1]], -1)
    grid = torch.stack([x, y], -1)[:, None]
    return F.grid_sample(wrapped, grid, align_corners=True, padding_mode="border")[:, 0, 0]


def _filled(radii: Tensor) -> Tensor:
    """Fill cells that contain no vertex, and smooth single cells that stick out."""

    def padded(values: Tensor) -> Tensor:
        wide = torch.cat([values[..., -1:], values, values[..., :1]], -1)
        return torch.cat([wide[..., :1, :], wide, wide[..., -1:, :]], -2)

    for _ in range(6):
        seen = (radii > 0).float()
        total = F.avg_pool2d(padded(radii), 3, 1)
        count = F.avg_pool2d(padded(seen), 3, 1)
        radii = torch.where(radii > 0, radii, total / count.clamp(min=1e-6) * (count > 0))
    return (radii + F.avg_pool2d(padded(radii), 3, 1)) / 2
