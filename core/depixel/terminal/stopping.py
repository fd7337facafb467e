"""
Ctrl-C as a wish: the first ends the work after the present step and keeps what is finished, the second at once. SIGTERM
gets as long as a second Ctrl-C: whoever sends it does not wait.
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
"""How long a stop at once may take before the process ends itself, whatever its threads are doing."""


class Stop:
    """Whether the user asked to stop. Call it to know: it fits wherever a `cancelled` function is wanted."""

    def __init__(self) -> None:
        self.asked = False
        self.listeners: list[Callable[[], None]] = []
        """Called when the wish comes, to wake who waits."""

    def __call__(self) -> bool:
        return self.asked

    def ask(self, number: int, frame: FrameType | None) -> None:
        """Signal handler: remember the wish; a second one is carried out on the spot."""
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


# A decoder in a thread cannot be interrupted, and Python would wait for it. Nothing is lost by an end without goodbye:
# outputs have their names only when they are whole.
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
    """Listen to Ctrl-C (SIGINT) and SIGTERM while the batch runs, where this is the main thread."""
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


# A handler waits until the main thread is back in Python. The system notes the signal in a socket at once, and a thread
# that reads there ends the process, wherever the main thread is.
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
        noting.close()  # which ends the thread


def _listen(listening: socket.socket) -> None:
    interrupts = 0
    with listening:
        while numbers := listening.recv(16):
            interrupts += numbers.count(signal.SIGINT)
            if signal.SIGTERM in numbers or interrupts > 1:
                _end_soon()
