"""
Errands: work for the engine's queue other than upscaling a picture, namely making another upscaler's result exact, and
inspecting or enlarging a texture pack. Queueing, progress and cancelling work as for pictures.
"""

from __future__ import annotations

import importlib
import importlib.util
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, Any, Protocol, runtime_checkable

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from depixel.bystanders import ZIPS
from depixel.errors import BadUsageError, PictureTooLargeError
from depixel.monitor import Monitor, SearchStep
from depixel.service.pack_folder import PackFolder
from depixel.service.wire import JobSpec, parse_header

if TYPE_CHECKING:
    from depixel.picture import Picture
    from depixel.report import Report
    from depixel.request import Request
    from depixel.service.jobs import Jobs
    from depixel.service.limits import ServiceLimits
    from depixel.upsampler import Upsampler

_HEADER = "Depixel-Request"
_CHUNK = 2**20
_PACK_BYTES = 4 * 2**30  # most bytes of a pack on the wire


@dataclass(frozen=True)
class FileOutcome:
    """The result of an errand that is not a picture: facts, and perhaps a file."""

    facts: dict[str, Any]
    file: IO[bytes] | None = field(default=None, compare=False)
    media: str = "application/zip"


@runtime_checkable
class Errand(Protocol):
    """Work for the engine's queue."""

    @property
    def original(self) -> Picture | None:
        """The picture with which candidates are compared; None if there are no candidates."""
        ...

    def run(self, upsampler: Upsampler, monitor: Monitor) -> Report | FileOutcome:
        """Do the work. Raises DepixelError; CancelledError if the monitor stopped it."""
        ...


PackWork = Callable[..., "tuple[dict[str, Any], IO[bytes] | None]"]
"""
`depixel_watch.page_packs.work_on_pack`, which is imported by name, because the engine must not depend on the watcher.
"""


@dataclass(frozen=True)
class Exactness:
    """Make another upscaler's result scale back down to the original."""

    original: Picture
    result: Picture
    request: Request

    def run(self, upsampler: Upsampler, monitor: Monitor) -> Report:
        """The projected result as the only candidate; a note says how far off it was."""
        from depixel.labels import projected_report
        from depixel.projecting import project_result

        started = time.perf_counter()
        monitor.check("Cancelled.")
        projection = project_result(self.result, self.original, self.request)
        return projected_report(projection, self.request, self.result.name, time.perf_counter() - started)


@dataclass(frozen=True)
class PackErrand:
    """Inspect a texture pack, or enlarge it."""

    work: PackWork
    request: Request
    folder: tempfile.TemporaryDirectory[str] = field(compare=False)  # deleted with the errand
    path: Path
    profile: str
    look: bool

    @property
    def original(self) -> Picture | None:
        """None for a pack."""
        return None

    def run(self, upsampler: Upsampler, monitor: Monitor) -> FileOutcome:
        """Facts about the pack and the expected time; or the enlarged pack."""

        def progress(done: int, total: int) -> None:
            monitor.step(SearchStep(done, total, 0.0, None, "pictures"))

        cancelled = monitor.cancelled or (lambda: False)
        facts, file = self.work(upsampler, self.request, self.path, self.profile, self.look, progress, cancelled)
        return FileOutcome(facts, file)


def errand_routes(jobs: Jobs, limits: ServiceLimits, folder_for_packs: PackFolder) -> list[Route]:
    """`POST /projections`, `POST /packs` and `GET /jobs/{job}/file`."""

    async def projections(request: HttpRequest) -> Response:
        spec = parse_header(request.headers.get(_HEADER))
        body = await _read(request, limits.body)
        errand = await run_in_threadpool(_exactness, spec, body)
        size = sum(frame.nbytes for picture in (errand.original, errand.result) for frame in picture.frames)
        job = jobs.add(spec, errand, size)
        return JSONResponse({"job": job.id, "position": jobs.position(job)}, status_code=202)

    async def add_pack(request: HttpRequest) -> Response:
        packs = _pack_work()
        spec = parse_header(request.headers.get(_HEADER))
        folder = folder_for_packs.new()
        path = Path(folder.name, _zip_name(str(spec.shape.get("name") or "pack.zip")))
        try:
            size = await _store(request, path)
            errand = PackErrand(packs, spec.settings, folder, path, str(spec.header.get("profile", "auto")),
                                spec.header.get("look") is True)  # fmt: skip
            job = jobs.add(spec, errand, min(size, limits.waiting_bytes // 8))
        except BaseException:
            folder.cleanup()
            raise
        return JSONResponse({"job": job.id, "position": jobs.position(job)}, status_code=202)

    async def file(request: HttpRequest) -> Response:
        job = jobs.get(request.path_params["job"])
        if job is None or job.file is None or job.file.file is None:
            raise HTTPException(404, "This job has no file.")
        return StreamingResponse(_chunks(job.file.file), media_type=job.file.media)

    return [
        Route("/projections", projections, methods=["POST"]),
        Route("/packs", add_pack, methods=["POST"]),
        Route("/jobs/{job}/file", file, methods=["GET"]),
    ]


def _pack_work() -> PackWork:
    if importlib.util.find_spec("depixel_watch") is None:
        raise HTTPException(501, "This installation does not include support for texture packs.")
    work: PackWork = importlib.import_module("depixel_watch.page_packs").work_on_pack
    return work


def _exactness(spec: JobSpec, body: bytes) -> Exactness:
    from depixel.files import read_bytes

    length, names = spec.header.get("original"), spec.header.get("names")
    if not isinstance(length, int) or isinstance(length, bool) or not 0 < length < len(body):
        raise BadUsageError("original must be the number of bytes of the first file in the body.")
    first, second = names if isinstance(names, list) and len(names) == 2 else ("original", "result")
    original, result = read_bytes(body[:length], str(first)[:200]), read_bytes(body[length:], str(second)[:200])
    return Exactness(original, result, spec.settings)


# A name from outside is never used as a path; its extension tells the kind of archive.
def _zip_name(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2]
    safe = "".join(letter if letter.isalnum() or letter in " -_.()[]+" else "_" for letter in last)[-120:].lstrip(".")
    return safe if PurePath(safe).suffix.lower() in ZIPS else f"{safe or 'pack'}.zip"


async def _read(request: HttpRequest, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise PictureTooLargeError(f"Together the files have more than {most // 2**20} MB.")
    return bytes(body)


async def _store(request: HttpRequest, path: Path) -> int:
    size = 0
    with path.open("wb") as file:
        async for chunk in request.stream():
            size += len(chunk)
            if size > _PACK_BYTES:
                raise PictureTooLargeError(f"The pack has more than {_PACK_BYTES // 2**30} GB: use `depixel watch`.")
            await run_in_threadpool(file.write, chunk)
    return size


def _chunks(file: IO[bytes]) -> Any:
    file.seek(0)
    while chunk := file.read(_CHUNK):
        yield chunk
