"""Good files of every kind and ways to corrupt them, for fuzzing the readers."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from depixel.files import by_name, encode
from depixel.files.png_chunks import chunks, join
from depixel.picture import Picture


def writable(kind: str) -> bool:
    """
    Whether a writer for this format is installed: JPEG XL is an extra, and old versions of Pillow cannot write QOI.
    """
    form = by_name(kind)
    return form is not None and not form.refusal(Picture((np.zeros((2, 2, 3), np.uint8),)))


def _pixels(seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (12, 10, 4), dtype=np.uint8)


def _by_pillow(kind: str, mode: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(_pixels()).convert("RGB").convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def _dds(letters: bytes, block: int, dxgi: int = 0) -> bytes:
    head = struct.pack("<7I", 124, 0xA1007, 12, 10, 9 * block, 0, 2) + bytes(44)
    head += struct.pack("<2I4s5I", 32, 4, letters, 0, 0, 0, 0, 0) + struct.pack("<5I", 0x401008, 0, 0, 0, 0)
    extra = struct.pack("<5I", dxgi, 3, 0, 1, 0) if dxgi else b""
    return b"DDS " + head + extra + np.random.default_rng(1).bytes(40 * block)


def _masked_dds(bits: int, masks: tuple[int, int, int, int]) -> bytes:
    head = struct.pack("<7I", 124, 0x100F, 12, 10, 10 * bits // 8, 0, 1) + bytes(44)
    head += struct.pack("<8I", 32, 0x41, 0, bits, *masks) + struct.pack("<5I", 0x1000, 0, 0, 0, 0)
    return b"DDS " + head + np.random.default_rng(1).bytes(120 * bits // 8)


def _zip(method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("pack.mcmeta", "{}")
        archive.writestr("assets/m/textures/block/a.png", _by_pillow("PNG", "RGB"))
        archive.writestr("assets/m/textures/block/a.png.mcmeta", '{"animation": {"height": 2}}')
        archive.writestr("b.txt", b"text" * 20)
    return buffer.getvalue()


def pictures() -> dict[str, list[bytes]]:
    """Extension => good files."""
    picture = Picture((_pixels(),))
    moving = Picture((_pixels(), _pixels(6)), durations=(50.0, 60.0))
    deep = Picture((_pixels().astype(np.uint16) * 257,))
    return {
        "png": [
            encode(picture),
            encode(deep),
            encode(moving),
            *(_by_pillow("PNG", mode) for mode in ("P", "1", "L", "LA", "I;16")),
            _interlaced(),
        ],
        "tga": [
            encode(picture, "TGA"),
            _by_pillow("TGA", "P"),
            _by_pillow("TGA", "L", compression="tga_rle"),
            _by_pillow("TGA", "RGB", compression="tga_rle"),
        ],
        "dds": [
            encode(picture, "DDS"),
            *(_dds(letters, 8) for letters in (b"DXT1", b"ATI1", b"BC4S")),
            *(_dds(letters, 16) for letters in (b"DXT3", b"DXT4", b"DXT5", b"ATI2", b"BC5S")),
            *(_dds(b"DX10", 16, dxgi) for dxgi in (98, 28, 77, 24)),
            _masked_dds(16, (0xF800, 0x7E0, 0x1F, 0)),
            _masked_dds(32, (0xFF, 0xFF00, 0xFF0000, 0xFF << 24)),
        ],
        "gif": [encode(moving, "GIF"), encode(picture, "GIF"), _by_pillow("GIF", "P", interlace=True)],
        "webp": [encode(picture, "WEBP"), encode(moving, "WEBP")],
        "jpg": [_by_pillow("JPEG", "RGB"), _by_pillow("JPEG", "CMYK"), _by_pillow("JPEG", "L", progressive=True)],
        "bmp": [encode(picture, "BMP"), _by_pillow("BMP", "P"), _by_pillow("BMP", "1"), _run_length_bmp()],
        "tif": [
            encode(picture, "TIFF"),
            encode(deep, "TIFF"),
            *(_by_pillow("TIFF", mode, compression="tiff_lzw") for mode in ("P", "L", "RGB", "CMYK")),
        ],
        "ico": [encode(picture, "ICO"), _by_pillow("ICO", "RGBA", sizes=[(10, 12)], bitmap_format="bmp")],
        "cur": [encode(picture, "CUR")],
        "pcx": [_by_pillow("PCX", mode) for mode in ("1", "L", "P", "RGB")],
        "avif": [encode(moving, "AVIF"), encode(picture, "AVIF")],
        "blp": [_by_pillow("BLP", "P", blp_version=version) for version in ("BLP1", "BLP2")],
        "psd": [_psd(3), _psd(4)],
        "ktx": [encode(picture, "KTX")],
        "ktx2": [encode(picture, "KTX2")],
        "vtf": [encode(picture, "VTF"), encode(moving, "VTF")],
        "aseprite": [sprite(32), sprite(16), sprite(8)],
        "kra": [_merged("application/x-krita")],
        "ora": [_merged("image/openraster")],
        **{kind.lower(): [encode(picture, kind)] for kind in ("QOI", "JXL") if writable(kind)},
    }


def _run_length_bmp() -> bytes:
    body = bytes([3, 1, 0, 3, 2, 1, 2, 0, 0, 0, 2, 2, 0, 2, 2, 1, 1, 1, 0, 1])
    head = struct.pack("<IiiHHIIiiII", 40, 6, 5, 1, 8, 1, len(body), 0, 0, 3, 0) + bytes(range(12))
    return struct.pack("<2sIHHI", b"BM", 66 + len(body), 0, 0, 66) + head + body


def _psd(channels: int) -> bytes:
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, channels, 12, 10, 8, 3)
    rest = struct.pack(">III", 0, 0, 0) + struct.pack(">H", 0)
    return head + rest + np.ascontiguousarray(_pixels()[..., :channels].transpose(2, 0, 1)).tobytes()


def sprite(bits: int) -> bytes:
    """An Aseprite file with two frames and two layers: a raw, a compressed and, in the second frame, a linked cel."""
    step = {8: 1, 16: 2, 32: 4}[bits]
    raw = _pixels()[..., :step] % 8 if bits == 8 else _pixels()[..., :step]
    layer = struct.pack("<6HB3xH4s", 3, 0, 0, 0, 0, 0, 200, 4, b"name")
    palette = struct.pack("<3I8x", 8, 0, 7) + b"".join(struct.pack("<H4B", 0, k * 9, k * 5, k, 255) for k in range(8))
    cel = struct.pack("<HhhBH7xHH", 0, 0, 0, 255, 0, 10, 12) + raw.tobytes()
    over = struct.pack("<HhhBH7xHH", 1, -2, 3, 180, 2, 10, 12) + zlib.compress(raw[::-1].tobytes())
    linked = struct.pack("<HhhBH7xH", 1, -2, 3, 180, 1, 0)
    frames = ([(0x2004, layer), (0x2004, layer), (0x2019, palette), (0x2005, cel), (0x2005, over)], [(0x2005, linked)])
    body = b""
    for number, parts in enumerate(frames):
        packed = b"".join(struct.pack("<IH", 6 + len(part), kind) + part for kind, part in parts)
        body += struct.pack("<I3H2xI", 16 + len(packed), 0xF1FA, len(parts), 80 + 20 * number, len(parts)) + packed
    head = struct.pack("<I5HI", 128 + len(body), 0xA5E0, 2, 10, 12, bits, 1).ljust(128, b"\0")
    return head + body


def _merged(kind: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("mergedimage.png", encode(Picture((_pixels(),))))
    return buffer.getvalue()


def archives() -> list[bytes]:
    """Good resource packs."""
    return [_zip(zipfile.ZIP_STORED), _zip(zipfile.ZIP_DEFLATED), _zip(zipfile.ZIP_BZIP2), _zip(zipfile.ZIP_LZMA)]


# Pillow cannot write interlaced PNG: seven passes of a grey picture of 8x8.
def _interlaced() -> bytes:
    sizes = ((1, 1), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4))
    raw = b"".join((b"\0" + bytes(range(width))) * height for width, height in sizes)
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 1)
    return join([(b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")])


_NUMBERS = (0, 1, 2, 3, 4, 7, 8, 15, 16, 127, 128, 255)
_WIDE = tuple(value.to_bytes(4, order) for value in (0, 1, 65535, 2**31 - 1, 2**31, 2**32 - 1)
              for order in ("little", "big"))  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn, files: Sequence[bytes]) -> bytes:
    """
    A good file with up to six faults: bytes overwritten, inserted, removed, doubled; truncated; two files spliced.
    """
    data = bytearray(draw(st.sampled_from(files)))
    for _ in range(draw(st.integers(1, 6))):
        # Headers have most of the meaning.
        reach = draw(st.sampled_from((32, 200, max(1, len(data)))))
        at = draw(st.integers(0, max(0, min(reach, len(data)) - 1)))
        fault = draw(st.integers(0, 7))
        if fault <= 1:
            data[at : at + 1] = bytes([draw(st.one_of(st.sampled_from(_NUMBERS), st.integers(0, 255)))])
        elif fault == 2:
            data[at : at + 4] = draw(st.sampled_from(_WIDE))
        elif fault == 3:
            data[at:at] = draw(st.binary(max_size=20))
        elif fault == 4:
            del data[at : at + draw(st.integers(1, 40))]
        elif fault == 5:
            data[at:at] = data[at : at + draw(st.integers(1, 200))]
        elif fault == 6:
            del data[at:]
        else:
            other = draw(st.sampled_from(files))
            data[at:] = other[min(at, len(other)) :]
    return bytes(data)


@st.composite
def spoilt_png(draw: st.DrawFn, files: Sequence[bytes]) -> bytes:
    """Like `spoilt`, but inside the chunks, whose checksums are corrected: tests what comes after the checksum."""
    parts = list(chunks(draw(st.sampled_from(files))))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(parts) - 1))
        kind, body = parts[at]
        fault = draw(st.integers(0, 4))
        if fault == 0 and kind == b"IDAT":
            raw = draw(spoilt([zlib.decompress(body)])) if _inflates(body) else body
            parts[at] = (kind, zlib.compress(raw))
        elif fault <= 1:
            parts[at] = (kind, draw(spoilt([body])) if body else draw(st.binary(max_size=8)))
        elif fault == 2:
            parts.insert(at, parts[draw(st.integers(0, len(parts) - 1))])
        elif fault == 3 and len(parts) > 1:
            del parts[at]
        else:
            new = draw(st.sampled_from((b"tRNS", b"PLTE", b"acTL", b"fcTL", b"fdAT", b"iCCP", b"zTXt", b"iTXt", b"eXIf",
                                        b"pHYs", b"gAMA", b"IHDR")))  # fmt: skip
            parts.insert(at, (new, draw(st.binary(max_size=40))))
    return join(parts)


def _inflates(body: bytes) -> bool:
    try:
        zlib.decompress(body)
    except zlib.error:
        return False
    return True
