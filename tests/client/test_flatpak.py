"""Inside a Flatpak: the engine is started on the host, or a sentence says how to allow it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from depixel.client import Engine, Installed, NotInstalledError, Place, launch, place

CORE = Path(__file__).resolve().parents[2] / "core"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Flatpaks are a thing of Linux")


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A Flatpak as far as the client can see, and a recorded engine whose python does not exist there."""
    (tmp_path / "mark").write_text("")
    monkeypatch.setattr(place, "FLATPAK_MARK", str(tmp_path / "mark"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("FLATPAK_ID", "org.gimp.GIMP")
    (tmp_path / "python").symlink_to("/only/on/the/host/python3")
    folder = Place(str(tmp_path / "run"))
    folder.write_installed(Installed((str(tmp_path / "python"), "-m", "depixel"), (("PYTHONPATH", str(CORE)),)))
    return folder


def spawn(folder: Path, script: str) -> None:
    (folder / "flatpak-spawn").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "flatpak-spawn").chmod(0o755)


def test_the_engine_is_started_on_the_host(inside: Place, tmp_path: Path) -> None:
    """flatpak-spawn gets the command and environment, and a real engine answers."""
    host = '[ "$1" = --host ] || exit 9; shift; set -- "$@"; while case "$1" in --env=*) true;; *) false;; esac; do\n'
    host += f'export "${{1#--env=}}"; shift; done; shift; exec {sys.executable} "$@"'
    spawn(tmp_path, host)

    welcome = Engine("gimp", inside).hello()
    Engine("gimp", inside).stop()

    assert welcome.pid > 0


def test_what_is_not_allowed_is_said(inside: Place, tmp_path: Path) -> None:
    """The sentence quotes flatpak-spawn's message."""
    denied = "GDBus.Error:org.freedesktop.DBus.Error.ServiceUnknown: org.freedesktop.Flatpak was not provided"
    spawn(tmp_path, f"echo 'Portal call failed: {denied}' >&2; exit 1")

    with pytest.raises(NotInstalledError, match=r"depixel serve.*flatpak override.*org\.gimp\.GIMP"):
        list(launch.start(inside, "gimp"))
