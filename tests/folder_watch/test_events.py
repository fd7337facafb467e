"""Where there are no file events the folder is polled, and that is said: with a real limit, and by what is mounted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from watch_process import environment
from watchdog.events import FileCreatedEvent

from depixel_watch.folder.events import ChangeHints, file_system_of


def _namespaces() -> bool:
    """Whether a process may have limits and mounts of its own here."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-U", "-r", "-m", "true"], capture_output=True, check=False).returncode == 0


def test_a_real_inotify_limit_is_said_and_survived(tmp_path: Path) -> None:
    """With two watches allowed and five folders: one sentence, no events, nothing raised; with enough: events."""
    if not (_namespaces() and Path("/proc/sys/user/max_inotify_watches").exists()):
        pytest.skip("needs Linux's user namespaces")
    for name in "abcd":
        (tmp_path / name).mkdir()
    script = (
        "import sys; from pathlib import Path; from depixel_watch.folder.events import ChangeHints\n"
        "hints = ChangeHints(Path(sys.argv[1])); (Path(sys.argv[1]) / 'd' / sys.argv[2]).write_text('x')\n"
        "sys.stdout.write(f'{hints.wait(0.5 if hints.problem else 60)}|{hints.problem}'); hints.close()\n"
    )
    told = []
    for limit in (2, 1000):
        command = f'echo {limit} > /proc/sys/user/max_inotify_watches && exec "$@"'
        arguments = ["unshare", "-U", "-r", "sh", "-c", command, "sh"]
        arguments += [sys.executable, "-c", script, str(tmp_path), f"new{limit}"]
        told.append(subprocess.run(arguments, env=environment(), capture_output=True, text=True, check=True).stdout)

    assert told[0].startswith("False|File events are not available here (the limit of inotify watches is reached")
    assert told[1] == "True|"


def test_a_change_at_the_end_of_waiting_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens in the moment between the end of one wait and the beginning of the next ends the next."""
    hints = ChangeHints(tmp_path, poll=True)
    wait = hints._changed.wait

    def wait_in_vain(seconds: float) -> bool:
        changed = wait(seconds)
        hints.on_any_event(FileCreatedEvent(str(tmp_path / "a.png")))
        return changed

    monkeypatch.setattr(hints._changed, "wait", wait_in_vain)
    assert not hints.wait(0.01)
    monkeypatch.undo()
    assert hints.wait(0.01)
    assert not hints.wait(0.01)


def test_network_drives_are_known_by_their_mount(tmp_path: Path) -> None:
    """The innermost mount decides, names with spaces included; what is not listed is taken as local."""
    mounts = tmp_path / "mounts"
    share = tmp_path / "my share"
    (share / "mods").mkdir(parents=True)
    told = str(share).replace(" ", "\\040")
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\n//server/x {told} cifs rw 0 0\nbroken\n")

    assert file_system_of(share / "mods", mounts) == "cifs"
    assert file_system_of(tmp_path, mounts) == "ext4"
    assert file_system_of(tmp_path, tmp_path / "none") == ""
    hints = ChangeHints(share / "mods", mounts=mounts)
    assert "network drive" in hints.problem
    assert not hints.wait(0.01)
    hints.close()
    hints = ChangeHints(tmp_path, mounts=mounts)
    assert hints.problem == ""
    hints.close()
