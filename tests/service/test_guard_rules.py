"""The guard's rules, header by header, without a server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from depixel.client.connection import CHALLENGE_HEADER, PROOF_PATH, proof
from depixel.service.connections import Connections
from depixel.service.guard import Guard, Token
from depixel.service.limits import ServiceLimits
from depixel.service.page_sessions import PageSessions

PORT = 4711
PEER = ("127.0.0.1", 5000)


class _Line:
    """A connection with no known state."""

    def take_time(self) -> None:
        """No clock is running."""


class Desk:
    """A guard before an application that accepts everything."""

    def __init__(self) -> None:
        self.token = Token()
        self.connections = Connections(ServiceLimits())
        self.sessions = PageSessions()
        self.guard = Guard(self._app, self.token, PORT, self.connections, self.sessions)
        self.passed: list[str] = []

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.passed.append(scope["type"])

    def connect(self, peer: tuple[str, int] = PEER) -> None:
        self.connections.add(peer, _Line())  # type: ignore[arg-type]

    def ask(
        self, path: str = "/hello", *, host: str = f"127.0.0.1:{PORT}", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Status and body; 200 for a request that reached the application."""
        pairs = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        raw = [(name.encode(), value.encode()) for name, value in pairs.items()]
        scope = {"type": "http", "method": "GET", "path": path, "headers": raw, "client": PEER, "query_string": b""}
        messages: list[Any] = []

        async def send(message: Any) -> None:
            messages.append(message)

        before = len(self.passed)
        asyncio.run(self.guard(scope, None, send))  # type: ignore[arg-type]
        if len(self.passed) > before:
            return 200, {}
        return messages[0]["status"], json.loads(messages[1]["body"])

    def bearer(self) -> str:
        return f"Bearer {self.token.value}"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_token_opens(desk: Desk) -> None:
    """The right one, under each name of this machine, and nothing similar."""
    assert desk.ask(authorization=desk.bearer()) == (200, {})
    assert desk.ask(authorization=desk.bearer(), host=f"LOCALHOST:{PORT}") == (200, {})
    for wrong in ("", "Bearer", desk.token.value, desk.bearer() + "x", desk.bearer().replace("Bearer", "bearer")):
        status, body = desk.ask(authorization=wrong)
        assert (status, body["code"]) == (401, "token")


@pytest.mark.parametrize("host", [f"evil.example:{PORT}", "127.0.0.1", f"127.0.0.1:{PORT + 1}", ""])
def test_a_foreign_host_is_refused(desk: Desk, host: str) -> None:
    """DNS rebinding: the Host header must be the engine's own name, with its port."""
    status, body = desk.ask(authorization=desk.bearer(), host=host)

    assert (status, body["code"]) == (403, "host")


def test_only_the_engine_s_own_page_may_ask(desk: Desk) -> None:
    """Its own origin passes, another is refused; a page from a file may pass its key and nothing else."""
    own = f"http://127.0.0.1:{PORT}"

    assert desk.ask(authorization=desk.bearer(), origin=own)[0] == 200
    assert desk.ask(authorization=desk.bearer(), origin="http://localhost")[1]["code"] == "origin"
    assert desk.ask("/enter", origin="null")[0] == 200
    assert desk.ask("/hello", authorization=desk.bearer(), origin="null")[1]["code"] == "origin"


def test_proof_is_given_to_a_well_formed_challenge(desk: Desk) -> None:
    """Without a token; 32 to 128 hexadecimal digits."""
    for challenge in ("ab" * 16, "0" * 128):
        status, body = desk.ask(PROOF_PATH, **{CHALLENGE_HEADER: challenge})
        assert (status, body) == (200, {"proof": proof(desk.token.value, challenge, PORT)})
    for challenge in ("a" * 31, "a" * 129, "A" * 32, ""):
        assert desk.ask(PROOF_PATH, **{CHALLENGE_HEADER: challenge})[0] == 400


def test_a_connection_stays_trusted_through_a_change_of_token(desk: Desk) -> None:
    """A job continues on its own connection with the old value; a request without any value does not pass."""
    desk.connect()
    old = desk.bearer()
    assert desk.ask(authorization=old)[0] == 200

    desk.token.replace()

    assert desk.ask(authorization=old)[0] == 200
    assert desk.ask()[0] == 401
    desk.connections.remove(PEER)
    desk.connect()
    assert desk.ask(authorization=old)[0] == 401
    assert desk.ask(authorization=desk.bearer())[0] == 200


def test_a_tab_has_its_own_token(desk: Desk) -> None:
    """It is not a stranger, is never trusted like a program, and neither makes keys nor stops the engine."""
    session = desk.sessions.exchange(desk.sessions.new_key())
    desk.connect()

    assert desk.ask("/jobs", authorization=f"Bearer {session}")[0] == 200
    assert desk.connections.strangers == 0 and not desk.connections.is_trusted(PEER)
    for path in ("/page/keys", "/shutdown"):
        assert desk.ask(path, authorization=f"Bearer {session}")[0] == 401
        assert desk.ask(path, authorization=desk.bearer())[0] == 200


def test_what_is_not_http_passes(desk: Desk) -> None:
    """The server's own messages, such as startup, are not the guard's concern."""
    asyncio.run(desk.guard({"type": "lifespan"}, None, None))  # type: ignore[arg-type]

    assert desk.passed == ["lifespan"]
