"""Pickles like those of NVIDIA's training code: persistent classes that carry their source with their state."""

from __future__ import annotations

import sys
import types

import pytest
import torch
from torch import Tensor


class _Persistent:
    """Pickles like NVIDIA's persistent classes: a constructor by name, with source code and state in one dict."""

    def __init__(self, name: str, state: dict[str, object]) -> None:
        self.name, self.state = name, state

    def __reduce__(self) -> tuple[object, ...]:
        meta = {
            "type": "class",
            "version": 6,
            "module_src": "import os\nos.environ['DEPIXEL_TEST_RAN'] = 'yes'\n",
            "class_name": self.name,
            "state": self.state,
        }
        return sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, (meta,)


def persistent_module(state: dict[str, Tensor], name: str = "Generator") -> _Persistent:
    """A module tree as persistent objects, from a flat state dict."""
    own: dict[str, object] = {
        "_parameters": {},
        "_buffers": {},
        "_modules": {},
        "training": False,
        "dtype": torch.float32,
    }
    children: dict[str, dict[str, Tensor]] = {}
    for key, value in state.items():
        head, _, rest = key.partition(".")
        if rest:
            children.setdefault(head, {})[rest] = value
        elif "noise_const" in key or "filter" in key or "avg" in key:
            own["_buffers"][key] = value  # type: ignore[index]
        else:
            own["_parameters"][key] = torch.nn.Parameter(value)  # type: ignore[index]
    own["_modules"] = {head: persistent_module(part, head) for head, part in children.items()}
    return _Persistent(name, own)


def name_persistence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module that these pickles name, present only while a test writes one."""
    package, module = types.ModuleType("torch_utils"), types.ModuleType("torch_utils.persistence")

    def _reconstruct_persistent_obj(meta: object) -> object:
        raise AssertionError("the converter ran the file's own constructor")

    _reconstruct_persistent_obj.__module__ = "torch_utils.persistence"
    _reconstruct_persistent_obj.__qualname__ = "_reconstruct_persistent_obj"
    module._reconstruct_persistent_obj = _reconstruct_persistent_obj  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch_utils", package)
    monkeypatch.setitem(sys.modules, "torch_utils.persistence", module)
