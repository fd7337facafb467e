"""A real browser visits hostile websites while the engine runs: they read nothing and change nothing."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.browser.conftest import Browser
from tests.browser.hostile_site import ATTACKS, hostile_site
from tests.service.conftest import request_of

from depixel.client import Engine
from depixel.client.engine import page_address

REBOUND = "evil.example"  # a name that its owner points at 127.0.0.1 (DNS rebinding)


@pytest.fixture(scope="module")
def visitor(new_browser: Callable[..., Browser]) -> Browser:
    """A browser for which a foreign name leads to this machine."""
    return new_browser(f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1", "--disable-popup-blocking")


@pytest.fixture
def site() -> Iterator[int]:
    """The port of a hostile website."""
    with hostile_site() as port:
        yield port


def _address(engine: Engine) -> str:
    parts = urlsplit(page_address(*engine.page_key()))
    return f"{parts.scheme}://{parts.netloc}"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", REBOUND])
def test_a_hostile_site_gets_nothing(visitor: Browser, engine: Engine, site: int, host: str) -> None:
    """Requests, forms, frames, sockets and windows read nothing from the engine, which keeps running."""
    process = engine.hello().pid
    visitor.driver.set_script_timeout(90)
    visitor.driver.get(f"http://{host}:{site}/")

    results = visitor.driver.execute_async_script(ATTACKS, _address(engine), "guessed")

    got = {attack: result for attack, result in results.items() if result not in ("failed", "nothing", "none")}
    assert {attack for attack in got if not attack.startswith("blind ")} == set(), got
    assert all(result == "0 " for result in got.values()), got  # the browser shows neither status nor content
    assert len(results) > 15
    assert engine.hello().pid == process
    assert engine.upscale(request_of(4, 4)).result().scale == 2


def test_the_attacks_reach_a_careless_server(visitor: Browser, site: int) -> None:
    """On a page of its own server, which refuses nothing, the same script reads, loads and opens."""
    own = f"http://127.0.0.1:{site}"
    visitor.driver.set_script_timeout(90)
    visitor.driver.get(f"{own}/")

    results = visitor.driver.execute_async_script(ATTACKS, own, "guessed")

    assert results["read /hello"].startswith("200") and results["read with a token /"].startswith("200")
    assert results["window"] == "open"


@pytest.mark.parametrize("path", ["/", "/hello", "/enter", "/page/static/main.js"])
def test_a_rebound_name_is_refused(visitor: Browser, engine: Engine, path: str) -> None:
    """A foreign name that leads to the engine's port: the browser sees one origin, but the engine refuses it."""
    port = urlsplit(_address(engine)).port
    visitor.driver.get(f"http://{REBOUND}:{port}{path}")

    assert "answers only to 127.0.0.1" in visitor.text("body")
    status = visitor.driver.execute_async_script(
        "const [done] = arguments; fetch('/page/session', {method: 'POST', body: '{}'})"
        ".then((answer) => done(answer.status), () => done(0))"
    )
    assert status == 403


def test_no_frame_shows_the_page(visitor: Browser, engine: Engine, site: int) -> None:
    """Nobody can put the page under their own buttons."""
    visitor.driver.get(f"http://127.0.0.1:{site}/frame?{_address(engine)}/")
    visitor.driver.switch_to.frame(visitor.one("iframe"))

    assert visitor.all("#banner") == [] and visitor.all("#main") == []
    visitor.driver.switch_to.default_content()


def test_a_key_opens_one_session_in_a_race(browser: Browser, engine: Engine) -> None:
    """Of twenty exchanges of one key at the same moment, one succeeds; guesses never do."""
    _, key = engine.page_key()
    statuses = browser.driver.execute_async_script(
        "const [key, done] = arguments; const ask = (key) => fetch('/page/session', {method: 'POST', "
        "body: JSON.stringify({key})}).then((answer) => answer.status);"
        "Promise.all([...Array(20).fill(key), '', 'guess', key + 'x', key.slice(1)].map(ask)).then(done)",
        key,
    )

    assert sorted(statuses) == [200, *[403] * 23]
    browser.driver.get_log("browser")  # the refusals


MARKUP = "<img src=x onerror=\"document.title='bad'\"><script>document.title='bad'<∕script>"
NAMES = (
    f"{MARKUP}.png",
    "javascript:alert(1).png",
    "\u202egnp.exe.png",  # shown from right to left
    "\x1b]0;bad\x07\x1b[2J.png",
    "{{7*7}}${7*7}.png",
    "a" * 200 + ".png",
    "%2e%2e%2f%00.png",
)


def test_hostile_names_change_nothing(browser: Browser, engine: Engine, samples: Path, tmp_path: Path) -> None:
    """Names of files, in archives, on the command line and in messages about failures are only ever shown as text."""
    bee = (samples / "sprites" / "bee.png").read_bytes()
    files = []
    for number, name in enumerate(NAMES):
        files.append(tmp_path / name)
        files[-1].write_bytes(bee if number % 2 else b"\x89PNG\r\n\x1a\nbroken")
    archive = tmp_path / "mod.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name in (*NAMES, "../../outside.png", "/etc/outside.png", "C:\\outside.png"):
            packed.writestr(name, bee)
    browser.open(engine, [(str(path), path.name) for path in files])
    browser.until("end", browser.finished)
    browser.drop(archive)

    browser.until("end", lambda: browser.finished() and len(browser.states()) > len(NAMES))
    assert browser.driver.title == "Depixel"
    assert browser.all("img[src='x'], [onerror], script:not([src]), a[href^='javascript']") == []
    assert "done" in browser.states() and "failed" in browser.states()
    browser.one("#zip").click()
    with zipfile.ZipFile(browser.downloaded("depixel.zip")) as packed:
        for name in packed.namelist():
            assert not name.startswith("/") and ".." not in name.split("/") and "\\" not in name and ":" not in name[:3]
    browser.driver.get_log("browser")
