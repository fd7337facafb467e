"""
The errors that users see. Each class has an exit code and a short `code` by which plug-ins recognise it; the message is
one sentence that says what went wrong, where, and what to do.
"""

from __future__ import annotations


class DepixelError(Exception):
    """An error that is reported to the user. `str(error)` is the whole sentence."""

    exit_code = 1
    code = "error"


class BadUsageError(DepixelError):
    """An option or a combination of options that cannot be carried out."""

    exit_code = 2
    code = "usage"


class UnreadablePictureError(DepixelError):
    """The file is damaged, empty, inconsistent, or not a picture."""

    code = "unreadable"


class PictureTooLargeError(DepixelError):
    """The picture, or its answer, has more pixels than the configured limit."""

    code = "too-large"


class UnsupportedPictureError(DepixelError):
    """A well-formed picture of a kind that this version does not handle."""

    code = "unsupported"


class UnsupportedSystemError(DepixelError):
    """This version cannot do something on this operating system."""

    code = "unsupported"


class OutputExistsError(DepixelError):
    """The output exists already, and --overwrite was not given."""

    code = "exists"


class UnwritableOutputError(DepixelError):
    """The output cannot be written: permissions, disk full, a folder that is a file."""

    code = "unwritable"


class WeightsError(DepixelError):
    """Weights are missing, damaged, of the wrong kind, or not safe to load."""

    code = "weights"


class OutOfMemoryError(DepixelError):
    """Even the smallest tile does not fit into memory."""

    code = "memory"


class CancelledError(DepixelError):
    """The user stopped the job; what was finished is kept."""

    exit_code = 130
    code = "cancelled"
