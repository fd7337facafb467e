"""`depixel install krita` as a user types it, and Krita's own importer with the archive."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.hosts.conftest import Host
from tests.hosts.krita.answers import answer, pixels
from tests.hosts.krita.conftest import PLUGINS, new_home, start_krita

from depixel.client import Engine, Place

pytestmark = [pytest.mark.host, pytest.mark.timeout(1800)]
HERE = Path(__file__).parent
ROOT = Path(__file__).resolve().parents[3]


def depixel(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line with its own home."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "DEPIXEL_"))}
    environment.update(HOME=str(home), PYTHONPATH=str(ROOT / "core"))
    command = [sys.executable, "-m", "depixel", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_install_doctor_uninstall(tmp_path: Path) -> None:
    """Installed and enabled in the existing profile, found by the doctor, and removed completely."""
    (tmp_path / ".local/share/krita").mkdir(parents=True)
    kritarc = tmp_path / ".config/kritarc"
    kritarc.parent.mkdir()
    kritarc.write_text("[python]\nenable_other=true\n[theme]\nTheme=dark\n")
    plugins = tmp_path / ".local/share/krita/pykrita"

    installed = depixel(tmp_path, "install", "krita")

    assert installed.returncode == 0, installed.stderr
    assert (plugins / "depixel_krita.desktop").is_file()
    assert (plugins / "depixel_krita/_client/engine.py").is_file()
    assert (plugins / "depixel_krita/Manual.html").is_file()
    assert "enable_depixel_krita=true" in kritarc.read_text()
    assert (
        f"Krita (package or AppImage): installed in {plugins / 'depixel_krita'}" in depixel(tmp_path, "doctor").stdout
    )

    removed = depixel(tmp_path, "uninstall", "krita")

    assert removed.returncode == 0, removed.stderr
    assert list(plugins.iterdir()) == []
    assert kritarc.read_text().split() == ["[python]", "enable_other=true", "[theme]", "Theme=dark"]


def test_krita_imports_the_archive(host: Host) -> None:
    """Tools > Scripts > Import Python Plugin from File accepts the archive; after a restart Krita works with it."""
    work = host.work / "archive"
    home, out, archive = work / "home", work / "out", work / "depixel.zip"
    settings = new_home(home, "enable_depixel_archive=true", "enable_plugin_importer=true")
    out.mkdir()
    plugins = home / PLUGINS
    shutil.copytree(HERE / "archive", plugins, ignore=shutil.ignore_patterns("__pycache__"))

    written = depixel(home, "install", "krita", "--zip", str(archive), "--engine", str(host.engine))
    assert written.returncode == 0, written.stderr
    assert not (plugins / "depixel_krita").exists()
    log, code = start_krita(host, home, out, 300, DEPIXEL_ARCHIVE=str(archive))

    facts = _facts(out, "import", code, log)
    assert "<li>Depixel</li>" in facts["asked"]
    assert "enable_depixel_krita=true" in settings.read_text()
    assert (plugins / "depixel_krita.desktop").is_file()
    assert (plugins / "depixel_krita/_client/installed.json").is_file()

    log, code = start_krita(host, home, out, 300)
    Engine("tests", Place(str(home / "engine"))).stop()

    facts = _facts(out, "use", code, log)
    assert facts["entries"] == [True, True]
    (expected,) = answer(pixels((out / "archive.src").read_bytes(), 12, 10), scale=2)
    assert np.array_equal(expected, pixels((out / "archive.out").read_bytes(), 24, 20))
    assert "Traceback" not in log


def _facts(out: Path, name: str, code: int | None, log: str) -> dict[str, Any]:
    kept = os.environ.get("DEPIXEL_HOST_REPORT")
    if kept:
        shutil.copytree(out, Path(kept) / "archive", dirs_exist_ok=True)
    path = out / f"{name}.json"
    facts: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"error": log[-3000:]}
    assert "error" not in facts, facts["error"]
    assert code == 0, log[-3000:]
    return facts
