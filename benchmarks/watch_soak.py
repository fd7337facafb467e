"""
Soak of the folder watcher: files are dropped, slowly copied, renamed, deleted, zipped and broken while a process with a
nearest-neighbour worker keeps the outputs; that process is killed (SIGKILL) again and again at random moments. At the
end outputs must equal inputs exactly, nothing may be partial, the ledger must be whole, and no content may have been
answered twice but where a kill came between.

    python benchmarks/watch_soak.py --answer-seconds 0.01 --out benchmarks/results/watch_soak.json
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from depixel.errors import DepixelError
    from depixel.picture import Picture

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / p) for p in ("core", "plugins/folder_watch", "tests/fakes")]


def main() -> None:
    """Run either part: the parent drops and kills, `--child` watches."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--answer-seconds", type=float, default=0.0, help="that the worker takes for one picture")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        keep(args.child, args.answer_seconds)
    else:
        soak(args)


def keep(source: Path, seconds: float) -> None:
    """
    Watch until killed, taking `seconds` a picture; every answer is a line in a log beside the folder: which process,
    which pixels.
    """
    from nearest_worker import NearestWorker

    from depixel_watch.folder.layout import checked, overlay_for
    from depixel_watch.folder.stamps import StabilityTracker
    from depixel_watch.ledger.lock import only_one
    from depixel_watch.packs.profiles import load
    from depixel_watch.work.watcher import Watcher

    class Logged(NearestWorker):
        def upscale(
            self, pictures: Sequence[Picture], hints: Mapping[str, Any], scale: int
        ) -> list[Picture | DepixelError]:
            time.sleep(seconds * len(pictures))
            answers: list[Picture | DepixelError] = super().upscale(pictures, hints, scale)
            for picture in pictures:
                log.write(f"{os.getpid()} {hashlib.sha256(picture.frames[0].tobytes()).hexdigest()[:20]}\n")
            log.flush()
            return answers

    source, out = checked(source, overlay_for(source))
    worker = Logged()
    with only_one(out), (source.parent / "answers.log").open("a") as log:
        watcher = Watcher(source, out, worker, StabilityTracker(0.15, time.monotonic), load())
        while True:
            tally = watcher.reconcile()
            if not tally.waiting and not tally.done and (source.parent / "finish").exists():
                watcher.close()
                return
            time.sleep(0.02)


def soak(args: argparse.Namespace) -> None:
    """Drop, kill, compare."""
    from depixel_watch.ledger.ledger import LEDGER_NAME, Ledger

    rng = random.Random(args.seed)
    folder = Path(tempfile.mkdtemp(prefix="watch-soak-"))
    source, out = folder / "mods", folder / "mods-depixel"
    source.mkdir()
    (source / "keep.png").write_bytes(png(rng))
    started, kills, child = time.monotonic(), 0, start(source, args.answer_seconds)
    done = 0
    while kills < args.kills or done < args.files:
        for _ in range(max(1, args.files // max(1, args.kills) // 3)):
            act(rng, source, done)
            done += 1
        time.sleep(rng.uniform(0.02, 0.35))
        if kills < args.kills and rng.random() < 0.4:
            child.send_signal(signal.SIGKILL)
            child.wait()
            kills += 1
            child = start(source, args.answer_seconds)
    (folder / "finish").touch()
    child.wait(timeout=300)
    wrong = compare(source, out)
    ledger = Ledger(out / LEDGER_NAME)
    answered = Counter((folder / "answers.log").read_text().splitlines())
    contents = Counter(line.split()[1] for line in answered)
    result = {
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "kills": kills,
        "actions": done,
        "answer_seconds": args.answer_seconds,
        "seconds": round(time.monotonic() - started, 1),
        "sources_at_end": sum(1 for p in source.rglob("*") if p.is_file()),
        "counts": ledger.counts(),
        "ledger_whole": ledger.is_whole(),
        "answers": sum(answered.values()),
        "answers_again_after_a_kill": sum(count - 1 for count in contents.values()),
        "answers_twice_in_one_run": sum(count - 1 for count in answered.values()),
        "wrong": wrong,
        "exit": child.returncode,
    }
    ledger.close()
    text = json.dumps(result, indent=2)
    print(text)
    if args.out:
        args.out.write_text(text + "\n")
    if wrong or child.returncode or not result["ledger_whole"] or result["answers_twice_in_one_run"]:
        sys.exit(1)


def start(source: Path, seconds: float) -> subprocess.Popen[bytes]:
    """The watching process."""
    return subprocess.Popen([sys.executable, __file__, "--child", str(source), "--answer-seconds", str(seconds)])


def act(rng: random.Random, source: Path, number: int) -> None:
    """One thing that people do to a mod folder."""
    path = source / f"d{rng.randrange(8)}" / f"t{number}.png"
    path.parent.mkdir(exist_ok=True)
    old = [p for p in source.glob("d*/*") if p.is_file()]
    what = rng.choices(
        ["drop", "slow", "change", "rename", "delete", "zip", "broken", "twin"], [8, 2, 2, 2, 2, 1, 1, 2]
    )[0]
    if what == "slow":
        data = png(rng)
        with path.open("wb") as file:
            for at in range(0, len(data), 200):
                file.write(data[at : at + 200])
                file.flush()
                time.sleep(0.01)
    elif what == "zip":
        with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
            archive.writestr("a.png", png(rng))
            archive.writestr("b.txt", b"text")
    elif what == "broken":
        path.write_bytes(png(rng)[:60])
    elif what == "change" and old:
        target = rng.choice([p for p in old if p.suffix == ".png"] or [path])
        target.write_bytes(png(rng))
    elif what == "rename" and old:
        found = rng.choice(old)
        found.rename(found.with_name("r" + found.name))
    elif what == "delete" and old:
        rng.choice(old).unlink()
    elif what == "twin" and old:
        path.write_bytes(rng.choice([p for p in old if p.suffix == ".png"] or [source / "keep.png"]).read_bytes())
    else:
        path.write_bytes(png(rng))


def png(rng: random.Random) -> bytes:
    """A picture of noise."""
    side = rng.choice([8, 16, 24])
    buffer = io.BytesIO()
    Image.fromarray(np.frombuffer(rng.randbytes(side * side * 4), np.uint8).reshape(side, side, 4)).save(buffer, "PNG")
    return buffer.getvalue()


def compare(source: Path, out: Path) -> list[str]:
    """Sentences for every output that is missing, wrong, partial, or has no source."""
    wrong: list[str] = []
    for path in (p for p in source.rglob("*") if p.is_file()):
        made = out / path.relative_to(source)
        try:
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as a, zipfile.ZipFile(made) as b:
                    given, found = load(a.read("a.png")), load(b.read("a.png"))
            else:
                given = load(path.read_bytes())
                found = load(made.read_bytes())
            if not np.array_equal(given.repeat(2, 0).repeat(2, 1), found):
                wrong.append(f"{made} differs")
        except OSError as error:
            try:
                load(path.read_bytes())
            except OSError:
                continue  # a broken source has no output, or the last good one
            wrong.append(f"{made}: {error}")
    for made in (p for p in out.rglob("*") if p.is_file()):
        ours = made.name.startswith((".depixel-ledger", ".depixel-lock", "depixel-report"))
        if not ours and not (source / made.relative_to(out)).exists():
            wrong.append(f"{made} has no source")
    return wrong


def load(data: bytes) -> np.ndarray:
    """Pixels [H, W, 4]."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGBA"))


if __name__ == "__main__":
    main()
