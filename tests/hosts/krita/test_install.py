"""`depixel install krita` as a user types it, and the archive in the hands of Krita's own importer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.host
ROOT = Path(__file__).resolve().parents[3]


def depixel(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line with a home of its own."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "DEPIXEL_"))}
    environment.update(HOME=str(home), PYTHONPATH=str(ROOT / "core"))
    command = [sys.executable, "-m", "depixel", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_install_doctor_uninstall(tmp_path: Path) -> None:
    """Installed and switched on in the profile that is there, found by the doctor, and gone without a trace."""
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


def test_krita_imports_the_archive(tmp_path: Path) -> None:
    """Krita's own Import Python Plugin accepts the archive and puts everything in its place."""
    importer = Path(os.environ.get("DEPIXEL_HOST_ROOT", "/nowhere"), "usr/share/krita/pykrita/plugin_importer")
    if not importer.is_dir():
        pytest.skip("needs the Debian root of scripts/host_tests")
    archive, resources = tmp_path / "depixel.zip", tmp_path / "krita"
    resources.mkdir()

    written = depixel(tmp_path, "install", "krita", "--zip", str(archive))
    start = "import builtins, runpy, sys; builtins.i18n = str; runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    command = [sys.executable, "-c", start, str(importer / "plugin_importer.py"), str(archive), str(resources)]
    imported = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert written.returncode == 0, written.stderr
    assert imported.stdout.strip() == "Imported plugin: Depixel", imported.stderr
    assert (resources / "pykrita/depixel_krita.desktop").is_file()
    assert (resources / "pykrita/depixel_krita/_client/installed.json").is_file()
