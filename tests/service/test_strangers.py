"""The engine on a shared machine: nobody locks out the owner, fills the disk, or impersonates the engine."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.service.conftest import record_engine, request_of
from tests.service.test_process import gone

from depixel import client
from depixel.client import Engine, EngineError, Place, Running
from depixel.client.connection import CHALLENGE_HEADER, Connection, NotTheEngineError, proof
from depixel.service.connections import Connections
from depixel.service.guard import Token
from depixel.service.limits import ServiceLimits

POSIX = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")


class _Impostor(http.server.BaseHTTPRequestHandler):
    """Another user's program on the port of a dead engine: it records what it receives, and answers anything."""

    protocol_version = "HTTP/1.1"
    heard: ClassVar[list[str]] = []
    answer: ClassVar[dict[str, Any]] = {}

    def _reply(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.heard.append(f"{self.requestline} {self.headers.get('Authorization')} {length}")
        self.rfile.read(length)
        body = json.dumps(self.answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _reply  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture
def impostor() -> Iterator[int]:
    """Its port."""
    _Impostor.heard.clear()
    _Impostor.answer = {"protocol": client.PROTOCOL, "version": "0", "pid": 1, "proof": "0" * 64}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Impostor)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_an_impostor_sees_neither_token_nor_pixels(tmp_path: Path, tiny_weights: Path, impostor: int) -> None:
    """After a kill anybody may own its port. That is detected before anything is sent; a new engine answers."""
    place = Place(str(tmp_path / "engine"))
    record_engine(place, tiny_weights)
    place.write_running(Running(1, impostor, "the old secret", client.PROTOCOL, "0"))
    engine = Engine("tests", place)

    result = engine.upscale(request_of(4, 4)).result()

    assert result.scale == 2
    assert _Impostor.heard and all(line == "GET /proof HTTP/1.1 None 0" for line in _Impostor.heard)
    engine.stop()
    gone(place)


def test_an_impostor_at_a_given_address_is_a_sentence(tmp_path: Path, impostor: int) -> None:
    """--engine URL: nothing is started, and nothing is sent."""
    with pytest.raises(EngineError, match=r"Another program is answering at 127\.0\.0\.1:\d+"):
        Engine("tests", Place(str(tmp_path)), f"http://:secret@127.0.0.1:{impostor}").upscale(request_of(4, 4)).result()

    assert all(line == "GET /proof HTTP/1.1 None 0" for line in _Impostor.heard)


def test_a_proof_is_good_for_one_challenge_and_one_port(running: Running) -> None:
    """What an impostor can get from the real engine proves nothing for another challenge or port."""
    challenge = "ab" * 32
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)) as plain:
        plain.request("GET", "/proof", headers={CHALLENGE_HEADER: challenge})
        shown = json.loads(plain.getresponse().read())["proof"]
        plain.request("GET", "/proof", headers={CHALLENGE_HEADER: "short"})
        refused = plain.getresponse()
        refused.read()

    assert shown == proof(running.token, challenge, running.port)
    assert len({proof("t", "ab", 1), proof("t", "ab", 2), proof("t", "ba", 1), proof("u", "ab", 1)}) == 4
    assert refused.status == 400


def test_every_new_socket_is_proven(running: Running) -> None:
    """http.client reconnects by itself if the engine has closed the connection: the new one is checked, too."""
    connection = Connection(running, 30)
    connection.request("GET", "/hello", headers={"Authorization": f"Bearer {running.token}"})
    assert connection.getresponse().read()
    connection.close()
    connection._running = Running(running.pid, running.port, "another token", running.protocol, "")

    with pytest.raises(NotTheEngineError):
        connection.request("GET", "/hello")
    connection.close()


def test_silent_connections_do_not_keep_the_owner_out(engine: Engine, running: Running) -> None:
    """Hundreds of silent sockets, or half headers: the owner's picture is still answered."""
    with contextlib.ExitStack() as open_sockets:
        for number in range(600):
            with contextlib.suppress(OSError):  # hung up on
                stranger = socket.create_connection(("127.0.0.1", running.port), timeout=5)
                open_sockets.enter_context(stranger)
                stranger.sendall(b"GET /hello HTTP/1.1\r\nHost: x" if number % 2 else b"")
        started = time.monotonic()

        assert engine.upscale(request_of(4, 4)).result().scale == 2
        assert time.monotonic() - started < 20


def test_garbage_does_not_fill_the_log(engine: Engine, place: Place, running: Running) -> None:
    """Invalid requests leave nothing in the log: anybody on the machine can send a million of them."""
    engine.hello()
    before = Path(place.log).stat().st_size
    for _ in range(300):
        with socket.create_connection(("127.0.0.1", running.port), timeout=5) as stranger, contextlib.suppress(OSError):
            stranger.sendall(b"\x00garbage\r\n\r\n")
            stranger.recv(100)

    assert Path(place.log).stat().st_size - before < 300 * 20


def test_the_log_starts_anew_when_it_is_long(tmp_path: Path) -> None:
    """The log and the previous one: at most twice the limit, whoever writes to it, and the newest lines are kept."""
    place = Place(str(tmp_path))
    with Path(place.log).open("ab") as writer:  # as the engine's stderr is
        for number in range(50):
            writer.write(b"%03d %s\n" % (number, b"x" * 100))
            writer.flush()
            place.trim_log(1000)

    sizes = [path.stat().st_size for path in tmp_path.glob("engine.log*")]
    assert len(sizes) == 2 and max(sizes) <= 1200
    assert "049" in Path(place.log).read_text() + Path(place.log + ".1").read_text()


class _Line:
    """A connection that records whether it was closed."""

    dropped = False

    def drop(self) -> None:
        self.dropped = True

    def take_time(self) -> None:
        """No clock is running."""


def test_a_new_stranger_costs_the_oldest_its_place() -> None:
    """Peers that have shown the token are never disconnected in favour of others."""
    connections = Connections(ServiceLimits(strangers=3))
    lines = {("127.0.0.1", port): _Line() for port in range(1, 8)}
    for number, (peer, line) in enumerate(lines.items()):
        connections.add(peer, line)  # type: ignore[arg-type]
        if number == 0:
            connections.trust(peer)

    assert [line.dropped for line in lines.values()] == [False, True, True, True, False, False, False]
    assert connections.is_trusted(("127.0.0.1", 1)) and not connections.is_trusted(("127.0.0.1", 7))
    connections.remove(("127.0.0.1", 1))
    assert not connections.is_trusted(("127.0.0.1", 1))
    assert connections.strangers == 3


def _serve(limits: ServiceLimits, talk: Any, *, admits: bool = False) -> Any:
    """An application that reads the whole body before it answers; `admits`: its peers are not strangers."""
    import uvicorn

    from depixel.service.connections import protocol_for

    connections = Connections(limits)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if admits:
            connections.admit(scope["client"])
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def run() -> Any:
        config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none", http=protocol_for(connections))
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        listener = socket.create_server(("127.0.0.1", 0))
        serving = asyncio.ensure_future(server._serve([listener]))
        try:
            return await asyncio.to_thread(talk, listener.getsockname()[1])
        finally:
            server.should_exit = True
            await serving
            listener.close()

    return asyncio.run(run())


def _until(line: socket.socket, end: bytes) -> bytes:
    received = b""
    while not received.endswith(end) and (part := line.recv(1000)):
        received += part
    return received


@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "half a header"])
def test_whoever_sends_no_header_is_hung_up_on(first: bytes) -> None:
    """In time, and not before a header can be sent."""

    def talk(port: int) -> tuple[float, bytes]:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            line.sendall(first)
            began = time.monotonic()
            with contextlib.suppress(ConnectionResetError):
                return time.monotonic() - began, line.recv(10)
            return time.monotonic() - began, b""

    began = time.monotonic()
    _, received = _serve(ServiceLimits(header_seconds=0.5), talk)

    assert received == b""
    assert 0.4 < time.monotonic() - began < 8


def test_a_kept_connection_has_its_own_time() -> None:
    """
    After a response the next header may take longer than the first, but a slow second one is not waited for either.
    """

    def talk(port: int) -> tuple[bytes, bytes, float]:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            first = _until(line, b"ok")
            time.sleep(0.6)  # longer than the first header may take
            line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            second = _until(line, b"ok")
            line.sendall(b"GET / HT")
            began = time.monotonic()
            with contextlib.suppress(ConnectionResetError):
                assert line.recv(10) == b""
            return first, second, time.monotonic() - began

    first, second, waited = _serve(ServiceLimits(header_seconds=0.3, kept_alive_seconds=1.5), talk)

    assert first.endswith(b"ok") and second.endswith(b"ok")
    assert 0.3 < waited < 8


@pytest.mark.parametrize("admitted", [False, True])
def test_a_stranger_sends_its_body_soon(admitted: bool) -> None:
    """Single bytes now and then keep no stranger connected; a peer that has shown the token may take its time."""

    def talk(port: int) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
            line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n")
            with contextlib.suppress(OSError):  # hung up on
                for _ in range(12):
                    time.sleep(0.1)
                    line.sendall(b"x")
                return _until(line, b"ok")
            return b""

    received = _serve(ServiceLimits(header_seconds=0.5), talk, admits=admitted)

    assert received.endswith(b"ok") is admitted


@POSIX
def test_a_record_whose_mode_was_changed_is_no_dead_end(engine: Engine, place: Place) -> None:
    """
    The engine publishes itself again, with a new token that nobody has read; the owner's next picture is answered.
    """
    engine.hello()
    before = place.running()
    Path(place.path("running.json")).chmod(0o644)
    assert place.running() is None

    assert engine.upscale(request_of(4, 4)).result().scale == 2
    after = place.running()
    assert before is not None and after is not None
    assert after.pid == before.pid
    assert after.token != before.token


def test_a_deleted_record_comes_back(engine: Engine, place: Place) -> None:
    """The same engine answers again, and no second one is started beside it."""
    engine.hello()
    before = place.running()
    Path(place.path("running.json")).unlink()

    assert engine.upscale(request_of(4, 4)).result().scale == 2
    after = place.running()
    assert before is not None and after is not None and after.pid == before.pid


def test_a_job_outlives_a_change_of_token(engine: Engine, place: Place) -> None:
    """The connection has shown the token before: its answer is fetched with the old one."""
    engine.hello()
    job = engine.upscale(request_of(64, 64, scale=4))
    events = iter(job)
    next(events)
    Path(place.path("running.json")).unlink()
    deadline = time.monotonic() + 20
    while place.running() is None and time.monotonic() < deadline:
        time.sleep(0.05)

    assert job.result().answers[0].width == 256


def test_a_replaced_token_is_no_longer_good() -> None:
    """Whoever read the old one gets nothing."""
    token = Token()
    old = b"Bearer " + token.value.encode()
    assert token.fits(old)
    token.replace()
    assert not token.fits(old)
    assert token.fits(b"Bearer " + token.value.encode())


def test_an_engine_of_another_version_that_has_ended_is_started_anew(tmp_path: Path, tiny_weights: Path) -> None:
    """Its record has another protocol and nobody holds the folder: nothing needs to be stopped first."""
    place = Place(str(tmp_path))
    record_engine(place, tiny_weights)
    place.write_running(Running(1, 9, "t", client.PROTOCOL + 1, "9.9"))
    engine = Engine("tests", place)

    assert engine.hello().protocol == client.PROTOCOL
    engine.stop()
    gone(place)
