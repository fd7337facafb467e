"""The errors between a program and the engine: `str(error)` is one sentence for the user."""

from __future__ import annotations


class EngineError(Exception):
    """
    The engine could not carry out the request. `str(error)` is a whole sentence, to be shown unchanged.

    `code` is the engine's error code where the sentence came from the engine ("usage", "memory", "too-large",
    "unsupported", "weights" ...), otherwise the code of the class.
    """

    code = "error"

    def __init__(self, sentence: str, code: str = "") -> None:
        super().__init__(sentence)
        self.code = code or type(self).code


class BadOptionError(EngineError):
    """A value in a dialog or a script is out of range; raised before anything is sent."""

    code = "usage"


class NotInstalledError(EngineError):
    """No engine is running, and there is no record of how to start one."""

    code = "not-installed"


class WrongVersionError(EngineError):
    """The engine speaks a different version of the protocol."""

    code = "protocol"


class EngineDiedError(EngineError):
    """The engine did not start, or stopped twice during a job."""

    code = "died"


class CancelledError(EngineError):
    """The job was cancelled by the user."""

    code = "cancelled"
