"""How often one client may ask, how much it may send, and how many connections it may hold.

Everything that outsiders can make the process do passes here: requests (:class:`Limits`), and around the whole
page the framing of requests and every message of a websocket (:class:`Guard`). A client is an address, or the
/64 network of an IPv6 address, because one customer has all addresses of such a network.
"""

from __future__ import annotations

import asyncio
import ipaddress
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from locator.api.problems import make_problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from locator.settings import Settings

MAX_BODY_BYTES = 64 * 1024
"""Bytes of a request to the API."""
MAX_LENGTH = 2_000_000
"""Bytes of any request: a longer body is refused before it is read."""
MAX_CLIENTS = 20_000
"""Buckets kept; the least recently seen client is forgotten first."""
MESSAGES_S, MESSAGES_BURST = 10.0, 60.0
"""Messages of one websocket. A person who clicks fast sends three a second; each costs 2.3 ms of the event loop."""
CLIENT_MESSAGES_S, CLIENT_MESSAGES_BURST = 60.0, 400.0
"""Messages of all websockets of one client together: a seventh of the event loop at most."""
MAX_DELAYED = 100
"""Messages that a websocket may be made to wait for before it is closed; the count falls while it is quiet."""
FAREWELL_S = 1.0
"""How long a refused client may take to read the refusal."""
OPENINGS_S, OPENINGS_BURST = 10.0, 200.0
"""Websockets that one client may open: many people can share an address."""
REPORTS_MINUTE = 2
"""Reports of errors a minute from one client, with a burst of ten."""
WEBSOCKET_FILES = 5
"""Descriptors that a session holds: its connection, and the event loop that Streamlit gives it."""
_POLICY, _TRY_AGAIN = 1008, 1013


class Buckets:
    """A token bucket for each client: ``per_minute`` tokens a minute, with a burst of a quarter of that.

    Parameters
    ----------
    burst
        Tokens of somebody who has been quiet, when not a quarter of a minute's.
    """

    def __init__(
        self, per_minute: float, clock: Callable[[], float] = time.monotonic, *, burst: float | None = None
    ) -> None:
        self.rate = per_minute / 60
        self.burst = max(1.0, per_minute / 4) if burst is None else burst
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
    client = peer
    for hop in reversed([hop.strip() for hop in forwarded.split(",") if hop.strip()]):
        if not is_within(client, trusted):
            break
        client = hop
    return client


def is_within(address: str, networks: tuple[str, ...]) -> bool:
    """Tell whether an address lies in one of the networks; text that is no address lies in none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    # A socket for both families names an IPv4 peer ::ffff:127.0.0.1.
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ipaddress.ip_network(name, strict=False) for name in networks)


def group_client(address: str) -> str:
    """Return what an address is counted under: the address itself, or the /64 network of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


class ClientLimits:
    """What each client has used of this process: one object for the page, the API and the server's connections.

    Parameters
    ----------
    settings
        ``rate_limit`` (requests a minute), ``client_connections`` and ``trusted_proxy``.
    files
        Descriptors that connections may hold together; None is no bound.
    """

    def __init__(self, settings: Settings, *, files: int | None = None) -> None:
        self.trusted = settings.trusted_proxy
        self.per_client = settings.client_connections
        self.files = files
        self.requests = Buckets(settings.rate_limit) if settings.rate_limit else None
        self.reports = Buckets(REPORTS_MINUTE, burst=10)
        self.openings = Buckets(60 * OPENINGS_S, burst=OPENINGS_BURST)
        self.messages = Buckets(60 * CLIENT_MESSAGES_S, burst=CLIENT_MESSAGES_BURST)
        self._held: Counter[str] = Counter()
        self._files = 0
        self._lock = threading.Lock()

    def client_of(self, peer: str, forwarded: str) -> str:
        """Return who is counted for what comes from ``peer`` with such an ``X-Forwarded-For``."""
        return group_client(read_client(peer, forwarded, self.trusted))

    def client_of_scope(self, scope: Scope) -> str:
        """Return who is counted for a request or websocket."""
        peer = (scope.get("client") or ("unknown", 0))[0]
        return self.client_of(peer, ",".join(Headers(scope=scope).getlist("x-forwarded-for")))

    def take_request(self, client: str) -> float:
        """Take one request and return 0, or return the seconds until the client may ask again."""
        return self.requests.take(client) if self.requests else 0.0

    def hold(self, client: str, *, files: int, shared: bool = False) -> bool:
        """Count a connection of a client and its descriptors; False when one of them would be too many.

        Parameters
        ----------
        shared
            Many people stand behind this client: only the descriptors are bounded.
        """
        with self._lock:
            if self.per_client and not shared and self._held[client] >= self.per_client:
                return False
            if self.files is not None and self._files + files > self.files:
                return False
            self._held[client] += 1
            self._files += files
        return True

    def release(self, client: str, *, files: int) -> None:
        """Stop counting a connection."""
        with self._lock:
            self._files -= files
            self._held[client] -= 1
            if self._held[client] <= 0:
                del self._held[client]


class Limits:
    """ASGI: refuse a client that asks the API too often (429 with ``Retry-After``) or sends too much (413)."""

    def __init__(self, app: ASGIApp, *, limits: ClientLimits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wait = self._limits.take_request(self._limits.client_of_scope(scope))
        if wait > 0:
            problem = make_problem(429, headers={"retry-after": str(int(wait) + 1)})
            await problem(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        if not _is_number(length) or int(length) > MAX_BODY_BYTES:
            await make_problem(413)(scope, receive, send)
            return
        await self._app(scope, _counted(receive), send)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20


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


class Guard:
    """ASGI, around the whole page: framing and length of requests, who may open a websocket, and its messages.

    Parameters
    ----------
    limited
        Beginnings of the paths whose requests count like the API's.
    busy
        Returns the sentence for somebody who asks too often, given the query of the address.
    own_hosts
        Host and port of further addresses of the page: the public one behind a proxy.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: ClientLimits,
        limited: tuple[str, ...] = (),
        busy: Callable[[bytes], str] = lambda _: "too many requests",
        own_hosts: tuple[str, ...] = (),
    ) -> None:
        self._app, self._limits, self._limited, self._busy = app, limits, limited, busy
        self._own_hosts = frozenset(filter(None, own_hosts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or websocket."""
        if scope["type"] == "http":
            refusal = self._refuse(scope)
            await (refusal or self._app)(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._converse(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refuse(self, scope: Scope) -> PlainTextResponse | None:
        headers, close = Headers(scope=scope), {"connection": "close"}
        length = headers.get("content-length")
        if length is not None and "transfer-encoding" in headers:
            # RFC 9112, 6.1: what two servers may read in two ways carries one request inside another.
            return PlainTextResponse("Content-Length with Transfer-Encoding", 400, close)
        if length is not None and (not _is_number(length) or int(length) > MAX_LENGTH):
            return PlainTextResponse("too long", 413, close)
        if scope["path"].startswith(self._limited) and self._limited:
            wait = self._limits.take_request(self._limits.client_of_scope(scope))
            if wait > 0:
                said = self._busy(scope.get("query_string", b""))
                return PlainTextResponse(said, 429, {"retry-after": str(int(wait) + 1), "cache-control": "no-store"})
        return None

    def _is_ours(self, scope: Scope) -> bool:
        """Tell whether a websocket is opened by this page itself, or by a program, which names no origin."""
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None:
            return True
        try:
            host = urlsplit(origin).netloc.lower()
        except ValueError:
            return False
        return bool(host) and (host == headers.get("host", "").lower() or host in self._own_hosts)

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one websocket: let in whom we may, and let its messages through at a pace."""
        client = self._limits.client_of_scope(scope)
        if not self._is_ours(scope):
            await _refuse_websocket(receive, send, _POLICY)
            return
        if self._limits.openings.take(client) or not self._limits.hold(client, files=WEBSOCKET_FILES):
            await _refuse_websocket(receive, send, _TRY_AGAIN)
            return
        try:
            paced = _PacedMessages(client, self._limits.messages, receive, send)
            await self._app(scope, paced.receive, paced.send)
        finally:
            self._limits.release(client, files=WEBSOCKET_FILES)


async def _refuse_websocket(receive: Receive, send: Send, code: int) -> None:
    await receive()
    await send({"type": "websocket.close", "code": code})


class _PacedMessages:
    """The two ways of one websocket: messages that come too fast wait, and a client that goes on is disconnected."""

    def __init__(self, client: str, shared: Buckets, receive: Receive, send: Send) -> None:
        self._client, self._shared, self._receive, self._send = client, shared, receive, send
        self._own = Buckets(60 * MESSAGES_S, burst=MESSAGES_BURST)
        self._delayed = 0.0
        self._closed = False

    async def receive(self) -> Message:
        """Return the next message, when it is its turn."""
        if self._closed:
            return {"type": "websocket.disconnect", "code": _POLICY}
        message = await self._receive()
        if message["type"] != "websocket.receive":
            return message
        waited = False
        while wait := (self._own.take("") or self._shared.take(self._client)):
            waited = True
            await asyncio.sleep(wait)
        self._delayed = self._delayed + 1 if waited else max(0.0, self._delayed - 1)
        if self._delayed <= MAX_DELAYED:
            return message
        self._closed = True
        await self._send({"type": "websocket.close", "code": _POLICY, "reason": "too many messages"})
        await asyncio.sleep(FAREWELL_S)  # hung up on unread bytes, the other side would not get the reason
        return {"type": "websocket.disconnect", "code": _POLICY}

    async def send(self, message: Message) -> None:
        """Send what the page says as long as the connection is open."""
        if not self._closed:
            await self._send(message)
