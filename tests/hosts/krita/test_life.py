"""Jobs, engines, documents and Krita itself that end in the middle; and the interface meanwhile."""

from __future__ import annotations

import json

import pytest
from tests.hosts.krita.answers import same

pytestmark = [pytest.mark.host, pytest.mark.timeout(1800)]


def test_cancel(krita) -> None:
    """Cancel works at once, changes nothing, and frees the engine."""
    facts = krita.of("cancelled")

    assert facts["seconds to idle"] < 0.1
    assert facts["seconds to free"] < 10
    assert not facts["busy"]
    assert facts["layers"] == [["sprite", []]]
    assert facts["works again"]
    assert facts["dialog closed"]
    assert facts["seconds to free after dialog"] < 10


def test_engine_killed(krita) -> None:
    """A dead engine is replaced, and the user still gets the answer."""
    facts = krita.of("engine_killed")

    assert facts["restarted"]
    assert facts["other process"]
    same(krita, "engine_killed", (32, 32), 4, domain="art", steps=20)


def test_document_closed(krita) -> None:
    """Closing the document during a job, or before Apply, gives a sentence and nothing worse."""
    facts = krita.of("document_closed")

    assert "closed" in facts["during"]
    assert "closed" in facts["after"]
    assert "closed" in facts["reading"]
    assert facts["still adding"]
    assert "closed" in facts["adding"]
    assert facts["left"] == 0


def test_other_document_in_front(krita) -> None:
    """A user who switches to another document during a job gets the answer in the original one only."""
    facts = krita.of("other_document_in_front")

    assert facts["in front"]
    first, second, *widths = facts["layer"]
    assert [len(first), second, widths] == [2, [["sprite", []]], [32, 20]]
    first, second, *widths = facts["larger"]
    assert [len(first), second, widths] == [3, [["sprite", []]], [64, 20]]
    assert facts["undone"] == [[["sprite", []]], [["sprite", []]], 16, 20]


def test_all_documents_closed(krita) -> None:
    """The document that the plug-in works in may be closed by others: a new one is created."""
    facts = krita.of("all_closed")

    assert facts["with one of its own"] == 1
    assert facts["layers"] == 2


def test_cancelled_while_added(krita) -> None:
    """Cancel while the answer goes into a new document removes that document, and the answer is still offered."""
    facts = krita.of("apply_cancelled")

    assert facts["begun"]
    assert facts["words"].startswith("Cancelled")
    assert facts["documents"] == 1
    assert facts["still offered"] == 1
    assert facts["in the end"] == 2


def test_engine_missing(krita) -> None:
    """Without an engine the sentence names the command that fixes it."""
    assert "depixel install krita" in krita.of("engine_missing")["words"]


def test_interface_stays_alive(krita) -> None:
    """While a layer of 1024 x 1024 pixels is answered, the interface hardly blocks, and little time is added."""
    facts = krita.of("heartbeat")

    assert facts["size"] == [2048, 2048]
    job = facts["job"]
    slack = max(1, facts["load"] / 8)  # of a busy machine
    assert job["longest own"] <= 250 * slack, facts
    assert job["own over 50 ms"] <= 3 * slack, facts  # none on an idle machine
    assert facts["delivery"]["longest own"] <= 150 * slack, facts  # Krita itself waits for its layer stack there
    assert facts["round trip"] - facts["engine"] + facts["adding"] < 1.5 * slack, facts  # 0.5 s on an idle machine


def test_interface_stays_alive_in_every_way(krita) -> None:
    """Neither conversion nor masks, groups and other documents block the interface; only Krita's own views do."""
    facts = krita.of("heartbeat_ways")
    view = facts["view by Krita alone"]["longest own"]
    ways = {name: way for name, way in facts.items() if isinstance(way, dict) and "job" in way}

    assert len(ways) == 5
    for name, way in ways.items():
        slack = max(1, way["load"] / 8)  # of a busy machine
        assert way["job"]["longest own"] <= 250 * slack, (name, way)
        allowed = 150 * slack + (2 * view if name == "new document" else 0)
        assert way["delivery"]["longest own"] <= allowed, (name, way)
        assert way["round trip"] - way["engine"] + way["adding"] < 2.5 * slack, (name, way)


def test_leaving_during_a_job(krita) -> None:
    """Krita can be closed while docker and dialog wait for the engine: it ends by itself with exit code 0."""
    assert "end" in krita.facts, krita.log[-3000:]
    assert json.loads(krita.read("leaving.json"))["busy"] == [True, True]
    assert krita.exit_code == 0, krita.log[-3000:]


def test_no_tracebacks(krita) -> None:
    """No hidden errors: no traceback and no assertion of the plug-in in Krita's log."""
    assert "Traceback" not in krita.log, krita.log[krita.log.index("Traceback") :][:3000]
    assert "changeList.memento" not in krita.log
