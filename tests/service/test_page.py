"""The page over HTTP: what it serves, who is admitted, and what a tab may do."""

from __future__ import annotations

import http.client
import json
import re
from importlib import resources
from pathlib import Path

import pytest
from tests.service.test_guard import ask

from depixel.client import Engine, Running
from depixel.client.readings import ALL_NAMES


def page_files() -> list[str]:
    """Names of the page's own files."""
    folder = resources.files("depixel.service").joinpath("page")
    return sorted(entry.name for entry in folder.iterdir() if entry.is_file())


def tab(engine: Engine, running: Running, files: list[tuple[str, str]] | None = None) -> str:
    """The header of a new tab."""
    _, key = engine.page_key(files or [])
    status, body = ask(running, "POST", "/page/session", json.dumps({"key": key}).encode(), Authorization="")
    assert status == 200, body
    return f"Bearer {json.loads(body)['session']}"


@pytest.mark.parametrize("name", page_files())
def test_every_file_is_served_without_a_token(running: Running, name: str) -> None:
    """They hold no secret; each is sent with its type and may load nothing from elsewhere."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    connection.request("GET", f"/page/static/{name}")
    response = connection.getresponse()
    body = response.read()
    connection.close()

    assert response.status == 200
    assert body
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize("name", ["index.html", "enter.html"])
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(name: str) -> None:
    """No inline style or script in the page, no handler, no address of another machine."""
    text = resources.files("depixel.service").joinpath("page", name).read_text("utf-8")  # type: ignore[call-arg]

    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|https?://", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


def test_scripts_make_no_markup_from_text() -> None:
    """File names and metadata cannot inject: nothing that turns text into markup or code is used."""
    folder = resources.files("depixel.service").joinpath("page")
    for entry in folder.iterdir():
        if entry.name.endswith(".js"):
            text = entry.read_text("utf-8")
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)


def test_every_word_is_in_the_file_of_words() -> None:
    """Every text of the page is in the file of words, and every word in the file is used."""
    folder = resources.files("depixel.service").joinpath("page")
    words = json.loads(folder.joinpath("words.en.json").read_text("utf-8"))
    text = "".join(entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith((".js", "index.html")))
    families = {"preset", "kind", "where", "ground", "reading", "dial", "example"}  # their words are found by values

    said = set(re.findall(r"""["'`]([a-z][\w-]*\.[\w.-]+|skip|tagline|suggest)["'`]""", text))

    assert {key for key in words if key.split(".")[0] not in families} <= said
    assert set(re.findall(r'say\("([\w.-]+)"|data-word(?:-label|-title)?="([\w.-]+)"', text)) != set()
    for first, second in re.findall(r'say\("([\w.-]+)"|data-word(?:-label|-title)?="([\w.-]+)"', text):
        assert (first or second) in words


def test_every_reading_has_words() -> None:
    """The page names an answer by its reading and explains it."""
    words = json.loads(resources.files("depixel.service").joinpath("page/words.en.json").read_text("utf-8"))

    assert [name for name in ALL_NAMES for key in (name, f"{name}.help") if f"reading.{key}" not in words] == []


@pytest.mark.parametrize(
    "path",
    [
        "/page/static/", "/page/static/..%2fapp.py", "/page/static/../app.py", "/page/static/none.js",
        "/page/static/examples/..%2f..%2fapp.py", "/page/static/%2e%2e/app.py", "/page/static/page.py",
    ],
)  # fmt: skip
def test_only_the_pages_files_are_served(running: Running, path: str) -> None:
    """No path leads out of the folder."""
    assert ask(running, "GET", path, Authorization="")[0] in (401, 404)


@pytest.mark.parametrize("name", ["dragon", "potion", "wall", "coin", "portrait"])
def test_examples_are_there(running: Running, name: str) -> None:
    """Each button of the page has its icon."""
    status, body = ask(running, "GET", f"/page/static/examples/{name}.png", Authorization="")

    assert status == 200
    assert body.startswith(b"\x89PNG")


def test_a_key_opens_one_tab(engine: Engine, running: Running) -> None:
    """The first exchange gives a session that the engine accepts; the second is refused with a sentence."""
    _, key = engine.page_key()
    body = json.dumps({"key": key}).encode()
    _, first = ask(running, "POST", "/page/session", body, Authorization="")
    status, second = ask(running, "POST", "/page/session", body, Authorization="")

    session = f"Bearer {json.loads(first)['session']}"
    assert ask(running, "GET", "/hello", Authorization=session)[0] == 200
    assert status == 403
    assert "depixel open" in json.loads(second)["sentence"]


def test_a_form_opens_one_tab(engine: Engine, running: Running, tmp_path: Path) -> None:
    """The file from `depixel open` posts the key: its Origin is null, and the session is returned inside the page."""
    note = tmp_path / "open.html"
    note.write_text("a file that hands over the key")
    _, key = engine.page_key(note=str(note))

    status, body = ask(running, "POST", "/enter", f"key={key}".encode(), Authorization="", Origin="null")
    again, _ = ask(running, "POST", "/enter", f"key={key}".encode(), Authorization="", Origin="null")

    match = re.search(rb'<meta name="session" content="([\w-]+)">', body)
    assert (status, again) == (200, 403)
    assert match is not None
    assert ask(running, "GET", "/hello", Authorization=f"Bearer {match.group(1).decode()}")[0] == 200
    assert not note.exists()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/page/session", {"Origin": "http://evil.example"}, 403),
        ("/page/session", {"Origin": "null"}, 403),
        ("/enter", {"Origin": "http://evil.example"}, 403),
        ("/page/session", {"Host": "evil.example"}, 403),
        ("/page/session", {}, 403),
    ],
)
def test_strangers_get_no_session(running: Running, path: str, headers: dict[str, str], status: int) -> None:
    """Neither another site's page, nor one under another name, nor a guess."""
    assert ask(running, "POST", path, b'{"key": "guess"}', Authorization="", **headers)[0] == status


def test_a_tab_uses_the_engine_and_no_more(engine: Engine, running: Running) -> None:
    """It can do its work, but can neither stop the engine nor make keys for others."""
    session = tab(engine, running)
    own = {"Authorization": session, "Origin": f"http://127.0.0.1:{running.port}"}

    assert ask(running, "GET", "/options", **own)[0] == 200  # type: ignore[arg-type]
    assert ask(running, "POST", "/shutdown", **own)[0] == 401  # type: ignore[arg-type]
    assert ask(running, "POST", "/page/keys", b"{}", **own)[0] == 401
    assert ask(running, "GET", "/hello", Authorization=session, Origin="http://127.0.0.1:1")[0] == 403


def test_named_files_are_fetched_by_their_tab_only(engine: Engine, running: Running, tmp_path: Path) -> None:
    """The tab with the key sees the named files, once; another tab, and another number, see nothing."""
    picture = tmp_path / "ünïcode <b>.png"
    picture.write_bytes(b"bytes of a picture")
    session, other = tab(engine, running, [(str(picture), picture.name)]), tab(engine, running)

    _, listed = ask(running, "GET", "/page/files", Authorization=session)
    _, later = ask(running, "GET", "/page/files", Authorization=session)
    status, body = ask(running, "GET", "/page/files/0", Authorization=session)

    assert json.loads(listed)["files"] == [{"name": picture.name}]
    assert json.loads(later)["files"] == []
    assert (status, body) == (200, b"bytes of a picture")
    assert ask(running, "GET", "/page/files/1", Authorization=session)[0] == 404
    assert ask(running, "GET", "/page/files/0", Authorization=other)[0] == 404
    picture.unlink()
    assert ask(running, "GET", "/page/files/0", Authorization=session)[0] == 404


@pytest.mark.parametrize(
    "values",
    [
        b"[]", b"{", b'{"files": 3}', b'{"files": ["a"]}', b'{"files": [{"path": "relative", "name": "a"}]}',
        b'{"files": [{"path": "/nowhere/at/all.png", "name": "a"}]}',
        b'{"files": [{"path": "/a\\u0000b", "name": "a"}]}',
    ],
)  # fmt: skip
def test_a_bad_request_for_a_key_is_a_sentence(running: Running, values: bytes) -> None:
    """Anything but a list of readable files is refused."""
    status, body = ask(running, "POST", "/page/keys", values)

    assert status == 400
    assert json.loads(body)["sentence"].endswith(".")


def test_the_dials_of_the_page_are_those_of_the_engine() -> None:
    """The option `face` understands each at both of its ends, and each has its own words."""
    from depixel.portrait.dials import read_dials
    from depixel.portrait.parameters import by_name

    folder = resources.files("depixel.service").joinpath("page")
    words = json.loads(folder.joinpath("words.en.json").read_text("utf-8"))
    rows = json.loads(folder.joinpath("dials.json").read_text("utf-8"))

    assert len(rows) >= 12
    assert {f"dial.{row['name']}" for row in rows} == {key for key in words if key.startswith("dial.")}
    for row in rows:
        if row["kind"] == "choice":
            assert tuple(row["options"]) == by_name()[row["name"]].options
        for value in row.get("options") or (row["low"], row["high"]):
            sign = "+" if row["kind"] == "shift" and value > 0 else ""
            (dial,) = read_dials(f"{row['name']}={sign}{value}")
            assert dial.shift == (row["kind"] == "shift")
