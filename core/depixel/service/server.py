"""The engine's process: it listens, publishes its record, works, and exits on request or when it has been idle."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn

from depixel import __version__
from depixel.client.place import Place, Running, UnsafeFolderError
from depixel.client.protocol import PROTOCOL
from depixel.errors import DepixelError
from depixel.service.app import make_app
from depixel.service.connections import Connections, protocol_for
from depixel.service.guard import Guard, Token
from depixel.service.jobs import Jobs, Worker
from depixel.service.limits import ServiceLimits
from depixel.service.pack_folder import PackFolder
from depixel.service.page_sessions import PageSessions
from depixel.terminal.stopping import stop_on_interrupt

log = logging.getLogger(__name__)

_LOCK_SECONDS = 20.0  # an engine that is exiting may need this long
_LEAVE_SECONDS = 10.0  # for the current step, if Ctrl-C stops the engine


class AlreadyRunningError(DepixelError):
    """Another engine of this user is running."""

    code = "running"


def serve(
    worker: Worker,
    about: Callable[[], dict[str, Any]],
    place: Place,
    limits: ServiceLimits,
    port: int = 0,
    lock_seconds: float = _LOCK_SECONDS,
    on_start: Callable[[Running, str], None] | None = None,
) -> None:
    """
    Serve until stopped by a signal, by a client, or by idleness.

    Args:
        about: facts for `hello` that the worker knows.
        port: 0 = any free one.
        on_start: called with a key for the page once the engine listens.

    Raises:
        AlreadyRunningError: another engine of this user runs.
        DepixelError: the port or the folder cannot be used.
    """
    try:
        began = time.monotonic()
        while True:
            with place.lock("engine.lock") as ours:
                if ours:
                    sessions = PageSessions(Path(place.path("page.json")))
                    listener = _listen(port, sessions.port)
                    asyncio.run(_Process(worker, about, place, limits, sessions).run(listener, on_start))
                    return
            if time.monotonic() - began > lock_seconds:
                record = place.running()
                where = f" on port {record.port}" if record else ""
                raise AlreadyRunningError(
                    f"A Depixel engine is already running{where}; `depixel serve --stop` ends it."
                )
            time.sleep(0.1)
    except UnsafeFolderError as error:
        raise DepixelError(str(error)) from error
    except OSError as error:
        raise DepixelError(f"The folder {place.folder} or port {port} cannot be used: {error}.") from error


# If any port will do, use the one at which tabs of the previous engine look for it.
def _listen(port: int, last: int) -> socket.socket:
    # asyncio switches Nagle's algorithm off only on sockets whose protocol is known to be TCP. With it, every answer
    # whose headers and body are sent separately waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port or last))
    except OSError:
        if port or not last:
            raise
        listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


class _Server(uvicorn.Server):
    """uvicorn, but `_Process` handles the signals, because uvicorn would raise them again before our own clean-up."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def leave(self) -> None:
        """Answer the requests in progress, then end."""
        self.should_exit = True


class _Process:
    def __init__(
        self,
        worker: Worker,
        about: Callable[[], dict[str, Any]],
        place: Place,
        limits: ServiceLimits,
        sessions: PageSessions,
    ) -> None:
        self._sessions = sessions
        self._worker = worker
        self._about = about
        self._place = place
        self._limits = limits

    async def run(self, listener: socket.socket, on_start: Callable[[Running, str], None] | None) -> None:
        port = listener.getsockname()[1]
        token = Token()
        connections = Connections(self._limits)
        jobs = Jobs(self._worker, self._limits, asyncio.get_running_loop())
        draining = False

        def stop() -> None:
            nonlocal draining
            draining = True
            jobs.close(drain=True)

        packs = PackFolder(self._place)
        packs.delete()  # left by an engine that was killed
        app = make_app(jobs, self._about, stop, self._limits, self._sessions, packs)
        server = _Server(
            uvicorn.Config(
                Guard(app, token, port, connections, self._sessions),
                log_config=None,
                access_log=False,
                server_header=False,
                ws="none",
                http=protocol_for(connections),
                lifespan="off",
                h11_max_incomplete_event_size=256 * 1024,  # a header holds the palette and the name
                timeout_keep_alive=int(self._limits.kept_alive_seconds),
                timeout_graceful_shutdown=int(_LEAVE_SECONDS),
            )
        )
        try:
            with stop_on_interrupt() as interrupts:  # before a client can find the engine and stop it
                interrupts.listeners.append(server.leave)
                interrupts.before_end += [self._forget, packs.delete]
                await self._serve(listener, server, jobs, token, on_start, lambda: draining)
        finally:  # a second Ctrl-C raises KeyboardInterrupt
            packs.delete()

    async def _serve(
        self,
        listener: socket.socket,
        server: _Server,
        jobs: Jobs,
        token: Token,
        on_start: Callable[[Running, str], None] | None,
        draining: Callable[[], bool],
    ) -> None:
        port = listener.getsockname()[1]
        running = _record(port, token)
        watch = None
        try:
            self._place.write_running(running)
            self._sessions.publish(port)
            jobs.start()
            if on_start is not None:
                on_start(running, self._sessions.new_key())
            watch = asyncio.ensure_future(self._watch(jobs, server, port, token, draining))
            await server.serve(sockets=[listener])
        finally:
            if watch is not None:
                watch.cancel()
            self._forget()
            jobs.close(drain=False)
            listener.close()
            if jobs.started and not await asyncio.to_thread(jobs.join, _LEAVE_SECONDS):
                log.warning("the last step did not end within %.0f seconds; exiting without it", _LEAVE_SECONDS)

    def _forget(self) -> None:
        self._place.forget_running(os.getpid())

    # Once a second: drop answers that were not fetched, repair the record, and check whether to exit.
    async def _watch(
        self, jobs: Jobs, server: uvicorn.Server, port: int, token: Token, draining: Callable[[], bool]
    ) -> None:
        while not server.should_exit:
            await asyncio.sleep(0.2 if draining() else 1.0)
            jobs.sweep()
            self._publish_again(port, token)
            self._place.trim_log(self._limits.log_bytes)
            if jobs.count:
                continue
            idle = time.monotonic() - jobs.active
            if draining():
                if idle > 0.5:  # answers to the last job may still be in transit
                    server.should_exit = True
            elif self._limits.idle_seconds and idle > self._limits.idle_seconds:
                log.info("no requests for %.0f seconds: exiting", idle)
                self._forget()
                jobs.close(drain=True)
                server.should_exit = True
        jobs.close(drain=False)  # stopped by a signal: streams end with "cancelled" instead of hanging

    # If the record was deleted, changed or opened to others, no program could connect while this engine holds the lock.
    # Others may also have read the token.
    def _publish_again(self, port: int, token: Token) -> None:
        if self._place.running() == _record(port, token):
            return
        path = self._place.path("running.json")
        log.warning("the record %s was changed or deleted: writing it again", path)
        token.replace()
        try:
            self._place.write_running(_record(port, token))
        except OSError as error:
            log.warning("the record cannot be written: %s", error)


def _record(port: int, token: Token) -> Running:
    return Running(os.getpid(), port, token.value, PROTOCOL, __version__)
