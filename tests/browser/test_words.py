"""The page in another language."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.browser.conftest import ROOT, Browser, a_pack

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


@pytest.fixture
def translated(browser: Browser, engine: Engine) -> Iterator[Browser]:
    """The page with a translated file of words, including some of the engine's own texts."""
    words = json.loads((ROOT / "core/depixel/service/page/words.en.json").read_text("utf-8")) | WORDS
    script = (
        "const plain = window.fetch; window.fetch = (address, options) => String(address).includes('words.')"
        f" ? Promise.resolve(new Response({json.dumps(json.dumps(words))})) : plain(address, options);"
    )
    source = browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
    browser.open(engine)
    yield browser
    browser.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", {"identifier": source["identifier"]})


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
