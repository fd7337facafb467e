"""
The search against PULSE's loop on the same generator, pictures and device, side by side in one run.

    python -m benchmarks.search_vs_pulse [--data DATA] [--out benchmarks/results] [--count 8] [--device cpu]

The search aims at the residual that PULSE reached (its mean, if that is below PULSE's eps), so that pictures per second
compare at equal or lower residual; if the encoder's answer is already that close, it takes no step. The last row aims
far lower, so that the search has work to do. Times are CPU seconds of this process on a CPU, which other programs
hardly affect, and wall seconds elsewhere. Writes search_vs_pulse.json and .md.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch
from benchmarks.pulse_loop import EPS, STEPS, pulse
from benchmarks.search_subjects import Subject, machine, subjects

from depixel.monitor import Monitor, SearchStep
from depixel.priors.weights import load_weights, released_names
from depixel.request import Request
from depixel.search import Question, search

Row = dict[str, float | str]
FAR = 1e-5  # mean squared error that the last row aims at, a two-hundredth of PULSE's


class Stopwatch:
    """Seconds since the start: of this process on a CPU, of the wall on an accelerator."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.began = self._now()

    def seconds(self) -> float:
        return self._now() - self.began

    def _now(self) -> float:
        if self.device == "cpu":
            return time.process_time()
        torch.cuda.synchronize()
        return time.perf_counter()


def compare(subject: Subject, device: str, steps: int) -> list[Row]:
    """One row for PULSE, one for the encoder alone, one for the search in a batch and one for it picture by picture."""
    count = subject.small.shape[0]
    prior, degradation = subject.prior, subject.degradation
    search(prior, Question(subject.small[:1], degradation), Request(steps=1))  # warm up, fit the tiny encoder
    watch = Stopwatch(device)
    answers = [pulse(prior, small[None], degradation, seed=0) for small in subject.small]
    rows = [_row(f"PULSE's loop, {STEPS} steps, one by one", [a.error for a in answers], watch.seconds(), STEPS)]
    mean = float(rows[0]["mean error"])
    ours = {
        "encoder alone, one batch": (Request(steps=0), count),
        "search, one batch": (Request(steps=steps, eps=min(EPS, mean)), count),
        "search, one by one": (Request(steps=steps, eps=min(EPS, mean)), 1),
        f"search to {FAR:g}, one by one": (Request(steps=steps, eps=FAR), 1),
    }
    for name, (settings, batch) in ours.items():
        watch, errors, most_steps, first = Stopwatch(device), [], 0, 0.0
        for small in torch.split(subject.small, batch):
            begun = Stopwatch(device)
            previews: list[float] = []
            monitor = Monitor(_stamps(begun, previews))
            candidates = search(prior, Question(small, degradation), settings, monitor=monitor)
            first = previews[0]
            errors += [rows_of[0].error for rows_of in candidates.pictures]
            most_steps = max(most_steps, candidates.steps)
        row = _row(name, errors, watch.seconds(), most_steps)
        row["seconds to the first preview"] = first
        row["times PULSE's speed"] = float(row["pictures a second"]) / float(rows[0]["pictures a second"])
        rows.append(row)
    return rows


def _stamps(watch: Stopwatch, seconds: list[float]) -> Callable[[SearchStep], None]:
    return lambda _: seconds.append(watch.seconds())


def _row(name: str, errors: list[float], seconds: float, steps: int) -> Row:
    return {
        "method": name,
        "pictures a second": len(errors) / seconds,
        "mean error": sum(errors) / len(errors),
        "worst error": max(errors),
        "within PULSE's eps": sum(error <= EPS for error in errors) / len(errors),
        "most steps": steps,
    }


def markdown(results: dict[str, list[Row]], about: dict[str, object]) -> str:
    """One table for each subject."""
    lines = ["# The search against PULSE's loop", "", ", ".join(f"{k} {v}" for k, v in about.items()), ""]
    for name, rows in results.items():
        columns = list(rows[-1])
        lines += [f"## {name}", "", "| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
        for row in rows:
            cells = [row.get(c, "") for c in columns]
            lines.append("| " + " | ".join(c if isinstance(c, str) else f"{c:.3g}" for c in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("--weights", default="faces-128", help="released name or path of a faces prior")
    parser.add_argument("--data", type=Path, help="folder of faces256-*.tar; without it the prior's own faces are used")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--size", type=int, default=16)
    parser.add_argument("--steps", type=int, default=100, help="at most, for ours")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    about = machine(options.threads, options.device) | {"pictures": options.count}
    if options.weights in released_names() or Path(options.weights).is_file():
        about["weights"] = f"{options.weights} {load_weights(options.weights).digest}"
    results = {}
    options.out.mkdir(parents=True, exist_ok=True)
    for subject in subjects(options.weights, options.data, options.size, options.count, options.device):
        results[subject.name] = compare(subject, options.device, options.steps)
        text = markdown(results, about)
        (options.out / "search_vs_pulse.md").write_text(text)
        written = json.dumps({"about": about, "results": results}, indent=2)
        (options.out / "search_vs_pulse.json").write_text(written + "\n")
    print(text)


if __name__ == "__main__":
    main()
