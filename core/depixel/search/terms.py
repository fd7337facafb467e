"""
The objective of the search: a weighted sum of small functions of (generated picture, latents, context) -> [N].

Add a term, not another loop, for each new goal. Pictures are premultiplied RGBA in [0, 1], [N, 4, H, W]. Every term is
a mean over the pixels of one picture, so that its weight does not depend on the size. Only `frames` uses other rows of
the batch: the other frames of the same animation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.priors.base import LatentLayout, Latents
from depixel.request import Request
from depixel.search.sphere import as_points

_PALETTE_CHUNK = 1 << 22  # distances in memory at a time


@dataclass(frozen=True)
class Context:
    """The inputs of terms besides the answer. One row for each picture and candidate that still searches."""

    small: Tensor  # [N, 4, h, w] the input pictures
    scale_back: Callable[[Tensor], Tensor]  # large => small, the degradation
    layout: Mapping[str, LatentLayout]
    penalty: Callable[[Latents], Tensor]  # latents => [N], the prior's own
    request: Request  # for terms that depend on an option
    wrap: tuple[bool, bool] = (False, False)  # (x, y) axes along which the pictures tile
    weight: Tensor | None = None  # [N, 1, h, w] weight of each input pixel; None = equal weights
    palette: Tensor | None = None  # [N, P, 4] premultiplied colours; a shorter palette repeats one
    previous: Tensor | None = None  # [N] row of the previous frame; -1 = none
    animation: Tensor | None = None  # [N] number of the row's animation; None = no animations

    def rows(self, index: Tensor) -> Context:
        """Only these rows; the frames of one animation must be kept together."""
        previous = None
        if self.previous is not None:
            place = torch.full((self.small.shape[0] + 1,), -1, dtype=torch.long, device=index.device)
            place[index] = torch.arange(len(index), device=index.device)
            previous = place[self.previous[index]]  # -1 selects the last entry, which is always -1
        return replace(
            self,
            small=self.small[index],
            weight=None if self.weight is None else self.weight[index],
            palette=None if self.palette is None else self.palette[index],
            previous=previous,
            animation=None if self.animation is None else self.animation[index],
        )

    def together(self, values: Tensor, reduce: str) -> Tensor:
        """[N] => [N] values of each row's whole animation; reduce = "mean" or "amax"."""
        if self.animation is None:
            return values
        size = int(self.animation.max()) + 1
        start = values.new_zeros(size)
        reduced = start.scatter_reduce(0, self.animation, values, reduce, include_self=False)
        return reduced[self.animation]


TermFunction = Callable[[Tensor, Latents, Context], Tensor]


def always(context: Context) -> bool:
    """For terms that belong to every objective."""
    return True


@dataclass(frozen=True)
class Term:
    """One summand of the objective."""

    name: str
    weight: float
    function: TermFunction  # (generated [N, 4, H, W], latents, context) => [N], not negative
    applies: Callable[[Context], bool] = always  # whether this search has the term
    goal: float | None = None  # the row continues while its value is above this; None = no goal
    option: str | None = None  # field of the request whose only effect is this term


def consistency(generated: Tensor, latents: Latents, context: Context) -> Tensor:
    """
    Mean squared error of scaling back, over three channels for opaque pictures, as in PULSE, and over four for others.
    """
    return squared_error(context.scale_back(generated), context.small, context.weight)


def squared_error(reduced: Tensor, small: Tensor, weight: Tensor | None = None) -> Tensor:
    """[N, 4, h, w] twice => [N]; the alpha of an opaque picture adds its error, but does not count as a channel."""
    channels = 3 + (small[:, 3].flatten(1).amin(1) < 1).to(small.dtype)
    error = (reduced - small).square().sum(1, keepdim=True)
    if weight is None:
        return error.mean((1, 2, 3)) / channels
    return (error * weight).sum((1, 2, 3)) / weight.sum((1, 2, 3)).clamp_min(1e-9) / channels


def geodesic(generated: Tensor, latents: Latents, context: Context) -> Tensor:
    """
    PULSE's geodesic cross-distance: mean over all pairs of layers of (angle between their latents)^2 * d / 8.

    Keeps W+ near W, where the generator was trained (Menon et al. 2020, section 3.2).
    """
    total = generated.new_zeros(generated.shape[0])
    for name, layout in context.layout.items():
        if layout.per_layer:
            points = F.normalize(as_points(latents[name], layout), dim=-1)
            a, b = points[:, :, None], points[:, None]
            apart = ((a - b).square().sum(-1) + 1e-9).sqrt()  # the gradient of a root is undefined at 0
            along = ((a + b).square().sum(-1) + 1e-9).sqrt()
            angle = 2 * torch.atan2(apart, along)  # [N, L, L]
            total = total + angle.square().mean((1, 2)) * points.shape[-1] / 8
    return total


def gaussian(generated: Tensor, latents: Latents, context: Context) -> Tensor:
    """How unlikely the latents are under the prior itself."""
    return context.penalty(latents)


def palette(generated: Tensor, latents: Latents, context: Context) -> Tensor:
    """Mean squared distance of each pixel to the nearest colour of its picture's palette."""
    if context.palette is None:
        return generated.new_zeros(generated.shape[0])
    pixels = generated.flatten(2).transpose(1, 2)  # [N, H*W, 4]
    nearest = nearest_colours(pixels.detach(), context.palette)
    return (pixels - nearest).square().sum(2).mean(1)


@torch.no_grad()
def nearest_colours(pixels: Tensor, palette: Tensor) -> Tensor:
    """[N, M, 4] pixels and [N, P, 4] palettes => [N, M, 4] colours of the palette."""
    count = max(1, _PALETTE_CHUNK // (palette.shape[0] * palette.shape[1]))
    index = torch.cat([torch.cdist(part, palette).argmin(2) for part in torch.split(pixels, count, 1)], 1)
    return palette.gather(1, index[..., None].expand(-1, -1, palette.shape[2]))


def wrap(generated: Tensor, latents: Latents, context: Context) -> Tensor:
    """How much more the picture changes across its tileable borders than between neighbouring lines beside them."""
    total = generated.new_zeros(generated.shape[0])
    for axis, wraps in zip((3, 2), context.wrap, strict=True):
        if wraps and generated.shape[axis] >= 4:
            seam, inside = seam_and_inside(generated, axis)
            total = total + F.relu(seam - inside.detach())
    return total


def seam_and_inside(picture: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Mean squared difference [N] of neighbours across the border of an axis, and of those just inside."""
    first, second, before, last = (picture.select(axis, k) for k in (0, 1, -2, -1))
    inside = ((first - second).square().mean((1, 2)) + (before - last).square().mean((1, 2))) / 2
    return (first - last).square().mean((1, 2)), inside


def frames(generated: Tensor, latents: Latents, context: Context) -> Tensor:
    """Equal input, equal output: mean squared change since the previous frame where the input pixels did not change."""
    if context.previous is None:
        return generated.new_zeros(generated.shape[0])
    has, before = context.previous >= 0, context.previous.clamp_min(0)
    same = unchanged(context.small, context.small[before]) & has[:, None, None, None]
    same = F.interpolate(same.to(generated.dtype), generated.shape[2:], mode="nearest")
    change = (generated - generated[before]).square() * same
    return change.sum((1, 2, 3)) / (4 * same.sum((1, 2, 3))).clamp_min(1)


def unchanged(small: Tensor, before: Tensor) -> Tensor:
    """[N, 1, h, w] input pixels that equal those of the previous frame within half a level of 255."""
    return ((small - before).abs() < 0.5 / 255).all(1, keepdim=True)


def alpha_edge(generated: Tensor, latents: Latents, context: Context) -> Tensor:
    """
    Alpha outside the range of the input alphas nearby (a halo), and half-transparent pixels along hard edges.

    An edge is hard where the input's alpha goes from 0 to 1 within three pixels; soft shadows and opaque pictures are
    not affected.
    """
    alpha, small_alpha = generated[:, 3:], context.small[:, 3:]
    high = F.max_pool2d(F.pad(small_alpha, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    low = -F.max_pool2d(F.pad(-small_alpha, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    size = generated.shape[2:]
    high, low = (F.interpolate(plane, size, mode="nearest") for plane in (high, low))
    halo = F.relu(alpha - high).square() + F.relu(low - alpha).square()
    soft = (alpha * (1 - alpha)).clamp_min(0) * (high - low) ** 4
    opaque = (small_alpha >= 1).flatten(1).all(1)
    return torch.where(opaque, 0.0, (halo + 0.25 * soft).mean((1, 2, 3)))


# Consistency and geodesic have PULSE's weights. To add a term, write a function above and a line here.
TERMS = (
    Term("consistency", 100.0, consistency),
    Term("gaussian", 1.0, gaussian),
    Term("geodesic", 0.05, geodesic, lambda c: any(layout.per_layer for layout in c.layout.values())),
    Term("palette", 100.0, palette, lambda c: c.palette is not None, goal=1e-5),
    Term("wrap", 100.0, wrap, lambda c: any(c.wrap), goal=1e-5),
    Term("frames", 100.0, frames, lambda c: c.previous is not None, goal=1e-6),
    Term("alpha_edge", 10.0, alpha_edge, lambda c: bool((c.small[:, 3] < 1).any()), goal=1e-3),
)


def idle_options(request: Request) -> list[str]:
    """Options of this request that only affect searches."""
    only_searches = ["eps", *(term.option for term in TERMS if term.option is not None)]
    default = Request()
    return [name for name in only_searches if getattr(request, name) != getattr(default, name)]
