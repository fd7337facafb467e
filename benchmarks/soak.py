"""
A soak test: a watcher and an engine are used for hours, by their owner and by strangers. Memory, open files, threads
and temporary files of both must stay constant, every output must belong to its own source, and every answer must be
right.

    python benchmarks/soak.py --hours 4 --samples soak.jsonl --out benchmarks/results/soak.json
    python benchmarks/soak.py --hours 2 --folder soak --out benchmarks/results/soak.json    again: another sitting

* `depixel watch` with a nearest-neighbour worker over a folder of about 400 files, with two changes per second.
* `depixel serve` with a small random network: pictures that are answered, jobs that are left early, forged and broken
  requests, connections that say nothing.

`--samples` gets one line each minute, immediately. "Grown" compares the medians of the second and the last quarter.
With `--folder` the folders, the ledger and the results stay, so that a test continues in several sittings, each with
new processes: the result lists the sittings and adds up their hours; growth is known for each sitting only. SIGTERM
ends a sitting early, with all of its comparisons. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

sys.path.extend(
    str(Path(__file__).resolve().parents[1] / part) for part in ("core", "plugins/folder_watch", "tests/fakes")
)

from mod_folder import ModFolder
from result_file import publish

from depixel import client
from depixel.client.launch import reap

ROOT = Path(__file__).resolve().parents[1]
SIDE = 8  # pixels of the engine's pictures
SCALE = 2
ALLOWED_GROWTH = {"resident_mb": 24.0, "open_files": 3, "sockets": 12, "threads": 2, "temporary_files": 2}
"""By measure; the number of open sockets depends on the strangers of the moment."""


def main() -> None:
    """Start both, use both, sample both, stop both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--interval", type=float, default=60.0, help="seconds between two samples")
    parser.add_argument("--samples", type=Path, help="a line of JSON for each sample")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--folder", type=Path, help="kept for the next sitting")
    parser.add_argument("--watch", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.watch:
        watch(args.watch)
        return
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with contextlib.ExitStack() as stack:
        folder = args.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        folder.mkdir(parents=True, exist_ok=True)
        record = folder / "sittings.json"
        earlier = json.loads(record.read_text()) if record.exists() else []
        sittings = [*earlier, soak(folder.resolve(), args.hours * 3600, args.interval, args.samples, ended)]
        record.write_text(json.dumps(sittings, indent=1))
    result = together(sittings)
    publish(result, args.out)
    sys.exit(bool(result["faults"]))


def together(sittings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The result of all sittings."""
    if len(sittings) == 1:
        return dict(sittings[0])
    answers: Counter[str] = Counter()
    for sitting in sittings:
        answers.update(sitting["answers"])
    sums = {
        name: sum(sitting[name] for sitting in sittings) for name in ("actions_in_the_folder", "requests_of_strangers")
    }
    return {
        "hours": round(sum(sitting["hours"] for sitting in sittings), 2),
        "sittings_with_new_processes": len(sittings),
        "longest_sitting_hours": max(sitting["hours"] for sitting in sittings),
        **sums,
        "answers": dict(answers),
        "faults": [fault for sitting in sittings for fault in sitting["faults"]],
        "sittings": list(sittings),
    }


def watch(source: Path) -> None:
    """`depixel watch` until stopped."""
    from nearest_worker import NearestWorker

    from depixel import cli
    from depixel_watch import loop

    class Forgetful(NearestWorker):
        """Nothing of the worker itself may grow."""

        def upscale(self, *question: Any) -> Any:
            """Like the nearest worker."""
            answers = super().upscale(*question)
            for remembered in (self.requests, self.pictures, self.batches):
                remembered.clear()
            return answers

    worker = Forgetful()
    worker.device = "cpu"  # type: ignore[attr-defined]
    vars(loop).update(EngineUpscaler=lambda *_, **__: worker, open_engine=lambda _: None)
    sys.exit(cli.main(["watch", str(source), "--quiet-period", "0.5"]))


class Process:
    """A process under observation, with its own folder for temporary files."""

    def __init__(self, pid: int, temporary: Path) -> None:
        self.pid, self._temporary = pid, temporary

    def sample(self) -> dict[str, float]:
        """The current measures. Raises OSError if the process has ended."""
        root = Path(f"/proc/{self.pid}")
        lines = (root / "status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        sockets = [_target(path).startswith("socket:") for path in (root / "fd").iterdir()]
        return {
            "resident_mb": round(int(fields["VmRSS"].split()[0]) / 1024, 1),
            "open_files": len(sockets) - sum(sockets),
            "sockets": sum(sockets),
            "threads": int(fields["Threads"]),
            "temporary_files": sum(1 for _ in self._temporary.rglob("*")),
        }


def _target(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""  # closed since it was listed


def use_folder(mods: ModFolder, stop: threading.Event) -> None:
    """The watched folder: two changes per second; it keeps about 400 files."""
    random_files = random.Random(2)
    while not stop.wait(0.5):
        mods.act()
        files = sorted(path for path in mods.source.glob("d*/*") if path.is_file() and "theirs" not in path.name)
        for path in random_files.sample(files, max(0, len(files) - 400)):
            path.unlink()
        for path in sorted((mods.source / "frames").glob("*.bmp"))[60:]:
            path.unlink()


class Owner:
    """A program that sends pictures to the engine, and abandons some of its jobs."""

    def __init__(self, place: client.Place) -> None:
        self._engine = client.Engine("soak", place)
        self._random = np.random.default_rng(0)
        self.counts: Counter[str] = Counter()

    def use(self, stop: threading.Event) -> None:
        """A picture every two seconds."""
        while not stop.wait(2.0):
            try:
                self.counts[self._one()] += 1
            except client.EngineError as error:
                self.counts[f"lost: {error}"] += 1

    def _one(self) -> str:
        pixels = self._random.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        submission = client.Submission(
            client.Pixels(SIDE, SIDE, 3, (pixels.tobytes(),)), {"scale": SCALE, "domain": "art", "degradation": "area"}
        )
        job = self._engine.upscale(submission)
        if self._random.random() < 0.2:
            next(iter(job))
            job.close()
            return "left early"
        answer = job.result().answers[0]
        large = np.frombuffer(answer.frames[0], np.uint8).reshape(SIDE, SCALE, SIDE, SCALE, 3).astype(float)
        return "right" if np.abs(large.mean(axis=(1, 3)) - pixels).max() <= 1.0 else "wrong"


class Strangers:
    """Requests that nobody should send."""

    def __init__(self, place: client.Place) -> None:
        self._place, self._random = place, random.Random(3)
        self._open: list[socket.socket] = []
        self.count = 0

    def use(self, stop: threading.Event) -> None:
        """Three per second, and up to 100 silent connections."""
        while not stop.wait(0.33):
            running = self._place.running()
            if running is not None:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    self._one(running)
                self.count += 1
        for line in self._open:
            line.close()

    def _one(self, running: client.Running) -> None:
        kind = self._random.randrange(5)
        if kind == 0:  # a silent connection, or half a header
            line = socket.create_connection(("127.0.0.1", running.port), timeout=5)
            line.sendall(self._random.choice([b"", b"GET / HTTP/1.1\r\nHost:"]))
            self._open.append(line)
            while len(self._open) > 100:
                self._open.pop(0).close()
            return
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)) as line_:
            if kind == 1:
                line_.request("GET", "/hello", headers={"Authorization": "Bearer wrong"})
            elif kind == 2:
                line_.request("GET", "/hello", headers={"Host": "example.org"})
            elif kind == 3:  # the owner's broken requests
                header = self._random.choice(["{", '{"protocol": 0}', '{"settings": {"scale": -1}}', "{}"])
                body = self._random.randbytes(self._random.randrange(3000))
                right = {"Authorization": f"Bearer {running.token}", "Depixel-Request": header}
                line_.request("POST", self._random.choice(["/jobs", "/pictures", "/packs"]), body, right)
            else:
                line_.request("POST", "/page/session", json.dumps({"key": "x" * self._random.randrange(2000)}))
            line_.getresponse().read()


def wrong_at_the_end(mods: ModFolder) -> list[str]:
    """What is wrong in the folder once the watcher has finished its queue."""
    for _ in range(12):
        time.sleep(10)
        if not (wrong := mods.wrong()):
            return []
    return wrong


def soak(
    folder: Path, seconds: float, interval: float, samples_file: Path | None, ended: threading.Event
) -> dict[str, Any]:
    """One sitting of the soak test; `ended` ends it early."""
    temporary = {name: folder / f"{name}-tmp" for name in ("watch", "serve")}
    for path in temporary.values():
        path.mkdir(exist_ok=True)
    mods = ModFolder(folder, seed=time.time_ns())
    command = [sys.executable, __file__, "--watch", str(mods.source)]
    with (folder / "watch.out").open("ab") as output:
        watcher = subprocess.Popen(command, stdout=output, env={**os.environ, "TMPDIR": str(temporary["watch"])})
    place = _place(folder, temporary["serve"])
    owner, strangers = Owner(place), Strangers(place)
    owner._one()
    engine = client.Engine("soak", place).hello().pid
    pids = {"watch": watcher.pid, "serve": engine}
    processes = {name: Process(pid, temporary[name]) for name, pid in pids.items()}
    stop = threading.Event()
    users = (partial(use_folder, mods), owner.use, strangers.use)
    threads = [threading.Thread(target=user, args=(stop,)) for user in users]
    for thread in threads:
        thread.start()
    faults: list[str] = []
    samples: list[dict[str, Any]] = []
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds and not faults and not ended.is_set():
        ended.wait(min(interval, max(0.1, seconds - passed)))
        try:
            sample = {name: process.sample() for name, process in processes.items()}
        except OSError as error:
            faults.append(f"a process ended: {error}")
            break
        samples.append({"minutes": round((time.monotonic() - began) / 60, 1), **sample})
        if samples_file:
            with samples_file.open("a") as file:
                file.write(json.dumps({**samples[-1], "actions": mods.actions, "answers": owner.counts}) + "\n")
    stop.set()
    for thread in threads:
        thread.join()
    faults += wrong_at_the_end(mods)
    good = ("right", "left early")
    faults += [f"{count} answers: {word}" for word, count in owner.counts.items() if word not in good]
    watcher.send_signal(signal.SIGTERM)
    watcher.wait(timeout=20)
    client.Engine("soak", place).stop()
    deadline = time.monotonic() + 20
    while reap() and time.monotonic() < deadline:
        time.sleep(0.1)
    growth = {name: _growth([sample[name] for sample in samples]) for name in processes}
    for name, grown in growth.items():
        faults += [f"{name}: {what} grew by {by}" for what, by in grown.items() if by > ALLOWED_GROWTH[what]]
    return {
        "hours": round((time.monotonic() - began) / 3600, 2),
        "actions_in_the_folder": mods.actions,
        "answers": dict(owner.counts),
        "requests_of_strangers": strangers.count,
        "last": samples[-1] if samples else None,
        "grown": growth,
        "faults": faults,
    }


def _growth(samples: Sequence[dict[str, float]]) -> dict[str, float]:
    quarter = max(1, len(samples) // 4)
    early, late = samples[quarter : 2 * quarter] or samples[:1], samples[-quarter:]
    medians = {name: [statistics.median(s[name] for s in part) for part in (early, late)] for name in ALLOWED_GROWTH}
    return {name: round(last - first, 1) for name, (first, last) in medians.items()}


def _place(folder: Path, temporary: Path) -> client.Place:
    from tiny_art import write_tiny_art

    place = client.Place(str(folder / "engine"))
    place.make()
    launcher = folder / "launch.py"
    launcher.write_text(
        "import sys, runpy\n"
        f"sys.argv = ['depixel', *sys.argv[1:], '--weights', 'art={write_tiny_art(folder)}', '--idle-exit', '0']\n"
        "runpy.run_module('depixel', run_name='__main__')\n"
    )
    paths = os.pathsep.join(str(ROOT / part) for part in ("core", "plugins/folder_watch"))
    environment = (("PYTHONPATH", paths), ("OMP_NUM_THREADS", "1"), ("TMPDIR", str(temporary)))
    place.write_installed(client.Installed((sys.executable, str(launcher)), environment, "soak"))
    return place


if __name__ == "__main__":
    main()
