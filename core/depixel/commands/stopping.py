"""Ctrl-C as a wish: the first ends the batch after the present step and keeps what is finished, the second at once."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Whether the user asked to stop. Call it to know: it fits wherever a `cancelled` function is wanted."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self) -> bool:
        return self.asked

    def ask(self, number: int, frame: FrameType | None) -> None:
        """Signal handler: remember the wish; a second one is carried out on the spot."""
        del number, frame
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        sys.stderr.write("\nStopping after this step; what is finished is kept. Ctrl-C again stops at once.\n")


@contextmanager
def stop_on_interrupt() -> Iterator[Stop]:
    """Listen to Ctrl-C (SIGINT) and SIGTERM while the batch runs, where this is the main thread."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
