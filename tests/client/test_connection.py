"""How the client handles the engine's responses."""

from __future__ import annotations

import pytest

from depixel.client import EngineError, WrongVersionError
from depixel.client.connection import NotTheEngineError, json_object, proof, refusal


def test_a_refusal_keeps_the_engine_s_words() -> None:
    """Sentence and code; a different protocol has its own error; a changed token means that the engine is new."""
    busy = refusal(503, {"sentence": "Wait.", "code": "busy"})
    old = refusal(409, {"sentence": "Too old.", "code": "protocol"})

    assert isinstance(busy, EngineError) and not isinstance(busy, WrongVersionError)
    assert (str(busy), busy.code) == ("Wait.", "busy")
    assert isinstance(old, WrongVersionError) and str(old) == "Too old."
    assert isinstance(refusal(401, {"sentence": "x", "code": "protocol"}), NotTheEngineError)
    assert str(refusal(418, {})) == "The Depixel engine refused the request (HTTP 418)."
    assert str(refusal(418, {"sentence": ""})).endswith("(HTTP 418).")


@pytest.mark.parametrize("data", [b"", b"[1]", b"\xff", b"{", b"3"])
def test_anything_but_an_object_is_an_empty_one(data: bytes) -> None:
    """A stranger on the port may respond with anything."""
    assert json_object(data) == {}
    assert json_object(b'{"a": 1}') == {"a": 1}


def test_a_proof_depends_on_all_three() -> None:
    """Token, challenge and port."""
    proofs = {proof("t", "c", 1), proof("u", "c", 1), proof("t", "d", 1), proof("t", "c", 2)}

    assert len(proofs) == 4 and all(len(value) == 64 for value in proofs)
