"""
Batches for the art prior: truth, small picture and degradation, made on the training device from uint8 crops.

A batch is a list of `Slice`: one degradation each, so that the last layer can impose it on the whole slice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from training.art_data.figures import KIND as FIGURES

from depixel.degradation import Degradation, make_degradation

UNIT = 16
"""Rows of a unit; larger batches are multiples."""
PLACES = {"area": 10, "spoiled": 1, "binary": 1, "bicubic": 2, "pixel": 1, "point": 1}
"""Rows of each kind of input in a unit."""
SHARES = (0.21, 0.25, 0.12, 0.42)
"""Shares of sprites, textures, rendered vectors and small figures among the crops, in the order of kinds.npy."""


def rows_of_units(area: int, first: int, units: int) -> dict[str, int]:
    """
    Rows of each kind of input in `units` units from number `first` on.

    Args:
        area: rows of a unit with area inputs; the other kinds share the rest as in PLACES. Fractions of a row are
            carried over to later units, so a batch may have a row more or less than another.
    """
    rest = (UNIT - area) / (UNIT - PLACES["area"])
    places = {name: area if name == "area" else count * rest for name, count in PLACES.items()}
    phases = {name: k / len(places) for k, name in enumerate(places)}  # spreads the extra rows over the units

    def until(name: str, unit: int) -> int:
        return math.floor(unit * places[name] + phases[name])

    return {name: until(name, first + units) - until(name, first) for name in places}


@dataclass
class Slice:
    """Pairs of one degradation: large [B, 4, 4h, 4w] and small [B, 4, h, w], premultiplied float in [0, 1]."""

    name: str
    degradation: Degradation
    large: Tensor
    small: Tensor


class Batches:
    """
    Draws random batches from the arrays in a data folder. Pairs stay on the device as uint8, and so do crops on a GPU;
    on a CPU they stay in their files, so that several trainings share the system's cache of them.

    Args:
        folder: crops.npy, kinds.npy, figures.npy and pairs.npz as training.make_art_data writes them.
        multiple: batch size in sixteens.
        patch: side of the window taken from each crop at random, a multiple of 4; None = the whole crop.
        area: rows of sixteen with area inputs, see `rows_of_units`.
        shares: of the kinds of crops, in the order of SHARES; only their proportions matter.
    """

    def __init__(
        self,
        folder: Path,
        device: torch.device,
        multiple: int = 1,
        seed: int = 0,
        patch: int | None = None,
        *,
        area: int = PLACES["area"],
        shares: Sequence[float] = SHARES,
    ) -> None:
        pairs = np.load(folder / "pairs.npz")
        self._arrays = {name: torch.from_numpy(pairs[name]).to(device) for name in pairs.files}
        crops, stored_kinds = stored_crops(folder)
        self._crops = crops if device.type == "cpu" else crops.pixels().to(device)
        kinds = torch.from_numpy(stored_kinds)
        share = torch.tensor(shares, dtype=torch.double)[kinds.long()]
        self._chance = (share / kinds.long().bincount(minlength=len(shares))[kinds.long()]).cumsum(0)
        self._degradations = {name: make_degradation(name, 4) for name in ("area", "bicubic", "point")}
        self._multiple = multiple
        self._area = area
        self._units = 0
        self._patch = patch
        self._device = device
        self._generator = torch.Generator().manual_seed(seed)

    def draw(self) -> list[Slice]:
        """One batch, each slice flipped and turned at random."""
        rows = rows_of_units(self._area, self._units, self._multiple)
        self._units += self._multiple
        return [self._slice(name, count) for name, count in rows.items() if count]

    def _slice(self, name: str, count: int) -> Slice:
        if name in ("pixel", "spoiled"):
            large, small = self._turned(self._pick(f"{name}_large", f"{name}_small", count))
            return Slice(name, self._degradations["point" if name == "pixel" else "area"], large, small)
        (large,) = self._turned(self._pick("crops", "", count))
        if name == "binary":
            return self._binary(large)
        degradation = self._degradations["area" if name == "area" else name]
        small = (degradation.apply(large).clamp(0, 1) * 255).round() / 255
        return Slice(name, degradation, large, small.minimum(small[:, 3:]))

    def _pick(self, first: str, second: str, count: int) -> list[Tensor]:
        if first == "crops":
            chance = torch.rand(count, generator=self._generator, dtype=torch.double) * self._chance[-1]
            index = torch.searchsorted(self._chance, chance).clamp_max(len(self._chance) - 1)
        else:
            index = torch.randint(len(self._arrays[first]), (count,), generator=self._generator)
        index = index.to(self._device)
        names = [name for name in (first, second) if name]
        arrays = [self._crops if name == "crops" else self._arrays[name] for name in names]
        return [premultiplied(pixels) for pixels in self._windows([array[index] for array in arrays])]

    # The same random window of both pictures of a pair; its place is a whole number of small pixels.
    def _windows(self, pictures: list[Tensor]) -> list[Tensor]:
        largest = pictures[0].shape[1]
        if self._patch is None or self._patch >= largest:
            return pictures
        places = (largest - self._patch) // 4 + 1
        corners = torch.randint(places, (len(pictures[0]), 2), generator=self._generator).tolist()
        cut = []
        for picture in pictures:
            step = 4 * picture.shape[1] // largest  # 4 for the large one, 1 for the small one
            side = self._patch * step // 4
            rows = zip(picture, corners, strict=True)
            cut.append(torch.stack([p[y * step : y * step + side, x * step : x * step + side] for p, (y, x) in rows]))
        return cut

    # The same flip and quarter turn for both pictures of a pair; one for each half of the slice.
    def _turned(self, pictures: list[Tensor]) -> list[Tensor]:
        turned: list[list[Tensor]] = [[] for _ in pictures]
        for chunk in zip(*(picture.chunk(4) for picture in pictures), strict=True):
            turns, flip = (int(v) for v in torch.randint(8, (2,), generator=self._generator))
            for store, picture in zip(turned, chunk, strict=True):
                turn = picture.rot90(turns % 4, (2, 3))
                store.append(turn.flip(3) if flip % 2 else turn)
        return [torch.cat(store) for store in turned]

    # Hard-edged truth; its small picture keeps alpha 0 or 1, and colour is the mean over the visible part of a block.
    def _binary(self, large: Tensor) -> Slice:
        area, point = self._degradations["area"], self._degradations["point"]
        alpha = (large[:, 3:] >= 0.5).to(large.dtype)
        colour = (large[:, :3] / large[:, 3:].clamp_min(1e-3)).clamp(0, 1) * alpha
        kept = (point.apply(alpha) >= 0.5).to(large.dtype)
        straight = area.apply(colour) / area.apply(alpha).clamp_min(1e-3)
        small = (torch.cat([straight.clamp(0, 1) * kept, kept], 1) * 255).round() / 255
        return Slice("binary", area, torch.cat([colour, alpha], 1), small)


class Stored:
    """Arrays one after the other, of which a few rows are read at a time."""

    def __init__(self, parts: Sequence[np.ndarray]) -> None:
        self._parts = parts
        self._starts = np.cumsum([0, *(len(part) for part in parts)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, index: Tensor) -> Tensor:
        """[N] => [N, ...]"""
        return torch.stack([torch.from_numpy(self.row(row)) for row in index.tolist()])

    def row(self, number: int) -> np.ndarray:
        """One row, in memory."""
        part = int(np.searchsorted(self._starts, number, side="right")) - 1
        return np.array(self._parts[part][number - self._starts[part]])

    def pixels(self) -> Tensor:
        """All rows, in memory."""
        return torch.from_numpy(np.concatenate([np.asarray(part) for part in self._parts]))


def stored_crops(folder: Path) -> tuple[Stored, np.ndarray]:
    """Crops [N, S, S, 4] uint8 and kinds [N] uint8 of a data folder, small figures last if it holds any."""
    crops, kinds = np.load(folder / "crops.npy", mmap_mode="r"), np.load(folder / "kinds.npy")
    if not (folder / "figures.npy").exists():
        return Stored((crops,)), kinds
    figures = np.load(folder / "figures.npy", mmap_mode="r")
    return Stored((crops, figures)), np.concatenate([kinds, np.full(len(figures), FIGURES, np.uint8)])


def premultiplied(pixels: Tensor) -> Tensor:
    """[B, H, W, 4] uint8 straight => [B, 4, H, W] float premultiplied in [0, 1]."""
    x = pixels.permute(0, 3, 1, 2).float() / 255
    return torch.cat([x[:, :3] * x[:, 3:], x[:, 3:]], 1)
