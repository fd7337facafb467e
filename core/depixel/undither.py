"""
`--dither remove`: removes a picture's dithering before anything else is done with it.

A small residual network (Zhang et al. 2017, arXiv 1608.03981) estimates each pixel's colour before the picture was
reduced to a few colours. Alpha does not change. The enlargement then scales back to the estimate and no longer to the
dithered picture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from depixel.errors import WeightsError
from depixel.picture import Picture
from depixel.priors.weights import RELEASED, load_weights
from depixel.report import Report
from depixel.sized import residual_beside
from depixel.tiles import Tile, tile_grid, with_surroundings

_TILE = 512  # pixels
_LEAST = 2.0  # levels; a pixel that would change by less keeps its value


@dataclass(frozen=True)
class UnditherConfig:
    """The shape of the network; stored with its weights."""

    channels: int = 32
    layers: int = 12

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> UnditherConfig:
        """Unknown keys are ignored. Raises ValueError when a value is not a positive whole number."""
        fields = {key: values[key] for key in cls.__dataclass_fields__ if key in values}
        if not all(isinstance(value, int) and value > 0 for value in fields.values()):
            raise ValueError(f"a configuration of {fields}")
        return cls(**fields)


class UnditherNetwork(nn.Module):
    """[B, 4, H, W] straight RGBA in [0, 1] => the change of its colour, [B, 3, H, W]."""

    def __init__(self, config: UnditherConfig) -> None:
        super().__init__()
        channels = config.channels
        self.first = nn.Conv2d(4, channels, 3, padding=1)
        self.inner = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(config.layers - 2))
        self.last = nn.Conv2d(channels, 3, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        self.receptive_field = config.layers

    def forward(self, picture: Tensor) -> Tensor:
        x = F.relu(self.first(picture - 0.5))
        for index in range(0, len(self.inner), 2):
            x = x + self.inner[index + 1](F.relu(self.inner[index](x)))
        change: Tensor = self.last(x)
        return change.float()


class Undither:
    """
    Removes dither.

    Args:
        path: a .safetensors file; None = the released one.

    Raises:
        WeightsError: it is missing or damaged.
    """

    def __init__(self, path: str | None = None, device: torch.device | str = "cpu") -> None:
        weights = load_weights(path or str(RELEASED / "undither-art.safetensors"))
        try:
            network = UnditherNetwork(UnditherConfig.from_dict(weights.config))
            network.load_state_dict(weights.tensors)
        except (RuntimeError, ValueError, TypeError) as error:
            raise WeightsError(
                f"The tensors of {weights.name} do not fit their own configuration; {weights.remedy}."
            ) from error
        self.network = network.eval().requires_grad_(False).to(device)
        self.device = device

    def of(self, picture: Picture) -> Picture:
        """The picture in true colours, without dithering. Pixels that would hardly change keep their values."""
        frames = tuple(self._frame(picture, index) for index in range(len(picture.frames)))
        mode = "RGBA" if picture.has_alpha else "RGB"
        return picture.replace(frames=frames, mode=mode, palette=None)

    def _frame(self, picture: Picture, index: int) -> np.ndarray:
        rgba = picture.rgba(index)
        levels = picture.levels
        whole = torch.from_numpy(rgba.astype(np.float32) / levels).permute(2, 0, 1)[None]
        opaque = whole.clone()
        opaque[:, :3] *= (whole[:, 3:] > 0).float()
        change = torch.zeros_like(whole[:, :3])
        for tile in tile_grid(whole.shape[2], whole.shape[3], _TILE):
            change[:, :, tile.top : tile.bottom, tile.left : tile.right] = self._tile(opaque, tile)
        change = torch.where((change.abs() * 255 < _LEAST).all(1, keepdim=True) | (whole[:, 3:] == 0), 0.0, change)
        colour = ((whole[:, :3] + change).clamp(0, 1) * levels).round()
        out = rgba.copy()
        out[..., :3] = colour[0].permute(1, 2, 0).numpy().astype(rgba.dtype)
        return out if picture.has_alpha else np.ascontiguousarray(out[..., :3])

    def _tile(self, whole: Tensor, tile: Tile) -> Tensor:
        around, (top, left) = with_surroundings(whole, tile, self.network.receptive_field, (False, False))
        change: Tensor = self.network(around.to(self.device)).cpu()
        return change[:, :, top : top + tile.bottom - tile.top, left : left + tile.right - tile.left]


def beside_the_dither(report: Report, original: Picture) -> Report:
    """The report on an undithered picture, with residuals measured against the original `original`."""
    candidates = tuple(
        replace(candidate, residual=residual_beside(candidate.picture, original, report))
        for candidate in report.candidates
    )
    note = (
        "The dither was removed first. The answer scales back to the undithered picture, not to your pixels: it "
        f"differs from those by {candidates[0].residual.rmse:.1f} levels (root mean square)."
    )
    return replace(report, candidates=candidates, notes=(*report.notes, note))
