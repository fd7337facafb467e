"""JSON from outside: a value, or one kind of error."""

from __future__ import annotations

import pytest

from depixel.client.json_text import parse_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'\xef\xbb\xbf{"a": [1, 2.5, null, true]}', {"a": [1, 2.5, None, True]}),
        ('"\\ud83d\\ude00 \\u00e4"', "\U0001f600 ä"),
        ("-12", -12),
        ("1e3", 1000.0),
    ],
)
def test_json_is_read(text: bytes | str, value: object) -> None:
    """Text, and UTF-8 with or without a byte order mark; surrogate pairs are one character."""
    assert parse_json(text) == value


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"\xff\xfe", b'"\xed\xa0\x80"', '"\\ud800"', '{"\\udc00": 1}', "NaN", "-Infinity", "[1e999]",
        "9" * 301, "[" * 100_000, '{"a":' * 100_000,
    ],
    ids=lambda text: repr(text[:12]),
)  # fmt: skip
def test_everything_else_is_one_error(text: bytes | str) -> None:
    """Damage, halves of surrogate pairs, invalid numbers, and endless nesting."""
    with pytest.raises(ValueError, match=r"\S"):
        parse_json(text)
