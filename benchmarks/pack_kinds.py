"""
Kinds of textures that other tools get wrong, as packs for `pack_check.py` in addition to those of `pack_sets.py`, with
checks of their outputs. Each check yields a sentence for each fault.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import texture2ddecoder
from pack_projects import check_one_set, check_projects, one_set, projects
from pack_result import SCALE, Result, Watch, data_of, means, rgba
from pack_sets import art, dds, frames, normal_of, save, tile
from PIL import Image, PngImagePlugin


def names(root: Path) -> None:
    """Names that look like maps but are not, and a real map."""
    for name, sample in (("button_normal", "mage"), ("button_hover", "bee"), ("face_normal", "dragon")):
        save(root / f"{name}.png", art(f"sprites/{sample}.png"))
    for name, sample in (("hero_n", "mage"), ("hero_e", "bee"), ("hero_s", "dragon"), ("arrow_s", "bee")):
        save(root / "figures" / f"{name}.png", art(f"sprites/{sample}.png"))
    save(root / "wall.png", tile().convert("RGB"))
    save(root / "wall_normal.png", normal_of(tile()))
    save(root / "shield_metal.png", tile().convert("RGB").transpose(Image.Transpose.ROTATE_90))


def _vector_lengths(path: Path) -> npt.NDArray[np.float64]:
    pixels = rgba(path)
    return np.asarray(np.linalg.norm(pixels[pixels[..., 3] > 0][:, :3] / 127.5 - 1, axis=1))


def check_names(result: Result) -> Iterator[str]:
    """The vectors of the map have length 1; the colours of pictures that only have such names do not become vectors."""
    for path in sorted(result.out.rglob("*.png")):
        name = path.relative_to(result.out).as_posix()
        lengths = _vector_lengths(path)
        if name == "wall_normal.png" and np.abs(lengths - 1).max() > 0.03:
            yield f"{name}: vectors of length {lengths.min():.2f} to {lengths.max():.2f}"
        elif name != "wall_normal.png" and (np.abs(lengths - 1) < 0.03).mean() > 0.5:
            yield f"{name}: its colours became vectors of length 1"


def joints(root: Path) -> None:
    """Four faces of one sky, and the whole of it in one piece."""
    rows, columns = np.mgrid[:32, :128]
    wave = np.stack([np.sin(columns / 9 + k) * np.cos(rows / 7 - k) * 60 + 120 + rows for k in range(3)], 2)
    whole = Image.fromarray(wave.clip(0, 255).astype(np.uint8))
    for k, name in enumerate(("sky_lf", "sky_ft", "sky_rt", "sky_bk")):
        save(root / f"{name}.png", whole.crop((32 * k, 0, 32 * k + 32, 32)))
    save(root / "whole" / "whole.png", whole)


def check_joints(result: Result) -> Iterator[str]:
    """The step from one face to the next is that of the whole picture."""
    faces = [rgba(result.out / f"sky_{end}.png") for end in ("lf", "ft", "rt", "bk")]
    whole = rgba(result.out / "whole/whole.png")
    for k in range(3):
        step = np.abs(faces[k][:, -1] - faces[k + 1][:, 0]).mean()
        at = (k + 1) * 32 * SCALE
        wanted = np.abs(whole[:, at - 1] - whole[:, at]).mean()
        if step > 1.3 * wanted + 0.3:
            yield f"the step between faces {k} and {k + 1} is {step:.2f} levels; in one piece it is {wanted:.2f}"


def lattice(root: Path) -> None:
    """Two diamonds that cover the plane."""
    rows, columns = np.arange(16), np.arange(32)
    half = np.where(rows < 8, 2 * rows + 1, 31 - 2 * rows)
    mask = np.abs(columns + 0.5 - 16)[None] < half[:, None]
    for k in range(2):
        pixels = np.array(tile().resize((32, 16)))
        pixels[..., k] = 255 - pixels[..., k]
        pixels[..., 3] = np.where(mask, 255, 0)
        save(root / f"ground{k}.png", Image.fromarray(pixels))


def check_lattice(result: Result) -> Iterator[str]:
    """Copies laid out like the small ones cover each pixel of the plane exactly once."""
    for path in sorted(result.out.glob("*.png")):
        alpha = rgba(path)[..., 3]
        if not np.isin(alpha, (0, 255)).all():
            yield f"{path.name}: alpha is no longer binary"
            continue
        height, width = alpha.shape
        plane = np.zeros((2 * height, 2 * width), int)
        for down in range(-1, 5):
            for right in range(-2, 3):
                top, left = down * height // 2, right * width + (down % 2) * width // 2
                y0, x0, y1, x1 = max(top, 0), max(left, 0), min(top + height, 2 * height), min(left + width, 2 * width)
                if y0 < y1 and x0 < x1:
                    plane[y0:y1, x0:x1] += alpha[y0 - top : y1 - top, x0 - left : x1 - left] > 0
        inner = plane[height // 2 : -height // 2, width // 2 : -width // 2]
        if not (inner == 1).all():
            yield f"{path.name}: {(inner == 0).mean():.4f} holes, {(inner > 1).mean():.4f} overlaps"


def tilesets(root: Path) -> None:
    """Opaque tiles without gaps, and each of them alone."""
    sheet = Image.new("RGB", (16 * 8, 16 * 4))
    names = ("mage", "bee", "dragon")
    for k in range(32):
        one = Image.new("RGB", (16, 16), (37 * k % 256, 91 * k % 256, 53 * k % 256))
        figure = art(f"sprites/{names[k % 3]}.png").resize((16, 16), Image.Resampling.NEAREST).rotate(90 * (k // 3))
        one.paste(figure, (0, 0), figure)
        sheet.paste(one, (k % 8 * 16, k // 8 * 16))
        if k < 4:
            save(root / "alone" / f"{k}.png", one)
    save(root / "tiles.png", sheet)


def check_tilesets(result: Result) -> Iterator[str]:
    """No tile takes colour from the one next to it: at their borders the step is as in the source."""
    for axis in (0, 1):
        small, large = (rgba(folder / "tiles.png")[..., :3] for folder in (result.source, result.out))
        step, wanted = (np.abs(np.diff(p, axis=axis)).mean((1 - axis, 2)) for p in (large, small))
        borders = step[16 * SCALE - 1 :: 16 * SCALE].mean() / wanted[15::16].mean()
        if borders < 0.95:
            yield f"tiles.png: steps between tiles are {borders:.2f} of those of the source"


def numbers(root: Path) -> None:
    """Two palette entries with the same colour: the background, and an outline."""
    palette = [0, 0, 0, 200, 60, 20, 240, 200, 90, 0, 0, 0] + [90] * (256 - 4) * 3
    index = np.zeros((24, 24), np.uint8)
    index[4:20, 6:18], index[5:19, 7:17], index[8:12, 9:14] = 3, 1, 2
    for name in ("figure.png", "figure.bmp", "figure.tga", "figure.pcx"):
        image = Image.fromarray(index, "P")
        image.putpalette(palette)
        save(root / name, image)


def check_numbers(result: Result) -> Iterator[str]:
    """The indices at the centres of blocks are those of the source."""
    with Image.open(result.source / "figure.png") as image:
        small = np.asarray(image)
    for path in sorted(result.out.glob("figure.*")):
        with Image.open(path) as image:
            if image.mode != "P":
                yield f"{path.name}: it is {image.mode} and not indexed"
                continue
            large = np.asarray(image)
        centres = large.reshape(24, SCALE, 24, SCALE)[:, 1:3, :, 1:3]
        same = (centres == small[:, None, :, None]).all((1, 3)).mean()
        if same < 1:
            yield f"{path.name}: {1 - same:.3f} of the pixels have another index"


def swizzled(root: Path) -> None:
    """DXT5nm: x in alpha, y in green, red and blue constant; the same texture as PNG and BC1."""
    vector = np.asarray(normal_of(tile()).convert("RGB")).astype(np.uint8)
    packed = np.stack([np.full(vector.shape[:2], 255, np.uint8), vector[..., 1], np.zeros_like(vector[..., 1]),
                       vector[..., 0]], 2)  # fmt: skip
    root.mkdir(parents=True)
    (root / "wall_normal.dds").write_bytes(dds(Image.fromarray(packed), "BC3"))
    save(root / "wall.png", tile().convert("RGB"))
    (root / "wall_bc1.dds").write_bytes(dds(tile(), "BC1"))


def check_swizzled(result: Result) -> Iterator[str]:
    """Constant channels stay constant, and blocks do not make a texture pixel art."""
    data = (result.out / "wall_normal.dds").read_bytes()
    height, width = struct.unpack_from("<2I", data, 12)
    raw = texture2ddecoder.decode_bc3(data[128 : 128 + width * height], width, height)
    answer = np.frombuffer(raw, np.uint8).reshape(height, width, 4)[..., [2, 1, 0, 3]].astype(int)
    if answer[..., 0].min() < 255 or answer[..., 2].max() > 0:
        yield f"wall_normal.dds: red from {answer[..., 0].min()}, blue to {answer[..., 2].max()}"
    first = rgba(result.out / "wall.png")[..., :3]
    second = rgba(result.out / "wall_bc1.dds")[..., :3]
    if (off := np.abs(first - second).mean()) > 6:
        yield f"wall.png and wall_bc1.dds are {off:.1f} levels apart: taken for different kinds"


def swapped(root: Path) -> None:
    """Two files with the same size and time."""
    for name, sample in (("day", "mage"), ("night", "bee")):
        save(root / f"{name}.tga", art(f"sprites/{sample}.png").resize((32, 32)).convert("RGB"))
        os.utime(root / f"{name}.tga", (10**9, 10**9))


def check_swapped(result: Result) -> Iterator[str]:
    """After they change places, so do their outputs."""
    day, night, aside = (result.source / name for name in ("day.tga", "night.tga", "aside"))
    for a, b in ((day, aside), (night, day), (aside, night)):
        a.rename(b)
    result.watch(result.source, ())
    for path in (day, night):
        off = np.abs(means(rgba(result.out / path.name)) - rgba(path)).mean()
        if off > 20:
            yield f"{path.name}: after the change of places, its output is {off:.0f} levels off"


def passed_over(root: Path) -> None:
    """Leftovers of systems, archives that are not opened, zips with other extensions, backslashes."""
    picture = art("sprites/mage.png")
    save(root / "sprites/hero.png", picture)
    for name in ("sprites/._hero.png", ".stversions/hero~1.png", "$RECYCLE.BIN/S-1/$R1.png", "@eaDir/hero.png/T.png",
                 ".thumbnails/a.png", "__MACOSX/sprites/._hero.png"):  # fmt: skip
        save(root / name, picture)
    for name, data in (("a.7z", b"7z\xbc\xaf\x27\x1c"), ("b.rar", b"Rar!\x1a\x07"), ("c.rpgmvp", b"RPGMV\0\0\0")):
        (root / name).write_bytes(data + bytes(64))
    for name, entry in (("m.mcpack", "textures/items/a.png"), ("m.ipk3", "hires/a.png"), ("m.jar", "a.png"),
                        ("m.dat", "a.png"), ("back.zip", "textures\\item\\a.png")):  # fmt: skip
        with zipfile.ZipFile(root / name, "w") as archive:
            archive.writestr(entry, data_of(picture))


def check_passed_over(result: Result) -> Iterator[str]:
    """One picture and five zips; three files are reported with advice."""
    wanted = {"sprites/hero.png", "m.mcpack", "m.ipk3", "m.jar", "m.dat", "back.zip"}
    names = {p.relative_to(result.out).as_posix() for p in result.out.rglob("*") if p.is_file()}
    names = {name for name in names if "depixel" not in name}
    if names != wanted:
        yield f"outputs are {sorted(names)}"
    if set(result.ran["left"]) != {"a.7z", "b.rar", "c.rpgmvp"}:
        yield f"named are {sorted(result.ran['left'])}"
    for name in wanted - {"sprites/hero.png"}:
        with zipfile.ZipFile(result.source / name) as old, zipfile.ZipFile(result.out / name) as new:
            entry = old.infolist()[0].filename
            if old.read(entry) == new.read(new.infolist()[0].filename):
                yield f"{name}: {entry} is as small as before"


def quake(root: Path) -> None:
    """A pk3 of a Quake engine."""
    root.mkdir(parents=True)
    with zipfile.ZipFile(root / "pak0.pk3", "w") as archive:
        archive.writestr("scripts/base.shader", "textures/base/wall\n{\n}\n")
        archive.writestr("textures/base/wall.tga", data_of(tile().convert("RGB"), format="TGA"))
        archive.writestr("textures/base/wall_norm.tga", data_of(normal_of(tile()).convert("RGB"), format="TGA"))
        archive.writestr("gfx/2d/crosshair.tga", data_of(art("sprites/bee.png"), format="TGA"))
        archive.writestr("maps/q.bsp", b"IBSP" + bytes(90))


def check_quake(result: Result) -> Iterator[str]:
    """Every picture is larger, in its folder."""
    with zipfile.ZipFile(result.source / "pak0.pk3") as old, zipfile.ZipFile(result.out / "pak0.pk3") as new:
        if old.namelist() != new.namelist():
            yield f"pak0.pk3 has {new.namelist()}"
            return
        for name in (n for n in old.namelist() if n.endswith(".tga")):
            sizes = [Image.open(io.BytesIO(pack.read(name))).size for pack in (old, new)]
            if sizes[1] != (sizes[0][0] * SCALE, sizes[0][1] * SCALE):
                yield f"{name}: {sizes[0]} became {sizes[1]}"


def beside(root: Path) -> None:
    """Files that say where the frames of a sheet are; chunks of a PNG that count pixels."""
    sheet = Image.new("RGBA", (32, 16))
    sheet.paste(frames()[0], (0, 0))
    sheet.paste(frames()[2], (16, 0))
    for name in ("hud", "font", "starling"):
        save(root / f"{name}.png", sheet)
    (root / "hud.atlas").write_text(
        "\nhud.png\nsize: 32,16\nformat: RGBA8888\nfilter: Linear,Linear\nrepeat: none\nicon\n  rotate: false\n"
        "  xy: 16, 0\n  size: 16, 16\n  orig: 16, 16\n  offset: 0, 0\n  index: -1\n"
    )
    (root / "font.fnt").write_text(
        'info face="x" size=8\ncommon lineHeight=16 base=12 scaleW=32 scaleH=16 pages=1\npage id=0 file="font.png"\n'
        "char id=65 x=16 y=0 width=16 height=16 xoffset=1 yoffset=2 xadvance=15 page=0\n"
    )
    (root / "starling.xml").write_text(
        '<TextureAtlas imagePath="starling.png"><SubTexture name="a" x="16" y="0" width="16" height="16"/>'
        "</TextureAtlas>"
    )
    text = PngImagePlugin.PngInfo()
    text.add_text("FrameSize", "16,16")
    save(root / "unit.png", sheet, pnginfo=text)


def check_beside(result: Result) -> Iterator[str]:
    """Every number of pixels is four times as large, and tEXt stays tEXt."""
    texts = {name: (result.out / name).read_text() for name in ("hud.atlas", "font.fnt", "starling.xml")}
    wanted = {"hud.atlas": "xy: 64, 0", "font.fnt": "x=64 y=0 width=64", "starling.xml": 'x="64" y="0" width="64"'}
    yield from (f"{name}: no {part}" for name, part in wanted.items() if part not in texts[name])
    if b"tEXtFrameSize\x0064,64" not in (result.out / "unit.png").read_bytes():
        yield "unit.png: FrameSize is not 64,64 in tEXt"


FORMATS: dict[str, dict[str, Any]] = {
    "a.tif": {}, "b.pcx": {}, "c.qoi": {}, "d.ico": {"sizes": [(32, 32)]}, "e.bmp": {}, "f.avif": {"quality": 95},
    "g.webp": {"lossless": True}, "h.gif": {}, "i.jpg": {"quality": 95}, "j.tga": {}, "k.dib": {},
}  # fmt: skip


def formats(root: Path) -> None:
    """One picture in every format that Pillow writes; a WebP that would become too wide."""
    root.mkdir(parents=True)
    picture = art("sprites/mage.png").resize((32, 32)).convert("RGB")
    for name, options in FORMATS.items():
        kind = {"dib": "DIB", "tif": "TIFF", "jpg": "JPEG"}.get(name[2:], name[2:].upper())
        try:
            (root / name).write_bytes(data_of(picture, format=kind, **options))
        except (KeyError, OSError):  # this Pillow does not write it
            continue
    Image.new("RGB", (4200, 6), (9, 90, 30)).save(root / "wide.webp", lossless=True)


def check_formats(result: Result) -> Iterator[str]:
    """Same format, four times the size; the wide one is refused."""
    for name in sorted(p.name for p in result.source.iterdir() if p.name != "wide.webp"):
        if not (result.out / name).exists():
            yield f"{name}: no output"
            continue
        with Image.open(result.source / name) as small, Image.open(result.out / name) as large:
            wanted = small.format, (small.width * SCALE, small.height * SCALE)
            if wanted != (large.format, large.size):
                yield f"{name}: {small.format} {small.size} became {large.format} {large.size}"
    if "16383" not in result.ran["refused"].get("wide.webp", ""):
        yield "wide.webp: not refused for its width"


_CHECKED = (
    *((names, check_names), (joints, check_joints), (lattice, check_lattice), (tilesets, check_tilesets)),
    *((numbers, check_numbers), (swizzled, check_swizzled), (swapped, check_swapped)),
    *((passed_over, check_passed_over), (quake, check_quake), (beside, check_beside)),
    *((formats, check_formats), (projects, check_projects), (one_set, check_one_set)),
)
KINDS = {make.__name__.replace("_", "-"): (make, check) for make, check in _CHECKED}


def examined(name: str, root: Path, watch: Watch) -> dict[str, Any]:
    """The result for one kind, with every `problem`; a second run must have nothing to do."""
    make, check = KINDS[name]
    source, out = root / name, root / f"{name}-depixel"
    make(source)
    ran = watch(source, ())
    problems = list(check(Result(source, out, ran, watch)))
    again = watch(source, ())
    if again["done"] or again["copied"]:
        problems.append("the second run had something to do")
    return {**ran, "problems": problems}
