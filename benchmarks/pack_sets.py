"""
Packs as games and emulators expect them, made from the repository's samples and written by third-party encoders
(Pillow, etcpak): the input of `pack_check.py`.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import etcpak
import numpy as np
from PIL import Image

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
SILENCE = b"OggS" + bytes(range(200))
TIME = (2003, 4, 5, 6, 7, 8)


def art(name: str) -> Image.Image:
    """A sample by its path, as RGBA."""
    with Image.open(SAMPLES / name) as image:
        converted: Image.Image = image.convert("RGBA")
    return converted


def tile() -> Image.Image:
    """A wall of 32 pixels that tiles, like the sample itself."""
    return art("textures/wall.png")


def frames(count: int = 6) -> list[Image.Image]:
    """A coin that turns."""
    strip = art("animations/coin-strip.png")
    return [strip.crop((16 * k, 0, 16 * k + 16, 16)) for k in range(count)]


def save(path: Path, image: Image.Image, **options: Any) -> None:
    """A picture whose format is independent of its extension."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)


def normal_of(image: Image.Image, gloss: bool = False) -> Image.Image:
    """Normals from brightness taken as height; gloss = brightness in alpha, as in Bethesda's games."""
    height = np.asarray(image.convert("L")).astype(float) / 128
    slope = np.stack([np.roll(height, 1, k) - np.roll(height, -1, k) for k in (1, 0)] + [np.ones_like(height)], 2)
    vector = slope / np.linalg.norm(slope, axis=2, keepdims=True)
    rgb = np.rint((vector / 2 + 0.5) * 255).astype(np.uint8)
    alpha = np.asarray(image.convert("L"))[..., None] // 2
    return Image.fromarray(np.concatenate([rgb, alpha], 2) if gloss else rgb)


def minecraft(root: Path) -> None:
    """A resource pack as a folder: blocks, items, an animated strip, a font, a colour map, sounds."""
    textures = root / "assets/depixel/textures"
    root.mkdir(parents=True)
    (root / "pack.mcmeta").write_text('{"pack": {"pack_format": 34, "description": "für Prüfungen"}}', "utf-8")
    save(root / "pack.png", art("sprites/mage.png"))
    save(textures / "block/wall.png", tile().convert("RGB"))
    save(textures / "block/wall_n.png", normal_of(tile()))
    save(textures / "block/wall_s.png", tile().convert("L").convert("RGBA"))
    strip = Image.new("RGBA", (16, 16 * 8))
    for k, frame in enumerate([*frames(), *frames(2)]):
        strip.paste(frame, (0, 16 * k))
        save(textures / f"item/alone_{k}.png", frame)
    save(textures / "item/coin.png", strip)
    about = {"animation": {"frametime": 3, "height": 16}}
    (textures / "item/coin.png.mcmeta").write_text(json.dumps(about))
    for name in ("sprites/mage.png", "sprites/bee.png", "sprites/dragon.png", "pixel-art/potion.png"):
        save(textures / "item" / Path(name).name, art(name))
    save(textures / "item/frog.png", Image.open(SAMPLES / "sprites/frog-indexed.png"))
    save(textures / "font/ascii.png", art("sprites/bee.png"))
    save(textures / "colormap/grass.png", Image.fromarray(np.zeros((256, 256, 3), np.uint8)))
    (root / "assets/depixel/sounds").mkdir()
    (root / "assets/depixel/sounds/hi.ogg").write_bytes(SILENCE)


def minecraft_zip(root: Path) -> None:
    """The same as a zip: every second entry stored, entries unsorted, names beyond ASCII, a comment."""
    root.mkdir(parents=True)
    folder = root.with_name(root.name + "-unpacked")
    minecraft(folder)
    files = sorted((p for p in folder.rglob("*") if p.is_file()), key=lambda p: p.name[::-1])
    with zipfile.ZipFile(root / "Pack é.zip", "w") as archive:
        archive.comment = b"made by hand"
        archive.writestr(zipfile.ZipInfo("assets/", TIME), b"")
        for k, path in enumerate(files):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), TIME)
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_STORED if k % 2 else zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("läs mig.txt", TIME), "hej")


def dolphin(root: Path) -> None:
    """Texture names with their hash, mipmaps in separate files, one of them drawn and not reduced."""
    name = "GALE01/tex1_64x64_m_0123456789abcdef_14"
    image = tile().convert("RGB")
    save(root / f"{name}.png", image)
    for level in range(1, 7):
        save(root / f"{name}_mip{level}.png", image.resize((64 >> level, 64 >> level), Image.Resampling.BOX))
    save(root / "GALE01/tex1_32x32_00112233aabbccdd_6.png", art("sprites/mage.png"))
    save(root / "GALE01/tex1_32x32_m_00112233aabbccee_arb_6.png", art("sprites/bee.png"))
    save(root / "GALE01/tex1_32x32_m_00112233aabbccee_arb_6_mip1.png", art("pixel-art/potion.png"))


def ppsspp(root: Path) -> None:
    """textures.ini with names in folders."""
    lines = ["[options]", "version = 1", "hash = quick", "", "[hashes]"]
    for k, name in enumerate(("ui/mage.png", "ui/bee.png", "0000000000112233.png")):
        save(root / name, art(("sprites/mage.png", "sprites/bee.png", "textures/wall.png")[k]))
        lines.append(f"{k:024x} = {name}")
    (root / "textures.ini").write_bytes("\r\n".join(lines).encode())


def pcsx2(root: Path) -> None:
    """Alpha that ends at 128."""
    for k, name in enumerate(("mage", "bee", "dragon")):
        pixels = np.array(art(f"sprites/{name}.png"))
        pixels[..., 3] = (pixels[..., 3].astype(int) * 128 + 127) // 255
        save(root / f"SLUS-20312/replacements/{k:016x}-0123456789abcdef-00005993.png", Image.fromarray(pixels))


def duckstation(root: Path) -> None:
    """Sixteen colours, one of them transparent."""
    palettes = root / "SLUS-00594/texupload-P4-0123456789ABCDEF-FEDCBA9876543210-64x256-0-192-32x32-P0-14.png"
    save(palettes, Image.open(SAMPLES / "sprites/frog-indexed.png"))
    (root / "SLUS-00594/config.yaml").write_text("ReplacementsScale: 4\n")


def gzdoom(root: Path) -> None:
    """A PK3 with sprites that have offsets, a flat, a font and a script."""
    root.mkdir(parents=True)

    def with_offsets(image: Image.Image, x: int, y: int) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        data = buffer.getvalue()
        body = b"grAb" + struct.pack(">ii", x, y)
        return data[:33] + struct.pack(">I", 8) + body + struct.pack(">I", zlib.crc32(body)) + data[33:]

    with zipfile.ZipFile(root / "mod.pk3", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("zscript.zs", TIME), b'version "4.10"')
        for name, image, x, y in (
            ("sprites/MAGEA1.png", art("sprites/mage.png"), 16, 30),
            ("sprites/BEE1A0.png", art("sprites/bee.png"), 15, -4),
            ("flats/WALL1.png", tile().convert("RGB"), 0, 0),
            ("fonts/big/41.png", art("pixel-art/potion.png"), 0, 0),
        ):
            archive.writestr(zipfile.ZipInfo(name, TIME), with_offsets(image, x, y), zipfile.ZIP_DEFLATED)


_DX9 = {"BC1": b"DXT1", "BC2": b"DXT3", "BC3": b"DXT5", "BC4": b"ATI1", "BC5": b"ATI2"}


def dds(image: Image.Image, kind: str, dxgi: int = 0, layers: int = 1, cube: bool = False) -> bytes:
    """A DDS with a whole chain of mipmaps; kind BC1 ... BC5, BC7 (which needs the number of a DX10 header)."""
    image = image.convert("RGBA")
    levels = []
    for level in range(max(image.size).bit_length()):
        size = (max(1, image.width >> level), max(1, image.height >> level))
        levels.append(_blocks(image.resize(size, Image.Resampling.BOX), kind))
    flags, caps = (0xA1007, 0x401008) if len(levels) > 1 else (0x81007, 0x1000)
    head = struct.pack("<7I", 124, flags, image.height, image.width, len(levels[0]), 0, len(levels)) + bytes(44)
    letters = b"DX10" if dxgi else _DX9[kind]
    head += struct.pack("<2I4s5I", 32, 4, letters, 0, 0, 0, 0, 0)
    head += struct.pack("<5I", caps, 0xFE00 if cube else 0, 0, 0, 0)
    extra = struct.pack("<5I", dxgi, 3, 0, layers, 0) if dxgi else b""
    return b"DDS " + head + extra + b"".join(levels) * (6 if cube else layers)


def _blocks(image: Image.Image, kind: str) -> bytes:
    width, height = -(-image.width // 4) * 4, -(-image.height // 4) * 4
    pixels = np.pad(np.asarray(image), ((0, height - image.height), (0, width - image.width), (0, 0)), "edge")
    if kind == "BC2":  # BC3's colours under four bits of alpha per pixel; Pillow's own encoder gets these wrong
        alpha = np.rint(pixels[..., 3] / 17).astype(np.uint8).reshape(height // 4, 4, width // 4, 4).swapaxes(1, 2)
        nibbles = alpha.reshape(-1, 8, 2)
        colours = np.frombuffer(_blocks(Image.fromarray(pixels), "BC3"), np.uint8).reshape(-1, 16)[:, 8:]
        return np.concatenate([nibbles[..., 0] | nibbles[..., 1] << 4, colours], 1).tobytes()
    pack: Callable[..., bytes] = getattr(etcpak, f"compress_{kind.lower()}")
    return pack(np.ascontiguousarray(pixels).tobytes(), width, height)


def bethesda(root: Path) -> None:
    """DDS of every kind, normals with gloss in alpha; a cube map and an array."""
    folder = root / "Textures/Armor"
    folder.mkdir(parents=True)
    (root / "Armor.esp").write_bytes(b"TES4" + bytes(40))
    files = {
        "iron.dds": dds(tile(), "BC1"),
        "iron_n.dds": dds(normal_of(tile(), gloss=True), "BC3"),
        "iron_m.dds": dds(tile(), "BC4"),
        "skin_n.dds": dds(normal_of(tile()), "BC5"),
        "mage.dds": dds(art("sprites/mage.png"), "BC3"),
        "bee.dds": dds(art("sprites/bee.png"), "BC2"),
        "dragon.dds": dds(art("sprites/dragon.png"), "BC7", 99),
        "cube.dds": dds(tile(), "BC1", cube=True),
        "array.dds": dds(tile(), "BC7", 98, layers=2),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)


def rpg_maker(root: Path) -> None:
    """Eight figures of 3x4 frames that fill their frames, faces, a window skin."""
    root.mkdir(parents=True)
    (root / "game.rmmzproject").write_text("RPGMZ 1.8.0")
    figures = [art("pixel-art/potion.png"), *frames(5)]
    sheet = Image.new("RGBA", (16 * 12, 16 * 8))
    for k in range(96):
        sheet.paste(figures[k % 6], (k % 12 * 16, k // 12 * 16))
    save(root / "img/characters/Actor1.png", sheet)
    save(root / "img/characters/$Big.png", sheet.crop((0, 0, 48, 64)))
    faces = Image.new("RGBA", (4 * 32, 2 * 32))
    for k in range(8):
        faces.paste(art(f"sprites/{('mage', 'bee', 'dragon')[k % 3]}.png"), (k % 4 * 32, k // 4 * 32))
    save(root / "img/faces/Actor1.png", faces)
    save(root / "img/system/Window.png", art("sprites/mage.png"))


def materials(root: Path) -> None:
    """Albedo, normal and roughness of one stem, in two formats; names in any script; a sheet; a strip."""
    wall = tile()
    save(root / "stein/Mauer_albedo.png", wall.convert("RGB"))
    save(root / "stein/Mauer_normal.png", normal_of(wall))
    save(root / "stein/Mauer_roughness.png", Image.eval(wall.convert("L"), lambda v: 255 - v))
    save(root / "tga/Стена.TGA", wall.convert("RGB"))
    save(root / "tga/Стена_normal.tga", normal_of(wall))
    save(root / "勇者 🗡.png", art("sprites/mage.png"))
    save(root / ("n" * 196 + ".png"), art("pixel-art/potion.png"))
    save(root / "coin.png", art("animations/coin-strip.png"))
    for k, frame in enumerate(frames()):
        save(root / f"alone_{k}.png", frame)
    (root / "licence.txt").write_text("CC0")


def meanings(root: Path) -> None:
    """The meaning of pixels beyond colour: a colour key, premultiplied alpha, a sheet with a side file."""
    mage = art("sprites/mage.png").convert("RGBA")
    figure = Image.composite(mage, Image.new("RGBA", mage.size, (255, 0, 255, 255)), mage.getchannel("A").point(_half))
    ground = Image.new("RGB", (mage.width, mage.height + 8), (255, 0, 255))
    ground.paste(figure.convert("RGB"), (0, 8))
    save(root / "knight.png", ground)
    glow = Image.radial_gradient("L").resize((32, 32)).point(lambda v: 255 - v)
    bands = [glow.point([value * share // 10 for value in range(256)]) for share in (9, 7, 3, 10)]
    save(root / "glow.png", Image.merge("RGBA", bands))
    sheet = Image.new("RGB", (32, 16))
    sheet.paste(tile().convert("RGB").resize((16, 16)), (0, 0))
    sheet.paste((200, 40, 30), (16, 0, 32, 16))
    save(root / "sheet.png", sheet)
    frames = {name: {"frame": {"x": x, "y": 0, "w": 16, "h": 16}} for name, x in (("a", 0), ("b", 16))}
    (root / "sheet.json").write_text(json.dumps({"frames": frames, "meta": {"image": "sheet.png"}}))


def _half(value: int) -> int:
    return 255 if value >= 128 else 0


SETS: dict[str, Callable[[Path], None]] = {
    "minecraft": minecraft,
    "minecraft-zip": minecraft_zip,
    "dolphin": dolphin,
    "ppsspp": ppsspp,
    "pcsx2": pcsx2,
    "duckstation": duckstation,
    "gzdoom": gzdoom,
    "bethesda": bethesda,
    "rpg-maker": rpg_maker,
    "materials": materials,
    "meanings": meanings,
}
