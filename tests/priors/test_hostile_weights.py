"""Malicious weights files: each is refused with one sentence, none of it runs, and nothing crashes."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from persistent import name_persistence, persistent_module
from plain_stylegan import two

from depixel.errors import WeightsError
from depixel.priors.importers import check_tensors, convert_file
from depixel.priors.weights import load_weights


def text(word: str) -> bytes:
    return b"\x8c" + bytes([len(word)]) + word.encode()  # SHORT_BINUNICODE


def stack_global(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


def evil(marker: Path) -> dict[str, bytes]:
    """Pickles that would touch `marker`, one for each way to name and call an object."""
    system = stack_global("os", "system")
    command = text(f"touch {marker}")
    return {
        "REDUCE": b"\x80\x04" + system + command + b"\x85R.",
        "REDUCE, old name": b"\x80\x02cos\nsystem\nX" + struct.pack("<I", len(command) - 2) + command[2:] + b"\x85R.",
        "posix": b"\x80\x04" + stack_global("posix", "system") + command + b"\x85R.",
        "INST": b"(S'touch " + str(marker).encode() + b"'\nios\nsystem\n.",
        "OBJ": b"(cos\nsystem\nS'touch " + str(marker).encode() + b"'\no.",
        "NEWOBJ": b"\x80\x04" + stack_global("subprocess", "Popen") + command + b"\x85\x81.",
        "NEWOBJ_EX": b"\x80\x04" + stack_global("subprocess", "Popen") + command + b"\x85}\x92.",
        "BUILD of a known class": b"\x80\x04"
        + stack_global("dnnlib", "EasyDict")
        + b")\x81}"
        + text("__reduce__")
        + system
        + b"sb.",
        "eval": b"\x80\x04" + stack_global("builtins", "eval") + command + b"\x85R.",
        "getattr": b"\x80\x04" + stack_global("builtins", "getattr") + system + text("x") + b"\x86R.",
        "a dotted name": b"\x80\x04" + stack_global("torch", "serialization.os.system") + command + b"\x85R.",
        "through the memo": b"\x80\x04"
        + text("os")
        + b"\x94"
        + text("system")
        + b"\x940h\x00h\x01\x93"
        + command
        + b"\x85R.",
        "EXT": b"\x80\x02\x82\x01" + command + b"\x85R.",
        "persistent id": b"\x80\x04" + system + command + b"\x85RQ.",
        "dtype as a class": b"\x80\x04" + stack_global("torch", "load") + command + b"\x85R.",
        "codecs": b"\x80\x04" + stack_global("_codecs", "encode") + command + text("rot13") + b"\x86R.",
        "after a good start": b"\x80\x04}" + text("G_ema") + system + command + b"\x85Rs.",
    }


@pytest.mark.parametrize("container", ["plain", "archive", "archive, legacy name"])
@pytest.mark.parametrize("way", sorted(evil(Path("x"))))
def test_no_way_to_call_anything_works(way: str, container: str, tmp_path: Path) -> None:
    """Every opcode that names or builds an object, bare and inside torch's archive: one sentence, no call."""
    marker, path = tmp_path / "ran", tmp_path / ("g.pkl" if container == "plain" else "g.pt")
    data = evil(marker)[way]
    if container == "plain":
        path.write_bytes(data)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("g/data.pkl" if container == "archive" else "archive/data.pkl", data)
            archive.writestr("g/version" if container == "archive" else "archive/version", "3\n")
    with pytest.raises(WeightsError, match=r"^g\.p.*\.$"):
        convert_file(path)
    assert not marker.exists()


def nested() -> bytes:
    return b"\x80\x02}(" + b")" + b"\x85" * 300_000 + b"Nu."


HEAVY: dict[str, Callable[[], bytes]] = {
    "memo of two thousand million": lambda: b"\x80\x02Nr\xff\xff\xff\x7f.",
    "text memo": lambda: b"Np99999999999\n.",
    "tuples in tuples": nested,
    "bytes without end": lambda: b"\x80\x04\x8e" + struct.pack("<Q", 1 << 45) + b"x.",
    "text without end": lambda: b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b"x.",
    "frame without end": lambda: b"\x80\x04\x95" + struct.pack("<Q", 1 << 50) + b"N.",
    "a number without end": lambda: b"\x80\x02\x8b\xff\xff\xff\x7f1.",
    "lists in lists": lambda: b"\x80\x02" + b"]" * 20_000 + b"a" * 19_999 + b".",
}


@pytest.mark.parametrize("suffix", [".pkl", ".pt"])
@pytest.mark.parametrize("what", sorted(HEAVY))
def test_what_only_fills_the_memory_is_refused(what: str, suffix: str, tmp_path: Path) -> None:
    """A few bytes that ask for gigabytes, or overflow the stack by their depth, give one sentence."""
    path = tmp_path / f"g{suffix}"
    path.write_bytes(HEAVY[what]())
    with pytest.raises(WeightsError, match=r"^g\.p.*\.$"):
        convert_file(path)
    with zipfile.ZipFile(tmp_path / "z.pt", "w") as archive:
        archive.writestr("z/data.pkl", HEAVY[what]())
        archive.writestr("z/version", "3\n")
    with pytest.raises(WeightsError, match=r"^z\.pt.*\.$"):
        convert_file(tmp_path / "z.pt")


class _Call:
    """Pickles as a call of `function`."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[object, ...]:
        return self.function, self.arguments


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
def test_one_number_cannot_claim_to_be_many(tmp_path: Path) -> None:
    """A tensor with strides of 0 would need gigabytes once copied: refused in a pickle and in torch's archive."""
    huge = torch.zeros(1).expand(1 << 20, 1 << 20)
    torch.save({"style.1.weight": huge}, tmp_path / "g.pt")
    storage = _Call(torch.storage._load_from_bytes, _bytes_of(torch.zeros(1).storage()))
    tensor = _Call(torch._utils._rebuild_tensor_v2, storage, 0, (1 << 20, 1 << 20), (0, 0), False, {})
    (tmp_path / "g.pkl").write_bytes(pickle.dumps({"G_ema": {"_parameters": {"x": tensor}}}))
    for name in ("g.pt", "g.pkl"):
        with pytest.raises(WeightsError, match="claims more numbers"):
            convert_file(tmp_path / name)


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
@pytest.mark.parametrize(("size", "offset"), [((3 * 10**9,), 0), ((1,), 2 * 10**9), ((2, 10**9), 0)])
def test_a_tensor_does_not_make_its_storage_longer(size: tuple[int, ...], offset: int, tmp_path: Path) -> None:
    """A few hundred bytes with a tensor that reaches beyond its storage: refused before memory is allocated."""
    storage = _Call(torch.storage._load_from_bytes, _bytes_of(torch.zeros(1, dtype=torch.uint8).storage()))
    stride = (1,) * len(size)
    tensor = _Call(torch._utils._rebuild_tensor_v2, storage, offset, size, stride, False, {})
    (tmp_path / "g.pkl").write_bytes(pickle.dumps({"G_ema": {"_parameters": {"x": tensor}}}))

    started = time.perf_counter()
    with pytest.raises(WeightsError, match="claims more numbers"):
        convert_file(tmp_path / "g.pkl")

    assert time.perf_counter() - started < 20  # three gigabytes take longer


def _bytes_of(storage: Any) -> bytes:
    out = io.BytesIO()
    torch.save(storage, out, _use_new_zipfile_serialization=False)
    return out.getvalue()


def test_a_squeezed_archive_is_refused(tmp_path: Path) -> None:
    """Megabytes of zeros in a few kilobytes are not what torch.save writes."""
    with zipfile.ZipFile(tmp_path / "g.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("g/data.pkl", pickle.dumps({}, 2))
        archive.writestr("g/data/0", bytes(1 << 22))
    with pytest.raises(WeightsError, match="unpacks to more"):
        convert_file(tmp_path / "g.pt")


def test_a_compiled_program_is_not_weights(tmp_path: Path) -> None:
    """TorchScript is code: the sentence says so."""
    with zipfile.ZipFile(tmp_path / "g.pt", "w") as archive:
        archive.writestr("g/data.pkl", pickle.dumps({}, 2))
        archive.writestr("g/code/__torch__.py", "import os")
    with pytest.raises(WeightsError, match="compiled program"):
        convert_file(tmp_path / "g.pt")


@pytest.mark.parametrize("again", ["itself", "twice, forty times over"])
def test_modules_that_hold_one_another_without_end(again: str, tmp_path: Path) -> None:
    """A module that contains itself, and a small chain that unrolls to a trillion parts."""
    module: dict[str, Any] = {"_parameters": {}, "_modules": {}}
    if again == "itself":
        module["_modules"]["a"] = module
    else:
        for _ in range(40):
            module = {"_parameters": {}, "_modules": {"a": module, "b": module}}
    (tmp_path / "g.pkl").write_bytes(pickle.dumps({"G_ema": module}))
    with pytest.raises(WeightsError, match="endlessly"):
        convert_file(tmp_path / "g.pkl")


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
def test_odd_insides_of_a_good_network_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters that are not a dict, names that are numbers, sparse and complex tensors: a sentence, no traceback."""
    name_persistence(monkeypatch)
    for change in (
        {"mapping.fc0.weight": torch.zeros(7, 5).to_sparse()},
        {"mapping.fc0.weight": torch.zeros(7, 5, dtype=torch.complex64)},
        {"synthesis.b999999999.conv1.weight": torch.zeros(1)},
    ):
        torch.save(two((6, 4), 5, 7, 2, "skip") | change, tmp_path / "g.pt")
        with pytest.raises(WeightsError):
            convert_file(tmp_path / "g.pt")
    for module in ([1, 2], {"_parameters": 3, "_modules": [4]}, {"_parameters": {5: torch.zeros(1)}}):
        (tmp_path / "g.pkl").write_bytes(pickle.dumps({"G_ema": module}))
        with pytest.raises(WeightsError):
            convert_file(tmp_path / "g.pkl")
    whole = pickle.dumps({"G_ema": persistent_module(two((6, 4), 5, 7, 2, "skip"))})
    for length in range(1, len(whole), len(whole) // 40):
        (tmp_path / "g.pkl").write_bytes(whole[:length])
        with pytest.raises(WeightsError):
            convert_file(tmp_path / "g.pkl")


def test_numbers_of_eight_bits_are_a_sentence() -> None:
    """torch cannot even check Float8 for finite values: the sentence names the type and a way out."""
    state = {"style.1.weight": torch.zeros(4, 4).to(torch.float8_e4m3fn)}
    with pytest.raises(
        WeightsError, match="stored as float8_e4m3fn, which Depixel cannot use; choose weights in float16"
    ):
        check_tensors(state, "g.safetensors")


def test_tensorflow_networks_are_named(tmp_path: Path) -> None:
    """The first releases' pickles are TensorFlow networks: the sentence says which ones to look for."""
    (tmp_path / "g.pkl").write_bytes(b"\x80\x02cdnnlib.tflib.network\nNetwork\n)\x81.")
    with pytest.raises(WeightsError, match="TensorFlow"):
        convert_file(tmp_path / "g.pkl")
    assert "DEPIXEL_TEST_RAN" not in os.environ


@pytest.mark.parametrize("config", ["[" * 9000 + "]" * 9000, "1" + "0" * 17000, "[]", "7", '"x"', "{", ""])
def test_a_configuration_that_is_none(config: str, tmp_path: Path) -> None:
    """A few kilobytes of header: endless nesting, an endless number, not a table; each gives one sentence."""
    header = json.dumps({"__metadata__": {"config": config}}).encode()
    path = tmp_path / "own.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header)

    with pytest.raises(WeightsError, match=r"own\.safetensors cannot be read as weights"):
        load_weights(str(path))


def test_a_long_name_does_not_fill_the_sentence() -> None:
    """The name of a tensor comes from the file."""
    with pytest.raises(WeightsError, match=r"^n\.pth: a{97}\.\.\. holds values") as caught:
        check_tensors({"a" * 5000: torch.full((2,), float("nan"))}, "n.pth")
    assert len(str(caught.value)) < 300
