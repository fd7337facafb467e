"""
Sprites, icons, pixel art, textures, normal and data maps: everything the x4 prior answers, at any size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from depixel.consistency import Residual, combine, keep_extreme_alpha
from depixel.degradation import Degradation, make_degradation
from depixel.devices import pass_for
from depixel.enlarging.cascade import PRIOR_SCALE, enlarge, halo
from depixel.enlarging.pixel_art import as_drawn, on_steps
from depixel.enlarging.translucency import is_translucent, keep_flat_bars, seen_through, where_alpha_steps
from depixel.errors import CancelledError
from depixel.exporting.palette import palettes_of
from depixel.exporting.plane import export_tile, keep_unchanged
from depixel.preparation.prepare import Prepared
from depixel.preparation.tensors import hidden_colour, premultiplied
from depixel.priors.base import EnlargingPrior, Latents
from depixel.request import Request
from depixel.search.candidates import Candidates, candidate_seed
from depixel.search.loop import finish, search
from depixel.search.start import start_latents
from depixel.search.step import SearchStep
from depixel.tiles import Tile, tile_grid, with_ring, with_surroundings

OnStep = Callable[[SearchStep], None]
Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class Answer:
    """One candidate for one picture, as integers."""

    straight: Tensor  # [F, 4, H, W] uint8 or int32 straight RGBA
    residual: Residual
    seed: int
    error: float | None = None  # faces: mean squared error of the search's answer, before the projection


class ArtEngine:
    """
    Answers batches of prepared pictures that may share a batch (`batch_key`).

    Args:
        prior: an x4 prior on `device`.
        budget: small pixels (at the last stage of the cascade) in one forward pass.
    """

    def __init__(self, prior: EnlargingPrior, device: torch.device, budget: int) -> None:
        self.prior = prior
        self.device = device
        self.budget = budget

    def answer(
        self,
        batch: Sequence[Prepared],
        settings: Request,
        on_step: OnStep | None = None,
        cancelled: Cancelled | None = None,
    ) -> list[list[Answer]]:
        """One list of candidates for each picture of the batch, candidate 0 first."""
        work = _Work(self._prior(batch[0], settings, 0), batch[0], settings, on_step, cancelled)
        straight, valid = _together(batch)
        planes = _planes(batch, straight)
        latents = [self._latents(plane, batch, work) for plane in planes]
        results: list[list[Answer]] = [[] for _ in batch]
        for k in range(settings.candidates):
            work = replace(work, prior=self._prior(batch[0], settings, k))
            outcome = [
                self._decode_plane(
                    plane, valid, {name: z[k :: settings.candidates] for name, z in found.items()}, about
                )
                for plane, found, about in zip(planes, latents, _abouts(work, len(planes)), strict=True)
            ]
            large, sums = _joined(outcome, batch[0])
            row = 0
            for answers, prepared in zip(results, batch, strict=True):
                rows = slice(row, row + prepared.straight.shape[0])
                row = rows.stop
                factor = prepared.degradation.factor
                pixels = large[rows, :, : prepared.straight.shape[2] * factor, : prepared.straight.shape[3] * factor]
                if pixels.shape[0] > 1:
                    pixels = keep_unchanged(pixels, _all_channels(prepared), factor)
                residual = combine(sums[rows].reshape(-1, 4).unbind(0))
                answers.append(Answer(pixels, residual, candidate_seed(settings.seed, k)))
        return results

    def _prior(self, prepared: Prepared, settings: Request, candidate: int) -> EnlargingPrior:
        return self.prior.ensemble(turns_for(prepared, settings, candidate))

    # Latents of every row (row = frame * candidates + candidate). With steps they are searched for, tile by tile where
    # the picture is large; decoding then takes the whole field of latents, so that no seam can come from the search.
    def _latents(self, straight: Tensor, batch: Sequence[Prepared], work: _Work) -> Latents:
        first, settings = work.first, work.settings
        small = premultiplied(straight, first.levels)
        degradation = make_degradation(first.degradation.name, PRIOR_SCALE, first.wrap)
        if not settings.steps:
            return start_latents(work.prior, small, degradation, settings, None)
        palettes = palettes_of(straight, first.levels) if settings.palette == "keep" else None
        animations = [i for i, p in enumerate(batch) for _ in range(p.straight.shape[0])]
        latents: Latents = {}
        tiles = list(tile_grid(small.shape[2], small.shape[3], _SEARCH_SIDE))
        alone = len(tiles) == 1  # no surroundings: where it wraps, so does the generator
        for tile in tiles:
            around, (top, left) = with_surroundings(small, tile, 0 if alone else _SEARCH_MARGIN, first.wrap)
            steps = search(
                work.prior,
                around.to(self.device),
                degradation if alone else make_degradation(first.degradation.name, PRIOR_SCALE),
                settings,
                palettes=palettes,
                animations=animations if len(animations) > len(batch) else None,
                cancelled=work.cancelled,
            )
            for name, z in _rows_of(finish(steps, work.on_step)).items():
                rows, columns = slice(tile.top, tile.bottom), slice(tile.left, tile.right)
                field = latents.setdefault(name, z.new_zeros(*z.shape[:2], *small.shape[2:]))
                field[:, :, rows, columns] = z[
                    :, :, top : top + tile.bottom - tile.top, left : left + tile.right - tile.left
                ]
        return latents

    def _decode_plane(
        self, straight: Tensor, valid: Tensor | None, latents: Latents, work: _Work
    ) -> tuple[Tensor, Tensor]:
        """[N, 4, h, w] int32 => integers [N, 4, H, W] and residual sums [N, tiles, 4]."""
        first = work.first
        factor, levels = first.degradation.factor, first.levels
        count, _, height, width = straight.shape
        small = premultiplied(straight, levels)
        hidden = hidden_colour(straight, levels)
        grey = (straight[:, :3] == straight[:, :1]).flatten(1).all(1)
        drawn = first.domain == "pixel-art" and first.degradation.name == "point"
        glass = is_translucent(small) if drawn else torch.zeros(count, dtype=torch.bool)
        dtype = torch.uint8 if levels == 255 else torch.int32
        out = torch.empty(count, 4, height * factor, width * factor, dtype=dtype)
        found: dict[int, list[Tensor]] = {}  # residual sums of each tile, by the first row
        passes = self._passes(count, height, width, factor)
        for done, (b, tile) in enumerate(passes):
            if work.cancelled is not None and work.cancelled():
                raise CancelledError("Stopped before the picture was finished; nothing was written for it.")
            real = None if valid is None else valid[b]
            of_rows = {name: z[b] for name, z in latents.items()}
            large = self._decode_tile(small[b], real, of_rows, glass[b], work, tile)
            rows, columns = slice(tile.top, tile.bottom), slice(tile.left, tile.right)
            exported, tile_sums = export_tile(
                large,
                straight[b, :, rows, columns],
                hidden[b, :, rows, columns],
                first.degradation,
                levels=levels,
                binary_alpha=first.binary_alpha,
                grey=grey[b],
                domain=first.domain,
                neighbours=with_ring(straight[b], tile, first.wrap) if work.settings.palette == "keep" else None,
                valid=None if real is None else real[:, :, rows, columns],
            )
            rows = slice(tile.top * factor, tile.bottom * factor)
            out[b, :, rows, tile.left * factor : tile.right * factor] = exported.to(dtype)
            found.setdefault(b.start, []).append(tile_sums)
            if work.on_step is not None:
                work.on_step(SearchStep(done + 1, len(passes), _mean_square(tile_sums), stage="tiles"))
        return out, torch.cat([torch.stack(parts, 1) for parts in found.values()])

    # Which rows of the batch, and which tile of them, each pass takes: rows together while that is cheaper, and tiles
    # only of what is too large by itself.
    def _passes(self, count: int, height: int, width: int, factor: int) -> list[tuple[slice, Tile]]:
        stages = max(1, factor // PRIOR_SCALE)
        rows = max(1, min(self.budget, pass_for(self.device)) // (height * width * stages**2))
        if height * width * stages**2 <= self.budget:
            tiles = [Tile(0, 0, height, width)]
        else:
            side = int(self.budget**0.5 / stages) - 2 * halo(self.prior.spec.receptive_field, factor)
            tiles = list(tile_grid(height, width, max(side, _LEAST_SIDE)))
        return [(slice(b, min(b + rows, count)), tile) for b in range(0, count, rows) for tile in tiles]

    # A picture in one piece wraps inside the generator; a tile needs all the surroundings that the generator can see.
    def _decode_tile(
        self, small: Tensor, valid: Tensor | None, latents: Latents, glass: Tensor, work: _Work, tile: Tile
    ) -> Tensor:
        first = work.first
        factor = first.degradation.factor
        whole = tile == Tile(0, 0, *small.shape[2:])
        margin = 0 if whole else halo(self.prior.spec.receptive_field, factor)
        around, (rows, columns) = with_surroundings(small, tile, margin, first.wrap)
        local = {name: with_surroundings(z, tile, margin, first.wrap)[0].to(self.device) for name, z in latents.items()}
        if valid is not None:
            valid = with_surroundings(valid, tile, margin, first.wrap)[0].to(self.device)
        about = first.degradation if whole else make_degradation(first.degradation.name, factor)
        drawn = first.domain == "pixel-art"
        large = _finished(work.prior, around.to(self.device), local, about, valid, drawn, glass.to(self.device))
        height, width = (tile.bottom - tile.top) * factor, (tile.right - tile.left) * factor
        top, left = rows * factor, columns * factor
        return large[:, :, top : top + height, left : left + width].float().cpu()


# The generator's answer with what it lacks of what the given pixels say. Pictures of a batch need not be alike.
def _finished(
    prior: EnlargingPrior,
    given: Tensor,
    latents: Latents,
    about: Degradation,
    valid: Tensor | None,
    drawn: bool,
    glass: Tensor,
) -> Tensor:
    factor = about.factor

    def answer(small: Tensor) -> Tensor:
        large = enlarge(prior, small, latents, about, valid)
        return _looking_beyond(large, small, about, treated)

    def treated(large: Tensor, small: Tensor) -> Tensor:
        large = keep_extreme_alpha(large, small, factor)
        return as_drawn(large, small, factor) if drawn else keep_flat_bars(large, small, factor, valid)

    def joined(large: Tensor, small: Tensor) -> Tensor:
        return torch.where(where_alpha_steps(small, factor), on_steps(large, small, factor), large)

    if not bool(glass.any()):
        return answer(given)
    through = _looking_beyond(seen_through(given, factor, answer), given, about, joined)
    return through if bool(glass.all()) else torch.where(glass[:, None, None, None], through, answer(given))


# What looks at neighbours sees, where the picture wraps, a part of the other side.
def _looking_beyond(
    large: Tensor, given: Tensor, about: Degradation, treat: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    if not any(about.wrap):
        return treat(large, given)
    size = large.shape[2:]
    around, _ = with_surroundings(given, Tile(0, 0, *given.shape[2:]), _LOOKED_BEYOND, about.wrap)
    large, (top, left) = with_surroundings(large, Tile(0, 0, *size), _LOOKED_BEYOND * about.factor, about.wrap)
    return treat(large, around)[:, :, top : top + size[0], left : left + size[1]]


@dataclass(frozen=True)
class _Work:
    """What one call of `answer` is about; the pictures of a batch agree with the first in all that is asked of it."""

    prior: EnlargingPrior  # averaging over as many turns as this work is worth
    first: Prepared
    settings: Request
    on_step: OnStep | None
    cancelled: Cancelled | None


_LOOKED_BEYOND = 4  # small pixels: more than anything after the generator looks at
_LEAST_SIDE = 16  # small pixels of the smallest tile
_SEARCH_SIDE = 96  # small pixels of a tile that is searched
_SEARCH_MARGIN = 8


def turns_for(prepared: Prepared, settings: Request, candidate: int = 0) -> int:
    """
    How many flips and turns a candidate is the mean of. Left to us, calm answers with transparency get 8 up to 96x96
    pixels of answer over all frames, 4 up to 128x128, 2 up to 256x256, 1 beyond; opaque ones, which gain hardly
    anything from more than 2 (benchmarks/results/art_ensemble.md), 2 up to 256x256: most of the gain where it matters
    most, at a price that does not show. Imagined detail is never averaged away, and a search sees what is decoded. It
    depends on nothing but the picture and the settings, so that company, tiles and device change no answer.
    """
    if settings.ensemble is not None:
        return settings.ensemble
    vivid = settings.like is not None or settings.imagination > 0 or candidate > 0
    if vivid or (settings.steps and settings.candidates > 1):
        return 1
    frames, _, height, width = prepared.straight.shape
    pixels = frames * height * width * max(prepared.degradation.factor, PRIOR_SCALE) ** 2
    turns = next((turns for turns, most in _TURNS_BY_PIXELS if pixels <= most), 1)
    opaque = turns > 2 and bool((prepared.straight[:, 3] == prepared.levels).all())
    return 2 if opaque else turns


_TURNS_BY_PIXELS = ((8, 96 * 96), (4, 128 * 128), (2, 256 * 256))


def batch_key(prepared: Prepared, settings: Request) -> tuple[object, ...]:
    """
    Pictures with equal keys may share a batch. Calm answers of small pictures do so across sizes: they are filled up
    to the next multiple of _BUCKET, and the network is told where they end.
    """
    height, width = prepared.straight.shape[2:]
    degradation = prepared.degradation
    mixes = (
        settings.candidates == 1
        and not settings.steps
        and settings.imagination == 0
        and settings.like is None
        and not any(prepared.wrap)
        and degradation.name != "bicubic"  # its taps reach beyond the border
        and degradation.factor <= PRIOR_SCALE
        and max(height, width) <= _LARGEST_MIXED
    )
    if mixes:
        height, width = (-(-side // _BUCKET) * _BUCKET for side in (height, width))
    return (
        mixes,
        height,
        width,
        prepared.domain,
        degradation.name,
        degradation.factor,
        prepared.binary_alpha,
        prepared.wrap,
        prepared.levels,
        prepared.data_alpha is None,
        turns_for(prepared, settings),
    )


_BUCKET = 16
_LARGEST_MIXED = 128


# All frames of all pictures in one batch, smaller ones filled up by repeating their border; and where they are real.
def _together(batch: Sequence[Prepared]) -> tuple[Tensor, Tensor | None]:
    parts = [p.straight for p in batch]
    height, width = (max(part.shape[d] for part in parts) for d in (2, 3))
    if all(part.shape[2:] == (height, width) for part in parts):
        return torch.cat(parts), None
    valid = [part.new_zeros(part.shape[0], 1, height, width, dtype=torch.float32) for part in parts]
    for part, mask in zip(parts, valid, strict=True):
        mask[:, :, : part.shape[2], : part.shape[3]] = 1
    return torch.cat([filled_up(part, height, width) for part in parts]), torch.cat(valid)


def filled_up(part: Tensor, height: int, width: int) -> Tensor:
    """[B, C, h, w] => [B, C, height, width], the last row and column repeated."""
    rows = torch.arange(height).clamp_max(part.shape[2] - 1)
    columns = torch.arange(width).clamp_max(part.shape[3] - 1)
    return part.index_select(2, rows).index_select(3, columns)


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
        size = straight.shape[2:]
        alphas = torch.cat([filled_up(p.data_alpha, *size) for p in batch if p.data_alpha is not None])
        planes.append(_grey_plane(alphas, first.levels))
    return planes


# Only the first plane can hold vectors: a gloss beside them is no vector to be made as long as one.
def _abouts(work: _Work, planes: int) -> list[_Work]:
    if work.first.domain != "normals":
        return [work] * planes
    return [work] + [replace(work, first=replace(work.first, domain="data"))] * (planes - 1)


def _grey_plane(channel: Tensor, levels: int) -> Tensor:
    return torch.cat([channel.expand(-1, 3, -1, -1), torch.full_like(channel, levels)], 1)


# Worst mean squared error over the pictures of a batch, on [0, 1].
def _mean_square(sums: Tensor) -> float:
    return float((sums[:, 2] / sums[:, 3].clamp_min(1)).max()) / 255**2


# Channels that were decoded apart, back in one picture; their residuals side by side.
def _joined(outcome: list[tuple[Tensor, Tensor]], first: Prepared) -> tuple[Tensor, Tensor]:
    large, sums = outcome[0]
    colours = len(outcome) - (first.data_alpha is not None)
    if colours == 3:
        large = torch.cat([o[0][:, :1] for o in outcome[:3]] + [torch.full_like(large[:, :1], first.levels)], 1)
    if first.data_alpha is not None:
        large = torch.cat([large[:, :3], outcome[-1][0][:, :1]], 1)
    return large, torch.cat([o[1] for o in outcome], 1) if len(outcome) > 1 else sums


# Latents of all rows of a finished search, in the order of the rows.
def _rows_of(found: Candidates) -> Latents:
    rows = [candidate.latents for picture in found.pictures for candidate in picture]
    return {name: torch.cat([row[name].cpu() for row in rows]) for name in rows[0]}
