"""Plain lines in a pipe, a bar with the time left on a terminal."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from depixel.progress import LineProgress

CORE = Path(__file__).resolve().parent.parent / "core"


def test_lines_are_counted_and_flushed() -> None:
    """One line per picture with its number in the batch, no control characters."""
    stream = io.StringIO()
    with LineProgress(12, stream) as progress:
        progress.doing("a.png")
        progress.part(0.5)
        progress.advance("a.png -> out/a.png")
        progress.advance("failed: b.png: empty.", remarkable=True)

    assert stream.getvalue() == "[ 1/12] a.png -> out/a.png\n[ 2/12] failed: b.png: empty.\n"


def test_nothing_is_said_when_nobody_listens() -> None:
    """No stream, no output, no error."""
    with LineProgress(1, None) as progress:
        progress.advance("a")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo terminal")
def test_a_terminal_gets_a_bar_with_the_time_left() -> None:
    """Shows the count, the time left and the current name; failures are above the bar; names with [ ] are preserved."""
    code = (
        "import time\n"
        "from depixel.progress import BarProgress\n"
        "with BarProgress(4) as p:\n"
        "    for n in range(4):\n"
        "        p.doing('wall [x].png'); p.part(.5); time.sleep(.15)\n"
        "        p.advance('failed: bad [y].png: empty.', remarkable=n == 2)\n"
    )
    try:
        master, slave = os.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo terminal here: {error}")
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "24"}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=CORE, stderr=slave, stdout=slave, env=environment)
    os.close(slave)
    seen = b""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            chunk = os.read(master, 4096)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        seen += chunk
    text = seen.decode("utf-8", "replace")

    assert process.wait(10) == 0
    assert "2/4" in text
    assert " s left" in text
    assert "wall [x].png" in text
    assert "failed: bad [y].png: empty." in text
