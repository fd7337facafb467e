"""`EngineWorker`: the Upsampler behind the queue. Everything here runs on the jobs' thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from depixel.errors import DepixelError
from depixel.service.wire import ACTIONS, Asked

if TYPE_CHECKING:
    from depixel.consistency import Residual
    from depixel.picture import Picture
    from depixel.report import Report
    from depixel.search.step import SearchStep
    from depixel.upsampler import Upsampler

log = logging.getLogger(__name__)


class EngineWorker:
    """
    Loads torch and the weights in `warm`, so that the web server answers before.

    Args:
        device: as for `Upsampler`.
        weights: kind -> weights other than the released ones.
    """

    def __init__(self, device: str = "auto", weights: Mapping[str, str] | None = None) -> None:
        self._device = device
        self._weights = dict(weights or {})
        self._upsampler: Upsampler | None = None

    def warm(self) -> None:
        """Load torch, then answer one small picture, so that the first user does not pay for first-time work."""
        import numpy as np

        from depixel.picture import Picture
        from depixel.request import Request

        upsampler = self.upsampler()
        small = Picture(frames=(np.zeros((8, 8, 4), np.uint8),))
        try:
            upsampler.upsample(small, Request(domain="art"))
        except DepixelError as error:
            log.warning("%s", error)

    def upsampler(self) -> Upsampler:
        """The engine; made at first use."""
        if self._upsampler is None:
            from depixel.upsampler import Upsampler

            self._upsampler = Upsampler(self._device, self._weights)
        return self._upsampler

    def answer(
        self, picture: Picture, asked: Asked, on_step: Callable[[SearchStep], None], cancelled: Callable[[], bool]
    ) -> Report:
        """
        Do what was asked.

        Raises:
            DepixelError: one sentence.
        """
        if asked.action == "anonymise":
            return self._anonymise(picture, asked, on_step, cancelled)
        return self.upsampler().upsample(picture, asked.settings, on_step, cancelled)

    # One imagined face a seed; each candidate is the whole picture with that face in it. Without a selection all faces
    # that are found are replaced, each by another.
    def _anonymise(
        self, picture: Picture, asked: Asked, on_step: Callable[[SearchStep], None], cancelled: Callable[[], bool]
    ) -> Report:
        from depixel.faces.anonymiser import anonymise
        from depixel.faces.hidden import Place, find_places

        box = asked.settings.box
        places = [Place(box)] if box else find_places(picture) or [Place((0, 0, picture.width, picture.height))]
        reports = []
        for number in range(asked.settings.candidates):
            settings = replace(asked.settings, domain="faces", candidates=1, seed=asked.settings.seed + number)
            changed = picture
            notes: list[str] = []
            residuals: list[Residual] = []
            for place in places:
                wishes = replace(settings, roll=place.roll)
                done = anonymise(
                    self.upsampler(), changed, place.box, asked.kept, wishes, on_step, cancelled,
                    rounded=place.found, way=place.way,
                )  # fmt: skip
                changed = done.picture
                residuals.append(done.report.residual)
                notes += [note for note in done.report.notes if note not in notes]
            whole = replace(done.report.candidates[0], picture=changed, residual=max(residuals))
            reports.append(replace(done.report, candidates=(whole,), scale=1, notes=tuple(notes)))
        return replace(
            reports[0],
            candidates=tuple(report.candidates[0] for report in reports),
            seconds=sum(report.seconds for report in reports),
            settings=asked.settings,
        )

    def about(self) -> dict[str, Any]:
        """Device, models and actions, for `hello`; safe from any thread."""
        from depixel.service.installed_models import model_names

        upsampler = self._upsampler
        return {
            "device": str(upsampler.device) if upsampler is not None else None,
            "models": model_names(),
            "actions": list(ACTIONS),
        }
