"""The page in another language."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.conftest import ROOT, Browser, a_pack
from tests.test_translating import translate_page

from depixel.client import Engine

WORDS = {
    "intake.choose": "Bilder wählen",
    "option.imagination": "Fantasie",
    "option.imagination.help": "Wie viel erfunden wird.",
    "option.palette.keep": "Nur die eigenen",
    "profile.minecraft": "Minecraft-Paket",
    "profile.minecraft.where": "der Ordner resourcepacks",
    "error.unreadable": "Dieses Bild ist nicht lesbar ({sentence})",
}


_UNMARKED = """
const unmarked = [];
const inner = /⟦[^⟦⟧]*⟧/gu;
const isUnmarked = (text) => {
  while (inner.test(text)) text = text.replace(inner, "");
  return /\\p{L}/u.test(text) && text.trim() !== "Depixel";
};
const isName = (node) => node.closest("code, .item-name, #view-title, #format, h1, noscript");
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  if (isUnmarked(node.data) && !isName(node.parentElement)) unmarked.push(node.data);
}
for (const node of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]")) {
  for (const name of ["aria-label", "title", "placeholder", "alt"]) {
    const text = node.getAttribute(name) ?? "";
    if (isUnmarked(text) && !isName(node)) unmarked.push(`${name}: ${text}`);
  }
}
return [...new Set(unmarked)];
"""
"""Every text of the page with letters outside of ⟦ ⟧, except for names of files and formats, and commands."""


@pytest.fixture
def in_words(browser: Browser, engine: Engine) -> Iterator[Callable[[dict[str, Any]], Browser]]:
    """Opens the page with other words."""
    identifiers: list[str] = []

    def open_with(words: dict[str, Any]) -> Browser:
        script = (
            "const plain = window.fetch; window.fetch = (address, options) => String(address).includes('words.')"
            f" ? Promise.resolve(new Response({json.dumps(json.dumps(words))})) : plain(address, options);"
        )
        source = browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
        identifiers.append(source["identifier"])
        browser.open(engine)
        return browser

    yield open_with
    for identifier in identifiers:
        browser.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": identifier})


def bracketed(value: Any) -> Any:
    """Every text of a file of words, marked."""
    if isinstance(value, dict):
        return {key: bracketed(text) for key, text in value.items()}
    return f"⟦{value}⟧"


def test_every_text_comes_from_the_words(
    in_words: Callable[[dict[str, Any]], Browser], samples: Path, tmp_path: Path
) -> None:
    """With every word marked, no unmarked text is on the page, whatever it shows."""
    browser = in_words(bracketed(translate_page().everything()))
    unmarked: dict[str, list[str]] = {}

    def check(state: str) -> None:
        if texts := browser.run(_UNMARKED):
            unmarked[state] = texts

    def settled() -> bool:
        return set(browser.states()) <= {"done", "failed", "looked"}

    check("empty")
    (tmp_path / "broken.png").write_bytes((samples / "sprites" / "bee.png").read_bytes()[:60])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "model.psd").write_bytes(b"8BPS")
    browser.drop(samples / "sprites" / "mage.png", *sorted(tmp_path.glob("*.p*")))
    browser.until("end", lambda: len(browser.states()) == 4 and settled())
    check("answered and failed")
    for row in range(1, 5):
        browser.bring(f".item:nth-child({row}) .pick").click()
        check(f"picture {row}")
    browser.bring(".item:nth-child(1) .pick").click()
    browser.bring("#more-answers").click()
    browser.until("answers", lambda: len(browser.all(".answer")) == 5)
    browser.bring("#heat").click()
    check("answers")
    browser.run("document.querySelector('[name=size-by][value=side]').click()")
    browser.drop(samples / "pixel-art" / "potion.png", samples / "textures" / "wall.png", a_pack(samples, tmp_path))
    browser.until("end", lambda: len(browser.states()) == 7 and settled())
    for row in range(5, 8):
        browser.bring(f".item:nth-child({row}) .pick").click()
        browser.until("suggestion", lambda: not browser.text("#suggestion").startswith("⟦mage"))
        check(f"picture {row}")
    assert unmarked == {}


@pytest.fixture
def translated(in_words: Callable[[dict[str, Any]], Browser]) -> Browser:
    """The page with a translated file of words, including some of the engine's own texts."""
    return in_words(json.loads((ROOT / "core/depixel/service/page/words.en.json").read_text("utf-8")) | WORDS)


def test_the_engines_own_words_can_be_translated(translated: Browser, samples: Path, tmp_path: Path) -> None:
    """Labels, help, choices, profiles and the meaning of an error come from the file of words if it has them."""
    browser = translated
    assert browser.text("#choose-files") == "Bilder wählen"
    of_option = "return document.querySelector(arguments[0]).textContent"
    assert browser.run(of_option, "label[for=option-imagination]") == "Fantasie"
    assert browser.run(of_option, "#option-imagination-help").startswith("Wie viel erfunden wird.")
    assert browser.run(of_option, "#option-palette option[value=keep]") == "Nur die eigenen"
    assert browser.run(of_option, "label[for=option-reading]") != ""  # without a translation, the engine's own

    broken = tmp_path / "broken.png"
    broken.write_bytes((samples / "sprites" / "bee.png").read_bytes()[:60])
    browser.choose(broken)
    browser.until("failure", lambda: browser.states() == ["failed"])
    assert browser.text("#verdict").startswith("Dieses Bild ist nicht lesbar (broken.png")

    browser.choose(a_pack(samples, tmp_path))
    browser.until("look at the pack", lambda: browser.states()[-1] == "looked")
    browser.all(".pick")[-1].click()
    browser.until("facts", lambda: "Recognised as: Minecraft-Paket." in browser.text("#pack-facts"))
    assert "Where it goes: der Ordner resourcepacks." in browser.text("#pack-facts")
