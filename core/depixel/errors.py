"""
The errors a user may meet. Each class owns its exit code and the short word (`code`) by which it travels to a plug-in;
its message is one sentence that says what went wrong, where, and what to do.
"""

from __future__ import annotations


class DepixelError(Exception):
    """Anything Depixel reports to its user. `str(error)` is the whole sentence."""

    exit_code = 1
    code = "error"


class BadUsageError(DepixelError):
    """An option or a combination of options that cannot be carried out."""

    exit_code = 2
    code = "usage"


class UnreadablePictureError(DepixelError):
    """The file is damaged, empty, lies about itself, or is no picture."""

    code = "unreadable"


class PictureTooLargeError(DepixelError):
    """The picture, or the answer asked for, is over the configured limit of pixels."""

    code = "too-large"


class UnsupportedPictureError(DepixelError):
    """A well-formed picture of a kind that this version does not handle."""

    code = "unsupported"


class UnsupportedSystemError(DepixelError):
    """Something that this version cannot do on this operating system."""

    code = "unsupported"


class OutputExistsError(DepixelError):
    """The output is there already and nobody said --overwrite."""

    code = "exists"


class UnwritableOutputError(DepixelError):
    """The output cannot be written: permissions, disk full, a folder that is a file."""

    code = "unwritable"


class WeightsError(DepixelError):
    """Weights that are missing, damaged, of another kind, or not safe to load."""

    code = "weights"


class OutOfMemoryError(DepixelError):
    """Not even the smallest tile fits into memory."""

    code = "memory"


class CancelledError(DepixelError):
    """The user stopped the job; what was finished is kept."""

    exit_code = 130
    code = "cancelled"
