"""The live preview: a part of the picture with the settings of the form, before the whole is requested."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.browser.conftest import Browser


def state(browser: Browser) -> str:
    """The state of the preview."""
    return str(browser.one("#preview").get_attribute("data-state"))


def image(browser: Browser) -> str:
    """The address of the picture in the preview."""
    return str(browser.run("return document.getElementById('preview').style.backgroundImage"))


def opened(browser: Browser, path: Path) -> None:
    """Drop a picture and wait until it is answered and known."""
    browser.drop(path)
    browser.until("verdict", lambda: browser.text("#verdict") and browser.text("#suggestion"))
    browser.until("end", browser.finished)


def test_it_follows_the_settings(browser: Browser, samples: Path) -> None:
    """
    It appears after a change, follows the next one, adds no answer, and disappears when the settings are reverted.
    """
    opened(browser, samples / "sprites" / "mage.png")
    assert state(browser) == "off"

    browser.change("option-imagination", 1)
    browser.until("preview", lambda: state(browser) == "shown")
    first = image(browser)
    assert first.startswith('url("blob:')
    assert browser.shown("#preview-frame")
    assert "Preview" in browser.text("#preview-state")
    browser.change("option-imagination", 0.5)
    browser.until("next preview", lambda: state(browser) == "shown" and image(browser) != first)
    assert len(browser.all(".answer")) == 1

    browser.change("option-imagination", 0)
    browser.until("nothing", lambda: state(browser) == "off")
    assert not browser.shown("#preview-frame")


def test_it_stays_until_the_answer_is_there(browser: Browser, samples: Path) -> None:
    """`Make again` keeps the previewed result as an answer, and the preview disappears."""
    opened(browser, samples / "sprites" / "mage.png")
    browser.change("option-imagination", 1)
    browser.until("preview", lambda: state(browser) == "shown")

    browser.one("#again").click()
    browser.until("answer", lambda: len(browser.all(".answer")) == 2)

    browser.until("end", lambda: state(browser) == "off")
    assert browser.run("return document.querySelector('.answer:nth-child(2) code').textContent").endswith(
        "--imagination 1"
    )


def test_of_a_large_picture_it_shows_the_part_in_view(browser: Browser, tmp_path: Path) -> None:
    """The part is small, is where the picture has it, and follows the view."""
    from PIL import Image

    Image.radial_gradient("L").resize((200, 160)).convert("RGB").save(tmp_path / "large.png")
    opened(browser, tmp_path / "large.png")
    browser.change("option-imagination", 1)
    browser.until("preview", lambda: state(browser) == "shown")

    box = (
        "const [part, all] = ['preview', 'after'].map(id => document.getElementById(id).getBoundingClientRect());"
        "return [part.width / all.width, part.height / all.height,"
        "  (part.left - all.left) / all.width, (part.top - all.top) / all.height]"
    )
    assert browser.run(box) == pytest.approx([64 / 200, 64 / 160, 68 / 200, 48 / 160], abs=0.01)
    before = image(browser)
    browser.run("document.getElementById('stage').dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft'}))")
    browser.until("the part there", lambda: state(browser) == "shown" and image(browser) != before)
    width, height, left, _top = browser.run(box)
    assert (width, height) == pytest.approx((64 / 200, 64 / 160), abs=0.01)
    assert left < 68 / 200 - 0.01


def test_a_size_in_pixels_is_previewed_too(browser: Browser, samples: Path) -> None:
    """The preview covers the whole of a small picture, regardless of the size of its answer."""
    opened(browser, samples / "sprites" / "mage.png")
    browser.run(
        "document.querySelector('[name=size-by][value=side]').click(); const box = document.getElementById('side');"
        "box.value = 100; box.dispatchEvent(new Event('input'));"
    )
    browser.until("preview", lambda: state(browser) == "shown")
    part, whole = (
        browser.run("return document.getElementById(arguments[0]).getBoundingClientRect().width", name)
        for name in ("preview", "after")
    )
    assert part == pytest.approx(whole)


def test_it_can_be_switched_off(browser: Browser, samples: Path) -> None:
    """With the preview off, nothing is sent to the engine before `Make again`."""
    opened(browser, samples / "sprites" / "mage.png")
    browser.one("#live-preview").click()
    browser.run("window.sent = 0; const send = fetch; window.fetch = (...all) => { sent += 1; return send(...all); }")

    browser.change("option-imagination", 1)
    browser.run("return new Promise(done => setTimeout(done, 800))")
    assert state(browser) == "off"
    assert browser.run("return sent") <= 1  # the engine's state is requested now and then


def test_a_refusal_is_said(browser: Browser, samples: Path) -> None:
    """An impossible setting is explained next to the button, and the shown answer stays."""
    opened(browser, samples / "sprites" / "mage.png")
    browser.change("option-model", "no-such-model")

    browser.until("sentence", lambda: "No preview: " in browser.text("#preview-state"))
    assert not browser.shown("#preview-frame")
    assert browser.shown("#saving")
