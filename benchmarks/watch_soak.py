"""
Kills the folder watcher. Files are dropped, copied slowly, changed, renamed, swapped, renumbered, deleted, zipped and
broken while a process with a nearest-neighbour worker keeps the outputs up to date; SIGKILL ends that process at random
moments, and another one continues. At the end of each round every output is compared with its own source: nothing may
be wrong, missing, partial or left over, files of others in the output folder must be unchanged, and the ledger must be
intact.

    python benchmarks/watch_soak.py --kills 1000 --actions 20000 --rounds 20 --state kills.jsonl --out FILE.json

A round starts with an empty folder. `--state` keeps one line for each finished round: the same command continues after
an interruption. Watchers are forked from this process, so that a kill hits them at work and not during imports (Linux,
macOS).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.extend(
    str(Path(__file__).resolve().parents[1] / part) for part in ("core", "plugins/folder_watch", "tests/fakes")
)

from mod_folder import ModFolder
from nearest_worker import NearestWorker
from result_file import publish

from depixel.errors import DepixelError
from depixel.picture import Picture
from depixel_watch.folder.layout import checked, overlay_for
from depixel_watch.folder.stamps import StabilityTracker
from depixel_watch.ledger.ledger import LEDGER_NAME, Ledger
from depixel_watch.ledger.lock import only_one
from depixel_watch.packs.profiles import load as load_profiles
from depixel_watch.work.watcher import Watcher

LAST_SECONDS = 300.0  # that the last watcher of a round may take to finish


def main() -> None:
    """Run all rounds that are not in the state, then sum up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--actions", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--answer-seconds", type=float, default=0.0, help="that the worker takes for one picture")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--state", type=Path, help="a line of JSON for each finished round")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    finished = [json.loads(line) for line in args.state.read_text().splitlines()] if _exists(args.state) else []
    for number in range(len(finished), args.rounds):
        with tempfile.TemporaryDirectory(prefix="watch-soak-") as folder:
            one = Round(ModFolder(Path(folder), args.seed + number), args.seed + number, args.answer_seconds)
            finished.append(one.run(args.kills // args.rounds, args.actions // args.rounds))
        if args.state:
            with args.state.open("a") as file:
                file.write(json.dumps(finished[-1]) + "\n")
        if finished[-1]["wrong"]:
            break
    total = summed(finished)
    publish(total, args.out)
    sys.exit(bool(total["wrong"] or not total["ledgers_whole"]))


def _exists(path: Path | None) -> bool:
    return path is not None and path.exists()


def summed(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One result of all rounds."""
    counted = ("kills", "actions", "sources", "outputs_compared", "answers", "answers_twice_in_one_run", "seconds")
    return {
        "rounds": len(rounds),
        **{name: round(sum(part[name] for part in rounds), 1) for name in counted},
        "ledgers_whole": all(part["ledger_whole"] for part in rounds),
        "wrong": [sentence for part in rounds for sentence in part["wrong"]],
    }


class LoggedWorker(NearestWorker):
    """Takes `seconds` for each picture, and writes a line for each answer: which process, which pixels."""

    def __init__(self, seconds: float, log: Path) -> None:
        super().__init__()
        self._seconds, self._log = seconds, log

    def upscale(
        self, pictures: Sequence[Picture], hints: Mapping[str, Any], scale: int
    ) -> list[Picture | DepixelError]:
        """Like the nearest worker."""
        time.sleep(self._seconds * len(pictures))
        answers: list[Picture | DepixelError] = super().upscale(pictures, hints, scale)
        with self._log.open("a") as log:
            for picture in pictures:
                log.write(f"{os.getpid()} {hashlib.sha256(picture.frames[0].tobytes()).hexdigest()[:20]}\n")
        return answers


def keep(source: Path, seconds: float) -> None:
    """Watch until killed, or until the file `finish` exists and nothing is waiting."""
    source, out = checked(source, overlay_for(source))
    worker = LoggedWorker(seconds, source.parent / "answers.log")
    with only_one(out):
        watcher = Watcher(source, out, worker, StabilityTracker(0.15, time.monotonic), load_profiles())
        while True:
            counts = watcher.reconcile()
            if not counts.waiting and not counts.done and (source.parent / "finish").exists():
                watcher.close()
                return
            time.sleep(0.02)


class Round:
    """One folder from its first file to the comparison."""

    def __init__(self, mods: ModFolder, seed: int, seconds: float) -> None:
        self._mods, self._rng, self._seconds = mods, random.Random(seed), seconds

    def run(self, kills: int, actions: int) -> dict[str, Any]:
        """Act, kill, compare."""
        mods, rng = self._mods, self._rng
        beside = mods.source.parent
        began, killed = time.monotonic(), 0
        child = self._start()
        while killed < kills or mods.actions < actions:
            for _ in range(max(1, actions // max(1, kills) // 3)):
                mods.act()
            time.sleep(rng.uniform(0.02, 0.35))
            if killed < kills and rng.random() < 0.4:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                killed += 1
                child = self._start()
        (beside / "finish").touch()
        ended = _wait(child, LAST_SECONDS)
        wrong = mods.wrong() + ([] if ended == 0 else [f"the last watcher ended with {ended}"])
        ledger = Ledger(mods.out / LEDGER_NAME)
        answered = Counter((beside / "answers.log").read_text().splitlines())
        result = {
            "kills": killed,
            "actions": mods.actions,
            "sources": sum(1 for path in mods.source.rglob("*") if path.is_file()),
            "outputs_compared": len(mods.outputs()),
            "ledger_whole": ledger.is_whole(),
            "answers": sum(answered.values()),
            "answers_twice_in_one_run": sum(count - 1 for count in answered.values()),
            "seconds": round(time.monotonic() - began, 1),
            "wrong": wrong,
        }
        ledger.close()
        return result

    def _start(self) -> int:
        child = os.fork()
        if child == 0:
            try:
                keep(self._mods.source, self._seconds)
            except BaseException:  # noqa: BLE001 (a child that was forked must not return)
                sys.excepthook(*sys.exc_info())
                os._exit(1)
            os._exit(0)
        return child


def _wait(child: int, seconds: float) -> int:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL


if __name__ == "__main__":
    main()
