"""
Packs through the real watcher with the released weights, judged by third-party decoders (Pillow, texture2ddecoder).

    pip install etcpak texture2ddecoder
    python benchmarks/pack_check.py [--pack FOLDER ...] [--keep FOLDER] [--out FILE.json]

Each pack of `pack_sets.py`, each kind of `pack_kinds.py` and each folder or zip given with --pack (copied first) is
processed twice by `depixel watch --once`. Reported for each: how many files were written and what was refused, by how
many levels the outputs differ from their sources when they are scaled down again (area means, or pixel centres if the
picture was treated as pixel art), and every `problem`: a wrong size, a missing file, an entry of an archive that
changed, a DDS far from its source (`dds_means`: in levels, colours weighted by alpha), a mipmap that is not the mean of
the level above, or work left for the second run.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import texture2ddecoder
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent))
import pack_kinds
from pack_sets import SETS, TIME

ROOT = Path(__file__).resolve().parents[1]
SCALE = 4
PICTURES = {".png", ".tga", ".bmp", ".webp", ".gif"}
Pixels = npt.NDArray[np.float64]


def watch(folder: Path, options: tuple[str, ...] = ()) -> dict[str, Any]:
    """One run until nothing is left to do: its sums, and the failures."""
    paths = os.pathsep.join(str(ROOT / p) for p in ("core", "plugins/folder_watch"))
    command = [sys.executable, "-m", "depixel", "watch", str(folder), "--once", "--json", *options]
    started = time.perf_counter()
    ran = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", check=False, env={**os.environ, "PYTHONPATH": paths}
    )
    lines = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    passes = [line for line in lines if line.get("what") == "pass"]
    counts = {key: sum(p[key] for p in passes) for key in ("done", "copied", "failed")}
    refused = {Path(e["path"]).name: e["sentence"] for e in lines if e["what"] == "failed"}
    remarks = {Path(e["path"]).name: e["sentence"] for e in lines if e["what"] == "done" and e["sentence"]}
    left = {Path(e["path"]).name: e["sentence"] for e in lines if e["what"] == "left"}
    seconds = round(time.perf_counter() - started, 1)
    if ran.returncode and not passes:
        raise SystemExit(f"{' '.join(command)} ended with {ran.returncode}: {ran.stderr.strip()[-500:]}")
    return {"exit": ran.returncode, "seconds": seconds, **counts, "refused": refused, "remarks": remarks, "left": left}


def premultiplied(image: Image.Image) -> Pixels:
    """[H, W, 4] in levels."""
    pixels = np.asarray(image.convert("RGBA")).astype(np.float64)
    return np.concatenate([pixels[..., :3] * pixels[..., 3:] / 255, pixels[..., 3:]], 2)


def residual(source: Image.Image, answer: Image.Image) -> float:
    """
    Levels by which the output, scaled down, differs at most: by means over areas or by pixel centres. Outlines of
    one-bit alpha may move within a pixel (that is what smooths them): there, the colour counts where both are visible.
    """
    before, after = premultiplied(source), premultiplied(answer)
    height, width = before.shape[:2]
    blocks = after.reshape(height, SCALE, width, SCALE, 4)
    errors = []
    for part in (blocks, blocks[:, 1:3, :, 1:3]):
        mean = part.mean((1, 3))
        if np.isin(before[..., 3], (0, 255)).all():
            visible = (before[..., 3] > 0) & (mean[..., 3] > 0)
            mean, target = mean[visible] / mean[visible][:, 3:] * 255, before[visible]
        else:
            target = before
        errors.append(float(np.abs(mean - target).max(initial=0)))
    return min(errors)


def compare(source: bytes, answer: bytes, name: str, facts: dict[str, Any]) -> Iterator[str]:
    """Problems of one picture; its residual goes to `facts`."""
    if name.lower().endswith(".dds"):
        yield from compare_dds(source, answer, name, facts)
        return
    with Image.open(io.BytesIO(source)) as before, Image.open(io.BytesIO(answer)) as after:
        if after.format != before.format:
            yield f"{name}: {before.format} became {after.format}"
        if after.size != (before.width * SCALE, before.height * SCALE):
            if "_mip" not in name:
                yield f"{name}: {before.size} became {after.size}"
            return
        # A mipmap is made from the answer to its top level, not from its own pixels; normals keep their length instead.
        if "_mip" not in name and "_n" not in name:
            facts.setdefault("residuals", {})[name] = round(residual(before, after), 3)


_DECODERS = {b"DXT1": "bc1", b"DXT5": "bc3", b"ATI1": "bc4", b"ATI2": "bc5", b"DX10": "bc7"}


def compare_dds(source: bytes, answer: bytes, name: str, facts: dict[str, Any]) -> Iterator[str]:
    """
    Header as before but larger, a complete chain; each level close to the mean of the one above, the top close to its
    source.
    """
    height, width = struct.unpack_from("<2I", source, 12)
    kind = source[84:88]
    start = 148 if kind == b"DX10" else 128
    if answer[84:88] != kind or answer[128:start] != source[128:start]:
        yield f"{name}: it was {kind!r}, and is {answer[84:88]!r}"
        return
    big = (height * SCALE, width * SCALE)
    if struct.unpack_from("<2I", answer, 12) != big:
        yield f"{name}: {struct.unpack_from('<2I', answer, 12)} is not {big}"
    count, block = max(big).bit_length(), 8 if kind in (b"DXT1", b"ATI1") else 16
    sizes = [(max(1, big[0] >> k), max(1, big[1] >> k)) for k in range(count)]
    bytes_of = [-(-h // 4) * -(-w // 4) * block for h, w in sizes]
    if struct.unpack_from("<I", answer, 28)[0] != count or len(answer) != start + sum(bytes_of):
        yield f"{name}: not the mipmaps that a chain down to 1x1 has"
        return
    above, at = None, start
    for (h, w), length in zip(sizes, bytes_of, strict=True):
        level = decoded(answer[at : at + length], kind, w, h)
        at += length
        if above is not None and level.shape[0] * 2 == above.shape[0] and level.shape[1] * 2 == above.shape[1]:
            off = seen_difference(above, level)
            if off > 12 and min(h, w) > 4:  # below, a single block holds a whole picture
                yield f"{name}: the level of {w}x{h} is {off:.1f} levels from the mean of the one above"
        elif above is None:
            original = decoded(source[start:], kind, width, height)
            original[..., :3] *= original[..., 3:] / 255
            shown = level.copy()
            shown[..., :3] *= shown[..., 3:] / 255
            off = float(np.abs(shown.reshape(height, SCALE, width, SCALE, 4).mean((1, 3)) - original).mean())
            facts.setdefault("dds_means", {})[name] = round(off, 2)
            if off > 4:  # more than the loss of block compression
                yield f"{name}: scaled down, it is {off:.1f} levels from its source in the mean"
        above = level


def seen_difference(above: Pixels, level: Pixels) -> float:
    """Mean levels between the colours of a level and the means of the level above, where those are visible."""
    weight = above[..., 3:] + 1e-3
    blocks = (level.shape[0], 2, level.shape[1], 2, -1)
    whole = weight.reshape(blocks).sum((1, 3))
    mean = (above[..., :3] * weight).reshape(blocks).sum((1, 3)) / whole
    shown = (level[..., 3] > 32) & (whole[..., 0] > 4 * 32)
    return float(np.abs(mean - level[..., :3])[shown].mean()) if shown.any() else 0.0


def decoded(data: bytes, kind: bytes, width: int, height: int) -> Pixels:
    """[H, W, 4] by texture2ddecoder, or by Pillow for BC2, which it does not support."""
    if kind == b"DXT3":
        head = struct.pack("<7I", 124, 0x81007, height, width, len(data), 0, 1) + bytes(44)
        head += struct.pack("<2I4s5I", 32, 4, kind, 0, 0, 0, 0, 0) + struct.pack("<5I", 0x1000, 0, 0, 0, 0)
        with Image.open(io.BytesIO(b"DDS " + head + data)) as image:
            return np.asarray(image.convert("RGBA")).astype(np.float64)
    wide, high = -(-width // 4) * 4, -(-height // 4) * 4
    decode: Callable[[bytes, int, int], bytes] = getattr(texture2ddecoder, f"decode_{_DECODERS[kind]}")
    whole = np.frombuffer(decode(data, wide, high), np.uint8).reshape(high, wide, 4)
    return whole[:height, :width, [2, 1, 0, 3]].astype(np.float64)


def check_folder(source: Path, out: Path, ran: dict[str, Any], facts: dict[str, Any]) -> Iterator[str]:
    """Every picture of the source that was not refused or left alone, compared with its output."""
    outputs = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file() and "depixel-" not in p.name}
    there = {p.relative_to(source).as_posix() for p in source.rglob("*") if p.is_file()}
    yield from (f"{name}: it has no source" for name in outputs - there)
    expected = ran["done"] + ran["copied"]
    if len(outputs & there) != expected:
        yield f"{len(outputs & there)} outputs where {expected} were told of"
    for name in sorted(outputs & there):
        before, after = (source / name).read_bytes(), (out / name).read_bytes()
        if Path(name).suffix.lower() in (".zip", ".pk3"):
            yield from check_archive(before, after, name, facts)
        elif Path(name).suffix.lower() in PICTURES | {".dds"}:
            yield from compare(before, after, name, facts)
        elif not name.endswith((".mcmeta", ".json")) and before != after:
            yield f"{name}: it should have come along as it is"


def check_archive(before: bytes, after: bytes, name: str, facts: dict[str, Any]) -> Iterator[str]:
    """Order, methods, times and comment as before; everything but textures byte for byte; textures as in a folder."""
    with zipfile.ZipFile(io.BytesIO(before)) as old, zipfile.ZipFile(io.BytesIO(after)) as new:
        if new.testzip() is not None or new.comment != old.comment:
            yield f"{name}: damaged, or without its comment"
        entries = {e.filename: e for e in new.infolist()}
        order = [e.filename for e in old.infolist()]
        if [e for e in entries if e in set(order)] != order:
            yield f"{name}: entries are missing or in another order"
            return
        facts["entries_kept"] = facts["entries_enlarged"] = 0
        for entry in old.infolist():
            entry_after = entries[entry.filename]
            same = (
                entry_after.compress_type,
                entry_after.date_time,
                entry_after.external_attr,
                entry_after.extra,
                entry_after.comment,
            )
            if same != (entry.compress_type, entry.date_time, entry.external_attr, entry.extra, entry.comment):
                yield f"{name}: {entry.filename} has other facts than it had"
            one, other = old.read(entry), new.read(entry_after)
            if one == other:
                facts["entries_kept"] += 1
            elif Path(entry.filename).suffix.lower() in PICTURES | {".dds"}:
                facts["entries_enlarged"] += 1
                yield from compare(one, other, entry.filename, facts)
            elif not entry.filename.endswith(".mcmeta"):
                yield f"{name}: {entry.filename} was changed"
        added = [e for e in entries if e not in set(order)]
        facts["entries_added"] = len(added)
        if any(entries[e].date_time != TIME for e in added):
            yield f"{name}: an added entry has a time of its own: not reproducible"


def check_frames(out: Path) -> Iterator[str]:
    """Frames of a strip equal the answers to the same pictures alone: nothing bleeds, equal frames are equal."""
    strips = [p for p in out.rglob("coin.png") if (p.parent / "alone_0.png").exists()]
    for path in strips:
        with Image.open(path) as strip:
            for k in range(max(strip.size) // min(strip.size)):
                at = (k * 64, 0) if strip.width > strip.height else (0, k * 64)
                with Image.open(path.parent / f"alone_{k}.png") as alone:
                    frame = strip.convert("RGBA").crop((*at, at[0] + 64, at[1] + 64))
                    if np.abs(premultiplied(frame) - premultiplied(alone)).max() > 1:
                        yield f"{path.name}: frame {k} is not what that picture becomes alone"


def check_doom(out: Path) -> Iterator[str]:
    """In a PK3 the larger pictures are added under hires/, with larger offsets; the old ones stay."""
    with zipfile.ZipFile(out / "mod.pk3") as archive:
        entries = {e for e in archive.namelist() if e.startswith("hires/")}
        if entries != {"hires/MAGEA1.png", "hires/BEE1A0.png", "hires/WALL1.png"}:
            yield f"mod.pk3 has {sorted(entries)}"
            return
        for name, offsets in (("hires/MAGEA1.png", (64, 120)), ("hires/BEE1A0.png", (60, -16))):
            data = archive.read(name)
            at = data.find(b"grAb")
            if at < 0 or struct.unpack_from(">2i", data, at + 4) != offsets:
                yield f"{name}: its offsets are not {offsets}"


def check_half_alpha(out: Path) -> Iterator[str]:
    """No alpha above 128, and opaque is exactly 128."""
    for path in out.rglob("*.png"):
        with Image.open(path) as image:
            if np.asarray(image.convert("RGBA"))[..., 3].max() != 128:
                yield f"{path.name}: alpha does not end at 128"


def check_gloss(out: Path) -> Iterator[str]:
    """Vectors of length 1 whatever alpha holds, and gloss that varies."""
    data = (out / "Textures/Armor/iron_n.dds").read_bytes()
    top = decoded(data[128 : 128 + 256 * 256], b"DXT5", 256, 256)
    length = np.linalg.norm(top[..., :3] / 127.5 - 1, axis=2)
    if np.abs(length - 1).mean() > 0.03 or top[..., 3].std() < 5:
        yield f"iron_n.dds: vectors of length {length.mean():.2f}, gloss between {top[..., 3].min()} and more"


def check_meanings(out: Path) -> Iterator[str]:
    """A colour key does not change, premultiplied colour never exceeds alpha, a side file is scaled."""
    with Image.open(out / "knight.png") as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    is_key = (pixels == (255, 0, 255)).all(-1)
    pink = (np.minimum(pixels[..., 0], pixels[..., 2]) - pixels[..., 1] > 60) & ~is_key
    if not is_key[:8].all() or pink.any():
        yield f"knight.png: {int(pink.sum())} pixels are blends of its colour key"
    with Image.open(out / "glow.png") as image:
        pixels = np.asarray(image.convert("RGBA"))
    if (pixels[..., :3] > pixels[..., 3:]).any():
        yield "glow.png: it is not premultiplied any more"
    frame = json.loads((out / "sheet.json").read_text("utf-8"))["frames"]["b"]["frame"]
    if frame != {"x": 16 * SCALE, "y": 0, "w": 16 * SCALE, "h": 16 * SCALE}:
        yield f"sheet.json: its second frame is {frame}"


ALSO: dict[str, Callable[[Path], Iterator[str]]] = {
    "minecraft": check_frames,
    "materials": check_frames,
    "gzdoom": check_doom,
    "pcsx2": check_half_alpha,
    "bethesda": check_gloss,
    "meanings": check_meanings,
}


# The mean over turns depends on the size of a picture, all frames together: without it, frames can be compared.
OPTIONS = {"minecraft": ("--ensemble", "1"), "materials": ("--ensemble", "1")}


def examined(name: str, source: Path) -> dict[str, Any]:
    """The result for one pack."""
    out = source.with_name(source.name + "-depixel")
    ran = watch(source, OPTIONS.get(name, ()))
    facts: dict[str, Any] = {}
    problems = list(check_folder(source, out, ran, facts))
    problems += [p for check in [ALSO.get(name)] if check for p in check(out)]
    again = watch(source, OPTIONS.get(name, ()))
    if again["done"] or again["copied"] or again["failed"]:
        problems.append("the second run had something to do")
    residuals = facts.pop("residuals", {})
    if residuals:
        worst = max(residuals, key=residuals.__getitem__)
        facts["residual"] = {"files": len(residuals), "worst": residuals[worst], "worst_file": worst}
    return {**ran, **facts, "problems": problems}


def main() -> None:
    """Make the packs, run, judge, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=Path, action="append", default=[], help="a folder or zip of real textures")
    parser.add_argument("--only", action="append", default=[], help="these of the made packs")
    parser.add_argument("--keep", type=Path, help="where packs and outputs are left to be looked at")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        root = args.keep or Path(temporary)
        for name, make in SETS.items():
            if not args.only or name in args.only:
                make(root / name)
                results[name] = examined(name, root / name)
                sys.stderr.write(f"{name}: {json.dumps(results[name])}\n")
        for name in pack_kinds.KINDS:
            if not args.only or name in args.only:
                results[name] = pack_kinds.examined(name, root, watch)
                sys.stderr.write(f"{name}: {json.dumps(results[name])}\n")
        for pack in args.pack:
            target = root / f"given-{pack.stem}"
            if pack.is_dir():
                shutil.copytree(pack, target)
            else:
                target.mkdir(parents=True)
                shutil.copy(pack, target)
            results[pack.name] = examined("", target)
            sys.stderr.write(f"{pack.name}: {json.dumps(results[pack.name])}\n")
    machine = f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    report = json.dumps({"machine": machine, "scale": SCALE, "packs": results}, indent=1, ensure_ascii=False) + "\n"
    if args.out:
        args.out.write_text(report, "utf-8")
    else:
        sys.stdout.write(report)
    sys.exit(any(r["problems"] for r in results.values()))


if __name__ == "__main__":
    main()
