"""Attempts of other programs and hostile web pages on a real engine: all are refused."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from pathlib import Path

import pytest

from depixel.client import Engine, Place, Running
from depixel.service.app import make_app
from depixel.service.limits import ServiceLimits
from depixel.service.page import is_public
from depixel.service.page_sessions import PageSessions


def routes() -> list[tuple[str, str]]:
    """Method and path of each route that needs a token."""
    app = make_app(None, dict, lambda: None, ServiceLimits(), PageSessions())  # type: ignore[arg-type]
    pairs = []
    for route in app.routes:
        path = route.path.replace("{index:int}", "0").replace("{number:int}", "0")  # type: ignore[attr-defined]
        path = path.replace("{job}", "0123456789abcdef").replace("{name:path}", "page.js")
        pairs += [(method, path) for method in sorted(route.methods)]  # type: ignore[attr-defined]
    return [(method, path) for method, path in pairs if not is_public(path)]


def ask(running: Running, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, str, bytes]:
    """Status, all headers as one text, body."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)) as line:
        line.request(method, path, body or None, headers)
        response = line.getresponse()
        return response.status, str(response.headers).lower(), response.read()


def raw(running: Running, data: bytes) -> bytes:
    """The engine's response to these bytes until it closes the connection, or within two seconds."""
    received = b""
    with socket.create_connection(("127.0.0.1", running.port), timeout=2) as line, contextlib.suppress(OSError):
        line.sendall(data)
        while part := line.recv(65536):
            received += part
    return received


HOSTS = ("evil.example", "127.0.0.1.evil.example", "127.0.0.1", "localhost", "[::1]", "0.0.0.0", "")
ORIGINS = ("http://evil.example", "null", "https://127.0.0.1", "file://", "chrome-extension://abc")


def test_every_route_asks_for_the_token(running: Running) -> None:
    """None, a wrong one, an empty one, one in the address or a cookie: 401, and nothing of the answer."""
    for method, path in routes():
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Authorization": "Bearer "},
            {"Authorization": f"Basic {running.token}"},
            {"Cookie": f"token={running.token}"},
        ):
            assert ask(running, method, path, headers)[0] == 401, (method, path, headers)
        assert ask(running, method, f"{path}?token={running.token}", {})[0] == 401


def test_no_page_of_another_site_gets_through(running: Running) -> None:
    """DNS rebinding (a foreign Host), CSRF (a foreign Origin): refused on every route, even with the right token."""
    right = {"Authorization": f"Bearer {running.token}"}
    for method, path in [*routes(), ("GET", "/"), ("GET", "/enter"), ("POST", "/page/session"), ("GET", "/proof")]:
        for host in HOSTS:
            port = f":{running.port}" if "evil" in host or "::" in host or host == "0.0.0.0" else ""
            assert ask(running, method, path, {**right, "Host": host + port})[0] in (400, 403), (path, host)
        for origin in ORIGINS:
            status = ask(running, method, path, {**right, "Origin": origin})[0]
            assert status == 403 or (path, origin) == ("/enter", "null"), (path, origin)


def test_no_browser_is_given_leave_to_read_from_elsewhere(running: Running) -> None:
    """A preflight is refused, and no response has a CORS header."""
    for path in ("/hello", "/jobs", "/options", "/page/static/page.js"):
        preflight = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
        status, headers, _ = ask(running, "OPTIONS", path, preflight)
        assert status == 403 and "access-control" not in headers
        own = {"Authorization": f"Bearer {running.token}", "Origin": f"http://127.0.0.1:{running.port}"}
        assert "access-control" not in ask(running, "GET", path, own)[1]


TRAVERSALS = (
    "../../../client/place.py", "%2e%2e/%2e%2e/page.py", "..%2f..%2fpage.py", "..%5c..%5cpage.py", "%2fetc%2fpasswd",
    "....//page.py", "page.js%00.html", "/etc/passwd", "C:/Windows/win.ini", "..;/page.py", "%c0%ae%c0%ae/page.py",
    ".", "", "words/../../page.py", "examples/../../page.py",
)  # fmt: skip


@pytest.mark.parametrize("name", TRAVERSALS)
def test_no_path_leaves_the_folder_of_the_page(running: Running, name: str) -> None:
    """Plain and percent-encoded, once and twice."""
    for path in (f"/page/static/{name}", f"/page/static/{name.replace('%', '%25')}"):
        status, _, body = ask(running, "GET", path, {})
        assert status in (401, 404), path
        assert b"import" not in body and b"root:" not in body


def test_what_a_stranger_sends_is_not_kept(running: Running) -> None:
    """The two open routes with a body accept only a small one."""
    for path in ("/page/session", "/enter"):
        status, _, body = ask(running, "POST", path, {}, b"x" * 10_000)
        assert status == 400 and "too long" in json.loads(body)["sentence"]


def test_what_is_not_http_or_twice_http(running: Running) -> None:
    """Other protocols, upgrades, smuggled requests, endless headers: refused, and the owner is still served."""
    port = running.port
    head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {running.token}\r\n".encode()
    attempts = {
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        "SMB": b"\x00\x00\x00\x85\xffSMBr" + bytes(50),
        "nothing": b"\r\n" * 10_000,
        "a header without end": b"GET / HTTP/1.1\r\nX: " + b"x" * 2_000_000,
        "headers without end": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200_000,
        "an address without end": b"GET /" + b"x" * 1_000_000 + b" HTTP/1.1\r\n\r\n",
        "two lengths": b"POST /jobs HTTP/1.1\r\n" + head + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "length and chunks": b"POST /jobs HTTP/1.1\r\n" + head
        + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc\r\nGET /hello HTTP/1.1\r\n" + head + b"\r\n",
        "two hosts": b"GET /hello HTTP/1.1\r\nHost: evil.example\r\n" + head + b"\r\n",
        "a bad chunk": b"POST /jobs HTTP/1.1\r\n" + head + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
        "a negative length": b"POST /jobs HTTP/1.1\r\n" + head + b"Content-Length: -1\r\n\r\n",
    }  # fmt: skip
    for name, data in attempts.items():
        answer = raw(running, data)
        assert b" 200 " not in answer.partition(b"\r\n")[0] and b" 202 " not in answer, name
        assert b"Traceback" not in answer
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    for more in (upgrade, b"Connection: Upgrade\r\nUpgrade: h2c\r\n"):
        answer = raw(running, b"GET /hello HTTP/1.1\r\n" + head + more + b"Connection: close\r\n\r\n")
        assert b"101 Switching" not in answer
    assert ask(running, "GET", "/hello", {"Authorization": f"Bearer {running.token}"})[0] == 200


def test_the_token_is_written_down_in_one_place_only(engine: Engine, running: Running, place: Place) -> None:
    """Neither in the log nor in any other file of the folder."""
    engine.state()
    for path in Path(place.folder).rglob("*"):
        if path.is_file() and path.name != "running.json":
            assert running.token.encode() not in path.read_bytes(), path
