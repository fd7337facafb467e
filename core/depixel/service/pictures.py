"""
Picture files for programs without a decoder, such as the page: facts about a file, a file in another format, an answer
in the form in which the command line would write it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from depixel.errors import DepixelError, PictureTooLargeError
from depixel.service.limits import ServiceLimits
from depixel.service.wire import parse_header

if TYPE_CHECKING:
    from depixel.picture import Picture
    from depixel.service.jobs import Job
    from depixel.service.wire import JobSpec

OWN = "image/*"
"""Requests the format that was sent."""

_HEADER = "Depixel-Request"


def media_type(name: str) -> str:
    """The media type of a format, by its name."""
    from depixel.files import by_name

    form = by_name(name)
    return form.media_type if form else f"image/x-{name.lower()}"


def format_of(media: str) -> str | None:
    """The name of the format with this media type; None if it cannot be written."""
    from depixel.files import FORMATS

    return next((form.name for form in FORMATS if form.encode is not None and form.media_type == media), None)


def described_formats() -> list[dict[str, Any]]:
    """The readable formats, for a program that offers them."""
    from depixel.files import FORMATS

    return [
        {
            "name": form.name,
            "label": form.label,
            "endings": list(form.endings),
            "type": form.media_type,
            "written": form.encode is not None and not form.missing(),
            "from_folders": form.from_folders,
        }
        for form in FORMATS
        if form.read is not None
    ]


def wanted(request: Request) -> str:
    """The requested media type, in lower case."""
    return request.headers.get("accept", "").split(",")[0].split(";")[0].strip().lower()


def picture_routes(limits: ServiceLimits) -> list[Route]:
    """`POST /pictures`: receives a file, returns facts about it or the picture in another format."""

    async def pictures(request: Request) -> Response:
        spec = parse_header(request.headers.get(_HEADER))
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > limits.body:
                raise PictureTooLargeError(f"The picture has more than {limits.body // 2**20} MB.")
        kind = wanted(request)
        if kind == "application/json":
            return JSONResponse(await run_in_threadpool(facts, spec, bytes(body)))
        form = format_of(kind)
        if form is None:
            raise HTTPException(
                406, "Accept must be application/json, or the media type of a format that can be written."
            )
        data = await run_in_threadpool(_converted, spec, bytes(body), form)
        return Response(data, media_type=kind)

    return [Route("/pictures", pictures, methods=["POST"])]


def facts(spec: JobSpec, body: bytes) -> dict[str, Any]:
    """
    The contents of a file, and how the engine would treat it with these settings.

    Raises:
        DepixelError: it cannot be read.
    """
    from depixel.preparation.keys import without_ground
    from depixel.preparation.prepare import prepare

    picture = _read(spec, body)
    values: dict[str, Any] = {
        "width": picture.width,
        "height": picture.height,
        "frames": len(picture.frames),
        "format": picture.format,
        "mode": picture.mode,
        "alpha": picture.has_alpha,
        "indexed": picture.palette is not None,
    }
    try:
        prepared = prepare(without_ground(picture, spec.settings), spec.settings)
    except DepixelError as error:
        return {**values, "problem": str(error)}
    return {
        **values,
        "domain": prepared.domain.name,
        "degradation": prepared.degradation.name,
        "scale": prepared.scale,
        "wrap": {"x": prepared.wrap[0], "y": prepared.wrap[1]},
        "notes": list(prepared.notes),
    }


def answer_file(job: Job, index: int, kind: str) -> tuple[bytes, dict[str, str]]:
    """
    An answer as a file, labelled like every file that Depixel writes, and headers for it: how exactly the file scales
    back, if its format changes pixels.

    Raises:
        DepixelError: the format cannot hold the picture.
    """
    from dataclasses import replace

    from depixel.files import by_name, encode, read_bytes
    from depixel.labels import label_picture
    from depixel.lossy import as_written

    assert job.report is not None
    candidate = job.report.candidates[index]
    name = candidate.picture.format if kind == OWN else format_of(kind) or "PNG"
    form = by_name(name)
    if form is None or form.encode is None or form.refusal(candidate.picture):
        name = "PNG" if kind == OWN else name  # the format is not written, or cannot hold the answer
        form = by_name(name)
    lossy = form is not None and not form.lossless
    labelled = candidate.picture if job.is_errand else label_picture(candidate, job.report, lossy=lossy)
    data = encode(labelled, name)
    headers = {"Content-Type": media_type(name)}
    if lossy and job.source is not None:
        alone = replace(job.report, candidates=(candidate,))
        measured = as_written(alone, job.source, [read_bytes(data, job.source.name)])
        headers["Depixel-Residual"] = json.dumps(measured.residual._asdict())
    return data, headers


def heat_file(job: Job) -> bytes:
    """A map of where the answers of a job differ, as PNG."""
    from depixel.files import encode

    assert job.report is not None
    return encode(job.report.disagreement(), "PNG")


def _read(spec: JobSpec, body: bytes) -> Picture:
    from depixel.service.wire import read_picture

    return read_picture(spec, "application/octet-stream", body)


def _converted(spec: JobSpec, body: bytes, kind: str) -> bytes:
    from depixel.files import encode

    return encode(_read(spec, body), kind)
