"""State dicts and ONNX graphs with random damage: names, shapes, types and values that no training wrote."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

State = dict[str, Any]

_TYPES = ("float16", "bfloat16", "float64", "int64", "uint8", "bool", "complex64", "float8_e4m3fn", "float8_e5m2")
_OTHERS: tuple[Any, ...] = (None, 7, "text", b"bytes", [1, 2], {}, {"weight": 1}, float("nan"), 2**70)


def mutated(state: State, rng: random.Random) -> State:
    """A copy of the state with one to three mutations."""
    changed = dict(state)
    for _ in range(rng.randint(1, 3)):
        if changed:
            rng.choice(_MUTATIONS)(changed, rng.choice(sorted(changed, key=str)), rng)
    return changed


def _drop(state: State, key: str, rng: random.Random) -> None:
    del state[key]


def _drop_many(state: State, key: str, rng: random.Random) -> None:
    for other in [other for other in state if rng.random() < 0.3]:
        del state[other]


def _number(state: State, key: str, rng: random.Random) -> None:
    new = str(rng.choice([0, 1, 2, 7, 99, 12345, 10**9, 10**30]))
    state[re.sub(r"\d+", new, key, count=1)] = state[key]


def _rename(state: State, key: str, rng: random.Random) -> None:
    value = state.pop(key)
    state[rng.choice(["", "module." + key, key + ".x", key.upper(), "\x1b[31m" + key, key[::-1], "a" * 5000])] = value


def _shape(state: State, key: str, rng: random.Random) -> None:
    value = state[key]
    if isinstance(value, Tensor):
        ways: list[Callable[[], Tensor]] = [
            lambda: value[None],
            lambda: value.reshape(-1),
            lambda: value.reshape(-1)[:0],
            lambda: value[:1] if value.dim() else value,
            lambda: torch.cat([value, value]) if value.dim() else value,
            lambda: value.transpose(0, -1) if value.dim() else value,
            lambda: torch.zeros(()),
            lambda: torch.zeros(1).expand(rng.choice([10**4, 10**6]), 3, 1, 1),
            lambda: torch.zeros(rng.choice([10**5, 10**7]), 0, 3, 3),
        ]
        state[key] = rng.choice(ways)()


def _type(state: State, key: str, rng: random.Random) -> None:
    if isinstance(state[key], Tensor):
        state[key] = state[key].to(getattr(torch, rng.choice(_TYPES)))


def _values(state: State, key: str, rng: random.Random) -> None:
    value = state[key]
    if isinstance(value, Tensor) and value.is_floating_point():
        state[key] = torch.full_like(value, rng.choice([float("nan"), float("inf"), 1e38, 0.0, -1.0]))


def _other(state: State, key: str, rng: random.Random) -> None:
    state[key] = rng.choice(_OTHERS)


def _swap(state: State, key: str, rng: random.Random) -> None:
    other = rng.choice(sorted(state, key=str))
    state[key], state[other] = state[other], state[key]


_MUTATIONS = (_drop, _drop_many, _number, _number, _rename, _shape, _shape, _type, _values, _other, _swap)


def mutated_bytes(data: bytes, rng: random.Random) -> bytes:
    """Bytes with some changed, removed, repeated or cut off: for ONNX's files, which are protocol buffers."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(changed) + 1)
        way = rng.randrange(4)
        if way == 0 and at < len(changed):
            changed[at] = rng.randrange(256)
        elif way == 1:
            del changed[at : at + rng.randint(1, 16)]
        elif way == 2:
            changed[at:at] = changed[at : at + rng.randint(1, 16)]
        elif rng.random() < 0.2:
            del changed[at:]
    return bytes(changed)
