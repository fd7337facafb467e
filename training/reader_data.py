"""Portraits for the face reader: random crops, rotations, sizes and camera faults, with labels."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from training.faces_camera import camera_light, camera_move
from training.faces_data import Portraits

from depixel.faces.reader import BEARDS, CENTRES, HAIR, LANDMARKS, MIRRORED, NUMBERS, SPREADS, resampled

SIDES = (8, 10, 12, 14, 16, 16, 20, 24, 32, 48, 64)
"""Pixels per side of the small pictures."""
_HAIR = {
    "bald": "bald", "stubble": "cropped", "buzz": "cropped", "crew": "cropped", "short01": "short", "short02": "short",
    "short03": "short", "short04": "short", "bob01": "bob", "bob02": "bob", "long01": "long", "braid01": "tied",
    "ponytail01": "tied", "afro": "afro", "afro01": "afro",
}  # fmt: skip
_BEARDS = {
    "none": "none", "shadow": "stubble", "stubble": "stubble", "mous": "moustache", "goatee": "goatee",
    "short": "full", "full": "full",
}  # fmt: skip


class Labels(NamedTuple):
    """Labels of N portraits."""

    landmarks: Tensor
    """[N, 12, 2], fractions of the side."""
    numbers: Tensor
    """[N, 6] normalised: (value - centre) / spread."""
    ancestry: Tensor
    """[N, 3], proportions that sum to 1."""
    glasses: Tensor
    """[N] 0 or 1."""
    hair: Tensor
    """[N] int64, index in HAIR."""
    beard: Tensor
    """[N] int64, index in BEARDS."""

    def take(self, index: Tensor) -> Labels:
        """The rows with these indices [B]."""
        return Labels(*(part[index] for part in self))


def labels_of(portraits: Portraits) -> Labels:
    """
    Labels from the portraits' metadata, where gender 1 is male and a positive pitch looks up. The roll is 0:
    `small_batch` measures it in the picture, because the portraits were levelled after rendering.
    """
    rows = portraits.metadata
    numbers = torch.tensor(
        [
            [float(str(r["yaw"])), -float(str(r["pitch"])), 0.0, float(str(r["age"])),
             1 - float(str(r["gender"])), float(str(r["tone"]))]
            for r in rows
        ]
    )  # fmt: skip
    return Labels(
        portraits.landmarks,
        (numbers - torch.tensor(CENTRES)) / torch.tensor(SPREADS),
        torch.tensor([r["race"] for r in rows]),
        torch.tensor([float(r["glasses"] != "none") for r in rows]),
        torch.tensor([HAIR.index(_HAIR[str(r["hair"])]) for r in rows]),
        torch.tensor([BEARDS.index(_BEARDS[str(r["beard"])]) for r in rows]),
    )


def small_batch(
    pixels: Tensor, labels: Labels, count: int, generator: torch.Generator, side: int | None = None
) -> tuple[Tensor, Labels]:
    """
    Random portraits as in photographs, games or thumbnails: [count, 3, 48, 48] in [-1, 1], and labels.

    Args:
        pixels: [N, 3, R, R] uint8.
        side: pixels per side of the small pictures; None = one of SIDES for the batch.
    """
    index = torch.randint(len(pixels), (count,), generator=generator)
    large, truth = pixels[index].float() / 255, labels.take(index)
    large, truth = _mirrored(large, truth, torch.rand(count, generator=generator) < 0.5)
    large, truth = _moved(large, truth, generator)
    large = camera_light(large, generator)
    if side is None:
        side = SIDES[int(torch.randint(len(SIDES), (1,), generator=generator))]
    small = F.interpolate(large, (side, side), mode="bilinear", antialias=True, align_corners=False)
    noise = 0.03 * torch.rand(count, 1, 1, 1, generator=generator) ** 2
    small = (small + noise * torch.randn(small.shape, generator=generator)).clamp(0, 1)
    if torch.rand(1, generator=generator) < 0.3:  # reduce to few levels
        levels = float(torch.randint(5, 32, (1,), generator=generator))
        small = (small * levels).round() / levels
    return resampled(small) * 2 - 1, truth


def _mirrored(large: Tensor, truth: Labels, which: Tensor) -> tuple[Tensor, Labels]:
    points = truth.landmarks[:, MIRRORED] * torch.tensor([-1.0, 1.0]) + torch.tensor([1.0, 0.0])
    numbers = truth.numbers * torch.tensor([-1.0 if name == "yaw" else 1.0 for name in NUMBERS])
    picture = torch.where(which[:, None, None, None], large.flip(3), large)
    return picture, truth._replace(
        landmarks=torch.where(which[:, None, None], points, truth.landmarks),
        numbers=torch.where(which[:, None], numbers, truth.numbers),
    )


def _moved(large: Tensor, truth: Labels, generator: torch.Generator) -> tuple[Tensor, Labels]:
    moved, points = camera_move(large, truth.landmarks, generator)
    return moved, truth._replace(landmarks=points, numbers=_with_roll(truth.numbers, points))


# The roll of the line through the eyes, counter-clockwise in the picture.
def _with_roll(numbers: Tensor, points: Tensor) -> Tensor:
    across = points[:, LANDMARKS.index("right_eye")] - points[:, LANDMARKS.index("left_eye")]
    degrees = -torch.atan2(across[:, 1], across[:, 0]) * (180 / math.pi)
    column = NUMBERS.index("roll")
    changed = numbers.clone()
    changed[:, column] = degrees / SPREADS[column]
    return changed
