"""`depixel doctor` on missing or crashed engines, moved profiles, and GIMP's Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from depixel.cli import main
from depixel.client import Place, Running
from depixel.install import profiles
from depixel.install.engine_checks import check_record, check_running
from depixel.install.findings import Finding
from depixel.install.gimp_checks import check_gimp
from depixel.install.profiles import System, gimp_profiles, old_gimp_versions

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the programs here are shell scripts")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a GIMP 3.0 that was started once, and its own engine folder."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "GIMP3_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("DEPIXEL_RUNTIME_DIR", str(tmp_path / "engine"))
    (tmp_path / ".config" / "GIMP" / "3.0").mkdir(parents=True)
    return tmp_path


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def system(home: Path, path: str = "/nowhere") -> System:
    return System("linux", home, {"PATH": path})


def about_gimp(home: Path, path: str = "/nowhere") -> list[Finding]:
    return list(check_gimp(system(home, path), Place(str(home / "engine"))))


def recorded(home: Path, *command: object) -> Place:
    place = Place(str(home / "engine"))
    place.make()
    Path(place.path("installed.json")).write_text(json.dumps({"command": [str(word) for word in command]}))
    return place


def test_an_engine_that_runs_is_no_news(home: Path) -> None:
    """The recorded command is really run."""
    main(["install", "gimp"])
    (finding,) = check_record(Place())

    assert (finding.level, finding.what) == ("ok", f"Plug-ins start the engine with: {sys.executable} -m depixel")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'No module named depixel' >&2; exit 1", "which fails: No module named depixel"),
        ("echo depixel 0.0.9", "which is Depixel 0.0.9; this is"),
        ("kill -KILL $$", "which fails: exit code -9"),
    ],
)
def test_a_recorded_engine_that_does_not_run(home: Path, script: str, words: str) -> None:
    """The program exists, but its requirements do not: its own last line is quoted."""
    (finding,) = check_record(recorded(home, program(home / "python", script)))

    assert words in finding.what and finding.level != "ok"
    assert "depixel install gimp" in finding.mend


def test_a_recorded_engine_that_is_gone(home: Path) -> None:
    """By its name."""
    (finding,) = check_record(recorded(home, "/gone/python", "-m", "depixel"))

    assert finding.level == "problem" and "no longer exists: /gone/python" in finding.what


def test_an_engine_that_crashed_at_its_start(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A real start that fails because a package is missing: the doctor quotes the reason, until a start succeeds."""
    (home / "broken").mkdir()
    (home / "broken" / "uvicorn.py").write_text("raise ImportError('uvicorn lost its wheels')\n")
    core = Path(profiles.__file__).parents[2]
    place = recorded(home, sys.executable, "-m", "depixel")
    values = json.loads(Path(place.path("installed.json")).read_text())
    values["environment"] = {"PYTHONPATH": f"{home / 'broken'}{os.pathsep}{core}"}
    Path(place.path("installed.json")).write_text(json.dumps(values))

    assert main(["doctor", "--start"]) == 1
    printed = capsys.readouterr().out
    (finding,) = check_running(place)

    assert "PROBLEM The engine's last run ended with a fault: ImportError: uvicorn lost its wheels" in printed
    assert "ended while it was starting" in printed
    assert finding.level == "problem" and place.log in finding.mend and "pip install" in finding.mend


def test_packages_that_are_missing(home: Path) -> None:
    """A real Python without any of them: they are named, and the other checks still run."""
    core = Path(profiles.__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(core)}
    command = [sys.executable, "-S", "-m", "depixel", "doctor"]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 1, done.stderr
    assert "PROBLEM Python packages are missing: torch, numpy" in done.stdout
    assert "GIMP 3.0 (package or AppImage)" in done.stdout


def test_an_engine_that_was_killed(home: Path) -> None:
    """It did not exit cleanly: a note, because the next picture starts another one."""
    place = recorded(home, sys.executable, "-m", "depixel")
    place.write_running(Running(pid=12345, port=9, token="t", protocol=1, version="0"))

    (finding,) = check_running(place)

    assert (finding.level, "process 12345" in finding.what) == ("note", True)


@pytest.mark.parametrize(
    ("log", "level", "words"),
    [
        ("2026-11-21 14:18:13,779 INFO depixel.service.jobs: done in 0.02 s\n", "ok", "is not running"),
        ("2026-11-21 14:18:13,779 WARNING x: y\nsome library's chatter\n", "note", "some library's chatter"),
        ("Traceback (most recent call last):\n  File x\nMemoryError\n", "problem", ": MemoryError"),
        (
            "Traceback ...\nOSError: [Errno 28] No space\n2026-11-21 14:18:13,779 INFO a: went on\n",
            "ok",
            "is not running",
        ),
        (
            "2026-11-21 14:18:13,779 INFO a: b\nFatal Python error: Segmentation fault\n",
            "problem",
            "Segmentation fault",
        ),
        ("", "ok", "is not running"),
    ],
)
def test_what_a_log_tells(home: Path, log: str, level: str, words: str) -> None:
    """Only text after the engine's own last line counts, as a problem if it is an error."""
    place = recorded(home, sys.executable)
    Path(place.log).write_text(log)

    last = list(check_running(place))[-1]
    assert (last.level, words in last.what) == (level, True), last


def test_a_profile_that_was_moved(home: Path) -> None:
    """The doctor remembers where the plug-in was installed, and reports that this folder is gone."""
    main(["install", "gimp"])
    (home / ".config" / "GIMP").rename(home / "elsewhere")

    (finding,) = about_gimp(home)

    assert finding.level == "problem"
    assert "was installed in" in finding.what and "that folder no longer exists" in finding.what
    assert "--profile FOLDER" in finding.mend
    (home / ".config" / "GIMP" / "3.2").mkdir(parents=True)
    main(["install", "gimp"])
    assert {finding.level for finding in about_gimp(home)} == {"ok"}  # mended, and forgotten


def test_a_profile_given_by_hand_is_looked_at(home: Path) -> None:
    """... although only the installation recorded it; after uninstall it is forgotten."""
    folder = str(home / "mine")
    main(["install", "gimp", "--profile", folder])
    entry = home / "mine" / "plug-ins" / "depixel-gimp" / "depixel-gimp.py"
    entry.chmod(0o644)

    assert any(finding.what.startswith(f"GIMP (given): {entry} is not executable") for finding in about_gimp(home))
    main(["uninstall", "gimp"])
    assert not entry.exists()
    assert not any("(given)" in finding.what for finding in about_gimp(home))


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ('(plug-in-path "${gimp_dir}/plug-ins:${gimp_plug_in_dir}/plug-ins")', ".config/GIMP/3.0/plug-ins"),
        ('(plug-in-path "${gimp_plug_in_dir}/plug-ins:${gimp_dir}/mine")', ".config/GIMP/3.0/mine"),
        ('# (plug-in-path "/nowhere")\n', ".config/GIMP/3.0/plug-ins"),
    ],
)
def test_plug_in_folders_chosen_in_gimp(home: Path, setting: str, wanted: str) -> None:
    """Preferences > Folders > Plug-ins: the plug-in goes where GIMP looks."""
    (home / ".config" / "GIMP" / "3.0" / "gimprc").write_text(f"# GIMP\n{setting}\n")

    (profile,) = gimp_profiles(system(home))

    assert profile.plugins == home / wanted


def test_only_gimp_2(home: Path) -> None:
    """Installed but never started: no profile shows it, but the program exists."""
    (home / ".config" / "GIMP" / "3.0").rmdir()
    program(home / "bin" / "gimp", "echo GNU Image Manipulation Program version 2.10.34")
    path = str(home / "bin")

    assert old_gimp_versions(system(home, path)) == ["2.10"]
    (finding,) = about_gimp(home, path)
    assert finding.what == "Only GIMP 2.10 was found; the plug-in needs 3.0 or later"
    assert finding.mend == "install GIMP 3"


@pytest.mark.parametrize(("answer", "level"), [("exit 0", "ok"), ("exit 1", "problem")])
def test_the_python_of_gimp(home: Path, answer: str, level: str) -> None:
    """Without PyGObject GIMP silently shows no Python plug-in at all."""
    program(home / "bin" / "gimp", "echo GNU Image Manipulation Program version 3.0.4")
    program(home / "bin" / "python3", answer)
    main(["install", "gimp"])

    findings = about_gimp(home, str(home / "bin"))

    assert {finding.level for finding in findings} == {"ok", level}
    assert any("PyGObject" in finding.what for finding in findings) == (level == "problem")


def test_flatpaks_and_snaps_are_told_what_they_may_not(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a sandbox they cannot start the engine: reported at once, and by the doctor."""
    (home / ".var" / "app" / "org.gimp.GIMP" / "config" / "GIMP" / "3.0").mkdir(parents=True)
    (home / "snap" / "gimp" / "current" / ".config" / "GIMP" / "3.0").mkdir(parents=True)

    main(["install", "gimp"])
    printed = capsys.readouterr().out
    notes = [finding for finding in about_gimp(home) if finding.level == "note"]

    assert "depixel serve" in printed and "flatpak override" in printed and "Snap" in printed
    assert len(notes) == 2
