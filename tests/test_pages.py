"""Commands and links in the documentation are valid."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from depixel.cli import make_parser
from depixel.terminal.options import request_from

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(f"docs/{p.name}" for p in sorted((ROOT / "docs").glob("*.md"))),
]
PAGES += ["docs/api/README.md", "samples/LICENSES.md"]


# In blocks, fenced or indented, without the comment behind it.
def commands_of(page: str) -> list[str]:
    """The command lines in a page's blocks of code, without their comments."""
    text = (ROOT / page).read_text("utf-8")
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    blocks += re.findall(r"^(?: {4}.*\n)+", text, re.MULTILINE)
    commands = (re.split(r"\s{2,}|\s[#&]", line.strip())[0] for block in blocks for line in block.splitlines())
    return [line for line in commands if line.startswith("depixel ")]


@pytest.mark.parametrize(("page", "command"), [(page, command) for page in PAGES for command in commands_of(page)])
def test_a_command_of_a_page_is_understood(page: str, command: str) -> None:
    """Options and values exist, and so do the samples that it names."""
    words = shlex.split(command)[1:]

    args = make_parser(words).parse_args(words)

    if words[0] in ("upscale", "watch"):
        domain = request_from(args).domain
        assert page != "docs/faces.md" or words[0] != "upscale" or domain == "faces"
    assert all((ROOT / word).exists() for word in words if word.startswith("samples/"))


def test_pages_have_commands() -> None:
    """The search for them finds some."""
    counts = {page: len(commands_of(page)) for page in PAGES}

    assert counts["README.md"] >= 3
    assert counts["docs/faces.md"] > 15
    assert counts["docs/watch.md"] >= 5
    assert counts["docs/krita.md"] >= 2
    assert counts["docs/api/README.md"] >= 2


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_points_to_is_there(page: str) -> None:
    """Links and pictures lead to files of this project; scripts, folders and pages named in the text exist."""
    text = (ROOT / page).read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    named = re.findall(r"`((?:scripts|benchmarks|training|docs|core|tests|plugins|samples)/[\w./-]*\w)[`:]", text)

    assert not [link for link in links if not ((ROOT / page).parent / link.strip()).exists()]
    assert not [name for name in named if not (ROOT / name).exists()]
