#!/usr/bin/env python3
"""
Writes the glossary in CONTRIBUTING.md: every public class of the engine and its doors, by the first sentence about it.
"""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "CONTRIBUTING.md"
PLACES = (
    "core/depixel",
    "plugins/folder_watch/depixel_watch",
    "plugins/gimp/depixel-gimp",
    "plugins/krita/depixel_krita",
)
"""Where classes are part of the house; each of their sub-folders is a room."""

BEGIN, END = "<!-- names -->\n", "<!-- /names -->\n"


@cache
def classes() -> tuple[tuple[str, str, str], ...]:
    """
    (room, name, first sentence) of every public class that is not private to its module, in the order of the rooms.
    """
    rows = []
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*.py"), key=lambda p: (len(p.relative_to(ROOT / place).parts) > 1, p)):
            parts = path.relative_to(ROOT / place).parts
            room = "/".join((Path(place).name, *parts[:-1][:1]))
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    rows.append((room, node.name, first_sentence(ast.get_docstring(node) or "")))
    return tuple(rows)


def first_sentence(docstring: str) -> str:
    """The first sentence of a docstring on one line, without the full stop."""
    text = " ".join(docstring.split("\n\n", maxsplit=1)[0].split())
    return re.split(r"(?<!\bal)(?<!\.)\.(?:\s|$)", text)[0].replace("|", "\\|")


def glossary() -> str:
    """The tables, one for each room."""
    rooms: dict[str, list[str]] = {}
    for room, name, sentence in classes():
        rooms.setdefault(room, []).append(f"| `{name}` | {sentence} |\n")
    tables = (f"### {room}\n\n| name | meaning |\n|---|---|\n{''.join(sorted(rows))}\n" for room, rows in rooms.items())
    return "".join(tables)


def page_with(text: str) -> str:
    """CONTRIBUTING.md with this text between the marks."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n{text}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page_with(glossary()), "utf-8")
    sys.stdout.write(f"{PAGE}\n")
