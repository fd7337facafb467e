"""
Compares the answers of this tree with those of an earlier commit, bit for bit: 20 pictures with 3 requests each.

    python benchmarks/same_answers.py COMMIT [--own-weights] [--out FILE.json]

The commit is checked out as a git worktree in a temporary folder. Both trees use the art weights of that commit, so
that only changes of the code count; with --own-weights, each uses its own. The pictures are those in samples/ (large
ones cropped to 48 pixels) and drawings from fixed random numbers: sprites, grey, 16 bits, a normal map, noise.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from result_file import publish

ROOT = Path(__file__).resolve().parents[1]
REQUESTS: tuple[dict[str, Any], ...] = (
    {"scale": 4},
    {"scale": 3, "domain": "art", "candidates": 2, "imagination": 0.5, "seed": 7},
    {"scale": 2, "palette": "keep", "wrap": "xy", "degradation": "area", "ensemble": 2},
)
_SIDE = 48  # pixels of a picture, at most


def pictures() -> list[Any]:
    """The 20 pictures, as `depixel.Picture`."""
    import numpy as np

    from depixel import Picture
    from depixel.files import read

    samples = sorted(path for path in (ROOT / "samples").rglob("*") if path.suffix in (".png", ".gif"))
    out = []
    for path in samples[:10]:
        picture = read(path)
        if max(picture.width, picture.height) > _SIDE:
            picture = replace(picture, frames=tuple(frame[:_SIDE, :_SIDE] for frame in picture.frames), details={})
        out.append(picture)
    rng = np.random.default_rng(20)
    rows, columns = np.mgrid[:24, :32] / 32
    while len(out) < 20:
        number = len(out) - 10
        wave = np.stack([np.sin(7 * rows + k) * np.cos(9 * columns - k) for k in range(4)], 2) / 2 + 0.5
        pixels = (wave * 255 + rng.normal(0, 4 * number, wave.shape)).clip(0, 255)
        if number % 2:
            pixels[..., 3] = np.where(pixels[..., 3] > 127, 255, 0)  # a cut-out
        shape = (4, 3, 1, 2)[number % 4]
        if number == 8:
            vectors = pixels[..., :3] / 127.5 - 1
            pixels[..., :3] = (vectors / np.linalg.norm(vectors, axis=2, keepdims=True) + 1) * 127.5
        deep = number == 9
        frame = (pixels * 257).astype(np.uint16) if deep else pixels.astype(np.uint8)
        frame = frame[..., [0, 3]] if shape == 2 else frame[..., :shape]
        out.append(Picture((frame.copy(),), name=f"drawing{number}{'_normal' if number == 8 else ''}.png"))
    return out


def answers(weights: str) -> None:
    """Print the digest of the answers to every picture and request, as computed by the depixel on the path."""
    import torch

    from depixel import Request, Upsampler
    from depixel.errors import DepixelError

    torch.set_num_threads(1)
    upsampler = Upsampler("cpu", {"art": weights} if weights else None)
    digests = {}
    for number, picture in enumerate(pictures()):
        for request in REQUESTS:
            digest = hashlib.sha256()
            try:
                report = upsampler.upsample(picture, Request.from_dict(request))
                for candidate in report.candidates:
                    for frame in candidate.picture.frames:
                        digest.update(str((frame.shape, frame.dtype)).encode() + frame.tobytes())
            except DepixelError as error:
                digest.update(f"{type(error).__name__}: {error}".encode())
            digests[f"{number} {picture.name} {json.dumps(request)}"] = digest.hexdigest()
    print(json.dumps(digests))


def main() -> None:
    """Compute with both trees, compare, and report the differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("commit")
    parser.add_argument("--own-weights", action="store_true")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder) / "old"
        subprocess.run(["git", "-C", ROOT, "worktree", "add", "--detach", old, args.commit], check=True)
        try:
            weights = "" if args.own_weights else str(old / "core/depixel/weights/art-small.safetensors")
            before, after = (_answers(tree, weights) for tree in (old, ROOT))
        finally:
            subprocess.run(["git", "-C", ROOT, "worktree", "remove", "--force", old], check=True)
    different = [name for name in before if before[name] != after[name]]
    equal = len(before) - len(different)
    publish({"commit": args.commit, "equal": equal, "different": len(different), "names": different}, args.out)


def _answers(tree: Path, weights: str) -> dict[str, str]:
    paths = os.pathsep.join(map(str, (tree / "core", ROOT / "benchmarks")))
    command = [sys.executable, "-c", f"import same_answers; same_answers.answers({weights!r})"]
    environment = {**os.environ, "PYTHONPATH": paths}
    out = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(json.loads(out))


if __name__ == "__main__":
    main()
