"""Converts the integers of a Picture to the engine's premultiplied tensors, and back to the same mode and depth."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from depixel.fill import fill_under_alpha
from depixel.picture import Picture, Pixels


def integers(picture: Picture) -> Tensor:
    """[F, 4, H, W] int32 straight RGBA, all frames of the picture."""
    stack = np.stack([picture.rgba(i) for i in range(len(picture.frames))])
    return torch.from_numpy(stack.astype(np.int32)).permute(0, 3, 1, 2).contiguous()


def premultiplied(straight: Tensor, levels: int) -> Tensor:
    """[B, 4, H, W] straight integers => float32 premultiplied in [0, 1]."""
    values = straight.to(torch.float32) / levels
    return torch.cat([values[:, :3] * values[:, 3:], values[:, 3:]], 1)


def hidden_colour(straight: Tensor, levels: int) -> Tensor:
    """[B, 4, h, w] integers => [B, 3, h, w] int32: colours to leave under transparent pixels."""
    filled = fill_under_alpha(straight.to(torch.float32) / levels)
    return (filled[:, :3] * levels).round().to(torch.int32)


def pixels_like(source: Picture, straight: Tensor) -> tuple[Pixels, ...]:
    """
    [F, 4, H, W] straight integers => frames with the channels and dtype of the source. If the source has no alpha, the
    alpha must be opaque.
    """
    channels = {1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[source.channels]
    array = straight[:, channels].permute(0, 2, 3, 1).cpu().numpy().astype(source.frames[0].dtype)
    return tuple(np.ascontiguousarray(frame) for frame in array)
