"""Everything that reads data from outside: a name, good examples, and the call to fuzz (benchmarks/fuzz.py)."""

from __future__ import annotations

import asyncio
import io
import json
import struct
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from spoilt_files import archives, pictures

from depixel.errors import DepixelError
from depixel.files import Limits, read_bytes

LIMITS = Limits(pixels=4_000_000, all_frames=8_000_000)

Read = Callable[[bytes], object]


@dataclass(frozen=True)
class Target:
    """
    One target.

    read: gets the bytes; may raise one of `sentences`.
    """

    name: str
    examples: tuple[bytes, ...]
    read: Read
    sentences: tuple[type[BaseException], ...] = (DepixelError,)


def targets(names: Sequence[str] = ()) -> list[Target]:
    """All targets, or those with these names, ready to be called."""
    return [make() for name, make in _makers().items() if not names or name in names]


def target_names() -> list[str]:
    """Their names."""
    return list(_makers())


def _makers() -> dict[str, Callable[[], Target]]:
    files = {ending: partial(_picture, ending) for ending in pictures()}
    others = {
        "zip": _pack, "mcmeta": _animation, "profiles": _profiles, "request": _request, "http": _http,
        "recipe": _recipe, "records": _records, "attempts": _attempts, "ledger": _ledger,
        "safetensors": _safetensors, "pth": _archive, "pkl": _pickle,
    }  # fmt: skip
    return {**files, **others}


def _picture(ending: str) -> Target:
    return Target(ending, tuple(pictures()[ending]), partial(read_bytes, name=f"x.{ending}", limits=LIMITS))


def _scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


def _pack() -> Target:
    from nearest_worker import NearestWorker

    from depixel_watch.packs.archive import rewrite
    from depixel_watch.packs.profiles import load

    path, profiles = _scratch() / "x.zip", load()

    def read(data: bytes) -> None:
        path.write_bytes(data)
        out = io.BytesIO()
        rewrite(path, out, NearestWorker(), profiles)
        with zipfile.ZipFile(out) as archive:
            if archive.testzip() is not None:
                raise AssertionError("the output is damaged")

    return Target("zip", tuple(archives()), read)


def _animation() -> Target:
    from depixel.picture import Picture
    from depixel_watch.packs.conventions import followed, frames_of_strip

    picture = Picture((np.zeros((16, 4, 3), np.uint8),), name="x.png")

    def read(data: bytes) -> None:
        followed("x.png.mcmeta", data, 4)
        frames_of_strip(picture, data)

    examples = (
        b'{"animation": {"frametime": 2, "width": 4, "height": 4, "frames": [0, {"index": 1, "time": 3}]}}',
        b'{"pack": {"pack_format": 6, "description": "\\u00a7atext"}, "animation": {"interpolate": true}}',
        b'\xef\xbb\xbf{"animation": {"height": 4}, "texture": {"blur": false}}',
    )
    return Target("mcmeta", examples, read)


def _profiles() -> Target:
    from depixel_watch.packs.profiles import OWN_PROFILES, load, recognise_folder

    generic = load()["generic"]
    folder = _scratch()
    (folder / "pack.txt").touch()
    path = folder / OWN_PROFILES
    rule = '{match = "*_n.png", action = "upscale", settings = {domain = "normals"}, file = {mipmaps = true}}'
    examples = (
        f'[[profile]]\nname = "a"\ntitle = "A"\nmarkers = ["pack.txt"]\nrules = [{rule}]\n'.encode(),
        b'[[profile]]\nname = "b"\ntitle = "B"\nnames = ["tex.*"]\natlas = 4096\nnote = """x"""\n'
        b'rules = [{match = "*", action = "copy", reason = "fonts"}, {match = "x", file = {into = "large"}}]\n',
    )

    def read(data: bytes) -> None:
        path.write_bytes(data)
        recognise_folder({**load(path), "generic": generic}, folder)

    return Target("profiles", examples, read)


def _request() -> Target:
    from depixel.client.protocol import RAW
    from depixel.service.limits import ServiceLimits
    from depixel.service.wire import check_length, parse_header, read_picture

    limits = ServiceLimits(body=2**20)

    def read(data: bytes) -> None:
        header, _, body = data.partition(b"\n\n")
        spec = parse_header(header.decode("latin-1"))
        check_length(spec, RAW, len(body), limits)
        read_picture(spec, RAW, body)

    plain = {"protocol": 2, "settings": {"scale": 4, "domain": "art"}, "picture": {"width": 2, "height": 2}}
    rich = {**plain, "action": "anonymise", "kept": 20, "previews": True, "program": "gimp"}
    rich["picture"] = {"width": 2, "height": 1, "channels": 1, "depth": 8, "palette": "ff00ff00" * 3, "name": "a.png"}
    deep = {"picture": {"width": 1, "height": 1, "channels": 3, "depth": 16, "frames": 2, "mode": "RGB;16"}}
    examples = [(plain, 16), (rich, 2), (deep, 12)]
    return Target("request", tuple(json.dumps(v).encode() + b"\n\n" + bytes(n) for v, n in examples), read)


class _NobodyWorks:
    """A worker without a network: every request to it ends with a sentence."""

    def warm(self) -> None:
        """Nothing to load."""

    def answer(self, picture: Any, spec: Any, monitor: Any) -> Any:
        """Never answers."""
        raise DepixelError("No network.")


# The engine's own application behind its guard, called as uvicorn does.
def _http() -> Target:
    from depixel.service.app import make_app
    from depixel.service.connections import Connections
    from depixel.service.guard import Guard, Token
    from depixel.service.jobs import Jobs
    from depixel.service.limits import ServiceLimits

    limits, loop, token = ServiceLimits(body=2**20), asyncio.new_event_loop(), Token()
    jobs = Jobs(_NobodyWorks(), limits, loop)
    jobs.start()
    guard = Guard(make_app(jobs, dict, lambda: None, limits), token, 4711, Connections(limits))

    async def ask(data: bytes) -> int:
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        first = bytes(byte for byte in first if 0x20 <= byte < 0x7F)  # h11 allows nothing else
        method, _, path = first.partition(b" ")
        pairs = [line.partition(b": ") for line in lines]
        headers = [(name.strip().lower(), value.replace(b"TOKEN", token.value.encode())) for name, _, value in pairs]
        path, _, query = path.partition(b"?")
        sent: list[Any] = []

        async def receive() -> Any:
            if sent or receive.is_done:  # type: ignore[attr-defined]
                return {"type": "http.disconnect"}
            receive.is_done = True  # type: ignore[attr-defined]
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        receive.is_done = False  # type: ignore[attr-defined]
        text = path.decode("utf-8", "replace")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method.decode("latin-1"),
            "path": text, "raw_path": path, "query_string": query, "root_path": "", "scheme": "http",
            "headers": headers, "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 4711),
        }  # fmt: skip
        await guard(scope, receive, send)
        return int(sent[0]["status"]) if sent else 0

    def read(data: bytes) -> None:
        status = loop.run_until_complete(ask(data))
        jobs.sweep()
        if status >= 500 and status not in (501, 503, 507):
            raise AssertionError(f"status {status}")
        if status >= 400:
            raise DepixelError(str(status))

    head = b"\r\nhost: 127.0.0.1:4711\r\nauthorization: Bearer TOKEN\r\n"
    header = b'depixel-request: {"settings": {"scale": 2}, "picture": {"width": 1, "height": 1, "channels": 3}}\r\n'
    raw = head + b"content-type: application/x-depixel-samples\r\n" + header + b"\r\n"
    png = pictures()["png"][0]
    examples = (
        b"GET /hello" + head + b"\r\n",
        b"GET /options" + head + b"\r\n",
        b"GET /page/static/page.js" + head + b"\r\n",
        b"GET /jobs/0123456789abcdef/candidates/0" + head + b"accept: image/png\r\n\r\n",
        b"POST /jobs" + raw + b"\1\2\3",
        b"POST /jobs" + head + b"\r\n" + png,
        b"POST /pictures" + head + b"accept: application/json\r\n\r\n" + png,
        b"POST /pictures" + head + b"accept: image/png\r\n" + header + b"\r\n" + png,
        b"POST /projections" + head + b'depixel-request: {"original": 9}\r\n\r\n' + png,
        b"POST /page/keys" + head + b'\r\n{"files": [{"path": "/etc/passwd", "name": "a"}], "note": "/x"}',
        b"POST /page/session" + head + b'\r\n{"key": "abc"}',
        b"POST /enter" + head + b"\r\nkey=abc",
        b"GET /proof" + head + b"depixel-challenge: " + b"ab" * 32 + b"\r\n\r\n",
    )
    return Target("http", examples, read)


def _recipe() -> Target:
    from depixel.client.errors import EngineError
    from depixel.client.protocol import Pixels
    from depixel.client.recipe import Recipe

    pixels = Pixels(2, 2, 3, (bytes(12),), name="a.png")
    recipes = (Recipe("upscale", {"scale": 4, "seed": 7}, source=pixels), Recipe("upscale", {"steps": 20}, 14, "b"))

    def read(data: bytes) -> None:
        recipe = Recipe.from_json(data.decode("utf-8", "replace"))
        recipe.values()
        recipe.text()

    return Target("recipe", tuple(recipe.to_json().encode() for recipe in recipes), read, (EngineError,))


# "Reading never raises", whatever the folder of engine and clients contains.
def _records() -> Target:
    from depixel.client.place import Place
    from depixel.service.page_sessions import PageSessions

    folder = _scratch()
    place = Place(str(folder))

    def read(data: bytes) -> None:
        for name in ("running.json", "installed.json", "page.json"):
            path = folder / name
            path.write_bytes(data)
            path.chmod(0o600)
        place.running()
        place.installed()
        PageSessions(folder / "page.json")

    examples = (
        b'{"pid": 12, "port": 4711, "token": "abc", "protocol": 2, "version": "0.2"}',
        b'{"command": ["/bin/sh", "-c"], "environment": {"A": "b"}, "version": "0.2"}',
        b'{"port": 4711, "sessions": {"0123456789abcdef": 1900000000.0}}',
    )
    return Target("records", examples, read)


def _attempts() -> Target:
    from depixel_watch.folder.stamps import Stamp
    from depixel_watch.work.attempts import Attempts

    note = _scratch() / "attempts"
    Attempts(note).begin([("a.png", Stamp(1, 2)), ("b/ü.png", Stamp(3, 4))])
    example = note.read_bytes()

    def read(data: bytes) -> None:
        note.write_bytes(data)
        Attempts(note).deaths("a.png", Stamp(1, 2))

    return Target("attempts", (example,), read)


def _ledger() -> Target:
    import sqlite3

    from depixel_watch.folder.stamps import Stamp
    from depixel_watch.ledger.ledger import Ledger, Row
    from depixel_watch.ledger.repair import open_ledger

    folder = _scratch()
    path = folder / "ledger.sqlite"
    good = Ledger(path)
    good.record(
        Row(f"d/{n}.png", Stamp(n, n, n, n), f"key{n}", "recipe", "done", "", Stamp(9, 9, 9, n), f"made{n}")
        for n in range(40)
    )
    good.note_unreadable({"a": "closed"})
    good.close()
    example = path.read_bytes()

    def read(data: bytes) -> None:
        for left in folder.iterdir():
            left.unlink()
        path.write_bytes(data)
        ledger = open_ledger(path, lambda sentence: None)
        try:
            for row in ledger.rows():
                ledger.get(row.path)
            ledger.counts()
            ledger.unreadable()
        finally:
            ledger.close()

    return Target("ledger", (example,), read, (DepixelError, sqlite3.Error))


def _safetensors() -> Target:
    from depixel.commands.models import describe
    from depixel.priors.weights import load_weights

    path = _scratch() / "x.safetensors"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        describe(path)
        load_weights(str(path))

    config = json.dumps({"kind": "art", "channels": 8})
    header = {
        "__metadata__": {"config": config, "licence": "none"},
        "a.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
        "b": {"dtype": "F16", "shape": [4], "data_offsets": [24, 32]},
    }
    text = json.dumps(header).encode()
    return Target("safetensors", (struct.pack("<Q", len(text)) + text + bytes(32),), read)


def _archive() -> Target:
    import torch

    from depixel.priors.community.keeping import content_of
    from depixel.priors.importers import convert_file

    def read(data: bytes) -> None:
        convert_file(Path("x.pth"), data) if len(data) % 2 else content_of(Path("x.pth"), data)

    states = (
        {"body.0.weight": torch.zeros(2, 3, 1, 1), "body.0.bias": torch.zeros(2)},
        {"g_ema": {"style.1.weight": torch.zeros(4, 4)}, "latent_avg": torch.zeros(4), "step": 7},
    )
    examples = []
    for state in states:
        for modern in (True, False):
            out = io.BytesIO()
            torch.save(state, out, _use_new_zipfile_serialization=modern)
            examples.append(out.getvalue())
    return Target("pth", tuple(examples), read)


def _pickle() -> Target:
    import pickle

    import torch

    from depixel.priors.importers import convert_file
    from depixel.priors.importers.unpickler import read_pickle

    def read(data: bytes) -> None:
        convert_file(Path("x.pkl"), data) if len(data) % 2 else read_pickle(io.BytesIO(data), "x.pkl")

    state = {"G_ema": {"_parameters": {"x": torch.zeros(2)}, "_modules": {}}, "D": None, "kwargs": {"z": (1, 2.5)}}
    return Target("pkl", tuple(pickle.dumps(state, protocol) for protocol in (2, 4)), read)
