"""The direction of the main light."""

from __future__ import annotations

import torch

from depixel.faces.drawn.key_light import with_best_light
from depixel.portrait.parameters import Parameters, layout, width
from depixel.portrait.rendering import render
from depixel.portrait.sampling import sample

FREE = torch.ones(width(), dtype=torch.bool)


def test_the_light_comes_from_the_side_of_the_portrait() -> None:
    """A face that is lit from the left is found to be, from a person who is lit from the right."""
    start = sample([5]).replaced({"headwear": 0.0, "yaw": 0.0, "key_azimuth": 60.0, "fill_azimuth": -40.0})
    portrait = render(start.replaced({"key_azimuth": -70.0, "fill_azimuth": 40.0}), 32, samples=1)

    def misfit(people: Parameters) -> torch.Tensor:
        return (render(people, 32, samples=1) - portrait).square().mean((1, 2, 3))

    result = with_best_light(start, FREE, misfit)

    assert float(result["key_azimuth"]) < 0
    assert float(result["fill_azimuth"]) > 0
    assert float(misfit(result)) < 0.5 * float(misfit(start))


def test_a_light_that_the_user_fixed_stays() -> None:
    """Nothing is tried."""
    start, fixed = sample([5]), FREE.clone()
    fixed[layout()["key_azimuth"]] = False

    assert with_best_light(start, fixed, lambda people: torch.zeros(len(people))) is start
