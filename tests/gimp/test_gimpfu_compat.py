"""Filters declared in gimpfu's way: checked arguments on GIMP 3, and the same declarations on a real gimpfu."""

from __future__ import annotations

import importlib.util
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import depixel.client

PLUG_IN = Path(__file__).resolve().parents[2] / "plugins" / "gimp" / "depixel-gimp"
HERE = Path(__file__).resolve().parent

_DECLARE = """
import sys
sys.path[:0] = [{here!r}, {plug_in!r}]
import fake_gimpfu
sys.modules["gimpfu"] = fake_gimpfu
from gimpfu_compat import *
calls = []
register("python-fu-x", "b", "h", "a", "c", "d", "X...", "RGB*", [(PF_IMAGE, "image", "I", None),
    (PF_LAYERS, "drawables", "L", None), (PF_SLIDER, "amount", "A", 5, (0, 10, 1), "help")], [],
    lambda image, layers, amount: calls.append((image, layers, amount)), menu="<Image>/Filters", on_dialog=len)
main()
found = fake_gimpfu.registered[0]
assert found["params"] == [(13, "image", "I", None), (16, "drawables", "L", None), (1001, "amount", "A", 5, (0, 10, 1))]
found["function"]("image", "drawable", 7)
assert calls == [("image", ["drawable"], 7)], calls
assert fake_gimpfu.mains == [1]
print("good")
"""


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, PLUG_IN / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def compat() -> ModuleType:
    """The module as GIMP 3 sees it: there is no gimpfu."""
    return _load("gimpfu_compat")


@pytest.mark.parametrize("python", [sys.executable, "python2.7"])
def test_the_same_declaration_works_on_a_real_gimpfu(python: str, tmp_path: Path) -> None:
    """On GIMP 2.10, under its Python 2.7, declarations reach gimpfu's register() in the form it knows."""
    kept = sorted(Path.home().glob(f".pyenv/versions/2.7*/bin/{python}"))  # pyenv's own shim refuses to run it
    program = str(kept[-1]) if kept else shutil.which(python)
    if program is None or subprocess.run([program, "-c", "0"], capture_output=True, check=False).returncode:
        pytest.skip(f"{python} is not on this machine")
    script = tmp_path / "declare.py"
    script.write_text(_DECLARE.format(here=str(HERE), plug_in=str(PLUG_IN)))

    done = subprocess.run([program, "-B", str(script)], capture_output=True, text=True, check=False)

    assert done.stdout.strip() == "good", done.stderr


@pytest.mark.parametrize(
    ("entry", "good", "bad"),
    [
        ((2, "n", "N", 1), 5, 2**31),
        ((0, "n", "N", 1), 255, 256),
        ((1001, "n", "N", 4, (2, 64, 1)), 64, 65),
        ((1002, "n", "N", 0.5, (0, 1, 0.1)), 0.25, 1.5),
        ((1008, "n", "N", "a", (("A", "a"), ("B", "b"))), "b", "c"),
        ((1013, "n", "N", 0, ("one", "two")), 1, 2),
    ],
)
def test_values_out_of_range_are_refused(compat: ModuleType, entry: tuple[Any, ...], good: object, bad: object) -> None:
    """... by the parameter's name; GIMP itself would go on with the default."""
    parameter = compat.Parameter(entry)

    assert parameter.check(good) == good
    with pytest.raises(ValueError, match=r"^n must be"):
        parameter.check(bad)


def test_names_follow_gimpfu(compat: ModuleType) -> None:
    """Prefix and menu path as gimpfu does; GIMP 3 wants hyphens."""
    label, params = "<Image>/Filters/Mine/My filter...", [(3, "a_b", "A", 1.0)]
    registration = compat.Registration("my_filter", "b", "h", "a", "c", "d", label, "*", params, [], None, None, None)

    assert registration.name == "python-fu-my-filter"
    assert (registration.menu, registration.label) == ("<Image>/Filters/Mine", "My filter...")
    assert registration.params[0].name == "a-b"


def test_unknown_parameter_types_are_refused(compat: ModuleType) -> None:
    """A filter that needs a brush chooser fails when it is declared, with the name of the parameter."""
    with pytest.raises(ValueError, match="tip"):
        compat.register("x", "", "", "", "", "", "X", "*", [(compat.PF_BRUSH, "tip", "Tip", None)], [], None)


def test_the_plug_in_declares_three_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every option of the client is an argument, with the client's default, in the client's order."""
    monkeypatch.syspath_prepend(str(PLUG_IN))
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setitem(sys.modules, "depixel_client", depixel.client)
    fake = __import__("fake_gimpfu")
    fake.registered.clear()
    monkeypatch.setitem(sys.modules, "gimpfu", fake)
    monkeypatch.delitem(sys.modules, "gimpfu_compat", raising=False)

    runpy.run_path(str(PLUG_IN / "depixel-gimp.py"))
    sys.modules.pop("gimpfu_compat")

    assert len(fake.registered) == 3
    for action, found in zip(depixel.client.ACTIONS, fake.registered, strict=True):
        declared = [(entry[1], entry[3]) for entry in found["params"][2:]]
        wanted = [(option.name, option.default) for option in action.options]
        assert declared[: len(wanted)] == wanted
        assert found["menu"] == "<Image>/Filters/Depixel"
        assert found["label"] == action.menu
