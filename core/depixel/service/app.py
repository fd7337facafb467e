"""The HTTP interface of the engine: a few routes, all behind the same guard. docs/api describes them."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from depixel import __version__
from depixel.bystanders import ZIPS
from depixel.client.option_table import OPTIONS
from depixel.client.protocol import PROTOCOL, RAW, REQUEST_HEADER
from depixel.errors import DepixelError, PictureTooLargeError
from depixel.request import DOMAINS
from depixel.service.errands import errand_routes
from depixel.service.guard import error_response
from depixel.service.jobs import NO_MEMORY, Job, Jobs
from depixel.service.limits import ServiceLimits
from depixel.service.pack_folder import PackFolder
from depixel.service.page import page_routes
from depixel.service.page_sessions import PageSessions
from depixel.service.pictures import OWN, answer_file, format_of, heat_file, picture_routes, wanted
from depixel.service.wire import check_length, parse_header, read_picture, samples

STATUS = {"too-large": 413, "unreadable": 415, "unsupported": 415, "busy": 503, "protocol": 409, "memory": 507}
"""Error code => HTTP status; 400 for all others."""

_HEARTBEAT = 0.5  # seconds between keep-alive lines on a stream of events
_PACE = 0.04  # seconds for which an event may be held back in favour of a newer one


def make_app(
    jobs: Jobs,
    about: Callable[[], dict[str, Any]],
    stop: Callable[[], None],
    limits: ServiceLimits,
    sessions: PageSessions | None = None,
    packs: PackFolder | None = None,
) -> Starlette:
    """
    The application without its guard.

    Args:
        about: device, models, actions: facts that can change while the engine runs.
        stop: called when a client asks the engine to finish and exit.
        sessions: of the page in the browser; None = there are none yet.
        packs: where packs that clients send are kept; None = a folder of the system.
    """

    async def hello(request: HttpRequest) -> Response:
        facts = {"protocol": PROTOCOL, "version": __version__, "pid": os.getpid(), "domains": list(DOMAINS)}
        return JSONResponse({**facts, "ready": jobs.ready, "queued": jobs.count, **about()})

    async def add(request: HttpRequest) -> Response:
        content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
        spec = parse_header(request.headers.get(REQUEST_HEADER))
        expected = check_length(spec, content_type, _content_length(request), limits)
        body = await _body(request, expected)
        picture = await run_in_threadpool(read_picture, spec, content_type, body)
        size = sum(frame.nbytes for frame in picture.frames)
        job = jobs.add(spec, picture, size)
        where = {"Location": f"/jobs/{job.id}"}
        return JSONResponse({"job": job.id, "position": jobs.position(job)}, status_code=202, headers=where)

    async def show(request: HttpRequest) -> Response:
        job = _job(jobs, request)
        end = job.end or {}
        progress = {k: v for k, v in (job.progress or {}).items() if k not in ("preview", "event")}
        values = {"job": job.id, "state": job.state, "position": jobs.position(job), "progress": progress or None}
        return JSONResponse({**values, **{k: v for k, v in end.items() if k != "event"}})

    async def events(request: HttpRequest) -> Response:
        return EventStream(jobs, _job(jobs, request))

    async def candidate(request: HttpRequest) -> Response:
        job = _job(jobs, request)
        index = request.path_params["index"]
        if job.report is None or index >= len(job.report.candidates):
            raise HTTPException(404, f"This job has no answer {index}; it is {job.state}.")
        kind = wanted(request)
        if kind != OWN and format_of(kind) is None:
            return Response(await run_in_threadpool(samples, job.report.candidates[index]), media_type=RAW)
        data, headers = await run_in_threadpool(answer_file, job, index, kind)
        return Response(data, headers=headers)

    async def heat(request: HttpRequest) -> Response:
        job = _job(jobs, request)
        if job.report is None or len(job.report.candidates) < 2:
            raise HTTPException(404, "The job has only one answer, so there is no difference to show.")
        return Response(await run_in_threadpool(heat_file, job), media_type="image/png")

    async def options(request: HttpRequest) -> Response:
        from depixel.service.pictures import described_formats

        rows = [dataclasses.asdict(option) for option in OPTIONS if "page" in option.doors]
        formats = await run_in_threadpool(described_formats)
        return JSONResponse({"options": rows, "formats": formats, "archives": sorted(ZIPS)})

    async def remove(request: HttpRequest) -> Response:
        jobs.forget(_job(jobs, request))
        return Response(status_code=204)

    async def shutdown(request: HttpRequest) -> Response:
        stop()
        return JSONResponse({"stopping": True}, status_code=202)

    return Starlette(
        routes=[
            Route("/hello", hello, methods=["GET"]),
            Route("/jobs", add, methods=["POST"]),
            Route("/jobs/{job}", show, methods=["GET"]),
            Route("/jobs/{job}", remove, methods=["DELETE"]),
            Route("/jobs/{job}/events", events, methods=["GET"]),
            Route("/jobs/{job}/candidates/{index:int}", candidate, methods=["GET"]),
            Route("/jobs/{job}/disagreement", heat, methods=["GET"]),
            Route("/options", options, methods=["GET"]),
            Route("/shutdown", shutdown, methods=["POST"]),
            *picture_routes(limits),
            *errand_routes(jobs, limits, packs or PackFolder()),
            *page_routes(sessions or PageSessions()),
        ],
        exception_handlers={
            DepixelError: _refuse,
            HTTPException: _refuse_http,
            ClientDisconnect: _gone,
            MemoryError: _no_memory,
        },
    )


class EventStream(Response):
    """
    The events of one job as lines of JSON, until it ends; empty lines keep the connection alive.

    If the client disconnects before the end, the job is cancelled: it is no longer wanted, or its program has died.
    """

    def __init__(self, jobs: Jobs, job: Job) -> None:
        self.status_code = 200
        self.background = None
        self._jobs = jobs
        self._job = job
        self.init_headers({"content-type": "application/x-ndjson", "cache-control": "no-store"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        departure = asyncio.ensure_future(_until_gone(receive))
        try:
            await self._tell(send, departure)
        except OSError:
            pass  # the client disconnected while a line was being sent
        finally:
            departure.cancel()
            if not self._job.finished:
                self._jobs.cancel(self._job)

    async def _tell(self, send: Send, departure: asyncio.Future[None]) -> None:
        job = self._job
        version = -1
        last_line: dict[str, Any] | None = None
        while not departure.done():
            job.changed.clear()
            if job.version == version and not job.finished:
                await _either(job.changed.wait(), departure)
            line = b"\n" if job.version == version and not job.finished else _news(job, self._jobs)
            version = job.version
            last = job.finished and job.end is not None
            if last:  # the last step is always sent, even of a very short job
                step = b"" if job.progress is None or job.progress is last_line else _news(job, self._jobs)
                line = step + json.dumps(job.end).encode("ascii") + b"\n"
            last_line = job.progress
            await send({"type": "http.response.body", "body": line, "more_body": not last})
            if last:
                return
            await asyncio.sleep(0 if job.finished else _PACE)


def _news(job: Job, jobs: Jobs) -> bytes:
    if job.progress is not None:
        return json.dumps(job.progress).encode("ascii") + b"\n"
    return json.dumps({"event": "queued", "position": jobs.position(job)}).encode("ascii") + b"\n"


async def _either(change: Awaitable[Any], departure: asyncio.Future[None]) -> None:
    waiting = asyncio.ensure_future(change)
    try:
        await asyncio.wait({waiting, departure}, timeout=_HEARTBEAT, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(request: HttpRequest, expected: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > expected:
            raise PictureTooLargeError("The body is longer than the described picture, or longer than 512 MB.")
    return bytes(body)


def _content_length(request: HttpRequest) -> int | None:
    text = request.headers.get("content-length", "")
    return int(text) if text.isdigit() else None


def _job(jobs: Jobs, request: HttpRequest) -> Job:
    job = jobs.get(request.path_params["job"])
    if job is None:
        raise HTTPException(404, "This engine does not know the job; it may have ended long ago.")
    return job


async def _refuse(request: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, DepixelError)
    return error_response(STATUS.get(error.code, 400), error.code, str(error))


async def _refuse_http(request: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {403: "page", 404: "not-found", 405: "method", 406: "format"}.get(error.status_code, "error")
    return error_response(error.status_code, code, str(error.detail))


async def _no_memory(request: HttpRequest, error: Exception) -> Response:
    return error_response(STATUS["memory"], "memory", NO_MEMORY)


async def _gone(request: HttpRequest, error: Exception) -> Response:
    return Response(status_code=499)  # the client has disconnected
