"""
How long GIMP's user waits for a 64x64 sprite enlarged 4 times by a warm engine, and where the time is spent.

    python benchmarks/gimp_seconds.py [--out FILE.json]        needs root and a Debian: see scripts/host_tests
    SUITE=forky python benchmarks/gimp_seconds.py              the same in GIMP 3.2

Medians of 15 runs in a real gimp-console, each with a different seed. `whole` is from the call to the new image;
`start` is a call that the plug-in refuses, so that GIMP starts its process and Python loads it, and nothing is sent.
The two are run in turn; `over_start` is by how much each whole run exceeds the start that follows it. `ask` is the
engine and the communication with it, by the plug-in's client in a running process; `engine` is the engine's own time.
The rest of `whole` is GIMP's own work: reading and writing layers. GIMP and the engine run with priority over other
programs on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def run() -> dict[str, Any]:
    """The measurements from GIMP; if there are none, exits with the command's output."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DEPIXEL_HOST_SHOTS": folder,
            "DEPIXEL_HOST_TESTS": "require",
            "DEPIXEL_HOST_PRIORITY": "1",
            "PYTHON": sys.executable,
        }
        command = [str(ROOT / "scripts" / "host_tests"), "gimp", "-k", "an_upscale_is_quick"]
        process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        report = Path(folder, "gimp-seconds.json")
        if not report.is_file():
            sys.exit(process.stdout[-2000:] + process.stderr[-2000:])
        return dict(json.loads(report.read_text("utf-8")))


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """Medians in seconds, and the spread of the whole."""
    whole, start, ask = (report[name]["median"] for name in ("whole", "start", "ask"))
    times, over = report["whole"]["seconds"], report["start_and_whole"]["seconds"]
    return {
        "suite": "gimp_seconds",
        **report["machine"],
        "gimp": report["facts"]["gimp"],
        "load_average": round(report["whole"]["load"], 2),
        "over_start_s": {"median": round(over[len(over) // 2], 3), "least": over[0], "most": over[-1]},
        "whole_s": {"median": round(whole, 3), "least": round(times[0], 3), "most": round(times[-1], 3)},
        "parts_s": {
            "start": round(start, 3),
            "ask": round(ask, 3),
            "engine": round(report["ask"]["engine_median"], 3),
            "gimp_itself": round(max(0.0, whole - start - ask), 3),
        },
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    figures = summary(run())
    name = f"gimp_seconds--{figures['machine']}-{figures['cpus']}-cores--gimp-{figures['gimp'].rpartition('.')[0]}.json"
    out = args.out or ROOT / "benchmarks" / "results" / name
    out.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
