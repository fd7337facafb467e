"""Priors are loaded once, and a network that was put on the shelf is found by its name."""

from __future__ import annotations

import pytest
import torch
from foreign_enlarger import foreign_enlarger

from depixel.errors import WeightsError
from depixel.priors.enlarger import EnlargerPrior
from depixel.priors.shelf import Shelf

CPU = torch.device("cpu")


@pytest.mark.weights
def test_each_prior_is_loaded_once() -> None:
    """The second request for the same weights gets the same object."""
    shelf = Shelf(CPU)

    assert shelf.faces() is shelf.faces()
    assert shelf.art() is shelf.art()


def test_a_network_on_the_shelf_is_found_by_its_name() -> None:
    """Before that the name is unknown; for the other kind it stays unknown."""
    shelf = Shelf(CPU)
    with pytest.raises(WeightsError, match="foreign"):
        shelf.art("foreign")

    shelf.put(foreign_enlarger())

    assert isinstance(shelf.art("foreign"), EnlargerPrior)
    with pytest.raises(WeightsError, match="foreign"):
        shelf.faces("foreign")
