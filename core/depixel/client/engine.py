"""
`Engine`: finds or starts the engine, sends it work, and turns everything that can happen into events or one sentence.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from typing import Any, Dict, Generator, Iterator, Optional, Sequence, Tuple
from urllib.parse import urlsplit

from . import launch
from .connection import Connection, NotTheEngineError, answer_of, ask, headers, json_object, refusal
from .errors import CancelledError, EngineDiedError, EngineError, NotInstalledError, WrongVersionError
from .place import Place, Running
from .protocol import (
    PROTOCOL,
    RAW,
    REQUEST_HEADER,
    Answer,
    Event,
    Queued,
    Result,
    Starting,
    Submission,
    Welcome,
    answer_from_dict,
    progress_from_dict,
)

_SILENCE = 120.0  # seconds of silence before the engine counts as hung; it sends something every half second
_PATIENCE = 30.0  # seconds to wait for a welcome: the engine may be loading torch from a slow disk
_LOST = (OSError, http.client.HTTPException)


class Engine:
    """
    The engine as a program sees it. Creating one costs nothing; the first request finds or starts the process.

    Args:
        program: the caller: "gimp", "krita", "command line", "watch". Error messages name the command that helps it.
        place: the folder through which engine and client find each other; None = this user's.
        url: "http://127.0.0.1:PORT", or with a token "http://:TOKEN@127.0.0.1:PORT", of an engine that was started by
            hand; this client never restarts it.
    """

    def __init__(self, program: str, place: Optional[Place] = None, url: Optional[str] = None) -> None:
        self.program = program
        self.place = place or Place()
        self._fixed = _from_url(url, self.place) if url else None

    def hello(self) -> Welcome:
        """
        The engine's welcome; starts the engine if none is running.

        Raises:
            EngineError: one sentence.
        """
        try:
            return self._welcome(self._running())
        except _LOST as error:
            if self._fixed is not None:
                raise EngineDiedError(self._gone(error)) from None
        for _ in launch.start(self.place, self.program):
            pass
        try:
            return self._welcome(self._running())
        except _LOST as error:
            raise EngineDiedError(self._gone(error)) from None

    def state(self) -> Tuple[str, str]:
        """(word, sentence) without starting anything: "running", "silent", "stopped", "not-installed", "protocol"."""
        launch.reap()
        try:
            welcome = self._welcome(self._running(), timeout=2.0)
        except WrongVersionError as error:
            return "protocol", str(error)
        except EngineDiedError as error:
            return "silent", str(error)
        except (EngineError, OSError, http.client.HTTPException):
            try:
                launch.how_to_start(self.place, self.program)
            except NotInstalledError as error:
                return "not-installed", str(error)
            return "stopped", "The Depixel engine is not running; it starts with the first picture."
        busy = ", %d waiting" % welcome.queued if welcome.queued else ""
        where = " on %s" % welcome.device if welcome.device else ", warming up"
        return "running", "Depixel %s is running%s%s." % (welcome.version, where, busy)

    def upscale(self, submission: Submission) -> "JobHandle":
        """A job for the submission; nothing is sent until it is iterated."""
        return JobHandle(self, submission)

    def page_key(self, files: Sequence[Tuple[str, str]] = (), note: Optional[str] = None) -> Tuple[int, str]:
        """
        (port, key) of the engine's page: the key opens it once, within a few minutes. Starts the engine if needed.

        Args:
            files: (absolute path, name to show) of files that the page fetches when it opens.
            note: path of a file that the engine deletes once the key has been used.

        Raises:
            EngineError: one sentence.
        """
        self.hello()
        running = self._running()
        body = json.dumps({"files": [{"path": path, "name": name} for path, name in files], "note": note})
        status, values, _ = ask(running, "POST", "/page/keys", body=body.encode("ascii"))
        if status != 200:
            raise refusal(status, values)
        return running.port, str(values["key"])

    def stop(self) -> bool:
        """Ask a running engine of any version to finish its job and exit; False if none is running."""
        try:
            running = self._fixed or self.place.running()
            if running is None or (self._fixed is None and self.place.is_vacant()):
                return False
            status, _, _ = ask(running, "POST", "/shutdown")
        except (EngineError, OSError, http.client.HTTPException):
            return False
        return status < 300

    def _running(self) -> Running:
        running = self._fixed or self.place.running()
        if running is None:
            raise ConnectionRefusedError("no engine is on record")
        if running.protocol != PROTOCOL:
            if self._fixed is None and self.place.is_vacant():
                raise ConnectionRefusedError("the engine of the record has ended")
            raise WrongVersionError(self._mismatch(running.protocol, running.version))
        return running

    def _welcome(self, running: Running, timeout: Optional[float] = None) -> Welcome:
        try:
            status, values, _ = ask(running, "GET", "/hello", timeout=timeout or _PATIENCE)
        except socket.timeout as error:
            if self._fixed is None and self.place.is_vacant():
                raise ConnectionRefusedError("the engine of the record has ended") from error
            raise EngineDiedError(
                "The Depixel engine is running but does not answer: wait a moment, or run `depixel serve --stop`; its "
                "log is %s." % self.place.log
            ) from error
        if status != 200:
            raise refusal(status, values)
        welcome = Welcome.from_dict(values)
        if welcome.protocol != PROTOCOL:
            raise WrongVersionError(self._mismatch(welcome.protocol, welcome.version))
        return welcome

    def _mismatch(self, protocol: int, version: str) -> str:
        return (
            "%s speaks version %d of Depixel's protocol and the running engine %s speaks version %d: "
            "run `depixel serve --stop` and `%s`, then start %s again."
            % (_title(self.program), PROTOCOL, version, protocol, launch.install_command(self.program),
               _title(self.program))
        )  # fmt: skip

    def _gone(self, error: BaseException) -> str:
        if self._fixed is not None and isinstance(error, NotTheEngineError):
            return (
                "Another program is answering at 127.0.0.1:%d, or the token is wrong: the engine's token is in its "
                "running.json." % self._fixed.port
            )
        if self._fixed is not None:
            return (
                "No Depixel engine answers at 127.0.0.1:%d: start one with `depixel serve`, or leave out --engine."
                % self._fixed.port
            )
        words = self.place.last_words()
        return "The Depixel engine stopped unexpectedly, twice%s; its log is %s." % (
            " (%s)" % words[:200] if words else "",
            self.place.log,
        )


class JobHandle:
    """
    The client's handle of a job in the engine. Iterating yields `Starting`, `Queued`, `Progress` ... and finally
    `Result`.

    If the engine dies meanwhile, a new one is started and the job runs again, once. Leaving the loop early, or
    `cancel()` from any thread, stops the search within one step.

    Raises (while iterating):
        CancelledError: after `cancel()`.
        EngineError: anything else, as one sentence for the user.
    """

    def __init__(self, engine: Engine, submission: Submission) -> None:
        self._engine = engine
        self._submission = submission
        self._cancelled = threading.Event()
        self._at: Optional[Tuple[Running, str]] = None  # the engine and the job's address in it
        self._events = self._run()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        return next(self._events)

    def result(self) -> Result:
        """Wait for the result and ignore all other events."""
        for event in self:
            if isinstance(event, Result):
                return event
        raise EngineError("The Depixel engine ended the job without an answer; its log is %s." % self._engine.place.log)

    def cancel(self) -> None:
        """Stop the job. May be called from any thread, at any time and repeatedly."""
        self._cancelled.set()
        at = self._at
        if at is not None:
            running, address = at
            now = self._engine.place.running()  # its token may have changed
            with contextlib.suppress(*_LOST):  # an engine that has ended does no more work
                ask(now if now and now.pid == running.pid else running, "DELETE", address, timeout=5.0)

    def close(self) -> None:
        """Abandon the job; for a caller that leaves the loop early."""
        self._events.close()

    def _run(self) -> Generator[Event, None, None]:
        engine = self._engine
        for attempt in (1, 2):
            try:
                yield from self._ready()
                yield from self._ask(self._engine._running())
                return
            except _LOST as error:
                self._stop_if_cancelled()
                if engine._fixed is not None or attempt == 2:
                    raise EngineDiedError(engine._gone(error)) from error
            yield Starting(0.0, "The Depixel engine stopped unexpectedly and is being restarted")

    def _ready(self) -> Iterator[Event]:
        """Yield until an engine answers."""
        self._stop_if_cancelled()
        engine = self._engine
        try:
            engine._welcome(engine._running())
            return
        except _LOST:
            if engine._fixed is not None:
                raise
        for event in launch.start(engine.place, engine.program):
            self._stop_if_cancelled()
            yield event

    def _stop_if_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise CancelledError("Cancelled.")

    def _ask(self, running: Running) -> Iterator[Event]:
        connection = Connection(running, _SILENCE)
        address = ""
        try:
            submission = self._submission
            request_headers = {
                **headers(running),
                REQUEST_HEADER: submission.header(),
                "Content-Type": submission.content_type,
            }
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused early: the response says why
                connection.request("POST", submission.path, body=submission.body, headers=request_headers)
            status, values, _ = answer_of(connection)
            if status != 202:
                raise refusal(status, values)
            address = "/jobs/%s" % values["job"]
            self._at = (running, address)
            if self._cancelled.is_set():  # between the two lines above
                self.cancel()
            connection.request("GET", address + "/events", headers=headers(running))
            yield from self._listen(connection, running, address)
        finally:
            self._at = None
            connection.close()  # before the end of the stream: the engine takes this as a cancel

    def _listen(self, connection: http.client.HTTPConnection, running: Running, address: str) -> Iterator[Event]:
        response = connection.getresponse()
        if response.status != 200:
            raise refusal(response.status, json_object(response.read()))
        for line in _lines(response):
            kind = line.get("event")
            if kind == "queued":
                yield Queued(int(line.get("position", 0)))
            elif kind == "progress":
                yield progress_from_dict(line)
            elif kind == "cancelled":
                raise CancelledError("Cancelled.")
            elif kind == "failed":
                raise EngineError(str(line.get("sentence")), str(line.get("code", "error")))
            elif kind == "done":
                response.read()  # the end of the stream, so that the connection can be used again
                answers = tuple(
                    self._fetch(connection, running, "%s/candidates/%d" % (address, i), values)
                    for i, values in enumerate(line["candidates"])
                )
                connection.request("DELETE", address, headers=headers(running))
                connection.getresponse().read()
                self._stop_if_cancelled()
                yield _result(line, answers)
                return
            # anything else is a keep-alive, or an event of a later version
        raise http.client.IncompleteRead(b"")

    @staticmethod
    def _fetch(connection: http.client.HTTPConnection, running: Running, path: str, values: Dict[str, Any]) -> Answer:
        connection.request("GET", path, headers={**headers(running), "Accept": RAW})
        response = connection.getresponse()
        data = response.read()
        if response.status != 200:
            raise refusal(response.status, json_object(data))
        try:
            return answer_from_dict(values, data)
        except (KeyError, TypeError, ValueError) as error:
            raise http.client.HTTPException(str(error)) from error


def _result(line: Dict[str, Any], answers: Tuple[Answer, ...]) -> Result:
    report = line.get("report") or {}
    return Result(
        answers=answers,
        domain=str(report.get("domain", "")),
        degradation=str(report.get("degradation", "")),
        model=str(report.get("model", "")),
        scale=int(line.get("scale", 0)),
        steps=int(report.get("steps", 0) or 0),
        seconds=float(report.get("seconds", 0.0) or 0.0),
        notes=tuple(str(note) for note in report.get("notes", ())),
        report=report,
    )


def _lines(response: http.client.HTTPResponse) -> Iterator[Dict[str, Any]]:
    while True:
        raw = response.readline()
        if not raw:
            return
        if raw.strip():
            yield json_object(raw)


def _from_url(url: str, place: Place) -> Running:
    parts = urlsplit(url if "//" in url else "http://" + url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost") or not port:
        raise EngineError(
            "%r is not the address of a Depixel engine: it looks like http://127.0.0.1:PORT (engines listen on this "
            "machine only)." % url,
            "usage",
        )
    running = place.running()
    token = parts.password or (running.token if running and running.port == port else "")
    if not token:
        raise EngineError(
            "No Depixel engine of yours is on record at 127.0.0.1:%d: start one with `depixel serve`, or give the "
            "engine's token too, as in http://:TOKEN@127.0.0.1:%d." % (port, port),
            "token",
        )
    return Running(pid=0, port=port, token=token, protocol=PROTOCOL, version="")


def page_address(port: int, key: str) -> str:
    """The address of the page. Browsers do not send what follows #, and the page removes it from the address bar."""
    return "http://127.0.0.1:%d/enter#key=%s" % (port, key)


def _title(program: str) -> str:
    return {"gimp": "GIMP", "krita": "Krita"}.get(program, "This program")
