"""
A connection on which the engine proves itself first: the program that listens on the recorded port must show that it
knows the token before the client sends the token or any pixels. A record can outlive its engine, and another user's
program may then own the port.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import secrets
from typing import Any, Dict, Optional, Tuple

from .errors import EngineError, WrongVersionError
from .json_text import parse_json
from .place import Running

PROVING_PROTOCOL = 2
"""The first version of the protocol in which engines prove themselves."""

CHALLENGE_HEADER = "Depixel-Challenge"
PROOF_PATH = "/proof"


class NotTheEngineError(ConnectionError):
    """The program that listens on the recorded port is not the engine of the record."""


def proof(token: str, challenge: str, port: int) -> str:
    """The response to a challenge that only an engine that knows the token can give (HMAC-SHA256, RFC 2104)."""
    message = "depixel engine\n%d\n%s" % (port, challenge)
    return hmac.new(token.encode("utf-8"), message.encode("utf-8"), hashlib.sha256).hexdigest()


class Connection(http.client.HTTPConnection):
    """
    HTTP to the engine of a record. On every connection the engine proves itself before anything is sent.

    Raises (from any request):
        NotTheEngineError: the proof is wrong.
        OSError, http.client.HTTPException: nobody listens, or the connection broke.
    """

    def __init__(self, running: Running, timeout: float) -> None:
        super().__init__(running.host, running.port, timeout=timeout)  # ignores proxy settings
        self._running = running

    def connect(self) -> None:
        super().connect()
        if self._running.protocol < PROVING_PROTOCOL:  # such an engine is only asked to stop
            return
        try:
            self._demand_proof()
        except BaseException:
            self.close()
            raise

    # The same socket is used for the plain request: between two connections another program could take the port.
    def _demand_proof(self) -> None:
        challenge = secrets.token_hex(32)
        plain = http.client.HTTPConnection(self._running.host, self._running.port)
        plain.sock = self.sock
        try:
            plain.request("GET", PROOF_PATH, headers={CHALLENGE_HEADER: challenge})
            response = plain.getresponse()
            values = json_object(response.read(4096))
        finally:
            plain.sock = None
        expected = proof(self._running.token, challenge, self._running.port)
        if response.status != 200 or not hmac.compare_digest(str(values.get("proof")).encode(), expected.encode()):
            raise NotTheEngineError("another program is answering on port %d" % self._running.port)


def headers(running: Running) -> Dict[str, str]:
    """The headers of every request."""
    return {"Authorization": "Bearer " + running.token}


def ask(
    running: Running, method: str, path: str, timeout: float = 30.0, body: Optional[bytes] = None
) -> Tuple[int, Dict[str, Any], bytes]:
    """Make one request on a new connection: status, JSON object, raw body."""
    connection = Connection(running, timeout)
    try:
        connection.request(method, path, body=body, headers=headers(running))
        return answer_of(connection)
    finally:
        connection.close()


def answer_of(connection: http.client.HTTPConnection) -> Tuple[int, Dict[str, Any], bytes]:
    """The response to the last request: status, JSON object, raw body."""
    response = connection.getresponse()
    data = response.read()
    return response.status, json_object(data), data


def json_object(data: bytes) -> Dict[str, Any]:
    """The JSON object in the bytes; empty for anything else."""
    try:
        values = parse_json(data)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def refusal(status: int, values: Dict[str, Any]) -> Exception:
    """The error for a response that refuses the request."""
    if status == 401:  # it proved itself, but has a new token by now: treat it as restarted
        return NotTheEngineError("the engine has a new token")
    sentence = str(values.get("sentence") or "The Depixel engine refused the request (HTTP %d)." % status)
    code = str(values.get("code", "error"))
    return WrongVersionError(sentence, code) if code == "protocol" else EngineError(sentence, code)
