"""
Turns unpacked packages into an array of square straight RGBA crops, and a manifest with each crop's file and licence.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from training.art_data import images, vector
from training.art_data.sources import PackageSource, census, is_evaluation

SIZE = 96  # the default side of a crop
_LARGE = 192  # short side of a picture of figures above which some are used at half their size
_NEAR = 5  # crops whose hashes differ in fewer bits are near duplicates


@dataclass(frozen=True)
class Origin:
    """The origin of crops: one line of the manifest."""

    package: str
    version: str
    file: str
    licence: str
    sha256: str  # first 16 hex digits of the file (of the SVG text for a glyph)
    kind: str  # of its PackageSource, or "figures"
    crops: int  # figures: of tiles


class Seen:
    """Perceptual hashes of the crops accepted so far."""

    def __init__(self, capacity: int = 100_000) -> None:
        self._hashes = np.zeros(capacity, np.uint64)
        self._count = 0

    def is_new(self, crop: np.ndarray) -> bool:
        """Record the crop and return True, or return False if a similar one exists."""
        value = np.uint64(images.perceptual_hash(crop))
        hashes = self._hashes[: self._count]
        if len(hashes) and int(np.bitwise_count(hashes ^ value).min()) < _NEAR:
            return False
        self._hashes[self._count] = value
        self._count += 1
        return True


def collect(
    sources: tuple[PackageSource, ...],
    unpacked: Path,
    lists: Path,
    versions: dict[str, str],
    *,
    share: float = 1.0,
    side: int = SIZE,
    seed: int = 0,
) -> tuple[np.ndarray, list[Origin], Counter[str]]:
    """
    Crops of all sources: ([N, side, side, 4] uint8, manifest, reasons why pictures were left out).

    Args:
        unpacked: holds one folder per package, as made by `fetch`.
        lists: the census of free files.
        share: of each source's limit; a small share makes a quick first set.
        side: of a crop, a multiple of 32.

    Raises:
        ValueError: an evaluation source is among `sources`.
    """
    seen = Seen()
    crops: list[np.ndarray] = []
    origins: list[Origin] = []
    reasons: Counter[str] = Counter()
    for source in sources:
        if is_evaluation(source.package):
            raise ValueError(f"{source.package} is an evaluation source and must not be trained on")
        count = 0
        for name, licence, digest, pixels in _pictures(source, unpacked, lists, random.Random(seed), reasons):
            cut = _crops(pixels, random.Random(f"{seed}{name}"), side)
            informative = [crop for crop in cut if images.is_informative(crop)]
            fresh = [crop for crop in informative[: source.per_image * 2] if seen.is_new(crop)][: source.per_image]
            reasons["flat or seen"] += not fresh
            if fresh:
                version = versions.get(source.package, source.version)
                origins.append(Origin(source.package, version, name, licence, digest, source.kind, len(fresh)))
                crops += fresh
                count += len(fresh)
            if count >= source.limit * share:
                break
        print(f"{source.package}: {count} crops", flush=True)
    return np.stack(crops), origins, reasons


class Archives:
    """Reads files of unpacked packages, and of zip archives inside them; each archive is opened once."""

    def __init__(self) -> None:
        self._open: dict[Path, tuple[zipfile.ZipFile, set[str]]] = {}

    def read(self, folder: Path, name: str) -> bytes | None:
        """The bytes of `folder`/name; "a.zip::b" is b inside the archive a.zip. None if there is no such file."""
        outer, _, inner = name.partition("::")
        path = folder / outer
        if not path.is_file():
            return None
        if not inner:
            return path.read_bytes()
        if path not in self._open:
            archive = zipfile.ZipFile(path)
            self._open[path] = archive, set(archive.namelist())
        archive, names = self._open[path]
        return archive.read(inner) if inner in names else None


def _pictures(
    source: PackageSource, unpacked: Path, lists: Path, rng: random.Random, reasons: Counter[str]
) -> Iterator[tuple[str, str, str, np.ndarray]]:
    folder = unpacked / source.package.replace("/", "-").lstrip("@")
    if source.kind == "vector":
        drawn = [g for g in vector.glyphs(folder) if not re.search(source.skip or "$^", "/" + g[0])]
        rng.shuffle(drawn)
        for name, svg in drawn:
            pixels = vector.rendered(svg, rng) if not is_evaluation(name) else None
            if pixels is not None:
                yield name, source.licence, hashlib.sha256(svg.encode()).hexdigest()[:16], pixels
        return
    archives = Archives()
    if source.licence:
        files = {str(path.relative_to(folder)): source.licence for path in folder.rglob("*") if path.is_file()}
    else:
        files = census(lists, source.package)
    names = sorted(files)
    rng.shuffle(names)
    for name in names:
        if Path(name).suffix.lower() not in images.ENDINGS or is_evaluation(name):
            continue
        if images.looks_like_map(name) or (source.skip and re.search(source.skip, name)):
            reasons["named as a map, or skipped"] += 1
            continue
        data = archives.read(folder, name)
        if data is None:
            continue
        pixels = images.read_rgba(data, source.opaque)
        if pixels is not None and source.kind == "sprites" and min(pixels.shape[:2]) >= _LARGE and rng.random() < 0.35:
            pixels = images.halve(pixels)  # whole figures, as small as in games
        why = "unreadable or too small" if pixels is None else images.unwanted(pixels)
        if why:
            reasons[why] += 1
        elif pixels is not None:
            yield name, files[name], hashlib.sha256(data).hexdigest()[:16], pixels


def _crops(pixels: np.ndarray, rng: random.Random, side: int) -> list[np.ndarray]:
    """Non-overlapping crops in random order; a picture smaller than a crop is placed on a transparent one."""
    height, width = pixels.shape[:2]
    if height < side or width < side:
        padded = np.zeros((max(height, side), max(width, side), 4), np.uint8)
        top, left = rng.randint(0, padded.shape[0] - height), rng.randint(0, padded.shape[1] - width)
        padded[top : top + height, left : left + width] = pixels
        if images.luminance(pixels).shape and pixels[..., 3].min() == 255 and min(height, width) < 64:
            return []  # an opaque tile on a transparent crop is not a realistic picture
        pixels, (height, width) = padded, padded.shape[:2]
    top, left = rng.randint(0, (height - side) % side), rng.randint(0, (width - side) % side)
    corners = [(y, x) for y in range(top, height - side + 1, side) for x in range(left, width - side + 1, side)]
    rng.shuffle(corners)
    return [np.ascontiguousarray(pixels[y : y + side, x : x + side]) for y, x in corners[:64]]


def save(folder: Path, crops: np.ndarray, origins: list[Origin]) -> None:
    """Write crops.npy (shuffled), kinds.npy in the same order, and manifest.jsonl."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = np.repeat([("sprites", "textures", "vector").index(o.kind) for o in origins], [o.crops for o in origins])
    order = np.random.default_rng(0).permutation(len(crops))
    np.save(folder / "crops.npy", crops[order])
    np.save(folder / "kinds.npy", kinds[order].astype(np.uint8))
    write_manifest(folder / "manifest.jsonl", origins)


def write_manifest(path: Path, origins: list[Origin]) -> None:
    """Write one line of JSON for each origin."""
    lines = [json.dumps(asdict(origin), separators=(",", ":")) for origin in origins]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
