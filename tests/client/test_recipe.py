"""Recipes are stored as one line of JSON, and anything else is refused with a sentence."""

from __future__ import annotations

import base64
import json
import queue
import threading
import tracemalloc
import zlib
from pathlib import Path

import pytest

from depixel.client import (
    ANONYMISE_FACE,
    IMAGINE_FACE,
    Answer,
    EngineError,
    Pixels,
    Recipe,
    Result,
    Submission,
    recipe_of,
    settings_of,
    unique_path,
)

SOURCE = Pixels(2, 1, 4, (bytes(range(8)), bytes(range(8, 16))), palette=b"\x01\x02\x03\xff", name="hero")


def result_with(residual: float, domain: str = "faces") -> Result:
    """One answer of a face."""
    answer = Answer(4, 2, 4, 8, (bytes(32),), residual, residual, 0.0, seed=77, imagination=0.25)
    return Result((answer,), domain, "area", "faces", 2, 0, 0.1)


def test_a_recipe_and_its_source_survive_json() -> None:
    """All frames, the palette and the name are restored."""
    recipe = Recipe("upscale", {"scale": 3, "seed": 7, "reading": "thin"}, 12, "hero", SOURCE)

    again = Recipe.from_json(recipe.to_json())

    assert again == recipe and again.source == SOURCE
    assert again.text() == "seed 7, thin outlines"
    assert again.submission(scale=5).settings == {"scale": 5, "seed": 7, "reading": "thin"}


def test_several_answers_compress_their_source_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compressing a photograph takes about half a second; all recipes of one request share it."""
    source = Pixels(2, 1, 4, (bytes(8),))
    calls: list[int] = []
    compress = zlib.compress

    def counted(body: bytes, level: int) -> bytes:
        calls.append(level)
        return compress(body, level)

    monkeypatch.setattr(zlib, "compress", counted)

    recipes = [Recipe("upscale", {"seed": seed}, source=source) for seed in range(4)]
    texts = [recipe.to_json() for recipe in recipes]

    assert len(calls) == 1
    assert [Recipe.from_json(text).source for text in texts] == [source] * 4


def test_a_source_is_compressed_early_on_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calling thread does not compress, and the recipe finds the compressed source."""
    source = Pixels(2, 1, 4, (bytes(8),))
    threads: queue.Queue[str] = queue.Queue()
    compress = zlib.compress

    def named(body: bytes, level: int) -> bytes:
        threads.put(threading.current_thread().name)
        return compress(body, level)

    monkeypatch.setattr(zlib, "compress", named)

    source.pack_early()

    assert threads.get(timeout=10) == "depixel recipe"
    assert Recipe.from_json(Recipe("upscale", {"seed": 7}, source=source).to_json()).source == source


def test_an_anonymised_face_is_not_carried_by_its_recipe() -> None:
    """The source stays where it is; without it, the recipe says what to select."""
    request = Submission(SOURCE, settings_of(ANONYMISE_FACE, {"kept": 8}), "anonymise", kept=8)

    recipe = recipe_of(ANONYMISE_FACE, request, result_with(0.0), 0)

    assert recipe.source is None and "samples" not in recipe.to_json()
    assert recipe.kept == 8 and recipe.values()["kept"] == 8
    with pytest.raises(EngineError, match="select the layer"):
        recipe.submission()
    assert recipe.submission(SOURCE).action == "anonymise"


@pytest.mark.parametrize(("residual", "exact"), [(0.0, "always"), (9.0, "never")])
def test_whether_a_face_is_exact_is_kept(residual: float, exact: str) -> None:
    """The best of several candidates decided it; a single one might decide otherwise."""
    request = Submission(SOURCE, settings_of(IMAGINE_FACE, {"candidates": 4, "imagination": 0.25}))

    assert recipe_of(IMAGINE_FACE, request, result_with(residual), 0).settings["exact"] == exact


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"recipe": 1, "action": "fly", "settings": {}, "kept": 1, "name": ""}',
     Recipe("upscale", {}, 12, "hero", SOURCE).to_json().replace("samples", "sample")],
)  # fmt: skip
def test_what_is_no_recipe_is_refused(text: str) -> None:
    """One sentence, whatever was written there."""
    with pytest.raises(EngineError, match="cannot be read"):
        Recipe.from_json(text)


def test_a_later_recipe_is_refused() -> None:
    """It may have another meaning."""
    values = {**json.loads(Recipe("upscale", {}).to_json()), "recipe": 99}

    with pytest.raises(EngineError, match="later version"):
        Recipe.from_json(json.dumps(values))


def test_a_path_is_unique_among_files_and_open_documents(tmp_path: Path) -> None:
    """Files count, and so do documents that were never saved; case is ignored."""
    stem = str(tmp_path / "hero-x4")
    (tmp_path / "hero-x4.xcf").touch()

    assert unique_path(stem, ".xcf") == stem + "-2.xcf"
    assert unique_path(stem, ".xcf", [str(tmp_path / "HERO-x4-2.xcf")]) == stem + "-3.xcf"
    assert unique_path(str(tmp_path / "other"), ".kra") == str(tmp_path / "other.kra")


def altered(**changes: object) -> str:
    """A good recipe with other values."""
    recipe = Recipe("upscale", {"scale": 3, "seed": 7}, 12, "hero", SOURCE)
    return json.dumps({**json.loads(recipe.to_json()), **changes})


def source_with(**changes: object) -> dict[str, object]:
    """The source of a good recipe with other values."""
    values = json.loads(altered())["source"]
    assert isinstance(values, dict)
    return {**values, **changes}


@pytest.mark.parametrize(
    "text",
    [
        altered(recipe=float("inf")),
        altered(settings={"seed": "seven"}),
        altered(settings={"imagination": {"a": 1}}),
        altered(settings={"scale": 10**6}),
        altered(settings={"size": "large"}),
        altered(kept=1e300).replace("1e+300", "1e999"),
        altered(source=source_with(frames=10**9)),
        altered(source=source_with(width=10**6, height=10**6)),
        altered(source=source_with(width=-1)),
        "[" * 100_000,
    ],
)
def test_a_recipe_of_somebody_else_is_read_or_refused(text: str) -> None:
    """It comes from a document: its claims must not cost memory, and are checked before a dialog uses it."""
    with pytest.raises(EngineError, match="The recipe cannot be read"):
        Recipe.from_json(text)


def test_a_packed_source_unfolds_to_what_it_says_and_no_further() -> None:
    """A megabyte of base64 can hold a gigabyte of zeros."""
    bomb = base64.b64encode(zlib.compress(bytes(2**26), 9)).decode()
    tracemalloc.start()
    try:
        recipe = Recipe.from_json(altered(source=source_with(samples=bomb)))
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()

    assert recipe.source is not None and len(recipe.source.body) == len(SOURCE.body)
