"""What both editors need: the Debian root that scripts/host_tests prepares, and a shared folder inside and outside."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from depixel.client import Engine, Place


@dataclass(frozen=True)
class Host:
    """
    A Debian root.

    work: a folder with the same path inside and outside. engine: the launcher of the engine, inside.
    """

    root: Path
    work: Path

    @property
    def engine(self) -> Path:
        return self.work / "depixel-engine"

    def environment(self, **more: str) -> dict[str, str]:
        base = {
            "HOME": str(self.work / "home"),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "DEPIXEL_RUNTIME_DIR": str(self.work / "run"),
            "OMP_NUM_THREADS": "1",  # as in the tests themselves: a search depends on every last bit of a sum
        }
        return {**base, **more}

    def start(self, *command: str, **more: str) -> subprocess.Popen[str]:
        """Run a program inside."""
        pairs = [f"{name}={value}" for name, value in self.environment(**more).items()]
        process = subprocess.Popen(
            ["chroot", str(self.root), "env", "-i", *pairs, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        if os.environ.get("DEPIXEL_HOST_PRIORITY"):
            prefer(process.pid)
        return process


def prefer(session: int) -> None:
    """Give a session priority over others, for measurements on a busy machine (Linux with CONFIG_SCHED_AUTOGROUP)."""
    group = Path(f"/proc/{session}/autogroup")
    if group.exists():
        group.write_text("-19")


def finish(process: subprocess.Popen[str], seconds: float) -> str:
    """A program's output until its end; it is killed with its children on timeout."""
    try:
        return process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output = process.communicate()[0]
        pytest.fail(f"it did not end within {seconds:.0f} s; its last output:\n{output[-3000:]}")


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """The root; the engine that the tests started is stopped at the end."""
    root, work = os.environ.get("DEPIXEL_HOST_ROOT"), os.environ.get("DEPIXEL_HOST_WORK")
    if not root or not work:
        pytest.skip("run scripts/host_tests: it makes the Debian root with the real programs")
    host = Host(Path(root), Path(work))
    for name in ("home", "run", "out"):
        (host.work / name).mkdir(exist_ok=True)
    yield host
    Engine("tests", Place(str(host.work / "run"))).stop()
