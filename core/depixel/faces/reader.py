"""
Reads a small portrait: the positions of eyes, nose, mouth and chin, the pose of the head, and what the person is like.
The search for a drawn face starts from this reading. Trained by `training/train_reader.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depixel.priors.stylegan_prior import over_grey
from depixel.priors.weights import RELEASED, load_network

RELEASED_READER = RELEASED / "reader-faces.safetensors"
SIDE = 48
"""Pixels per side to which every portrait is resampled."""
LANDMARKS = (
    "left_eye", "right_eye", "left_eye_outer", "left_eye_inner", "right_eye_inner", "right_eye_outer", "nose_tip",
    "left_mouth", "right_mouth", "upper_lip", "lower_lip", "chin",
)  # fmt: skip
"""Left and right as seen in the picture."""
MIRRORED = (1, 0, 5, 4, 3, 2, 6, 8, 7, 9, 10, 11)
"""Index of the landmark that replaces each one in a mirrored picture."""
HAIR = ("bald", "cropped", "short", "bob", "long", "tied", "afro")
BEARDS = ("none", "stubble", "moustache", "goatee", "full")
NUMBERS = ("yaw", "pitch", "roll", "age", "gender", "tone")
CENTRES = (0.0, 0.0, 0.0, 45.0, 0.5, 0.5)
SPREADS = (18.0, 8.0, 10.0, 22.0, 0.5, 0.3)
"""Numbers are learnt as (value - centre) / spread; degrees, years and fractions as in `portrait.Parameters`."""
_WIDTHS = (32, 64, 96, 128)


@dataclass(frozen=True)
class FaceReading:
    """Properties of B portraits as the reader estimates them, with probabilities."""

    landmarks: Tensor
    """[B, 12, 2], fractions of the picture's side from its left and top, in the order of LANDMARKS."""
    numbers: dict[str, Tensor]
    """Name in NUMBERS => [B], clamped to its range."""
    ancestry: Tensor
    """[B, 3], proportions of African, Asian and European shape of the face."""
    glasses: Tensor
    """[B], probability of glasses."""
    hair: Tensor
    """[B, 7], probabilities in the order of HAIR."""
    beard: Tensor
    """[B, 5], probabilities in the order of BEARDS."""


class ReaderNetwork(nn.Module):
    """RGB [B, 3, 48, 48] in [-1, 1] => [B, OUTPUTS]: landmarks, numbers, ancestry, glasses, hair, beard."""

    PARTS = (2 * len(LANDMARKS), len(NUMBERS), 3, 1, len(HAIR), len(BEARDS))

    def __init__(self) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        inputs = 3
        for width in _WIDTHS:
            blocks += [_convolution(inputs, width, 1), _convolution(width, width, 2)]
            inputs = width
        self.body = nn.Sequential(*blocks)
        self.features = nn.Sequential(nn.Flatten(), nn.Linear(inputs * (SIDE // 16) ** 2, 384), nn.ReLU())
        self.head = nn.Linear(384, sum(self.PARTS))

    def forward(self, x: Tensor) -> Tensor:
        answer: Tensor = self.head(self.features(self.body(x)))
        return answer


class FaceReader:
    """Reads portraits with a trained network."""

    def __init__(self, network: ReaderNetwork, device: torch.device) -> None:
        self.network = network.eval().requires_grad_(False).to(device)
        self.device = device

    @classmethod
    def from_weights(cls, path: Path = RELEASED_READER, device: torch.device | None = None) -> FaceReader:
        """
        The released reader, or another one.

        Raises:
            WeightsError: the file is missing, damaged or holds another network.
        """
        network = load_network(ReaderNetwork(), path, "reader", "a face reader")
        return cls(network, device or torch.device("cpu"))

    @torch.no_grad()
    def read(self, portraits: Tensor) -> FaceReading:
        """
        Args:
            portraits: [B, 4, h, w] premultiplied RGBA in [0, 1], each filled by one face; transparent pixels count as
                grey.
        """
        return reading_of(self.network(resampled(over_grey(portraits).to(self.device)) * 2 - 1).cpu())


@lru_cache(maxsize=2)
def released_reader(device: str = "cpu") -> FaceReader:
    """The released reader on a device, loaded once."""
    return FaceReader.from_weights(device=torch.device(device))


def resampled(pictures: Tensor) -> Tensor:
    """[B, 3, h, w] => [B, 3, SIDE, SIDE], antialiased where the picture shrinks."""
    if pictures.shape[2:] == (SIDE, SIDE):
        return pictures
    return F.interpolate(pictures, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)


def reading_of(outputs: Tensor) -> FaceReading:
    """The network's outputs [B, OUTPUTS] as a reading."""
    points, numbers, ancestry, glasses, hair, beard = outputs.split(ReaderNetwork.PARTS, 1)
    values = numbers * torch.tensor(SPREADS) + torch.tensor(CENTRES)
    low, high = torch.tensor((-75.0, -35.0, -40.0, 4.0, 0.0, 0.0)), torch.tensor((75.0, 35.0, 40.0, 92.0, 1.0, 1.0))
    values = torch.minimum(torch.maximum(values, low), high)
    return FaceReading(
        points.reshape(len(points), -1, 2) * 0.25 + 0.5,
        dict(zip(NUMBERS, values.unbind(1), strict=True)),
        ancestry.softmax(1),
        glasses[:, 0].sigmoid(),
        hair.softmax(1),
        beard.softmax(1),
    )


def _convolution(inputs: int, outputs: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())
