"""`depixel upscale`: pictures in, larger pictures out, and how exactly each one scales back."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from depixel.batch.inputs import DEFAULT_OUT
from depixel.errors import BadUsageError
from depixel.terminal.options import add_cluster_options, add_request_options, add_size_limits, request_from

if TYPE_CHECKING:
    from depixel.batch.beside import SidesBeside
    from depixel.batch.inputs import InputPictures
    from depixel.batch.plan import PlannedPicture
    from depixel.batch.running import Outcome
    from depixel.batch.search_film import SearchFilm
    from depixel.cli import Subparsers
    from depixel.progress import BarProgress, LineProgress
    from depixel.report_page import ReportPage
    from depixel.request import Request

DEFAULT_PAGE = "depixel-report.html"
_AUTO = "auto"
_OUT = "output folder, or a file name for a single picture"


def add_parser(subparsers: Subparsers) -> None:
    """Declare `depixel upscale`."""
    parser = subparsers.add_parser(
        "upscale",
        help="upscale pictures, folders, texture packs (PACK.zip) or patterns such as 'sprites/*.png'",
        description="Upscale pictures so that each answer scales back down to exactly the pixels of its input. Folders "
        "keep their structure, and pictures keep their names, modes, frames and profiles. A texture pack (PACK.zip, or "
        "a folder with pack.mcmeta and the like) becomes a larger, working pack. Nothing is overwritten without "
        "--overwrite.",
        epilog="Exit code: 0 all done, 1 some failed (each is named with its reason), 2 bad usage, 130 stopped.",
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="picture, folder (with its subfolders), texture pack, or pattern such as 'sprites/*.png'",
    )
    parser.add_argument("-o", "--out", type=Path, default=Path(DEFAULT_OUT), metavar="OUT", help=_OUT)
    add_request_options(parser)
    files = parser.add_argument_group("files")
    files.add_argument("--overwrite", action="store_true", help="replace existing outputs")
    files.add_argument("--suffix", default="", metavar="TEXT", help="add TEXT to each file name, as in hero_x4.png")
    files.add_argument("--format", metavar="EXT", help="write this format: png, webp, tga ... (default: the input's)")
    files.add_argument("--max-pixels", type=int, metavar="N", help="refuse pictures with more pixels than this")
    files.add_argument(
        "--profile",
        default="auto",
        metavar="NAME",
        help="treat folders and zips as packs of this game or emulator (`depixel watch --profiles` lists them); none = "
        "as plain pictures (default: detected)",
    )
    add_size_limits(files, "pictures")
    files.add_argument("--dry-run", action="store_true", help="show what would be done without writing anything")
    parser.add_argument(
        "--engine",
        default="local",
        metavar="WHERE",
        help="engine to use: local = in this process; auto = the one that GIMP and Krita share, started if necessary; "
        "or the address of one, http://127.0.0.1:PORT (default: local)",
    )
    add_cluster_options(parser.add_argument_group("many machines"))
    reports = parser.add_argument_group("reports")
    reports.add_argument(
        "--report", nargs="?", const=_AUTO, metavar="PATH", help=f"write an HTML page (default OUT/{DEFAULT_PAGE})"
    )
    reports.add_argument(
        "--disagreement",
        action="store_true",
        help="with --candidates 2 or more: also write NAME.disagreement.png, a heat map of where the answers differ, "
        "that is, of what was invented",
    )
    reports.add_argument(
        "--animation",
        metavar="FILE",
        help="for a single picture: save the search as an animation, one frame per step (gif, webp, or png for APNG)",
    )
    reports.add_argument(
        "--json", action="store_true", help="print one JSON document on standard output and nothing else"
    )
    reports.add_argument("--quiet", action="store_true", help="print only the summary")


# A mistyped model is reported once, before any file is read.
def _check_models(settings: Request) -> None:
    from depixel.priors.weights import added_names, released_names
    from depixel.request import MODELS
    from depixel.terminal.mistakes import suggestion

    names = [*released_names(), *added_names()]
    for name in settings.models:
        if name not in MODELS and name not in names:
            hint = suggestion(name, names, f"; installed are {', '.join(names)}.")
            raise BadUsageError(f"there is no model {name!r}{hint} `depixel models` lists them.")


def run(args: argparse.Namespace) -> int:
    """Plan, then answer and write group by group, then print the summary."""
    from depixel.files.writing import check_name

    check_name(args.out)
    settings = request_from(args)
    if args.disagreement and settings.answers < 2:
        raise BadUsageError(
            "--disagreement compares answers: ask for at least two with --candidates, or name several models with "
            "--model."
        )
    if settings.face:
        from depixel.portrait.dials import read_dials

        read_dials(settings.face)  # a mistyped dial is reported before any file is read
    if args.engine == "local" and not args.cluster:
        _check_models(settings)
    if (code := _as_packs(args, settings)) is not None:
        return code
    settings = _cutting_sheets(args, settings)
    all_planned, inputs = _plan(args, settings)
    film = _film(args, all_planned, settings)
    if args.dry_run:
        from depixel.batch.dry_run import show_plan

        return show_plan(all_planned, settings, args, inputs)

    from depixel.batch.beside import SidesBeside
    from depixel.batch.summary import Tally, document, line_for, text
    from depixel.terminal.stopping import stop_on_interrupt

    started = time.perf_counter()
    page = _page(args, settings)
    tally, sides = Tally(), SidesBeside()
    works = {planned.source: _work(planned) for planned in all_planned}
    with stop_on_interrupt() as stop, _progress(args, len(all_planned), sum(works.values())) as progress:
        for outcome in _outcomes(args, settings, all_planned, progress, stop, film, sides):
            tally.add(outcome)
            if film is not None:
                _write_film(film, outcome, args)
            if page is not None:
                _illustrate(page, outcome)
            if outcome.status != "stopped":  # the summary counts these
                work = works[outcome.planned.source]
                progress.advance(line_for(outcome), remarkable=outcome.problem is not None, work=work)
    seconds = time.perf_counter() - started
    path = _page_path(args)
    if page is not None and path is not None:
        write_page(page, path)
    tally.side_files, tally.not_scaled = sides.finish(tally.grown, overwrite=args.overwrite)
    summary = text(tally, seconds, inputs, path)
    if args.json:
        sys.stderr.write(summary)
        sys.stdout.write(document(tally, settings, seconds, inputs, path, {"out": str(args.out)}))
    else:
        sys.stdout.write(summary)
    return tally.exit_code


# As the watcher does: the frames of a sheet are found unless --frames says otherwise.
def _cutting_sheets(args: argparse.Namespace, settings: Request) -> Request:
    if hasattr(args, "frames") or settings.box is not None or settings.size is not None:
        return settings
    return replace(settings, frames="auto")


# The watcher upscales whole packs. It is imported by name, so that the command line does not depend on it.
def _as_packs(args: argparse.Namespace, settings: Request) -> int | None:
    if importlib.util.find_spec("depixel_watch") is None:
        return None
    door = importlib.import_module("depixel_watch.pack_command")
    packs = door.packs_among(args.inputs, args.profile)
    return int(door.upscale_packs(args, settings, packs, Path(DEFAULT_OUT))) if packs else None


def _plan(args: argparse.Namespace, settings: Request) -> tuple[list[PlannedPicture], InputPictures]:
    from depixel.batch.disk import READABLE, WRITABLE, check_no_video
    from depixel.batch.inputs import find_pictures, nothing_found
    from depixel.batch.plan import PlannedPicture, Problem, make_naming, plan_pictures

    check_no_video(args.out)
    extension = _extension(args.format, WRITABLE)
    naming = make_naming(args.out, args.inputs, args.suffix, extension, WRITABLE)
    inputs = find_pictures(args.inputs, READABLE, None if naming.single else args.out)
    missing = [
        PlannedPicture(Path(text), text, args.out, Problem("failed", "unreadable", reason))
        for text, reason in inputs.missing
    ]
    all_planned = plan_pictures(
        inputs.pictures,
        naming,
        WRITABLE,
        settings.most_answers,
        args.overwrite,
        disagreement=args.disagreement,
        explicit=inputs.explicit,
    )
    if not all_planned:
        raise BadUsageError(nothing_found(args.inputs, inputs, READABLE))
    return [*missing, *all_planned], inputs


def _extension(text: str | None, writable: Collection[str]) -> str | None:
    if text is None:
        return None
    extension = "." + text.lower().lstrip(".")
    if extension not in writable:
        endings = ", ".join(sorted(ending[1:] for ending in writable))
        raise BadUsageError(f"--format {text} cannot be written; choose one of {endings}.")
    return extension


def _outcomes(
    args: argparse.Namespace,
    settings: Request,
    all_planned: list[PlannedPicture],
    progress: BarProgress | LineProgress,
    stop: Any,
    film: SearchFilm | None,
    sides: SidesBeside,
) -> Iterator[Outcome]:
    from depixel.batch.caps import SizeCaps
    from depixel.batch.disk import reader, writer
    from depixel.batch.engines import open_engine
    from depixel.batch.running import Batch, Outcome
    from depixel.batch.sets import PictureSets

    if all(planned.problem is not None for planned in all_planned):  # nothing to compute, so torch is not needed
        yield from (Outcome(planned, planned.problem) for planned in all_planned)
        return
    progress.doing("loading the engine")
    read, write = reader(args.max_pixels), writer(args.overwrite, resume=True)
    watch = None if film is None else film.add
    batch = Batch(
        open_engine(args),
        settings,
        read,
        write,
        progress,
        stop,
        disagreement=args.disagreement,
        watch=watch,
        caps=SizeCaps(args.only_below, args.most),
        sides=sides,
        sets=PictureSets(planned.source for planned in all_planned if planned.problem is None),
    )
    yield from batch.run(all_planned)


# A film shows one search; check that it can be written before the search begins.
def _film(args: argparse.Namespace, all_planned: list[PlannedPicture], settings: Request) -> SearchFilm | None:
    if args.animation is None:
        return None
    from depixel.batch.search_film import SearchFilm, film_path

    path = film_path(args.animation)
    if len(all_planned) != 1:
        raise BadUsageError(
            f"--animation shows the search for one picture, not for {len(all_planned)}: name a single picture."
        )
    if settings.domain != "faces" and not settings.steps:
        raise BadUsageError("--animation shows a search: add --domain faces, or --steps N.")
    if args.engine != "local":
        raise BadUsageError("--animation works only with the engine in this process: leave out --engine.")
    if path.exists() and (not args.overwrite or path.samefile(all_planned[0].source)):
        raise BadUsageError(f"{path} exists already: choose another name for --animation, or add --overwrite.")
    return SearchFilm()


def _write_film(film: SearchFilm, outcome: Outcome, args: argparse.Namespace) -> None:
    if outcome.small is None or outcome.report is None:
        return
    from depixel.batch.disk import writer
    from depixel.labels import label_picture

    answer = label_picture(outcome.report.candidates[0], outcome.report)
    writer(args.overwrite)(Path(args.animation), film.finish(outcome.small, answer))


# The size that a file claims in its first bytes.
def _work(planned: PlannedPicture) -> float:
    from depixel.files import HEAD, claimed_pixels
    from depixel.pace import work_of

    if planned.problem is not None:
        return 0.0
    try:
        with planned.source.open("rb") as file:
            head = file.read(HEAD)
        pixels = claimed_pixels(head)
        return float(work_of(planned.source.stat().st_size * 10 if pixels is None else pixels))
    except OSError:
        return 1.0


def _progress(args: argparse.Namespace, total: int, work: float) -> BarProgress | LineProgress:
    from depixel.progress import BarProgress, LineProgress

    if args.quiet:
        return LineProgress(total, None)
    if sys.stderr.isatty() and (args.json or sys.stdout.isatty()):
        return BarProgress(total, work)
    return LineProgress(total, sys.stderr if args.json else sys.stdout)


def _page(args: argparse.Namespace, settings: Request) -> ReportPage | None:
    if args.report is None:
        return None
    from depixel.report_page import ReportPage

    changes = settings.to_dict() or {"all": "defaults"}
    return ReportPage("Depixel report", {"inputs": " ".join(args.inputs), "output": args.out, **changes})


def _page_path(args: argparse.Namespace) -> Path | None:
    if args.report is None:
        return None
    if args.report != _AUTO:
        return Path(args.report)
    folder = args.out.parent if args.out.suffix and not args.out.is_dir() else args.out
    return Path(folder) / DEFAULT_PAGE


def _illustrate(page: ReportPage, outcome: Outcome) -> None:
    if outcome.problem is not None:
        page.miss(outcome.status, outcome.planned.name, outcome.problem.reason)
    elif outcome.small is not None and outcome.report is not None:
        page.add(outcome.planned.name, [str(path) for path in outcome.written], outcome.small, outcome.report)


def write_page(page: ReportPage, path: Path) -> None:
    """
    Write the page.

    Raises:
        UnwritableOutputError: the folder cannot be written.
    """
    from depixel.errors import UnwritableOutputError

    try:
        page.write(path)
    except OSError as error:
        raise UnwritableOutputError(
            f"The pictures were written, but the report {path} could not be: {error}."
        ) from error
