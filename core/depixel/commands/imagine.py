"""`depixel imagine`: draws a person who does not exist, without any input."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depixel.errors import BadUsageError

if TYPE_CHECKING:
    from depixel.cli import Subparsers
    from depixel.picture import Picture

SMALLEST, LARGEST = 16, 1024
INVENTED = "Invented: drawn from random numbers, without a photograph. It does not show a real person."


def add_parser(subparsers: Subparsers) -> None:
    """Declare `depixel imagine`."""
    parser = subparsers.add_parser(
        "imagine",
        help="draw a person who does not exist",
        description="Draw a person who does not exist: a random one, or one that fits your description. No photograph "
        "is used. The same seed draws the same person.",
    )
    parser.add_argument("-o", "--out", type=Path, metavar="OUT", help="file to write (not needed for --face help)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="number that selects the person (default: 0)")
    parser.add_argument(
        "--face",
        default="",
        metavar="DIALS",
        help='what the person should be like, such as "age=60, hair=long, glasses=round, tone=+1, smile"; '
        "everything else is random; --face help lists all dials",
    )
    parser.add_argument("--size", type=int, default=1024, metavar="PIXELS", help="width and height (default: 1024)")
    parser.add_argument(
        "--candidates",
        type=int,
        default=1,
        metavar="K",
        help="how many people to draw, with seeds N, N+1 ... (default: 1)",
    )
    parser.add_argument(
        "--device", default="auto", help="device to compute on: auto, cpu, cuda, cuda:1, mps (default: auto)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output")


def run(args: argparse.Namespace) -> int:
    """Draw and write the people, and name the files."""
    if args.face.strip() == "help":
        sys.stdout.write(_list_of_dials())
        return 0
    if args.out is None:
        raise BadUsageError("-o OUT is missing: name the file to write.")
    if not SMALLEST <= args.size <= LARGEST:
        raise BadUsageError(f"--size {args.size}: a face can be {SMALLEST} to {LARGEST} pixels wide.")
    if args.candidates < 1:
        raise BadUsageError(f"--candidates {args.candidates}: the number must be at least 1.")
    if args.seed < 0:
        raise BadUsageError(f"--seed {args.seed}: a seed is a whole number, 0 or more.")
    from depixel.batch.disk import check_no_video, writer
    from depixel.devices import choose_device
    from depixel.portrait.dials import read_dials, turned
    from depixel.portrait.parameters import Parameters
    from depixel.portrait.sampling import sample

    check_no_video(args.out)
    dials = read_dials(args.face)
    device = choose_device(args.device)
    write, started, people = writer(args.overwrite), time.perf_counter(), []
    for number in range(args.candidates):
        person = turned(sample([args.seed + number]), dials)
        out = args.out if args.candidates == 1 else args.out.with_stem(f"{args.out.stem}-{number + 1}")
        write(out, _picture(Parameters(person.values.to(device)), args.size, args.seed + number))
        people.append({"out": str(out), "seed": args.seed + number, "face": person.named()})
        if not args.json:
            sys.stdout.write(f"{out}\n")
    if args.json:
        document = {
            "size": args.size,
            "seconds": round(time.perf_counter() - started, 3),
            "note": INVENTED,
            "people": people,
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        sys.stdout.write(f"{INVENTED}\n")
    return 0


def _picture(person: Any, size: int, seed: int) -> Picture:
    import torch

    from depixel.labels import SOFTWARE, with_xmp
    from depixel.picture import Picture
    from depixel.portrait.rendering import render

    with torch.no_grad():
        pixels = (render(person, size)[0].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().cpu().numpy()
    described = f"{INVENTED} Seed {seed}."
    text = with_xmp({**SOFTWARE, "Description": described, "Comment": "imagined"}, "algorithmicMedia")
    return Picture((pixels,), mode="RGB", text=text)


def _list_of_dials() -> str:
    """One line per dial: its name, its meaning and its values; then the words that stand for several."""
    from depixel.portrait.dials import SAME_PERSON, WORDS
    from depixel.portrait.parameters import table

    lines = []
    for parameter in table():
        if parameter.options:
            values = ", ".join(parameter.options)
        else:
            unit = f" {parameter.unit}" if parameter.unit else ""
            values = f"{parameter.low:g} to {parameter.high:g}{unit}" + (
                f", {parameter.size} numbers" if parameter.size > 1 else ""
            )
        lines.append(f"{parameter.name:20} {parameter.meaning} ({values})\n")
    lines += [f"{word:20} {meaning}\n" for word, meaning in WORDS.items()]
    lines.append(f"{SAME_PERSON:20} only for a face from pixels: keep the person, and change what the dials say\n")
    return "".join(lines)
