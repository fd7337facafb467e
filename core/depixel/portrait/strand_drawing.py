"""Drawing strands into the rasteriser's buffer as ribbons that face the camera, nearest first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from depixel.portrait.raster import Range, depth_of, key
from depixel.portrait.strands import Strands

BATCHES = (0.03, 0.07, 0.14, 0.25, 0.45, 1.0)
"""
Strands are drawn outermost first, in stages that end at these fractions of all samples, so that hidden ones are
skipped.
"""
PROBES = 5
"""Points along a segment at which visibility is tested."""
CHUNK = 4_000_000
"""Largest number of samples that are processed at once."""


@dataclass(frozen=True)
class StrandHits:
    """The visible strands: one row for each sample."""

    sample: Tensor
    """[N] int64, index in the buffer."""
    strand: Tensor
    """[N] int64."""
    point: Tensor
    """[N] int64, the point before the sample."""
    along: Tensor
    """[N], 0 to 1 from that point to the next."""
    across: Tensor
    """[N], -1 to 1 across the ribbon."""
    hair: Tensor
    """[N], 0 to 1, a number of its own for each single hair."""

    def of(self, values: Tensor) -> Tensor:
        """Interpolate values [S, P, C] at the samples: [N, C]."""
        P = values.shape[1]
        flat = values.reshape(-1, values.shape[-1])
        row = self.strand * P + self.point
        before = flat.index_select(0, row)
        return before + (flat.index_select(0, row + 1) - before) * self.along[:, None]


@torch.no_grad()
def draw_strands(
    strands: Strands, projected: Tensor, scale: Tensor, size: tuple[int, int], span: Range, buffer: Tensor, first: int
) -> StrandHits:
    """Let strands compete for the samples of `buffer`, and return where they won.

    projected: [S, P, 3], x to the right and y down in samples, then inverse depth (1/dm); scale: [B], samples that one
    dm covers at an inverse depth of 1 (focal length in samples); buffer: [B * H * W] int64 keys with all triangles
    drawn, changed in place; first: the lowest identity that no triangle uses.
    """
    P = projected.shape[1]
    table = _segments(strands, projected, scale)
    order = _order(strands, projected, table[:, _WIDTH].reshape(-1, P - 1).amax(1), size)
    area = (table[:, _LENGTH] * table[:, _WIDTH]).reshape(-1, P - 1).sum(1)[order].cumsum(0)
    parts = torch.tensor(BATCHES, device=area.device) * area[-1:]
    bounds = [0, *torch.searchsorted(area, parts)[:-1].tolist(), len(order)] if len(order) else [0]
    drawn: list[Tensor] = []
    counts: list[Tensor] = []
    base = first
    for start, stop in pairwise(bounds):
        rows = order[start:stop]
        segments = (rows[:, None] * (P - 1) + torch.arange(P - 1, device=rows.device)).reshape(-1)
        person = strands.person[rows].repeat_interleave(P - 1)
        shown = _shown(table[segments], person, size, span, buffer)
        segments, person = segments[shown], person[shown]
        count = _splat(segments, table[segments], person * (size[0] * size[1]), strands, size, span, buffer, base)
        drawn.append(segments)
        counts.append(count)
        base += int(count.sum())
    return _winners(torch.cat(drawn), torch.cat(counts), table, strands, P, buffer, first)


_LENGTH, _WIDTH, _BULGE, _PROGRESS, _PART, _RAGGED = 10, 11, 12, 13, 14, 15
"""Columns of the table of segments after start (x, y, z), step (x, y, z), sideways (x, y) and its change (x, y)."""


def _order(strands: Strands, projected: Tensor, reach: Tensor, size: tuple[int, int]) -> Tensor:
    """Strands that reach into the picture, outermost on the side facing the camera first."""
    H, W = size
    reach = reach[:, None]
    low, high = projected.amin(1)[:, :2] - reach, projected.amax(1)[:, :2] + reach
    inside = (high[:, 0] > 0) & (low[:, 0] < W) & (high[:, 1] > 0) & (low[:, 1] < H)
    rows = inside.nonzero().squeeze(1)
    outside = strands.openness[rows].amax(1) + (strands.normals[rows, :, 2].mean(1) + 0.3).clamp(max=0)
    return rows[outside.argsort(descending=True, stable=True)]


def _segments(strands: Strands, projected: Tensor, scale: Tensor) -> Tensor:
    """[S * (P - 1), 16]: start, step, sideways and its change, length, width, bulge, progress, part, ragged.

    Sideways reaches from the middle of the ribbon to its edge, in samples; progress is the start's position on the
    strand, part is the segment's fraction of the strand.
    """
    P = projected.shape[1]
    flat = projected[..., :2]
    ahead = torch.cat([flat[:, 1:] - flat[:, :-1], flat[:, -1:] - flat[:, -2:-1]], 1)
    along = torch.cat([ahead[:, :1], ahead[:, 1:] + ahead[:, :-1]], 1)
    along = torch.nn.functional.normalize(along, dim=-1)
    half = (strands.radius * projected[..., 2] * scale[strands.person, None])[..., None]
    sideways = torch.stack([-along[..., 1], along[..., 0]], -1) * half
    start, step = projected[:, :-1], projected[:, 1:] - projected[:, :-1]
    width = half[:, 1:] + half[:, :-1]
    # The middle of a ribbon bulges towards the camera, so that neighbours overlap like rods.
    bulge = 0.7 * start[..., 2:].square() * strands.radius[:, :-1, None]
    part = (1 / strands.pieces)[:, None, None].expand_as(width)
    progress = torch.arange(P - 1, device=start.device)[None, :, None] * part
    ragged = strands.ragged[:, None, None].expand_as(width)
    length = step[..., :2].norm(dim=-1, keepdim=True)
    change = sideways[:, 1:] - sideways[:, :-1]
    columns = [start, step, sideways[:, :-1], change, length, width, bulge, progress, part, ragged]
    return torch.cat(columns, -1).reshape(-1, 16)


def _shown(rows: Tensor, person: Tensor, size: tuple[int, int], span: Range, buffer: Tensor) -> Tensor:
    """Which segments [M] are inside the picture and not completely hidden by what is already drawn."""
    H, W = size
    t = torch.linspace(0, 1, PROBES, device=rows.device)
    x, y = rows[:, :1] + rows[:, 3:4] * t, rows[:, 1:2] + rows[:, 4:5] * t
    wide = rows[:, _WIDTH : _WIDTH + 1] + 1
    inside = ((x > -wide) & (x < W + wide) & (y > -wide) & (y < H + wide)).any(1) & (rows[:, _LENGTH] > 1e-3)
    cell = 8 if min(H, W) > 768 else 4
    if min(H, W) < 8 * cell:
        return inside.nonzero().squeeze(1)
    tall, broad = -(-H // cell), -(-W // cell)
    # A cell hides whatever is behind its mean depth if all its samples are occupied; together with its neighbours it
    # represents everything between two probes. Whatever shows through between its hairs is hair or skin, never
    # background.
    padding = (0, broad * cell - W, 0, tall * cell - H)
    depth = torch.nn.functional.pad(depth_of(buffer, span).reshape(-1, 1, H, W), padding, value=span.high)
    empty = torch.nn.functional.max_pool2d((depth <= span.low).float(), cell)
    cover = torch.nn.functional.avg_pool2d(depth, cell) * (1 - empty)
    cover = -torch.nn.functional.max_pool2d(-cover, 3, 1, 1)
    column = (x / cell).long().clamp(0, broad - 1)
    row = (y / cell).long().clamp(0, tall - 1)
    place = (person[:, None] * tall + row) * broad + column
    nearest = torch.maximum(rows[:, 2], rows[:, 2] + rows[:, 5]) + rows[:, _BULGE]
    hidden = (nearest[:, None] < cover.reshape(-1)[place]).all(1)
    short = (rows[:, _LENGTH] < 2 * cell * (PROBES - 1)) & (rows[:, _WIDTH] < 2 * cell)
    return (inside & ~(hidden & short)).nonzero().squeeze(1)


def _counts(rows: Tensor) -> tuple[Tensor, Tensor]:
    """The number of samples, along and across, with which each segment is drawn."""
    along = rows[:, _LENGTH].ceil().clamp(1, 4096)
    across = (rows[:, _WIDTH] * 1.05).ceil().clamp(1, 512)
    return along, across


def _place(place: Tensor, along: Tensor, across: Tensor) -> tuple[Tensor, Tensor]:
    """t (0 to 1 along) and u (-1 to 1 across) of the sample number [N] of a segment."""
    number = place.float()
    step = ((number + 0.5) / across).floor()
    t = (step + 0.5) / along
    u = (number - step * across + 0.5) / across * 2 - 1
    return t, u


def hair_numbers(strand: Tensor, across: Tensor, hairs: Tensor) -> Tensor:
    """A number from 0 to 1 for each single hair: strand [N] int64, across [N] (-1 to 1), hairs [N] int64."""
    hair = ((across + 1) * 0.5 * hairs).long()
    mixed = strand * 73_856_093 + hair * 19_349_663 + 83_492_791
    mixed = (mixed ^ (mixed >> 13)) * 1_274_126_177
    return ((mixed ^ (mixed >> 16)) & 0xFFFF).float() / 65536


def _splat(
    segments: Tensor,
    rows: Tensor,
    offset: Tensor,
    strands: Strands,
    size: tuple[int, int],
    span: Range,
    buffer: Tensor,
    base: int,
) -> Tensor:
    """Draw segments (their rows of the table, and where the samples of their person begin).

    Returns how many identities each used, in order from `base` on.
    """
    H, W = size
    along, across = _counts(rows)
    wide = torch.cat([rows, along[:, None], across[:, None]], 1)
    count = (along * across).long()
    ends = count.cumsum(0)
    first = 0
    while first < len(segments):
        before = int(ends[first - 1]) if first else 0
        last = max(int(torch.searchsorted(ends, before + CHUNK, right=True)), first + 1)
        number = count[first:last]
        owner = torch.repeat_interleave(torch.arange(first, last, device=number.device), number)
        order = torch.arange(len(owner), device=owner.device)
        c = wide.index_select(0, owner).T
        t, u = _place(order - (ends - count - before).index_select(0, owner), c[16], c[17])
        x = c[0] + c[3] * t + (c[6] + c[8] * t) * u
        y = c[1] + c[4] * t + (c[7] + c[9] * t) * u
        keep = (x >= 0) & (y >= 0) & (x < W) & (y < H)
        late = (c[_PROGRESS] + t * c[_PART] > 1 - c[_RAGGED]).nonzero().squeeze(1)
        keep[late] &= ~_ended(segments[owner[late]], t[late], u[late], strands)
        z = c[2] + c[5] * t + (1 - u * u) * c[_BULGE]
        sample = offset.index_select(0, owner) + y.long() * W + x.long()
        keys = key(z, base + before + order, span)
        kept = keep.nonzero().squeeze(1)
        buffer.scatter_reduce_(0, sample[kept], keys[kept], "amax")
        first = last
    return count


def _ended(segment: Tensor, t: Tensor, u: Tensor, strands: Strands) -> Tensor:
    """Whether the single hair at a sample has already ended."""
    segments = strands.points.shape[1] - 1
    strand = torch.div(segment, segments, rounding_mode="floor")
    progress = ((segment - strand * segments).float() + t) / strands.pieces[strand]
    number = hair_numbers(strands.number[strand], u, strands.hairs[strand])
    return progress > 1 - strands.ragged[strand] * number


def _winners(
    segments: Tensor, count: Tensor, table: Tensor, strands: Strands, P: int, buffer: Tensor, first: int
) -> StrandHits:
    identity = buffer & 0xFFFFFFFF
    sample = ((buffer >= 0) & (identity >= first)).nonzero().squeeze(1)
    number = identity[sample] - first
    ends = count.cumsum(0)
    owner = torch.searchsorted(ends, number, right=True)
    segment = segments[owner]
    along, across = _counts(table[segments])
    t, u = _place(number - (ends[owner] - count[owner]), along[owner], across[owner])
    strand = torch.div(segment, P - 1, rounding_mode="floor")
    hair = hair_numbers(strands.number[strand], u, strands.hairs[strand])
    return StrandHits(sample, strand, segment - strand * (P - 1), t, u, hair)
