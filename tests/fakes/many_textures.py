"""A mod folder of many tiny textures, and how often a process that watches it wakes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def write_textures(folder: Path, count: int) -> None:
    """Write `count` different textures of 2x2 pixels, a thousand per sub-folder."""
    for number in range(count):
        path = folder / f"d{number // 1000}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.frombuffer(number.to_bytes(4, "big") * 4, np.uint8).reshape(2, 2, 4)
        Image.fromarray(pixels).save(path)


def wake_ups(pid: int) -> int:
    """How often the threads of a process have gone to sleep so far (Linux)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                total += int(line.split()[1])
    return total
