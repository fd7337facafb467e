"""
A connection to the engine that proves itself first: whoever listens on the recorded port must know the token before it
is told the token or sees a pixel. A record can outlive its engine, and another user's program may then own the port.
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
"""Since this version of the protocol engines prove themselves."""

CHALLENGE_HEADER = "Depixel-Challenge"
PROOF_PATH = "/proof"


class NotTheEngineError(ConnectionError):
    """Something listens on the recorded port, and it is not the engine of the record."""


def proof(token: str, challenge: str, port: int) -> str:
    """What only an engine that knows the token can answer to a challenge (HMAC-SHA256, RFC 2104)."""
    message = "depixel engine\n%d\n%s" % (port, challenge)
    return hmac.new(token.encode("utf-8"), message.encode("utf-8"), hashlib.sha256).hexdigest()


class Connection(http.client.HTTPConnection):
    """
    HTTP to the engine of a record. Each time it connects, the engine proves itself before anything is sent.

    Raises (from any request):
        NotTheEngineError: it could not.
        OSError, http.client.HTTPException: nobody listens, or the connection broke.
    """

    def __init__(self, running: Running, timeout: float) -> None:
        super().__init__(running.host, running.port, timeout=timeout)  # knows nothing of proxies
        self._running = running

    def connect(self) -> None:
        super().connect()
        if self._running.protocol < PROVING_PROTOCOL:  # it is only ever asked to leave
            return
        try:
            self._demand_proof()
        except BaseException:
            self.close()
            raise

    # By a plain connection over the same socket: between two sockets the port could change hands.
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
    """What every request carries."""
    return {"Authorization": "Bearer " + running.token}


def ask(
    running: Running, method: str, path: str, timeout: float = 30.0, body: Optional[bytes] = None
) -> Tuple[int, Dict[str, Any], bytes]:
    """One request on a connection of its own: status, JSON object, raw body."""
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
    """The object that the bytes spell; empty for anything else."""
    try:
        values = parse_json(data)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def refusal(status: int, values: Dict[str, Any]) -> Exception:
    """The error for a response that says no."""
    if status == 401:  # it proved itself and has a new token since: as if it had been started again
        return NotTheEngineError("the engine has another token now")
    sentence = str(values.get("sentence") or "The Depixel engine refused the request (HTTP %d)." % status)
    code = str(values.get("code", "error"))
    return WrongVersionError(sentence, code) if code == "protocol" else EngineError(sentence, code)
