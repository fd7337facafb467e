"""One name, one meaning: the glossary of CONTRIBUTING.md, and the rules for its names."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("describe_names", ROOT / "scripts" / "describe_names.py")
assert SPEC is not None and SPEC.loader is not None
NAMES = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(NAMES)

PLUG_INS = ("depixel-gimp", "depixel_krita")
SAME_ON_BOTH_SIDES = {"CancelledError"}
"""The client is independent and has its own class with the same meaning."""


def test_the_glossary_is_current() -> None:
    """`scripts/describe_names.py` would change nothing."""
    assert NAMES.page_with(NAMES.glossary()) == (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_every_public_class_says_what_it_is() -> None:
    """In a sentence that does not begin with its arguments."""
    for room, name, sentence in NAMES.classes():
        assert len(sentence) > 10 and not re.match(r"(Args|Returns|Raises|See)\b", sentence), (room, name, sentence)


def test_no_two_classes_share_a_name() -> None:
    """A search for a name of the engine or the watcher finds one class; so does a search in a plug-in."""
    for rooms in (None, *PLUG_INS):
        names = [name for room, name, _ in NAMES.classes() if room == rooms or (rooms is None and room not in PLUG_INS)]

        assert {name for name, count in Counter(names).items() if count > 1} <= SAME_ON_BOTH_SIDES, rooms
