"""A filter declared in gimpfu's familiar way, on gimpfu_compat alone, in a real GIMP 3."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from tests.hosts.gimp.conftest import HERE, ROOT, Gimp

pytestmark = pytest.mark.host

SOURCE = ROOT / "plugins" / "gimp" / "depixel-gimp"


@pytest.fixture(scope="module")
def seen(gimp: Gimp) -> dict[str, Any]:
    """As docs/gimp.md says: both modules copied next to the filter."""
    profile = gimp.host.work / "home" / "gimp-old-fashioned"
    folder = profile / "plug-ins" / "old-fashioned"
    folder.mkdir(parents=True)
    shutil.copy(HERE / "inside" / "old-fashioned.py", folder)
    (folder / "old-fashioned.py").chmod(0o755)
    for name in ("gimpfu_compat.py", "gimpfu_gimp3.py"):
        shutil.copy(SOURCE / name, folder)
    return Gimp(gimp.host, profile).cases("gimpfu.py")


def test_the_declaration_becomes_a_typed_procedure(seen: dict[str, Any]) -> None:
    """The menu path from the old label, and an argument of its kind for each parameter."""
    facts = seen["declared"]

    assert (facts["menus"], facts["label"]) == (["<Image>/Filters/Mine"], "Old-fashioned...")
    types = {name: kind for name, kind in facts["types"].items() if name not in ("run-mode", "image", "drawables")}
    assert types == {
        **{"amount": "gint", "share": "gdouble", "name": "gchararray", "tone": "GeglColor", "flip": "gboolean"},
        **{"way": "gint", "kind": "gchararray", "a-file": "GFile", "a-folder": "GFile", "spin": "gdouble"},
    }


def test_the_filter_gets_what_it_was_called_with(seen: dict[str, Any]) -> None:
    """Defaults for omitted values, and Python's own values in the order of the list."""
    status, error, values = seen["defaults"]
    assert (status, values) == (
        "success",
        [9, "hero", 50, 0.5, "nobody", 4, True, 1, "a", None, "/tmp", 0.25],
    ), error
    status, error, values = seen["explicit"]
    assert (status, values) == (
        "success",
        [9, "hero", 7, 1.5, "x", 4, False, 2, "b", "/etc/hosts", "/tmp", 0.5],
    ), error


def test_what_does_not_fit_is_refused(seen: dict[str, Any]) -> None:
    """By the parameter's name, before the filter runs; an exception of the filter is GIMP's error message."""
    words = [
        "amount must be",
        "way must be",
        "kind must be",
        "spin must be",
        "one layer at a time",
        "the paint ran out",
    ]
    for (status, error, values), expected in zip(seen["refused"], words, strict=True):
        assert (status, values) == ("execution-error", None), expected
        assert expected in error


def test_a_change_of_mind_is_no_error(seen: dict[str, Any]) -> None:
    """`Cancelled` becomes GIMP's status for it."""
    assert seen["cancelled"][0] == "cancel"
