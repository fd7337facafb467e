"""The engine for the folder watcher."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from depixel import __version__
from depixel.batch.engines import PictureEngine
from depixel.domain import ART, is_imagined
from depixel.errors import DepixelError
from depixel.monitor import Monitor
from depixel.picture import Picture
from depixel.report import Report
from depixel.request import Request
from depixel_watch.work.pauses import EngineAwayError

_AWAY = frozenset({"died", "not-installed", "protocol", "token", "busy"})  # errors of the connection, not of a picture


class EngineUpscaler:
    """
    An `Upscaler` that uses an `Upsampler` or the shared engine.

    Raises:
        DepixelError: the engine does not answer a tiny picture.
    """

    def __init__(
        self, engine: PictureEngine, settings: Request, cancelled: Callable[[], bool], *, shared: bool = False
    ) -> None:
        settings, self.scale = settings.with_one_scale()
        self._engine, self._settings, self._cancelled, self._shared = engine, settings, cancelled, shared
        self.kind = settings.domain
        # Upscaling a tiny picture warms the engine and tells which model it uses.
        probe = self._probe()
        if isinstance(probe, DepixelError):
            raise probe
        self.device = probe.device
        models = [probe.model]
        if is_imagined(settings.domain):  # another network enlarges the surroundings of a face
            around = self._probe(Request(scale=settings.scale, domain=ART.name))
            models.append(around.model if isinstance(around, Report) else "")
        self.recipe = json.dumps([settings.to_dict(), *models, __version__], sort_keys=True)

    @property
    def at_once(self) -> int:
        """Calls of `upscale` that are worth making at once."""
        return 1 if self._shared else int(getattr(self._engine, "at_once", 1))

    def _probe(self, settings: Request | None = None) -> Report | DepixelError:
        tiny = Picture((np.zeros((4, 4, 3), np.uint8),), mode="RGB")
        return self._engine.upsample_many([tiny], settings or self._settings)[0]

    def wrap_of(self, picture: Picture) -> str:
        """The engine's own decision for this picture."""
        from depixel.preparation.keys import without_ground
        from depixel.preparation.prepare import prepare

        x, y = prepare(without_ground(picture, self._settings), self._settings).wrap
        return ("x" if x else "") + ("y" if y else "") or "none"

    def detect(self, picture: Picture) -> str:
        """The engine's decision for this picture without its name."""
        from depixel.preparation.content import kind_by_content

        return kind_by_content(picture)

    def loss(self, written: Picture, source: Picture, hints: Mapping[str, Any]) -> str:
        """How exactly a file, read back, scales back; empty if the sizes do not match."""
        from depixel.labels import describe_residual
        from depixel.projecting import measure_with_decisions

        settings = self._settings.over({key: value for key, value in hints.items() if key != "frames"})
        try:
            residual, prepared = measure_with_decisions(written, source, settings)
        except DepixelError:
            return ""
        return describe_residual(residual, prepared.degradation.name, prepared.grid)

    def upscale(
        self, pictures: Sequence[Picture], hints: Mapping[str, Any], scale: int
    ) -> list[Picture | DepixelError]:
        """
        One answer per picture; typed options take precedence over the profile.

        Raises:
            EngineAwayError: the shared engine does not answer; this is not the fault of a picture.
        """
        settings = replace(self._settings.over(hints), scale=scale)
        groups = [[picture] for picture in pictures] if self._shared else [pictures]
        answers: list[Picture | DepixelError] = []
        for group in groups:
            for report in self._engine.upsample_many(group, settings, Monitor(cancelled=self._cancelled)):
                if isinstance(report, DepixelError) and report.code in _AWAY and self._is_away():
                    raise EngineAwayError(f"{report} The rest waits for it; nothing is lost.") from report
                answers.append(report if isinstance(report, DepixelError) else report.picture)
        return answers

    # An engine that died while working on one picture answers the next one.
    def _is_away(self) -> bool:
        return isinstance(self._probe(), DepixelError)
