"""
The facade: pictures in, reports with candidates out. Reads from top to bottom in the order of the data flow.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar

import torch

from depixel.client.target import too_large
from depixel.cores import count_cores, even_parts, side_by_side
from depixel.devices import budget_for, budget_within, choose_device, is_out_of_memory, on_a_sound_thread
from depixel.domain import Domain, requested
from depixel.enlarging.engine import EnlargingEngine
from depixel.enlarging.versions import reads_at_two
from depixel.errors import CancelledError, DepixelError, OutOfMemoryError, PictureTooLargeError
from depixel.exporting.answer import RawAnswer, RawAnswers
from depixel.exporting.finished import finished_picture
from depixel.faces.engine import FaceEngine
from depixel.keying import with_keys
from depixel.meeting import with_neighbours
from depixel.monitor import SILENT, Course, Monitor, SearchStep
from depixel.partition import with_partitions
from depixel.picture import Picture
from depixel.premultiplying import with_premultiplied
from depixel.preparation.detection import detect
from depixel.preparation.prepare import Prepared, prepare
from depixel.preparation.sheets import layout_of
from depixel.priors.base import LatentPrior
from depixel.priors.shelf import Shelf
from depixel.regions import with_regions
from depixel.report import Candidate, Report, joined, single
from depixel.request import MODELS, Request
from depixel.sized import at_size, halved
from depixel.special import Special, answer_special
from depixel.undither import Undither, beside_the_dither

_LEAST_BUDGET = 64 * 64  # small pixels: smaller tiles hardly save memory
_PREPARING = 0.04
"""Share of the time spent on examining pictures before any is enlarged; measured on textures of 1024 pixels."""
_SPECIALS: tuple[Special, ...] = (with_neighbours, with_partitions, with_premultiplied, with_regions)
_T = TypeVar("_T")
_Batches = dict[tuple[Domain, Hashable], list[tuple[int, Prepared]]]
_Part = Sequence[tuple[int, Prepared]]


class DomainEngine(Protocol):
    """Something that answers pictures of one or several kinds."""

    tiled: bool  # with less memory it can work in smaller tiles

    @property
    def prior(self) -> LatentPrior: ...

    def key(self, prepared: Prepared, request: Request) -> Hashable:
        """Pictures of one kind with equal keys may share a batch."""
        ...

    def most(self, prepared: Prepared) -> int:
        """The number of such pictures that fit into one batch."""
        ...

    def share(self, prepared: Prepared, request: Request) -> int:
        """The number of such pictures for one core while other cores answer others; 0 = all cores share a batch."""
        ...

    def answer(self, batch: Sequence[Prepared], request: Request, monitor: Monitor = SILENT) -> list[RawAnswers]:
        """One entry for each picture of the batch."""
        ...


class Upsampler:
    """
    The facade of the engine: answers pictures. It loads each prior at its first use and keeps it.

    Args:
        device: "auto" (CUDA, then Apple's MPS, then the CPU), "cpu", "cuda", "cuda:1", "mps".
        weights: kind ("art", "faces") -> name or path of weights to use instead of the released ones.
    """

    def __init__(self, device: str = "auto", weights: Mapping[str, str] | None = None) -> None:
        self.device = choose_device(device)
        self.shelf = Shelf(self.device, weights)
        self._budget = budget_for(self.device)
        self._undither: Undither | None = None
        self._computing = threading.Lock()  # held by one caller at a time, for what takes all cores

    @property
    def cores(self) -> int:
        """Cores among which small pictures are distributed; 1 on a GPU."""
        return count_cores() if self.device.type == "cpu" else 1

    @property
    def at_once(self) -> int:
        """Calls of `upsample_many` worth making at once: with several cores, one prepares while another computes."""
        return min(2, self.cores)

    def upsample(self, picture: Picture, request: Request, monitor: Monitor = SILENT) -> Report:
        """
        Answer one picture.

        Raises:
            DepixelError: a sentence for the user; CancelledError if the monitor stopped the computation.
        """
        return single(self.upsample_many([picture], request, monitor))

    def upsample_many(
        self, pictures: Sequence[Picture], request: Request, monitor: Monitor = SILENT
    ) -> list[Report | DepixelError]:
        """
        Answer many pictures; small ones share batches. A picture that fails has its DepixelError as entry.

        A picture gets the same answer alone and in any batch. Any thread may call this.

        Raises:
            CancelledError: the monitor stopped the computation.
            BadUsageError: the request is out of range.
        """
        request = request.validated()
        if len(request.models) > 1:
            return self._of_each(pictures, request, monitor)
        specials = _SPECIALS if request.key == "none" else (with_keys,)
        special_outcomes = answer_special(specials, pictures, request, self.upsample_many, monitor)
        if special_outcomes is not None:
            return special_outcomes
        if request.dither == "remove":
            return self._without_dither(pictures, request, monitor)
        self._budget = min(2 * self._budget, budget_for(self.device))  # memory that was short before may be free again
        outcomes: dict[int, Report | DepixelError] = {}
        batches: _Batches = {}
        shortages: dict[Domain, tuple[str, ...]] = {}  # memory shortages while loading
        larger: list[int] = []  # made at scale 4 and reduced to 2
        preparing = monitor.part(0.0, _PREPARING)
        for index, picture in enumerate(pictures):
            monitor.check("Stopped before the picture was finished; nothing was written for it.")
            preparing.step(SearchStep(index, len(pictures), 0.0, stage="preparing"))
            try:
                prepared = _checked(prepare(picture, request, layout_of(picture, request)))
                if reads_at_two(prepared, request):
                    larger.append(index)
                    continue
                domain = prepared.domain
                engine, notes = self._with_room(domain, request, lambda engine: engine)
                shortages[domain] = shortages.get(domain, ()) + notes
                batches.setdefault((domain, engine.key(prepared, request)), []).append((index, prepared))
            except DepixelError as error:
                outcomes[index] = error
        preparing.step(SearchStep(len(pictures), len(pictures), 0.0, stage="preparing"))
        course = Course(monitor.part(_PREPARING, 1.0), [picture.pixel_count for picture in pictures])
        for part, reports in self._answers(batches, request, course, shortages):
            outcomes.update((index, report) for (index, _), report in zip(part, reports, strict=True))
        if larger:
            enlarging = course.part(larger)
            doubled = self.upsample_many([pictures[index] for index in larger], replace(request, scale=4), enlarging)
            for index, answer in zip(larger, doubled, strict=True):
                outcomes[index] = halved(answer, pictures[index], request) if isinstance(answer, Report) else answer
        answers = [outcomes[index] for index in range(len(pictures))]
        return [at_size(a, p) if isinstance(a, Report) else a for a, p in zip(answers, pictures, strict=True)]

    # Whether a picture can be dithered depends on what its colours mean.
    def _without_dither(
        self, pictures: Sequence[Picture], request: Request, monitor: Monitor
    ) -> list[Report | DepixelError]:
        if self._undither is None:
            self._undither = Undither(self.shelf.chosen.get("undither"), self.device)
        kinds = [requested(request.domain) or detect(picture) for picture in pictures]
        clean = [self._undither.of(p) if kind.readable else p for p, kind in zip(pictures, kinds, strict=True)]
        outcomes = self.upsample_many(clean, replace(request, dither="keep"), monitor)
        for index, (outcome, kind) in enumerate(zip(outcomes, kinds, strict=True)):
            if isinstance(outcome, Report):
                report = replace(outcome, settings=request)
                note = f"A picture of kind {kind.name} has no dithering to remove."
                outcomes[index] = (
                    beside_the_dither(report, pictures[index])
                    if kind.readable
                    else replace(report, notes=(*report.notes, note))
                )
        return outcomes

    # One model after the other, so that only one is in use at a time; a picture that one of them refuses has no answer.
    def _of_each(
        self, pictures: Sequence[Picture], request: Request, monitor: Monitor
    ) -> list[Report | DepixelError]:  # fmt: skip
        reports: list[list[Report]] = [[] for _ in pictures]
        errors: dict[int, DepixelError] = {}
        count = len(request.models)
        for k, name in enumerate(request.models):
            one, part = replace(request, model=name, candidates=1), monitor.equal_part(k, count)
            for index, outcome in enumerate(self.upsample_many(pictures, one, part)):
                if isinstance(outcome, Report):
                    reports[index].append(outcome)
                else:
                    errors.setdefault(index, outcome)
        return [errors.get(index) or joined(reports[index], request) for index in range(len(pictures))]

    # Small pictures are answered side by side, by one core each; larger ones one after the other, by all cores.
    def _answers(
        self, batches: _Batches, request: Request, course: Course, shortages: Mapping[Domain, tuple[str, ...]]
    ) -> Iterator[tuple[_Part, Sequence[Report | DepixelError]]]:
        alone: list[_Part] = []
        beside: list[_Part] = []
        for (domain, _), members in batches.items():
            engine, first = self._engine(domain, request), members[0][1]
            if share := engine.share(first, request):
                beside += even_parts(members, share, self.cores)
            else:
                most = engine.most(first)
                alone += [members[i : i + most] for i in range(0, len(members), most)]

        def work(part: _Part, monitor: Monitor) -> Sequence[Report | DepixelError]:
            return self._answer([prepared for _, prepared in part], request, monitor, shortages[part[0][1].domain])

        if len(beside) == 1:
            alone, beside = [*alone, *beside], []
        for part in alone:
            with self._computing:
                reports = work(part, course.part([index for index, _ in part]))
            yield part, reports
        monitor = course.part([index for part in beside for index, _ in part])
        done, total = 0, sum(map(len, beside))

        def finished(index: int) -> None:
            nonlocal done
            done += len(beside[index])
            monitor.step(SearchStep(done, total, 0.0, stage="pictures"))

        quiet = monitor.without_steps()
        # Callers take turns, except on several cores: there, one caller's last parts run beside another's first ones.
        with nullcontext() if self.cores > 1 else self._computing:
            answered = side_by_side([partial(work, part, quiet) for part in beside], finished)
        yield from zip(beside, answered, strict=True)

    def _answer(
        self, batch: list[Prepared], request: Request, monitor: Monitor, shortages: tuple[str, ...]
    ) -> Sequence[Report | DepixelError]:
        started = time.perf_counter()
        domain = batch[0].domain
        try:
            answers, notes = self._with_room(domain, request, lambda engine: engine.answer(batch, request, monitor))
        except CancelledError:
            raise
        except DepixelError as error:
            return [error for _ in batch]
        seconds = (time.perf_counter() - started) / len(batch)
        return [self._report(p, a, request, seconds, shortages + notes) for p, a in zip(batch, answers, strict=True)]

    # `work` by the engine of this kind, repeated with less memory whenever memory runs short.
    def _with_room(
        self, domain: Domain, request: Request, work: Callable[[DomainEngine], _T]
    ) -> tuple[_T, tuple[str, ...]]:  # fmt: skip
        notes: tuple[str, ...] = ()
        while True:
            engine: DomainEngine | None = None
            try:
                engine = self._engine(domain, request)
                return on_a_sound_thread(partial(work, engine)), notes
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            notes = (self._made_room(engine is None or engine.tiled, request.candidates),)

    def _engine(self, domain: Domain, request: Request) -> DomainEngine:
        if not domain.imagined:
            prior = self.shelf.art(request.art_model)
            budget = budget_within(self._budget, self.device, prior.spec.bytes_per_pixel)
            return EnlargingEngine(prior, self.device, budget, self.shelf.chosen.get("detail", ""))
        # A named model is the generator of faces; the model that enlarges its answers is chosen as usual.
        size = request.art_model if request.art_model in MODELS else "auto"
        art = EnlargingEngine(self.shelf.art(size), self.device, self._budget)
        return FaceEngine(self.shelf.faces(request.model), art, self.device)

    # Half the tile, as often as it takes; a GPU that cannot hold even a small one hands over to the CPU. A face has one
    # size and cannot be tiled; to ask for fewer at once is the user's choice. Returns a sentence for the report.
    def _made_room(self, tiled: bool, candidates: int) -> str:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if tiled and self._budget > _LEAST_BUDGET:
            self._budget //= 2
            return f"Memory ran short on {self.device}, so the picture was processed in smaller tiles."
        if self.device.type != "cpu":
            name = self.device.type
            self.device = torch.device("cpu")
            self.shelf = Shelf(self.device, self.shelf.chosen)
            self._budget = budget_for(self.device)
            what = "a small tile" if tiled else "the faces"
            return f"The memory of the {name} device is too small for {what}, so the CPU was used."
        if tiled:
            raise OutOfMemoryError("Even one small tile does not fit into memory: close other programs and try again.")
        if candidates > 1:
            raise OutOfMemoryError(
                f"{candidates} faces at once do not fit into memory: ask for fewer answers or a smaller scale, or "
                "close other programs."
            )
        raise OutOfMemoryError("One face does not fit into memory: ask for a smaller scale, or close other programs.")

    def _report(
        self, prepared: Prepared, answers: RawAnswers, request: Request, seconds: float, notes: tuple[str, ...]
    ) -> Report:
        spec = self._engine(prepared.domain, request).prior.spec
        layout = () if prepared.layout is None else (prepared.layout.note,)
        return Report(
            candidates=tuple(_candidate(prepared, answer, request) for answer in answers.candidates),
            settings=request,
            scale=prepared.scale,
            domain=prepared.domain,
            degradation=prepared.degradation.name,
            model=f"{spec.name} {spec.digest}",
            device=str(self.device),
            wrap=prepared.wrap,
            grid=prepared.grid,
            steps=answers.steps,
            seconds=seconds,
            notes=(*prepared.notes, *answers.notes, *notes, *layout),
        )


def _candidate(prepared: Prepared, answer: RawAnswer, request: Request) -> Candidate:
    score = (answer.residual.rmse / 255) ** 2 if answer.error is None else answer.error
    picture = finished_picture(prepared, answer.straight, request)
    return Candidate(picture, answer.residual, score, answer.seed, answer.imagination, answer.reading)


def _checked(prepared: Prepared) -> Prepared:
    frames, _, height, width = prepared.straight.shape
    pixels = frames * height * width * prepared.degradation.factor**2
    problem = too_large(pixels, frames)
    if problem:
        raise PictureTooLargeError(problem)
    return prepared
