"""What `depixel install`, `uninstall` and `doctor` do to profiles, and what they print."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from depixel.cli import main
from depixel.client import PROTOCOL, Place
from depixel.errors import UnwritableOutputError
from depixel.install import plugins
from depixel.install.checks import check_krita
from depixel.install.engine_checks import check_record
from depixel.install.gimp_checks import check_gimp
from depixel.install.profiles import Profile, System, gimp_profiles, krita_profiles, old_gimp_versions

_FLATPAK = ".var/app/org.gimp.GIMP/config/GIMP/"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a GIMP 3.0 that was started once, and its own engine folder."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "GIMP3_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DEPIXEL_RUNTIME_DIR", str(tmp_path / "engine"))
    (tmp_path / ".config" / "GIMP" / "3.0").mkdir(parents=True)
    return tmp_path


def system(home: Path, platform: str = "linux", **environment: str) -> System:
    return System(platform, home, {"PATH": "/nowhere", **environment})


@pytest.mark.parametrize(
    ("platform", "profile", "environment"),
    [
        ("linux", ".config/GIMP/3.0", {}),
        ("linux", ".config/GIMP/3.2", {}),
        ("linux", ".var/app/org.gimp.GIMP/config/GIMP/3.0", {}),
        ("linux", "snap/gimp/current/.config/GIMP/3.0", {}),
        ("linux", "elsewhere/GIMP/3.0", {"XDG_CONFIG_HOME": "elsewhere"}),
        ("darwin", "Library/Application Support/GIMP/3.0", {}),
        ("win32", "AppData/Roaming/GIMP/3.0", {}),
    ],
)
def test_profiles_of_gimp(tmp_path: Path, platform: str, profile: str, environment: dict[str, str]) -> None:
    """Packages, Flatpaks, Snaps, macOS and Windows keep their profiles in different places."""
    (tmp_path / profile).mkdir(parents=True)
    absolute = {name: str(tmp_path / value) for name, value in environment.items()}

    profiles = gimp_profiles(system(tmp_path, platform, **absolute))

    assert [tmp_path / profile / "plug-ins"] == [one.plugins for one in profiles]


@pytest.mark.parametrize(
    ("platform", "program", "profile"),
    [
        ("linux", "bin/gimp", ".config/GIMP/3.2"),
        ("linux", "Applications/GIMP-3.2.0-x86_64.AppImage", ".config/GIMP/3.2"),
        ("linux", ".local/share/flatpak/app/org.gimp.GIMP/current/active/files/bin/gimp-3.2", _FLATPAK + "3.2"),
        ("darwin", "Applications/GIMP.app/Contents/MacOS/gimp", "Library/Application Support/GIMP/3.2"),
        ("win32", "AppData/Local/Programs/GIMP 3/bin/gimp-console-3.2.exe", "AppData/Roaming/GIMP/3.2"),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="the GIMP here is a shell script")
def test_a_gimp_that_was_never_started(tmp_path: Path, platform: str, program: str, profile: str) -> None:
    """Its profile is created by the installation; an older version's profile next to it is served as well."""
    gimp = tmp_path / program
    gimp.parent.mkdir(parents=True)
    gimp.write_text("#!/bin/sh\necho GNU Image Manipulation Program version 3.2.6\n")
    gimp.chmod(0o755)
    wanted = tmp_path / profile
    older = wanted.with_name("3.0")
    older.mkdir(parents=True)

    profiles = gimp_profiles(
        system(tmp_path, platform, PATH=str(tmp_path / "bin"), PROGRAMFILES=str(tmp_path / "none"))
    )

    assert [one.plugins for one in profiles] == [older / "plug-ins", wanted / "plug-ins"]
    wanted.mkdir()  # once started
    assert len(gimp_profiles(system(tmp_path, platform, PATH=str(tmp_path / "bin")))) == 2


@pytest.mark.parametrize(
    ("platform", "profile"),
    [
        ("linux", ".config/GIMP/3.0"),
        ("linux", _FLATPAK + "3.0"),
        ("linux", "snap/gimp/current/.config/GIMP/3.0"),
        ("darwin", "Library/Application Support/GIMP/3.2"),
        ("win32", "AppData/Roaming/GIMP/3.0"),
    ],
)
def test_each_system_s_profile_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, profile: str
) -> None:
    """Install, a satisfied doctor, uninstall, and a doctor that says what to run: in every kind of home."""
    monkeypatch.setenv("DEPIXEL_RUNTIME_DIR", str(tmp_path / "engine"))
    (tmp_path / profile).mkdir(parents=True)
    here = system(tmp_path, platform, PROGRAMFILES=str(tmp_path / "none"))
    (moved,) = gimp_profiles(here)

    folder = plugins.install_gimp(moved, plugins.engine_record())
    assert folder == tmp_path / profile / "plug-ins" / "depixel-gimp"
    assert "problem" not in {finding.level for finding in check_gimp(here)}
    assert any("installed in" in finding.what for finding in check_gimp(here))
    assert plugins.uninstall(moved) == [folder]
    (finding,) = check_gimp(here)
    assert (finding.level, finding.mend) == ("note", "depixel install gimp")


def test_gimp_2_is_not_a_place_for_the_plug_in(tmp_path: Path) -> None:
    """A profile of 2.10 is named, and not used."""
    (tmp_path / ".config" / "GIMP" / "2.10").mkdir(parents=True)

    assert gimp_profiles(system(tmp_path)) == []
    assert old_gimp_versions(system(tmp_path)) == ["2.10"]


@pytest.mark.parametrize(
    ("platform", "data", "settings"),
    [
        ("linux", ".local/share/krita", ".config/kritarc"),
        ("linux", ".var/app/org.kde.krita/data/krita", ".var/app/org.kde.krita/config/kritarc"),
        ("darwin", "Library/Application Support/krita", "Library/Preferences/kritarc"),
        ("win32", "AppData/Roaming/krita", "AppData/Local/kritarc"),
        (
            "win32",
            "AppData/Local/Packages/49800Krita_x1/LocalCache/Roaming/krita",
            "AppData/Local/Packages/49800Krita_x1/LocalCache/Local/kritarc",
        ),
    ],
)
def test_profiles_of_krita(tmp_path: Path, platform: str, data: str, settings: str) -> None:
    """Krita keeps plug-ins and settings apart."""
    (tmp_path / data).mkdir(parents=True)

    (profile,) = krita_profiles(system(tmp_path, platform))

    assert (tmp_path / data / "pykrita", tmp_path / settings) == (profile.plugins, profile.settings)


def test_resources_of_krita_that_were_moved(tmp_path: Path) -> None:
    """Krita looks for plug-ins in the resource folder that its settings name; entries of other groups do not count."""
    kritarc = tmp_path / ".config" / "kritarc"
    kritarc.parent.mkdir()
    kritarc.write_text(f"ResourceDirectory={tmp_path / 'art'}\n[python]\nResourceDirectory=/elsewhere\n")

    (moved,) = krita_profiles(system(tmp_path))
    kritarc.write_text("[python]\nResourceDirectory=/elsewhere\n")
    (usual,) = krita_profiles(system(tmp_path))

    assert moved.plugins == tmp_path / "art" / "pykrita"
    assert usual.plugins == tmp_path / ".local" / "share" / "krita" / "pykrita"


def test_install_gimp_and_uninstall(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The plug-in is complete in its folder, can be run, knows its engine, and is removed completely."""
    assert main(["install", "gimp"]) == 0
    folder = home / ".config" / "GIMP" / "3.0" / "plug-ins" / "depixel-gimp"
    entry = folder / "depixel-gimp.py"

    assert str(folder) in capsys.readouterr().out
    assert entry.stat().st_mode & stat.S_IXUSR
    assert (folder / "depixel_client" / "protocol.py").is_file()
    record = json.loads((folder / "depixel_client" / "installed.json").read_text())
    assert record["command"] == [sys.executable, "-m", "depixel"]
    assert Place().installed() is not None
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import depixel_client; print(depixel_client.PROTOCOL)"
    alone = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert alone.stdout.strip() == str(PROTOCOL)

    assert main(["uninstall", "gimp"]) == 0
    assert list(folder.parent.iterdir()) == []


def test_installing_again_replaces(home: Path) -> None:
    """An update leaves nothing of the old version behind."""
    main(["install", "gimp"])
    folder = home / ".config" / "GIMP" / "3.0" / "plug-ins" / "depixel-gimp"
    (folder / "old.py").write_text("")

    main(["install", "gimp"])

    assert not (folder / "old.py").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["depixel-gimp"]


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may write anywhere")
def test_a_closed_profile_is_a_sentence(tmp_path: Path) -> None:
    """No traceback if the folder belongs to another user."""
    tmp_path.chmod(0o500)
    with pytest.raises(UnwritableOutputError):
        plugins.install_gimp(Profile("GIMP", "x", "3.0", tmp_path / "plug-ins"), plugins.engine_record())


def test_kritarc_keeps_everything_else(tmp_path: Path) -> None:
    """Enabling and disabling the plug-in changes one line."""
    kritarc = tmp_path / "kritarc"
    before = "[a]\nx=1\n\n[python]\nenable_other=true\n\n[z]\ny=\xe4\n"
    kritarc.write_text(before, "utf-8")

    plugins.set_enabled(kritarc, True)
    assert plugins.is_enabled(kritarc)
    assert "[python]\nenable_depixel_krita=true\nenable_other=true" in kritarc.read_text("utf-8")
    plugins.set_enabled(kritarc, False)

    assert kritarc.read_text("utf-8") == before


def test_nothing_found_is_a_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """... that says how to continue."""
    monkeypatch.setenv("PATH", str(home))
    (home / ".config" / "GIMP" / "3.0").rmdir()
    (home / ".config" / "GIMP" / "2.10").mkdir()

    assert main(["install", "gimp"]) == 1
    assert "2.10" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("chmod", "not executable"),
        ("rename", "the file and its folder must have the same name"),
        ("client", "incomplete"),
        ("protocol", "speaks version 99 of Depixel's protocol, the engine version 2"),
        ("version", "is from Depixel 0.0.9; this is"),
        ("edited", "changed by hand (work.py)"),
        ("record", "has no record of the engine"),
        ("engine", "the engine that the plug-in starts no longer exists: /gone/python"),
        ("stray", "not in a folder of the same name"),
        ("not started", "GIMP has not been started since"),
        ("passed over", "GIMP ignored it at its last start"),
    ],
)
def test_the_doctor_names_the_reason(home: Path, damage: str, words: str) -> None:
    """Each known reason for being absent from GIMP's menu is distinguished, with advice."""
    main(["install", "gimp"])
    folder = home / ".config" / "GIMP" / "3.0" / "plug-ins" / "depixel-gimp"
    entry, client = folder / "depixel-gimp.py", folder / "depixel_client"
    if damage == "chmod":
        entry.chmod(0o644)
        if os.access(entry, os.X_OK):
            pytest.skip("this file system has no run bit")
    elif damage == "rename":
        entry.rename(folder / "other.py")
    elif damage == "client":
        (client / "protocol.py").unlink()
    elif damage == "protocol":
        (client / "protocol.py").write_text("PROTOCOL = 99\n")
    elif damage == "version":
        record = json.loads((client / "installed.json").read_text())
        (client / "installed.json").write_text(json.dumps({**record, "version": "0.0.9"}))
    elif damage == "edited":
        (folder / "work.py").write_text("# another\n")
    elif damage == "record":
        (client / "installed.json").unlink()
        (home / "engine" / "installed.json").unlink()
    elif damage == "engine":
        for path in (client / "installed.json", home / "engine" / "installed.json"):
            path.write_text(json.dumps({"command": ["/gone/python", "-m", "depixel"]}))
    elif damage == "stray":
        (folder.parent / "depixel-gimp.py").write_text("")
    else:
        cache = home / ".config" / "GIMP" / "3.0" / "pluginrc"
        cache.write_text("(plug-in-def ...)")
        seconds = entry.stat().st_ctime + (60 if damage == "passed over" else -60)
        os.utime(cache, (seconds, seconds))

    findings = list(check_gimp(system(home), Place()))

    matches = [finding for finding in findings if words in finding.what]
    assert matches, findings
    assert matches[0].mend


def test_the_doctor_is_content_with_a_good_installation(home: Path) -> None:
    """No false alarm."""
    main(["install", "gimp"])

    assert {finding.level for finding in check_gimp(system(home), Place())} == {"ok"}
    assert {finding.level for finding in check_record(Place())} == {"ok"}


def test_the_doctor_without_krita(tmp_path: Path) -> None:
    """A missing program is a note, not a problem."""
    assert [finding.level for finding in check_krita(system(tmp_path))] == ["note"]


def test_krita_is_installed_where_its_plug_in_is_shipped(home: Path) -> None:
    """Folder, .desktop file and kritarc; and an archive that Krita itself can import."""
    try:
        plugins.source_of("krita")
    except plugins.NothingToInstallError:
        pytest.skip("this tree has no plug-in for Krita")
    (home / ".local" / "share" / "krita").mkdir(parents=True)

    assert main(["install", "krita"]) == 0
    assert {finding.level for finding in check_krita(system(home))} == {"ok"}
    actions = home / ".local" / "share" / "krita" / "actions" / "depixel_krita.action"  # keys can be assigned
    assert "depixel_repeat" in actions.read_text("utf-8")
    assert main(["install", "krita", "--zip", str(home / "k.zip")]) == 0
    with zipfile.ZipFile(home / "k.zip") as archive:
        names = archive.namelist()
    assert "depixel_krita/_client/installed.json" in names
    assert {"depixel_krita.desktop", "depixel_krita.action"} <= set(names)
    assert main(["uninstall", "krita"]) == 0
    assert not actions.exists()
    assert list((home / ".local" / "share" / "krita" / "pykrita").iterdir()) == []
