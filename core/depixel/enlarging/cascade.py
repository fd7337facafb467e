"""
Enlarges by any factor with a prior of fixed scale: several stages up, then a reduction to the exact size.

Every tile is decoded together with all the surroundings that the network can see (`receptive_field`). Therefore tiles
meet without a seam and equal the answer to the whole picture.
"""

from __future__ import annotations

from torch import Tensor

from depixel.consistency import is_binary_alpha, project
from depixel.degradation import AreaDegradation, Degradation, make_degradation, resize
from depixel.priors.base import EnlargingPrior, Latents
from depixel.tiles import Tile, with_surroundings


def last_stage(factor: int, scale: int) -> int:
    """The approximate size of the last stage's input, as a multiple of the small picture's sides."""
    return max(1, factor // scale)


def halo(receptive_field: int, factor: int, scale: int) -> int:
    """How many small pixels of surroundings a tile needs, over all stages of the cascade."""
    needed, stage = 0.0, 1
    while True:
        needed += receptive_field / stage
        stage *= scale
        if stage >= factor:
            return int(needed) + 1


def enlarge(
    prior: EnlargingPrior, small: Tensor, latents: Latents, degradation: Degradation, valid: Tensor | None = None
) -> Tensor:
    """
    [B, 4, h, w] => [B, 4, h*f, w*f] for any whole factor f, not yet projected.

    The first stage uses the latents. Its answer is made exact at the prior's scale; later stages treat it like any
    reduced picture. Every stage wraps like the degradation. `valid` (see EnlargingPrior.decode) is only for factors up
    to the prior's scale.
    """
    wrap, scale = degradation.wrap, prior.scale
    first = make_degradation(degradation.name, scale, wrap)
    large = prior.decode(latents, small, first) if valid is None else prior.decode(latents, small, first, valid)
    reached = scale
    while reached < degradation.factor:
        if reached == scale:  # alpha that was never a mean gets a hard outline at each stage
            large = project(large, small, first, binary_alpha=is_binary_alpha(small))
        large = large.clamp(0, 1)
        again = AreaDegradation(scale, wrap)
        large = prior.decode(prior.encode(large, again), large, again)
        reached *= scale
    height, width = small.shape[2:]
    if not any(wrap):
        return resize(large, height * degradation.factor, width * degradation.factor)
    margin = 2  # small pixels, more than the reach of an antialiased kernel
    around, (rows, columns) = with_surroundings(
        large, Tile(0, 0, height * reached, width * reached), margin * reached, wrap
    )
    factor = degradation.factor
    reduced = resize(around, around.shape[2] // reached * factor, around.shape[3] // reached * factor)
    top, left = rows // reached * factor, columns // reached * factor
    return reduced[:, :, top : top + height * factor, left : left + width * factor]
