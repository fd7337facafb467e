"""Without file events the folder is polled, and that is announced: with a real limit, and by file system."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from many_textures import wake_ups
from watch_process import environment

from depixel_watch.folder.events import ChangeHints, file_system_of
from depixel_watch.folder.scan import Changes


def _namespaces() -> bool:
    """Whether a process may set limits and mounts here."""
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
    notices = []
    for limit in (2, 1000):
        command = f'echo {limit} > /proc/sys/user/max_inotify_watches && exec "$@"'
        arguments = ["unshare", "-U", "-r", "sh", "-c", command, "sh"]
        arguments += [sys.executable, "-c", script, str(tmp_path), f"new{limit}"]
        notices.append(subprocess.run(arguments, env=environment(), capture_output=True, text=True, check=True).stdout)

    assert notices[0].startswith("False|File events are not available here (the limit of inotify watches is reached")
    assert notices[1] == "True|"


def test_a_change_at_the_end_of_waiting_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change between the end of one wait and the beginning of the next ends the next one."""
    hints = ChangeHints(tmp_path, poll=True)
    wait = hints._changed.wait

    def wait_in_vain(seconds: float) -> bool:
        changed = wait(seconds)
        hints.changed("a.png", False)
        return changed

    monkeypatch.setattr(hints._changed, "wait", wait_in_vain)
    assert not hints.wait(0.01)
    monkeypatch.undo()
    assert hints.wait(0.01)
    assert not hints.wait(0.01)


def test_network_drives_are_known_by_their_mount(tmp_path: Path) -> None:
    """The innermost mount decides, including names with spaces; an unlisted one counts as local."""
    mounts = tmp_path / "mounts"
    share = tmp_path / "my share"
    (share / "mods").mkdir(parents=True)
    escaped = str(share).replace(" ", "\\040")
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\n//server/x {escaped} cifs rw 0 0\nbroken\n")

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


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify is Linux's")


def _next(hints: ChangeHints) -> Changes | None:
    assert hints.wait(10)
    time.sleep(0.2)  # what belongs to it
    return hints.take()


@linux
def test_folders_are_followed_wherever_they_go(tmp_path: Path) -> None:
    """A new tree, a renamed tree, one that was moved in: changes in them are reported with their current names."""
    outside = tmp_path / "outside"
    (outside / "in").mkdir(parents=True)
    root = tmp_path / "mods"
    (root / "a/b").mkdir(parents=True)
    hints = ChangeHints(root)
    try:
        (root / "new/deep").mkdir(parents=True)
        (root / "new/deep/x.png").write_text("x")
        changes = _next(hints)
        assert changes is not None
        assert {"new", "new/deep"} <= changes.folders
        (root / "a").rename(root / "z")
        changes = _next(hints)
        assert changes is not None
        assert {"", "z", "z/b"} <= changes.folders
        hints.wait(2)
        hints.take()
        (root / "z/b/y.png").write_text("y")
        changes = _next(hints)
        assert changes is not None
        assert changes.files == {"z/b/y.png"}
        outside.rename(root / "came")
        changes = _next(hints)
        assert changes is not None
        assert "came/in" in changes.folders
        shutil.rmtree(root / "z")
        changes = _next(hints)
        assert changes is not None
        assert "" in changes.folders
    finally:
        hints.close()


@linux
def test_what_is_not_cared_for_wakes_nobody(tmp_path: Path) -> None:
    """A log, and anything in a hidden folder."""
    (tmp_path / ".git").mkdir()
    hints = ChangeHints(tmp_path, cares=lambda path: not path.endswith(".log"))
    try:
        (tmp_path / "game.log").write_text("x")
        (tmp_path / ".git/a.png").write_text("x")
        assert not hints.wait(0.5)
    finally:
        hints.close()


@linux
def test_a_file_that_grows_all_the_time_costs_one_wake_up_a_second(tmp_path: Path) -> None:
    """300 writes in three seconds: the process wakes less than twice a second, and sees the file at the first write."""
    script = (
        "import sys, threading; from pathlib import Path; from depixel_watch.folder.events import ChangeHints\n"
        "hints = ChangeHints(Path(sys.argv[1]), cares=lambda path: path.endswith('.png'))\n"
        "print('ready', flush=True); hints.wait(60); print('seen', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    before, started = wake_ups(process.pid), time.monotonic()
    with (tmp_path / "game.log").open("w") as log:
        for _ in range(300):
            log.write("line\n")
            log.flush()
            time.sleep(0.01)
    wakes, seconds = wake_ups(process.pid) - before, time.monotonic() - started
    (tmp_path / "a.png").write_text("x")
    assert process.stdout.readline() == "seen\n"
    process.communicate()

    assert wakes <= 2 * seconds
