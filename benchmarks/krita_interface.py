"""
How long Krita's interface blocks during a job, and what a round trip costs besides the engine's own time.

    python benchmarks/krita_interface.py [--out FILE.json]        needs root and a Debian: see scripts/host_tests
    SUITE=forky python benchmarks/krita_interface.py              the same in Krita 5.3

Runs the scenarios `heartbeat` and `heartbeat_ways` of tests/hosts/krita in a real Krita: a 5 ms timer in Krita's event
loop, and the longest gaps between its events, in milliseconds. The pictures are noise, which does not compress. Krita
and its display run with priority over other programs on the machine; `own` also excludes time in which the system gave
the processor to other programs. `krita_alone` are the gaps of Krita's own calls without the plug-in: it enlarges a
canvas, adds a layer, creates and shows a document, each of the answer's size. What is compared with Krita alone is
measured in three rounds, in turn with Krita alone; the least disturbed round of each counts.
`krita_alone_new_document_s` are the seconds of the two calls for a new document.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def run() -> dict[str, Any]:
    """The driver's measurements; if there are none, exits with the command's output."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DEPIXEL_DRIVER_ONLY": "menus heartbeat heartbeat_ways",
            "DEPIXEL_HOST_REPORT": os.environ.get("DEPIXEL_HOST_REPORT", folder),
            "DEPIXEL_HOST_TESTS": "require",
            "DEPIXEL_HOST_PRIORITY": "1",
            "PYTHON": sys.executable,
        }
        command = [str(ROOT / "scripts" / "host_tests"), "krita", "-k", "interface_stays_alive"]
        process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        report = Path(environment["DEPIXEL_HOST_REPORT"], "krita", "result.json")
        if not report.exists():
            raise SystemExit(process.stdout + process.stderr)
        result: dict[str, Any] = json.loads(report.read_text("utf-8"))
        return result


def silences(beat: dict[str, Any]) -> dict[str, float]:
    """The figures of one measurement."""
    return {"longest": beat["longest"], "own": beat["longest own"], "over_50_ms": beat["over 50 ms"]}


def way(facts: dict[str, Any]) -> dict[str, Any]:
    """One job and its delivery."""
    beside = facts["round trip"] - facts["engine"]
    return {
        "job_ms": silences(facts["job"]),
        "delivery_ms": silences(facts["delivery"]),
        "engine_s": round(facts["engine"], 3),
        "beside_the_engine_s": round(beside, 3),
        "adding_s": round(facts["adding"], 3),
        "overhead_s": round(beside + facts["adding"], 3),
    }


def figures(times: dict[str, Any]) -> dict[str, Any]:
    """All numbers from the driver's measurements."""
    for name in ("heartbeat", "heartbeat_ways"):
        if name not in times:
            raise SystemExit(f"Krita ended during {name}. Set DEPIXEL_HOST_REPORT to a folder: it gets Krita's log.")
        if "error" in times[name]:
            raise SystemExit(times[name]["error"])
    ways = times["heartbeat_ways"]
    jobs = [name for name, facts in ways.items() if isinstance(facts, dict) and "job" in facts]
    return {
        "suite": "krita_interface",
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "krita": times["menus"]["version"],
        "layer of 1024 x 1024, x2": way(times["heartbeat"]),
        "layers of 512 x 512, x2": {name: way(ways[name]) for name in jobs},
        "krita_alone_ms": {
            "nothing": silences(times["heartbeat"]["nothing"]),
            "canvas from 1024 to 2048": silences(times["heartbeat"]["canvas by Krita alone"]),
            "canvas from 512 to 1024, CMYK": silences(ways["canvas of CMYK by Krita alone"]),
            "layer": silences(times["heartbeat"]["layer by Krita alone"]),
            "document": silences(ways["document by Krita alone"]),
            "view": silences(ways["view by Krita alone"]),
        },
        "krita_alone_new_document_s": round(
            ways["document by Krita alone"]["seconds"] + ways["view by Krita alone"]["seconds"], 3
        ),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--found", type=Path, help="krita/result.json of an earlier run with DEPIXEL_HOST_REPORT")
    arguments = parser.parse_args()
    facts = json.loads(arguments.found.read_text("utf-8")) if arguments.found else run()
    text = json.dumps(figures(facts), indent=2)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n", "utf-8")
