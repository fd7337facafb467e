"""Decides which pictures share a pass through the network and how often each is turned, and assembles the batches."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from depixel.degradation import BicubicDegradation
from depixel.planes import are_apart
from depixel.preparation.prepare import Prepared
from depixel.request import Request

_TURNS_BY_PIXELS = {
    "standard": ((8, 96 * 96), (4, 128 * 128), (2, 256 * 256)),
    "best": ((8, 128 * 128), (4, 512 * 512), (2, 2048 * 2048)),
}
_BUCKET = 16
_LARGEST_MIXED = 128


def turns_for(prepared: Prepared, request: Request, candidate: int = 0, scale: int = 4) -> int:
    """
    The number of flips and turns over which a candidate is averaged.

    By default, calm answers with transparency get 8 up to 96x96 pixels (summed over all frames), 4 up to 128x128, 2 up
    to 256x256, and 1 beyond. Opaque answers get 2 up to 256x256, because they gain hardly anything from more
    (benchmarks/results/art_ensemble.md). Quality "best" turns larger answers as often, and opaque ones up to 4 times;
    bicubic inputs always get as many. Imagined detail is never averaged. The number depends only on the picture and the
    request, so the batch, the tiles and the device do not change any answer.

    Args:
        scale: of the network, which runs at this scale for smaller enlargements too.
    """
    if request.ensemble is not None:
        return request.ensemble
    vivid = request.like is not None or request.imagination > 0 or candidate > 0
    if vivid or (request.steps and request.candidates > 1):
        return 1
    frames, _, height, width = prepared.straight.shape
    pixels = frames * height * width * max(prepared.degradation.factor, scale) ** 2
    quality = "best" if isinstance(prepared.degradation, BicubicDegradation) else request.quality
    turns = next((turns for turns, most in _TURNS_BY_PIXELS[quality] if pixels <= most), 1)
    most = 4 if quality == "best" else 2
    opaque = turns > most and bool((prepared.straight[:, 3] == prepared.levels).all())
    return most if opaque else turns


def batch_key(prepared: Prepared, request: Request, scale: int = 4) -> Hashable:
    """
    Pictures with equal keys may share a batch. Small pictures with calm answers may share one even if their sizes
    differ: they are padded to the next multiple of _BUCKET, and the network masks the padding.
    """
    height, width = prepared.straight.shape[2:]
    degradation = prepared.degradation
    mixes = (
        request.candidates == 1
        and not request.steps
        and request.reading in ("auto", "smooth", "calm")  # the others see the padding
        and request.imagination == 0
        and request.like is None
        and not any(prepared.wrap)
        and not isinstance(degradation, BicubicDegradation)  # its taps reach beyond the border
        and degradation.factor <= scale
        and max(height, width) <= _LARGEST_MIXED
    )
    if mixes:
        height, width = (-(-side // _BUCKET) * _BUCKET for side in (height, width))
    return (
        mixes,
        height,
        width,
        prepared.domain,
        degradation.name,
        degradation.factor,
        prepared.binary_alpha,
        prepared.wrap,
        prepared.levels,
        prepared.data_alpha is None,
        are_apart(prepared.domain, prepared.straight, prepared.levels),
        turns_for(prepared, request, scale=scale),
    )


def together(batch: Sequence[Prepared]) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """
    Stack all frames of all pictures. Smaller pictures are padded by repeating their border.

    Returns:
        Straight RGBA [N, 4, h, w]; alpha that is data [N, 1, h, w], or None; and `valid` [N, 1, h, w], which is 1 where
        a picture has pixels, or None if nothing was padded.
    """
    parts = [p.straight for p in batch]
    height, width = (max(part.shape[d] for part in parts) for d in (2, 3))
    alphas = [filled_up(p.data_alpha, height, width) for p in batch if p.data_alpha is not None]
    data_alpha = torch.cat(alphas) if alphas else None
    if all(part.shape[2:] == (height, width) for part in parts):
        return torch.cat(parts), data_alpha, None
    valid = [part.new_zeros(part.shape[0], 1, height, width, dtype=torch.float32) for part in parts]
    for part, mask in zip(parts, valid, strict=True):
        mask[:, :, : part.shape[2], : part.shape[3]] = 1
    return torch.cat([filled_up(part, height, width) for part in parts]), data_alpha, torch.cat(valid)


def filled_up(part: Tensor, height: int, width: int) -> Tensor:
    """[B, C, h, w] => [B, C, height, width], padded by repeating the last row and column."""
    rows = torch.arange(height).clamp_max(part.shape[2] - 1)
    columns = torch.arange(width).clamp_max(part.shape[3] - 1)
    return part.index_select(2, rows).index_select(3, columns)
