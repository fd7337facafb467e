"""Estimates how long a job takes from earlier jobs on this machine; kept in a small file in GIMP's folder."""

from __future__ import annotations

import json
import os
from typing import Any, Mapping

import depixel_client as client
import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp  # noqa: E402

_COUNTED = ("domain", "quality", "steps", "detail")  # options on which the time depends, beside size and number
_LEAST = 64 * 64  # pixels; smaller answers take as long


def note(action: client.Action, values: Mapping[str, Any], pixels: int, seconds: float) -> None:
    """Remember that an answer (all candidates together) of so many pixels took so many seconds."""
    if seconds <= 0:
        return
    paces = _read()
    paces[_key(action, values)] = seconds / max(pixels, _LEAST)
    try:
        with open(_path(), "w", encoding="utf-8") as file:
            json.dump(paces, file)
    except OSError:
        pass  # only an estimate is lost


def estimate(action: client.Action, values: Mapping[str, Any], pixels: int) -> float | None:
    """Seconds that the answers will take; None before the first job of the kind."""
    rate = _read().get(_key(action, values))
    return None if rate is None else rate * max(pixels, _LEAST)


def _key(action: client.Action, values: Mapping[str, Any]) -> str:
    calm = "calm" if not values.get("imagination") else "vivid"
    return " ".join([action.name, calm, *(str(values.get(name, "")) for name in _COUNTED)])


def _path() -> str:
    return os.path.join(Gimp.directory(), "depixel-pace.json")


def _read() -> dict[str, float]:
    try:
        with open(_path(), encoding="utf-8") as file:
            values = json.load(file)
    except (OSError, ValueError):
        return {}
    return {name: rate for name, rate in values.items() if isinstance(rate, float)} if isinstance(values, dict) else {}
