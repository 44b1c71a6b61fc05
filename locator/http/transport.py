"""One HTTP exchange with a deadline over all of it: name lookup, connecting, TLS, headers and body.

Only :mod:`locator.http` uses this. The standard library's client is used bare because the usual ones
write the whole address (with keys, with what a person typed) into debug logs, read proxies from the
environment, retry behind one's back, and count their timeout for each read, so that a server which
drips one byte a second never times out.
"""

from __future__ import annotations

import contextlib
import http.client
import queue
import socket
import ssl
import threading
import time
import zlib
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

CHUNK = 65536


class Request(NamedTuple):
    """What is sent; ``url`` is complete and percent-encoded."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class TooLarge(Exception):
    """The reply is longer than allowed."""


class CutReply(Exception):
    """The connection ended before the reply did."""


class Reply:
    """A reply whose body is read piece by piece, unpacked, and never past ``limit`` bytes."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {key.lower(): value for key, value in response.getheaders()}
        self._response = response

    def pieces(self, limit: int) -> Iterator[bytes]:
        """Yield the body; the limit counts bytes after unpacking."""
        packed = self.headers.get("content-encoding", "").lower() in ("gzip", "x-gzip", "deflate")
        unpack = zlib.decompressobj(47) if packed else None
        announced = self.headers.get("content-length", "")
        arrived = given = 0
        try:
            while piece := self._response.read(CHUNK):
                arrived += len(piece)
                while piece:
                    out = unpack.decompress(piece, CHUNK) if unpack else piece
                    piece = unpack.unconsumed_tail if unpack else b""
                    given += len(out)
                    if given > limit:
                        raise TooLarge
                    yield out
        except (http.client.HTTPException, zlib.error) as error:
            raise CutReply from error
        if (announced.isdigit() and arrived < int(announced)) or (unpack and arrived and not unpack.eof):
            raise CutReply

    def body(self, limit: int) -> bytes:
        """Return the whole body."""
        return b"".join(self.pieces(limit))


@cache
def _tls() -> ssl.SSLContext:
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    return context


def _resolve(host: str, port: int, seconds: float) -> list[tuple[int, tuple[object, ...]]]:
    """Return (family, address) pairs; a name lookup cannot be interrupted, so it runs beside."""
    answer: queue.SimpleQueue[list[tuple[int, tuple[object, ...]]] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.put([(int(family), address) for family, _, _, _, address in found])
        except (OSError, UnicodeError) as error:
            answer.put(error if isinstance(error, OSError) else OSError("not a host name"))

    threading.Thread(target=ask, daemon=True, name="locator-resolve").start()
    try:
        got = answer.get(timeout=max(seconds, 0.001))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(got, OSError):
        raise got
    return got


def _connect(host: str, port: int, deadline: float) -> socket.socket:
    """Connect to the first address that answers, sharing what is left of the time among them."""
    addresses = _resolve(host, port, deadline - time.monotonic())
    last: OSError = OSError("no address")
    for left, (family, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(max((deadline - time.monotonic()) / left, 0.001))
            sock.connect(address)
        except OSError as error:
            sock.close()
            last = error
            continue
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    raise last


class _Watchdog:
    """Ends the socket when the time is up, whatever it is busy with."""

    def __init__(self, seconds: float) -> None:
        self.fired = False
        self.sock: socket.socket | None = None
        self._timer = threading.Timer(max(seconds, 0.001), self._end)
        self._timer.daemon = True
        self._timer.start()

    def _end(self) -> None:
        self.fired = True
        if self.sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def stop(self) -> None:
        self._timer.cancel()


@contextlib.contextmanager
def exchange(
    request: Request, *, timeout_s: float, stall_s: float | None = None, before_send: Callable[[], None] = lambda: None
) -> Iterator[Reply]:
    """Send one request and give the reply while the connection is open.

    Parameters
    ----------
    timeout_s
        For everything, reading the body inside the ``with`` included.
    stall_s
        If given, a long transfer: ``timeout_s`` is for the headers only, and after them each wait for
        more bytes may take ``stall_s``.
    before_send
        Called when the connection stands, right before the request goes out (the pace waits here).

    Raises
    ------
    TimeoutError, OSError, ssl.SSLError, http.client.HTTPException, TooLarge, CutReply
    """
    parts = urlsplit(request.url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    deadline = time.monotonic() + timeout_s
    watchdog = _Watchdog(timeout_s)
    sock: socket.socket | None = None
    connection = http.client.HTTPConnection(host)
    response: http.client.HTTPResponse | None = None
    try:
        sock = _connect(host, parts.port or (443 if secure else 80), deadline)
        if secure:
            sock = _tls().wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
        watchdog.sock = sock
        sock.settimeout(max(deadline - time.monotonic(), 0.001))
        if isinstance(sock, ssl.SSLSocket):
            sock.do_handshake()
        before_send()
        connection.sock = sock
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(request.method, target, request.body, {"Host": parts.netloc, **request.headers})
        response = connection.getresponse()
        if stall_s is not None:
            watchdog.stop()
            sock.settimeout(stall_s)
        yield Reply(response)
        if watchdog.fired:  # what was read ended because the watchdog ended it
            raise TimeoutError
    except (OSError, http.client.HTTPException, CutReply) as error:
        if watchdog.fired:
            raise TimeoutError from error
        raise
    finally:
        watchdog.stop()
        if response is not None:
            response.close()
        connection.close()
        if sock is not None:
            sock.close()
