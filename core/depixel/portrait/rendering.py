"""Draw people: parameters in, pictures out."""

from __future__ import annotations

import torch
from torch import Tensor

from depixel.portrait.camera import camera
from depixel.portrait.head import released_head
from depixel.portrait.parameters import Parameters
from depixel.portrait.raster import hits, rasterise, vertex_normals
from depixel.portrait.shape import shape


def render(parameters: Parameters, size: int, samples: int = 1) -> Tensor:
    """Pictures [B, 3, size, size] in sRGB, 0 to 1; samples: 1 or 2 a side of each pixel."""
    head = released_head(str(parameters.values.device))
    figure = shape(parameters, head)
    view = camera(parameters, figure)
    side = size * samples
    level = head.level(level_for(side))
    world = level.apply(figure.posed)
    points = view.project(world, side)
    span = view.depths()
    buffer = torch.full((len(parameters) * side * side,), -1, dtype=torch.int64, device=points.device)
    rasterise(points, level.triangles, (side, side), span, buffer)
    sample = (buffer >= 0).nonzero().squeeze(1)
    found = hits(points, level.triangles, sample, buffer[sample] & 0xFFFFFFFF, (side, side))
    normal = torch.nn.functional.normalize(found.of(vertex_normals(world, level.triangles)), dim=1)
    grey = (normal @ torch.tensor([0.35, 0.5, 0.79], device=normal.device)).clamp(min=0) * 0.8 + 0.1
    picture = torch.full((len(buffer),), 0.04, device=points.device).index_put((sample,), grey)
    picture = picture.reshape(-1, 1, side, side).expand(-1, 3, -1, -1) ** (1 / 2.2)
    return torch.nn.functional.avg_pool2d(picture, samples)


def level_for(side: int) -> int:
    """Level of detail of the mesh for pictures `side` samples wide."""
    return 0 if side <= 256 else 1 if side <= 1024 else 2
