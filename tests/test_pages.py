"""What the pages in docs/ tell people to type is understood."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from depixel.cli import make_parser
from depixel.commands.options import settings_from

ROOT = Path(__file__).resolve().parents[1]


def _commands(page: str) -> list[str]:
    blocks = re.findall(r"```\n(.*?)```", (ROOT / "docs" / page).read_text("utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("depixel ")]


@pytest.mark.parametrize("command", _commands("faces.md"))
def test_a_command_of_the_faces_page_is_understood(command: str) -> None:
    """Options and values are those that there are, and the samples that it names are there."""
    words = shlex.split(command)[1:]

    args = make_parser(words).parse_args(words)

    if words[0] == "upscale":
        assert settings_from(args).domain == "faces"
    assert all((ROOT / word).is_file() for word in words if word.startswith("samples/"))


def test_the_faces_page_has_commands() -> None:
    """The search for them finds some."""
    assert len(_commands("faces.md")) > 15
