"""What the plug-in keeps in kritarc from one start of Krita to the next."""

from __future__ import annotations

from krita import Krita

_GROUP = "depixel"


def setting(name: str) -> str:
    """The value that was kept; empty when there is none."""
    return Krita.instance().readSetting(_GROUP, name, "") or ""


def write_setting(name: str, value: str) -> None:
    """Keep a value."""
    Krita.instance().writeSetting(_GROUP, name, value)
