"""`depixel project`: makes another upscaler's result scale back down to its input, and reports how far off it was."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depixel.errors import BadUsageError
from depixel.terminal.options import add_some_options, request_from
from depixel.terminal.printable import visible

if TYPE_CHECKING:
    from depixel.cli import Subparsers
    from depixel.picture import Picture
    from depixel.projecting import Projection
    from depixel.report import Report


def add_parser(subparsers: Subparsers) -> None:
    """Declare `depixel project`."""
    parser = subparsers.add_parser(
        "project",
        help="make another upscaler's result scale back down to its input",
        description="Change RESULT, which any upscaler made from INPUT, as little as possible so that it scales back "
        "down to INPUT, and print how far off it was before and after.",
    )
    parser.add_argument("result", type=Path, metavar="RESULT", help="the other upscaler's picture")
    parser.add_argument("--to", type=Path, required=True, metavar="INPUT", help="the small picture it was made from")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT", help="file to write")
    add_some_options(parser, ("domain", "degradation", "wrap", "alpha", "palette"))
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it exists")
    parser.add_argument("--max-pixels", type=int, metavar="N", help="refuse pictures with more pixels than this")
    parser.add_argument("--report", type=Path, metavar="PATH", help="write an HTML page")
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output")


def run(args: argparse.Namespace) -> int:
    """Read both pictures, project, write, and report both residuals."""
    from depixel.batch.disk import reader, writer
    from depixel.labels import describe_residual, projected_report

    if args.out.exists() and any(args.out.samefile(path) for path in (args.to, args.result) if path.exists()):
        raise BadUsageError(f"{args.out} is one of the inputs: choose another name.")
    settings = request_from(args)
    if settings.domain == "faces":
        raise BadUsageError("Faces cannot be projected: choose another --domain.")
    read = reader(args.max_pixels)
    small, result = read(args.to), read(args.result)

    from depixel.projecting import project_result

    started = time.perf_counter()
    projection = project_result(result, small, settings)
    report = projected_report(projection, settings, args.result.name, time.perf_counter() - started)
    writer(args.overwrite)(args.out, report.picture)
    if args.report is not None:
        _write_page(args, small, report)
    if args.json:
        sys.stdout.write(json.dumps(_document(args, projection, report), indent=2) + "\n")
    else:
        before, after = (
            describe_residual(residual, report.degradation, report.grid)
            for residual in (projection.before, projection.after)
        )
        sys.stdout.write(visible(f"before: {before}\nafter:  {after}\n{args.out}\n"))
    return 0


def _write_page(args: argparse.Namespace, small: Picture, report: Report) -> None:
    from depixel.commands.upscale import write_page
    from depixel.report_page import ReportPage

    page = ReportPage("Depixel: projected result", {"result": args.result, "input": args.to, "output": args.out})
    page.add(args.to.name, [str(args.out)], small, report)
    write_page(page, args.report)


def _document(args: argparse.Namespace, projection: Projection, report: Report) -> dict[str, Any]:
    return {
        "result": str(args.result),
        "input": str(args.to),
        "out": str(args.out),
        "scale": report.scale,
        "domain": report.domain.name,
        "degradation": report.degradation,
        "before": projection.before._asdict(),
        "after": projection.after._asdict(),
        "notes": list(report.notes),
    }
