"""The settings that the plug-in stores in kritarc."""

from __future__ import annotations

from krita import Krita

_GROUP = "depixel"


def setting(name: str) -> str:
    """The stored value; empty if there is none."""
    return Krita.instance().readSetting(_GROUP, name, "") or ""


def write_setting(name: str, value: str) -> None:
    """Store a value."""
    Krita.instance().writeSetting(_GROUP, name, value)
