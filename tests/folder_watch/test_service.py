"""The files that start the watcher at login."""

from __future__ import annotations

import plistlib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from depixel_watch import service

COMMAND = ["/usr/bin/python", "-m", "depixel", "watch", "/my mods/100% & more"]


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_written_well_formed_and_removed_again(tmp_path: Path, system: str) -> None:
    """Each is well formed, names the folder, and is removed completely; removing it twice is not an error."""
    path = service.service_file(system, tmp_path, Path("/my mods/100% & more"))
    line = service.install(path, system, COMMAND, Path("/my mods"))
    data = path.read_bytes()

    assert path.stem in line or path.name in line
    if system == "linux":
        assert b'"/my mods/100%% & more"' in data
    elif system == "darwin":
        agent = plistlib.loads(data)
        assert agent["ProgramArguments"] == COMMAND
        assert agent["Label"] == path.stem
        assert agent["KeepAlive"] == {"SuccessfulExit": False}
    else:
        task = ElementTree.fromstring(data)
        assert "100% & more" in (task.findtext(".//{*}Arguments") or "")
        assert task.findtext(".//{*}LogonTrigger/{*}UserId") == task.findtext(".//{*}Principal/{*}UserId")
    assert service.remove(path, system)
    assert not path.exists()
    assert service.remove(path, system) is None
