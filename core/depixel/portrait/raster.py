"""The rasteriser: triangles, and later strands, compete for the samples of pictures; the nearest wins."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

SHIFT = 32
"""A key packs inverse depth (30 bits) above an identity (32 bits), so that the larger key is the nearer surface."""
DEPTHS = 2**30 - 1
CHUNK = 8_000_000


class Range(NamedTuple):
    """Inverse depths (1/dm) that a depth buffer can tell apart."""

    low: float
    high: float


def key(inverse_depth: Tensor, identity: Tensor, span: Range) -> Tensor:
    """Keys [N] int64 of samples at inverse_depth [N] (1/dm) with this identity [N] (below 2^32)."""
    step = ((inverse_depth - span.low) * (DEPTHS / (span.high - span.low))).clamp(0, DEPTHS)
    return (step.long() << SHIFT) | identity


def depth_of(keys: Tensor, span: Range) -> Tensor:
    """Inverse depth (1/dm) from keys; span.low where a key is -1 (nothing there)."""
    return (keys.clamp(min=0) >> SHIFT).float() * ((span.high - span.low) / DEPTHS) + span.low


@torch.no_grad()
def rasterise(
    points: Tensor,
    triangles: Tensor,
    size: tuple[int, int],
    span: Range,
    buffer: Tensor,
    two_sided: bool = False,
    cut: Tensor | None = None,
    first_number: int = 0,
) -> Tensor:
    """Let triangles compete for samples.

    points: [B, N, 3], x to the right and y down in samples, then inverse depth (1/dm); triangles: [M, 3] int64,
    counter-clockwise as seen from outside; size: (H, W) samples; buffer: [B * H * W] int64 keys, -1 where empty,
    changed in place and returned. Back faces are skipped unless two_sided. cut: [B, N]; samples where it is below 0 are
    skipped; first_number: identity of the first triangle.
    """
    H, W = size
    a, b, c = (points[:, triangles[:, k]] for k in range(3))
    area = (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])
    facing = area.abs() > 1e-9 if two_sided else area < -1e-9
    if cut is not None:
        facing &= (cut >= 0)[:, triangles].any(-1)
    person, number = facing.nonzero(as_tuple=True)
    a, b, c, area = a[person, number], b[person, number], c[person, number], area[person, number]
    low = torch.minimum(torch.minimum(a, b), c)
    high = torch.maximum(torch.maximum(a, b), c)
    x0, x1 = (low[:, 0] - 0.5).ceil().clamp(0, W), (high[:, 0] - 0.5).floor().clamp(-1, W - 1)
    y0, y1 = (low[:, 1] - 0.5).ceil().clamp(0, H), (high[:, 1] - 0.5).floor().clamp(-1, H - 1)
    width, height = (x1 - x0 + 1).clamp(min=0).long(), (y1 - y0 + 1).clamp(min=0).long()
    cover = width * height
    keep = (cover > 0).nonzero().squeeze(1)
    if len(keep) == 0:
        return buffer
    a, b, c, area, x0, y0 = a[keep], b[keep], c[keep], area[keep], x0[keep], y0[keep]
    width, cover, person, number = width[keep], cover[keep], person[keep], number[keep] + first_number
    edges = None
    if cut is not None:
        corner = triangles[number - first_number]
        edges = torch.stack([cut[person, corner[:, k]] for k in range(3)], 1)
    planes = _planes(a, b, c, area, x0, y0)
    start = (person * H + y0.long()) * W + x0.long()
    ends = cover.cumsum(0)
    first = 0
    while first < len(cover):
        before = int(ends[first - 1]) if first else 0
        last = max(int(torch.searchsorted(ends, before + CHUNK, right=True)), first + 1)
        _compete(buffer, planes, start, width, cover, number, edges, slice(first, last), W, span)
        first = last
    return buffer


def _planes(a: Tensor, b: Tensor, c: Tensor, area: Tensor, x0: Tensor, y0: Tensor) -> Tensor:
    """
    [9, T]: barycentric coordinates of a and b and inverse depth as planes (value at the box's corner, slope x, slope
    y).
    """
    scale = 1 / area
    lax, lay = (b[:, 1] - c[:, 1]) * scale, (c[:, 0] - b[:, 0]) * scale
    lbx, lby = (c[:, 1] - a[:, 1]) * scale, (a[:, 0] - c[:, 0]) * scale
    dx, dy = x0 + 0.5 - c[:, 0], y0 + 0.5 - c[:, 1]
    la, lb = lax * dx + lay * dy, lbx * dx + lby * dy
    za, zb = a[:, 2] - c[:, 2], b[:, 2] - c[:, 2]
    z = c[:, 2] + la * za + lb * zb
    return torch.stack([la, lax, lay, lb, lbx, lby, z, lax * za + lbx * zb, lay * za + lby * zb])


def _compete(
    buffer: Tensor,
    planes: Tensor,
    start: Tensor,
    width: Tensor,
    cover: Tensor,
    number: Tensor,
    edges: Tensor | None,
    part: slice,
    W: int,
    span: Range,
) -> None:
    count = cover[part]
    owner = torch.repeat_interleave(torch.arange(len(count), device=count.device), count)
    place = torch.arange(len(owner), device=count.device) - (count.cumsum(0) - count)[owner]
    wide = width[part].index_select(0, owner)
    row = torch.div(place, wide, rounding_mode="floor")
    column = place - row * wide
    x, y = column.float(), row.float()
    columns = planes[:, part]
    la, lb = (
        columns[k]
        .index_select(0, owner)
        .addcmul_(columns[k + 1].index_select(0, owner), x)
        .addcmul_(columns[k + 2].index_select(0, owner), y)
        for k in (0, 3)
    )
    within = (la >= 0) & (lb >= 0) & (la + lb <= 1)
    if edges is not None:
        edge = edges[part][owner]
        within &= edge[:, 2] + la * (edge[:, 0] - edge[:, 2]) + lb * (edge[:, 1] - edge[:, 2]) >= 0
    inside = within.nonzero().squeeze(1)
    owner = owner.index_select(0, inside)
    value, slope_x, slope_y = (columns[k].index_select(0, owner) for k in (6, 7, 8))
    z = value + slope_x * x.index_select(0, inside) + slope_y * y.index_select(0, inside)
    sample = start[part][owner] + row.index_select(0, inside) * W + column.index_select(0, inside)
    buffer.scatter_reduce_(0, sample, key(z, number[part][owner], span), "amax")


class Hits(NamedTuple):
    """The visible triangles: one row for each sample."""

    sample: Tensor
    """[N] int64, index in the buffer."""
    person: Tensor
    """[N] int64."""
    triangle: Tensor
    """[N] int64."""
    corners: Tensor
    """[N, 3] int64, vertices of one person."""
    weights: Tensor
    """[N, 3], perspective-correct barycentric coordinates."""

    def of(self, values: Tensor) -> Tensor:
        """Interpolate values [B, n, C] (or [1, n, C], the same for all) at the samples: [N, C]."""
        flat = values.reshape(-1, values.shape[-1])
        corners = self.corners
        if values.shape[0] > 1:
            corners = corners + self.person[:, None] * values.shape[1]
        w = self.weights
        mixed = flat.index_select(0, corners[:, 0]) * w[:, :1]
        mixed = mixed + flat.index_select(0, corners[:, 1]) * w[:, 1:2]
        return mixed + flat.index_select(0, corners[:, 2]) * w[:, 2:3]


def hits(points: Tensor, triangles: Tensor, sample: Tensor, number: Tensor, size: tuple[int, int]) -> Hits:
    """
    Barycentric coordinates of the winning triangle (number [N]) at each of the given samples ([N], buffer indices).
    """
    H, W = size
    person = torch.div(sample, H * W, rounding_mode="floor")
    inside = sample - person * (H * W)
    row = torch.div(inside, W, rounding_mode="floor")
    x, y = (inside - row * W).float() + 0.5, row.float() + 0.5
    corners = triangles[number]
    flat = points.reshape(-1, 3)
    row = corners + person[:, None] * points.shape[1]
    a, b, c = flat[row[:, 0]], flat[row[:, 1]], flat[row[:, 2]]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    la = ((b[:, 1] - c[:, 1]) * (x - c[:, 0]) + (c[:, 0] - b[:, 0]) * (y - c[:, 1])) / area
    lb = ((c[:, 1] - a[:, 1]) * (x - c[:, 0]) + (a[:, 0] - c[:, 0]) * (y - c[:, 1])) / area
    weights = torch.stack([la * a[:, 2], lb * b[:, 2], (1 - la - lb) * c[:, 2]], 1)
    return Hits(sample, person, number, corners, weights / weights.sum(1, keepdim=True))


def vertex_normals(vertices: Tensor, triangles: Tensor) -> Tensor:
    """Unit normals [B, n, 3] of vertices [B, n, 3]: the area-weighted mean of the triangles [M, 3] around each."""
    a, b, c = (vertices[:, triangles[:, k]] for k in range(3))
    normal = torch.linalg.cross(b - a, c - a)
    total = torch.zeros_like(vertices)
    for k in range(3):
        total.index_add_(1, triangles[:, k], normal)
    return torch.nn.functional.normalize(total, dim=-1)
