"""A real Ray cluster of several nodes on the loopback interface, each a set of processes that a test can kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


class Nodes:
    """
    Nodes of one cluster; number 0 is the head.

    Every process of a node inherits the node's mark in its environment, by which it is found.
    """

    def __init__(self, folder: Path) -> None:
        self.mark = uuid.uuid4().hex
        self.folder = folder
        self.count = 0
        (folder / "home").mkdir()
        self.port, self.client_port = _free_port(), _free_port()
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "core"), str(ROOT / "plugins/folder_watch")]),
            "OMP_NUM_THREADS": "1",
            "HOME": str(folder / "home"),
            "RAY_AUTH_MODE": "disabled",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_health_check_period_ms": "500",
            "RAY_health_check_timeout_ms": "1000",
            "RAY_health_check_failure_threshold": "2",
        }

    @property
    def address(self) -> str:
        return f"ray://127.0.0.1:{self.client_port}"

    def start(self) -> None:
        """One more node, with one core; the first one is the head."""
        ray = str(Path(sys.executable).with_name("ray"))
        words = [ray, "start", "--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats"]
        if self.count == 0:
            words += ["--head", f"--port={self.port}", f"--ray-client-server-port={self.client_port}"]
            words += ["--include-dashboard=false", f"--temp-dir={self.folder}"]
        else:
            words += [f"--address=127.0.0.1:{self.port}"]
        environment = {**self.environment, "DEPIXEL_TEST_NODE": f"{self.mark}-{self.count}"}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        self.count += 1

    def processes(self, node: int | None = None, name: bytes = b"") -> list[int]:
        """Processes of one node or of all, whose command line contains `name`."""
        mark = f"DEPIXEL_TEST_NODE={self.mark}-{'' if node is None else node}".encode()
        processes = []
        for folder in Path("/proc").iterdir():
            try:
                is_ours = folder.name.isdigit() and mark in (folder / "environ").read_bytes()
                if is_ours and name in (folder / "cmdline").read_bytes():
                    processes.append(int(folder.name))
            except OSError:
                continue
        return processes

    def kill(self, node: int | None = None, name: bytes = b"") -> int:
        """SIGKILL; returns how many there were."""
        processes = self.processes(node, name)
        for process in processes:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return len(processes)

    def stop(self) -> None:
        until = time.monotonic() + 20
        while self.kill() and time.monotonic() < until:
            time.sleep(0.2)

    def depixel(self, *words: str, cwd: Path = ROOT) -> subprocess.Popen[str]:
        """The command line, in its own process."""
        return subprocess.Popen(
            [sys.executable, "-m", "depixel", *words],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd,
        )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    """A head and one more node."""
    import tempfile

    pytest.importorskip("ray", reason="Ray is not installed: scripts/cluster_tests installs it")
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:  # sockets need short paths
        nodes = Nodes(Path(folder))
        try:
            nodes.start()
            nodes.start()
            yield nodes
        finally:
            nodes.stop()
