"""GIMP with the plug-in installed by `depixel install gimp`, run without a window."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.hosts.conftest import Host, finish

from depixel.upsampler import Upsampler

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]


@dataclass(frozen=True)
class Gimp:
    """One GIMP profile in the Debian root."""

    host: Host
    profile: Path

    def start(self, script: str, **more: str) -> subprocess.Popen[str]:
        """Let gimp-console execute a file from tests/hosts/gimp/inside."""
        code = f"exec(compile(open({str(HERE / 'inside' / script)!r}).read(), {script!r}, 'exec'))"
        return self.host.start(
            *("gimp-console", "--no-splash", "-id", "--batch-interpreter", "python-fu-eval", "-b", code, "--quit"),
            GIMP3_DIRECTORY=str(self.profile),
            INSIDE=str(HERE / "inside"),
            OUT=str(self.host.work / "out"),
            **more,
        )

    def run(self, script: str, seconds: float = 600, **more: str) -> dict[str, Any]:
        """... and return what it wrote to OUT/SCRIPT.json."""
        output = finish(self.start(script, **more), seconds)
        path = self.host.work / "out" / f"{script}.json"
        assert path.is_file(), output[-3000:]
        return dict(json.loads(path.read_text("utf-8")))

    def cases(self, script: str, seconds: float = 600, **more: str) -> dict[str, Any]:
        """The results of a script's cases; fails with the tracebacks of those that raised."""
        results = self.run(script, seconds, **more)
        broken = {name: facts["traceback"] for name, facts in results.items() if "traceback" in facts}
        assert broken == {}
        return results


@pytest.fixture(scope="session")
def gimp(host: Host) -> Gimp:
    """Installed by the command that a user runs."""
    profile = host.work / "home" / "gimp"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "core"), "DEPIXEL_RUNTIME_DIR": str(host.work / "run")}
    command = ["install", "gimp", "--profile", str(profile), "--engine", str(host.engine)]
    subprocess.run([sys.executable, "-m", "depixel", *command], check=True, env=environment)
    return Gimp(host, profile)


@pytest.fixture
def lonely_gimp(gimp: Gimp, tmp_path_factory: pytest.TempPathFactory) -> Gimp:
    """A profile whose plug-in does not know how to start an engine."""
    profile = gimp.host.work / "home" / "gimp-lonely"
    shutil.rmtree(profile, ignore_errors=True)
    shutil.copytree(gimp.profile, profile)
    (profile / "plug-ins" / "depixel-gimp" / "depixel_client" / "installed.json").unlink()
    return Gimp(gimp.host, profile)


@pytest.fixture(scope="session")
def upsampler() -> Upsampler:
    """The engine in this process, with the released weights."""
    return Upsampler("cpu")
