"""
Finds faces: a small network scans a pyramid of the picture for portraits of about one size, upright or tilted.

A face is described by its *frame*: the square that the faces prior works on, with hair and chin, rotated with the head.
The network was trained on rendered portraits pasted into free game textures (`training/train_finder.py`). Its weights
are stored next to the released generators and loaded in the same way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depixel.degradation import resize
from depixel.priors.stylegan_prior import over_grey
from depixel.priors.weights import RELEASED, load_network

RELEASED_FINDER = RELEASED / "finder-faces.safetensors"
STRIDE = 4  # pixels of a level per cell of the network's answer
SMALLEST, LARGEST = 20.0, 44.0  # sides of frames, in pixels of a level, that the network was trained on
OCTAVE = 2**-0.5  # from one level of the pyramid to the next
FIRST = 2**0.5  # scale of the first level: faces of a dozen pixels must be enlarged to be found
MOST_SIDE = 1280  # pixels of the longer side: larger pictures are reduced first
THRESHOLD = 0.5
_DOUBTFUL = 0.2  # a score this far below the threshold still justifies a second look
_AGAIN_SIDE = 32  # pixels of the face in the second look
_LOOKS = (0.7, 0.85, 1.0, 1.2)  # of the portrait's side: sizes at which a face is searched for
OVERLAP = 0.35  # of the larger side: frames whose centres are closer show the same face
_CHANNELS, _WIDE, _DILATIONS = 16, 32, (1, 2, 1, 3, 1, 2)


@dataclass(frozen=True)
class Frame:
    """A face's square, in pixels of the picture it was found in; the centre of the first pixel is at (0.5, 0.5)."""

    x: float  # of the centre
    y: float
    side: float
    roll: float = 0.0  # degrees clockwise by which the head is tilted
    score: float = 1.0  # 0 ... 1

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the upright box around the turned square."""
        turn = math.radians(self.roll)
        reach = self.side / 2 * (abs(math.cos(turn)) + abs(math.sin(turn)))
        return self.x - reach, self.y - reach, self.x + reach, self.y + reach

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """The whole pixels of `box` in a picture of this size; empty (left >= right) if it is outside."""
        left, top, right, bottom = self.box
        return (
            max(0, math.floor(left)),
            max(0, math.floor(top)),
            min(width, math.ceil(right)),
            min(height, math.ceil(bottom)),
        )

    def grid(self, n: int, width: int, height: int) -> Tensor:
        """Positions of the n x n pixels of the level square in a picture, in grid_sample's units: [n, n, 2]."""
        axis = ((torch.arange(n) + 0.5) / n - 0.5) * self.side
        turn = math.radians(self.roll)
        v, u = torch.meshgrid(axis, axis, indexing="ij")
        x = self.x + math.cos(turn) * u - math.sin(turn) * v
        y = self.y + math.sin(turn) * u + math.cos(turn) * v
        return torch.stack([x / width, y / height], -1) * 2 - 1


class FinderNetwork(nn.Module):
    """RGB [B, 3, H, W] in [-1, 1] => [B, 6, ceil(H/4), ceil(W/4)]: logit, dx, dy, log2 side, sin and cos of roll."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, _CHANNELS, 3, 2, 1, bias=False),
            nn.BatchNorm2d(_CHANNELS),
            nn.ReLU(),
            nn.Conv2d(_CHANNELS, _WIDE, 3, 2, 1, bias=False),
            nn.BatchNorm2d(_WIDE),
            nn.ReLU(),
        )
        self.body = nn.ModuleList(
            nn.Sequential(nn.Conv2d(_WIDE, _WIDE, 3, 1, d, dilation=d, bias=False), nn.BatchNorm2d(_WIDE), nn.ReLU())
            for d in _DILATIONS
        )
        self.head = nn.Conv2d(_WIDE, 6, 1)
        nn.init.zeros_(self.head.weight)
        self.head.bias = nn.Parameter(torch.tensor([-4.0, 0.0, 0.0, 0.0, 0.0, 1.0]))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.body:
            x = x + block(x)
        answer: Tensor = self.head(x)
        return answer


class FaceFinder:
    """Finds faces. Args: network, trained."""

    def __init__(self, network: FinderNetwork, device: torch.device) -> None:
        self.network = network.eval().requires_grad_(False).to(device)
        self.device = device

    @classmethod
    def from_weights(cls, path: Path = RELEASED_FINDER, device: torch.device | None = None) -> FaceFinder:
        """
        The released finder, or another.

        Raises:
            WeightsError: the file is missing, damaged or of another kind.
        """
        network = load_network(FinderNetwork(), path, "finder", "a face finder")
        return cls(network, device or torch.device("cpu"))

    @torch.no_grad()
    def find(self, picture: Tensor, threshold: float = THRESHOLD) -> list[Frame]:
        """
        Faces of one picture, the largest first.

        Every likely face is examined twice, the second time level and on its own; its score is the mean of both.

        Args:
            picture: [1, 4, h, w] premultiplied RGBA in [0, 1]; transparency counts as grey.
        """
        height, width = picture.shape[2:]
        opaque = over_grey(picture).to(self.device)
        scale = min(FIRST, MOST_SIDE / max(height, width))
        frames: list[Frame] = []
        while min(height, width) * scale >= SMALLEST * 0.8:
            size = max(1, round(height * scale)), max(1, round(width * scale))
            level = resize(opaque, *size).clamp(0, 1) if size != (height, width) else opaque
            frames += self._on_level(level, width / size[1], height / size[0], max(0.02, threshold - _DOUBTFUL))
            scale *= OCTAVE
        twice = [replace(f, score=(f.score + self._again(opaque, f)) / 2) for f in distinct(frames)]
        return [frame for frame in twice if frame.score >= threshold]

    # 0 to 1: how certain it is that the frame holds a face, judged level in the middle of its own square.
    def _again(self, opaque: Tensor, frame: Frame) -> float:
        height, width = opaque.shape[2:]
        reduction = min(1.0, 1.5 * _AGAIN_SIDE / frame.side)
        if reduction < 1:
            opaque = resize(opaque, max(1, round(height * reduction)), max(1, round(width * reduction)))
        n = 2 * _AGAIN_SIDE
        grid = replace(frame, side=2 * frame.side).grid(n, width, height).to(opaque.device)
        square = F.grid_sample(opaque - 0.5, grid[None], align_corners=False) + 0.5
        frames = self._on_level(square.clamp(0, 1), 1.0, 1.0, 0.02)
        near = [f.score for f in frames if math.hypot(f.x - n / 2, f.y - n / 2) < 0.3 * f.side]
        return max(near, default=0.0)

    @torch.no_grad()
    def likeness(self, picture: Tensor) -> float:
        """
        0 to 1: how certain it is that [1, 4, R, R] is a portrait filled by a face: the mean over several sizes of the
        face.
        """
        opaque = over_grey(picture).to(self.device)
        side = picture.shape[3]
        looks = [self._again(opaque, Frame(side / 2, side / 2, side * share)) for share in _LOOKS]
        return sum(looks) / len(looks)

    # The frames of one level, in pixels of the picture. The level is padded with grey, because faces may touch its
    # border.
    def _on_level(self, level: Tensor, across: float, down: float, threshold: float) -> list[Frame]:
        margin = 4 * STRIDE
        answer = self.network(F.pad(level * 2 - 1, (margin,) * 4))[0]
        peak = F.max_pool2d(answer[None, :1], 3, 1, 1)[0, 0]
        logit = answer[0]
        rows, columns = torch.nonzero((logit == peak) & (logit.sigmoid() >= threshold), as_tuple=True)
        frames = []
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            value, dx, dy, size, sine, cosine = answer[:, row, column].tolist()
            side = 32 * 2**size
            if not SMALLEST * 0.8 <= side <= LARGEST * 1.2:
                continue
            frames.append(
                Frame(
                    x=((column + 0.5) * STRIDE + dx * 16 - margin) * across,
                    y=((row + 0.5) * STRIDE + dy * 16 - margin) * down,
                    side=side * (across + down) / 2,
                    roll=math.degrees(math.atan2(sine, cosine)),
                    score=1 / (1 + math.exp(-value)),
                )
            )
        return frames


def distinct(frames: list[Frame]) -> list[Frame]:
    """One frame for each face, the one with the highest score of those that overlap; the largest face first."""
    separate: list[Frame] = []
    for frame in sorted(frames, key=lambda f: -f.score):
        if all(math.hypot(frame.x - k.x, frame.y - k.y) > OVERLAP * max(frame.side, k.side) for k in separate):
            separate.append(frame)
    return sorted(separate, key=lambda f: -f.side)
