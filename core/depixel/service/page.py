"""
The page: its files, the exchange of a key for a session, and the files that were named on the command line.

For everything else the page uses the same routes as other programs.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from depixel.client.json_text import parse_json
from depixel.errors import BadUsageError
from depixel.service.page_sessions import NamedFile, PageSessions
from depixel.service.peer import is_another_user

if TYPE_CHECKING:
    from importlib.abc import Traversable

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".gif": "image/gif",
}
EXAMPLES = {
    "examples/dragon.png": "sprites/dragon.png",
    "examples/potion.png": "pixel-art/potion.png",
    "examples/wall.png": "textures/wall.png",
    "examples/coin.png": "animations/coin.png",
    "examples/portrait.png": "faces/portrait.png",
}
"""Example pictures => their place in samples/; the wheel has copies."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
        "trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every file of the page: it may load only its own files, and other pages may not embed it."""

_MOST_FILES = 20_000  # named on one command line
_MOST_BODY = 16 * 2**20  # bytes of a request for a key, which names files
_MOST_KEY = 4096  # bytes of a request that brings a key: anyone may send one
_PUBLIC = ("/", "/enter", "/page/session")


def is_public(path: str) -> bool:
    """Whether a path needs no token: the page's own files, which hold no secret, and the exchange of keys."""
    return path in _PUBLIC or path.startswith("/page/static/")


def is_for_programs(path: str) -> bool:
    """Whether a path is closed to the page: only programs with the engine's token may make keys or stop the engine."""
    return path in ("/page/keys", "/shutdown")


def page_routes(sessions: PageSessions) -> list[Route]:
    """The page's routes."""

    async def index(request: Request) -> Response:
        return _static("index.html")

    # If the key is in the address, after #, the page's script exchanges it.
    async def enter(request: Request) -> Response:
        return _static("enter.html")

    # Called from the file that `depixel open` wrote: the key is not in an address, so no browser history contains it.
    async def enter_by_form(request: Request) -> Response:
        body = (await _body(request, _MOST_KEY)).decode("ascii", "replace")
        token = await exchange(request, parse_qs(body).get("key", [""])[0])
        return _static("enter.html", {"session": token})

    async def static(request: Request) -> Response:
        return _static(request.path_params["name"])

    async def keys(request: Request) -> Response:
        values = await _json(request)
        files = _named_files(values)
        missing = next((file for file in files if not _is_file(file.path)), None)
        if missing is not None:
            raise BadUsageError(f"{missing.path} is not a readable file.")
        note = values.get("note")
        return JSONResponse({"key": sessions.new_key(files, note=Path(note) if isinstance(note, str) else None)})

    async def session(request: Request) -> Response:
        values = await _json(request, _MOST_KEY)
        return JSONResponse({"session": await exchange(request, str(values.get("key", "")))})

    async def exchange(request: Request, key: str) -> str:
        peer, own = request.client, request.scope.get("server")
        if peer and own and await run_in_threadpool(is_another_user, peer.port, own[1]):
            raise HTTPException(403, "This page belongs to another user of this computer.")
        token = sessions.exchange(key)
        if token is None:
            raise HTTPException(403, "This address was used before, or is too old. Run `depixel open` for a new one.")
        return token

    # The files are listed only once: a tab that is reloaded does not open them again.
    async def named_files(request: Request) -> Response:
        tab = sessions.find(request.headers.get("authorization", ""))
        files = [] if tab is None or tab.listed else [{"name": file.name} for file in tab.files]
        if tab is not None:
            tab.listed = True
        return JSONResponse({"files": files})

    async def named_file(request: Request) -> Response:
        tab = sessions.find(request.headers.get("authorization", ""))
        number = request.path_params["number"]
        if tab is None or number >= len(tab.files) or not _is_file(tab.files[number].path):
            raise HTTPException(404, "This file no longer exists. Run `depixel open` again.")
        return FileResponse(tab.files[number].path, media_type="application/octet-stream", headers=HEADERS)

    return [
        Route("/", index, methods=["GET"]),
        Route("/enter", enter, methods=["GET"]),
        Route("/enter", enter_by_form, methods=["POST"]),
        Route("/page/static/{name:path}", static, methods=["GET"]),
        Route("/page/keys", keys, methods=["POST"]),
        Route("/page/session", session, methods=["POST"]),
        Route("/page/files", named_files, methods=["GET"]),
        Route("/page/files/{number:int}", named_file, methods=["GET"]),
    ]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False


# `facts` go into the head of an HTML file as <meta> elements.
def _static(name: str, facts: Mapping[str, str] | None = None) -> Response:
    folder = resources.files("depixel.service").joinpath("page")
    parts = name.split("/")
    kind = _TYPES.get(Path(name).suffix)
    file: Traversable = folder.joinpath(*parts)
    if name in EXAMPLES and not file.is_file():  # a source checkout, which has no copies
        file = Path(__file__).resolve().parents[3] / "samples" / EXAMPLES[name]
    if kind is None or any(part in ("", ".", "..") or "\\" in part for part in parts) or not file.is_file():
        raise HTTPException(404, "The page has no such file.")
    data = file.read_bytes()
    for key, value in (facts or {}).items():
        data = data.replace(b"</head>", f'<meta name="{key}" content="{html.escape(value)}">\n</head>'.encode("ascii"))
    return Response(data, headers=HEADERS, media_type=kind)


async def _body(request: Request, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise BadUsageError("The request is too long.")
    return bytes(body)


async def _json(request: Request, most: int = _MOST_BODY) -> dict[str, Any]:
    body = await _body(request, most)
    try:
        values = parse_json(body or b"{}")
    except ValueError as error:
        raise BadUsageError("The request is not JSON.") from error
    if not isinstance(values, dict):
        raise BadUsageError("The request must be a JSON object.")
    return values


def _named_files(values: dict[str, Any]) -> list[NamedFile]:
    files = values.get("files", [])
    if not isinstance(files, list) or len(files) > _MOST_FILES:
        raise BadUsageError(f"files must be a list of at most {_MOST_FILES} entries.")
    names = []
    for entry in files:
        path, name = (entry.get("path"), entry.get("name")) if isinstance(entry, dict) else (None, None)
        if not isinstance(path, str) or not isinstance(name, str) or not Path(path).is_absolute() or "\0" in path:
            raise BadUsageError("Each entry of files must have an absolute path and a name.")
        names.append(NamedFile(Path(path), name.encode("utf-8", "replace").decode("utf-8")))
    return names
