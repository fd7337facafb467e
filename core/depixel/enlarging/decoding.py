"""
Decodes a plane in passes of several pictures, or of one tile with its surroundings. Each pass is corrected, exported
and measured separately; on a CPU, each core works on a pass of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock

import torch
from torch import Tensor

from depixel.consistency import keep_extreme_alpha
from depixel.cores import count_cores, side_by_side
from depixel.degradation import Degradation, PointDegradation, make_degradation
from depixel.devices import on_a_sound_thread, pass_for, passes_at_once
from depixel.enlarging.cascade import enlarge, halo, last_stage
from depixel.enlarging.detail.field import DetailField
from depixel.enlarging.outlines import even_outline
from depixel.enlarging.pixel_art import as_drawn, on_steps
from depixel.enlarging.regular import TINY, straightened, with_blocks
from depixel.enlarging.translucency import is_translucent, keep_flat_bars, seen_through, where_alpha_steps
from depixel.exporting.plane import export_tile
from depixel.monitor import SILENT, Monitor, SearchStep
from depixel.planes import Plane
from depixel.priors.base import EnlargingPrior, Latents
from depixel.readings.draw import draw
from depixel.readings.paint import firmer
from depixel.tiles import Tile, large_tiles, with_surroundings

_PASS, _GENERATED = 100, 65
"""Steps of progress per pass, and how many of them are done once its answer is generated; measured on 384x384 tiles."""
_LOOKED_BEYOND = 20  # small pixels, more than any correction looks at

Decoded = tuple[Tensor, Tensor, Tensor]
Measured = tuple[Tensor, Tensor | None]


@dataclass(frozen=True)
class Decoder:
    """Decodes planes with one prior on one device."""

    prior: EnlargingPrior
    device: torch.device
    budget: int  # small pixels (at the last stage of the cascade) in one pass
    monitor: Monitor = SILENT

    def decode(
        self,
        plane: Plane,
        latents: Latents,
        *,
        keep_palette: bool,
        reading: str = "",
        detail: DetailField | None = None,
    ) -> Decoded:
        """
        Args:
            latents: fields with the plane's height and width, one row for each of its pictures.
            reading: the way to draw it (depixel.readings); empty = the prior's own answer.
            detail: of these pictures, added to the answers; None = none.

        Returns:
            Integers [N, 4, H, W], uint8 if they fit; residual sums [N, tiles, 4]; and the sums [N, 4] of a third-party
            network alone, before its answer was made exact (zeros for Depixel's own).
        """
        count, _, height, width = plane.straight.shape
        factor = plane.degradation.factor
        glass = torch.zeros(count, dtype=torch.bool)
        if plane.drawn and isinstance(plane.degradation, PointDegradation):
            glass = is_translucent(plane.small)
        dtype = torch.uint8 if plane.levels == 255 else torch.int32
        out = torch.empty(count, 4, height * factor, width * factor, dtype=dtype)
        passes = self._passes(plane, factor)
        measured: dict[int, Measured] = {}  # of each pass, by its number
        reached, one_at_a_time = 0, Lock()

        def advance(share: int, error: float) -> None:
            nonlocal reached
            with one_at_a_time:
                reached += share
                self.monitor.step(SearchStep(reached, _PASS * len(passes), error, stage="tiles"))

        def work(number: int) -> None:
            self.monitor.check("Stopped before the picture was finished; nothing was written for it.")
            rows, tile = passes[number]
            self._stray()  # what an earlier pass on this thread left
            large = self._generated(plane, latents, glass, rows, tile, reading, detail)
            advance(_GENERATED, 0.0)
            exported, tile_sums = export_tile(large, plane, tile, rows, keep_palette=keep_palette)
            down = slice(tile.top * factor, tile.bottom * factor)
            out[rows, :, down, tile.left * factor : tile.right * factor] = exported.to(dtype)
            measured[number] = (tile_sums, self._stray())

        def finished(number: int) -> None:
            advance(_PASS - _GENERATED, _mean_square(measured[number][0]))

        works = [partial(work, number) for number in range(len(passes))]
        if len(passes) >= self._passes_at_once() > 1:
            side_by_side([partial(on_a_sound_thread, each) for each in works], finished)
        else:
            for number, each in enumerate(works):
                each()
                finished(number)
        return out, *_totals([rows for rows, _ in passes], measured, count)

    # Third-party networks may not be thread-safe, and a GPU does one thing at a time.
    def _passes_at_once(self) -> int:
        if self.prior.spec.third_party or self.device.type != "cpu":
            return 1
        return passes_at_once(self.budget, count_cores())

    # The rows and the tile of each pass. Rows share a pass while that is cheaper; only a picture that is too large for
    # one pass is cut into tiles.
    def _passes(self, plane: Plane, factor: int) -> list[tuple[slice, Tile]]:
        count, _, height, width = plane.straight.shape
        area = last_stage(factor, self.prior.scale) ** 2
        rows = max(1, min(self.budget, pass_for(self.device)) // (height * width * area))
        tiles = [Tile(0, 0, height, width)]
        if height * width * area > self.budget:
            tiles = list(large_tiles(height, width, self._halo(factor), self.budget // area, plane.degradation.wrap))
        return [(slice(b, min(b + rows, count)), tile) for b in range(0, count, rows) for tile in tiles]

    def _halo(self, factor: int) -> int:
        return halo(self.prior.spec.receptive_field, factor, self.prior.scale)

    # A whole picture wraps inside the generator; a tile needs all the surroundings that the generator can see.
    def _generated(
        self,
        plane: Plane,
        latents: Latents,
        glass: Tensor,
        rows: slice,
        tile: Tile,
        reading: str,
        detail: DetailField | None,
    ) -> Tensor:
        factor, wrap = plane.degradation.factor, plane.degradation.wrap
        whole = tile == Tile(0, 0, *plane.straight.shape[2:])
        margin, grid = (0, 1) if whole else (self._halo(factor), self.prior.spec.grid)

        def around(x: Tensor) -> tuple[Tensor, tuple[int, int]]:
            part, before = with_surroundings(x[rows], tile, margin, wrap, grid)
            return part.to(self.device), before

        small, (above, left) = around(plane.small)
        local = {name: around(z)[0] for name, z in latents.items()}
        valid = None if plane.valid is None else around(plane.valid)[0]
        degradation = plane.degradation if whole else make_degradation(plane.degradation.name, factor)
        tiny = max(plane.straight.shape[2:]) <= TINY
        firmness = 0.0 if detail is None else detail.firmness
        treated = _Treatment(
            self.prior, local, degradation, valid, plane.drawn, tiny, plane.binary_alpha, reading, firmness
        )
        large = treated.of(small, glass[rows].to(self.device))
        if detail is not None:
            part, _ = with_surroundings(detail.rows[rows], tile, margin, wrap, grid)
            large = detail.over(large, part, rows, factor, degradation.wrap)
        height, width = (tile.bottom - tile.top) * factor, (tile.right - tile.left) * factor
        above, left = above * factor, left * factor
        return large[:, :, above : above + height, left : left + width].float().cpu()

    # The result of the first use of the network in a pass; later stages of a cascade have other small pictures.
    def _stray(self) -> Tensor | None:
        strays: list[Tensor] = getattr(self.prior, "strays", [])
        first = strays[0] if strays else None
        strays.clear()
        return first


# The residual sums [N, tiles, 4], and those of a network alone [N, 4], from the measurements of passes for these rows.
def _totals(passes: Sequence[slice], measured: Mapping[int, Measured], count: int) -> tuple[Tensor, Tensor]:
    sums: dict[int, list[Tensor]] = {}  # of each tile, by the first row
    alone = torch.zeros(count, 4, dtype=torch.float64)
    for number, rows in enumerate(passes):
        tile_sums, stray = measured[number]
        sums.setdefault(rows.start, []).append(tile_sums)
        if stray is not None and len(stray) == rows.stop - rows.start:
            alone[rows] = torch.cat([torch.maximum(alone[rows, :1], stray[:, :1]), alone[rows, 1:] + stray[:, 1:]], 1)
    return torch.cat([torch.stack(parts, 1) for parts in sums.values()]), alone


@dataclass(frozen=True)
class _Treatment:
    """
    Corrects the generator's answer where the small pixels determine more. The pictures of a batch may differ in kind.
    """

    prior: EnlargingPrior
    latents: Latents
    degradation: Degradation
    valid: Tensor | None
    drawn: bool
    tiny: bool  # see depixel.enlarging.regular
    cut_out: bool  # alpha is 0 or 1
    reading: str  # empty = none
    firmness: float  # share of the way to sharp edges

    def of(self, small: Tensor, glass: Tensor) -> Tensor:
        """[B, 4, h, w] => [B, 4, h*f, w*f]; `glass` [B]: pictures with translucent colour."""
        large = self._smooth(small, glass)
        return self._looking_beyond(large, small, self._finished)

    def _finished(self, large: Tensor, small: Tensor) -> Tensor:
        factor = self.degradation.factor
        if self.firmness:
            large = firmer(large, small, factor, self.firmness)
        if self.reading:
            large = draw(self.reading, large, small, factor)
        return even_outline(large, factor, self.drawn) if self.cut_out and self.reading != "palette" else large

    def _smooth(self, small: Tensor, glass: Tensor) -> Tensor:
        if not bool(glass.any()):
            return self._answer(small)
        through = seen_through(small, self.degradation.factor, self._answer)
        through = self._looking_beyond(through, small, self._on_steps)
        if bool(glass.all()):
            return through
        return torch.where(glass[:, None, None, None], through, self._answer(small))

    def _answer(self, small: Tensor) -> Tensor:
        large = enlarge(self.prior, small, self.latents, self.degradation, self.valid)
        return self._looking_beyond(large, small, self._kept)

    def _kept(self, large: Tensor, small: Tensor) -> Tensor:
        factor = self.degradation.factor
        large = straightened(keep_extreme_alpha(large, small, factor), small, factor, self.drawn or self.tiny)
        if self.drawn:
            large = as_drawn(large, small, factor)
        else:
            large = keep_flat_bars(large, small, factor, self.valid)
        return with_blocks(large, small, factor, self.drawn, self.valid)

    def _on_steps(self, large: Tensor, small: Tensor) -> Tensor:
        factor = self.degradation.factor
        return torch.where(where_alpha_steps(small, factor), on_steps(large, small, factor), large)

    # Corrections that look at neighbours see part of the opposite side where the picture wraps.
    def _looking_beyond(self, large: Tensor, small: Tensor, treat: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        wrap, factor = self.degradation.wrap, self.degradation.factor
        if not any(wrap):
            return treat(large, small)
        size = large.shape[2:]
        around, _ = with_surroundings(small, Tile(0, 0, *small.shape[2:]), _LOOKED_BEYOND, wrap)
        large, (top, left) = with_surroundings(large, Tile(0, 0, *size), _LOOKED_BEYOND * factor, wrap)
        return treat(large, around)[:, :, top : top + size[0], left : left + size[1]]


# The worst mean squared error of the batch, on [0, 1].
def _mean_square(sums: Tensor) -> float:
    return float((sums[:, 2] / sums[:, 3].clamp_min(1)).max()) / 255**2
