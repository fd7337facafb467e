"""
Open connections, and time limits for silent ones.

Anyone on the machine can connect to 127.0.0.1. Until a peer has shown the token it is a stranger: it must send a
complete request soon, body included, and take its answer soon. The number of connected strangers is limited; a new one
replaces the oldest, so that strangers can neither exhaust the engine's files nor lock out its owner.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from depixel.service.limits import ServiceLimits


class Connections:
    """The open connections of one engine."""

    def __init__(self, limits: ServiceLimits) -> None:
        self.limits = limits
        self._strangers: dict[tuple[str, int], TimedProtocol] = {}  # oldest first
        self._trusted: set[tuple[str, int]] = set()

    def add(self, peer: tuple[str, int], connection: TimedProtocol) -> None:
        """A connection was opened; the oldest stranger's may be closed for it."""
        self._strangers[peer] = connection
        while len(self._strangers) > self.limits.strangers:
            oldest = next(iter(self._strangers))
            self._strangers.pop(oldest).drop()

    def remove(self, peer: tuple[str, int]) -> None:
        """A connection was closed."""
        self._strangers.pop(peer, None)
        self._trusted.discard(peer)

    def admit(self, peer: tuple[str, int] | None) -> bool:
        """Trust a peer that has shown the token; False if it is no longer connected."""
        connection = self._strangers.pop(peer, None) if peer is not None else None
        if connection is None:
            return False
        connection.take_time()
        return True

    def trust(self, peer: tuple[str, int] | None) -> None:
        """The peer has shown the token."""
        if peer is not None and self.admit(peer):
            self._trusted.add(peer)

    def is_trusted(self, peer: tuple[str, int] | None) -> bool:
        """Whether the peer has shown the token on this connection."""
        return peer in self._trusted

    def is_stranger(self, peer: tuple[str, int]) -> bool:
        """Whether the peer is connected and has not shown the token."""
        return peer in self._strangers

    @property
    def strangers(self) -> int:
        """The number of peers that have not shown the token."""
        return len(self._strangers)


class TimedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, with time limits (for a stranger, of the whole request) and a place among `Connections`."""

    book: Connections  # set on the class by `protocol_for`

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._peer: tuple[str, int] = ("", 0)
        self._overdue: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._peer = self.client or ("", id(self))
        self.book.add(self._peer, self)
        self._expect_header(self.book.limits.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self.book.remove(self._peer)
        self._stop_clock()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        if self.cycle is not None and not self.cycle.response_complete and not self.book.is_stranger(self._peer):
            self._stop_clock()  # a header has arrived, and its request is being answered

    def on_response_complete(self) -> None:
        self._expect_header(self.book.limits.kept_alive_seconds)
        super().on_response_complete()

    def take_time(self) -> None:
        """Stop the time limit: the request that is being answered may take as long as it needs."""
        self._stop_clock()

    def drop(self) -> None:
        """Close the connection immediately; unsent data are lost."""
        self._stop_clock()
        self.transport.abort()

    def _expect_header(self, seconds: float) -> None:
        self._stop_clock()
        self._overdue = self.loop.call_later(seconds, self.drop)

    def _stop_clock(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None


def protocol_for(connections: Connections) -> type[TimedProtocol]:
    """The protocol class for uvicorn that uses these connections."""
    return type("EngineProtocol", (TimedProtocol,), {"book": connections})
