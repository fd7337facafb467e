"""Portraits for the network that finds the parts: drawn ones with their masks, and soft answers to small ones."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from training.faces_camera import camera_light

from depixel.degradation import AreaDegradation, resize
from depixel.faces.face_parts import SIDE, resampled
from depixel.priors.base import LatentPrior

SIDES = (8, 12, 16, 16, 16, 24, 32, 48, 64)
"""Pixels per side of the small pictures."""
SOFT_SIDES = (12, 16, 16, 20, 32)
"""Pixels per side of the small pictures that the neural prior answers."""


class Divided(NamedTuple):
    """N portraits and their parts."""

    pictures: Tensor
    """[N, 3, R, R] uint8."""
    masks: Tensor
    """[N, 4, R, R] uint8, in the order of `face_parts.PARTS`; they sum to about 255."""

    def take(self, index: Tensor) -> Divided:
        """The rows with these indices [B]."""
        return Divided(self.pictures[index], self.masks[index])


def load_divided(folder: Path, side: int) -> Divided:
    """
    All portraits of a folder filled by `training.make_portraits` that have masks.

    Raises:
        FileNotFoundError: the folder has no metadata.jsonl.
    """
    logs = sorted(folder.glob("metadata*.jsonl"))
    if not logs:
        raise FileNotFoundError(f"{folder} has no metadata.jsonl; fill it with training.make_portraits")
    pictures, masks = [], []
    for log in logs:
        for line in log.read_text("utf-8").splitlines():
            row = json.loads(line)
            pictures.append(_pixels(folder / row["file"], side))
            seen = _pixels(folder / f"{row['number']:08d}-mask.png", side)
            behind = 255 - np.minimum(seen.astype(np.int32).sum(0, keepdims=True), 255)
            masks.append(np.concatenate([seen, behind.astype(np.uint8)]))
    return Divided(torch.from_numpy(np.stack(pictures)), torch.from_numpy(np.stack(masks)))


def _pixels(path: Path, side: int) -> np.ndarray:
    with Image.open(path) as image:
        pixels: np.ndarray = np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BOX))
    turned: np.ndarray = pixels.transpose(2, 0, 1)
    return turned


def moved(portraits: Divided, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Pictures [B, 3, R, R] and masks [B, 4, R, R] in [0, 1]: mirrored, turned, shifted, closer or wider."""
    count, side = len(portraits.pictures), portraits.pictures.shape[3]
    both = torch.cat([portraits.pictures, portraits.masks], 1).float() / 255
    zoom = torch.exp(torch.randn(count, generator=generator) * 0.16).clamp(0.65, 1.6)
    shift = torch.randn(count, 2, generator=generator) * 0.08
    turn = torch.randn(count, generator=generator) * 8 * math.pi / 180
    mirror = torch.where(torch.rand(count, generator=generator) < 0.5, -1.0, 1.0)
    matrix = torch.stack([turn.cos(), -turn.sin(), turn.sin(), turn.cos()], 1).reshape(-1, 2, 2) * zoom[:, None, None]
    matrix = matrix * torch.stack([mirror, torch.ones_like(mirror)], 1)[:, None]
    grid = F.affine_grid(torch.cat([matrix, shift[:, :, None]], 2), list(both.shape), align_corners=False)
    both = F.grid_sample(both, grid, padding_mode="border", align_corners=False)
    assert both.shape[3] == side
    return both[:, :3], both[:, 3:]


def before_scenery(pictures: Tensor, masks: Tensor, generator: torch.Generator) -> Tensor:
    """
    The pictures [B, 3, R, R], two thirds of the batch in front of other, blurred scenery, often with lights in it.
    """
    count, side = len(pictures), pictures.shape[3]

    def random(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=generator)

    other = torch.randperm(count, generator=generator)
    coarse = int(torch.randint(2, 12, (1,), generator=generator))
    scenery = F.interpolate(resize(pictures[other], coarse, coarse), (side, side), mode="bicubic").clamp(0, 1)
    scenery = scenery * (0.15 + 1.1 * random(1, 1, 1)) + 0.1 * (random(3, 1, 1) - 0.3)
    axis = torch.linspace(0, 1, side)
    lights = (random(1, 1, 1) < 0.5).float()
    for _ in range(14):
        away = ((axis - random(1, 1)) ** 2 + (axis[:, None] - random(1, 1)) ** 2).sqrt()[:, None]
        disc = torch.sigmoid((0.02 + 0.07 * random(1, 1, 1) - away) * 150) * lights * random(1, 1, 1)
        scenery = scenery + (random(3, 1, 1).sqrt() - scenery) * disc
    chosen = (random(1, 1, 1) < 0.67).float()
    behind = masks[:, 3:] * chosen
    return (pictures * (1 - behind) + scenery.clamp(0, 1) * behind).clamp(0, 1)


def small_batch(portraits: Divided, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Random portraits, degraded like small pictures: [count, 3, 64, 64] in [-1, 1], and masks [count, 4, 64, 64]."""
    index = torch.randint(len(portraits.pictures), (count,), generator=generator)
    large, masks = moved(portraits.take(index), generator)
    large = camera_light(before_scenery(large, masks, generator), generator)
    side = SIDES[int(torch.randint(len(SIDES), (1,), generator=generator))]
    small = F.interpolate(large, (side, side), mode="bilinear", antialias=True, align_corners=False)
    noise = 0.03 * torch.rand(count, 1, 1, 1, generator=generator) ** 2
    small = (small + noise * torch.randn(small.shape, generator=generator)).clamp(0, 1)
    return resampled(small) * 2 - 1, resize(masks, SIDE, SIDE).clamp(0, 1)


@torch.no_grad()
def soft_answers(portraits: Divided, prior: LatentPrior, count: int, generator: torch.Generator) -> Divided:
    """`count` answers of the neural prior to small pictures of random portraits, 64 pixels per side, and the masks."""
    pictures, masks = [], []
    for begin in range(0, count, 32):
        index = torch.randint(len(portraits.pictures), (min(32, count - begin),), generator=generator)
        large, seen = moved(portraits.take(index), generator)
        large = camera_light(before_scenery(large, seen, generator), generator)
        side = SOFT_SIDES[int(torch.randint(len(SOFT_SIDES), (1,), generator=generator))]
        small = torch.cat([resize(large, side, side), torch.ones(len(large), 1, side, side)], 1)
        degradation = AreaDegradation(max(1, 128 // side))
        answer = prior.decode(prior.encode(small, degradation), small, degradation)[:, :3].clamp(0, 1)
        pictures.append(_bytes(resize(answer, SIDE, SIDE)))
        masks.append(_bytes(resize(seen, SIDE, SIDE)))
    return Divided(torch.cat(pictures), torch.cat(masks))


# [0, 1] to uint8. Reduction overshoots at edges, and bytes that are not clamped would wrap around.
def _bytes(values: Tensor) -> Tensor:
    return (values.clamp(0, 1) * 255).round().to(torch.uint8)
