"""From a Picture's integers to the engine's premultiplied tensors, and back to a Picture of the same kind."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from depixel.domains.fill import fill_under_alpha
from depixel.picture import Picture, Pixels


def integers(picture: Picture) -> Tensor:
    """[F, 4, H, W] int32 straight RGBA, all frames of the picture."""
    stack = np.stack([picture.rgba(i) for i in range(len(picture.frames))])
    return torch.from_numpy(stack.astype(np.int32)).permute(0, 3, 1, 2).contiguous()


def premultiplied(straight: Tensor, levels: int) -> Tensor:
    """[B, 4, H, W] straight integers => float32 premultiplied in [0, 1]."""
    values = straight.to(torch.float32) / levels
    return torch.cat([values[:, :3] * values[:, 3:], values[:, 3:]], 1)


def pixels_like(source: Picture, straight: Tensor) -> tuple[Pixels, ...]:
    """
    Frames of the source's own channels and dtype from [F, 4, H, W] straight integers.

    Colour under fully transparent pixels is filled from what is visible near it. A source without alpha must come
    with opaque alpha.
    """
    if source.has_alpha and bool((straight[:, 3] == 0).any()):
        filled = fill_under_alpha(straight.to(torch.float32) / source.levels) * source.levels
        hidden = (straight[:, 3:] == 0).expand(-1, 3, -1, -1)
        straight = torch.cat([torch.where(hidden, filled[:, :3].round().to(straight.dtype), straight[:, :3]),
                              straight[:, 3:]], 1)
    channels = {1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[source.channels]
    array = straight[:, channels].permute(0, 2, 3, 1).cpu().numpy().astype(source.frames[0].dtype)
    return tuple(np.ascontiguousarray(frame) for frame in array)
