"""
Animated PNG assembled from stills (APNG specification 1.0). Pillow's writer merges equal neighbours and crops frames,
but game engines and sprite tools expect whole frames.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction

from depixel.files.png_chunks import join


def join_frames(
    bodies: Sequence[list[tuple[bytes, bytes]]],
    durations: Sequence[float],
    loop: int,
    extras: tuple[list[tuple[bytes, bytes]], list[tuple[bytes, bytes]]],
) -> bytes:
    """
    One APNG from stills of one size and mode.

    Args:
        bodies: the chunks of each still.
        durations: milliseconds per frame; empty = 100 each.
        loop: number of repetitions, 0 = endless.
        extras: chunks to insert before and after the palette (profile, text ...; background).
    """
    header = bodies[0][0]
    parts: list[tuple[bytes, bytes]] = [header, (b"acTL", struct.pack(">II", len(bodies), max(0, loop))), *extras[0]]
    parts += [part for part in bodies[0] if part[0] in (b"PLTE", b"tRNS")]
    parts += extras[1]
    sequence = 0
    for number, body in enumerate(bodies):
        numerator, denominator = _delay(durations[number] if durations else 100.0)
        place = header[1][:8] + struct.pack(">II", 0, 0)  # whole size, at the origin
        keep = struct.pack(
            ">HHBB", numerator, denominator, 0, 0
        )  # keep the frame afterwards; replace the pixels below it
        parts.append((b"fcTL", struct.pack(">I", sequence) + place + keep))
        sequence += 1
        for kind, data in body:
            if kind != b"IDAT":
                continue
            if number == 0:
                parts.append((b"IDAT", data))
            else:
                parts.append((b"fdAT", struct.pack(">I", sequence) + data))
                sequence += 1
    return join([*parts, (b"IEND", b"")])


# Seconds as a fraction of two 16-bit numbers.
def _delay(milliseconds: float) -> tuple[int, int]:
    seconds = Fraction(milliseconds / 1000).limit_denominator(1000)
    if seconds.numerator > 65535:
        return 65535, 1
    return seconds.numerator, seconds.denominator
