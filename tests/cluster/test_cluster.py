"""`--cluster`: the same bytes as on one machine, whatever is killed during the work, and nothing half-written."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]
COUNT = 48  # enough work for something to be killed meanwhile


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Some folders of pictures; four pictures form a group."""
    for number in range(COUNT):
        path = tmp_path / "in" / f"{number % 3}" / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (120, 128, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(path)
    return tmp_path / "in"


@pytest.fixture
def expected(pictures: Path, nodes: object, tmp_path: Path) -> dict[str, bytes]:
    """The result on one machine."""
    out = tmp_path / "alone"
    command = [sys.executable, "-m", "depixel", "upscale", str(pictures), "-o", str(out), *OPTIONS]
    subprocess.run(command, env=nodes.environment, check=True, capture_output=True)  # type: ignore[attr-defined]
    return contents(out)


OPTIONS = ("--domain", "art", "--scale", "2", "--ensemble", "8", "--wrap", "none", "--quiet")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.05)


def started(nodes, pictures: Path, out: Path, done: int) -> subprocess.Popen[str]:
    """The command on the cluster, once this many answers exist."""
    process = nodes.depixel(
        "upscale", str(pictures), "-o", str(out), *OPTIONS, "--cluster", nodes.address, "--cores-per-engine", "1"
    )
    wait_until(lambda: len(list(out.rglob("*.png"))) >= done, process)
    return process


def test_engines_and_a_machine_are_killed_while_they_work(
    nodes, pictures: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    """An engine's process, then a whole node: every file exists, byte for byte as on one machine."""
    out = tmp_path / "out"
    process = started(nodes, pictures, out, 1)

    assert nodes.kill(0, b"ClusterWorker") >= 1
    wait_until(lambda: len(list(out.rglob("*.png"))) >= 9, process)
    assert nodes.kill(1) >= 2
    printed = process.communicate(timeout=200)

    assert process.returncode == 0, printed
    assert contents(out) == expected


def test_the_head_is_killed_and_another_run_resumes(
    nodes, pictures: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    """
    Without a head the command ends with a reason; existing files are complete, and the next run does only the rest.
    """
    out = tmp_path / "out"
    process = started(nodes, pictures, out, 5)

    nodes.kill()
    printed = process.communicate(timeout=200)

    assert process.returncode == 1, printed
    assert "Ray cluster" in printed[0] + printed[1]
    there = contents(out)
    assert 5 <= len(there) < COUNT
    assert all(expected[name] == data for name, data in there.items())  # no temporary file either
    again = nodes.depixel("upscale", str(pictures), "-o", str(out), *OPTIONS)
    printed = again.communicate(timeout=200)
    assert again.returncode == 0, printed
    assert f"{COUNT - len(there)} done" in printed[0]
    assert contents(out) == expected


def test_stopping_stops_at_once_and_leaves_whole_files(
    nodes, pictures: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    """Control-C: exit code 130, only complete files, and no engines left."""
    out = tmp_path / "out"
    process = started(nodes, pictures, out, 4)

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert process.returncode == 130
    assert all(expected[name] == data for name, data in contents(out).items())
    wait_until_gone = time.monotonic() + 60
    while nodes.processes(name=b"ray::ClusterWorker") and time.monotonic() < wait_until_gone:
        time.sleep(0.2)
    assert not nodes.processes(name=b"ray::ClusterWorker")


def test_a_watched_folder_over_a_cluster(nodes, pictures: Path, tmp_path: Path) -> None:
    """`watch --once` on the cluster: the same textures as without; killing a node during the work changes nothing."""
    alone, spread = tmp_path / "alone-watch", tmp_path / "spread"
    words = ("--once", "--scale", "2", "--domain", "textures", "--quiet-period", "0")
    first = nodes.depixel("watch", str(pictures), "-o", str(alone), *words)
    printed = first.communicate(timeout=200)
    assert first.returncode == 0, printed
    process = nodes.depixel(
        "watch", str(pictures), "-o", str(spread), *words, "--cluster", nodes.address, "--cores-per-engine", "1"
    )
    wait_until(lambda: len(list(spread.rglob("*.png"))) >= 1, process)
    nodes.kill(1)
    printed = process.communicate(timeout=200)

    assert process.returncode == 0, printed
    pictures_of = [{k: v for k, v in contents(out).items() if k.endswith(".png")} for out in (alone, spread)]
    assert pictures_of[0] == pictures_of[1] and len(pictures_of[0]) == COUNT


def test_a_pack_over_a_cluster(nodes, tmp_path: Path) -> None:
    """`upscale PACK.zip --cluster`: the same archive, entry by entry, as on one machine."""
    pack = tmp_path / "pack.zip"
    with zipfile.ZipFile(pack, "w") as archive:
        archive.writestr("pack.mcmeta", json.dumps({"pack": {"pack_format": 34, "description": "test"}}))
        for number in range(12):
            pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 3)).astype(np.uint8)
            data = io.BytesIO()
            Image.fromarray(pixels).save(data, "PNG")
            archive.writestr(f"assets/minecraft/textures/block/b{number:02}.png", data.getvalue())
    entries = []
    for name, more in (("alone", ()), ("spread", ("--cluster", nodes.address, "--cores-per-engine", "1"))):
        out = tmp_path / name
        process = nodes.depixel("upscale", str(pack), "-o", str(out), "--quiet", *more)
        printed = process.communicate(timeout=300)
        assert process.returncode == 0, printed
        (answer,) = out.rglob("*.zip")
        with zipfile.ZipFile(answer) as archive:
            entries.append({entry: archive.read(entry) for entry in archive.namelist()})
    assert entries[0] == entries[1]
    assert sum(entry.endswith(".png") for entry in entries[0]) == 12


def test_a_machine_that_joins_gets_work(nodes, pictures: Path, expected: dict[str, bytes], tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """A third node that is started during the work answers pictures; the files are those of one machine."""
    for copy in range(1, 8):  # work for minutes: the new node needs time to load its engine
        for path in sorted(pictures.rglob("??.png")):
            (path.parent / f"{path.stem}-{copy}.png").write_bytes(path.read_bytes())
    out = tmp_path / "out"
    process = started(nodes, pictures, out, 1)

    nodes.start()
    wait_until(lambda: bool(nodes.processes(2, b"ray::ClusterWorker.answer")), process, 300)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert process.returncode == 130
    there = contents(out)
    assert there
    assert all(data == expected[name] for name, data in there.items() if name in expected)
