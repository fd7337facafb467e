"""The commands of docs/cluster.md, as typed, on a real cluster."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

import pytest
from tests.test_pages import commands_of

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
PAGE = "docs/cluster.md"


def test_the_commands_of_the_page_do_their_work(nodes, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """`upscale` ends by itself with all its answers; `watch` makes its outputs and stays until it is stopped."""
    commands = commands_of(PAGE)
    assert len(commands) >= 3
    for number, command in enumerate(commands):
        place = tmp_path / f"{number}"
        for name in ("textures", "my-mod"):
            shutil.copytree(SAMPLES / "textures", place / name)
        wanted = len(list((place / "textures").glob("*.png")))
        words = command.replace("render1:10001", nodes.address.removeprefix("ray://")).split()[1:]
        process = nodes.depixel(*words, cwd=place)
        if words[0] == "watch":
            out, until = place / "my-mod-depixel", time.monotonic() + 200
            while len(list(out.rglob("*.png"))) < wanted and time.monotonic() < until:
                assert process.poll() is None, process.communicate()
                time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
        else:
            out = place / words[words.index("-o") + 1]
            printed = process.communicate(timeout=300)
            assert process.returncode == 0, printed
        assert len(list(out.rglob("*.png"))) == wanted, command


def test_the_page_shows_how_a_cluster_is_started() -> None:
    """With the commands that the other tests run for the head node and for the other machines."""
    text = (SAMPLES.parent / PAGE).read_text("utf-8")

    assert "render1$ ray start --head\n" in text
    assert text.count("$ ray start --address=render1:6379\n") == 2
