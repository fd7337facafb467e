"""
The guard before the engine's routes: it admits only this user's programs, and proves the engine's identity to them.
"""

from __future__ import annotations

import hmac
import re
import secrets

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from depixel.client.connection import CHALLENGE_HEADER, PROOF_PATH, proof
from depixel.service.connections import Connections
from depixel.service.page import is_for_programs, is_public
from depixel.service.page_sessions import PageSessions

_CHALLENGE = re.compile(rb"[0-9a-f]{32,128}")


class Token:
    """The secret of one engine. It is replaced if others may have read it."""

    def __init__(self) -> None:
        self.value = secrets.token_urlsafe(32)

    def replace(self) -> None:
        """Use a new value for new connections."""
        self.value = secrets.token_urlsafe(32)

    def fits(self, authorization: bytes) -> bool:
        """Whether a request's Authorization header has the token."""
        return hmac.compare_digest(authorization, b"Bearer " + self.value.encode("ascii"))


class Guard:
    """
    Admits only this user's own programs.

    A web page in the user's browser can also reach 127.0.0.1, even under its own name (DNS rebinding). Therefore Host
    is checked, any Origin other than the engine's own page is refused, and the token is only in a file of the user. A
    tab with the engine's page has its own token, which permits less (service/page_sessions.py). A program requests a
    proof before it sends the token, because another user's program may own the port of an engine that has died.
    """

    def __init__(
        self, app: ASGIApp, token: Token, port: int, connections: Connections, sessions: PageSessions | None = None
    ) -> None:
        self._app = app
        self._token = token
        self._port = port
        self._hosts = {f"{name}:{port}".encode("ascii") for name in ("127.0.0.1", "localhost")}
        self._connections = connections
        self._sessions = sessions or PageSessions()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refusal = self._answer(scope)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    # The response to a request that is refused; None for one that may pass.
    def _answer(self, scope: Scope) -> Response | None:
        headers = {name.lower(): value for name, value in scope["headers"]}
        path, host, peer = scope["path"], headers.get(b"host", b"").lower(), scope.get("client")
        if host not in self._hosts:
            return error_response(403, "host", "This engine answers only to 127.0.0.1.")
        origin = headers.get(b"origin", b"http://" + host).lower()
        from_a_file = origin == b"null" and path == "/enter"  # `depixel open` passes its key in a file
        if origin != b"http://" + host and not from_a_file:
            return error_response(403, "origin", "Web pages may not use the Depixel engine.")
        if path == PROOF_PATH:
            return self._proof(headers.get(CHALLENGE_HEADER.lower().encode("ascii"), b""))
        if is_public(path):
            return None
        authorization = headers.get(b"authorization", b"")
        if self._sessions.find(authorization.decode("latin-1")) is not None and not is_for_programs(path):
            self._connections.admit(peer)
            return None
        # A connection that has shown a token stays trusted when the token changes, so that its jobs continue.
        is_trusted = bool(authorization) and self._connections.is_trusted(peer)
        if not is_trusted and not self._token.fits(authorization):
            return error_response(401, "token", "The token of this engine is missing or wrong; it is in running.json.")
        self._connections.trust(peer)
        return None

    def _proof(self, challenge: bytes) -> Response:
        if not _CHALLENGE.fullmatch(challenge):
            return error_response(400, "usage", f"{CHALLENGE_HEADER} must be 32 to 128 hexadecimal digits.")
        return JSONResponse({"proof": proof(self._token.value, challenge.decode("ascii"), self._port)})


def error_response(status: int, code: str, sentence: str) -> Response:
    """A refusal in the form that all clients read. The connection is closed for strangers and for unread bodies."""
    headers = {"Connection": "close"} if status in (401, 403, 413) else None
    return JSONResponse({"code": code, "sentence": sentence}, status_code=status, headers=headers)
