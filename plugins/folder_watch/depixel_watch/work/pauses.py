"""Problems that no file causes: the watcher waits, announces them, and continues when it can."""

from __future__ import annotations

import errno

from depixel.errors import DepixelError, UnwritableOutputError


class PauseError(DepixelError):
    """Work is impossible at the moment; finished outputs are kept."""


class DiskFullError(PauseError, UnwritableOutputError):
    """There is no space for outputs."""


class EngineAwayError(PauseError):
    """The shared engine does not answer."""


class OutputAwayError(PauseError, UnwritableOutputError):
    """The output folder is not usable."""


class OutputDeletedError(OutputAwayError):
    """The output folder was deleted during the work. Everything is processed again."""


_MAY_PASS = (errno.EACCES, errno.EPERM, errno.EBUSY, errno.EROFS, errno.EIO, errno.EEXIST, errno.ENOTDIR, errno.ENOENT)

FULL = "The disk of {} is full: waiting for space; nothing is lost."

AWAY = "The output folder {} cannot be used ({}): waiting for it; nothing is lost."

DELETED = "The output folder {} was deleted: starting again. To delete it for good, stop `depixel watch` first."


def may_pass(error: BaseException | None) -> bool:
    """Whether an output could not be written for a reason that may be resolved without a change of its source."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _MAY_PASS:
            return True
        error = error.__cause__
    return False


def as_pause(error: BaseException | None) -> PauseError | None:
    """The pause that an error or one of its causes means; None if it concerns a single file."""
    while error is not None:
        if isinstance(error, PauseError):
            return error
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return DiskFullError(FULL.format("the output folder"))
        error = error.__cause__
    return None


_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is full",
    errno.ENAMETOOLONG: "the name is too long for this file system",
    errno.EROFS: "the disk is read-only",
}


def reason_of(error: BaseException) -> str:
    """The system's reason, for the middle of a sentence."""
    number = getattr(error, "errno", None) or 0
    return _REASONS.get(number) or str(getattr(error, "strerror", None) or error).lower()
