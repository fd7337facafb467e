"""The shared engine answers every kind of picture as the engine in the same process does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from depixel.client import Engine, Place
from depixel.joints import margins_of
from depixel.picture import FROM_BLOCKS, MARGINS, PREMULTIPLIED, REGIONS, Picture, Pixels
from depixel.report import Report
from depixel.request import Request
from depixel.service.remote import RemoteUpsampler
from depixel.upsampler import Upsampler


def _random(height: int, width: int, channels: int, seed: int = 3) -> Pixels:
    return np.random.default_rng(seed).integers(40, 200, (height, width, channels)).astype(np.uint8)


def _twins() -> Picture:
    palette = np.array([[0, 0, 0, 255], [200, 60, 20, 255], [0, 0, 0, 255]], np.uint8)
    numbers = np.zeros((12, 12), np.uint8)
    numbers[3:9, 3:9], numbers[4:8, 4:8] = 2, 1
    return Picture((palette[numbers][..., :3],), palette=palette, mode="P", details={"indices": (numbers,)})


def _on_key() -> Picture:
    pixels = np.full((14, 14, 3), (255, 0, 255), np.uint8)
    pixels[3:-3, 3:-3] = _random(8, 8, 3)
    return Picture((pixels,), mode="RGB")


def _glow(details: dict[str, Any]) -> Picture:
    y, x = np.mgrid[:20, :20] - 9.5
    alpha = np.rint(255 * np.clip(1.4 - 0.12 * np.hypot(x, y), 0, 1))
    colour = np.floor(alpha[..., None] * np.array([0.98, 0.8, 0.3]))
    return Picture((np.concatenate([colour, alpha[..., None]], 2).astype(np.uint8),), details=details)


def _premultiplied_disc() -> Picture:
    pixels = _random(10, 10, 4)
    pixels[..., 3] = 255
    pixels[0] = pixels[-1] = 0  # binary alpha: only the side file tells
    return Picture((pixels,), details={PREMULTIPLIED: True})


def _meeting() -> Picture:
    whole = np.cumsum(np.random.default_rng(5).integers(-6, 7, (20, 48, 3)), 1).clip(-100, 100) + 128
    left, right = (
        Picture((np.ascontiguousarray(half.astype(np.uint8)),), mode="RGB") for half in (whole[:, :24], whole[:, 24:])
    )
    margins = margins_of(left, [right])
    assert margins
    return left.replace(details={MARGINS: margins})


def _sheet() -> Picture:
    return Picture((_random(12, 24, 3),), mode="RGB", details={REGIONS: [(0, 0, 12, 12), (12, 0, 12, 12)]})


def _blocks() -> Picture:
    colours = _random(8, 8, 2)
    pixels = np.concatenate([colours.repeat(4, 0).repeat(4, 1), _random(32, 32, 1)], 2)
    return Picture((pixels,), mode="RGB", details={FROM_BLOCKS: True})


def _diamond() -> Picture:
    rows, columns = np.arange(16), np.arange(32)
    half = np.where(rows < 8, 2 * rows + 2, 2 * (16 - rows))
    pixels = _random(16, 32, 4)
    pixels[..., 3] = np.where(np.abs(columns + 0.5 - 16)[None] < half[:, None], 255, 0)
    return Picture((pixels,))


KINDS: dict[str, tuple[Callable[[], Picture], dict[str, Any]]] = {
    "palette entries of one colour": (_twins, {}),
    "a palette entry as key": (_twins, {"key": "0"}),
    "palette kept": (_twins, {"palette": "keep"}),
    "a colour key": (_on_key, {}),
    "no key": (_on_key, {"key": "none"}),
    "premultiplied by its pixels": (lambda: _glow({}), {}),
    "premultiplied by its side file": (_premultiplied_disc, {}),
    "premultiplied on request": (lambda: _glow({}), {"alpha": "premultiplied"}),
    "alpha as data": (lambda: _glow({}), {"alpha": "data"}),
    "a face of a sky": (_meeting, {"domain": "art"}),
    "frames of a side file": (_sheet, {"domain": "art"}),
    "frames of the request": (_sheet, {"frames": "2x1"}),
    "blocks of a texture": (_blocks, {}),
    "a tile of a lattice": (_diamond, {}),
    "normals": (lambda: Picture((_random(8, 8, 3),), mode="RGB"), {"domain": "normals"}),
    "several answers": (_on_key, {"candidates": 2}),
    "a size": (_on_key, {"size": 40}),
}


@pytest.fixture(scope="module")
def local(tiny_weights: Path) -> Upsampler:
    return Upsampler("cpu", {"art": str(tiny_weights)})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_answered_as_in_the_same_process(
    engine: Engine, place: Place, local: Upsampler, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Pixels, palette indices, the meaning of alpha, residuals and notes."""
    monkeypatch.setenv("DEPIXEL_RUNTIME_DIR", place.folder)
    make, typed = KINDS[kind]
    request = Request.from_typed({"ensemble": 1, **({} if "size" in typed else {"scale": 3}), **typed})
    here = local.upsample(make(), request)

    there = RemoteUpsampler().upsample_many([make(), make()], request)[1]

    assert isinstance(there, Report)
    values, expected = there.to_dict(), here.to_dict()
    values.pop("seconds"), expected.pop("seconds")
    assert values == expected
    for one, other in zip(there.candidates, here.candidates, strict=True):
        a, b = one.picture, other.picture
        assert all(np.array_equal(x, y) for x, y in zip(a.frames, b.frames, strict=True))
        assert (a.mode, a.vectors, a.data_alpha) == (b.mode, b.vectors, b.data_alpha)
        assert _bytes(a.palette) == _bytes(b.palette)
        numbers, others = (p.details.get("numbers", ()) for p in (a, b))
        assert all(np.array_equal(x, y) for x, y in zip(numbers, others, strict=True))


def _bytes(palette: Pixels | None) -> bytes:
    return b"" if palette is None else palette.tobytes()
