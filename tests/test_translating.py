"""scripts/translate_page.py: a complete file of words for another language."""

from __future__ import annotations

import importlib.util
import json
import re
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from depixel.errors import DepixelError
from depixel.files import read

ROOT = Path(__file__).resolve().parents[1]


@cache
def translate_page() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("translate_page", ROOT / "scripts/translate_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def templates() -> list[str]:
    """The engine's sentences."""
    return list(translate_page().sentences())


def _matches(template: str, sentence: str) -> bool:
    parts = (re.escape(part) for part in re.split(r"\{\d+\}", template))
    return re.fullmatch(".+?".join(parts), sentence, re.DOTALL) is not None


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.png", b""),
        ("notes.png", b"these are words"),
        ("cut.png", (ROOT / "samples/sprites/bee.png").read_bytes()[:80]),
        ("cut.gif", b"GIF89a\x10\x00\x10\x00\x80\x00\x00"),
        ("cut.dds", b"DDS |\x00\x00\x00"),
        ("huge.bmp", b"BM" + bytes(12) + b"(\x00\x00\x00" + b"\xff\xff\xff\x7f" * 2 + b"\x01\x00 \x00" + bytes(24)),
        ("archive.rar", b"Rar!\x1a\x07\x01\x00" + b"\x00" * 64),
    ],
)
def test_the_sentences_of_failures_are_templates(templates: list[str], tmp_path: Path, name: str, data: bytes) -> None:
    """What the engine says about a bad file can be translated."""
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(DepixelError) as caught:
        read(path)

    assert any(_matches(template, str(caught.value)) for template in templates), str(caught.value)


def test_a_file_for_a_language_is_complete() -> None:
    """It has the page's words, the options, profiles, dials' choices, error codes and the engine's sentences."""
    complete = translate_page().everything()
    english = json.loads((ROOT / "core/depixel/service/page/words.en.json").read_text("utf-8"))

    assert complete.items() >= english.items()
    families = {key.split(".")[0] for key in complete}
    assert families >= {"option", "profile", "error", "dial", "sentences"}
    assert complete["option.imagination.help"]
    assert complete["profile.minecraft.where"]
    assert len(complete["sentences"]) > 200


def test_what_is_translated_stays() -> None:
    """A second run keeps translations, adds what is new, and drops what is no longer said."""
    module = translate_page()
    sentences = {"{1} is empty.": "{1} is empty.", "New.": "New."}
    complete = {"save.one": "Save", "new.key": "New", "sentences": sentences}
    old = {"{1} is empty.": "{1} ist leer.", "Old.": "Alt."}
    before = {"save.one": "Speichern", "old.key": "Alt", "sentences": old}

    assert module.merged(complete, before) == {
        "save.one": "Speichern",
        "new.key": "New",
        "sentences": {"{1} is empty.": "{1} ist leer.", "New.": "New."},
    }


def test_another_language_is_named_on_the_page(
    templates: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is written beside the English one, and browsers in that language use it."""
    module = translate_page()
    for name in ("index.html", "words.en.json", "dials.json"):
        (tmp_path / name).write_bytes((module.PAGE / name).read_bytes())
    monkeypatch.setattr(module, "PAGE", tmp_path)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "sentences", lambda: templates)

    assert module.main(["eo"]) == 0
    assert module.main(["eo"]) == 0

    assert 'data-languages="en eo"' in (tmp_path / "index.html").read_text("utf-8")
    assert json.loads((tmp_path / "words.eo.json").read_text("utf-8")) == module.everything()
    assert module.main(["english"]) == 2
