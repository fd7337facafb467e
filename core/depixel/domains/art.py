"""
Sprites, icons, pixel art, textures, normal and data maps: everything the x4 prior answers, at any size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from depixel.consistency import Residual, combine
from depixel.domains.cascade import Tile, enlarge, halo, tile_grid, with_surroundings
from depixel.domains.exporting import export_tile, keep_unchanged
from depixel.domains.prepare import Prepared
from depixel.domains.tensors import hidden_colour, premultiplied
from depixel.errors import CancelledError
from depixel.priors.base import LatentPrior, Latents
from depixel.search.step import SearchStep
from depixel.settings import SearchSettings

OnStep = Callable[[SearchStep], None]
Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class Answer:
    """One candidate for one picture, as integers."""

    straight: Tensor  # [F, 4, H, W] uint8 or int32 straight RGBA
    residual: Residual
    seed: int


class ArtEngine:
    """
    Answers batches of prepared pictures that may share a batch (`batch_key`).

    Args:
        prior: an x4 prior on `device`.
        budget: small pixels (at the last stage of the cascade) in one forward pass.
    """

    def __init__(self, prior: LatentPrior, device: torch.device, budget: int) -> None:
        self.prior = prior
        self.device = device
        self.budget = budget

    def answer(
        self,
        batch: Sequence[Prepared],
        settings: SearchSettings,
        on_step: OnStep | None = None,
        cancelled: Cancelled | None = None,
    ) -> list[list[Answer]]:
        """One list of candidates for each picture of the batch, candidate 0 first."""
        results: list[list[Answer]] = [[] for _ in batch]
        for k in range(settings.candidates):
            pass_settings = _Pass(k, settings.seed + k, settings, on_step, cancelled)
            for found, prepared_answers in zip(results, self._one_candidate(batch, pass_settings), strict=True):
                found.append(prepared_answers)
        return results

    def _one_candidate(self, batch: Sequence[Prepared], this: _Pass) -> list[Answer]:
        first = batch[0]
        straight = torch.cat([p.straight for p in batch])
        planes = _planes(batch, straight)
        outcome = [self._decode_plane(plane, first, this) for plane in planes]
        large, sums = outcome[0]
        if first.domain == "data" and len(planes) > 1:
            large = torch.cat([o[0][:, :1] for o in outcome[:3]] + [torch.full_like(large[:, :1], first.levels)], 1)
            sums = torch.cat([o[1] for o in outcome], 1)
        if first.data_alpha is not None:
            large = torch.cat([large[:, :3], outcome[-1][0][:, :1]], 1)
            sums = torch.cat([sums, outcome[-1][1]], 1)
        answers, row = [], 0
        for prepared in batch:
            frames = prepared.straight.shape[0]
            rows = slice(row, row + frames)
            row += frames
            pixels = large[rows]
            if frames > 1:
                pixels = keep_unchanged(pixels, _all_channels(prepared), prepared.degradation.factor)
            answers.append(Answer(pixels, combine(sums[rows].reshape(-1, 4).unbind(0)), this.seed))
        return answers

    def _decode_plane(self, straight: Tensor, first: Prepared, this: _Pass) -> tuple[Tensor, Tensor]:
        """[N, 4, h, w] int32 => integers [N, 4, H, W] and residual sums [N, tiles, 4]."""
        factor, levels = first.degradation.factor, first.levels
        count, _, height, width = straight.shape
        small = premultiplied(straight, levels)
        hidden = hidden_colour(straight, levels)
        grey = bool((straight[:, 0] == straight[:, 1]).all() and (straight[:, 1] == straight[:, 2]).all())
        latents = self._latents(small, first, this)
        margin = halo(self.prior.spec.receptive_field, factor)
        side = max(16, int((self.budget / max(count, 1)) ** 0.5 / max(1, factor // 4)) - 2 * margin)
        grid = list(tile_grid(height, width, max(side, 16)))
        out = torch.empty(count, 4, height * factor, width * factor, dtype=torch.uint8 if levels == 255 else torch.int32)
        sums = []
        for done, tile in enumerate(grid):
            if this.cancelled is not None and this.cancelled():
                raise CancelledError("Stopped before the picture was finished; nothing was written for it.")
            large = self._decode_tile(small, latents, first, tile, margin)
            rows, columns = slice(tile.top, tile.bottom), slice(tile.left, tile.right)
            exported, tile_sums = export_tile(
                large,
                straight[:, :, rows, columns],
                hidden[:, :, rows, columns],
                first.degradation,
                levels=levels,
                binary_alpha=first.binary_alpha,
                grey=grey,
                domain=first.domain,
                palette=this.settings.palette == "keep",
            )
            out[
                :, :, tile.top * factor : tile.bottom * factor, tile.left * factor : tile.right * factor
            ] = exported.to(out.dtype)
            sums.append(tile_sums)
            if this.on_step is not None:
                this.on_step(SearchStep(done + 1, len(grid), float(tile_sums[:, 2].sum()), stage="tiles"))
        return out, torch.stack(sums, 1)

    def _latents(self, small: Tensor, first: Prepared, this: _Pass) -> Latents:
        if this.candidate == 0 and this.settings.imagination == 0:
            return self.prior.encode(small, first.degradation)
        imagination = this.settings.imagination
        if this.settings.candidates > 1 and imagination == 0:
            imagination = _LEAST_IMAGINATION  # several candidates must differ
        rows = []
        for i in range(small.shape[0]):  # every frame and every picture from the same seed: same in, same out
            generator = torch.Generator().manual_seed(this.seed)
            rows.append(self.prior.sample(small[i : i + 1], first.degradation, generator, imagination))
        return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}

    def _decode_tile(self, small: Tensor, latents: Latents, first: Prepared, tile: Tile, margin: int) -> Tensor:
        factor = first.degradation.factor
        around, (rows, columns) = with_surroundings(small, tile, margin, first.wrap)
        local = {
            name: with_surroundings(z, tile, margin, first.wrap)[0].to(self.device) for name, z in latents.items()
        }
        large = enlarge(self.prior, around.to(self.device), local, first.degradation)
        height, width = (tile.bottom - tile.top) * factor, (tile.right - tile.left) * factor
        top, left = rows * factor, columns * factor
        return large[:, :, top : top + height, left : left + width].float().cpu()


@dataclass(frozen=True)
class _Pass:
    """One candidate's run over a batch."""

    candidate: int
    seed: int
    settings: SearchSettings
    on_step: OnStep | None
    cancelled: Cancelled | None


_LEAST_IMAGINATION = 0.3


def batch_key(prepared: Prepared) -> tuple[object, ...]:
    """Pictures with equal keys may share a batch."""
    return (
        prepared.straight.shape[1:],
        prepared.domain,
        prepared.degradation.name,
        prepared.degradation.factor,
        prepared.binary_alpha,
        prepared.wrap,
        prepared.levels,
        prepared.data_alpha is None,
    )


def _all_channels(prepared: Prepared) -> Tensor:
    if prepared.data_alpha is None:
        return prepared.straight
    return torch.cat([prepared.straight[:, :3], prepared.data_alpha], 1)


# The pictures to decode: colour (with its opacity); for data maps every channel as a grey picture of its own, and
# alpha that is data likewise.
def _planes(batch: Sequence[Prepared], straight: Tensor) -> list[Tensor]:
    first = batch[0]
    planes = [straight]
    if first.domain == "data" and not bool((straight[:, 0] == straight[:, 1]).all()):
        planes = [_grey_plane(straight[:, c : c + 1], first.levels) for c in range(3)]
    if first.data_alpha is not None:
        alphas = torch.cat([p.data_alpha for p in batch if p.data_alpha is not None])
        planes.append(_grey_plane(alphas, first.levels))
    return planes


def _grey_plane(channel: Tensor, levels: int) -> Tensor:
    return torch.cat([channel.expand(-1, 3, -1, -1), torch.full_like(channel, levels)], 1)
