"""The flags of the command line are the rows of the table of options."""

from __future__ import annotations

import argparse
import dataclasses

import pytest

from depixel.client.option import Option
from depixel.client.option_table import OPTIONS
from depixel.errors import BadUsageError
from depixel.request import Request
from depixel.terminal.options import add_option, add_request_options, add_some_options, request_from


def _parse(*words: str) -> Request:
    parser = argparse.ArgumentParser()
    add_request_options(parser)
    return request_from(parser.parse_args(words))


def test_no_option_is_the_default_request() -> None:
    """`depixel upscale x` requests what every other door requests by default, and nothing counts as typed."""
    assert _parse() == Request()
    assert _parse().typed == frozenset()


def test_every_field_of_a_request_has_an_option() -> None:
    """Every setting of a plug-in can be typed."""
    parser = argparse.ArgumentParser()
    add_request_options(parser)

    declared = {action.dest for action in parser._actions}

    assert {option.name for option in OPTIONS} <= declared
    assert {field.name for field in dataclasses.fields(Request)} - {"typed"} == {option.name for option in OPTIONS}


def test_values_arrive() -> None:
    """Numbers, choices and a box are parsed as typed."""
    numbers = ["--scale", "8", "--seed", "0", "--steps", "0", "--imagination", "1", "--pre-blur", ".5"]

    request = _parse(*numbers, "--box", "1,2,30,40", "--palette", "keep", "--ensemble", "4", "--frame-size", "32x48")

    assert request == Request(
        scale=8, seed=0, steps=0, imagination=1.0, box=(1, 2, 30, 40), palette="keep", pre_blur=0.5, ensemble=4,
        frames="32x48px",
    )  # fmt: skip
    assert request.typed >= {"seed", "palette", "frames"}


def test_a_typed_default_is_remembered() -> None:
    """`--wrap auto` differs from leaving --wrap out."""
    assert _parse("--wrap", "auto", "--frames", "none").typed == {"wrap", "frames"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scale", "5.5"], "--scale takes a whole number from 2 to 64; not '5.5'"),
        (["--scale", "1"], "--scale takes a whole number from 2 to 64; not '1'"),
        (["--imagination", "much"], "--imagination takes a number from 0 to 1; not 'much'"),
        (["--domain", "texture"], "Did you mean textures?"),
        (["--ensemble", "3"], "--ensemble takes one of 1, 2, 4, 8; not '3'"),
        (["--box", ""], "such as 8,8,24,24"),
        (["--box", "1,2,3"], "such as 8,8,24,24"),
        (["--box", "1,2,3,4,5"], "such as 8,8,24,24"),
        (["--box", "5,5,5,9"], "is empty"),
        (["--frames", "many"], "4x2"),
        (["--frame-size", "32"], "32x48px"),
        (["--frame-size", "32x48", "--frames", "4x2"], "not allowed with"),
    ],
)
def test_a_wrong_value_is_explained(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence names the option, its values, and what was typed; the exit code is that of bad usage."""
    with pytest.raises(SystemExit) as stop:
        _parse(*words)

    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_a_scale_and_a_size_exclude_each_other() -> None:
    """Both would set the size of the answer."""
    with pytest.raises(BadUsageError, match="scale and size"):
        _parse("--scale", "4", "--size", "1024")


def test_a_switch_has_both_forms() -> None:
    """--x and --no-x, and neither is not typed."""
    option = Option("sparkle", "bool", "Sparkles", "Whether it sparkles.", default=False)
    parser = argparse.ArgumentParser()
    add_option(parser, option)

    assert vars(parser.parse_args(["--sparkle"])) == {"sparkle": True}
    assert vars(parser.parse_args(["--no-sparkle"])) == {"sparkle": False}
    assert vars(parser.parse_args([])) == {}


@pytest.mark.parametrize("box", ["5,0,5,9", "0,5,9,5", "9,0,5,9", "0,9,9,5", "-1,0,5,5", "0,-1,5,5"])
def test_an_empty_box_is_refused(box: str) -> None:
    """Left before right, top before bottom, nothing outside."""
    with pytest.raises(SystemExit):
        _parse(f"--box={box}")


def test_a_box_may_begin_in_the_corner() -> None:
    """0 is a valid position."""
    assert _parse("--box", "0,0,1,1").box == (0, 0, 1, 1)


def test_help_reads_on_from_the_flag() -> None:
    """A sentence begins in lower case; an abbreviation keeps its capitals; a command may have its own default."""
    parser = argparse.ArgumentParser()
    add_some_options(parser, ["scale"], scale="7 here")
    option = Option("sparkle", "int", "Sparkles", "HDR only.", default=1, high=9, unit="N")
    add_option(parser, option)
    help_text = " ".join(parser.format_help().split())

    assert "(default: 7 here)" in help_text and "--scale" in help_text
    assert "--sparkle N HDR only (default: 1)" in help_text
    assert "--candidates" not in help_text
