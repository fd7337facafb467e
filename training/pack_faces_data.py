"""
Packs the portraits into less space, for machines with a slow connection.

    python -m training.pack_faces_data --data DATA --out PACKED [--quality 85] [--held-out 200] [--size 256]

PACKED has the layout of DATA (a tar of pictures and metadata.jsonl) and can be the `--data` of every script here. It
has all portraits for training, the first few of those held out, and the metadata that training and evaluation read.
Pictures become WebP; 6,352 + 200 of 256 pixels take 42 MiB at quality 85.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
from pathlib import Path

from PIL import Image
from training.faces_data import held_out

FACTS = ("file", "landmarks", "tone_group", "gender", "age")


def pack(data: Path, out: Path, quality: int, kept_out: int, size: int) -> tuple[int, int]:
    """
    Write the tar and the metadata.

    Returns:
        (portraits for training, portraits held out).

    Raises:
        FileNotFoundError: `data` has no faces256-*.tar.
    """
    archives = sorted(data.glob("faces256-*.tar"))
    if not archives:
        raise FileNotFoundError(f"{data} has no faces256-*.tar; give the folder of the portraits with --data")
    rows = [json.loads(line) for line in (data / "metadata.jsonl").read_text().splitlines()]
    described = {str(row["file"]): row for row in rows}
    evaluation = set(sorted(filter(held_out, described))[:kept_out])
    chosen = {name: row for name, row in described.items() if name in evaluation or not held_out(name)}
    out.mkdir(parents=True, exist_ok=True)
    packed: list[str] = []
    with tarfile.open(out / "faces256-0.tar", "w") as target:
        for archive in archives:
            with tarfile.open(archive) as source:
                for member in source:
                    name = Path(member.name).name
                    content = source.extractfile(member) if member.isfile() and name in chosen else None
                    if content is None:
                        continue
                    entry = tarfile.TarInfo(name)  # the name does not change, because it tells what is held out
                    picture = _smaller(content.read(), quality, size)
                    entry.size = len(picture)
                    target.addfile(entry, io.BytesIO(picture))
                    packed.append(name)
    lines = [json.dumps({key: chosen[name][key] for key in FACTS if key in chosen[name]}) for name in packed]
    (out / "metadata.jsonl").write_text("\n".join(lines) + "\n")
    away = sum(map(held_out, packed))
    return len(packed) - away, away


def _smaller(data: bytes, quality: int, size: int) -> bytes:
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    if picture.width > size:
        picture = picture.reduce(picture.width // size)
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with faces256-*.tar and metadata.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="folder to write, for --data of the training scripts")
    parser.add_argument("--quality", type=int, default=85, help="of WebP")
    parser.add_argument("--held-out", type=int, default=200, help="number of portraits for evaluation to include")
    parser.add_argument("--size", type=int, default=256, help="most pixels per side")
    options = parser.parse_args()
    training, evaluation = pack(options.data, options.out, options.quality, options.held_out, options.size)
    size = sum(file.stat().st_size for file in options.out.iterdir()) / 2**20
    print(f"{training} portraits for training, {evaluation} held out, {size:.1f} MiB")


if __name__ == "__main__":
    main()
