"""
Packs a few thousand training crops into one small file, for machines with a slow connection.

    python -m training.pack_art_data pack --data CROPS --out art.pack --megabytes 30
    python -m training.pack_art_data unpack art.pack --data FOLDER --processes 16

Crops are drawn with the shares of batches (art_batches.SHARES) and stored as lossless WebP, except for the colour of
invisible pixels. Unpacking makes the pairs again.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
from pathlib import Path

import numpy as np
from PIL import Image
from training.art_batches import SHARES, stored_crops
from training.art_data.pairs import make_pairs


def encode(crop: np.ndarray) -> bytes:
    """Straight RGBA uint8 => lossless WebP; colours under alpha 0 may change."""
    buffer = io.BytesIO()
    opaque = crop[..., 3].min() == 255
    image = Image.fromarray(crop[..., :3] if opaque else crop)
    image.save(buffer, "WEBP", lossless=True, quality=60, method=4)
    return buffer.getvalue()


def decode(data: bytes) -> np.ndarray:
    """The inverse of `encode`: RGBA."""
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def pack(data: Path, out: Path, size: int, seed: int = 0) -> int:
    """
    Write crops, in random order and by shares, until the file has `size` bytes; returns their number.

    If a kind runs out, the others get its share.
    """
    crops, kinds = stored_crops(data)
    rng = np.random.default_rng(seed)
    queues = [list(rng.permutation(np.flatnonzero(kinds == kind))) for kind in range(len(SHARES))]
    chosen: list[int] = []
    pieces: list[bytes] = []
    taken = np.zeros(len(SHARES))
    total = 0
    while any(queues):
        open_kinds = [kind for kind, queue in enumerate(queues) if queue]
        kind = max(open_kinds, key=lambda k: SHARES[k] * (len(pieces) + 1) - taken[k])
        index = int(queues[kind].pop())
        piece = encode(crops.row(index))
        if total + len(piece) > size - 16 * (len(pieces) + 1) - 2048:  # with room for offsets and kinds
            break
        taken[kind] += 1
        total += len(piece)
        chosen.append(index)
        pieces.append(piece)
    lengths = np.array([len(piece) for piece in pieces], np.int64)
    with out.open("wb") as file:
        np.savez(file, data=np.frombuffer(b"".join(pieces), np.uint8), lengths=lengths, kinds=kinds[chosen])
    return len(pieces)


def unpack(file: Path, data: Path, processes: int = 1, spoiled_share: float = 0.4) -> int:
    """
    Write crops.npy, kinds.npy and pairs.npz as training.make_art_data does; returns the number of crops.

    Args:
        spoiled_share: number of pixel art pairs, and of spoiled pairs, per crop.
    """
    with np.load(file) as packed:
        stored, ends, kinds = packed["data"], packed["lengths"].cumsum(), packed["kinds"]
    pieces = [stored[end - length : end].tobytes() for end, length in zip(ends, np.diff(ends, prepend=0), strict=True)]
    data.mkdir(parents=True, exist_ok=True)
    parts = [part for part in np.array_split(np.arange(len(pieces)), processes) if len(part)]
    crops = np.stack([decode(piece) for piece in pieces])
    count = max(1, round(spoiled_share * len(parts[-1])))
    work = [(crops[part], kinds[part], count, count, seed) for seed, part in enumerate(parts)]
    if processes > 1:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            pairs = pool.starmap(make_pairs, work)
    else:
        pairs = [make_pairs(*arguments) for arguments in work]
    np.save(data / "crops.npy", crops)
    np.save(data / "kinds.npy", kinds)
    np.savez(data / "pairs.npz", **{name: np.concatenate([m[name] for m in pairs]) for name in pairs[0]})  # type: ignore[arg-type]
    return len(pieces)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    packing = verbs.add_parser("pack")
    packing.add_argument("--data", type=Path, required=True)
    packing.add_argument("--out", type=Path, required=True)
    packing.add_argument("--megabytes", type=float, default=30.0, help="about 150 crops each")
    unpacking = verbs.add_parser("unpack")
    unpacking.add_argument("file", type=Path)
    unpacking.add_argument("--data", type=Path, required=True)
    unpacking.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.verb == "pack":
        count = pack(arguments.data, arguments.out, int(arguments.megabytes * 2**20))
        print(f"{count} crops, {arguments.out.stat().st_size / 2**20:.1f} MiB")
    else:
        print(f"{unpack(arguments.file, arguments.data, arguments.processes)} crops")


if __name__ == "__main__":
    main()
