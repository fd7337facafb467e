"""`EngineWorker`: the Upsampler behind the queue. Everything here runs on the jobs' thread."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Any

from depixel.domain import ART, FACES
from depixel.errors import DepixelError
from depixel.monitor import Monitor
from depixel.service.errands import Errand, FileOutcome
from depixel.service.wire import ACTIONS, JobSpec

if TYPE_CHECKING:
    from depixel.picture import Picture
    from depixel.report import Report
    from depixel.upsampler import Upsampler

log = logging.getLogger(__name__)

_TIMED = 64
"""Pixels per side of the picture with which the engine's speed is measured."""
_TIMES = 3
"""How often it is measured; the median counts, because other programs disturb single measurements."""


class EngineWorker:
    """
    Loads torch and the weights in `warm`, so that the web server can answer earlier.

    Args:
        device: as for `Upsampler`.
        weights: kind -> weights to use instead of the released ones.
    """

    def __init__(self, device: str = "auto", weights: Mapping[str, str] | None = None) -> None:
        self._device = device
        self._weights = dict(weights or {})
        self._upsampler: Upsampler | None = None
        self._pixel_seconds: float | None = None

    def warm(self) -> None:
        """
        Load torch, answer a small picture, so that the first real one does not wait for initialisation, and measure the
        engine's speed.
        """
        import numpy as np

        from depixel.picture import Picture
        from depixel.request import Request

        upsampler = self.upsampler()
        request = Request(domain=ART.name, ensemble=1)
        try:
            upsampler.upsample(Picture(frames=(np.zeros((8, 8, 4), np.uint8),)), request)
            noise = np.random.default_rng(0).integers(0, 256, (_TIMED, _TIMED, 4), np.uint8)
            timed = [upsampler.upsample(Picture(frames=(noise,)), request).seconds for _ in range(_TIMES)]
        except DepixelError as error:
            log.warning("%s", error)
        else:
            self._pixel_seconds = median(timed) / _TIMED**2

    def upsampler(self) -> Upsampler:
        """The engine; created at first use."""
        if self._upsampler is None:
            from depixel.upsampler import Upsampler

            self._upsampler = Upsampler(self._device, self._weights)
        return self._upsampler

    def answer(self, picture: Picture | Errand, spec: JobSpec, monitor: Monitor) -> Report | FileOutcome:
        """
        Carry out a request.

        Raises:
            DepixelError: one sentence.
        """
        if isinstance(picture, Errand):
            return picture.run(self.upsampler(), monitor)
        if spec.action == "anonymise":
            return self._anonymise(picture, spec, monitor)
        return self.upsampler().upsample(picture, spec.settings, monitor)

    # Without a selection, every face that is found is replaced, each with a different one.
    def _anonymise(self, picture: Picture, spec: JobSpec, monitor: Monitor) -> Report:
        from depixel.faces.anonymiser import anonymised_candidates
        from depixel.faces.hidden import HiddenPlace, find_places

        box = spec.settings.box
        whole = HiddenPlace((0, 0, picture.width, picture.height))
        places = [HiddenPlace(box)] if box else find_places(picture) or [whole]
        request = replace(spec.settings, domain=FACES.name)
        report = anonymised_candidates(self.upsampler(), picture, places, spec.kept, request, monitor)
        return replace(report, settings=spec.settings)

    def about(self) -> dict[str, Any]:
        """
        Device, models, actions, and the seconds that one pixel takes at scale 4 (None = not measured yet), for `hello`;
        safe from any thread.
        """
        from depixel.service.installed_models import model_names

        upsampler = self._upsampler
        return {
            "device": str(upsampler.device) if upsampler is not None else None,
            "models": model_names(),
            "pixel_seconds": self._pixel_seconds,
            "actions": list(ACTIONS),
        }
