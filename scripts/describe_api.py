#!/usr/bin/env python3
"""
Writes the options of a request, from the table in depixel.client.option_table, into docs/api/openapi.json and
docs/options.md. Run it after a change to the table; a test says when it was forgotten.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "core"))

from depixel.client.option import Option, described  # noqa: E402
from depixel.client.option_table import KEPT, OPTIONS  # noqa: E402

API = ROOT / "docs" / "api" / "openapi.json"
PAGE = ROOT / "docs" / "options.md"
_DOORS = {"command line": "Command line", "api": "API, Python", "page": "Page", "gimp": "GIMP", "krita": "Krita"}


def api(text: str) -> str:
    """The API description with the options of the table in place of those it has."""
    document: dict[str, Any] = json.loads(text)
    request = document["components"]["schemas"]["Request"]["properties"]
    request["kept"] = KEPT.schema()
    request["settings"] = {
        "type": "object",
        "description": "What to make of the picture; a missing key takes its default. The same options as on the "
        "command line: docs/options.md.",
        "properties": {option.name: option.schema() for option in OPTIONS if "api" in option.doors},
    }
    return json.dumps(document, indent=2) + "\n"


def page() -> str:
    """docs/options.md: a table of all options, and where each can be set."""
    lines = [
        "# Options",
        "",
        "What you can ask of Depixel for a picture, and where. An option that you leave out takes its default. Python",
        "and the API write names with underscores (`pre_blur`), the command line with hyphens (`--pre-blur`).",
        "",
        "<!-- written by scripts/describe_api.py -->",
        "",
        "| option | value | default | what it does | where |",
        "|---|---|---|---|---|",
        *(_row(option) for option in OPTIONS),
    ]
    return "\n".join(lines) + "\n"


def _row(option: Option) -> str:
    default = option.automatic or str(option.default)
    where = ", ".join(label for door, label in _DOORS.items() if door in option.doors)
    cells = (f"`{option.name}`", option.allowed(), default, described(option), where)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> int:
    """Write both files."""
    API.write_text(api(API.read_text("utf-8")), "utf-8")
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
