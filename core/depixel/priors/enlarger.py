"""
Any network that enlarges RGB by a fixed factor, as a prior. A network is described by an `Enlarger`, a plain function
with a few facts. `EnlargerPrior` adds everything else: alpha, tileable borders, pictures of several sizes in one batch,
flips and rotations, latents, and answers that scale back exactly. Tiles need only the `receptive_field`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from depixel.consistency import is_binary_alpha, straight_colour
from depixel.degradation import Degradation
from depixel.priors.base import LatentLayout, Latents, PriorSpec
from depixel.priors.fields import sampled_fields
from depixel.priors.imposing import impose_small
from depixel.priors.surroundings import with_other_side
from depixel.priors.turns import TURNS, Wrap, mean_of_turns


@dataclass(frozen=True)
class Enlarger:
    """A network RGB -> RGB of fixed scale."""

    name: str
    scale: int  # 2 or more
    function: Callable[..., Tensor]
    """
        [B, 3, h, w] in [0, 1] => [B, 3, h*scale, w*scale], clamped or not. With latents it takes a second argument
    [B, latents, h, w], Gaussian with mean square up to 1; zeros mean the calm answer. It runs without gradients unless
    a search needs them.
    """
    receptive_field: int  # small pixels on each side that can change an answer, for tiles and tileable borders
    latents: int = 0  # channels of latents; 0 = one answer per picture
    multiple: int = 1  # sides of its input must be multiples of this ...
    least_side: int = 1  # ... and at least this; smaller pictures are padded by repeating their border
    grid: int = 1  # tiles must begin at multiples of this, because attention windows lie on a grid
    bytes_per_pixel: int = 0  # memory of one pass per small pixel; 0 = like the released weights
    whole: float = 0.0  # levels of 255 by which tiles may differ from the picture in one pass
    digest: str = ""  # first 16 hex digits of the weights' SHA-256
    licence: str = ""


class EnlargerPrior:
    """
    `EnlargingPrior` over an `Enlarger`.

    Args:
        turns: number of TURNS over which each answer is averaged; 1 = one pass.
    """

    def __init__(self, enlarger: Enlarger, turns: int = 1) -> None:
        self.enlarger = enlarger
        self.turns = turns
        self._of_thread = threading.local()

    @property
    def strays(self) -> list[Tensor]:
        """
        The residual of the network's own answer in each pass of this thread, oldest first: sums [B, 4] as from
        `residual_sums`. The reader clears the list.
        """
        if not hasattr(self._of_thread, "strays"):
            self._of_thread.strays = []
        strays: list[Tensor] = self._of_thread.strays
        return strays

    @property
    def spec(self) -> PriorSpec:
        e = self.enlarger
        reach = e.receptive_field + _CONTINUED
        return PriorSpec(
            e.name, "art", e.scale, None, e.digest, e.licence, reach, e.latents > 0, e.grid, e.bytes_per_pixel, e.whole
        )  # fmt: skip

    @property
    def scale(self) -> int:
        return self.enlarger.scale

    @property
    def layout(self) -> dict[str, LatentLayout]:
        return {"z": LatentLayout(sphere=False)} if self.enlarger.latents else {}

    def ensemble(self, turns: int) -> EnlargerPrior:
        """This prior, with answers averaged over `turns` (1 ... 8) flips and rotations of picture and latents."""
        other = copy(self)  # shares the lists of residuals
        other.turns = turns
        return other

    def encode(self, small: Tensor, degradation: Degradation) -> Latents:
        """Zeros; empty if there are no latents."""
        if not self.enlarger.latents:
            return {}
        return {"z": small.new_zeros(small.shape[0], self.enlarger.latents, *small.shape[2:])}

    def sample(
        self, small: Tensor, degradation: Degradation, generator: torch.Generator, imagination: float
    ) -> Latents:
        """A smooth random field per row, multiplied by `imagination`; empty if there are no latents."""
        if not self.enlarger.latents:
            return {}
        return {"z": imagination * sampled_fields(small, self.enlarger.latents, generator)}

    def decode(self, latents: Latents, small: Tensor, degradation: Degradation, valid: Tensor | None = None) -> Tensor:
        """
        [B, 4, h*scale, w*scale] with A x = y if the degradation's factor is the network's scale; unclipped. `valid` as
        in `EnlargingPrior`; the answer wraps as the degradation does.
        """
        z = latents.get("z")
        with torch.set_grad_enabled(z is not None and z.requires_grad):
            large = mean_of_turns(self._answer, TURNS[: self.turns], small, z, valid, degradation.wrap)
        if degradation.factor == self.scale and not self.enlarger.latents:
            self.strays.append(_stray(large, small, degradation, valid))
        if degradation.factor != self.scale:
            return large
        return impose_small(large, small, degradation, is_binary_alpha(small))

    def penalty(self, latents: Latents) -> Tensor:
        """[B] mean square of the latents above 1."""
        return F.relu(latents["z"].square().mean((1, 2, 3)) - 1.0)

    # One pass over all rows of one size; a padded row is answered separately, without its padding.
    def _answer(self, small: Tensor, z: Tensor | None, valid: Tensor | None, wrap: Wrap) -> Tensor:
        if valid is None or bool((valid > 0).all()):
            return self._rgba(small, z, wrap)
        large = small.new_zeros(small.shape[0], 4, small.shape[2] * self.scale, small.shape[3] * self.scale)
        for row, mask in enumerate(valid[:, 0] > 0):
            (rows,), (columns,) = mask.any(1).nonzero(as_tuple=True), mask.any(0).nonzero(as_tuple=True)
            down, right = (slice(int(x[0]), int(x[-1]) + 1) for x in (rows, columns))
            part = (slice(row, row + 1), slice(None), down, right)
            grown = [slice(s.start * self.scale, s.stop * self.scale) for s in (down, right)]
            large[row : row + 1, :, grown[0], grown[1]] = self._rgba(small[part], None if z is None else z[part], wrap)
        return large

    # Premultiplied in and out. The network sees colour that continues under transparency, and alpha as a grey picture.
    def _rgba(self, small: Tensor, z: Tensor | None, wrap: Wrap) -> Tensor:
        alpha = small[:, 3:]
        colour = self._rgb(_continued(straight_colour(small), alpha, wrap), z, wrap)
        opaque = (alpha == 1).flatten(1).all(1)
        opacity = torch.ones_like(colour[:, :1])
        if not bool(opaque.all()):
            answer = self._rgb(alpha.expand(-1, 3, -1, -1), z, wrap).mean(1, keepdim=True).clamp(0, 1)
            opacity = torch.where(opaque[:, None, None, None], opacity, answer)
        return torch.cat([colour * opacity, opacity], 1)

    def _rgb(self, colour: Tensor, z: Tensor | None, wrap: Wrap) -> Tensor:
        height, width = colour.shape[2:]
        margin = -(-self.enlarger.receptive_field // self.enlarger.grid) * self.enlarger.grid
        inputs = [_filled_up(with_other_side(x, margin, wrap), self.enlarger) for x in (colour, z) if x is not None]
        large = self.enlarger.function(*inputs).float()
        top, left = margin * wrap[1] * self.scale, margin * wrap[0] * self.scale
        return large[:, :, top : top + height * self.scale, left : left + width * self.scale]


# Sums [B, 4] of the residual between the answer, scaled back down, and the small picture (see residual_sums).
def _stray(large: Tensor, small: Tensor, degradation: Degradation, valid: Tensor | None) -> Tensor:
    alpha = small[:, 3:]
    visible = alpha > 0 if valid is None else (alpha > 0) & (valid > 0)
    error = (degradation.apply(large.detach()) - small).abs() * visible * 255
    flat = error.flatten(1).double()
    count = visible.flatten(1).sum(1).double() * small.shape[1]
    return torch.stack([flat.amax(1), flat.sum(1), flat.square().sum(1), count], 1).cpu()


# Colour [B, 3, h, w] that continues for _CONTINUED pixels under transparency, as the mean of its neighbours, and is
# grey beyond. It depends on no more pixels, so that tiles give the same colour.
def _continued(colour: Tensor, alpha: Tensor, wrap: Wrap) -> Tensor:
    if bool((alpha > 0).all()):
        return colour
    visible = (alpha > 0).to(colour.dtype)
    both = with_other_side(torch.cat([colour * visible, visible], 1), _CONTINUED, wrap)
    colours, visible = both[:, :3], both[:, 3:]
    for _ in range(_CONTINUED):
        weight = F.avg_pool2d(visible, 3, 1, 1)
        mean = F.avg_pool2d(colours, 3, 1, 1) / weight.clamp_min(1e-6)
        grown = (weight > 0).to(visible.dtype)
        colours = torch.where(visible > 0, colours, mean * grown)
        visible = grown
    top, left = _CONTINUED * wrap[1], _CONTINUED * wrap[0]
    area = (..., slice(top, top + alpha.shape[2]), slice(left, left + alpha.shape[3]))
    return torch.where(visible[area] > 0, colours[area], 0.5)


_CONTINUED = 4  # small pixels


# Pads at the bottom and the right, to sides that the network accepts.
def _filled_up(x: Tensor, enlarger: Enlarger) -> Tensor:
    height, width = (
        -(-max(side, enlarger.least_side) // enlarger.multiple) * enlarger.multiple for side in x.shape[2:]
    )
    more = (0, width - x.shape[3], 0, height - x.shape[2])
    return F.pad(x, more, mode="replicate") if any(more) else x
