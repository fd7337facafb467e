"""
Keeps regular what is regular in the source pixels: straight edges along the grid, dither masks and checkerboards,
dotted lines, rings of one translucent colour.

Tensors are premultiplied RGBA in [0, 1]: `small` [B, 4, h, w], `large` [B, 4, h*f, w*f]. `small` needs MARGIN pixels of
surroundings where the picture has some, so that tiles agree.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.degradation import repeated
from depixel.readings.neighbours import FOUR, NINE, alike, shifts

MARGIN = 20  # small pixels
TINY = 16
"""
Pixels of the longer side up to which a network sees too little of an edge; a multiple of the padding of pictures in a
batch.
"""

_FLOOD = 16  # small pixels over which knowledge about one end of a run is propagated
_STEP = 0.08  # difference of neighbours from which a step is an edge
_UNEVEN = 1.9  # a step next to one this many times as high belongs to a wedge
_LEAST = 4  # pixels of a run
_FLAT = 0.03  # fraction of the contrast across a line that may vary along it
_SHARP = 0.08  # fraction of a step's height that may vary next to it; with more, the edge is inside a pixel
_PERIODS = (3, 4)  # pixels after which a mosaic repeats
_APART = (2, 3, 4)  # pixels from one dot of a line to the next
_FAINT = 0.05  # alpha that is invisible, or this far from opaque, not visibly translucent


def straightened(large: Tensor, small: Tensor, factor: int, edges: bool) -> Tensor:
    """
    The answer with lines along the grid as straight as in the source.

    Args:
        edges: straighten edges too: for pixel art and for pictures up to TINY. On larger ones, benchmarks were slightly
            worse with it.
    """
    large = straight_lines(large, small, factor)
    return straight_edges(large, small, factor) if edges else large


def with_blocks(large: Tensor, small: Tensor, factor: int, drawn: bool, valid: Tensor | None = None) -> Tensor:
    """
    The answer with rings and patterns of single pixels as blocks.

    Args:
        drawn: pixel art, in which a pattern of single pixels is intended; in other pictures it may be the result of
            reduction.
        valid: [B, 1, h, w], 0 where a picture was padded; None = nowhere.
    """
    blocks = rings(small, valid)
    if drawn:
        blocks = blocks | dithers(small) | mosaics(small, valid) | dotted(small, valid)
    return torch.where(repeated(blocks, factor), repeated(small, factor), large)


def straight_edges(large: Tensor, small: Tensor, factor: int) -> Tensor:
    """
    Edges that run along the grid for four pixels or more and do not continue as a staircase are straight: the blocks on
    both sides become constant across the edge, each line of a block at its own mean. Corners of two such edges become
    square.
    """
    down, across = _runs(small.transpose(2, 3)).transpose(2, 3), _runs(small)
    corner = down & across
    for inside, dim in ((_inner(across, 2) | corner, 5), (_inner(down, 3) | corner, 3)):
        batch, channels, height, width = small.shape
        blocks = large.reshape(batch, channels, height, factor, width, factor)
        even = blocks.mean(dim, keepdim=True).expand_as(blocks).reshape(large.shape)
        large = torch.where(repeated(inside, factor), even, large)
    return large


def straight_lines(large: Tensor, small: Tensor, factor: int) -> Tensor:
    """
    Where the source pixels hardly change along the grid but do across it, for four pixels or more, smooth the answer
    along it: soft edges and bevels neither bow nor bulge.
    """
    for turned in (False, True):
        source, answer = (x.transpose(2, 3) if turned else x for x in (small, large))
        mask = repeated(_even_columns(source).to(answer.dtype), factor)
        reach = 3 * factor // 2
        total, count = (_sums_along(x, reach) for x in (answer * mask, mask))
        answer = torch.where(mask > 0, total / count.clamp_min(1), answer)
        large = answer.transpose(2, 3) if turned else answer
    return large


# [B, C, H, W]: the sum over each pixel and `reach` pixels above and below it, built from sums of 1, 2, 4, 8 ... rows.
# On a CPU, this takes a tenth of the time of pooling with such a high window.
def _sums_along(x: Tensor, reach: int) -> Tensor:
    height, length = x.shape[2], 2 * reach + 1
    run, rows = F.pad(x, (0, 0, reach, reach)), 1
    total, begin = torch.zeros_like(x), 0
    while True:
        if length & rows:
            total += run.narrow(2, begin, height)
            begin += rows
        if 2 * rows > length:
            return total
        size = run.shape[2] - rows
        run, rows = run.narrow(2, 0, size) + run.narrow(2, rows, size), 2 * rows


# [B, 1, h, w] bool: pixels around which rows are alike and columns are not.
def _even_columns(small: Tensor) -> Tensor:
    at = shifts(small, 2)
    columns = torch.stack([at(0, x) for x in (-1, 0, 1)])
    contrast = (columns.amax(0) - columns.amin(0)).amax(1, keepdim=True)
    change = (at(1, 0) - small).abs().amax(1, keepdim=True)
    change = F.max_pool2d(F.pad(change, (1, 1, 1, 0), mode="replicate"), (2, 3), 1)
    even = (contrast > _STEP) & (change < _FLAT * contrast)
    return _opened(even)


# [B, 1, h, w] bool: pixels next to a vertical edge that follows the grid for four pixels or more.
def _runs(small: Tensor) -> Tensor:
    at = shifts(small, 2)
    step = (at(0, 1) - small).abs().amax(1, keepdim=True)  # to the pixel on the right
    before = (small - at(0, -1)).abs().amax(1, keepdim=True)
    after = (at(0, 2) - at(0, 1)).abs().amax(1, keepdim=True)
    edge = (step > _STEP) & (torch.maximum(before, after) < _SHARP * step)
    heights = shifts(step, 1)
    edge = _opened(edge & (torch.maximum(heights(-1, 0), heights(1, 0)) < _UNEVEN * step))  # a wedge is not an edge
    strong = shifts(step * edge, 1)
    steps = shifts(step, 1)
    stair = torch.zeros_like(edge)
    for side in (-1, 1):  # above and below a run: does the edge continue one pixel to the left or right?
        ends = edge & (strong(side, 0) == 0)
        aside = torch.maximum(steps(side, -1), steps(side, 1))
        stair |= ends & (aside > 0.5 * step) & (steps(side, 0) < 0.5 * step)
    for _ in range(_FLOOD):
        stair = (F.max_pool2d(stair.float(), (3, 1), 1, (1, 0)) > 0) & edge
    edge = edge & ~stair
    return edge | F.pad(edge, (1, 0))[..., :-1]


# Removes runs shorter than _LEAST along the column; the picture's border does not end a run.
def _opened(mask: Tensor) -> Tensor:
    inner = -F.max_pool2d(F.pad(-mask.float(), (0, 0, _LEAST - 1, _LEAST - 1), mode="replicate"), (_LEAST, 1), 1)
    return F.max_pool2d(inner, (_LEAST, 1), 1) > 0


# A mask without the ends of its runs along a dimension; at the picture's border a run has no end.
def _inner(mask: Tensor, dim: int) -> Tensor:
    pad, window = ((0, 0, 1, 1), (3, 1)) if dim == 2 else ((1, 1, 0, 0), (1, 3))
    return -F.max_pool2d(F.pad(-mask.float(), pad, mode="replicate"), window, 1) > 0


def dithers(small: Tensor) -> Tensor:
    """
    [B, 1, h, w] bool: pixels of a pattern of single pixels that repeats every two pixels, such as checkerboards, and
    their neighbours.
    """
    if min(small.shape[2:]) < 3:
        return torch.zeros_like(small[:, :1], dtype=torch.bool)
    at = shifts(small, 2, "reflect")  # a pattern continues beyond the border
    far, near = (torch.stack([alike(small, at(k * y, k * x)) for y, x in FOUR]).sum(0) for k in (2, 1))
    dot = ((far >= 3) & (near == 0)).float()
    several = F.avg_pool2d(dot, 5, 1, 2) * 25 >= 4  # one dot may be an eye
    return F.max_pool2d(dot * several, 3, 1, 1) > 0


def mosaics(small: Tensor, valid: Tensor | None = None) -> Tensor:
    """
    [B, 1, h, w] bool: areas in which no pixel is like those beside it, and all repeat after three or four pixels along
    both axes: squares of several colours, but not slanted stripes. `valid` as in `with_blocks`.
    """
    at = _ending(small, valid, max(_PERIODS))
    beside = torch.stack([alike(small, at(y, x)) for y, x in FOUR]).any(0)
    pattern = torch.zeros_like(beside)
    for period in _PERIODS:
        repeats = ~beside
        for down, right in ((period, 0), (0, period)):
            repeats &= alike(small, at(down, right)) | alike(small, at(-down, -right))
        pattern |= _all_around(repeats, inside_of=(at(0, 0) >= 0).all(1, keepdim=True))
    return pattern


# Pixels of windows of 4x4 pixels that are all in the mask.
def _all_around(mask: Tensor, inside_of: Tensor) -> Tensor:
    mask = mask & inside_of
    if min(mask.shape[2:]) < _LEAST:
        return torch.zeros_like(mask)
    whole = -F.max_pool2d(-mask.float(), _LEAST, 1)
    return F.max_pool2d(F.pad(whole, (_LEAST - 1,) * 4), _LEAST, 1) > 0


def dotted(small: Tensor, valid: Tensor | None = None) -> Tensor:
    """
    [B, 1, h, w] bool: single pixels on a flat ground, three or more in a line along the grid at equal distances, as in
    dotted lines, seams and rows of windows. `valid` as in `with_blocks`.
    """
    reach = 2 * _APART[-1]
    at = _ending(small, valid, reach)  # no dot is repeated beyond the border
    around = [at(y, x) for y, x in NINE[1:]]
    inside = [(pixel >= 0).all(1, keepdim=True) for pixel in around]
    alone = ~torch.stack([alike(small, pixel) for pixel in around]).any(0)
    ground = torch.stack(around).amax(0)  # if it is flat, equal to every neighbour inside the picture
    flat = torch.stack([alike(ground, pixel) | ~within for pixel, within in zip(around, inside, strict=True)]).all(0)
    dot = alone & flat
    if not bool(dot.any()):
        return dot
    dots = shifts(dot.float(), reach, "constant")
    in_line = torch.zeros_like(dot)
    for apart in _APART:
        for y, x in ((0, apart), (apart, 0)):
            same = {k: alike(small, at(k * y, k * x)) & (dots(k * y, k * x) > 0) for k in (-2, -1, 1, 2)}
            in_line |= dot & ((same[-1] & same[1]) | (same[1] & same[2]) | (same[-1] & same[-2]))
    return F.max_pool2d(in_line.float(), 3, 1, 1) > 0


def rings(small: Tensor, valid: Tensor | None = None) -> Tensor:
    """
    [B, 1, h, w] bool: lines one pixel wide of one translucent colour that turn at a right angle, and therefore cannot
    be the remains of thinner lines. `valid` as in `with_blocks`.
    """
    partial = (small[:, 3:] > _FAINT) & (small[:, 3:] < 1 - _FAINT)
    if not bool(partial.any()):
        return torch.zeros_like(partial)
    beyond = _ending(small, valid, 3)  # a border does not continue a line, nor does it look like its second row
    same = {(y, x): alike(small, beyond(y, x)) for y, x in _CROSS}
    along = [
        torch.stack([torch.stack([same[k * y, k * x] for k in (1, 2, 3)]).all(0) for y, x in pair]).any(0)
        for pair in (((0, 1), (0, -1)), ((1, 0), (-1, 0)))
    ]
    near = {place: alike(small, beyond(*place)) for place in NINE[1:]}
    square = torch.stack([near[y, 0] & near[0, x] & near[y, x] for y in (-1, 1) for x in (-1, 1)]).any(0)
    partial = partial & ~square  # a pane, not a line
    member = partial & (same[0, 1] | same[0, -1] | same[1, 0] | same[-1, 0])
    corner = partial & along[0] & along[1]
    for _ in range(_FLOOD):
        beside = shifts(torch.where(corner, small, torch.full_like(small, -1.0)), 1)
        corner = corner | (
            member & torch.stack([alike(small, beside(y, x)) for y, x in ((0, 1), (0, -1), (1, 0), (-1, 0))]).any(0)
        )
    return corner


# Like `shifts`, but all pixels beyond the border and in the padding are -1, which no pixel of the picture is.
def _ending(small: Tensor, valid: Tensor | None, reach: int) -> Callable[[int, int], Tensor]:
    return shifts(small if valid is None else torch.where(valid > 0, small, -1.0), reach, "constant", -1.0)


_CROSS = tuple((k * y, k * x) for k in (1, 2, 3) for y, x in FOUR)
