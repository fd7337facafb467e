#!/usr/bin/env python3
"""
Begins or renews a translation of the page:

    .venv/bin/python scripts/translate_page.py de

writes core/depixel/service/page/words.de.json with everything that the page can show: its own words, the options, the
games and emulators, the meanings of error codes, and the engine's sentences about files and answers. What is not
translated yet is there in English; what is translated already stays. The page uses the file for browsers in that
language from the next start of the engine.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CORE, WATCHER = ROOT / "core", ROOT / "plugins/folder_watch"
sys.path[:0] = [str(CORE), str(WATCHER)]

from depixel.client.option_table import OPTIONS  # noqa: E402
from depixel_watch.packs.profiles import load  # noqa: E402

PAGE = CORE / "depixel/service/page"
SENTENCES = "sentences"
"""The key under which a translation has the engine's sentences: {English template: translation}."""

_ELSEWHERE = (  # below core/depixel: what only the command line, the plug-ins and reports say
    "batch", "cli.py", "client", "cluster", "commands", "install", "priors/importers", "report_page.py", "terminal",
)  # fmt: skip
_OF_PACKS = ("page_packs.py", "packs", "preview", "work/task.py", "work/texture.py", "upscaler.py")
_LEAST = 12  # letters of a sentence


def everything() -> dict[str, Any]:
    """Every key of a complete file of words, in English."""
    words: dict[str, Any] = json.loads((PAGE / "words.en.json").read_text("utf-8"))
    return {**words, **_options(), **_dials(), **_profiles(), **_errors(), SENTENCES: {t: t for t in sentences()}}


def merged(complete: dict[str, Any], translated: dict[str, Any]) -> dict[str, Any]:
    """`complete` with what is translated in its place; what is no longer said is dropped."""
    new = {key: translated.get(key, text) for key, text in complete.items()}
    old = translated.get(SENTENCES, {})
    new[SENTENCES] = {english: old.get(english, english) for english in complete[SENTENCES]}
    return new


def sentences() -> list[str]:
    """The engine's sentences as templates, {1} {2} ... where a value stands."""
    files = [path for path in (CORE / "depixel").rglob("*.py") if not _is_elsewhere(path)]
    files += [path for part in _OF_PACKS for path in _modules(WATCHER / "depixel_watch" / part)]
    return sorted({text for path in files for text in _said_in(path)})


def _options() -> dict[str, str]:
    words: dict[str, str] = {}
    for option in (row for row in OPTIONS if "page" in row.doors):
        key = f"option.{option.name}"
        words |= {key: option.label, f"{key}.help": option.help}
        if option.automatic:
            words[f"{key}.automatic"] = option.automatic
        words |= {f"{key}.{value}": label for value, label in option.choices}
    return words


def _dials() -> dict[str, str]:
    rows = json.loads((PAGE / "dials.json").read_text("utf-8"))
    choices = [(row["name"], value) for row in rows for value in row.get("options", ())]
    return {f"dial.{name}.{value}": value.replace("-", " ") for name, value in choices}


def _profiles() -> dict[str, str]:
    words: dict[str, str] = {}
    for name, profile in load().items():
        parts = {"": profile.title, ".where": profile.where, ".note": profile.note}
        words |= {f"profile.{name}{part}": text for part, text in parts.items() if text}
    return words


# Each code may get words of its own; without them, its sentence is shown.
def _errors() -> dict[str, str]:
    sources = [*(CORE / "depixel/service").glob("*.py"), CORE / "depixel/errors.py"]
    codes = {code for path in sources for code in re.findall(r'^    code = "([\w-]+)"', path.read_text("utf-8"), re.M)}
    return {f"error.{code}": "{sentence}" for code in sorted(codes)}


def _is_elsewhere(path: Path) -> bool:
    name = path.relative_to(CORE / "depixel").as_posix()
    return any(name == part or name.startswith(f"{part}/") for part in _ELSEWHERE)


def _modules(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


# Texts that end like a sentence, except for docstrings; also those that begin with a value.
def _said_in(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    left_out = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    left_out |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        text = "" if id(node) in left_out else _template(node)
        letters = re.sub(r"\{\d+\}", "", text)
        if text.endswith((".", "!")) and " " in letters.strip() and len(letters) >= _LEAST and "\n" not in text:
            yield text


def _template(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    parts, number = [], 0
    for part in node.values:
        number += isinstance(part, ast.FormattedValue)
        parts.append(str(part.value) if isinstance(part, ast.Constant) else f"{{{number}}}")
    return "".join(parts)


def main(arguments: list[str]) -> int:
    """Write the file and name its language on the page."""
    if len(arguments) != 1 or not re.fullmatch(r"[a-z]{2}", arguments[0]) or arguments[0] == "en":
        sys.stderr.write(f"{__doc__}\nGive the two letters of one language other than en.\n")
        return 2
    language = arguments[0]
    path = PAGE / f"words.{language}.json"
    translated = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(json.dumps(merged(everything(), translated), ensure_ascii=False, indent=2) + "\n", "utf-8")
    index = PAGE / "index.html"
    text = index.read_text("utf-8")
    there = re.search(r'data-languages="([a-z ]+)"', text)
    assert there is not None
    if language not in there[1].split():
        index.write_text(text.replace(there[0], f'data-languages="{there[1]} {language}"'), "utf-8")
    sys.stdout.write(f"{path.relative_to(ROOT)}: translate what is in English, then restart the engine.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
