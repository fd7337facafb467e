"""
Ctrl-C: the first one ends the work after the present step and keeps what is finished, the second one ends it at once.
SIGTERM ends it as fast as a second Ctrl-C, because its sender does not wait.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

AT_ONCE_SECONDS = 1.5
"""Seconds that an immediate stop may take before the process ends itself, whatever its threads are doing."""


class Stop:
    """Whether the user asked to stop. Calling it returns that, so it can serve as a `cancelled` function."""

    def __init__(self) -> None:
        self.asked = False
        self.listeners: list[Callable[[], None]] = []
        """Called when the user asks to stop, to wake waiting threads."""

    def __call__(self) -> bool:
        return self.asked

    def ask(self, number: int, frame: FrameType | None) -> None:
        """Signal handler: note the request to stop; a second request takes effect at once."""
        del frame
        again, self.asked = self.asked, True
        if again or number == signal.SIGTERM:
            _end_soon()
        for listener in self.listeners:
            listener()
        if again:
            raise KeyboardInterrupt
        if number != signal.SIGTERM:
            sys.stderr.write("\nStopping after this step; what is finished is kept. Ctrl-C again stops at once.\n")


# A decoder in a thread cannot be interrupted, and Python would wait for it. An abrupt end loses nothing, because
# outputs get their names only when they are complete.
def _end_soon() -> None:
    timer = threading.Timer(AT_ONCE_SECONDS, _end)
    timer.daemon = True
    timer.start()


def _end() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
    os._exit(130)


@contextmanager
def stop_on_interrupt() -> Iterator[Stop]:
    """Handle Ctrl-C (SIGINT) and SIGTERM while the batch runs, if this is the main thread."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with _heard_inside_decoders():
            yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# A handler runs only when the main thread is back in Python code. But the signal is written to a socket at once, and a
# thread that reads the socket ends the process, whatever the main thread is doing.
@contextmanager
def _heard_inside_decoders() -> Iterator[None]:
    listening, noting = socket.socketpair()
    noting.setblocking(False)
    before = signal.set_wakeup_fd(noting.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_listen, args=(listening,), name="signals", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        noting.close()  # this ends the thread


def _listen(listening: socket.socket) -> None:
    interrupts = 0
    with listening:
        while numbers := listening.recv(16):
            interrupts += numbers.count(signal.SIGINT)
            if signal.SIGTERM in numbers or interrupts > 1:
                _end_soon()
