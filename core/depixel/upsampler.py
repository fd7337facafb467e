"""
The facade: a picture in, candidates and a report out. Reads top to bottom as the data flows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import torch

from depixel.devices import budget_for, choose_device, is_out_of_memory, on_a_sound_thread
from depixel.enlarging.engine import Answer, ArtEngine, batch_key
from depixel.errors import (
    BadUsageError,
    CancelledError,
    DepixelError,
    OutOfMemoryError,
    PictureTooLargeError,
    WeightsError,
)
from depixel.faces.engine import IMAGINED, FaceEngine, describe
from depixel.picture import Picture
from depixel.preparation.prepare import Prepared, prepare
from depixel.preparation.sheets import Layout, layout_of
from depixel.preparation.tensors import pixels_like
from depixel.priors.base import PriorSpec
from depixel.priors.shelf import Shelf
from depixel.report import Candidate, Report
from depixel.request import MODELS, Request
from depixel.search.candidates import reported_imagination
from depixel.search.step import SearchStep

OnStep = Callable[[SearchStep], None]
Cancelled = Callable[[], bool]

MAX_ANSWER_PIXELS = 2**30
"""Pixels of one answer over all its frames; beyond it nobody's memory is enough."""


class Upsampler:
    """
    The engine. Loads each prior once, at its first use.

    Args:
        device: "auto" (CUDA, then Apple's MPS, then the CPU), "cpu", "cuda", "cuda:1", "mps".
        weights: kind ("art", "faces") -> name or path of other weights than the released ones.
    """

    def __init__(self, device: str = "auto", weights: Mapping[str, str] | None = None) -> None:
        self.device = choose_device(device)
        self.shelf = Shelf(self.device, weights)
        self._budget = budget_for(self.device)

    def upsample(
        self,
        picture: Picture,
        settings: Request,
        on_step: OnStep | None = None,
        cancelled: Cancelled | None = None,
    ) -> Report:
        """
        Answer one picture.

        Raises:
            DepixelError: a sentence for the user; CancelledError when `cancelled()` turned true between two steps.
        """
        outcome = self.upsample_many([picture], settings, on_step, cancelled)[0]
        if isinstance(outcome, DepixelError):
            raise outcome
        return outcome

    def upsample_many(
        self,
        pictures: Sequence[Picture],
        settings: Request,
        on_step: OnStep | None = None,
        cancelled: Cancelled | None = None,
    ) -> list[Report | DepixelError]:
        """
        Answer many pictures, small ones batched together; one that fails is its DepixelError in the list.

        A picture's answer is the same alone and in any company.

        Raises:
            CancelledError: `cancelled()` turned true.
            BadUsageError: the settings are out of range.
        """
        settings = settings.validated()
        self._budget = min(2 * self._budget, budget_for(self.device))  # what was short before may be free again
        outcomes: dict[int, Report | DepixelError] = {}
        batches: dict[tuple[object, ...], list[tuple[int, Prepared]]] = {}
        layouts: dict[int, Layout] = {}
        for index, picture in enumerate(pictures):
            try:
                prepared = _checked(self._prepared(picture, settings, layouts, index))
                if prepared.domain == "faces":
                    outcomes[index] = self._answer_face(prepared, settings, on_step, cancelled)
                    continue
                batches.setdefault(batch_key(prepared, settings), []).append((index, prepared))
            except CancelledError:
                raise
            except DepixelError as error:
                outcomes[index] = error
        for members in batches.values():
            for part in self._split(members):
                reports = self._answer_batch([p for _, p in part], settings, on_step, cancelled)
                outcomes.update((i, report) for (i, _), report in zip(part, reports, strict=True))
        return [_whole(outcomes[i], layouts.get(i), picture) for i, picture in enumerate(pictures)]

    # A sheet is decided about as a whole and answered frame by frame.
    def _prepared(self, picture: Picture, settings: Request, layouts: dict[int, Layout], index: int) -> Prepared:
        layout = layout_of(picture, settings.frames) if settings.box is None and settings.domain != "faces" else None
        if layout is None:
            return prepare(picture, settings)
        layouts[index] = layout
        decided = prepare(picture, settings)
        return prepare(layout.cut(picture), replace(settings, domain=decided.domain))

    # Batches as large as one forward pass may be.
    def _split(self, members: list[tuple[int, Prepared]]) -> list[list[tuple[int, Prepared]]]:
        frames, _, height, width = members[0][1].straight.shape
        stages = max(1, members[0][1].degradation.factor // 4)
        size = max(1, self._budget // (frames * height * width * stages**2))
        return [members[i : i + size] for i in range(0, len(members), size)]

    def _answer_batch(
        self, batch: list[Prepared], settings: Request, on_step: OnStep | None, cancelled: Cancelled | None
    ) -> list[Report | DepixelError]:
        started = time.perf_counter()
        notes: tuple[str, ...] = ()
        while True:
            try:
                prior = self.shelf.art(settings.model)
                engine = ArtEngine(prior, self.device, self._budget)
                answers = on_a_sound_thread(partial(engine.answer, batch, settings, on_step, cancelled))
                break
            except (WeightsError, BadUsageError) as error:  # of loading
                return [error for _ in batch]
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                notes = (self._with_less_memory(),)
        seconds = (time.perf_counter() - started) / len(batch)
        return [
            self._report(p, found, settings, prior.spec, seconds, notes, settings.steps or 0)
            for p, found in zip(batch, answers, strict=True)
        ]

    def _answer_face(
        self, prepared: Prepared, settings: Request, on_step: OnStep | None, cancelled: Cancelled | None
    ) -> Report:
        started = time.perf_counter()
        notes: tuple[str, ...] = ()
        while True:
            try:
                prior = self.shelf.faces(settings.model)
                art = ArtEngine(self.shelf.art(self._size(settings)), self.device, self._budget)
                engine = FaceEngine(prior, art, self.device)
                answers, found = on_a_sound_thread(partial(engine.answer, prepared, settings, on_step, cancelled))
                break
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                notes = (self._without_the_gpu(settings.candidates),)
        return self._report(
            prepared,
            answers,
            settings,
            prior.spec,
            time.perf_counter() - started,
            (IMAGINED, describe(found, settings.candidates), *notes),
            steps=found.steps,
        )

    # A named model is the generator of faces; what enlarges its answers is chosen as ever.
    @staticmethod
    def _size(settings: Request) -> str:
        return settings.model if settings.model in MODELS else "auto"

    # Half the tile, as often as it takes; a GPU that cannot hold even a small one hands over to the CPU.
    def _with_less_memory(self) -> str:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if self._budget > 64 * 64:
            self._budget //= 2
            return f"Memory ran short on {self.device}: the picture was worked on in smaller tiles."
        if self.device.type == "cpu":
            raise OutOfMemoryError("Not even one small tile fits into memory; close other programs and try again.")
        self._move_to_cpu()
        return "The graphics memory did not hold even a small tile: the work was done on the CPU."

    # A face has one size and cannot be tiled; fewer of them at once can only be the user's choice.
    def _without_the_gpu(self, candidates: int) -> str:
        if self.device.type == "cpu":
            what = f"{candidates} faces at once do" if candidates > 1 else "One face does"
            fewer = "ask for fewer answers or a smaller scale" if candidates > 1 else "ask for a smaller scale"
            raise OutOfMemoryError(f"{what} not fit into memory: {fewer}, or close other programs.")
        self._move_to_cpu()
        return "The graphics memory did not hold the faces: they were made on the CPU."

    def _move_to_cpu(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self.device = torch.device("cpu")
        self.shelf = Shelf(self.device, self.shelf.chosen)
        self._budget = budget_for(self.device)

    def _report(
        self,
        prepared: Prepared,
        answers: list[Answer],
        settings: Request,
        spec: PriorSpec,
        seconds: float,
        notes: tuple[str, ...],
        steps: int = 0,
    ) -> Report:
        candidates = tuple(
            Candidate(
                _picture(prepared, a, settings),
                a.residual,
                (a.residual.rmse / 255) ** 2 if a.error is None else a.error,
                a.seed,
                reported_imagination(a.seed, settings, spec.stray),
            )
            for a in answers
        )
        vivid = settings.imagination > 0 and prepared.domain != "faces"
        imagined = ("Detail was imagined, not recovered.",) if vivid else ()
        return Report(
            candidates=candidates,
            settings=settings,
            scale=prepared.degradation.factor // prepared.grid,
            domain=prepared.domain,
            degradation=prepared.degradation.name,
            model=f"{spec.name} {spec.digest}",
            device=str(self.device),
            wrap=prepared.wrap,
            steps=steps,
            seconds=seconds,
            notes=prepared.notes + imagined + notes,
        )


def _whole(outcome: Report | DepixelError, layout: Layout | None, source: Picture) -> Report | DepixelError:
    if layout is None or isinstance(outcome, DepixelError):
        return outcome
    candidates = tuple(replace(c, picture=layout.joined(c.picture, source)) for c in outcome.candidates)
    return replace(outcome, candidates=candidates, notes=(*outcome.notes, layout.note))


def _checked(prepared: Prepared) -> Prepared:
    frames, _, height, width = prepared.straight.shape
    pixels = frames * height * width * prepared.degradation.factor**2
    if pixels > MAX_ANSWER_PIXELS:
        raise PictureTooLargeError(
            f"The answer would have {pixels / 1e6:.0f} megapixels over {frames} frame(s), more than "
            f"{MAX_ANSWER_PIXELS / 1e6:.0f}; use a smaller scale."
        )
    return prepared


# The answer as a picture of the source's kind. Free colours no longer fit a palette or one bit.
def _picture(prepared: Prepared, answer: Answer, settings: Request) -> Picture:
    source = prepared.source
    result = replace(source, frames=pixels_like(source, answer.straight))
    if "dds" in source.details:  # mipmaps are made when the file is written
        meaning = {"normals": prepared.domain == "normals", "data_alpha": prepared.data_alpha is not None}
        result = result.replace(details={**source.details, "meaning": meaning})
    if settings.palette == "keep" and prepared.domain != "normals":
        return result
    if source.mode == "1":
        return result.replace(mode="L")
    if source.palette is not None:
        return result.replace(mode="RGBA" if source.has_alpha else "RGB", palette=None)
    return result
