"""The commands of docs/models.md, as typed, with tiny random networks in the place of downloaded ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.test_pages import commands_of

pytest.importorskip(
    "spandrel", reason="spandrel is not installed: scripts/model_tests makes an environment that has it"
)
from tiny_networks import make

pytestmark = [pytest.mark.models, pytest.mark.timeout(600), pytest.mark.filterwarnings("ignore")]
ROOT = Path(__file__).resolve().parents[3]


def test_the_commands_of_the_page_do_their_work(tmp_path: Path) -> None:
    """One after the other in one shell's folder; the outputs are there, and a removed model is gone."""
    place = tmp_path / "downloads"
    shutil.copytree(ROOT / "samples/textures", place / "textures")
    shutil.copy(ROOT / "samples/sprites/mage.png", place / "hero.png")
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/depixel"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m depixel "$@"\n')
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT / 'core'}{os.pathsep}{ROOT / 'plugins/folder_watch'}",
        "DEPIXEL_RUNTIME_DIR": str(tmp_path / "runtime"),
        "OMP_NUM_THREADS": "1",
    }
    for network, file in (("esrgan", "4x-Sharp.pth"), ("swinir", "swinir.pth")):
        torch.save({"params_ema": make(network).state_dict()}, place / file)
    commands = commands_of("docs/models.md")
    assert len(commands) >= 5
    printed: dict[str, str] = {}
    counts: dict[str, int] = {}

    for command in ["depixel models add swinir.pth --licence none", *commands]:
        done = subprocess.run(
            ["sh", "-c", command], cwd=place, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        printed[command] = done.stdout
        counts[command] = len(list(place.rglob("*.png")))

    assert "4x-sharp" in printed["depixel models"] and "CC BY 4.0" in printed["depixel models"]
    textures = len(list((ROOT / "samples/textures").glob("*.png")))
    before, folder, hero = (counts[command] for command in commands[-4:-1])
    assert folder - before == textures
    assert hero - folder == 3  # one candidate of each model
    words = ["sh", "-c", "depixel models"]
    left = subprocess.run(words, cwd=place, env=environment, capture_output=True, text=True, check=True).stdout
    assert "4x-sharp" not in left and "swinir" in left
