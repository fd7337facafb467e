"""`EngineWorker`: the Upsampler behind the queue. Everything here runs on the jobs' thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from depixel.errors import DepixelError, UnsupportedPictureError
from depixel.service.wire import Asked

if TYPE_CHECKING:
    from depixel.picture import Picture
    from depixel.search.step import SearchStep
    from depixel.upsampler import Report, Upsampler

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
        from depixel.settings import SearchSettings

        upsampler = self.upsampler()
        small = Picture(frames=(np.zeros((8, 8, 4), np.uint8),))
        try:
            upsampler.upsample(small, SearchSettings(domain="art"))
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
        if asked.action != "upscale":
            raise UnsupportedPictureError(f"This engine cannot {asked.action} yet; update Depixel.")
        return self.upsampler().upsample(picture, asked.settings, on_step, cancelled)

    def about(self) -> dict[str, Any]:
        """Device, models and actions, for `hello`; safe from any thread."""
        from depixel.service.installed_models import model_names

        upsampler = self._upsampler
        return {
            "device": str(upsampler.device) if upsampler is not None else None,
            "models": model_names(),
            "actions": ["upscale"],
        }
