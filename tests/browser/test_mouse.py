"""The mouse on the pictures in view, and the switches above them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.browser.conftest import Browser

_LAYERS = (
    "return ['before', 'after'].map(id => { const style = getComputedStyle(document.getElementById(id));"
    "  return [style.width, style.height, style.transform, style.backgroundSize]; })"
)
_PICTURE = "return document.getElementById('after').style.backgroundImage"


@pytest.fixture
def mage(browser: Browser, samples: Path) -> Browser:
    """The page with one finished answer in view."""
    browser.drop(samples / "sprites" / "mage.png")
    browser.until("end", browser.finished)
    browser.bring("#stage")
    return browser


def mouse(browser: Browser, kind: str, x: float, y: float, **more: Any) -> None:
    """An event of the mouse at a point of the stage, counted from its corner."""
    corner = "const box = document.getElementById('stage').getBoundingClientRect(); return [box.x, box.y]"
    left, top = browser.run(corner)
    event = {"type": kind, "x": left + x, "y": top + y, **more}
    browser.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)


def drag(browser: Browser, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press the button, move, let go."""
    mouse(browser, "mousePressed", *start, button="left", clickCount=1)
    mouse(browser, "mouseMoved", *end, button="left", buttons=1)
    mouse(browser, "mouseReleased", *end, button="left", clickCount=1)


def test_wheel_and_drag_move_both_pictures(mage: Browser) -> None:
    """They move together, around the pointer; single pixels of the original stay sharp."""
    fitted = mage.text("#zoom")
    for _ in range(4):
        mouse(mage, "mouseWheel", 200, 150, deltaX=0, deltaY=-120)
    mage.until("zoom", lambda: mage.text("#zoom") != fitted)
    before, after = mage.run(_LAYERS)
    assert before == after
    drag(mage, (120, 120), (180, 150))
    moved, also = mage.run(_LAYERS)
    assert moved == also
    assert moved[2] != before[2]

    mage.one("#zoom-one").click()
    assert mage.text("#zoom") == "100%"
    rendering = "return ['before', 'after'].map(id => getComputedStyle(document.getElementById(id)).imageRendering)"
    assert mage.run(rendering) == ["pixelated", "pixelated"]


def test_the_line_is_dragged(mage: Browser) -> None:
    """It divides the picture where the mouse lets go, and the slider below says so."""
    width = mage.run("return document.getElementById('stage').clientWidth")
    drag(mage, (width / 2, 100), (width / 4, 100))

    assert float(str(mage.one("#split").get_attribute("value"))) == pytest.approx(25, abs=1)


def test_the_heat_map_lies_over_the_answer(mage: Browser) -> None:
    """It takes the answer's place and goes away again; the page explains it."""
    mage.one("#more-answers").click()
    mage.until("answers", lambda: len(mage.all(".answer")) == 5 and mage.finished())
    mage.until("heat", lambda: mage.shown("#heat"))
    answer = mage.run(_PICTURE)
    assert not mage.shown("#heat-help")

    mage.one("#heat").click()
    assert mage.run(_PICTURE) != answer
    assert "that was invented" in mage.text("#heat-help")
    mage.one("#heat").click()
    assert mage.run(_PICTURE) == answer


def test_all_are_saved_in_another_format(mage: Browser, samples: Path) -> None:
    """The button that saves all of them names the format that is chosen."""
    mage.drop(samples / "animations" / "coin.png", samples / "sprites" / "bee.png")
    mage.until("end", lambda: len(mage.all(".item")) == 3 and mage.finished())
    mage.change("format", "image/webp")
    assert mage.text("#zip") == "Save all as zip (WebP)"
    mage.one("#zip").click()

    with zipfile.ZipFile(mage.downloaded("depixel.zip")) as archive:
        assert sorted(archive.namelist()) == ["bee-x4.webp", "coin-x4.webp", "mage-x4.webp"]
        assert all(archive.read(name)[8:12] == b"WEBP" for name in archive.namelist())


def test_names_with_marks_and_line_breaks(browser: Browser, samples: Path, tmp_path: Path) -> None:
    """Names are shown without line breaks and without marks that reorder text."""
    names = ["evil\u202egnp.exe.png", "two\nlines.png", "bell\x07\u200f\u2066.png"]
    for name in names:
        (tmp_path / name).write_bytes((samples / "sprites" / "bee.png").read_bytes())
    browser.drop_for_real(*(tmp_path / name for name in names))

    browser.until("end", lambda: len(browser.all(".item")) == 3 and browser.finished())
    assert browser.states() == ["done"] * 3
    shown = browser.run(
        "return [...document.querySelectorAll('.item-name, #view-title, #suggestion, .answer code')]"
        "  .map(node => node.textContent + node.title).join('')"
    )
    assert not [mark for mark in "\u202e\n\x07\u200f\u2066" if mark in shown]
    assert "two\ufffdlines.png" in shown
