"""One engine, several programs at once: editors, the watcher, a terminal with curl."""

from __future__ import annotations

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.service.conftest import ROOT, request_of

from depixel.client import Engine, Pixels, Place, Submission


def test_every_client_gets_its_own_answer(engine: Engine, place: Place) -> None:
    """Eight clients, three pictures each, all at once: none is lost or swapped."""
    pid = engine.hello().pid

    def ask(number: int) -> list[bool]:
        mine = Engine(f"client {number}", place)
        checks = []
        for turn in range(3):
            colour = bytes((number * 30, turn * 80, 200 - number * 20, 255))
            settings = {"scale": 2, "domain": "art", "seed": number * 3 + turn}
            result = mine.upscale(Submission(Pixels(5, 3, 4, (colour * 15,)), settings)).result()
            answer = np.frombuffer(result.answers[0].frames[0], np.uint8).reshape(3, 2, 5, 2, 4)
            back = answer.astype(float).mean((1, 3))
            checks.append(bool(np.abs(back - np.frombuffer(colour, np.uint8)).max() <= 0.5))
            checks.append(result.answers[0].seed == settings["seed"])
        return checks

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))

    assert answers == [[True] * 6] * 8
    assert engine.hello().pid == pid
    assert engine.hello().queued == 0


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("bash") is None, reason="curl or bash is missing")
def test_the_curl_example_of_the_documentation(engine: Engine, place: Place, tmp_path: Path) -> None:
    """The exact lines of docs/api/README.md, except that the engine already runs and keeps running."""
    engine.upscale(request_of(4, 4)).result()
    text = (ROOT / "docs" / "api" / "README.md").read_text("utf-8")
    (lines,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    for typed, here in (
        ("depixel serve &\n", ""),
        ("~/.local/share/depixel/engine/running.json\n", f"'{place.path('running.json')}'\n"),
        ("depixel serve --stop\n", ""),
    ):
        assert typed in lines
        lines = lines.replace(typed, here)
    Image.new("RGBA", (6, 5), (90, 140, 30, 255)).save(tmp_path / "hero.png")

    done = subprocess.run(
        ["bash", "-euc", lines], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    for words in ('"protocol":', '"event": "done"', '"state":"done"', '"residual":'):
        assert words in done.stdout, done.stdout
    with Image.open(tmp_path / "hero-x4.png") as image:
        assert (image.size, image.mode) == ((24, 20), "RGBA")
