"""Small files that ask for gigabytes of memory, minutes of decoding, or huge numbers of frames or entries."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable

from PIL import Image

_FAR = 65535  # pixels per side, the most that a GIF can claim
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(width: int, height: int, depth: int = 1, colour: int = 0, interlaced: int = 0) -> bytes:
    """The first chunk of a PNG."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))


def png(head: bytes, rows: bytes, *chunks: bytes) -> bytes:
    """A PNG of its header, its compressed rows, and the chunks between them."""
    return SIGNATURE + head + b"".join(chunks) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _png(width: int, height: int, *chunks: bytes, pixels: bytes | None = None) -> bytes:
    rows = zlib.compress(bytes(height * (1 + (width + 7) // 8)), 9) if pixels is None else pixels
    return png(header(width, height), rows, *chunks)


def _zeros(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(megabytes)) + packer.flush()


def gif_canvas() -> bytes:
    """A canvas of 4 gigapixels with one small frame."""
    return gif_head(_FAR, _FAR) + gif_frame() + b"\x3b"


def gif_frames() -> bytes:
    """A canvas of 2048x2048 with 40,000 frames of one pixel."""
    return gif_head(2048, 2048) + gif_frame() * 40_000 + b"\x3b"


def gif_head(width: int, height: int) -> bytes:
    """The start of a GIF, with a canvas of this size."""
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(6)


def gif_frame(side: int = 1) -> bytes:
    """A frame that claims this size and has one pixel."""
    return b"\x2c" + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\x02\x02\x44\x01\0"


def jpeg_scans(count: int = 3000, side: int = 1024) -> bytes:
    """A progressive JPEG in one grey whose last scan is repeated."""
    return scans_of(Image.new("L", (side, side), 90), count)


def scans_of(image: Image.Image, count: int, **options: int) -> bytes:
    """A progressive JPEG of a picture whose last scan is repeated."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", progressive=True, **options)
    data = buffer.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * count + b"\xff\xd9"


def png_texts() -> bytes:
    """Sixty-four compressed texts of 64 MB each."""
    body = b"Comment\0\0" + _zeros(64)
    return _png(8, 8, *(chunk(b"zTXt", body) for _ in range(64)))


def png_profile() -> bytes:
    """A compressed colour profile of 256 MB."""
    return _png(8, 8, chunk(b"iCCP", b"x\0\0" + _zeros(256)))


def png_flat() -> bytes:
    """8192x8192 pixels in a few kilobytes."""
    return _png(8192, 8192)


def png_claims() -> bytes:
    """Claims 2**31 - 1 pixels per side and has none."""
    return _png(2**31 - 1, 2**31 - 1, pixels=zlib.compress(b""))


def apng_frames() -> bytes:
    """Claims 2**31 - 1 frames."""
    control = struct.pack(">IIIIIHHBB", 0, 8, 8, 0, 0, 1, 1, 0, 0)
    return _png(8, 8, chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)), chunk(b"fcTL", control))


def bmp_runs() -> bytes:
    """A run-length BMP of 30,000x30,000 pixels that ends at once."""
    head = struct.pack("<IiiHHIIiiII", 40, 30_000, 30_000, 1, 8, 1, 2, 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 1080, 0, 0, 1078) + head + bytes(1024) + b"\0\1"


def tiff_strip() -> bytes:
    """A TIFF of 60,000x60,000 pixels in one compressed strip."""
    return tiff(60_000, 8, _zeros(4))


def tiff(side: int, compression: int, strip: bytes) -> bytes:
    """A grey TIFF of one strip."""
    entries = [(256, 4, side), (257, 4, side), (258, 3, 8), (259, 3, compression), (262, 3, 1), (273, 4, 8),
               (277, 3, 1), (278, 4, side), (279, 4, len(strip))]  # fmt: skip
    table = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    head = b"II*\0" + struct.pack("<I", 8 + len(strip))
    return head + strip + struct.pack("<H", len(entries)) + table + bytes(4)


def tiff_circle() -> bytes:
    """A TIFF whose directory is followed by itself."""
    entries = [(256, 4, 4), (257, 4, 4), (258, 3, 8), (262, 3, 1), (273, 4, 0), (279, 4, 16)]
    table = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + table + struct.pack("<I", 8)


def webp_flat() -> bytes:
    """A lossless WebP that claims 16383x16383 pixels and has none."""
    bits = (16383 - 1) | (16383 - 1) << 14
    body = b"\x2f" + struct.pack("<I", bits) + bytes(64)
    return webp(riff_chunk(b"VP8L", body))


def webp(*chunks: bytes) -> bytes:
    """A WebP of these chunks."""
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff_chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a WebP."""
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def ktx2_packed() -> bytes:
    """A compressed KTX2 texture that claims 2**30 bytes."""
    head = struct.pack("<9I", 37, 1, 16384, 16384, 0, 0, 1, 1, 3)
    packed = _zeros(4)
    index = struct.pack("<4I2Q", 0, 0, 0, 0, 0, 0)
    level = struct.pack("<3Q", 104, len(packed), 2**30)
    return b"\xabKTX 20\xbb\r\n\x1a\n" + head + index + level + packed


def merged_picture() -> bytes:
    """A Krita document whose merged picture unpacks to a gigabyte."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/x-krita")
        with archive.open("mergedimage.png", "w", force_zip64=True) as entry:
            for _ in range(1024):
                entry.write(bytes(2**20))
    return buffer.getvalue()


PICTURES: dict[str, Callable[[], bytes]] = {
    "gif_canvas.gif": gif_canvas,
    "gif_frames.gif": gif_frames,
    "jpeg_scans.jpg": jpeg_scans,
    "png_texts.png": png_texts,
    "png_profile.png": png_profile,
    "png_flat.png": png_flat,
    "png_claims.png": png_claims,
    "apng_frames.png": apng_frames,
    "bmp_runs.bmp": bmp_runs,
    "tiff_strip.tif": tiff_strip,
    "tiff_circle.tif": tiff_circle,
    "webp_flat.webp": webp_flat,
    "ktx2_packed.ktx2": ktx2_packed,
    "merged.kra": merged_picture,
}
"""File => the function that makes it."""


def zip_texture() -> bytes:
    """A pack with a texture that unpacks to a gigabyte, and a good one."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("bomb.png", "w", force_zip64=True) as entry:
            entry.write(png_claims())
            for _ in range(1100):
                entry.write(bytes(2**20))
        archive.writestr("good.png", _png(8, 8))
    return buffer.getvalue()


def zip_entries() -> bytes:
    """A pack with 60,000 empty entries and a good texture."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(60_000):
            archive.writestr(zipfile.ZipInfo(f"{number}"), b"")
        archive.writestr("good.png", _png(8, 8))
    return buffer.getvalue()


def zip_descriptions() -> bytes:
    """A resource pack with descriptions that nest 100,000 deep and repeat a key, and a good texture."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pack.mcmeta", json.dumps({"pack": {"pack_format": 15, "description": "x"}}))
        place = "assets/minecraft/textures/block"
        archive.writestr(f"{place}/deep.png.mcmeta", "[" * 100_000)
        archive.writestr(f"{place}/wide.png.mcmeta", '{"animation":{"frames":[' + "0," * 500_000 + "0]}}")
        for name in ("deep", "wide", "good"):
            archive.writestr(f"{place}/{name}.png", _png(8, 8))
    return buffer.getvalue()


ARCHIVES: dict[str, Callable[[], bytes]] = {
    "zip_texture.zip": zip_texture,
    "zip_entries.zip": zip_entries,
    "zip_descriptions.zip": zip_descriptions,
}
"""Like `PICTURES`; each also has a texture `good.png`."""


def safetensors(header: bytes, data: bytes = b"") -> bytes:
    """A safetensors file."""
    return struct.pack("<Q", len(header)) + header + data


WEIGHTS: dict[str, Callable[[], bytes]] = {
    "deep.safetensors": lambda: safetensors(b"[" * 20_000),
    "claims.safetensors": lambda: safetensors(
        b'{"a":{"dtype":"F32","shape":[1099511627776],"data_offsets":[0,4398046511104]}}'
    ),
    "long.safetensors": lambda: struct.pack("<Q", 2**40),
    # A list that doubles itself, a tuple in a tuple, an integer of many digits.
    "doubles.pkl": lambda: b"\x80\x02]q\0(" + b"h\0h\0" * 20 + b"e.",
    "nests.pkl": lambda: b"\x80\x02" + b"(" * 50_000 + b"N" + b"t" * 50_000 + b".",
    "grows.pkl": lambda: b"\x80\x02K\x01" + b"\x85" + b"\x86".join([b"2"] * 40) + b"\x86.",
    "digits.pth": lambda: b"\x80\x02\x8b\xff\xff\xff\x7f" + bytes(100) + b".",
    "memo.pt": lambda: b"\x80\x02Nr\xff\xff\xff\x7f.",
}
"""Like `PICTURES`, for `depixel models add`."""
