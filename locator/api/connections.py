"""uvicorn's HTTP/1.1 connections with deadlines and a bound on their number, which uvicorn itself lacks.

Read from uvicorn 0.54.0 and h11 0.16.0 (``uvicorn/protocols/http/h11_impl.py``): a connection lives for ever while
its headers, its body or its reader drip, and nothing bounds how many there are. :func:`protocol_fits` tells
whether the installed release still has what is overridden here.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, NamedTuple

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from locator.api.limits import group_client, is_within

if TYPE_CHECKING:
    from locator.api.limits import ClientLimits

READ_FROM = "0.54.0"
_REPLY = (
    "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {length}\r\n"
    "cache-control: no-store\r\nretry-after: 5\r\nconnection: close\r\n\r\n{said}"
)
_SPARE_FILES = 24
"""Descriptors kept free for what a request opens: the layer, a service elsewhere, a print sheet's fonts."""
_WITHOUT_PROC = 48
"""Descriptors taken to be in use at the start where the system does not tell."""


class Deadlines(NamedTuple):
    """Seconds that one step of a connection may take."""

    head_s: float = 15.0
    """From the connection, or from the first byte of a further request, to the end of the headers."""
    body_s: float = 30.0
    """From there to the end of the body: two megabytes over half a megabit a second."""
    write_s: float = 60.0
    """Until a slow reader has taken enough for us to continue writing."""


def count_spare_files() -> int | None:
    """Return how many descriptors connections may hold; None where there is no such limit (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return None
    try:
        used = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - no pathlib way to list without a stat
    except OSError:
        used = _WITHOUT_PROC
    return max(most - used - _SPARE_FILES, 8)


def make_protocol(limits: ClientLimits, deadlines: Deadlines | None = None) -> type[H11Protocol]:
    """Return the class that uvicorn is given as ``http``."""
    bounds = deadlines or Deadlines()

    class BoundProtocol(GuardedProtocol):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self.limits, self.deadlines = limits, bounds

    return BoundProtocol


class GuardedProtocol(H11Protocol):
    """One connection: refused when there are too many, ended when a step takes too long."""

    limits: ClientLimits
    deadlines: Deadlines
    _held: str | None = None
    _timer: asyncio.TimerHandle | None = None
    _step: str = ""
    _upgraded: bool = False
    """The connection is a websocket now, whose time is not bounded here: h11 stays where it was, before the body."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection, or send it away with one sentence."""
        super().connection_made(transport)
        peer = self.client[0] if self.client else "unknown"
        # Behind a proxy every connection comes from one address: there the websockets are counted by client.
        client = "proxy" if is_within(peer, self.limits.trusted) else group_client(peer)
        if not self.limits.hold(client, files=1, shared=client == "proxy"):
            self._end("503 Service Unavailable", "too many connections; try again in a moment\n")
            return
        self._held = client
        self._start("head", self.deadlines.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting the connection."""
        self._stop()
        self._release()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came, and see which step the connection is at."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        state = self.conn.their_state
        if self._upgraded:
            return
        if state is h11.SEND_BODY:
            self._start("body", self.deadlines.body_s)
        elif state is h11.IDLE and not self.transport.is_closing():
            self._start("head", self.deadlines.head_s)
        else:
            self._stop()

    def on_response_complete(self) -> None:
        """Go on as uvicorn does; the wait for the next request is its own, shorter deadline."""
        if self._step == "head":
            self._stop()
        super().on_response_complete()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection over: from here on it is counted as a websocket."""
        self._stop()
        self._release()
        self._upgraded = True
        super().handle_websocket_upgrade(event)

    def pause_writing(self) -> None:
        """Start the time that a slow reader has."""
        super().pause_writing()
        self._stop()
        self._start("write", self.deadlines.write_s)

    def resume_writing(self) -> None:
        """Stop it."""
        super().resume_writing()
        if self._step == "write":
            self._stop()

    # ---- inside

    def _start(self, step: str, seconds: float) -> None:
        """Start a step's time, once: bytes that drip do not lengthen it."""
        if self._step not in (step, "write"):
            self._stop()
            self._step, self._timer = step, self.loop.call_later(seconds, self._expire)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._step, self._timer = "", None

    def _expire(self) -> None:
        answered = self._step == "body" and self.cycle is not None and self.cycle.response_started
        if self._step == "write" or answered:
            self.transport.abort()
        else:
            self._end("408 Request Timeout", "the request did not arrive in time\n")

    def _end(self, status: str, said: str) -> None:
        """Write one reply past the application, and close."""
        if not self.transport.is_closing():
            self.transport.write(_REPLY.format(status=status, length=len(said), said=said).encode())
            self.transport.close()

    def _release(self) -> None:
        if self._held is not None:
            self.limits.release(self._held, files=1)
            self._held = None


def protocol_fits() -> bool:
    """Tell whether uvicorn's class still has every part that is overridden or read here."""
    parts = ("connection_made", "connection_lost", "data_received", "on_response_complete", "handle_websocket_upgrade")
    more = ("pause_writing", "resume_writing", "handle_events")
    names = set(H11Protocol.__init__.__code__.co_names)
    return (
        all(hasattr(H11Protocol, part) for part in (*parts, *more))
        and {"conn", "transport", "client", "cycle"} <= names
    )
