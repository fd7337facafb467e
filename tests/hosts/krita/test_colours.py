"""Every model and depth of colours in a real Krita: exact where the engine knows them, as Krita converts elsewhere."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from tests.hosts.krita.answers import answer, pixels, same

pytestmark = [pytest.mark.host, pytest.mark.timeout(1800)]


@pytest.mark.parametrize(
    ("name", "channels", "depth"), [("RGBA-U8", 4, 8), ("RGBA-U16", 4, 16), ("GRAYA-U8", 2, 8), ("GRAYA-U16", 2, 16)]
)
def test_exact_colours(krita, name: str, channels: int, depth: int) -> None:
    """16 bits and grey are sent unchanged: the engine's own pixels, in the document's own colours."""
    facts = krita.of("colours")[name]

    assert facts["same"]
    assert facts["undo"]
    assert facts["redo"]
    assert len(set(facts["profile"])) == 1
    assert name != "RGBA-U8" or facts["profile"][0].startswith("ClayRGB")
    same(krita, name, (16, 12), 2, channels, depth)


@pytest.mark.parametrize(
    ("name", "kind", "tolerance"),
    [("RGBA-F32", "f", 2 / 65535), ("RGBA-F16", "e", 2e-3), ("GRAYA-F32", "f", 2 / 65535)],
)
def test_floating_point(krita, name: str, kind: str, tolerance: float) -> None:
    """The mean of each 2 x 2 block is the source sample, to the precision of 16 bits (or half floats)."""
    facts = krita.of("colours")[name]
    source = _floats(krita.read(name + ".src"), kind).reshape(12, 16, -1)
    answer = _floats(krita.read(name + ".out"), kind).reshape(24, 32, -1)

    mean = answer.reshape(12, 2, 16, 2, -1).mean((1, 3))

    assert facts["same"]
    assert facts["undo"]
    assert facts["redo"]
    assert len(set(facts["profile"])) == 1
    assert np.abs(mean - source).max() <= tolerance
    assert np.ptp(answer, axis=(0, 1))[:-1].max() > 0.1


def _floats(data: bytes, kind: str) -> np.ndarray:
    return np.array(struct.unpack(f"<{len(data) // struct.calcsize(kind)}{kind}", data))


@pytest.mark.parametrize(
    ("name", "channels", "depth"), [("CMYKA-U8", 5, 8), ("LABA-U16", 4, 16), ("XYZA-U16", 4, 16), ("YCbCrA-U8", 4, 8)]
)
def test_other_models(krita, name: str, channels: int, depth: int) -> None:
    """Other models are converted as Krita shows them in an RGB document, and back; a note says so."""
    facts = krita.of("colours")[name]
    sent = pixels(krita.read(name + ".asked"), 16, 12, depth=16)

    (expected,) = answer(sent, scale=2)

    assert np.array_equal(expected, pixels(krita.read(name + ".answered"), 32, 24, depth=16))
    kind, levels = (np.uint8, 1) if depth == 8 else ("<u2", 257)
    for end, of in ((".asked", "<u2"), (".out", kind)):
        ours, kritas = (np.frombuffer(krita.read(name + way + end), of).astype(int) for way in ("", ".by-krita"))
        assert ours.size == kritas.size
        assert np.abs(ours - kritas).max() <= levels, end
        assert np.ptp(ours) > 100 * levels
    assert np.frombuffer(krita.read(name + ".out"), kind).reshape(24, 32, channels)[..., -1].min() == levels * 255
    assert facts["same"]
    assert facts["undo"]
    assert facts["redo"]
    assert len(set(facts["profile"])) == 1
    assert name.split("-", maxsplit=1)[0] in facts["words"]


def test_deep_group(krita) -> None:
    """A group of answers has the document's 16 bits, shows the best one sample for sample, and is one undo step."""
    facts = krita.of("deep_group")

    assert all(colours == facts["document"] for colours in facts["colours"]), facts
    assert len(facts["colours"]) == 3
    best = pixels(krita.read("deep_group.best"), 32, 24, depth=16)
    assert np.array_equal(best[:12, :16], pixels(krita.read("deep_group.shown"), 16, 12, depth=16))
    assert facts["undone"] == [["sprite", []]]
