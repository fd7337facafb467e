"""For everyone: no rule of axe-core is broken, the keyboard reaches everything, a small screen shows all of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.browser.conftest import Browser

AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
_RUN = (
    "const done = arguments[arguments.length - 1];"
    "axe.run(document, {resultTypes: ['violations']}).then(found => done(found.violations.map("
    "  rule => rule.id + ': ' + rule.nodes.map(node => node.target.join(' ')).slice(0, 5).join(', '))),"
    "  error => done([String(error)]));"
)


@pytest.fixture
def scheme(browser: Browser, request: pytest.FixtureRequest) -> Iterator[str]:
    """Light or dark."""
    features = [{"name": "prefers-color-scheme", "value": request.param}]
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    yield request.param
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def violations(browser: Browser) -> list[str]:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: scripts/browser_tests does that")
    browser.run(AXE.read_text("utf-8"))
    return list(browser.driver.execute_async_script(_RUN))


@pytest.mark.parametrize("scheme", ["light", "dark"], indirect=True)
def test_no_rule_of_accessibility_is_broken(browser: Browser, samples: Path, tmp_path: Path, scheme: str) -> None:
    """On the empty page, with several answers, with all options open, with a failure in the list."""
    assert violations(browser) == []
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"nothing")

    browser.drop(samples / "sprites" / "mage.png", broken)
    browser.until("end", browser.finished)
    browser.one("#more-answers").click()
    browser.until("answers", lambda: len(browser.all(".answer")) == 5)
    browser.bring("#more summary").click()
    browser.one(".answer summary").click()

    assert violations(browser) == []


def test_all_of_it_works_by_keyboard(browser: Browser, samples: Path) -> None:
    """Tab reaches every control that can be seen, and shows where it is; Enter and arrows do what a mouse does."""
    from selenium.webdriver.common.keys import Keys

    browser.drop(samples / "sprites" / "mage.png")
    browser.until("end", browser.finished)
    wanted = browser.run(
        "return [...document.querySelectorAll('button, input, select, summary, [tabindex=\"0\"]')].filter("
        "  node => node.checkVisibility({visibilityProperty: true}) && !node.disabled && node.tabIndex >= 0"
        "  && !(node.type === 'radio' && !node.checked)).length"
    )
    seen = set()
    for _ in range(wanted + 10):
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        active = browser.driver.switch_to.active_element
        seen.add(active.id)
        style = "return getComputedStyle(arguments[0]).outlineStyle !== 'none' || arguments[0] === document.body"
        assert browser.run(style, active), active.get_attribute("outerHTML")
    assert len(seen) >= wanted

    browser.one("#preset-auto").send_keys(Keys.ARROW_DOWN)
    assert browser.run("return document.querySelector('[name=preset]:checked').value") == "sprite"
    browser.one("#split").send_keys(Keys.HOME)
    assert browser.one("#split").get_attribute("value") == "0"
    browser.one("#stage").send_keys("+")
    assert browser.run("return document.activeElement.id") == "stage"


def test_news_reaches_screen_readers(browser: Browser, samples: Path) -> None:
    """What is added and what is done is said in a live region."""
    browser.run(
        "window.said = []; new MutationObserver(() => said.push(document.getElementById('live').textContent))"
        ".observe(document.getElementById('live'), {childList: true, characterData: true, subtree: true})"
    )
    browser.drop(samples / "sprites" / "mage.png")
    browser.until("end", browser.finished)

    said = browser.until("news", lambda: len(browser.run("return said")) > 1 and browser.run("return said"))
    assert any("1 picture added" in text for text in said)
    assert any("mage.png is done. Exact" in text for text in said)


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_nothing_is_cut_off(browser: Browser, samples: Path, width: int, request: pytest.FixtureRequest) -> None:
    """At three widths nothing sticks out at the side, and controls are large enough to hit."""
    metrics = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    request.addfinalizer(lambda: browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {}))
    browser.drop(samples / "sprites" / "mage.png", samples / "animations" / "coin.png")
    browser.until("end", browser.finished)
    browser.one("#more-answers").click()
    browser.until("answers", lambda: len(browser.all(".answer")) == 5)

    assert browser.run("return document.documentElement.scrollWidth") <= width
    small = browser.run(
        "return [...document.querySelectorAll('button')].filter(node => node.checkVisibility()).filter(node => {"
        "  const box = node.getBoundingClientRect(); return box.width < 24 || box.height < 24; }).map(node => node.id)"
    )
    assert small == []
