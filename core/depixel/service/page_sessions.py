"""
Access to the page: one-time keys, and the sessions that they open.

A key is part of the address that `depixel open` passes to the browser. It is valid once and for a short time. The page
exchanges it for a session token, which stays in the memory of that browser tab. Only digests of session tokens are
stored; with them a tab can continue after the engine has restarted.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from depixel.client.json_text import parse_json

KEY_SECONDS = 600.0
"""Seconds for which a key is valid."""

SESSION_SECONDS = 7 * 86400.0
"""Seconds for which a tab's session is valid, across restarts of the engine."""

_MOST = 64  # keys, and also sessions; a new one replaces the oldest


@dataclass(frozen=True)
class NamedFile:
    """A file that the user named on the command line, for the page to fetch."""

    path: Path
    name: str  # as the page shows it: the path below the named folder, with forward slashes


@dataclass
class _Key:
    expires: float
    files: tuple[NamedFile, ...]
    note: Path | None  # the file that passes the key to a browser; it is deleted when the key is used


@dataclass
class Session:
    """One browser tab."""

    expires: float
    files: tuple[NamedFile, ...] = field(default=())
    listed: bool = False  # the tab has received the list of files


class PageSessions:
    """
    Keys and sessions of one engine.

    Args:
        store: file for digests of session tokens and for the port; None = nothing is stored.
        clock: seconds since 1970.
    """

    def __init__(self, store: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._keys: dict[str, _Key] = {}
        stored = _read(store)
        self.port = stored["port"]
        """The port at which tabs of the previous engine look for this one; 0 if there was none."""
        self._sessions = {digest: Session(expires) for digest, expires in stored["sessions"].items()}

    def publish(self, port: int) -> None:
        """Store the port, so that the next engine listens on it too."""
        self.port = port
        self._save()

    def new_key(self, files: Sequence[NamedFile] = (), seconds: float = KEY_SECONDS, note: Path | None = None) -> str:
        """A key that opens one session; `note` is a file to delete once the key has been used."""
        self._drop_old()
        key = secrets.token_urlsafe(32)
        self._keys[_digest(key)] = _Key(self._clock() + seconds, tuple(files), note)
        return key

    def exchange(self, key: str) -> str | None:
        """The token of the session that the key opens; None if the key is unknown, used or too old."""
        self._drop_old()
        entry = self._keys.pop(_digest(key), None)
        if entry is None:
            return None
        token = secrets.token_urlsafe(32)
        self._sessions[_digest(token)] = Session(self._clock() + SESSION_SECONDS, entry.files)
        self._save()
        if entry.note is not None:
            with contextlib.suppress(OSError):
                entry.note.unlink()
        return token

    def find(self, authorization: str) -> Session | None:
        """The session of a header `Authorization: Bearer TOKEN`."""
        kind, _, token = authorization.partition(" ")
        session = self._sessions.get(_digest(token)) if kind == "Bearer" and token else None
        return session if session is not None and session.expires > self._clock() else None

    def _drop_old(self) -> None:
        now = self._clock()
        keys = [(digest, key) for digest, key in self._keys.items() if key.expires > now]
        self._keys = dict(keys[-_MOST + 1 :])
        sessions = [(digest, session) for digest, session in self._sessions.items() if session.expires > now]
        self._sessions = dict(sessions[-_MOST + 1 :])

    def _save(self) -> None:
        if self._store is None:
            return
        values = {"port": self.port, "sessions": {digest: s.expires for digest, s in self._sessions.items()}}
        part = self._store.with_name(f".{self._store.name}.{os.getpid()}.part")
        with contextlib.suppress(OSError):  # without the file, tabs only need a new key after a restart
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(values, file)
            part.replace(self._store)


# A digest of 256 random bits reveals nothing about them, and the timing of a look-up of digests is of no use.
def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _read(store: Path | None) -> dict[str, Any]:
    empty: dict[str, Any] = {"port": 0, "sessions": {}}
    if store is None:
        return empty
    try:
        values = parse_json(store.read_bytes())
        sessions = {str(digest): float(expires) for digest, expires in values["sessions"].items()}
        port = int(values["port"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return empty
    return {"port": port if 0 < port < 65536 else 0, "sessions": sessions}
