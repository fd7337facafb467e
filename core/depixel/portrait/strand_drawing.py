"""Drawing strands into the rasteriser's buffer: ribbons that face the camera, nearest first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from depixel.portrait.raster import Range, depth_of, key
from depixel.portrait.strands import Strands

BATCHES = (0.12, 0.4, 1.0)
"""Strands are drawn nearest first, up to these parts of them, so that what the first ones hide is never drawn."""
CELL = 8
"""Samples a side of the cells in which hidden segments are looked for."""
CHUNK = 4_000_000
"""Most samples that are in the works at once."""


@dataclass(frozen=True)
class StrandHits:
    """Where strands won: one row a sample."""

    sample: Tensor
    """[N] int64, place in the buffer."""
    strand: Tensor
    """[N] int64."""
    point: Tensor
    """[N] int64, the point before the sample."""
    along: Tensor
    """[N], 0 to 1 from that point to the next."""
    across: Tensor
    """[N], -1 to 1 over the ribbon's width."""
    hair: Tensor
    """[N], 0 to 1, a number that each single hair has to itself."""

    def of(self, values: Tensor) -> Tensor:
        """Interpolate values [S, P, C] at the samples: [N, C]."""
        P = values.shape[1]
        flat = values.reshape(-1, values.shape[-1])
        row = self.strand * P + self.point
        before = flat.index_select(0, row)
        return before + (flat.index_select(0, row + 1) - before) * self.along[:, None]


@torch.no_grad()
def draw_strands(
    strands: Strands, projected: Tensor, scale: float, size: tuple[int, int], span: Range, buffer: Tensor, first: int
) -> StrandHits:
    """Let strands compete for the samples of `buffer`, and say where they won.

    projected: [S, P, 3], x to the right and y down in samples, then inverse depth (1/dm); scale: samples per dm at
    inverse depth 1 (samples = scale * inverse depth * dm); buffer: [B * H * W] int64 keys with all triangles drawn,
    changed in place; first: the least identity that triangles don't use.
    """
    P = projected.shape[1]
    table = _segments(strands, projected, scale)
    order = _order(projected, table[:, 11].reshape(-1, P - 1).amax(1), size)
    bounds = [0, *(int(part * len(order)) for part in BATCHES)]
    drawn: list[Tensor] = []
    counts: list[Tensor] = []
    base = first
    for start, stop in pairwise(bounds):
        rows = order[start:stop]
        segments = (rows[:, None] * (P - 1) + torch.arange(P - 1, device=rows.device)).reshape(-1)
        segments = _visible(segments, table, strands.person, P, size, span, buffer)
        count = _splat(segments, table, strands, P, size, span, buffer, base)
        drawn.append(segments)
        counts.append(count)
        base += int(count.sum())
    return _winners(torch.cat(drawn), torch.cat(counts), table, strands, P, buffer, first)


def _order(projected: Tensor, reach: Tensor, size: tuple[int, int]) -> Tensor:
    """Strands that reach into the picture, nearest first."""
    H, W = size
    reach = reach[:, None]
    low, high = projected.amin(1)[:, :2] - reach, projected.amax(1)[:, :2] + reach
    inside = (high[:, 0] > 0) & (low[:, 0] < W) & (high[:, 1] > 0) & (low[:, 1] < H)
    rows = inside.nonzero().squeeze(1)
    return rows[projected[rows][:, :, 2].mean(1).argsort(descending=True, stable=True)]


def _segments(strands: Strands, projected: Tensor, scale: float) -> Tensor:
    """[S * (P - 1), 12]: start x, y, z; step x, y, z; sideways x, y at the start and their change; length, width.

    Sideways reaches from the middle of the ribbon to its edge, in samples.
    """
    flat = projected[..., :2]
    ahead = torch.cat([flat[:, 1:] - flat[:, :-1], flat[:, -1:] - flat[:, -2:-1]], 1)
    along = torch.cat([ahead[:, :1], ahead[:, 1:] + ahead[:, :-1]], 1)
    along = torch.nn.functional.normalize(along, dim=-1)
    half = (strands.radius * projected[..., 2] * scale)[..., None]
    sideways = torch.stack([-along[..., 1], along[..., 0]], -1) * half
    step = projected[:, 1:] - projected[:, :-1]
    width = (half[:, 1:] + half[:, :-1]).clamp(min=0.0)
    length = step[..., :2].norm(dim=-1, keepdim=True)
    columns = [projected[:, :-1], step, sideways[:, :-1], sideways[:, 1:] - sideways[:, :-1], length, width]
    return torch.cat(columns, -1).reshape(-1, 12)


def _visible(
    segments: Tensor, table: Tensor, person: Tensor, P: int, size: tuple[int, int], span: Range, buffer: Tensor
) -> Tensor:
    """The segments that are in the picture and not behind what covers their whole cell already."""
    H, W = size
    rows = table[segments]
    x, y = rows[:, 0] + rows[:, 3] / 2, rows[:, 1] + rows[:, 4] / 2
    reach = rows[:, 10:].amax(1) + 1
    inside = (x > -reach) & (x < W + reach) & (y > -reach) & (y < H + reach) & (rows[:, 10] > 1e-3)
    if H < 8 * CELL or W < 8 * CELL:
        return segments[inside]
    high, wide = -(-H // CELL), -(-W // CELL)
    depth = torch.nn.functional.pad(
        depth_of(buffer, span).reshape(-1, 1, H, W), (0, wide * CELL - W, 0, high * CELL - H), value=1e9
    )
    covered = -torch.nn.functional.max_pool2d(-depth, CELL)
    column = (x / CELL).long().clamp(0, wide - 1)
    row = (y / CELL).long().clamp(0, high - 1)
    # A segment that reaches beyond its own cell is hidden only if the cells around hide it too.
    around = -torch.nn.functional.max_pool2d(-covered, 3, 1, 1)
    cell = (person[segments // (P - 1)] * high + row) * wide + column
    nearest = torch.maximum(rows[:, 2], rows[:, 2] + rows[:, 5])
    hidden = nearest < around.reshape(-1)[cell]
    hidden &= reach < 2.5 * CELL
    return segments[inside & ~hidden]


def _counts(rows: Tensor) -> tuple[Tensor, Tensor]:
    """How many samples along and across each segment is drawn with."""
    along = rows[:, 10].ceil().clamp(1, 4096).long()
    across = (rows[:, 11] * 1.05).ceil().clamp(1, 512).long()
    return along, across


def _place(rows: Tensor, along: Tensor, across: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
    """t (0 to 1 along) and u (-1 to 1 across) of the place-th sample of each segment."""
    step = torch.div(place, across, rounding_mode="floor")
    t = (step.float() + 0.5) / along
    u = ((place - step * across).float() + 0.5) / across * 2 - 1
    return t, u


def hair_numbers(strand: Tensor, across: Tensor, hairs: Tensor) -> Tensor:
    """A number from 0 to 1 for each single hair: strand [N] int64, across [N] (-1 to 1), hairs [N] int64."""
    hair = ((across + 1) * 0.5 * hairs).long()
    mixed = strand * 73_856_093 + hair * 19_349_663 + 83_492_791
    mixed = (mixed ^ (mixed >> 13)) * 1_274_126_177
    return ((mixed ^ (mixed >> 16)) & 0xFFFF).float() / 65536


def _splat(
    segments: Tensor,
    table: Tensor,
    strands: Strands,
    P: int,
    size: tuple[int, int],
    span: Range,
    buffer: Tensor,
    base: int,
) -> Tensor:
    """Draw segments; returns how many identities each took, in their order from `base` on."""
    H, W = size
    along, across = _counts(table[segments])
    count = along * across
    ends = count.cumsum(0)
    first = 0
    while first < len(segments):
        before = int(ends[first - 1]) if first else 0
        last = max(int(torch.searchsorted(ends, before + CHUNK, right=True)), first + 1)
        number = count[first:last]
        owner = torch.repeat_interleave(torch.arange(first, last, device=number.device), number)
        order = torch.arange(len(owner), device=owner.device)
        place = order - (ends[owner] - count[owner] - before)
        rows = table[segments[owner]]
        t, u = _place(rows, along[owner], across[owner], place)
        edge = rows[:, 6:8] + rows[:, 8:10] * t[:, None]
        x = rows[:, 0] + rows[:, 3] * t + edge[:, 0] * u
        y = rows[:, 1] + rows[:, 4] * t + edge[:, 1] * u
        keep = (x >= 0) & (y >= 0) & (x < W) & (y < H)
        keep &= ~_ended(segments[owner], t, u, strands, P)
        kept = keep.nonzero().squeeze(1)
        t, u, owner, rows = t[kept], u[kept], owner[kept], rows[kept]
        strand = torch.div(segments[owner], P - 1, rounding_mode="floor")
        # The middle of a ribbon bulges towards the camera, so that neighbours overlap like rods.
        z = rows[:, 2] + rows[:, 5] * t + (1 - u * u) * rows[:, 2].square() * strands.radius[strand, 0] * 0.7
        sample = (strands.person[strand] * H + y[kept].long()) * W + x[kept].long()
        buffer.scatter_reduce_(0, sample, key(z, base + before + order[kept], span), "amax")
        first = last
    return count


def _ended(segment: Tensor, t: Tensor, u: Tensor, strands: Strands, P: int) -> Tensor:
    """Whether the single hair at a sample has ended before it."""
    strand = torch.div(segment, P - 1, rounding_mode="floor")
    progress = ((segment - strand * (P - 1)).float() + t) / (P - 1)
    ragged = strands.ragged[strand]
    ended = torch.zeros_like(strand, dtype=torch.bool)
    late = (progress > 1 - ragged).nonzero().squeeze(1)
    if len(late):
        number = hair_numbers(strand[late], u[late], strands.hairs[strand[late]])
        ended[late] = progress[late] > 1 - ragged[late] * number
    return ended


def _winners(
    segments: Tensor, count: Tensor, table: Tensor, strands: Strands, P: int, buffer: Tensor, first: int
) -> StrandHits:
    identity = buffer & 0xFFFFFFFF
    sample = ((buffer >= 0) & (identity >= first)).nonzero().squeeze(1)
    number = identity[sample] - first
    ends = count.cumsum(0)
    owner = torch.searchsorted(ends, number, right=True)
    segment = segments[owner]
    along, across = _counts(table[segment])
    t, u = _place(table[segment], along, across, number - (ends[owner] - count[owner]))
    strand = torch.div(segment, P - 1, rounding_mode="floor")
    hair = hair_numbers(strand, u, strands.hairs[strand])
    return StrandHits(sample, strand, segment - strand * (P - 1), t, u, hair)
