"""The installed package: the wheel's contents, its version, its licence files, nothing from the tests."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

import depixel

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this tree, built by the project's own backend without network access."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, text=True)
    return zipfile.ZipFile(next(out.glob("depixel-*.whl")))


def _metadata(wheel: zipfile.ZipFile, name: str) -> str:
    path = next(p for p in wheel.namelist() if re.fullmatch(rf"depixel-[^/]+\.dist-info/{name}", p))
    return wheel.read(path).decode("utf-8")


def test_wheel_holds_the_two_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    """Only depixel and depixel_watch: no tests, no training, no samples."""
    tops = {name.split("/")[0] for name in wheel.namelist()}

    assert tops == {"depixel", "depixel_watch", f"depixel-{depixel.__version__}.dist-info"}
    assert not [name for name in wheel.namelist() if "test" in name.lower() or name.endswith(".pyc")]


def test_wheel_holds_every_tracked_file_of_the_packages(wheel: zipfile.ZipFile) -> None:
    """Data files (page style, weights with cards, py.typed) are included."""
    names = set(wheel.namelist())
    for folder in (ROOT / "core/depixel", ROOT / "plugins/folder_watch/depixel_watch"):
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert path.relative_to(folder.parent).as_posix() in names


def test_metadata_says_what_the_project_says(wheel: zipfile.ZipFile) -> None:
    """Version, Python range, licence files and the console script."""
    metadata = message_from_string(_metadata(wheel, "METADATA"))
    scripts = configparser.ConfigParser()
    scripts.read_string(_metadata(wheel, "entry_points.txt"))

    assert metadata["Version"] == depixel.__version__
    assert metadata["Requires-Python"] == ">=3.10"
    assert "LICENSE" in metadata.get_all("License-File", [])
    assert scripts["console_scripts"]["depixel"] == "depixel.cli:main"
    assert (metadata.get_payload() or "").startswith("# Depixel")  # type: ignore[union-attr]


def test_changelog_knows_this_version() -> None:
    """The newest entry of the changelog is this version or unreleased."""
    first = re.search(r"^## \[?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)

    assert first is not None
    assert first[1] in (depixel.__version__, "Unreleased")


def test_released_weights_come_with_cards() -> None:
    """No weights without a card, no card without weights."""
    folder = ROOT / "core/depixel/weights"
    weights = {path.stem for path in folder.glob("*.safetensors")}
    cards = {path.stem for path in folder.glob("*.md")} - {"README"}

    assert weights == cards


def test_no_file_of_the_tree_is_a_surprise() -> None:
    """No tracked file is larger than a weights file may be, and no bytecode or editor leftovers are tracked."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not on this machine")
    tracked = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode != 0:
        pytest.skip("not a git checkout")
    names = [name for name in tracked.stdout.split("\0") if name and (ROOT / name).exists()]

    assert not [name for name in names if name.endswith((".pyc", "~", ".orig", ".rej", ".tmp"))]
    assert not [name for name in names if (ROOT / name).stat().st_size > 100_000_000]


def test_workflow_covers_the_supported_pythons() -> None:
    """The checks run on every Python version and system that the project supports."""
    workflow = (ROOT / ".github/workflows/checks.yml").read_text("utf-8")
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    tested = set(re.findall(r'"(3\.\d+)"', workflow.split("matrix:")[1].split("]")[1]))

    assert tested == {"3.10", "3.11", "3.12", "3.13"}
    assert 'requires-python = ">=3.10"' in project
    assert all(system in workflow for system in ("ubuntu-latest", "windows-latest", "macos-latest"))
