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
from tests.gimp.python2_grammar import complaints

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


SNIPPETS = [
    ("x = 1\n", True),
    ("from __future__ import print_function\ndef f():\n    print(1, file=None)\n", True),
    ("def f(a, b=2, *c, **d):\n    return g(a, *c, **d)\n", True),
    ("def f(a,\n      b,):\n    pass\n", True),
    ("class A(object):\n    @property\n    def b(self):\n        return {1, 2}, {a: b for a, b in []}\n", True),
    ("try:\n    pass\nexcept (A, B) as c:\n    raise\nfinally:\n    pass\n", True),
    ("with a as b, c as d:\n    x = u'a' + b'a' + r'a'\n", True),
    ("# -*- coding: utf-8 -*-\nx = '\u00e4'\n", True),
    ("x = '\u00e4'\n", False),
    ("x = f'{1}'\n", False),
    ("x: int = 1\n", False),
    ("def f(a: int):\n    pass\n", False),
    ("def f() -> int:\n    pass\n", False),
    ("def f(a, *, b):\n    pass\n", False),
    ("def f(*a, b=1):\n    pass\n", False),
    ("def f(*a,):\n    pass\n", False),
    ("f(*a,)\n", False),
    ("f(*a, *b)\n", False),
    ("f(**a, **b)\n", False),
    ("f(*a, b)\n", False),
    ("a, *b = c\n", False),
    ("a = [*b]\n", False),
    ("a = {**b}\n", False),
    ("a = 1_000\n", False),
    ("a @ b\n", False),
    ("(a := 1)\n", False),
    ("class A(metaclass=B):\n    pass\n", False),
    ("raise A from b\n", False),
    ("def f():\n    yield from a\n", False),
    ("def f():\n    a = 1\n    def g():\n        nonlocal a\n", False),
    ("async def f():\n    await a\n", False),
    ("a = rb'1'\n", False),
    ("@a[0]\ndef f():\n    pass\n", False),
    ("print(1, file=None)\n", False),
]
"""Sources, and whether Python 2.7 can parse them."""


def _interpreter(python: str, home: Path) -> str | None:
    versions = sorted(home.glob(f".pyenv/versions/2.7*/bin/{python}"))  # pyenv's own shim refuses to run it
    program = str(versions[-1]) if versions else shutil.which(python)
    if program is None or subprocess.run([program, "-c", "0"], capture_output=True, check=False).returncode:
        return None
    return program


def test_the_module_is_python_2() -> None:
    """On every machine, with or without Python 2.7: by a check that knows later syntax."""
    source = (PLUG_IN / "gimpfu_compat.py").read_text("utf-8")

    assert complaints(source) == []
    assert complaints(source + "\nwhat: str = f'{source}'\n") != []


@pytest.mark.parametrize(("source", "good"), SNIPPETS)
def test_the_check_of_python_2_s_grammar(source: str, good: bool) -> None:
    """It refuses syntax that came with Python 3, and nothing else."""
    assert (complaints(source) == []) == good


def test_the_check_agrees_with_a_real_python_2(tmp_path: Path, real_home: Path) -> None:
    """If there is one, it parses or refuses the module and each of the snippets, like the check."""
    program = _interpreter("python2.7", real_home)
    if program is None:
        pytest.skip("python2.7 is not on this machine")
    files = [PLUG_IN / "gimpfu_compat.py"]
    for number, (source, _) in enumerate(SNIPPETS):
        files.append(tmp_path / f"{number}.py")
        files[-1].write_text(source, "utf-8")
    tell = (
        "import imp, sys\n"  # find_module and compiling the file itself: its coding matters
        "for name in sys.argv[1:]:\n"
        "    try:\n        imp.load_source('x', name)\n"
        "    except SyntaxError:\n        print(0)\n"
        "    except Exception:\n        print(1)\n"  # it was read, and names what is not there
        "    else:\n        print(1)\n"
    )

    said = subprocess.run([program, "-B", "-c", tell, *map(str, files)], capture_output=True, text=True, check=True)

    assert said.stdout.split() == ["1", *(str(int(good)) for _, good in SNIPPETS)]


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
def test_the_same_declaration_works_on_a_real_gimpfu(python: str, tmp_path: Path, real_home: Path) -> None:
    """On GIMP 2.10, under its Python 2.7, declarations reach gimpfu's register() in the form it knows."""
    program = _interpreter(python, real_home)
    if program is None:
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
    parameter = compat.FilterParameter(entry)

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


def test_the_plug_in_declares_its_filters_and_commands(monkeypatch: pytest.MonkeyPatch) -> None:
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

    commands = ["Same answer again", "More like this", "Same answer larger...", "Make exact again", "Flattened copy"]
    assert [registration["label"] for registration in fake.registered[3:]] == commands
    for action, registration in zip(depixel.client.ACTIONS, fake.registered[:3], strict=True):
        declared = [(entry[1], entry[3]) for entry in registration["params"][2:]]
        wanted = [(option.name, option.default) for option in action.options]
        assert declared[: len(wanted)] == wanted
        assert registration["menu"] == "<Image>/Filters/Depixel"
        assert registration["label"] == action.menu
        letters = [entry[2].partition("_")[2][:1].lower() for entry in registration["params"][2:]]
        assert "" not in letters and len(set(letters)) == len(letters)  # each is reached with Alt
