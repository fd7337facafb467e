"""
Measures Depixel on a GPU in one run of less than 8 minutes; a table in Markdown.

    python benchmarks/on_a_gpu.py --out RESULTS [--seconds 420]
    python benchmarks/on_a_gpu.py --out RESULTS --dry      the same steps on a CPU with tiny sizes, to test the script

1. Answers: CUDA's equal the CPU's within a level, for every kind of picture.
2. The art network: megapixels a second and the share of the card's own bfloat16 matrix speed (measured, not from a data
   sheet), by batch and tile size, memory layout, torch.compile and CUDA graphs.
3. Faces: one search. Portraits: pictures a second.
4. A folder of textures through the real command line's batches: is the device idle?
5. Memory: a budget that the card cannot hold falls back to smaller tiles.

Each part stops when its share of --seconds is used up; a part that fails becomes a row with the reason.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from depixel.devices import fast_at_bfloat16
from depixel.picture import Picture
from depixel.priors.art import ArtPrior
from depixel.request import Request
from depixel.upsampler import Upsampler


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    part: str
    what: str
    value: str
    verdict: str = ""


@dataclass(frozen=True)
class Sizes:
    """How much to measure."""

    sides: tuple[int, ...]
    batches: tuple[int, ...]
    matrix: int
    textures: int
    portraits: int
    steps: int
    repeats: int


FULL = Sizes((64, 128, 256, 512), (1, 4, 16, 64), 8192, 2000, 64, 100, 10)
DRY = Sizes((16, 24), (1, 2), 128, 6, 1, 2, 1)


def noise(side: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """A picture with soft light and grain: [side, side, channels] uint8."""
    random = np.random.default_rng(seed)
    coarse = random.integers(40, 216, (side // 8 + 1, side // 8 + 1, channels)).repeat(8, 0).repeat(8, 1)[:side, :side]
    grain = random.integers(-12, 13, (side, side, channels))
    picture: np.ndarray = np.clip(coarse + grain, 0, 255).astype(np.uint8)
    return picture


def timed(work: Callable[[], object], device: torch.device, repeats: int) -> float:
    """Median seconds of `work`, after one run to warm up."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    work()
    wait()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        wait()
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds))


def same_answers(device: torch.device, sizes: Sizes) -> Iterator[Row]:
    """Part 1."""
    here, there = Upsampler("cpu"), Upsampler(str(device))
    for domain in ("art", "textures", "pixel-art", "normals"):
        picture = Picture((noise(sizes.sides[0], 4 if domain == "art" else 3),))
        request = Request(domain=domain, scale=4, wrap="none")
        a, b = (engine.upsample(picture, request).picture.frames[0].astype(int) for engine in (here, there))
        worst = int(np.abs(a - b).max())
        differing = float((a != b).mean())
        yield Row("answers", domain, f"{worst} levels at most, {differing:.2%} differ", "ok" if worst <= 1 else "LOOK")


def art_network(device: torch.device, sizes: Sizes) -> Iterator[Row]:
    """Part 2."""
    prior = ArtPrior.load("art-small", device)
    network = prior.network
    kind = torch.bfloat16 if fast_at_bfloat16(device) else torch.float32
    a = torch.randn(sizes.matrix, sizes.matrix, device=device, dtype=kind)
    peak = 2 * sizes.matrix**3 / timed(lambda: a @ a, device, sizes.repeats)
    yield Row("art", f"matrix product, {str(kind).removeprefix('torch.')}", f"{peak / 1e12:.2f} TFLOP/s", "the measure")

    def passes(small: Tensor, model: Callable[..., Tensor] = network) -> Callable[[], Tensor]:
        kinds = torch.zeros(small.shape[0], device=device, dtype=torch.long)

        def work() -> Tensor:
            with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=kind is torch.bfloat16):
                return model(small, kinds, None, None, (False, False))

        return work

    best: tuple[float, int, int] = (0.0, sizes.batches[0], sizes.sides[0])
    for side in sizes.sides:
        for batch in sizes.batches:
            if batch * side**2 > 1024**2:
                continue
            small = torch.rand(batch, 4, side, side, device=device)
            with FlopCounterMode(display=False) as counter:
                passes(small)()
            seconds = timed(passes(small), device, sizes.repeats)
            speed, share = batch * side**2 * 16 / 1e6 / seconds, counter.get_total_flops() / seconds / peak
            best = max(best, (speed, batch, side))
            yield Row("art", f"{batch} x {side}x{side}", f"{speed:.2f} MP/s, {share:.1%} of the matrix speed")
    _, batch, side = best
    small = torch.rand(batch, 4, side, side, device=device)
    plain = timed(passes(small), device, sizes.repeats)
    last = small.to(memory_format=torch.channels_last)
    yield Row(
        "art", "input in channels_last", f"{plain / timed(passes(last), device, sizes.repeats):.2f} times as fast"
    )
    compiled = torch.compile(network, mode="reduce-overhead" if device.type == "cuda" else "default")
    try:
        faster = plain / timed(passes(small, compiled), device, sizes.repeats)
        yield Row("art", "compiled, with CUDA graphs", f"{faster:.2f} times as fast")
    except Exception as error:  # noqa: BLE001 (a compiler may be missing, or refuse in any way)
        yield Row("art", "compiled", f"not here: {type(error).__name__}")


def faces_and_portraits(device: torch.device, sizes: Sizes) -> Iterator[Row]:
    """Part 3."""
    from depixel.portrait.parameters import Parameters
    from depixel.portrait.rendering import render
    from depixel.portrait.sampling import sample

    engine = Upsampler(str(device))
    face = Picture((noise(16),))
    for steps in (0, sizes.steps):
        request = Request(domain="faces", scale=8, steps=steps, box=(0, 0, 16, 16))
        seconds = timed(lambda request=request: engine.upsample(face, request), device, 1)  # type: ignore[misc]
        yield Row("faces", f"one face, {steps} steps", f"{seconds:.2f} s")
    people = Parameters(sample(range(sizes.portraits)).values.to(device))
    seconds = timed(lambda: render(people, 128, 1), device, 1)
    yield Row("portraits", f"{sizes.portraits} of 128x128", f"{sizes.portraits / seconds:.2f} a second")


def folder_of_textures(device: torch.device, sizes: Sizes) -> Iterator[Row]:
    """Part 4: with files read and written, and without: the difference is the time that the device waits."""
    from PIL import Image

    from depixel.cli import main as depixel

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = [noise(64, seed=number) for number in range(sizes.textures)]
        (folder / "in").mkdir()
        for number, pixels in enumerate(pictures):
            Image.fromarray(pixels).save(folder / "in" / f"{number:05}.png")
        words = ["upscale", str(folder / "in"), "-o", str(folder / "out"), "--domain", "textures", "--quiet"]
        began = time.perf_counter()
        if depixel([*words, "--device", str(device)]):
            raise RuntimeError("depixel upscale failed")
        whole = time.perf_counter() - began
    engine = Upsampler(str(device))
    request = Request(domain="textures")
    engine.upsample_many([Picture((pictures[0],))], request)
    began = time.perf_counter()
    for first in range(0, len(pictures), 16):
        engine.upsample_many([Picture((pixels,)) for pixels in pictures[first : first + 16]], request)
    alone = time.perf_counter() - began
    yield Row("folder", f"{len(pictures)} textures of 64x64", f"{len(pictures) / whole:.1f} files a second")
    idle = max(0.0, 1 - alone / whole)
    yield Row("folder", "of the time, the engine waits for files", f"{idle:.0%}", "ok" if idle < 0.2 else "LOOK")


def memory(device: torch.device, sizes: Sizes) -> Iterator[Row]:
    """Part 5: fill almost all of the card's memory, then answer a large picture."""
    if device.type != "cuda":
        yield Row("memory", "fall-back to smaller tiles", "only on CUDA")
        return
    free, _ = torch.cuda.mem_get_info(device)
    ballast = torch.empty(max(0, free - 2 * 2**30), dtype=torch.uint8, device=device)
    report = Upsampler(str(device)).upsample(Picture((noise(1024),)), Request(domain="textures", wrap="none"))
    note = next((note for note in report.notes if "emory" in note), "it fitted")
    yield Row("memory", "1024x1024 with 2 GiB free", note, "ok" if report.residual.exact else "LOOK")
    del ballast


PARTS = (same_answers, art_network, faces_and_portraits, folder_of_textures, memory)


def run(device: torch.device, sizes: Sizes, seconds: float) -> list[Row]:
    """The rows of all parts, each within its share of the time."""
    rows = []
    for part in PARTS:
        until = time.perf_counter() + seconds / len(PARTS)
        try:
            for row in part(device, sizes):
                rows.append(row)
                print(f"| {row.part} | {row.what} | {row.value} | {row.verdict} |", flush=True)
                if time.perf_counter() > until:
                    rows.append(Row(row.part, "cut short", "its time was over"))
                    break
        except Exception as error:  # noqa: BLE001 (one part must not take the others along)
            rows.append(Row(part.__name__, "failed", f"{type(error).__name__}: {error}"[:200], "LOOK"))
    return rows


def main() -> int:
    """Measure and write on_a_gpu.md; exit code 1 if something needs attention."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=420.0, help="for everything (default: %(default)g)")
    parser.add_argument("--dry", action="store_true", help="tiny sizes on the CPU")
    args = parser.parse_args()
    if not args.dry and not torch.cuda.is_available():
        print("on_a_gpu: there is no CUDA device here; --dry tries the script on a CPU")
        return 2
    device = torch.device("cpu" if args.dry else "cuda")
    name = "a CPU, dry" if args.dry else torch.cuda.get_device_name(device)
    rows = run(device, DRY if args.dry else FULL, args.seconds)
    lines = [f"| {row.part} | {row.what} | {row.value} | {row.verdict} |" for row in rows]
    text = f"# On {name}\n\n| part | what | value | |\n|---|---|---|---|\n" + "\n".join(lines) + "\n"
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "on_a_gpu.md").write_text(text, encoding="utf-8")
    if args.dry:  # its speeds are meaningless
        return 1 if any(row.what == "failed" for row in rows) else 0
    return 1 if any(row.verdict == "LOOK" for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
