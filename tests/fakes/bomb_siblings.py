"""
More files of the kinds in `bombs`: the same attack in another format, another field, or with another value. They show
whether the readers withstand a whole kind of attack, or only one case of it.
"""

from __future__ import annotations

import io
import itertools
import json
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping

from bombs import (
    SIGNATURE,
    chunk,
    gif_frame,
    gif_head,
    header,
    jpeg_scans,
    png,
    riff_chunk,
    safetensors,
    scans_of,
    tiff,
    webp,
)
from PIL import Image


def _image(kind: str, size: tuple[int, int] = (8, 8), mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, 90).save(buffer, kind, **options)
    return buffer.getvalue()


def _png(size: tuple[int, int], depth: int, colour: int, row: int, interlaced: int = 0, *chunks: bytes) -> bytes:
    """Rows of zeros, `row` bytes each without the byte for the filter."""
    packer = zlib.compressobj(9)
    rows = b"".join([*(packer.compress(bytes(row + 1)) for _ in range(size[1])), packer.flush()])
    return png(header(*size, depth, colour, interlaced), rows, *chunks)


def _small_png(*chunks: bytes) -> bytes:
    return _png((8, 8), 8, 2, 24, 0, *chunks)


# Canvases that are much larger than what is drawn on them.


def webp_canvas() -> bytes:
    """An animation of 16384x16384 pixels, each frame of which has 8x8."""
    still = _image("WEBP", lossless=True)
    bits = still[12:]
    frame = bytes(6) + (7).to_bytes(3, "little") * 2 + (100).to_bytes(3, "little") + b"\0" + bits
    side = (16383).to_bytes(3, "little")
    size = riff_chunk(b"VP8X", b"\x02\0\0\0" + side + side)
    return webp(size, riff_chunk(b"ANIM", bytes(6)), *[riff_chunk(b"ANMF", frame)] * 50)


def gif_two_screens() -> bytes:
    """A small screen whose only frame claims 65535x65535 pixels beyond it."""
    return gif_head(8, 8) + gif_frame(65535) + b"\x3b"


def apng_canvas() -> bytes:
    """One bit deep, 8192x8192, and 500 frames of one pixel."""
    control = [struct.pack(">IIIIIHHBB", n and 2 * n - 1, 1 if n else 8192, 1 if n else 8192, 0, 0, 1, 9, 0, 0)
               for n in range(500)]  # fmt: skip
    dot = zlib.compress(bytes(2))
    packer = zlib.compressobj(9)
    rows = packer.compress(bytes(8192 * 1025)) + packer.flush()
    parts = [header(8192, 8192), chunk(b"acTL", struct.pack(">II", 500, 0)),
             chunk(b"fcTL", control[0]), chunk(b"IDAT", rows)]  # fmt: skip
    for number in range(1, 500):
        parts += [chunk(b"fcTL", control[number]), chunk(b"fdAT", struct.pack(">I", 2 * number) + dot)]
    return SIGNATURE + b"".join([*parts, chunk(b"IEND", b"")])


def tga_runs() -> bytes:
    """A run-length TGA that claims 65535x65535 pixels."""
    return struct.pack("<3B5x4H2B", 0, 0, 10, 0, 0, 65535, 65535, 32, 8) + b"\xff\0\0\0\0" * 40


def pcx_runs() -> bytes:
    """A PCX that claims 65535x65535 pixels in runs."""
    head = (
        struct.pack("<4B6H", 10, 5, 1, 8, 0, 0, 65534, 65534, 72, 72) + bytes(48) + struct.pack("<BBHH", 0, 3, 65535, 1)
    )
    return head.ljust(128, b"\0") + b"\xff\0" * 500


def qoi_runs() -> bytes:
    """A QOI of 8192x8192 pixels in runs of 62."""
    return b"qoif" + struct.pack(">II2B", 8192, 8192, 4, 0) + b"\xfd" * (8192 * 8192 // 62 + 1) + bytes(7) + b"\1"


def dds_mipmaps() -> bytes:
    """A DDS of 16384x16384 pixels with 2**31 mipmaps and no data."""
    head = struct.pack("<7I", 124, 0xA1007, 16384, 16384, 0, 0, 2**31) + bytes(44)
    return (
        b"DDS "
        + head
        + struct.pack("<2I4s5I", 32, 4, b"DXT1", 0, 0, 0, 0, 0)
        + struct.pack("<5I", 0x401008, 0, 0, 0, 0)
    )


def ico_many() -> bytes:
    """An icon with 65535 entries that are all the same picture."""
    picture = _image("PNG", (256, 256), "RGBA")
    entry = struct.pack("<4B2H2I", 0, 0, 0, 0, 1, 32, len(picture), 6 + 16 * 65535)
    return struct.pack("<3H", 0, 1, 65535) + entry * 65535 + picture


# Chunks and fields that end too early.


def png_text_unfinished() -> bytes:
    """tEXt and iTXt without their separators, zTXt of an unknown kind, broken compression, an empty name."""
    bodies = ((b"tEXt", b"Comment"), (b"iTXt", b"Comment\0\1\0en\0"), (b"iTXt", b"x\0"), (b"zTXt", b"x\0\7abc"),
              (b"iTXt", b"x\0\1\0en\0y\0" + b"\x78\x9c\xff"), (b"tEXt", b"\0"), (b"zTXt", b""))  # fmt: skip
    return _small_png(*(chunk(*body) for body in bodies))


def png_odd_extras() -> bytes:
    """eXIf, iCCP, pHYs, gAMA, cHRM, sBIT, bKGD, tIME and tRNS of the wrong length."""
    kinds = (b"eXIf", b"iCCP", b"pHYs", b"gAMA", b"cHRM", b"sBIT", b"bKGD", b"tIME", b"tRNS", b"sRGB", b"hIST", b"sPLT")
    return _small_png(*(chunk(kind, body) for kind in kinds for body in (b"", b"\0")))


def png_laughs() -> bytes:
    """XMP with entities that grow to gigabytes, and XMP that nests 100,000 deep."""
    names = "abcdefghij"
    lines = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in itertools.pairwise(names))
    laughs = f'<!DOCTYPE x [<!ENTITY a "ha">{lines}]><x>&j;</x>'
    texts = (laughs, "<x>" * 100_000)
    return _small_png(*(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + text.encode()) for text in texts))


def exif_circle() -> bytes:
    """A JPEG whose Exif directory is followed by itself and claims 2**32 - 1 values."""
    entries = struct.pack("<HHII", 0x9286, 7, 2**32 - 1, 8) + struct.pack("<HHII", 0x8769, 4, 1, 8)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + struct.pack("<I", 8)
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + _image("JPEG")[2:]


# Scans without end.


def jpeg_colour_scans() -> bytes:
    """A progressive JPEG in colour whose scans for one component are repeated."""
    return scans_of(Image.new("RGB", (2048, 2048), (9, 90, 190)), 2000, subsampling=0)


def tiff_of_scans() -> bytes:
    """A TIFF whose strip is a JPEG of 3000 scans."""
    return tiff(1024, 7, jpeg_scans(3000, 1024))


def blp_of_scans() -> bytes:
    """A Warcraft texture whose content is a JPEG of 3000 scans."""
    data = jpeg_scans(3000, 1024)
    head = b"BLP1" + struct.pack("<6I", 0, 0, 1024, 1024, 5, 0)
    return head + struct.pack("<16I", 160, *[0] * 15) + struct.pack("<16I", len(data), *[0] * 15) + bytes(4) + data


# Pictures that are valid and large.


def png_strip() -> bytes:
    """200,000 x 300 pixels."""
    return _png((200_000, 300), 1, 0, 25_000)


def png_deep() -> bytes:
    """8192x8192 pixels of 16 bits with alpha."""
    return _png((8192, 8192), 16, 6, 8192 * 8)


def png_woven() -> bytes:
    """8000x8000 interlaced pixels that the file does not have."""
    return _png((8000, 8000), 8, 6, 100, 1)


def ora_merged() -> bytes:
    """An OpenRaster document with the right first entry whose merged picture unpacks to a gigabyte."""
    return _document("image/openraster")


def kra_merged() -> bytes:
    """The same as a Krita document."""
    return _document("application/x-krita")


def _document(kind: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("mimetype", kind)
        archive.writestr("stack.xml", "<image>" * 100_000)
        archive.writestr("maindoc.xml", "<DOC>" * 100_000)
        with archive.open(_deflated("mergedimage.png"), "w", force_zip64=True) as entry:
            entry.write(SIGNATURE + header(8, 8, 8, 2))
            for _ in range(1024):
                entry.write(bytes(2**20))
    return buffer.getvalue()


def _deflated(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def aseprite_cel() -> bytes:
    """An Aseprite file with a cel of 60,000 x 60,000 pixels in a few bytes."""
    cel = struct.pack("<HhhBH7xHH", 0, 0, 0, 255, 2, 60_000, 60_000) + zlib.compress(bytes(2**20))
    parts = b"".join(
        struct.pack("<IH", len(body) + 6, kind) + body for kind, body in ((0x2004, _layer()), (0x2005, cel))
    )
    frame = struct.pack("<IHHH2xI", 16 + len(parts), 0xF1FA, 2, 100, 2) + parts
    head = struct.pack("<IHHHHHIHII", 128 + len(frame), 0xA5E0, 1, 65535, 65535, 32, 1, 100, 0, 0)
    return head.ljust(128, b"\0") + frame


def _layer() -> bytes:
    return struct.pack("<HHHHHHB3xH", 1, 0, 0, 0, 0, 0, 255, 1) + b"a"


PICTURES: dict[str, Callable[[], bytes]] = {
    "canvas.webp": webp_canvas, "screens.gif": gif_two_screens, "canvas.apng": apng_canvas, "runs.tga": tga_runs,
    "runs.pcx": pcx_runs, "runs.qoi": qoi_runs, "mipmaps.dds": dds_mipmaps, "many.ico": ico_many,
    "unfinished.png": png_text_unfinished, "extras.png": png_odd_extras, "laughs.png": png_laughs,
    "circle.jpg": exif_circle, "colour_scans.jpg": jpeg_colour_scans, "scans.tif": tiff_of_scans,
    "scans.blp": blp_of_scans, "strip.png": png_strip, "deep.png": png_deep, "woven.png": png_woven,
    "merged.ora": ora_merged, "merged_too.kra": kra_merged, "cel.aseprite": aseprite_cel,
}  # fmt: skip
"""Like `bombs.PICTURES`."""


# Packs: entries with impossible names, dates and methods, and descriptions of every odd shape.


def _pack(more: Mapping[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    place = "assets/minecraft/textures/block"
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pack.mcmeta", json.dumps({"pack": {"pack_format": 15, "description": "x"}}))
        archive.writestr(f"{place}/good.png", _small_png())
        for name, data in more.items():
            archive.writestr(name.replace("@", place), data)
    return buffer.getvalue()


def zip_odd_descriptions() -> bytes:
    """Numbers of 100,000 digits, infinity, wrong kinds, no UTF-8, an empty file: beside textures and as pack.mcmeta."""
    texts: dict[str, bytes | str] = {
        "digits": '{"animation":{"frametime":' + "9" * 100_000 + "}}", "infinite": '{"animation":{"frametime":1e999}}',
        "nan": '{"animation":{"height":NaN,"width":-1}}', "list": "[]", "null": "null", "text": '"animation"',
        "latin": b"\xff\xfe\0{", "empty": b"", "frames": '{"animation":{"frames":[{"index":1e99},-1,"x",null,[]]}}',
        "unicode": '{"animation":{"frames":["\\ud800"]}}', "closing": "]" * 50_000, "objects": '{"a":' * 50_000,
    }  # fmt: skip
    entries: dict[str, bytes | str] = {f"@/{name}.png.mcmeta": text for name, text in texts.items()}
    return _pack({**entries, **{f"@/{name}.png": _small_png() for name in texts}, "x/pack.mcmeta": "[" * 100_000})


def zip_unsafe_names() -> bytes:
    """An entry that would lead out of the output folder."""
    return _pack({"a/../../b.png": _small_png()})


def zip_odd_names() -> bytes:
    """Entries named ".", with NUL, of 60,000 letters; a folder of a file's name; names that differ only in case."""
    names = (
        ".",
        "b\0.png",
        "n" * 60_000 + ".png",
        "CON.png",
        "b.png/c.png",
        " .png",
        "é.png",
        "e\u0301.png",
        "B.PNG",
        "b.png",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile mentions a name that comes twice
        return _pack(dict.fromkeys(names, _small_png()))


def zip_link() -> bytes:
    """A symbolic link to a file of the system."""
    data = bytearray(_pack({"link.png": b"/etc/passwd"}))
    _set(data, b"link.png", 38, struct.pack("<I", 0xA1FF0000))
    return bytes(data)


def zip_odd_dates() -> bytes:
    """Dates of month 0 and of second 62, a wrong checksum, a folder with content."""
    pictures = dict.fromkeys(("month.png", "second.png", "sum.png"), _small_png())
    data = bytearray(_pack({**pictures, "folder/": b"content"}))
    for name, at, value in (("month", 12, 0), ("second", 12, 0xFFFFFFFF), ("sum", 16, 7)):
        _set(data, name.encode() + b".png", at, struct.pack("<I", value))
    return bytes(data)


def zip_odd_method() -> bytes:
    """An entry that is packed by a method that nobody knows."""
    data = bytearray(_pack({"method.png": _small_png()}))
    _set(data, b"method.png", 10, struct.pack("<H", 98))
    return bytes(data)


# Overwrite a field of an entry's record in the central directory.
def _set(data: bytearray, name: bytes, at: int, value: bytes) -> None:
    record = data.rindex(name) - 46
    data[record + at : record + at + len(value)] = value


def zip_side_files() -> bytes:
    """Descriptions of sheets and fonts that nest, repeat and grow without end."""
    laughs = (
        '<!DOCTYPE x [<!ENTITY a "'
        + "ha" * 5000
        + '"><!ENTITY b "'
        + "&a;" * 5000
        + '">]><TextureAtlas>&b;</TextureAtlas>'
    )
    frames = ",".join(f'"{number}":{{}}' for number in range(50_000))
    return _pack({
        "sheet.json": "[" * 100_000, "atlas.json": '{"frames":{' + frames + "}}", "sheet.xml": laughs,
        "deep.xml": "<a>" * 100_000, "font.fnt": "char id=" + "9" * 100_000, "sheet.png": _small_png(),
        "atlas.png": _small_png(), "deep.png": _small_png(), "font.png": _small_png(),
    })  # fmt: skip


ARCHIVES: dict[str, Callable[[], bytes]] = {
    "odd_descriptions.zip": zip_odd_descriptions,
    "unsafe_names.zip": zip_unsafe_names,
    "odd_names.zip": zip_odd_names,
    "link.zip": zip_link,
    "odd_dates.zip": zip_odd_dates,
    "odd_method.zip": zip_odd_method,
    "side_files.zip": zip_side_files,
}
"""Like `bombs.ARCHIVES`."""


def _archive(pickle: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("x/data.pkl", pickle)
        archive.writestr("x/version", "3\n")
        archive.writestr("x/data/0", bytes(16))
    return buffer.getvalue()


WEIGHTS: dict[str, Callable[[], bytes]] = {
    "nan.safetensors": lambda: safetensors(b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}', bytes(4)),
    "twice.safetensors": lambda: safetensors(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        bytes(4),
    ),
    "wide.safetensors": lambda: safetensors(b'{"__metadata__":{"config":"' + b"[" * 100_000 + b'"}}'),
    "e5.safetensors": lambda: safetensors(b'{"a":{"dtype":"F8_E5M2","shape":[4],"data_offsets":[0,4]}}', bytes(4)),
    "frame.pth": lambda: b"\x80\x04\x95" + b"\xff" * 8 + b"N.",
    "bytes8.pth": lambda: b"\x80\x04\x8e" + b"\xff" * 7 + b"\x3f.",
    "extension.pth": lambda: b"\x80\x02\x84\xff\xff\xff\x7f.",
    "dictionary.pth": lambda: _archive(b"\x80\x02" + b"}" + b"h\0h\0s" * 1000 + b"."),
    "deep.pth": lambda: _archive(b"\x80\x02" + b"(" * 60_000 + b"N" + b"t" * 60_000 + b"."),
    "reference.pth": lambda: _archive(b"\x80\x02(X\x07\0\0\0storageNNNNtQ."),
}
"""Like `bombs.WEIGHTS`."""
