"""
Small files that ask for gigabytes of memory or hours of decoding: the cost of each, and the message about it.

    python benchmarks/bomb_costs.py [--hostile FOLDER] [--out FILE.json]

Each picture is read and each weights file is added in a separate process, whose processor time and memory are
measured. Then `depixel upscale` gets all pictures, and `depixel watch --once` all pictures and packs, with a good
picture among them, each first with --dry-run: the good picture must be answered, everything else must be answered or
reported, and nothing may end with a traceback. (Both skip pictures of more than 4096x4096 pixels, which are valid and
take minutes.)
--hostile adds the files of a folder. Linux only.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.extend(
    str(Path(__file__).resolve().parents[1] / part) for part in ("core", "plugins/folder_watch", "tests/fakes")
)

import bomb_siblings
import bombs
from result_file import publish
from tiny_art import write_tiny_art
from watch_process import environment

from depixel import files
from depixel.errors import DepixelError
from depixel.priors.importers.adding import add_model
from depixel_watch.work import memory

ROOT = Path(__file__).resolve().parents[1]
MOST_SECONDS = 30.0  # of the processor, for one file
MOST_MEGABYTES = 1500  # 8192x8192 pixels, decoded, and one copy
LARGEST = 4096  # pixels of a side, for a run over all files
MOST_SHARE = 0.75  # of the free memory, for a run over all files: a picture that fits may be large
PICTURES = {**bombs.PICTURES, **bomb_siblings.PICTURES}
ARCHIVES = {**bombs.ARCHIVES, **bomb_siblings.ARCHIVES}
WEIGHTS = {**bombs.WEIGHTS, **bomb_siblings.WEIGHTS}
_ENDINGS = {Path(name).suffix for name in PICTURES}
_WEIGHTS = {".safetensors", ".pkl", ".pt", ".pth"}


def main() -> None:
    """Each file alone, then all together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hostile", type=Path)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bombs-") as folder:
        result = attacked(Path(folder), args.hostile)
    publish(result, args.out)
    sys.exit(bool(result["faults"]))


def attacked(folder: Path, hostile: Path | None) -> dict[str, Any]:
    """Measure all files; returns figures and faults."""
    os.environ.update(HOME=str(folder), XDG_DATA_HOME=str(folder / "data"))
    source = folder / "files"
    source.mkdir()
    for name, make in {**PICTURES, **ARCHIVES, **WEIGHTS}.items():
        (source / name).write_bytes(make())
    for path in sorted(hostile.rglob("*")) if hostile else ():
        if path.is_file() and path.name != "README":
            (source / f"{path.parent.name}-{path.name}").write_bytes(path.read_bytes())
    each: dict[str, Any] = {}
    faults: list[str] = []
    for path in sorted(source.iterdir()):
        if path.suffix in _ENDINGS:
            each[path.name] = cost(lambda path=path: read(path))  # type: ignore[misc]
        elif path.suffix in _WEIGHTS:
            each[path.name] = cost(lambda path=path: add(path))  # type: ignore[misc]
    for name, about in each.items():
        if about["seconds"] > MOST_SECONDS or about["megabytes"] > MOST_MEGABYTES:
            faults.append(f"{name}: {about['seconds']} s, {about['megabytes']} MB")
        if about["outcome"].startswith("Traceback"):
            faults.append(f"{name}: {about['outcome'][-400:]}")
    together, more = run_all(folder, source)
    return {"each": each, "together": together, "faults": faults + more}


def read(path: Path) -> str:
    """Read a picture and describe it."""
    picture = files.read(path)
    return f"read: {len(picture.frames)} frames of {picture.width}x{picture.height}"


def add(path: Path) -> str:
    """Add weights and name them."""
    return f"added: {add_model(path, 'bomb-' + path.stem.lower(), 'none').name}"


def cost(action: Callable[[], str]) -> dict[str, Any]:
    """The outcome of an action in a separate process, its processor seconds and its memory."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        try:
            outcome = action()
        except DepixelError as error:
            outcome = str(error)
        except BaseException:  # noqa: BLE001 (that is a fault)
            outcome = traceback.format_exc()
        os.write(theirs, outcome.encode("utf-8", "replace")[-4000:])
        os._exit(0)
    os.close(theirs)
    before = _resident(os.getpid())
    with os.fdopen(ours, "rb") as pipe:
        outcome = pipe.read().decode()
    _, status, usage = os.wait4(child, 0)
    if status:
        outcome = f"Traceback: the process ended with {os.waitstatus_to_exitcode(status)}"
    return {
        "seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "megabytes": max(0, round(usage.ru_maxrss / 1024 - before)),
        "outcome": outcome if outcome.startswith("Traceback") else outcome[:200],
    }


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    match = re.search(r"VmRSS:\s+(\d+)", status)
    return int(match[1]) / 1024 if match else 0.0


def run_all(folder: Path, source: Path) -> tuple[dict[str, Any], list[str]]:
    """Both commands on all files, first with --dry-run."""
    weights = write_tiny_art(folder)
    pictures, mods = folder / "pictures", folder / "mods"
    for place in (pictures, mods):
        place.mkdir()
        for path in source.iterdir():
            if path.suffix in _ENDINGS or (path.suffix == ".zip" and place is mods):
                (place / path.name).symlink_to(path)
        (place / "zz-good.png").write_bytes((ROOT / "samples/sprites/dragon.png").read_bytes())
    options = ("--scale", "2", "--weights", str(weights))
    figures: dict[str, Any] = {}
    faults: list[str] = []
    out, said = folder / "out", ""
    upscale = ("upscale", pictures, "-o", out, "--max-pixels", LARGEST**2, *options)
    watch = ("watch", mods, "--once", "--quiet-period", "0", "--only-below", LARGEST, *options)
    for name, words, good in (("upscale", upscale, out), ("watch", watch, folder / "mods-depixel")):
        figures[f"{name} --dry-run"], said = run(folder, *words, "--dry-run")
        faults += _faults_of(f"{name} --dry-run", figures[f"{name} --dry-run"], said)
        if list(good.glob("*")):
            faults.append(f"{name} --dry-run wrote outputs")
        figures[name], said = run(folder, *words)
        faults += _faults_of(name, figures[name], said)
        if figures[name]["exit_code"] != 1:
            faults.append(f"{name} ended with {figures[name]['exit_code']}: {said[-1000:]}")
        if not list(good.glob("zz-good*")):
            faults.append(f"{name} did not answer the good picture")
    for name in ARCHIVES:
        if f"failed  {name}: " not in said:  # the watcher ran last; it reports the packs that it refuses
            faults += _archive_faults(folder / "mods-depixel" / name)
    return figures, faults


def run(folder: Path, *words: object) -> tuple[dict[str, Any], str]:
    """One command: its cost, and everything that it printed."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "depixel", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=environment(DEPIXEL_RUNTIME_DIR=str(folder / "run")),
    )  # fmt: skip
    assert process.stdout is not None
    said = process.stdout.read().decode("utf-8", "replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    cost = {
        "seconds": round(time.monotonic() - began, 1),
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "megabytes": round(usage.ru_maxrss / 1024),
        "exit_code": process.returncode,
    }
    return cost, said


def _faults_of(name: str, figures: dict[str, Any], said: str) -> list[str]:
    faults = []
    if figures["exit_code"] not in (0, 1) or "Traceback" in said or "please report" in said:
        faults.append(f"{name} ended with {figures['exit_code']}: {said[-1000:]}")
    if figures["megabytes"] > MOST_SHARE * (memory.available() or 2**34) / 2**20:
        faults.append(f"{name} took {figures['megabytes']} MB")
    return faults


def _archive_faults(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [entry for entry in archive.namelist() if entry.endswith("good.png")]
            return [] if len(inside) == 1 else [f"{path.name} has no good.png"]
    except (OSError, zipfile.BadZipFile) as error:
        return [f"{path.name}: {error}"]


if __name__ == "__main__":
    main()
