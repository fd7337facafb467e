"""A real Krita in the Debian root of scripts/host_tests: one run of all scenarios, looked at by many tests."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.hosts.conftest import Host

from depixel.client import Engine, Installed, Place
from depixel.install.plugins import install_krita
from depixel.install.profiles import Profile

HERE = Path(__file__).resolve().parent
SECONDS = 840  # for all scenarios; about 150 where nobody else works
_BUNDLED = """
    assignprofiledialog batch_exporter channels2layers colorspace comics_project_management_tools documenttools
    exportlayers filtermanager krita_script_starter lastdocumentsdocker mixer_slider_docker photobash_images
    plugin_importer quick_settings_docker scripter tenbrushes tenscripts
"""


@dataclass(frozen=True)
class Session:
    """What one run of Krita left behind."""

    folder: Path  # pixels and screenshots
    facts: dict[str, dict[str, Any]]  # of each scenario
    exit_code: int | None  # None: it had to be killed
    log: str

    def of(self, scenario: str) -> dict[str, Any]:
        """A scenario's facts; fails with what went wrong inside Krita."""
        assert scenario in self.facts, f"Krita never came to {scenario}:\n{self.log[-3000:]}"
        assert "error" not in self.facts[scenario], self.facts[scenario]["error"]
        return self.facts[scenario]

    def read(self, name: str) -> bytes:
        """Bytes that a scenario saved."""
        return (self.folder / name).read_bytes()


@pytest.fixture(scope="session")
def krita(host: Host) -> Session:
    """
    Install the plug-in as `depixel install krita` does, run every scenario, and read what they found.

    DEPIXEL_DRIVER_ONLY="dialog faces" runs only these; DEPIXEL_HOST_REPORT=FOLDER keeps screenshots, pixels and log.
    """
    work = host.work / "krita"
    home, out, run = work / "home", work / "out", work / "run"
    for folder in (home / ".config", out, run):
        folder.mkdir(parents=True, exist_ok=True)
    run.chmod(0o700)
    kritarc = home / ".config" / "kritarc"
    off = "\n".join(f"enable_{name}=false" for name in _BUNDLED.split())
    kritarc.write_text(f"[python]\nenable_depixel_driver=true\n{off}\n")
    plugins = home / ".local" / "share" / "krita" / "pykrita"
    install_krita(Profile("Krita", "test", "", plugins, kritarc), Installed((str(host.engine),)))
    shutil.copytree(HERE / "driver", plugins, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {
        "HOME": home,
        "XDG_RUNTIME_DIR": run,
        "DEPIXEL_RUNTIME_DIR": work / "engine",
        "DEPIXEL_DRIVER_OUT": out,
        "DEPIXEL_DRIVER_ONLY": os.environ.get("DEPIXEL_DRIVER_ONLY", ""),
    }
    screen = ("xvfb-run", "-a", "-s", "-screen 0 1400x1000x24 -nolisten tcp")
    process = host.start(*screen, "krita", "--nosplash", **{name: str(value) for name, value in environment.items()})
    try:
        log, code = process.communicate(timeout=SECONDS)[0], process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        log, code = process.communicate()[0], None
    Engine("tests", Place(str(work / "engine"))).stop()
    found = out / "result.json"
    facts = json.loads(found.read_text()) if found.exists() else {}
    kept = os.environ.get("DEPIXEL_HOST_REPORT")
    if kept:
        shutil.copytree(out, Path(kept) / "krita", dirs_exist_ok=True)
        (Path(kept) / "krita.log").write_text(log)
    return Session(out, facts, code, log)
