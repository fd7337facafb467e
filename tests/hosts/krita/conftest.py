"""A real Krita in the Debian root of scripts/host_tests: one run of all scenarios, checked by many tests."""

from __future__ import annotations

import itertools
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
ROOT = HERE.parents[2]
SECONDS = 1700  # for all scenarios; about 170 on an idle machine
_STARTS = itertools.count()
_DISPLAYS = 3  # tries: on a busy machine a display may not be ready in time
_NO_DISPLAY = "could not connect to display"
PLUGINS = ".local/share/krita/pykrita"
_BUNDLED = """
    assignprofiledialog batch_exporter channels2layers colorspace comics_project_management_tools documenttools
    exportlayers filtermanager krita_script_starter lastdocumentsdocker mixer_slider_docker photobash_images
    plugin_importer quick_settings_docker scripter tenbrushes tenscripts
"""


@dataclass(frozen=True)
class Session:
    """The results of one run of Krita."""

    folder: Path  # pixels and screenshots
    facts: dict[str, dict[str, Any]]  # of each scenario
    exit_code: int | None  # None: it had to be killed
    log: str

    def of(self, scenario: str) -> dict[str, Any]:
        """A scenario's facts; fails with the error inside Krita."""
        assert scenario in self.facts, f"Krita never came to {scenario}:\n{self.log[-3000:]}"
        assert "error" not in self.facts[scenario], self.facts[scenario]["error"]
        return self.facts[scenario]

    def read(self, name: str) -> bytes:
        """Bytes that a scenario saved."""
        return (self.folder / name).read_bytes()


def new_home(home: Path, *enabled: str) -> Path:
    """A home in which Krita was never started, with these lines in [python] of its kritarc, whose path is returned."""
    run, settings = home / "run", home / ".config" / "kritarc"
    for folder in (settings.parent, run):
        folder.mkdir(parents=True)
    run.chmod(0o700)
    off = [f"enable_{name}=false" for name in _BUNDLED.split()]
    on = [line.split("=")[0] for line in enabled]
    settings.write_text("\n".join(["[python]", *enabled, *(line for line in off if line.split("=")[0] not in on), ""]))
    return settings


def start_krita(host: Host, home: Path, out: Path, seconds: float, **more: str) -> tuple[str, int | None]:
    """Krita, until it ends by itself: its log and its exit code, None if it had to be killed."""
    environment = {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "DEPIXEL_RUNTIME_DIR": str(home / "engine"),
        "DEPIXEL_DRIVER_OUT": str(out),
        "DEPIXEL_DRIVER_DOCS": str(ROOT / "docs" / "krita.md"),
        **more,
    }
    for _ in range(_DISPLAYS):
        log, code = _on_a_display(host, seconds, environment)
        if _NO_DISPLAY not in log:
            break
    return log, code


# A separate display for each start: xvfb-run looks for a free one in this root only, but X's abstract sockets are
# shared by all roots, and Krita would end with the other run whose display it found.
def _on_a_display(host: Host, seconds: float, environment: dict[str, str]) -> tuple[str, int | None]:
    display = str(1000 + (16 * os.getpid() + next(_STARTS)) % 50_000)  # the last one may not be free yet
    screen = ("xvfb-run", "-a", "-n", display, "-s", "-screen 0 1400x1000x24 -nolisten tcp")
    process = host.start(*screen, "krita", "--nosplash", **environment)
    try:
        return process.communicate(timeout=seconds)[0], process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0], None


@pytest.fixture(scope="session")
def krita(host: Host) -> Session:
    """
    Install the plug-in as `depixel install krita` does, run every scenario, and read the results.

    DEPIXEL_DRIVER_ONLY="dialog faces" runs only these; DEPIXEL_HOST_REPORT=FOLDER keeps screenshots, pixels and log.
    """
    work = host.work / "krita"
    home, out = work / "home", work / "out"
    settings = new_home(home, "enable_depixel_driver=true")
    out.mkdir()
    plugins = home / PLUGINS
    install_krita(Profile("Krita", "test", "", plugins, settings), Installed((str(host.engine),)))
    shutil.copytree(HERE / "driver", plugins, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    log, code = start_krita(host, home, out, SECONDS, DEPIXEL_DRIVER_ONLY=os.environ.get("DEPIXEL_DRIVER_ONLY", ""))
    Engine("tests", Place(str(home / "engine"))).stop()
    result = out / "result.json"
    facts = json.loads(result.read_text()) if result.exists() else {}
    kept = os.environ.get("DEPIXEL_HOST_REPORT")
    if kept:
        shutil.copytree(out, Path(kept) / "krita", dirs_exist_ok=True)
        (Path(kept) / "krita.log").write_text(log)
    return Session(out, facts, code, log)
