"""Small JSON files of this user that GIMP and Krita share, stored next to the engine's records (`Place`)."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any, Dict, Iterator, Optional

from .errors import EngineError
from .json_text import parse_json
from .place import Place

_PATIENCE = 2.0  # seconds to wait for another program that is writing
_LARGEST = 2**20  # bytes


class JsonFile:
    """
    One JSON object in a file. A write is complete or does not happen; a file that cannot be read is never overwritten.

    Args:
        place: the folder; None = this user's.
    """

    def __init__(self, name: str, place: Optional[Place] = None) -> None:
        self._place = place or Place()
        self._name = name
        self.path = self._place.path(name)

    def read(self) -> Dict[str, Any]:
        """
        The object; {} when there is no file.

        Raises:
            EngineError: the file cannot be read, or holds something else.
        """
        problem = self._place.problem()
        if problem:
            raise EngineError(problem, "folder")
        try:
            with open(self.path, "rb") as file:
                values = parse_json(file.read(_LARGEST))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise EngineError("The file %s cannot be read (%s): repair or delete it." % (self.path, error)) from error
        if not isinstance(values, dict):
            raise EngineError("The file %s does not hold a JSON object: repair or delete it." % self.path)
        return values

    @contextlib.contextmanager
    def changing(self) -> Iterator[Dict[str, Any]]:
        """
        The object, to be changed in place; it is written at the end, and no other program can change it meanwhile.

        Raises:
            EngineError: as `read`; the file cannot be written, or another program holds it.
        """
        try:
            with self._locked():
                values = self.read()
                yield values
                data = json.dumps(values, indent=1).encode("utf-8")
                if len(data) > _LARGEST:
                    raise EngineError("The file %s would become larger than %d bytes." % (self.path, _LARGEST))
                self._place.write(self._name, data)
        except OSError as error:
            raise EngineError("The file %s cannot be written (%s)." % (self.path, error)) from error

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        deadline = time.monotonic() + _PATIENCE
        while True:
            with self._place.lock(self._name + ".lock") as ours:
                if ours:
                    yield
                    return
            if time.monotonic() > deadline:
                raise EngineError("Another program is writing %s: try again." % self.path)
            time.sleep(0.05)
