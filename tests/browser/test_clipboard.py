"""Copying an answer to the clipboard, and pasting from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.browser.conftest import Browser


@pytest.fixture
def clipboard(browser: Browser) -> Iterator[Browser]:
    """A browser whose user allows the page to use the clipboard."""
    origin = browser.run("return location.origin")
    permissions = {"origin": origin, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    browser.driver.execute_cdp_cmd("Browser.grantPermissions", permissions)
    yield browser
    browser.driver.execute_cdp_cmd("Browser.resetPermissions", {})


def test_a_copied_answer_is_pasted(clipboard: Browser, samples: Path) -> None:
    """The button and Ctrl+V both add the picture that was copied, in its full size."""
    from selenium.webdriver.common.keys import Keys

    clipboard.drop(samples / "sprites" / "bee.png")
    clipboard.until("end", clipboard.finished)
    size = clipboard.text("#view-size").split(" to ")[1].removesuffix(" pixels")
    clipboard.bring("#copy").click()
    clipboard.until("confirmation", lambda: "Copied" in clipboard.text("#save-note"))

    clipboard.bring("#paste").click()
    clipboard.until("pasted picture", lambda: len(clipboard.all(".item")) == 2)
    clipboard.one("body").send_keys(Keys.CONTROL, "v")
    clipboard.until("second pasted picture", lambda: len(clipboard.all(".item")) == 3)
    clipboard.until("end", clipboard.finished)

    clipboard.bring(".item:nth-child(2) .pick").click()
    clipboard.until("pasted picture in view", lambda: clipboard.text("#view-title") == "clipboard.png")
    clipboard.until("full size", lambda: clipboard.text("#view-size").startswith(f"{size} to "))


def test_a_clipboard_without_a_picture_is_reported(clipboard: Browser) -> None:
    """Text is not a picture."""
    clipboard.run("return navigator.clipboard.writeText('words')")

    clipboard.bring("#paste").click()
    clipboard.until("hint", lambda: "holds no picture" in clipboard.text("#intake-note"))


def test_a_refused_clipboard_is_reported(browser: Browser) -> None:
    """Without permission, the page says which keys to press instead."""
    permission = {"permission": {"name": "clipboard-read"}, "setting": "denied"}
    browser.driver.execute_cdp_cmd("Browser.setPermission", permission)

    browser.bring("#paste").click()
    browser.until("hint", lambda: "Ctrl+V" in browser.text("#intake-note"))
    browser.driver.execute_cdp_cmd("Browser.resetPermissions", {})
