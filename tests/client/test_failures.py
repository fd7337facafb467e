"""Failures between a program and the engine reach the user as one sentence that says what to do."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from depixel.client import (
    PROTOCOL,
    Engine,
    EngineDiedError,
    EngineError,
    Installed,
    NotInstalledError,
    Pixels,
    Place,
    Running,
    Starting,
    Submission,
    WrongVersionError,
    launch,
)

CORE = Path(__file__).resolve().parents[2] / "core"

# A process that answers like an engine until it gets work, then prints a line and dies.
_DIES_AT_WORK = """
import http.server, json, os, sys
sys.path.insert(0, {core!r})
from depixel.client import PROTOCOL, Place, Running
from depixel.client.connection import CHALLENGE_HEADER, proof

open({starts!r}, "a").write("x")

class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        shown = proof("t", self.headers.get(CHALLENGE_HEADER, ""), self.server.server_port)
        body = json.dumps(dict(protocol=PROTOCOL, version="0", pid=os.getpid(), proof=shown)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        sys.stderr.write("Segmentation fault\\n")
        sys.stderr.flush()
        os._exit(139)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
Place().write_running(Running(os.getpid(), server.server_port, "t", PROTOCOL, "0"))
server.serve_forever()
"""


def one_pixel() -> Submission:
    return Submission(Pixels(1, 1, 4, (b"\x01\x02\x03\xff",)), {"scale": 2})


def is_a_sentence(text: str) -> bool:
    """It begins with a capital, ends with a full stop or a path and a full stop; one line, no traceback."""
    return bool(re.match(r"[A-Z'].*\.$", text)) and "\n" not in text and "Traceback" not in text


def test_an_engine_that_dies_twice_is_a_sentence(tmp_path: Path) -> None:
    """The engine is started again once, not forever; the user reads its last message and the path of its log."""
    place = Place(str(tmp_path / "engine"))
    starts = tmp_path / "starts"
    launcher = tmp_path / "launch.py"
    launcher.write_text(_DIES_AT_WORK.format(core=str(CORE), starts=str(starts)))
    place.write_installed(Installed((sys.executable, str(launcher))))
    sentences = []

    with pytest.raises(EngineDiedError) as caught:
        for event in Engine("gimp", place).upscale(one_pixel()):
            assert isinstance(event, Starting)
            sentences.append(event.sentence)

    assert is_a_sentence(str(caught.value)), str(caught.value)
    assert "twice" in str(caught.value) and "Segmentation fault" in str(caught.value)
    assert place.log in str(caught.value) and Path(place.log).is_file()
    assert starts.read_text() == "xx"
    assert "The Depixel engine stopped unexpectedly and is being restarted" in sentences


@pytest.mark.parametrize("program", ["gimp", "krita"])
def test_no_engine_names_the_command_that_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """pip, then `depixel install` for the program that asks."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(launch, "own_engine", lambda: None)  # as in a plug-in's copy of the client

    with pytest.raises(NotInstalledError) as caught:
        Engine(program, Place(str(tmp_path))).upscale(one_pixel()).result()

    assert is_a_sentence(str(caught.value))
    assert f"`depixel install {program}`" in str(caught.value) and "depixel doctor" in str(caught.value)


def test_a_command_finds_the_engine_that_it_came_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a virtual environment that is not on the PATH, before any plug-in was installed."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert launch.how_to_start(Place(str(tmp_path)), "command line").command == (sys.executable, "-m", "depixel")


def test_another_version_names_both_and_the_program(tmp_path: Path) -> None:
    """An engine with a different protocol is not asked at all."""
    place = Place(str(tmp_path))
    place.write_running(Running(1, 1, "t", PROTOCOL + 1, "9.9"))

    with place.lock("engine.lock"), pytest.raises(WrongVersionError) as caught:
        Engine("krita", place).hello()

    assert is_a_sentence(str(caught.value))
    assert f"version {PROTOCOL + 1}" in str(caught.value) and "start Krita again" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:9", "No Depixel engine of yours is on record at 127.0.0.1:9"),
        ("http://:secret@127.0.0.1:9", "No Depixel engine answers at 127.0.0.1:9"),
        ("http://example.com:80", "is not the address of a Depixel engine"),
        ("127.0.0.1", "is not the address of a Depixel engine"),
        ("http://127.0.0.1:banana", "is not the address of a Depixel engine"),
    ],
)
def test_a_wrong_address_is_a_sentence(tmp_path: Path, url: str, words: str) -> None:
    """--engine URL never starts another engine, and never contacts another machine."""
    with pytest.raises(EngineError) as caught:
        Engine("command line", Place(str(tmp_path)), url).hello()

    assert is_a_sentence(str(caught.value))
    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []
