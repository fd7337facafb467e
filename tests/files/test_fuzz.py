"""Randomly corrupted files: every reader returns a picture or one sentence, quickly, and with little memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spoilt_files import pictures, spoilt, spoilt_png

from depixel.errors import DepixelError
from depixel.files import Limits, read_bytes

LIMITS = Limits(pixels=250_000, all_frames=500_000)
MOST_BYTES = 64 * 2**20  # at LIMITS; what a decoder of all frames with canvas, palette and alpha may need
FILES = pictures()


def _spoilt(ending: str) -> st.SearchStrategy[bytes]:
    plain = spoilt(FILES[ending])
    return plain | spoilt_png(FILES[ending]) if ending == "png" else plain


@pytest.mark.parametrize("ending", sorted(FILES))
def test_a_sentence_or_a_picture(ending: str) -> None:
    """No other exception, no example over 10 s, no more memory than the limits of pixels allow."""

    @settings(
        max_examples=60, deadline=10_000, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(_spoilt(ending))
    def run(data: bytes) -> None:
        try:
            picture = read_bytes(data, f"x.{ending}", LIMITS)
        except DepixelError as error:
            assert "\n" not in str(error)
            assert str(error).startswith("x.")
        else:
            assert picture.width * picture.height <= LIMITS.pixels

    tracemalloc.start()
    try:
        run()
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()


def test_a_fault_of_ours_is_not_called_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exceptions that no decoder raises are not caught, so that bugs are found."""
    from depixel.files import tga

    def faulty(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(tga, "_mapped", faulty)
    monkeypatch.setattr(tga, "_colours", faulty)
    with pytest.raises(ZeroDivisionError):
        read_bytes(FILES["tga"][0], "a.tga")


@pytest.mark.soak
@pytest.mark.timeout(400)
def test_soak(tmp_path: Path) -> None:
    """The benchmark script, about two seconds for each of its kinds: no fault, and every kind was tested."""
    script = Path(__file__).resolve().parents[2] / "benchmarks" / "fuzz.py"
    out = tmp_path / "fuzz.json"
    options = ["--seconds", "150", "--slice", "2", "--out", str(out)]
    subprocess.run([sys.executable, script, *options], check=True, timeout=390, stdout=subprocess.DEVNULL)

    kinds = json.loads(out.read_text())["kinds"]
    assert {"png", "zip", "http", "ledger", "pkl"} <= set(kinds)
    assert all(not kind["faults"] for kind in kinds.values())
