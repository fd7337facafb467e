"""Portraits for the faces prior: unpacks the tars once, keeps portraits as bytes in memory, and provides batches with
landmark weights and reduced versions.

Pictures in a batch are RGB [B, 3, R, R] in [-1, 1]; landmarks are in fractions of the side, x right and y down.
"""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from training.faces_camera import spoiled

from depixel.degradation import make_degradation
from depixel.priors.face_encoder import GRID

FIRST_HELD_OUT = "008500.jpg"  # this file and all later ones are for evaluation
SMALL_SIZES = (8, 16, 32, 64)  # pixels per side of the encoder's inputs
KINDS = ("area", "bicubic", "progressive")


def held_out(name: str) -> bool:
    """True for files that must not be used for training."""
    return Path(name).name >= FIRST_HELD_OUT


@dataclass(frozen=True)
class Portraits:
    """A set of portraits resident in memory."""

    names: list[str]
    pixels: Tensor  # [N, 3, R, R] uint8
    landmarks: Tensor  # [N, K, 2] in fractions of the side
    metadata: list[dict[str, object]]

    def __len__(self) -> int:
        return len(self.names)


def load_portraits(folder: Path, size: int, evaluation: bool) -> Portraits:
    """Read the training part of the set, or the held-out part, area-reduced to `size` pixels.

    Raises FileNotFoundError if the folder contains no faces256-*.tar.
    """
    archives = sorted(folder.glob("faces256-*.tar"))
    if not archives:
        raise FileNotFoundError(f"{folder} has no faces256-*.tar; give the folder of the portraits with --data")
    described: dict[str, dict[str, object]] = {}
    for line in (folder / "metadata.jsonl").read_text().splitlines():
        entry = json.loads(line)
        described[entry["file"]] = entry
    names: list[str] = []
    pictures: list[np.ndarray] = []
    for archive in archives:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = Path(member.name).name
                data = tar.extractfile(member) if member.isfile() and name in described else None
                if data is None or held_out(name) != evaluation:
                    continue
                picture = Image.open(io.BytesIO(data.read())).convert("RGB")
                if picture.width != size:
                    picture = picture.reduce(picture.width // size)
                names.append(name)
                pictures.append(np.asarray(picture).transpose(2, 0, 1))
    points = [list(described[name]["landmarks"].values()) for name in names]  # type: ignore[attr-defined]
    return Portraits(
        names,
        torch.from_numpy(np.stack(pictures)),
        torch.tensor(points, dtype=torch.float32) / 256.0,
        [described[name] for name in names],
    )


def landmark_weights(landmarks: Tensor, size: int, sigma: float = 0.035, gain: float = 4.0) -> Tensor:
    """Heat maps around the landmarks as weights of the pixel loss (Kim et al. 2019, arXiv 1908.08239, section 3.3).

    landmarks [B, K, 2] in fractions -> [B, 1, size, size], 1 far from every landmark, up to 1 + gain on one.
    """
    axis = (torch.arange(size, device=landmarks.device) + 0.5) / size
    heat = torch.exp(-0.5 * ((axis - landmarks[:, :, :, None]) / sigma).square())  # [B, K, 2, size]
    maps = heat[:, :, 1, :, None] * heat[:, :, 0, None, :]
    return 1.0 + gain * maps.amax(1, keepdim=True)


class Reducer:
    """Reduces a batch to small sizes and resizes it to the encoder's grid; size and way of reducing can differ per row.

    All reductions are separable, so one matrix [GRID, R] per size and kind needs only two products.
    """

    def __init__(self, size: int) -> None:
        self.sizes = [small for small in SMALL_SIZES for _ in KINDS]
        self.reducing = [reduction_matrix(kind, size, small) for small in SMALL_SIZES for kind in KINDS]
        self.enlarging = [_enlarge(small) for small in self.sizes]
        pairs = zip(self.enlarging, self.reducing, strict=True)
        self.matrices = torch.stack([enlarge @ reduce for enlarge, reduce in pairs])  # [K, GRID, R]

    def __call__(self, large: Tensor, choice: Tensor) -> tuple[Tensor, Tensor]:
        """large [B, 3, R, R], choice [B] in [0, K) -> (grid [B, 3, GRID, GRID], sizes [B])."""
        m = self.matrices.to(large.device)[choice]  # [B, GRID, R]
        grid = m[:, None] @ large @ m[:, None].transpose(-1, -2)
        sizes = torch.tensor(self.sizes, dtype=torch.float32, device=large.device)[choice]
        return grid, sizes

    def spoiled(self, large: Tensor, choice: Tensor, share: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """As a call, with camera faults in the given share of the small pictures (see training.faces_camera)."""
        grid, sizes = self(large, choice)
        for k in choice.unique().tolist():
            rows = (choice == k).nonzero()[:, 0]
            reduce, enlarge = self.reducing[k].to(large.device), self.enlarging[k].to(large.device)
            small = spoiled(reduce @ large[rows] @ reduce.t(), share, generator)
            grid[rows] = enlarge @ small @ enlarge.t()
        return grid, sizes

    def choose(self, count: int, shares: tuple[float, ...], generator: torch.Generator) -> Tensor:
        """Random sizes in the given shares (one for each of SMALL_SIZES) with random kinds: [count] indices."""
        size = torch.multinomial(torch.tensor(shares), count, replacement=True, generator=generator)
        kind = torch.randint(len(KINDS), (count,), generator=generator)
        return size * len(KINDS) + kind


def reduction_matrix(kind: str, size: int, small: int) -> Tensor:
    """[small, size]: one axis of area, bicubic (PULSE's), or progressive reduction (bicubic, by halves from 64 on)."""
    if kind == "progressive":
        matrix = reduction_matrix("bicubic", size, max(small, min(size, 64)))
        while matrix.shape[0] > small:
            matrix = reduction_matrix("bicubic", matrix.shape[0], matrix.shape[0] // 2) @ matrix
        return matrix
    degradation = make_degradation(kind, size // small)
    columns = torch.eye(size)[:, None, None, :].expand(-1, 1, size, -1)  # weights sum to 1 along the other axis
    return degradation.apply(columns.contiguous())[:, 0, 0, :].t().contiguous()


def _enlarge(small: int) -> Tensor:
    rows = torch.eye(small)[None]  # [1, small, small]: interpolate the axis of each unit vector
    if small == GRID:
        return rows[0]
    return F.interpolate(rows, GRID, mode="linear", align_corners=False)[0].t().contiguous()


def batch(
    portraits: Portraits, count: int, size: int, generator: torch.Generator, device: torch.device | str = "cpu"
) -> tuple[Tensor, Tensor]:
    """Random portraits, half of them mirrored, half with a slight change of exposure and tint.

    Returns ([B, 3, size, size] in [-1, 1], landmarks [B, K, 2]).
    """
    index = torch.randint(len(portraits), (count,), generator=generator)
    x = portraits.pixels[index].to(device).float() / 255.0
    landmarks = portraits.landmarks[index].to(device)
    mirrored = (torch.rand(count, generator=generator) < 0.5).to(device)
    x = torch.where(mirrored[:, None, None, None], x.flip(3), x)
    across = torch.where(mirrored[:, None], 1.0 - landmarks[:, :, 0], landmarks[:, :, 0])
    landmarks = torch.stack([across, landmarks[:, :, 1]], 2)
    changed = (torch.rand(count, 1, 1, 1, generator=generator) < 0.5).float()
    gain = (
        torch.randn(count, 1, 1, 1, generator=generator) * 0.10
        + torch.randn(count, 3, 1, 1, generator=generator) * 0.03
    )
    x = (x * torch.exp(gain * changed).to(device)).clamp(0, 1)
    if size != x.shape[-1]:
        x = F.avg_pool2d(x, x.shape[-1] // size)
    return x * 2 - 1, landmarks
