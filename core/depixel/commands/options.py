"""The options that say what is asked of the engine; the same for every command that upscales."""

from __future__ import annotations

import argparse
import dataclasses

from depixel.errors import BadUsageError
from depixel.request import (
    ALPHAS,
    DEGRADATIONS,
    DOMAINS,
    ENSEMBLES,
    FACES_EPS,
    PALETTES,
    PULSE_EPS,
    WRAPS,
    Request,
)


def add_settings_options(parser: argparse.ArgumentParser) -> None:
    """Declare one option a field of Request; ranges are checked by `settings_from`."""
    picture = parser.add_argument_group("the picture")
    picture.add_argument(
        "--scale", type=int, metavar="N", help="how many times larger, 2 to 64 (default 4; faces: to 128 pixels)"
    )
    picture.add_argument(
        "--domain", choices=DOMAINS, default="auto", help="kind of picture (default: by content, name)"
    )
    picture.add_argument(
        "--degradation",
        choices=DEGRADATIONS,
        default="auto",
        help="how the answer must scale back to the input: area = mean of each block, point = centre of each block, "
        "bicubic = as PULSE does (default: point for pixel art, else area)",
    )
    picture.add_argument("--wrap", choices=WRAPS, default="auto", help="axes across which it tiles (default: measured)")
    picture.add_argument(
        "--palette", choices=PALETTES, default="free", help="keep = only colours of the input; indexed stays indexed"
    )
    picture.add_argument(
        "--alpha", choices=ALPHAS, default="auto", help="what alpha means: opacity, or data such as gloss"
    )
    sheet = picture.add_mutually_exclusive_group()
    sheet.add_argument(
        "--frames",
        default="none",
        metavar="CxR",
        help="a sprite sheet of C columns and R rows, such as 4x2: each frame by itself; auto = find them",
    )
    sheet.add_argument("--frame-size", metavar="WxH", help="a sprite sheet whose frames have this size, such as 32x48")
    picture.add_argument(
        "--box",
        metavar="L,T,R,B",
        help="faces: where the face is, in input pixels (default: found; all of a picture up to 64x64)",
    )
    picture.add_argument(
        "--roll", type=float, default=0.0, metavar="DEG", help="faces: how far the head in the box is turned clockwise"
    )
    search = parser.add_argument_group("the search")
    search.add_argument(
        "--candidates", type=int, default=1, metavar="K", help="this many different answers (default 1)"
    )
    search.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="same seed, same answer (default 0); one of several candidates comes again alone with the seed "
        "and the --imagination that its comment, --json and --report name",
    )
    search.add_argument("--like", type=int, metavar="SEED", help="more like the answer that an earlier seed gave")
    search.add_argument(
        "--steps", type=int, metavar="N", help="search steps; 0 = one pass of the encoder (default: by kind)"
    )
    search.add_argument(
        "--imagination", type=float, default=0.0, metavar="X", help="0 = calm ... 1 = as vivid as it can (default 0)"
    )
    search.add_argument(
        "--ensemble",
        type=int,
        choices=ENSEMBLES,
        help="average the answers for this many flips and turns: nearer to the truth, as many times slower (default: "
        "with transparency 8 up to 96x96 pixels of answer and 4 up to 128x128; else 2 up to 256x256, 1 beyond and for "
        "imagined detail)",
    )
    search.add_argument(
        "--eps",
        type=float,
        metavar="X",
        help=f"mean squared error at which a search may stop (default: {FACES_EPS:g} for faces, else {PULSE_EPS:g})",
    )
    search.add_argument(
        "--pre-blur", type=float, default=0.0, metavar="PX", help="faces: blur the input first (default 0)"
    )
    search.add_argument("--iterate", type=int, default=1, metavar="N", help="faces: feed the answer back N times")
    search.add_argument(
        "--model",
        default="auto",
        metavar="NAME",
        help="small or base, or a generator that `depixel models` lists (default: by device)",
    )
    search.add_argument("--weights", metavar="FILE", help="other weights than the released ones (.safetensors)")
    search.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default auto)")


def settings_from(args: argparse.Namespace) -> Request:
    """
    The request that the options make.

    Raises:
        BadUsageError: a value out of range; names the option and what is allowed.
    """
    fields = {f.name for f in dataclasses.fields(Request)}
    values = {name: value for name, value in vars(args).items() if name in fields}
    if args.frame_size is not None:
        values["frames"] = f"{args.frame_size}px"
    values["box"] = None if args.box is None else box_from(args.box)
    return Request(**values).validated()


def box_from(text: str) -> tuple[int, int, int, int]:
    """
    "8,8,24,24" as four numbers.

    Raises:
        BadUsageError: it is something else.
    """
    try:
        left, top, right, bottom = (int(part) for part in text.split(","))
    except ValueError as error:
        raise BadUsageError(f"--box takes four whole numbers such as 8,8,24,24, not {text!r}.") from error
    return left, top, right, bottom
