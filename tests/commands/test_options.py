"""The options of the command line are the fields of the request."""

from __future__ import annotations

import argparse
import dataclasses

import pytest

from depixel.commands.options import add_settings_options, box_from, settings_from
from depixel.errors import BadUsageError
from depixel.request import Request


def _parse(*words: str) -> Request:
    parser = argparse.ArgumentParser()
    add_settings_options(parser)
    return settings_from(parser.parse_args(words))


def test_no_option_is_the_default_request() -> None:
    """`depixel upscale x` asks for what every other door asks for by default."""
    assert _parse() == Request()


def test_every_field_of_a_request_has_an_option() -> None:
    """A wish that a plug-in can make can be made here too."""
    parser = argparse.ArgumentParser()
    add_settings_options(parser)

    declared = {action.dest for action in parser._actions}

    assert {field.name for field in dataclasses.fields(Request)} <= declared


def test_values_arrive() -> None:
    """Numbers, choices and a box come through as they were typed."""
    numbers = ["--scale", "8", "--seed", "0", "--steps", "0", "--imagination", "1", "--pre-blur", ".5"]

    settings = _parse(*numbers, "--box", "1,2,30,40", "--palette", "keep")

    assert settings == Request(
        scale=8, seed=0, steps=0, imagination=1.0, box=(1, 2, 30, 40), palette="keep", pre_blur=0.5
    )


@pytest.mark.parametrize("text", ["", "1,2,3", "a,b,c,d", "1,2,3,4,5"])
def test_a_box_that_is_none_is_a_sentence(text: str) -> None:
    """Four whole numbers or an example of them."""
    with pytest.raises(BadUsageError, match="8,8,24,24"):
        box_from(text)
