"""`depixel anonymise`: replaces the faces in a picture with invented ones."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from depixel.client.option_table import KEPT, option_named
from depixel.errors import BadUsageError
from depixel.terminal.options import add_option, add_some_options, request_from
from depixel.terminal.printable import visible

if TYPE_CHECKING:
    from depixel.cli import Subparsers
    from depixel.faces.anonymiser import ReplacedFace
    from depixel.picture import Picture


def add_parser(subparsers: Subparsers) -> None:
    """Declare `depixel anonymise`."""
    parser = subparsers.add_parser(
        "anonymise",
        help="replace a face with an invented one",
        description="Reduce a face to a few pixels and invent another that reduces to the same pixels, to protect "
        "witnesses and bystanders. Hair, clothes and surroundings do not change and may still identify the person.",
    )
    parser.add_argument("input", type=Path, metavar="INPUT", help="the picture")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT", help="file to write")
    add_option(
        parser,
        option_named("box"),
        action="append",
        dest="boxes",
        default=[],
        help="position of a face in pixels; repeat for several (default: every face that is found; check the result)",
    )
    add_option(parser, KEPT, default=KEPT.default)
    add_some_options(parser, ("seed", "steps", "imagination", "face"), imagination=0.3)
    parser.add_argument(
        "--unlike",
        action="store_true",
        help="of several people who fit the kept pixels, choose the one that differs most from the original (takes "
        "several times longer)",
    )
    parser.add_argument(
        "--weights", metavar="FILE", help="use these face weights instead of the released ones (.safetensors)"
    )
    parser.add_argument(
        "--device", default="auto", help="device to compute on: auto, cpu, cuda, cuda:1, mps (default: auto)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    parser.add_argument("--max-pixels", type=int, metavar="N", help="refuse pictures with more pixels than this")
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output")


def run(args: argparse.Namespace) -> int:
    """Replace the face in each box, write the picture, and report how much was kept."""
    from depixel.batch.disk import check_no_video, reader, writer

    check_no_video(args.out)
    if args.out.exists() and args.input.exists() and args.out.samefile(args.input):
        raise BadUsageError(f"{args.out} is the input: choose another name.")
    settings = request_from(args, domain="faces", imagination=getattr(args, "imagination", 0.3))
    picture = reader(args.max_pixels)(args.input)

    from depixel.faces.anonymiser import anonymise
    from depixel.faces.hidden import HiddenPlace, find_places
    from depixel.upsampler import Upsampler

    places = [HiddenPlace(box) for box in args.boxes]
    if not places:
        places = find_places(picture)
        if not places:
            raise BadUsageError(f"No face was found in {args.input}: give its position with --box L,T,R,B.")
    upsampler = Upsampler(args.device, {"faces": args.weights} if args.weights else None)
    result = anonymise(upsampler, picture, places, args.kept, settings, unlike=args.unlike)
    writer(args.overwrite)(args.out, _labelled(result.picture))
    if args.json:
        values = {"input": str(args.input), "out": str(args.out), "faces": [_row(face) for face in result.faces]}
        sys.stdout.write(json.dumps(values, indent=2) + "\n")
        return 0
    for face in result.faces:
        sys.stdout.write(
            f"{face.box}: an invented face; {face.kept[0]}x{face.kept[1]} pixels of the original were kept.\n"
        )
    if not args.boxes:
        sys.stdout.write("Check the result: a face may have been missed, or something else mistaken for one.\n")
    sys.stdout.write(visible(f"{args.out}\n"))
    return 0


# The original's text, time, place and camera can identify a person as well as the face.
def _labelled(picture: Picture) -> Picture:
    from depixel.labels import IMAGINED_FACE, SOFTWARE, with_xmp

    text = with_xmp({**SOFTWARE, "Description": IMAGINED_FACE})
    return picture.replace(text=text, exif=None)


def _row(face: ReplacedFace) -> dict[str, object]:
    return {
        "box": list(face.box),
        "kept": list(face.kept),
        "seed": face.report.candidates[0].seed,
        "residual": face.report.residual._asdict(),
        "notes": list(face.report.notes),
    }
