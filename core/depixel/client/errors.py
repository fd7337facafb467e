"""Everything that can go wrong between a program and the engine: `str(error)` is one sentence for its user."""

from __future__ import annotations


class EngineError(Exception):
    """
    The engine could not do what was asked. `str(error)` is the whole sentence, to be shown as it is.

    `code` is the engine's short word where the sentence came from there ("usage", "memory", "too-large",
    "unsupported", "weights" ...), and the word of the class otherwise.
    """

    code = "error"

    def __init__(self, sentence: str, code: str = "") -> None:
        super().__init__(sentence)
        self.code = code or type(self).code


class BadOptionError(EngineError):
    """A value in a dialog or a script is out of range; found before anything is sent."""

    code = "usage"


class NotInstalledError(EngineError):
    """No engine is running and none is recorded that could be started."""

    code = "not-installed"


class WrongVersionError(EngineError):
    """The engine speaks another protocol than this client."""

    code = "protocol"


class EngineDiedError(EngineError):
    """The engine did not start, or stopped during a job, twice."""

    code = "died"


class CancelledError(EngineError):
    """The job was cancelled by the user."""

    code = "cancelled"
