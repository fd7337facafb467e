"""
The Qt that Krita runs on: PyQt5 in Krita 5, PyQt6 in Krita 6. Enums are written in full, which works in both.

Krita decides, not what can be imported: loading a second Qt crashes the process. Since version 6, Krita reports its Qt
version in `pykrita.qt_major_version`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any


def _major_version() -> int:
    say = getattr(sys.modules.get("pykrita"), "qt_major_version", None)
    if say is not None:
        return int(say())
    return 6 if "PyQt6.QtCore" in sys.modules else 5


if TYPE_CHECKING or _major_version() == 5:
    from PyQt5 import QtCore, QtGui, QtWidgets
else:
    from PyQt6 import QtCore, QtGui, QtWidgets

Signal = QtCore.pyqtSignal


def number(*flags: Any) -> int:
    """Flags as the number that Qt's drawing functions expect: PyQt6 has enums, PyQt5 has numbers."""
    total = 0
    for flag in flags:
        total |= int(getattr(flag, "value", flag))
    return total


__all__ = ["QtCore", "QtGui", "QtWidgets", "Signal", "number"]
