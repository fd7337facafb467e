"""A recipe reproduces its candidate alone, through a real engine: for every kind and any number of candidates."""

from __future__ import annotations

from typing import Any

import pytest

from depixel import client

WIDTH, HEIGHT = 12, 10


def picture(name: str) -> client.Pixels:
    """A few flat colours with a transparent corner."""
    colours = [(20, 20, 40, 255), (200, 60, 50, 255), (240, 220, 160, 255), (90, 160, 70, 255), (0, 0, 0, 0)]
    samples = b"".join(
        bytes(colours[4 if x + y < 4 else (x // 3 + y // 4) % 4]) for y in range(HEIGHT) for x in range(WIDTH)
    )
    return client.Pixels(WIDTH, HEIGHT, 4, (samples,), name=name)


@pytest.mark.parametrize(
    "values",
    [
        {"domain": "art", "candidates": 4},
        {"domain": "art", "candidates": 3, "imagination": 0.5, "seed": 11},
        {"domain": "art", "candidates": 3, "steps": 2},
        {"domain": "art", "candidates": 1, "seed": 5},
        {"domain": "pixel-art", "candidates": 8},
        {"domain": "pixel-art", "candidates": 3, "reading": "thin", "imagination": 0.4},
        {"domain": "textures", "candidates": 2, "scale": 3},
        {"domain": "auto", "candidates": 3},
    ],
    ids=lambda values: "-".join(str(value) for value in values.values()),
)
def test_each_candidate_comes_back_alone(place: Any, values: dict[str, Any]) -> None:
    """Its samples are the same to the last bit, after the recipe went through JSON."""
    engine = client.Engine("tests", place)
    request = client.Submission(picture("hero"), client.settings_of(client.UPSCALE, values), program="tests")
    result = engine.upscale(request).result()
    assert len(result.answers) == values["candidates"]

    names = set()
    for index, answer in enumerate(result.answers):
        recipe = client.recipe_of(client.UPSCALE, request, result, index)
        again = engine.upscale(client.Recipe.from_json(recipe.to_json()).submission(program="tests")).result()

        assert len(again.answers) == 1
        assert again.answers[0].frames == answer.frames, recipe.text()
        assert again.answers[0].seed == answer.seed
        assert client.settings_of(client.UPSCALE, recipe.values()) == recipe.settings or "ensemble" in recipe.settings
        names.add(client.layer_name("hero", result, index))
    assert len(names) == len(result.answers)  # the names distinguish the candidates
