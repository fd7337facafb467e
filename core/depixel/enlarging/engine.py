"""
The engine for every kind of picture except faces: answers of any size from a prior of fixed scale.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from depixel.consistency import combine
from depixel.cores import count_cores
from depixel.devices import pass_for, passes_at_once
from depixel.enlarging.abilities import INVENTED, notes_for, possible, stray_note, whole_note
from depixel.enlarging.batches import batch_key, together, turns_for
from depixel.enlarging.cascade import last_stage
from depixel.enlarging.decoding import Decoder
from depixel.enlarging.detail.exemplars import exemplars
from depixel.enlarging.detail.field import USUAL, DetailField, Wanted, detail_field
from depixel.enlarging.latents import field_of_latents
from depixel.enlarging.versions import Version, version_of
from depixel.exporting.answer import RawAnswer, RawAnswers
from depixel.exporting.plane import keep_unchanged
from depixel.monitor import SILENT, Monitor
from depixel.planes import Plane, join, planes_of
from depixel.preparation.prepare import Prepared
from depixel.priors.base import EnlargingPrior
from depixel.request import Request
from depixel.search.candidates import candidate_seed, reported_imagination


class EnlargingEngine:
    """
    Answers batches of prepared pictures with equal keys.

    Args:
        prior: of fixed scale, on `device`.
        budget: small pixels (at the last stage of the cascade) in one forward pass.
        detail: a .safetensors file with exemplars of detail; empty = the released one.
    """

    tiled = True  # it can work in smaller tiles if memory is short

    def __init__(self, prior: EnlargingPrior, device: torch.device, budget: int, detail: str = "") -> None:
        self.prior = prior
        self.device = device
        self.budget = budget
        self.detail = detail

    def key(self, prepared: Prepared, request: Request) -> Hashable:
        """Pictures of one kind with equal keys may share a batch."""
        return batch_key(prepared, possible(request, self.prior.spec), self.prior.scale)

    def most(self, prepared: Prepared) -> int:
        """How many such pictures fit into one batch."""
        return max(1, self.budget // self._size(prepared))

    def share(self, prepared: Prepared, request: Request) -> int:
        """
        How many such pictures one core answers while other cores answer others; 0 = all cores work on the same batch.
        On a CPU, all cores work together on pictures that need several passes, on searches, and with third-party
        networks, which may not be thread-safe.
        """
        if self.device.type != "cpu" or request.steps or self.prior.spec.third_party:
            return 0
        size = self._size(prepared)
        fits = size <= self.budget and passes_at_once(size, count_cores()) > 1
        return max(int(fits), min(self.budget, pass_for(self.device)) // size)

    # Pixels of the last stage, of all frames.
    def _size(self, prepared: Prepared) -> int:
        frames, _, height, width = prepared.straight.shape
        return frames * height * width * last_stage(prepared.degradation.factor, self.prior.scale) ** 2

    def answer(self, batch: Sequence[Prepared], request: Request, monitor: Monitor = SILENT) -> list[RawAnswers]:
        """
        One entry for each picture of the batch, candidate 0 first.

        Raises:
            CancelledError: the monitor was cancelled.
        """
        spec = self.prior.spec
        request, notes = possible(request, spec), notes_for(request, spec)
        first, count = batch[0], request.candidates
        planes = planes_of(first, *together(batch))
        animations = [i for i, prepared in enumerate(batch) for _ in range(len(prepared.straight))]
        calm = self._prior(first, request, 0)
        searched = _share_of_search(request.steps or 0, count)
        searching, decoding = monitor.part(0.0, searched), monitor.part(searched, 1.0)
        fields = [
            field_of_latents(calm, plane, animations, request, self.device, searching.equal_part(number, len(planes)))
            for number, plane in enumerate(planes)
        ]
        candidates: list[list[RawAnswer]] = [[] for _ in batch]
        strayed: list[tuple[str, ...]] = [() for _ in batch]
        for k in range(count):
            version = version_of(first, request, k)
            if version.detail and INVENTED not in notes:
                notes = (INVENTED, *notes)
            calmly = replace(request, imagination=0.0, like=None) if version.calm else request
            prior = self._prior(first, calmly, version.round)
            strength = 0.0 if version.calm else 1.0
            turn = decoding.equal_part(k, count)
            parts = [
                Decoder(prior, self.device, self.budget, turn.equal_part(number, len(planes))).decode(
                    plane,
                    {name: strength * z[k::count] for name, z in field.items()},
                    keep_palette=request.palette == "keep",
                    reading="" if version.material else version.reading,
                    detail=self._detail(plane, version, request, k, monitor),
                )
                for number, (plane, field) in enumerate(zip(planes, fields, strict=True))
            ]
            large, sums = join(planes, [part for part, _, _ in parts]), torch.cat([part for _, part, _ in parts], 1)
            strays = torch.stack([part for _, _, part in parts], 1)
            seed = candidate_seed(request.seed, k)
            imagination = version.detail if version.calm else reported_imagination(seed, request, spec.stray)
            row = 0
            for number, (answers, prepared) in enumerate(zip(candidates, batch, strict=True)):
                rows = slice(row, row + len(prepared.straight))
                row = rows.stop
                residual = combine(sums[rows].reshape(-1, 4).unbind(0))
                if bool(strays[rows, :, 3].any()):
                    strayed[number] = (stray_note(spec, combine(strays[rows].reshape(-1, 4).unbind(0))),)
                answers.append(RawAnswer(_pixels(large[rows], prepared), residual, seed, imagination, version.reading))
        if spec.whole and self._is_cut(first):
            notes += (whole_note(spec),)
        return [
            RawAnswers(tuple(answers), request.steps or 0, notes + alone)
            for answers, alone in zip(candidates, strayed, strict=True)
        ]

    def _detail(
        self, plane: Plane, version: Version, request: Request, candidate: int, monitor: Monitor
    ) -> DetailField | None:
        if version.detail == 0 or plane.is_scalar:
            return None
        seed = candidate_seed(request.seed, candidate)
        strength = (version.detail / USUAL) ** 0.5
        wanted = Wanted(version.material, seed, strength, request.like)
        return detail_field(plane, wanted, exemplars(self.detail), self.prior, self.device, monitor)

    def _is_cut(self, prepared: Prepared) -> bool:
        height, width = prepared.straight.shape[2:]
        return height * width * last_stage(prepared.degradation.factor, self.prior.scale) ** 2 > self.budget

    def _prior(self, prepared: Prepared, request: Request, candidate: int) -> EnlargingPrior:
        return self.prior.ensemble(turns_for(prepared, request, candidate, self.prior.scale))

    def surroundings(self, prepared: Prepared, request: Request, monitor: Monitor) -> RawAnswer:
        """The calm answer to a picture into which faces are inserted later."""
        calm = replace(
            request, candidates=1, steps=0, imagination=0.0, like=None, domain="auto", box=None, iterate=1
        )  # fmt: skip
        return self.answer([prepared], calm, monitor)[0].candidates[0]


# The search's share of the time for a batch. A step goes through the network and back, which takes about three times as
# long as going through it once. Correcting and exporting an answer takes as long as the network again.
def _share_of_search(steps: int, candidates: int) -> float:
    return 3 * steps / (3 * steps + 2 * candidates)


# The answer to one picture of the batch, without its padding.
def _pixels(large: Tensor, prepared: Prepared) -> Tensor:
    factor, (height, width) = prepared.degradation.factor, prepared.straight.shape[2:]
    pixels = large[:, :, : height * factor, : width * factor]
    if len(pixels) == 1:
        return pixels
    channels = prepared.straight
    if prepared.data_alpha is not None:
        channels = torch.cat([channels[:, :3], prepared.data_alpha], 1)
    return keep_unchanged(pixels, channels, factor)
