"""Ambiguous archives, or archives with a program in them, are refused; torch's own are read as torch reads them."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from depixel.errors import WeightsError
from depixel.priors.importers.unpickler import read_torch


def saved(content: object, **options: Any) -> bytes:
    out = io.BytesIO()
    torch.save(content, out, **options)
    return out.getvalue()


GOOD = saved({"a.weight": torch.arange(6.0).reshape(2, 3)})
OTHER = saved({"a.weight": torch.full((2, 3), 9.0)})


def end_of(data: bytes) -> tuple[int, int]:
    """Offsets of the table of contents and of the end record."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.start_dir, data.rindex(b"PK\x05\x06")


def one_behind_the_other() -> bytes:
    return OTHER + GOOD


def appended() -> bytes:
    return GOOD + OTHER


def two_tables() -> bytes:
    table, end = end_of(GOOD)
    return GOOD[:table] + GOOD[table:end] + GOOD[table:]


def comment() -> bytes:
    end = end_of(GOOD)[1]
    return GOOD[: end + 20] + struct.pack("<H", 4) + b"PK\x05\x06"


def hidden_bytes() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as source, zipfile.ZipFile(out, "w") as target:
        for number, info in enumerate(source.infolist()):
            if number == 1:
                target.fp.write(b"x" * 5000)  # type: ignore[union-attr]
                target.start_dir = target.fp.tell()  # type: ignore[union-attr]
            target.writestr(info.filename, source.read(info))
    return out.getvalue()


def rewritten(change: Callable[[dict[str, bytes]], list[tuple[str, bytes]]], method: int = zipfile.ZIP_STORED) -> bytes:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as source:
        entries = {info.filename: source.read(info) for info in source.infolist()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as target:
        for name, data in change(entries):
            target.writestr(name, data)
    return out.getvalue()


def renamed_in_place() -> bytes:
    data = bytearray(GOOD)
    at = data.index(b"archive/data/0") if b"archive/data/0" in data else data.index(b"/data/0") + 0
    data[at + 2 : at + 3] = b"#"
    return bytes(data)


HOSTILE = {
    "another archive before it": one_behind_the_other,
    "another archive behind it": appended,
    "two tables of contents": two_tables,
    "an end inside the comment": comment,
    "bytes of no entry": hidden_bytes,
    "names that disagree": renamed_in_place,
    "compressed": lambda: rewritten(lambda e: list(e.items()), zipfile.ZIP_DEFLATED),
    "two pickles": lambda: rewritten(lambda e: [*e.items(), ("other/data.pkl", b"\x80\x02}.")]),
    "torchscript": lambda: rewritten(lambda e: [*e.items(), ("archive/constants.pkl", b"\x80\x02).")]),
    "a missing tensor": lambda: rewritten(lambda e: [(n, d) for n, d in e.items() if not n.endswith("data/0")]),
    "a short tensor": lambda: rewritten(lambda e: [(n, d[:8] if n.endswith("data/0") else d) for n, d in e.items()]),
    "ends within a number": lambda: rewritten(
        lambda e: [(n, d[:7] if n.endswith("data/0") else d) for n, d in e.items()]
    ),
    "big-endian": lambda: rewritten(lambda e: [(n, b"big" if n.endswith("byteorder") else d) for n, d in e.items()]),
}


@pytest.mark.parametrize("way", sorted(HOSTILE))
def test_an_archive_has_one_reading_or_none(way: str) -> None:
    """Each trick gives one sentence; neither interpretation is used."""
    with pytest.raises(WeightsError, match=r"^x\.pth .*\.$"):
        read_torch(HOSTILE[way](), "x.pth")


@pytest.mark.filterwarnings("ignore:.*storage")
def test_good_archives_are_read_as_torch_reads_them(tmp_path: Path) -> None:
    """Views, shared storages, several types, nothing at all, parameters, nested tables; new and old form."""
    base = torch.arange(24.0)
    content = {
        "view": base.reshape(4, 6)[:, 1:3],
        "shared": base[3:9],
        "half": torch.ones(3, dtype=torch.float16),
        "brain": torch.ones(3, dtype=torch.bfloat16),
        "long": torch.arange(4),
        "flag": torch.tensor([True, False]),
        "empty": torch.zeros(0, 4),
        "number": torch.tensor(2.5),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "nested": {"lr": 0.1, "name": "x", "more": [1, None, (2, "y")]},
    }
    for old in (False, True):
        data = saved(content, _use_new_zipfile_serialization=not old)
        ours = read_torch(data, "x.pth")
        theirs = torch.load(io.BytesIO(data), weights_only=True)

        assert list(ours) == list(theirs)
        assert ours["nested"] == theirs["nested"]
        for key, value in theirs.items():
            if isinstance(value, torch.Tensor):
                assert ours[key].dtype == value.dtype and torch.equal(ours[key], value)


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_cut_file_is_one_sentence(cut: int) -> None:
    """Half a download."""
    with pytest.raises(WeightsError, match=r"^x\.pth .*\.$"):
        read_torch(GOOD[: len(GOOD) * cut // 12], "x.pth")


def test_every_single_changed_byte_is_harmless() -> None:
    """A byte flipped anywhere: the same keys, or one sentence; never another kind of error."""
    for at in range(0, len(GOOD), 7):
        data = bytearray(GOOD)
        data[at] ^= 0xFF
        try:
            content = read_torch(bytes(data), "x.pth")
        except WeightsError:
            continue
        assert content is not None
