"""
How soon SIGTERM and a second Ctrl-C end a command that is inside a slow decoder, and how long any decoder keeps other
threads from running.

    python benchmarks/stop_times.py [--out FILE.json]

`depixel upscale`, `depixel watch` and `depixel serve` get pictures that take many seconds: a JPEG with 900 scans, a GIF
with 10,000 frames, an AVIF. Seconds are from the signal, or the second one, to the end of the process. Not for Windows,
which lacks these signals.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.extend(
    str(Path(__file__).resolve().parents[1] / part) for part in ("core", "plugins/folder_watch", "tests/fakes")
)

import bombs
from PIL import Image
from result_file import publish
from tiny_art import write_tiny_art
from watch_process import environment

from depixel import client, files
from depixel.errors import DepixelError
from depixel.picture import Picture

PROMISED = 2.0  # seconds
SIDE = 2048  # pixels per side of the pictures that are decoded next to a clock
SIGNALS = {"SIGTERM": [signal.SIGTERM], "Ctrl-C twice": [signal.SIGINT, signal.SIGINT]}


def main() -> None:
    """All commands with all pictures and both signals; then all decoders next to a clock."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    seconds: dict[str, float] = {}
    early: list[str] = []
    with tempfile.TemporaryDirectory(prefix="stop-") as name:
        folder = Path(name)
        weights = write_tiny_art(folder)
        for picture, data in slow_pictures().items():
            for word, signals in SIGNALS.items():
                for command in ("upscale", "watch", "serve"):
                    place = folder / f"{command}-{picture}-{word[:4]}"
                    (place / "mods").mkdir(parents=True)
                    (place / "mods" / picture).write_bytes(data)
                    took = stopped(command, place, picture, weights, signals)
                    if took is None:
                        early.append(f"{command}, {picture}, {word}")
                    else:
                        seconds[f"{command}, {picture}, {word}"] = took
    gaps = {name: gap(data) for name, data in large_pictures().items()}
    late = lateness()
    faults = [f"{name}: {took} s" for name, took in seconds.items() if took > PROMISED + late]
    faults += [f"the decoder of {name} blocked other threads for {held} s" for name, held in gaps.items() if held > 1]
    if not seconds:
        faults.append("every command had ended before it could be stopped")
    result = {
        "seconds": seconds,
        "ended_before_the_signal": early,
        "lateness_of_a_clock": late,
        "longest_wait_beside_a_decoder": gaps,
        "faults": faults,
    }
    publish(result, args.out)
    sys.exit(bool(faults))


def slow_pictures() -> dict[str, bytes]:
    """File => bytes whose decoding takes seconds."""
    slow = {"scans.jpg": bombs.jpeg_scans(900), "frames.gif": _gif(10_000)}
    buffer = io.BytesIO()
    tile = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    with contextlib.suppress(OSError, KeyError):  # a Pillow without AVIF
        Image.fromarray(np.tile(tile, (48, 48, 1))).save(buffer, "AVIF", speed=10)
        slow["large.avif"] = buffer.getvalue()
    return slow


def _gif(frames: int) -> bytes:
    # Each frame covers the whole canvas with one colour: a run that LZW packs to some bytes.
    buffer = io.BytesIO()
    Image.new("P", (100, 100)).save(buffer, "GIF")
    data = buffer.getvalue()
    start = data.index(b"\x2c")
    return data[:start] + data[start:-1] * frames + b"\x3b"


def stopped(command: str, place: Path, picture: str, weights: Path, signals: Sequence[int]) -> float | None:
    """Seconds from the last signal to the end of a command that decodes this picture; None = it had already ended."""
    options = ["--scale", "2", "--weights", str(weights)]
    words = {
        "upscale": ["upscale", str(place / "mods"), "-o", str(place / "out"), *options],
        "watch": ["watch", str(place / "mods"), "--quiet-period", "0", *options],
        "serve": ["serve", "--quiet", "--weights", f"art={weights}"],
    }[command]
    process = subprocess.Popen(
        [sys.executable, "-m", "depixel", *words],
        env=environment(OMP_NUM_THREADS="1", DEPIXEL_RUNTIME_DIR=str(place / "run")),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if command == "serve":
            _send(client.Place(str(place / "run")), place / "mods" / picture)
        _wait_until_busy(process.pid)
        if process.poll() is not None:
            return None
        for number in signals:
            process.send_signal(number)
            last = time.monotonic()
            time.sleep(0.5)  # two signals at once are one for a process that gets no processor time
        process.wait(60)
        return round(time.monotonic() - last, 2)
    finally:
        process.kill()
        process.wait()


def _send(place: client.Place, path: Path) -> None:
    deadline = time.monotonic() + 120
    while (running := place.running()) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert running is not None
    client.Engine("stop", place).hello()

    def post() -> None:
        import http.client

        with (
            contextlib.suppress(OSError, http.client.HTTPException),
            contextlib.closing(http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)) as line,
        ):
            header = {"Authorization": f"Bearer {running.token}", "Depixel-Request": json.dumps({"name": path.name})}
            line.request("POST", "/pictures", path.read_bytes(), header)
            line.getresponse().read()

    threading.Thread(target=post, daemon=True).start()


# Until its imports are over and it has worked for a moment.
def _wait_until_busy(pid: int) -> None:
    begun = 0.0
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        maps = Path(f"/proc/{pid}/maps")
        loaded = not maps.exists() or "_imaging" in maps.read_text()
        begun = begun or (time.monotonic() if loaded else 0.0)
        if begun and time.monotonic() - begun > 1.5:
            return
        time.sleep(0.05)


def large_pictures() -> dict[str, bytes]:
    """A picture of 4 megapixels in each format that can be written."""
    tile = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    pixels = np.tile(tile, (SIDE // 64, SIDE // 64, 1))
    pictures = {}
    every: dict[str, dict[str, Any]] = {
        "PNG": {"compress_level": 1}, "JPEG": {"progressive": True}, "WEBP": {"method": 0},
        "TIFF": {"compression": "tiff_lzw"}, "GIF": {}, "BMP": {}, "PCX": {}, "AVIF": {"speed": 10},
    }  # fmt: skip
    for kind, options in every.items():
        buffer = io.BytesIO()
        with contextlib.suppress(OSError, KeyError):
            Image.fromarray(pixels).save(buffer, kind, **options)
            pictures[kind] = buffer.getvalue()
    for kind in ("JXL", "KTX2", "VTF", "DDS"):
        with contextlib.suppress(DepixelError, ImportError):
            pictures[kind] = files.encode(Picture((pixels,), mode="RGB", format=kind), kind)
    return pictures


def gap(data: bytes) -> float:
    """The longest time in seconds for which another thread could not run while this is decoded."""
    longest, over = 0.0, threading.Event()

    def tick() -> None:
        nonlocal longest
        last = time.perf_counter()
        while not over.is_set():
            time.sleep(0.005)
            longest, last = max(longest, time.perf_counter() - last), time.perf_counter()

    clock = threading.Thread(target=tick)
    clock.start()
    files.read_bytes(data, "picture")
    over.set()
    clock.join()
    return round(longest, 2)


def lateness() -> float:
    """By how many seconds a timer of half a second is late, the worst of five: the delay of a busy machine."""
    late = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.5)"], check=True)
        late.append(time.monotonic() - began - 0.5)
    return round(max(late), 2)


if __name__ == "__main__":
    main()
