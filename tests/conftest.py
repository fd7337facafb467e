"""What every test has: one thread for torch, and the versions that matter in the header."""

from __future__ import annotations

import importlib.metadata
import os
import platform

# Before torch is imported anywhere: tiny networks are several times slower on two threads than on one, and far slower
# when the machine is busy.
os.environ.setdefault("OMP_NUM_THREADS", "1")

_SHOWN = ("torch", "numpy", "pillow", "safetensors", "rich", "starlette", "watchdog")


def pytest_report_header() -> str:
    """Versions of what the engine stands on."""
    found = []
    for name in _SHOWN:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} missing")
    return f"python {platform.python_version()}, " + ", ".join(found)
