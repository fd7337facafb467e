"""Accessibility: no axe-core rule is violated, the keyboard reaches everything, and small screens show everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.conftest import Browser, a_pack

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


@pytest.mark.parametrize("scheme", ["light", "dark"], indirect=True)
def test_no_rule_is_broken_in_any_state(browser: Browser, samples: Path, tmp_path: Path, scheme: str) -> None:
    """With a preview, the heat map, all dials, a missing partner, a paused batch, packs, and during a drag."""
    broken: dict[str, list[str]] = {}

    def check(state: str) -> None:
        if rules := violations(browser):
            broken[state] = rules

    browser.drop(samples / "sprites" / "mage.png")
    browser.until("end", lambda: browser.finished() and browser.text("#suggestion"))
    browser.change("option-imagination", 1)
    browser.until("preview", lambda: browser.one("#preview").get_attribute("data-state") == "shown")
    check("preview")
    browser.one("#more-answers").click()
    browser.until("answers", lambda: len(browser.all(".answer")) == 5)
    browser.bring("#heat").click()
    check("heat map")
    browser.bring("label[for=preset-face]").click()
    browser.bring("#person summary").click()
    check("dials")
    browser.run("document.getElementById('preset-exact').click()")
    browser.choose(samples / "sprites" / "bee.png")
    browser.until("hint", lambda: browser.text("#pairing"))
    check("missing partner")
    browser.run("document.getElementById('preset-auto').click(); document.getElementById('pause').click()")
    browser.drop(samples / "sprites" / "bee.png", samples / "animations" / "coin.png", a_pack(samples, tmp_path))
    browser.until("rows", lambda: len(browser.all(".item")) == 4)
    check("paused")
    browser.run("document.getElementById('pause').click()")
    browser.until("dry run", lambda: "looked" in browser.states())
    browser.bring(".item[data-state=looked] .pick").click()
    browser.until("pack", lambda: browser.text("#pack-facts"))
    check("pack")
    browser.one("#pack-start").click()
    browser.until("end", browser.finished)
    check("larger pack")
    browser.run("document.getElementById('drop').hidden = false")
    check("dragging")
    assert broken == {}


def test_a_page_without_a_key_breaks_no_rule(browser: Browser) -> None:
    """The page says what to do, for every user."""
    browser.run("sessionStorage.clear()")
    browser.driver.refresh()
    browser.until("banner", lambda: "depixel open" in browser.text("#banner"))

    assert violations(browser) == []


def tab_to(browser: Browser, selector: str) -> Any:
    """Press Tab until an element has the focus."""
    from selenium.webdriver.common.keys import Keys

    for _ in range(160):
        active = browser.driver.switch_to.active_element
        if browser.run("return arguments[0].matches(arguments[1])", active, selector):
            return active
        active.send_keys(Keys.TAB)
    raise AssertionError(f"Tab does not reach {selector}")


def test_a_whole_visit_by_keyboard(browser: Browser) -> None:
    """An example, a preview, a second answer, looking at it, keeping and saving it, without a mouse."""
    from selenium.webdriver.common.keys import Keys

    tab_to(browser, ".example").send_keys(Keys.ENTER)
    browser.until("end", lambda: browser.finished() and browser.text("#suggestion"))
    tab_to(browser, "#more summary").send_keys(Keys.ENTER)
    tab_to(browser, "#option-imagination").send_keys(Keys.CONTROL, "a", Keys.NULL, "1", Keys.TAB)
    browser.until("preview", lambda: browser.one("#preview").get_attribute("data-state") == "shown")
    tab_to(browser, "#again").send_keys(Keys.ENTER)
    browser.until("answer", lambda: len(browser.all(".answer")) == 2)

    tab_to(browser, ".answer:nth-child(1) .show").send_keys(Keys.ENTER)
    assert browser.one(".answer:nth-child(1) .show").get_attribute("aria-pressed") == "true"
    assert browser.run("return document.activeElement.matches('.answer:nth-child(1) .show')")
    tab_to(browser, ".answer:nth-child(2) input").send_keys(Keys.SPACE)
    tab_to(browser, ".answer:nth-child(2) .like").send_keys(Keys.ENTER)
    browser.until("variations", lambda: len(browser.all(".answer")) == 6)
    tab_to(browser, "#save-kept").send_keys(Keys.ENTER)
    assert browser.downloaded("dragon-x4-2.png").stat().st_size > 0


def test_every_dial_is_turned_by_keyboard(browser: Browser) -> None:
    """Each has a name, announces its value, and writes its part of the option."""
    from selenium.webdriver.common.keys import Keys

    browser.run("document.getElementById('preset-face').click()")
    tab_to(browser, "#person summary").send_keys(Keys.ENTER)
    dials = [str(dial.get_attribute("id")) for dial in browser.all("#dials input, #dials select")]
    assert len(dials) >= 12
    for dial in dials:
        control = tab_to(browser, f"#{dial}")
        assert control.accessible_name
        control.send_keys(Keys.ARROW_DOWN if control.tag_name == "select" else Keys.ARROW_RIGHT)

    text = browser.run("return document.getElementById('option-face').value")
    assert [part.split("=")[0] for part in text.split(", ")] == [dial.removeprefix("dial-") for dial in dials]
    values = [browser.text(f"#{dial}-value") for dial in dials if browser.one(f"#{dial}").tag_name == "input"]
    assert "as in the picture" not in values


def test_all_of_it_works_by_keyboard(browser: Browser, samples: Path) -> None:
    """Tab reaches every visible control and shows the focus; Enter and arrows do what a mouse does."""
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
    """Added and finished pictures are announced in a live region."""
    browser.run(
        "window.said = []; new MutationObserver(() => said.push(document.getElementById('live').textContent))"
        ".observe(document.getElementById('live'), {childList: true, characterData: true, subtree: true})"
    )
    browser.drop(samples / "sprites" / "mage.png")
    browser.until("end", browser.finished)

    said = browser.until("news", lambda: len(browser.run("return said")) > 1 and browser.run("return said"))
    assert any("1 picture added" in text for text in said)
    assert any("mage.png is done. Exact" in text for text in said)


@pytest.mark.parametrize("width", [320, 768, 1440])
def test_nothing_is_cut_off(browser: Browser, samples: Path, width: int, request: pytest.FixtureRequest) -> None:
    """At three widths nothing overflows at the side, and controls are large enough to hit."""
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
