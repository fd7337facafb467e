"""The flags of the command line that become a `Request`, one per row of the table of options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from typing import Any

from depixel.client.option import Option, described, nearest
from depixel.client.option_table import OPTIONS, option_named
from depixel.request import Request

_SECTIONS = {"picture": "the picture", "search": "the search"}


def add_request_options(parser: argparse.ArgumentParser) -> None:
    """Declare a flag for every option of the table, and the flags for weights and device."""
    sections = {name: parser.add_argument_group(title) for name, title in _SECTIONS.items()}
    sheet = sections["picture"].add_mutually_exclusive_group()
    for option in OPTIONS:
        if "command line" in option.doors:
            is_frames = option.name == "frames"  # the commands find the frames themselves
            add_option(sheet if is_frames else sections[option.group], option, "auto" if is_frames else None)
    sheet.add_argument(
        "--frame-size",
        dest="frames",
        type=_reader(option_named("frames"), behind="px"),
        metavar="WxH",
        default=argparse.SUPPRESS,
        help="the same as --frames WxHpx, such as 32x48",
    )
    search = sections["search"]
    search.add_argument(
        "--weights", metavar="FILE", help="use these weights instead of the released ones (.safetensors)"
    )
    search.add_argument(
        "--device", default="auto", help="device to compute on: auto, cpu, cuda, cuda:1, mps (default: auto)"
    )


def add_some_options(parser: argparse._ActionsContainer, names: Collection[str], **defaults: Any) -> None:
    """Declare flags for these options only; `defaults` replace the table's defaults in the help."""
    for name in names:
        add_option(parser, option_named(name), defaults.get(name))


def add_option(parser: argparse._ActionsContainer, option: Option, default_text: Any = None, **more: Any) -> None:
    """
    Declare one flag. An option that is not typed does not appear in the namespace, so a request knows which were.

    Args:
        default_text: the default that the help shows, where a command has its own.
        more: passed on to `add_argument`.
    """
    default = default_text if default_text is not None else option.automatic or option.default
    words = [_fragment(described(option)), *([] if default in (None, "") else [f"(default: {default})"])]
    more = {"dest": option.name, "default": argparse.SUPPRESS, "help": " ".join(words).replace("%", "%%"), **more}
    if option.kind == "bool":
        parser.add_argument(option.flag, action=argparse.BooleanOptionalAction, **more)
        return
    placeholder = f"{{{','.join(map(str, option.values))}}}" if option.choices else option.unit or "VALUE"
    parser.add_argument(option.flag, type=_reader(option), metavar=placeholder, **more)


def request_from(args: argparse.Namespace, **more: Any) -> Request:
    """
    The request as typed; `more` holds values that the command itself decides.

    Raises:
        BadUsageError: two options cannot be combined.
    """
    names = {option.name for option in OPTIONS}
    values = {name: value for name, value in vars(args).items() if name in names}
    return Request.from_typed({**values, **more})


def _reader(option: Option, behind: str = "") -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            value = option.read(text + behind)
        except (ValueError, KeyError):
            value = text
        if problem := option.problem(value, option.flag):
            raise argparse.ArgumentTypeError(_typed(option, text, problem))
        return value

    return read


# Names the typed value, with an example or the most similar choice.
def _typed(option: Option, text: str, problem: str) -> str:
    if "is empty" in problem:
        return problem
    close = nearest(text, option.values) if option.choices else None
    example = ", such as 8,8,24,24" if option.kind == "box" else ""
    return f"{option.flag} takes {option.allowed()}{example}; not {text!r}" + (
        f". Did you mean {close}?" if close else "."
    )


def _fragment(sentence: str) -> str:
    fragment = sentence.removesuffix(".")
    return fragment[0].lower() + fragment[1:] if fragment[1:2].islower() else fragment


def add_cluster_options(group: argparse._ArgumentGroup) -> None:
    """Declare --cluster and --cores-per-engine, which `depixel.batch.engines.open_engine` reads."""
    group.add_argument(
        "--cluster",
        metavar="WHERE",
        help="distribute the work over a Ray cluster: ray://HOST:PORT, or local for all GPUs or cores of this machine "
        "(needs depixel[ray])",
    )
    group.add_argument(
        "--cores-per-engine",
        type=at_least_one("cores", 2),
        default=2,
        metavar="N",
        help="with --cluster, on machines without a GPU: one engine for N cores (default: %(default)d)",
    )


def add_size_limits(group: argparse._ArgumentGroup, noun: str) -> None:
    """Declare --only-below and --most; `noun` names the inputs in the help."""
    group.add_argument(
        "--only-below",
        type=at_least_one("pixels", 256),
        default=0,
        metavar="N",
        help=f"skip {noun} whose longer side is N pixels or more (default: no limit)",
    )
    group.add_argument(
        "--most",
        type=at_least_one("pixels", 2048),
        default=0,
        metavar="N",
        help="use a smaller scale, or none, where a side would exceed N pixels (default: no limit)",
    )


def at_least_one(noun: str, example: int) -> Callable[[str], int]:
    """An argparse type: a whole number of `noun`, at least 1; the error message contains `example`."""

    def parse(text: str) -> int:
        try:
            count = int(text)
        except ValueError:
            count = 0
        if count < 1:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number of {noun} such as {example}")
        return count

    return parse
