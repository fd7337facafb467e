"""Limits of the engine. A request that exceeds one is answered with a sentence, and not stored."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ServiceLimits:
    """Limits of the engine; each is checked before memory is used."""

    body: int = 512 * 2**20  # bytes of one picture on the wire
    waiting: int = 256  # jobs in the queue
    waiting_bytes: int = 2 * 2**30  # of their pictures
    side: int = 65_535  # pixels
    frames: int = 10_000
    kept_bytes: int = 2 * 2**30  # of finished answers that were not fetched
    kept_seconds: float = 600.0  # for which they are kept
    idle_seconds: float = 900.0  # without a request or a job, after which the engine exits; 0 = never
    preview_side: int = 256  # pixels of the longer side
    preview_seconds: float = 0.25  # between two previews
    strangers: int = 64  # connections whose peer has not shown the token
    header_seconds: float = 10.0  # for the first header of a connection; for a stranger, until its answer is sent
    kept_alive_seconds: float = 60.0  # for the next header of one that stays open
    log_bytes: int = 2 * 2**20  # of one log file; the one before is kept
