"""
A zlib stream (RFC 1950) compressed in bands on several threads: compressing a large PNG takes a fifth as long as
computing it. The bytes do not depend on the number of threads.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

BAND = 2**21
"""Bytes of a band before compression: so large that the missing history at its start costs less than 0.1%."""

_HEAD = b"\x78\x5e"  # deflate with a window of 32 kB, compressed quickly
_RAW = -15  # zlib: no head and no checksum, a window of 2**15 bytes
_MEMORY = 9
_MODULUS = 65521  # of Adler-32


def stream(bands: Sequence[Callable[[], bytes]], level: int, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    """
    The whole stream.

    Args:
        bands: each returns its bytes, and may be called on any thread.
        level, strategy: as for zlib.compressobj.
    """
    works = [partial(_deflated, band, level, strategy, band is bands[-1]) for band in bands]
    if len(works) == 1:
        results = [works[0]()]
    else:
        with ThreadPoolExecutor(min(len(works), os.cpu_count() or 1)) as pool:
            results = list(pool.map(lambda work: work(), works))
    checksum = 1
    for _, own, length in results:
        checksum = _joined(checksum, own, length)
    return b"".join([_HEAD, *(packed for packed, *_ in results), checksum.to_bytes(4, "big")])


# The compressed bytes, the Adler-32 of the plain ones, and their number.
def _deflated(band: Callable[[], bytes], level: int, strategy: int, last: bool) -> tuple[bytes, int, int]:
    data = band()
    compressor = zlib.compressobj(level, zlib.DEFLATED, _RAW, _MEMORY, strategy)
    packed = compressor.compress(data) + compressor.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)
    return packed, zlib.adler32(data), len(data)


# The Adler-32 of two parts from those of each (RFC 1950, section 8.2): a = 1 + sum of bytes; b = sum of all a.
def _joined(before: int, after: int, length: int) -> int:
    low = ((before & 0xFFFF) + (after & 0xFFFF) - 1) % _MODULUS
    high = ((before >> 16) + (after >> 16) + length * ((before & 0xFFFF) - 1)) % _MODULUS
    return high << 16 | low
