"""Memory really runs short: smaller tiles, then the CPU, then a sentence; the engine keeps running."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.service.conftest import record_engine, request_of
from tiny_art import write_tiny_art

from depixel.client import Engine, Place, Result
from depixel.client.launch import reap
from depixel.enlarging.engine import EnlargingEngine
from depixel.errors import OutOfMemoryError
from depixel.faces.engine import FaceEngine
from depixel.picture import Picture
from depixel.priors.shelf import Shelf
from depixel.request import Request
from depixel.upsampler import Upsampler

PICTURE = Picture((np.full((6, 5, 3), 90, np.uint8),), mode="RGB")


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit of another process is set as on Linux")
def test_an_engine_short_of_memory_works_in_smaller_tiles(tmp_path: Path) -> None:
    """A real limit on a real engine: smaller tiles, reported, with the same answer; and then as before."""
    import resource

    place = Place(str(tmp_path / "engine"))
    # Freed memory is returned to the system at once: the next picture needs as much again.
    record_engine(place, write_tiny_art(tmp_path, blocks=2, channels=64), MALLOC_MMAP_THRESHOLD_="65536")
    engine = Engine("gimp", place)
    engine.upscale(request_of(8, 8)).result()
    pid = engine.hello().pid
    request = request_of(256, 256, scale=2)
    short: Result | None = None
    for megabytes in (100, 70, 50, 40, 30, 20):
        now = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmSize"))
        limit = int(now.split()[1]) * 1024 + megabytes * 2**20
        resource.prlimit(pid, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        result = engine.upscale(request).result()
        if any("smaller tiles" in note for note in result.notes):
            short = result
            break
    resource.prlimit(pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    for _ in range(4):
        plenty = engine.upscale(request).result()  # each in tiles of twice the size
    survivor = engine.hello().pid
    engine.stop()
    deadline = time.monotonic() + 20
    while reap() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert short is not None, "no limit led to smaller tiles"
    assert (survivor, plenty.notes) == (pid, ())
    a, b = (np.frombuffer(result.answers[0].frames[0], np.uint8).astype(int) for result in (short, plenty))
    assert np.abs(a - b).max() <= 1
    assert short.answers[0].residual < 0.5


@pytest.fixture
def short_of_graphics_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Upsampler:
    """An engine on a device without memory; stands for a GPU in use by another program."""
    upsampler = Upsampler("cpu", {"art": str(write_tiny_art(tmp_path))})
    upsampler.device = torch.device("meta")

    def out_of_memory(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    for engine in (EnlargingEngine, FaceEngine):
        real = engine.answer

        def answer(self: EnlargingEngine | FaceEngine, *args: Any, real: object = real) -> object:
            return out_of_memory() if self.device.type == "meta" else real(self, *args)  # type: ignore[operator]

        monkeypatch.setattr(engine, "answer", answer)
    return upsampler


def test_a_gpu_without_memory_hands_over_to_the_cpu(short_of_graphics_memory: Upsampler) -> None:
    """The same answer as the CPU's, and a sentence that says which device made it."""
    upsampler = short_of_graphics_memory
    settings = Request(scale=2, domain="art")

    report = upsampler.upsample(PICTURE, settings)

    assert (report.device, upsampler.device.type) == ("cpu", "cpu")
    assert any("the CPU was used" in note for note in report.notes)
    assert report.residual.maximum < 0.5
    assert not upsampler.upsample(PICTURE, settings).notes


def test_weights_that_do_not_fit_the_gpu_go_to_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The graphics memory may be exhausted before the first tile: during loading."""
    upsampler = Upsampler("cpu", {"art": str(write_tiny_art(tmp_path))})
    upsampler.device = torch.device("meta")
    real = Shelf.art

    def art(self: Shelf, model: str = "auto") -> object:
        if self is shelf:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(self, model)

    shelf = upsampler.shelf
    monkeypatch.setattr(Shelf, "art", art)

    assert any("the CPU was used" in note for note in upsampler.upsample(PICTURE, Request(scale=2)).notes)


def test_faces_without_memory_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the GPU to the CPU; and if that is too small as well, advice."""
    upsampler = Upsampler("cpu")
    upsampler.device = torch.device("meta")
    tried: list[str] = []

    def answer(self: FaceEngine, *args: Any) -> None:
        tried.append(self.device.type)
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(FaceEngine, "answer", answer)
    monkeypatch.setattr(Shelf, "faces", lambda self, *_: _AnyFacePrior())
    monkeypatch.setattr(Shelf, "art", lambda self, *_: None)

    with pytest.raises(OutOfMemoryError, match=r"^4 faces at once do not fit .*fewer answers"):
        upsampler.upsample(PICTURE, Request(domain="faces", scale=4, candidates=4))

    assert tried == ["meta", "cpu"]


class _AnyFacePrior:
    """What `FaceEngine` reads before it begins."""

    class spec:  # noqa: N801 (an attribute)
        native_size = 32
