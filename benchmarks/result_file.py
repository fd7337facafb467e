"""The result of a script as JSON: on the screen, and in a file."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any


def publish(result: dict[str, Any], out: Path | None) -> None:
    """Print a result together with the machine it was measured on, and write it to `out`."""
    machine = f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    text = json.dumps({"machine": machine, **result}, indent=1)
    print(text)
    if out is not None:
        out.write_text(text + "\n", "utf-8")
