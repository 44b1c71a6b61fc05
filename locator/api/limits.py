"""How often one client may ask, and how much it may send."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from locator.api.problems import make_problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64 * 1024
MAX_CLIENTS = 20_000
"""Buckets kept; the least recently seen client is forgotten first."""


class Buckets:
    """A token bucket for each client: ``per_minute`` requests a minute, with a burst of a quarter of that."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = per_minute / 60
        self.burst = max(1.0, per_minute / 4)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """Take one token and return 0, or return the seconds until there is one."""
        now = self._clock()
        with self._lock:
            tokens, seen = self._buckets.pop(client, (self.burst, now))
            tokens = min(self.burst, tokens + (now - seen) * self.rate)
            wait = 0.0 if tokens >= 1 else (1 - tokens) / self.rate
            self._buckets[client] = (tokens - 1 if tokens >= 1 else tokens, now)
            if len(self._buckets) > MAX_CLIENTS:
                self._buckets.popitem(last=False)
        return wait


def read_client(peer: str, forwarded: str, trusted: tuple[str, ...]) -> str:
    """Return the client's address: the peer's, or behind a trusted proxy the last one it did not add itself.

    Parameters
    ----------
    peer
        The address the connection comes from.
    forwarded
        The ``X-Forwarded-For`` header, which anybody can write; read from its end.
    trusted
        Addresses or networks (``10.0.0.0/8``) of the operator's proxies.
    """
    networks = [ipaddress.ip_network(name, strict=False) for name in trusted]

    def is_trusted(address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        # A socket for both families names an IPv4 peer ::ffff:127.0.0.1.
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in network for network in networks)

    client = peer
    for hop in reversed([hop.strip() for hop in forwarded.split(",") if hop.strip()]):
        if not is_trusted(client):
            break
        client = hop
    return client


class Limits:
    """ASGI: refuse a client that asks too often (429 with ``Retry-After``) or sends too much (413)."""

    def __init__(self, app: ASGIApp, *, per_minute: int, trusted: tuple[str, ...]) -> None:
        self._app = app
        self._trusted = trusted
        self._buckets = Buckets(per_minute) if per_minute else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        peer = (scope.get("client") or ("unknown", 0))[0]
        client = read_client(peer, ",".join(headers.getlist("x-forwarded-for")), self._trusted)
        wait = self._buckets.take(client) if self._buckets else 0.0
        if wait > 0:
            problem = make_problem(429, headers={"retry-after": str(int(wait) + 1)})
            await problem(scope, receive, send)
            return
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            await make_problem(413)(scope, receive, send)
            return
        await self._app(scope, _counted(receive), send)


def _counted(receive: Receive) -> Receive:
    """Return a ``receive`` that refuses a body which is too long and came in pieces, without its length."""
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > MAX_BODY_BYTES:
            raise HTTPException(413)
        return message

    return counted
