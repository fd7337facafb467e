"""A new option is one row of one table; every door shows it."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from depixel.client.option import ALL_DOMAINS, nearest
from depixel.client.option_table import OPTIONS
from depixel.domain import BY_NAME
from depixel.request import DOMAINS, Request

ROOT = Path(__file__).resolve().parent.parent
_NEW_ROW = """    sparkle: Optional[int] = _row(
        "int",
        "Sparkles",
        "How many sparkles the answer gets.",
        low=0,
        high=9,
        automatic="none",
        unit="N",
        doors=ALL_DOORS,
    )
    domain: str = _row("""
_LOOK = """
import argparse, json
from depixel import client
from depixel.terminal.options import add_request_options, request_from
from depixel.request import Request
from depixel.service.wire import parse_header

parser = argparse.ArgumentParser()
add_request_options(parser)
typed = request_from(parser.parse_args(["--sparkle", "3"]))
pixels = client.Pixels(1, 1, 1, (b"0",))
settings = client.settings_of(client.UPSCALE, {"sparkle": 5})
header = client.Submission(pixels, settings).header()
print(json.dumps({
    "typed": [typed.sparkle, sorted(typed.typed), typed.to_dict()],
    "help": " ".join(parser.format_help().split()),
    "wire": parse_header(header).settings.sparkle,
    "from_json": Request.from_dict({"sparkle": 7}).sparkle,
    "gimp": [vars(o) for o in client.with_output(client.UPSCALE, "gimp").options if o.name == "sparkle"],
    "krita": [vars(o) for o in client.with_output(client.UPSCALE, "krita").options if o.name == "sparkle"],
    "unset": client.settings_of(client.UPSCALE, client.UPSCALE.defaults()).get("sparkle", "left out"),
}))
"""


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source with one more row in the table, and nothing else changed."""
    root = tmp_path_factory.mktemp("source")
    no_weights = shutil.ignore_patterns("*.safetensors", "__pycache__")
    shutil.copytree(ROOT / "core" / "depixel", root / "core" / "depixel", ignore=no_weights)
    shutil.copytree(ROOT / "docs" / "api", root / "docs" / "api")
    (root / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "describe_api.py", root / "scripts")
    table = root / "core" / "depixel" / "client" / "option_table.py"
    text = table.read_text("utf-8")
    assert text.count("    domain: str = _row(") == 1
    table.write_text(text.replace("    domain: str = _row(", _NEW_ROW), "utf-8")
    return root


def _run(root: Path, *words: str) -> str:
    environment = {"PYTHONPATH": str(root / "core"), "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(root)}
    done = subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_new_row_is_in_every_door(copied: Path) -> None:
    """The command line, Python, the wire, and the dialogs of GIMP and Krita have the option at once."""
    seen: dict[str, Any] = json.loads(_run(copied, "-c", _LOOK))

    assert seen["typed"] == [3, ["sparkle"], {"sparkle": 3}]
    assert "--sparkle N how many sparkles the answer gets (default: none)" in seen["help"]
    assert seen["wire"] == 5
    assert seen["from_json"] == 7
    for program in ("gimp", "krita"):
        (option,) = seen[program]
        assert (option["label"], option["low"], option["high"], option["default"]) == ("Sparkles", -1, 9, -1)
    assert seen["unset"] == "left out"


def test_a_new_row_is_described(copied: Path) -> None:
    """The API description and the page of options follow the table."""
    _run(copied, str(copied / "scripts" / "describe_api.py"))

    document = json.loads((copied / "docs" / "api" / "openapi.json").read_text("utf-8"))
    schema = document["components"]["schemas"]["Request"]["properties"]["settings"]["properties"]["sparkle"]
    assert schema == {
        "type": ["integer", "null"],
        "minimum": 0,
        "maximum": 9,
        "title": "Sparkles",
        "description": "How many sparkles the answer gets.",
    }
    assert "| `sparkle` |" in (copied / "docs" / "options.md").read_text("utf-8")


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("describe_api", ROOT / "scripts" / "describe_api.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_descriptions_are_current() -> None:
    """A change of the table requires running scripts/describe_api.py."""
    script = _script()
    described = (ROOT / "docs" / "api" / "openapi.json").read_text("utf-8")

    assert script.api(described) == described, "run scripts/describe_api.py"
    assert script.page() == (ROOT / "docs" / "options.md").read_text("utf-8"), "run scripts/describe_api.py"


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_each_row_is_complete_and_plain(option: Any) -> None:
    """A label, a help text that ends its sentence, an allowed default, and real kinds of picture."""
    assert option.label and option.help[0].isupper() | option.help[0].isdigit() and option.help.endswith(".")
    assert option.problem(option.default) == ""
    assert option.default is not None or option.automatic
    assert set(option.domains) <= set(ALL_DOMAINS)
    assert "api" in option.doors
    assert option.kind != "choice" or option.default is None or option.default in option.values


def test_the_kinds_are_those_of_the_engine() -> None:
    """The table and the engine name the same kinds of picture."""
    assert ("auto", *BY_NAME) == DOMAINS
    assert tuple(BY_NAME) == ALL_DOMAINS


def test_the_schema_accepts_what_the_check_accepts() -> None:
    """
    A box is sent as a list, whole numbers are accepted as numbers, None stands for a default that is decided later.
    """
    values = {"box": [1, 2, 3, 4], "imagination": 1, "steps": None, "ensemble": None}

    assert Request.from_dict(values) == Request(box=(1, 2, 3, 4), imagination=1.0)


@pytest.mark.parametrize(("word", "meant"), [("texure", "textures"), ("FACES", "faces"), ("zzz", None)])
def test_the_nearest_word(word: str, meant: str | None) -> None:
    """A typing error finds its word, ignoring case; anything else finds none."""
    assert nearest(word, DOMAINS) == meant
