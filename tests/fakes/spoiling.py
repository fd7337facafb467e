"""Corrupts good bytes, fast: the input of benchmarks/fuzz.py, millions of times."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence

from depixel.files.png_chunks import chunks, join

_NUMBERS = (0, 1, 2, 3, 4, 7, 8, 15, 16, 127, 128, 254, 255)
_WIDE = (0, 1, 255, 256, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
_TOKENS = (
    b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\", b"null", b"true", b"NaN", b"-1", b"1e999", b"0.5", b"9" * 30,
    b"\\ud800", b"\xed\xa0\x80", b"../", b"\x00", b"\x1b[2J", b"\n", b"\r\n", b"%2e%2e/", b"[" * 300,
    b"=", b"'", b"#", b"*", b"(", b".", b"Infinity",
)  # fmt: skip
_PNG_CHUNKS = (b"tRNS", b"PLTE", b"acTL", b"fcTL", b"fdAT", b"iCCP", b"zTXt", b"iTXt", b"tEXt", b"eXIf", b"pHYs",
               b"gAMA", b"IHDR", b"sRGB", b"cHRM", b"bKGD", b"sPLT", b"tIME", b"grAb")  # fmt: skip


def spoil(rng: random.Random, examples: Sequence[bytes]) -> bytes:
    """One of the examples with one to six faults: bytes changed, inserted, removed, doubled; truncated; spliced."""
    data = bytearray(rng.choice(examples))
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4, 6))):
        length = len(data)
        reach = rng.choice((32, 200, length, length))  # headers have most of the meaning
        at = rng.randrange(max(1, min(reach, length)))
        fault = rng.randrange(10)
        if fault == 0:
            data[at : at + 1] = bytes((rng.choice(_NUMBERS),))
        elif fault == 1:
            data[at : at + 1] = bytes((rng.randrange(256),))
        elif fault == 2 and length:
            data[min(at, length - 1)] ^= 1 << rng.randrange(8)
        elif fault == 3:
            size = rng.choice((2, 4, 4, 8))
            data[at : at + size] = (rng.choice(_WIDE) % 256**size).to_bytes(size, rng.choice(("little", "big")))
        elif fault == 4:
            data[at:at] = rng.randbytes(rng.randrange(1, 20))
        elif fault == 5:
            del data[at : at + rng.randrange(1, 40)]
        elif fault == 6:
            data[at:at] = data[at : at + rng.randrange(1, 200)]
        elif fault == 7:
            data[at : at + rng.randrange(3)] = rng.choice(_TOKENS)
        elif fault == 8:
            del data[at:]
        else:
            other = rng.choice(examples)
            data[at:] = other[min(rng.randrange(len(other) + 1), len(other)) :]
    return bytes(data)


def spoil_png(rng: random.Random, examples: Sequence[bytes]) -> bytes:
    """Like `spoil`, but inside the chunks, whose checksums are corrected: tests what comes after the checksum."""
    parts = list(chunks(rng.choice(examples)))
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(parts))
        kind, body = parts[at]
        fault = rng.randrange(6)
        if fault == 0 and kind == b"IDAT":
            try:
                raw = zlib.decompress(body)
            except zlib.error:
                continue
            parts[at] = (kind, zlib.compress(spoil(rng, [raw]), 1))
        elif fault <= 2 and body:
            parts[at] = (kind, spoil(rng, [body]))
        elif fault == 3:
            parts.insert(at, rng.choice(parts))
        elif fault == 4 and len(parts) > 1:
            del parts[at]
        else:
            parts.insert(at, (rng.choice(_PNG_CHUNKS), rng.randbytes(rng.randrange(40))))
    return join(parts)
