"""Only this user's own programs get in, and for any input the engine responds with a sentence and keeps running."""

from __future__ import annotations

import dataclasses
import http.client
import io
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from depixel.client import Running
from depixel.request import Request
from depixel.service.limits import ServiceLimits

RAW = "application/x-depixel-raw"
ROOT = Path(__file__).resolve().parents[2]


def ask(running: Running, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """One request with the right token unless `headers` say otherwise; status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=100)
    sent = {"Authorization": f"Bearer {running.token}"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body=body, headers={k: v for k, v in sent.items() if v})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:80"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
    ],
)
def test_strangers_are_turned_away(running: Running, headers: dict[str, str], status: int) -> None:
    """Nobody without the token; with a foreign Host or from a web page not even with it."""
    code, body = ask(running, "GET", "/hello", **headers)  # type: ignore[arg-type]

    assert code == status
    assert json.loads(body)["sentence"].endswith(".")


def test_it_listens_on_this_machine_only(running: Running) -> None:
    """The port is closed on every address of the machine except 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            address = probe.getsockname()[0]
        except OSError:
            pytest.skip("this machine has no other address")
    if address.startswith("127."):
        pytest.skip("this machine has no other address")
    with pytest.raises(OSError):
        socket.create_connection((address, running.port), timeout=2)


@pytest.mark.parametrize(
    ("header", "kind", "body", "status", "words"),
    [
        ("{", RAW, b"", 400, "not JSON"),
        ("[]", RAW, b"", 400, "JSON object"),
        ("[" * 10_000, RAW, b"", 400, "not JSON"),
        ("{}", RAW, b"", 400, "picture.width"),
        ('{"picture": {"width": 2, "height": 2}}', RAW, b"\0" * 15, 400, "15 bytes"),
        ('{"picture": {"width": 2, "height": 2}}', RAW, b"\0" * 17, 413, "longer"),
        ('{"picture": {"width": 60000, "height": 60000}}', RAW, b"", 413, "512 MB"),
        ('{"picture": {"width": 2, "height": 2, "depth": 12}}', RAW, b"\0" * 16, 400, "8 or 16"),
        ('{"settings": {"scale": "x"}}', "image/png", b"x", 400, "scale"),
        ('{"settings": 3}', "image/png", b"x", 400, "objects"),
        ('{"protocol": 1}', "image/png", b"x", 409, "protocol"),
        ('{"action": "paint"}', "image/png", b"x", 400, "action"),
        ("{}", "image/png", b"", 415, "no picture"),
        ("{}", "image/png", b"\x89PNG\r\n\x1a\nrubbish", 415, ""),
    ],
)
def test_bad_requests_are_sentences(
    running: Running, header: str, kind: str, body: bytes, status: int, words: str
) -> None:
    """The error, with the matching status code."""
    code, answer = ask(running, "POST", "/jobs", body, Depixel_Request=header, Content_Type=kind)

    assert code == status, answer
    assert words in json.loads(answer)["sentence"]


def test_a_promise_of_too_much_is_refused_before_it_is_read(running: Running) -> None:
    """Content-Length beyond the limit costs no memory."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=60) as connection:
        head = (
            f"POST /jobs HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\nAuthorization: Bearer {running.token}\r\n"
            f"Content-Type: image/png\r\nContent-Length: {ServiceLimits().body + 1}\r\n\r\n"
        )
        connection.sendall(head.encode("ascii") + b"begin")

        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_png_in_and_png_out(running: Running) -> None:
    """docs/api with curl: send a file, ask for the job, get a file."""
    picture = io.BytesIO()
    Image.new("RGB", (5, 4), (200, 40, 90)).save(picture, "PNG")
    header = '{"settings": {"scale": 3, "domain": "art"}}'

    status, answer = ask(running, "POST", "/jobs", picture.getvalue(), Depixel_Request=header, Content_Type="image/png")
    job = json.loads(answer)["job"]
    status_events, lines = ask(running, "GET", f"/jobs/{job}/events")
    state = json.loads(ask(running, "GET", f"/jobs/{job}")[1])
    _, png = ask(running, "GET", f"/jobs/{job}/candidates/0", Accept="image/png")
    forgotten, _ = ask(running, "DELETE", f"/jobs/{job}")

    assert (status, status_events, forgotten) == (202, 200, 204)
    assert json.loads(lines.splitlines()[-1])["event"] == "done"
    assert (state["state"], state["candidates"][0]["width"]) == ("done", 15)
    with Image.open(io.BytesIO(png)) as image:
        assert (image.size, image.mode) == ((15, 12), "RGB")
        assert image.reduce(3).getpixel((2, 2)) == (200, 40, 90)
    assert ask(running, "GET", f"/jobs/{job}")[0] == 404


def test_the_description_has_every_route(running: Running) -> None:
    """docs/api/openapi.json promises exactly what exists."""
    from depixel.service.app import make_app

    described = json.loads((ROOT / "docs" / "api" / "openapi.json").read_text("utf-8"))["paths"]
    promised = {(path, verb.upper()) for path, verbs in described.items() for verb in verbs if verb != "parameters"}
    app = make_app(None, dict, lambda: None, ServiceLimits())  # type: ignore[arg-type]
    there = {
        (route.path.replace(":int", ""), method)  # type: ignore[attr-defined]
        for route in app.routes
        for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
    }

    assert promised == there


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
_SHAPE = ("width", "height", "channels", "frames", "depth")
_small = st.integers(-1, 6) | _json
_request = st.fixed_dictionaries(
    {},
    optional={
        "protocol": st.just(2) | _json,
        "action": st.sampled_from(["upscale", "anonymise"]) | _json,
        "kept": st.integers(3, 20) | _json,
        "previews": st.booleans() | _json,
        "picture": st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                ("width", "height", "channels", "frames", "depth", "name", "palette", "mode"), _small
            ),
        )
        | _json,
        "settings": st.fixed_dictionaries(
            {"scale": st.just(2)},
            optional={
                "candidates": _small,
                "seed": _small,
                "steps": _small,
                "box": st.lists(st.integers(-1, 5), max_size=5) | _json,
                "domain": st.sampled_from(["art", "pixel-art", "textures", "data"]) | _json,
                "wrap": st.sampled_from(["x", "xy"]) | _json,
                "palette": st.just("keep") | _json,
                "degradation": st.sampled_from(["area", "bicubic", "point"]) | _json,
            },
        )
        | _json,
    },
)
_names = sorted(field.name for field in dataclasses.fields(Request))
_paths = st.sampled_from(
    ["/hello", "/jobs", "/jobs/x", "/jobs/x/events", "/jobs/x/candidates/0", "/shutdown/", "/", "/%00"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=_request, kind=st.sampled_from([RAW, "image/png", "", "text/html; x"]), body=st.binary(max_size=200))
def test_no_request_makes_it_stumble(running: Running, request: Any, kind: str, body: bytes) -> None:
    """Any POST: refused with a sentence, or queued and ended in one of the three ways; never a 500."""
    picture = request.get("picture") if isinstance(request, dict) else None
    if kind == RAW and isinstance(picture, dict):
        sizes = [picture.get(name, default) for name, default in zip(_SHAPE, (0, 0, 4, 1, 8), strict=True)]
        if all(isinstance(size, int) and 0 < size < 20 for size in sizes):
            body = bytes(sizes[0] * sizes[1] * sizes[2] * sizes[3] * sizes[4] // 8)  # a valid body, to get further
    status, answer = ask(running, "POST", "/jobs", body, Depixel_Request=json.dumps(request), Content_Type=kind)

    assert status in (202, 400, 409, 413, 415), answer
    if status != 202:
        assert json.loads(answer)["sentence"]
        return
    job = json.loads(answer)["job"]
    last = json.loads(ask(running, "GET", f"/jobs/{job}/events")[1].splitlines()[-1])
    assert last["event"] in ("done", "failed", "cancelled")
    assert last.get("code") != "bug", last
    ask(running, "DELETE", f"/jobs/{job}")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(_names),
    value=_json | st.lists(_small, max_size=4),
)
def test_no_value_of_any_setting_makes_it_stumble(running: Running, name: str, value: Any) -> None:
    """Every setting with any JSON value: a sentence that names the error, or an answer; never a bug."""
    request = {"picture": {"width": 2, "height": 2}, "settings": {"scale": 2, "domain": "art", "steps": 0, name: value}}
    status, answer = ask(
        running, "POST", "/jobs", bytes(range(16)), Depixel_Request=json.dumps(request), Content_Type=RAW
    )

    assert status in (202, 400, 413), answer
    if status != 202:
        assert json.loads(answer)["sentence"]
        return
    job = json.loads(answer)["job"]
    last = json.loads(ask(running, "GET", f"/jobs/{job}/events")[1].splitlines()[-1])
    assert last["event"] in ("done", "failed"), last
    assert last.get("code") != "bug", last
    ask(running, "DELETE", f"/jobs/{job}")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=_paths | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30).map(lambda text: "/" + text),
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]),
)
def test_no_address_makes_it_stumble(running: Running, path: str, method: str) -> None:
    """Unknown routes and verbs are 404 and 405."""
    if path.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0] == "/shutdown":
        return
    status, _ = ask(running, method, path)

    assert status < 500
    assert ask(running, "GET", "/hello")[0] == 200
