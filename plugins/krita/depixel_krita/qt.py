"""
The Qt that Krita runs on: PyQt5 in Krita 5, PyQt6 in Krita 6. Enums are written in full everywhere, which both know.

What Krita has loaded decides, and not what can be imported: a second Qt in one process ends it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or "PyQt6.QtCore" not in sys.modules:
    from PyQt5 import QtCore, QtGui, QtWidgets
else:
    from PyQt6 import QtCore, QtGui, QtWidgets

Signal = QtCore.pyqtSignal


def number(*flags: Any) -> int:
    """Flags as the one number that Qt's drawing wants: PyQt6 has them as enums, PyQt5 as numbers."""
    total = 0
    for flag in flags:
        total |= int(getattr(flag, "value", flag))
    return total


__all__ = ["QtCore", "QtGui", "QtWidgets", "Signal", "number"]
