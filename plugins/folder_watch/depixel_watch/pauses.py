"""What is no file's fault: the watcher waits, says so, and goes on when it can."""

from __future__ import annotations

import errno

from depixel.errors import DepixelError, UnwritableOutputError


class PauseError(DepixelError):
    """Nothing can be done for the moment; what is finished is kept."""


class DiskFullError(PauseError, UnwritableOutputError):
    """There is no room for outputs."""


class EngineAwayError(PauseError):
    """The shared engine does not answer."""


FULL = "The disk of {} is full: waiting for room; nothing is lost."


def as_pause(error: BaseException | None) -> PauseError | None:
    """The pause that an error means, looked for along its causes; None when it is about one file."""
    while error is not None:
        if isinstance(error, PauseError):
            return error
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return DiskFullError(FULL.format("the output folder"))
        error = error.__cause__
    return None
