"""
Ctrl-C: the first one ends the work after the current step and keeps what is finished, the second one ends it at once.
SIGTERM ends it as fast as a second Ctrl-C, because its sender does not wait.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

AT_ONCE_SECONDS = 1.5
"""Seconds that an immediate stop may take before the process ends itself, whatever its threads are doing."""

_FLUSH_SECONDS = 0.3
_BACKSTOP_SECONDS = AT_ONCE_SECONDS + 0.4

_ending = threading.Event()  # the process ends at once


class Stop:
    """Whether the user asked to stop. Calling it returns that, so it can serve as a `cancelled` function."""

    def __init__(self) -> None:
        self.is_requested = False
        self.listeners: list[Callable[[], None]] = []
        """Called when the user asks to stop, to wake waiting threads."""
        self.before_end: list[Callable[[], None]] = []
        """Called just before the process ends, if it must end at once."""

    def __call__(self) -> bool:
        return self.is_requested

    def ask(self, number: int, frame: FrameType | None) -> None:
        """Signal handler: note the request to stop; a second request takes effect at once."""
        del frame
        again, self.is_requested = self.is_requested, True
        if again or number == signal.SIGTERM:
            _end_soon(self.before_end)
        for listener in self.listeners:
            listener()
        if again:
            raise KeyboardInterrupt
        if number != signal.SIGTERM:
            sys.stderr.write("\nStopping after this step; what is finished is kept. Ctrl-C again stops at once.\n")


# A decoder in a thread cannot be interrupted, and Python would wait for it. An abrupt end loses nothing, because
# outputs get their names only when they are complete.
def _end_soon(before_end: Sequence[Callable[[], None]]) -> None:
    _ending.set()
    # If a library holds Python's global lock, the timer below never runs; this one needs no lock.
    with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (a descriptor)
        faulthandler.dump_traceback_later(_BACKSTOP_SECONDS, exit=True, file=os.dup(nowhere.fileno()))
    timer = threading.Timer(AT_ONCE_SECONDS, _end, (before_end,))
    timer.daemon = True
    timer.start()


def _end(before_end: Sequence[Callable[[], None]]) -> None:
    for prepare in before_end:
        with suppress(Exception):
            prepare()
    _exit(130)


def finish(code: int) -> int:
    """
    The exit code, unless the user asked to end at once. Then the process ends here, because Python may need seconds to
    delete what was loaded.
    """
    if _ending.is_set():
        _exit(code)
    return code


# The reader of our output may have stopped reading, so the last lines get only a moment.
def _exit(code: int) -> NoReturn:
    flushing = threading.Thread(target=_flush, daemon=True)
    flushing.start()
    flushing.join(_FLUSH_SECONDS)
    os._exit(code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue


@contextmanager
def stop_on_interrupt() -> Iterator[Stop]:
    """Handle Ctrl-C (SIGINT) and SIGTERM while the batch runs, if this is the main thread."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with heard_inside_decoders(stop.before_end):
            yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def heard_inside_decoders(before_end: Sequence[Callable[[], None]] = ()) -> Iterator[None]:
    """
    Let SIGTERM, if it has a handler, and a second Ctrl-C end the process while the main thread is inside a decoder.

    A handler runs only when the main thread is back in Python code. But the signal is written to a socket at once, and
    a thread that reads the socket ends the process, whatever the main thread is doing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    listening, noting = socket.socketpair()
    noting.setblocking(False)
    before = signal.set_wakeup_fd(noting.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_listen, args=(listening, before_end), name="signals", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        noting.close()  # this ends the thread


def _listen(listening: socket.socket, before_end: Sequence[Callable[[], None]]) -> None:
    interrupts = 0
    with listening:
        while numbers := listening.recv(16):
            interrupts += numbers.count(signal.SIGINT)
            if signal.SIGTERM in numbers or interrupts > 1:
                _end_soon(before_end)
