"""One HTTP exchange over urllib3, with a deadline over all of it, and the judgement of its reply.

Only :mod:`locator.http` uses this. urllib3's connections are used without its pools, which would write the
whole address (with keys, with what a person typed) into debug logs. urllib3 counts its timeout for each read,
so a server that drips one byte a second never times out: the exchange runs in a thread of its own, which is
given up, and its socket ended, when the time is over, whatever it is busy with (a name lookup too).
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import cache
from typing import NamedTuple
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from locator.errors import (
    InvalidInput,
    LocatorError,
    ServiceError,
    ServiceRateLimited,
    ServiceRefused,
    ServiceReplyError,
    ServiceTimeout,
)
from locator.http.limits import Busy

type Params = Mapping[str, object]

REST_S = 60.0
"""How long a host is left alone after a 429 that does not say how long."""
CHUNK = 65536
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAFE = "%/:=&?~#+!$,;'@()*[]"
_TIMEOUTS = (TimeoutError, urllib3.exceptions.TimeoutError)
_BROKEN = (http.client.HTTPException, urllib3.exceptions.ProtocolError, urllib3.exceptions.DecodeError)

logging.getLogger("urllib3.connection").addFilter(lambda record: "url=" not in str(record.msg))
"""urllib3 warns of malformed headers with the whole address of the request; that line is dropped."""


class Request(NamedTuple):
    """What is sent; ``url`` is complete and percent-encoded."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Call(NamedTuple):
    """One request with everything needed to send it politely and to judge its reply."""

    service: str
    request: Request
    timeout_s: float
    pace_s: float
    max_bytes: int
    accept: frozenset[int]

    @property
    def host(self) -> str:
        """Host and port: what has a pace, and all of the address that a message may show."""
        return urlsplit(self.request.url).netloc

    def reply_error(self, what: str, code: str) -> ServiceReplyError:
        """Return the error of an answer that is not what the service documents."""
        return ServiceReplyError(f"{self.service} ({self.host}) answered {what}", code=code, service=self.service)


class _TooLarge(Exception):
    """The reply is longer than allowed."""


class Reply:
    """A reply whose body is read piece by piece, unpacked, and never past ``limit`` bytes."""

    def __init__(self, response: urllib3.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self._response = response

    def pieces(self, limit: int) -> Iterator[bytes]:
        """Yield the body; the limit counts bytes after unpacking.

        Raises
        ------
        ServiceError
            The body is longer; :func:`translate_errors` says so.
        """
        given = 0
        for piece in self._response.stream(CHUNK, decode_content=True):
            given += len(piece)
            if given > limit:
                raise _TooLarge
            yield piece

    def body(self, limit: int) -> bytes:
        """Return the whole body."""
        return b"".join(self.pieces(limit))


@cache
def tls_context() -> ssl.SSLContext:
    """Return the certificates trusted: the system's, those of ``SSL_CERT_FILE``, and certifi's."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    return context


class _Exchange:
    """One connection, used for one request."""

    def __init__(self, request: Request, timeout_s: float) -> None:
        parts = urlsplit(request.url)
        self._request, self._deadline = request, time.monotonic() + timeout_s
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        first_s = max(timeout_s / 2, 0.001)  # a dead first address leaves time for the second
        self._connection: HTTPConnection
        if parts.scheme == "https":
            self._connection = HTTPSConnection(
                parts.hostname or "", parts.port, timeout=first_s, ssl_context=tls_context()
            )
        else:
            self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=first_s)
        self._given_up = False

    def open(self, before_send: Callable[[], None]) -> Reply:
        """Connect, send, and return the reply once its headers are there."""
        request = self._request
        self._connection.connect()
        if self._given_up:
            raise TimeoutError
        before_send()
        if self._given_up:
            raise TimeoutError
        self._connection.timeout = max(self._deadline - time.monotonic(), 0.001)
        self._connection.request(
            request.method, self._target, request.body, request.headers, preload_content=False, decode_content=True
        )
        return Reply(self._connection.getresponse())

    def set_stall(self, seconds: float) -> None:
        """From now on each wait for more bytes may take so long."""
        if self._connection.sock is not None:
            self._connection.sock.settimeout(seconds)

    def give_up(self) -> None:
        """End the socket under whatever is reading it."""
        self._given_up = True
        if (sock := self._connection.sock) is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        self._connection.close()


def _run_within[T](seconds: float, work: Callable[[], T], give_up: Callable[[], None]) -> T:
    """Return what ``work`` returns or raise what it raises; after ``seconds`` give it up.

    Raises
    ------
    TimeoutError
        The time was over first.
    """
    results: list[T] = []
    faults: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            faults.append(error)
        finally:
            done.set()

    threading.Thread(target=run, daemon=True, name="locator-http").start()
    if not done.wait(max(seconds, 0.001)):
        give_up()
        raise TimeoutError
    if faults:
        raise faults[0]
    return results[0]


def exchange[T](call: Call, read: Callable[[Reply], T], *, before_send: Callable[[], None]) -> T:
    """Send a request and return what ``read`` makes of its reply, all within ``call.timeout_s``.

    Parameters
    ----------
    before_send
        Called when the connection stands, right before the request goes out (the pace waits here).

    Raises
    ------
    ServiceError
        An error of :mod:`locator.errors`, or what ``read`` raises.
    """
    with translate_errors(call):
        one = _Exchange(call.request, call.timeout_s)

        def work() -> T:
            try:
                return read(one.open(before_send))
            finally:
                one.close()

        return _run_within(call.timeout_s, work, one.give_up)


def transfer[T](call: Call, read: Callable[[Reply], T], *, before_send: Callable[[], None]) -> T:
    """Do as :func:`exchange` for a long reply: ``call.timeout_s`` is for its headers and for each wait for more."""
    with translate_errors(call):
        one = _Exchange(call.request, call.timeout_s)
        try:
            reply = _run_within(call.timeout_s, lambda: one.open(before_send), one.give_up)
            one.set_stall(call.timeout_s)
            return read(reply)
        finally:
            one.close()


@contextlib.contextmanager
def translate_errors(call: Call) -> Iterator[None]:
    """Turn what can go wrong on the way into the errors callers know, without the address in them.

    Raises
    ------
    ServiceError
        Busy, not there, not in time, or an answer that cannot be read or is too long.
    """
    service, where = call.service, f"{call.service} ({call.host})"
    try:
        yield
    except LocatorError:
        raise
    except Busy as busy:
        raise ServiceRateLimited(
            f"{where} is busy: {busy}", retry_after_s=busy.wait_s, code="service_busy", service=service
        ) from None
    except _TooLarge:
        raise call.reply_error(f"more than {call.max_bytes} bytes", "service_too_large") from None
    except urllib3.exceptions.NewConnectionError as error:  # a kind of timeout to urllib3
        raise _unreachable(where, service, error) from None
    except _TIMEOUTS:
        raise ServiceTimeout(f"{where} did not answer in time", code="service_timeout", service=service) from None
    except _BROKEN as error:
        raise call.reply_error(f"with a broken reply ({type(error).__name__})", "service_reply") from None
    except (OSError, UnicodeError, urllib3.exceptions.HTTPError) as error:
        raise _unreachable(where, service, error) from None


def _unreachable(where: str, service: str, error: Exception) -> ServiceError:
    reason = type(error.__cause__ or error).__name__
    return ServiceError(f"{where} cannot be reached: {reason}", code="service_unreachable", service=service)


# ---- requests and replies


def to_texts(params: Params) -> dict[str, str]:
    """Return parameters as text; None is left out, booleans are ``true`` and ``false``."""
    return {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in params.items() if v is not None}


def build_request(
    method: str, url: str, params: Params | None, headers: Mapping[str, str], body: bytes | None
) -> Request:
    """Return the request, its address checked and percent-encoded.

    Raises
    ------
    InvalidInput
        Not http(s), no host, or a name and password in the address.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        parts.netloc.encode("ascii")
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.username is not None:
        raise InvalidInput("a service's address must be https://host/… without a name or password", code="service_url")
    query = "&".join(part for part in (quote(parts.query, _SAFE), urlencode(to_texts(params or {}))) if part)
    clean = urlunsplit((parts.scheme, parts.netloc, quote(parts.path, _SAFE), query, ""))
    return Request(method, clean, headers, body)


def find_redirect(call: Call, reply: Reply) -> Request | None:
    """Return the request that a redirect asks for, None when it is no redirect.

    Raises
    ------
    ServiceReplyError
        It leads to another host, from https to http, or would turn a POST into something else.
    """
    if reply.status not in _REDIRECTS or reply.status in call.accept:
        return None
    old = urlsplit(call.request.url)
    try:
        new = urlsplit(urljoin(call.request.url, reply.headers.get("location", "")))
        same = new.hostname == old.hostname and (new.port == old.port or (new.scheme, new.port) == ("https", None))
    except ValueError:
        same = False
    posted = call.request.method != "GET" and reply.status not in (307, 308)
    if not same or posted or not new.scheme.startswith(old.scheme) or not new.netloc.isascii():
        raise call.reply_error("a redirect to another place", "service_redirect")
    return call.request._replace(
        url=urlunsplit(new._replace(path=quote(new.path, _SAFE), query=quote(new.query, _SAFE), fragment=""))
    )


def check_status(call: Call, reply: Reply, hold_off: Callable[[str, float], None]) -> None:
    """Raise what the status code means to the caller; ``hold_off(host, seconds)`` is told of a 429.

    Raises
    ------
    ServiceRateLimited, ServiceRefused, ServiceError, ServiceReplyError
    """
    status = reply.status
    if status in call.accept:
        return
    message = f"{call.service} ({call.host}) answered HTTP {status}"
    after = _retry_after(reply.headers.get("retry-after"))
    if status == 429 or (status == 503 and after is not None):
        hold_off(call.host, REST_S if after is None else after)
        raise ServiceRateLimited(message, retry_after_s=after)
    if status in (401, 402, 403, 407):
        raise ServiceRefused(message, code="service_refused", service=call.service)
    if status >= 500:
        raise ServiceError(message, code="service_unavailable", service=call.service)
    raise ServiceReplyError(message, code="service_reply", service=call.service)


def _retry_after(value: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header: a number or a date (RFC 9110, 10.2.3)."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
