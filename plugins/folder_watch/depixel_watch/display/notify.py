"""Desktop notifications by each system's own means; without a desktop there are none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence

_TOAST = (
    "[Windows.UI.Notifications.ToastNotificationManager, Windows.UI.Notifications, ContentType = WindowsRuntime] "
    "| Out-Null; $t = [Windows.UI.Notifications.ToastNotificationManager]::GetTemplateContent(1); "
    "$n = $t.GetElementsByTagName('text'); $n.Item(0).AppendChild($t.CreateTextNode($args[0])) | Out-Null; "
    "$n.Item(1).AppendChild($t.CreateTextNode($args[1])) | Out-Null; "
    "[Windows.UI.Notifications.ToastNotificationManager]::CreateToastNotifier('Depixel').Show($t)"
)


def command_for(system: str, title: str, text: str) -> list[str]:
    """
    The command that shows a notification.

    Args:
        system: as `sys.platform` has it. Texts are arguments, never parts of a script.
    """
    if system == "darwin":
        show = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"
        return ["osascript", "-e", show, title, text]
    if system == "win32":
        return ["powershell", "-NoProfile", "-NonInteractive", "-Command", f"& {{{_TOAST}}}", title, text]
    return ["notify-send", "--app-name=Depixel", "--", title, text]


class Notifier:
    """Shows notifications without waiting for them; `problem` says why there are none."""

    def __init__(self, system: str = sys.platform) -> None:
        self._system = system
        program = command_for(system, "", "")[0]
        self.problem = "" if shutil.which(program) else f"There will be no notifications: {program} is not installed."
        self._running: list[subprocess.Popen[bytes]] = []

    def show(self, title: str, text: str) -> None:
        """Show a notification; failures are ignored."""
        self._running = [process for process in self._running if process.poll() is None]
        if self.problem or len(self._running) > 3:
            return
        self._start(command_for(self._system, title, text))

    def _start(self, command: Sequence[str]) -> None:
        quiet = subprocess.DEVNULL
        try:
            self._running.append(subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet))
        except OSError as error:
            self.problem = f"There will be no notifications: {error}."

    def close(self) -> None:
        """Wait a moment for notifications that are being shown."""
        for process in self._running:
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
