"""The client itself: what colleagues call."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypedDict, Unpack
from urllib.parse import quote_plus, urlencode

from locator.disk import write_atomically
from locator.errors import ServiceError, ServiceRateLimited
from locator.http.exchange import (
    REST_S,
    Call,
    Reply,
    Request,
    build_request,
    check_status,
    exchange,
    find_redirect,
    to_texts,
    transfer,
    translate_errors,
)
from locator.http.limits import RateLimiter, open_cache

if TYPE_CHECKING:
    from locator.http.exchange import Params
    from locator.settings import Settings

type Progress = Callable[[int, int | None], None]
"""Told the bytes so far, and the total (None when the service does not say)."""


class Send(Protocol):
    """:func:`exchange` or :func:`transfer`."""

    def __call__[T](self, call: Call, read: Callable[[Reply], T], *, before_send: Callable[[], None]) -> T:
        """Send the request and return what ``read`` makes of the reply."""


MAX_BYTES = 8_000_000
_REDIRECTS = 3


class CallOptions(TypedDict, total=False):
    """How a service is asked."""

    timeout_s: float | None
    """Seconds for all of it; ``settings.timeout_s`` when None."""
    cache_s: float
    """Keep a good answer in memory for so many seconds, and answer from there; 0 keeps nothing."""
    pace_s: float
    """Least time between two requests to this host, over all threads and processes that share ``settings.data``.
    A turn that cannot come within the timeout is refused at once."""
    retries: int
    """Further tries after a timeout of the server's, 429, 502, 503 or 504, within ``timeout_s``."""
    max_bytes: int
    """Of the unpacked reply."""
    accept: Collection[int]
    """Status codes whose JSON is returned; routers explain themselves in a 400."""
    keep: Callable[[object], bool]
    """Tells of a reply's content whether it may be kept: some services report faults with status 200."""


class HttpClient:
    """Ask services elsewhere, politely and without giving away more than the question.

    Parameters
    ----------
    settings
        ``data`` (where turns are kept, for all threads and processes), ``timeout_s``, ``user_agent`` and
        ``keys`` (left out of the names under which replies are kept).

    Notes
    -----
    - A timeout is for the whole call: waiting for the turn, retries, redirects and reading included.
    - No proxy of the environment is used, no cookie kept, no retry made unless asked for.
    - A redirect to another host is refused, and so is an answer in HTML where data was expected.
    - Replies are kept in memory only, never on disk.
    - No message, log line or ``repr`` holds an address (URL) beyond its host.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limiter = RateLimiter(settings.data / "services")
        self._replies = open_cache(settings.data)

    def get_json(
        self,
        service: str,
        url: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Unpack[CallOptions],
    ) -> object:
        """Return what a service answers to a GET, read as JSON.

        Parameters
        ----------
        service
            Its name, for messages.
        url
            Starts with https or http; may carry a query already.
        params
            Added to the query; None values are left out.
        options
            See :class:`CallOptions`.

        Raises
        ------
        ServiceTimeout, ServiceRateLimited, ServiceRefused, ServiceReplyError, ServiceError
        InvalidInput
            ``url`` is not valid.
        """
        return self._ask_json(service, self._request("GET", url, params, headers, None), options)

    def post_json(
        self,
        service: str,
        url: str,
        *,
        content: object = None,
        form: Params | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Unpack[CallOptions],
    ) -> object:
        """Return what a service answers to a POST of ``content`` (as JSON) or ``form``; else like :meth:`get_json`."""
        if form is not None:
            body, kind = urlencode(to_texts(form)).encode(), "application/x-www-form-urlencoded"
        else:
            body, kind = json.dumps(content, ensure_ascii=False).encode(), "application/json"
        request = self._request("POST", url, None, {"Content-Type": kind, **(headers or {})}, body)
        return self._ask_json(service, request, options)

    def get_bytes(self, service: str, url: str, *, max_bytes: int = MAX_BYTES) -> bytes:
        """Return the bytes of a GET, asked once; else like :meth:`get_json`."""
        request = self._request("GET", url, None, None, None)
        call = Call(service, request, self._settings.timeout_s, 0.0, max_bytes, frozenset({200}))
        return self._retry(call, 0)

    def download(
        self,
        url: str,
        path: Path,
        progress: Progress = lambda _done, _total: None,
        *,
        service: str = "download",
        checksum: str | None = None,
        stall_s: float = 30.0,
        max_bytes: int = 1 << 40,
    ) -> Path:
        """Write the file at ``url`` to ``path``, whole or not at all.

        Parameters
        ----------
        progress
            Called with the bytes so far and the total (None when not announced).
        checksum
            ``sha256:<hex>`` or ``md5:<hex>``; compared before ``path`` is touched.
        stall_s
            Longest wait for more bytes.

        Raises
        ------
        ServiceReplyError
            Cut short, or not what ``checksum`` says.
        DataError
            ``path`` cannot be written (a full disk).
        """
        request = self._request("GET", url, None, {"Accept-Encoding": "identity"}, None)
        call = Call(service, request, stall_s, 0.0, max_bytes, frozenset({200}))
        return self._follow(call, lambda reply: _store(call, reply, path, progress, checksum), transfer)

    # ---- inside

    def _request(
        self, method: str, url: str, params: Params | None, headers: Mapping[str, str] | None, body: bytes | None
    ) -> Request:
        usual = {"User-Agent": self._settings.user_agent, "Accept-Encoding": "gzip", "Connection": "close"}
        return build_request(method, url, params, {**usual, **(headers or {})}, body)

    def _ask_json(self, service: str, request: Request, options: CallOptions) -> object:
        timeout_s, cache_s = options.get("timeout_s"), options.get("cache_s", 0.0)
        call = Call(
            service,
            request,
            self._settings.timeout_s if timeout_s is None else timeout_s,
            options.get("pace_s", 0.0),
            options.get("max_bytes", MAX_BYTES),
            frozenset(options.get("accept", (200,))),
        )
        name = self._cache_name(request) if cache_s > 0 else b""
        if name and (kept := self._replies.recall(name)) is not None:
            return _read_json(call, kept)
        body = self._retry(call, options.get("retries", 0))
        content, keep = _read_json(call, body), options.get("keep")
        if name and (keep is None or keep(content)):
            self._replies.keep(name, body, cache_s)
        return content

    def _cache_name(self, request: Request) -> bytes:
        wanted = {k.lower(): v for k, v in request.headers.items() if k.lower().startswith("accept")}
        parts = [request.method, request.url, *(f"{k}={v}" for k, v in sorted(wanted.items()))]
        name = b"\n".join([*(part.encode() for part in parts), request.body or b""])
        for key in filter(None, self._settings.keys.values()):
            name = name.replace(key.encode(), b"").replace(quote_plus(key).encode(), b"")
        return name

    def _retry(self, call: Call, retries: int) -> bytes:
        deadline = time.monotonic() + call.timeout_s
        pause_s = 1.0
        while True:
            rest = call._replace(timeout_s=max(deadline - time.monotonic(), 0.001))
            try:
                return self._follow(rest, lambda reply: reply.body(call.max_bytes))
            except ServiceError as error:
                wait_s = pause_s
                if isinstance(error, ServiceRateLimited):
                    wait_s = REST_S if error.retry_after_s is None else error.retry_after_s
                elif error.code != "service_unavailable":
                    raise
                if retries <= 0 or time.monotonic() + wait_s >= deadline:
                    raise
            time.sleep(wait_s)
            retries -= 1
            pause_s *= 2

    def _follow[T](self, call: Call, read: Callable[[Reply], T], send: Send = exchange) -> T:
        deadline = time.monotonic() + call.timeout_s
        for _ in range(_REDIRECTS + 1):
            result = self._send_once(call, read, send)
            if not isinstance(result, Request):
                return result
            call = call._replace(request=result, timeout_s=max(deadline - time.monotonic(), 0.001))
        raise call.reply_error("too many redirects", "service_redirect")

    def _send_once[T](self, call: Call, read: Callable[[Reply], T], send: Send) -> T | Request:
        """Return what ``read`` makes of the reply, or the request that a redirect asks for."""
        deadline = time.monotonic() + call.timeout_s

        def wait_for_turn() -> None:
            if call.pace_s > 0:
                self._limiter.take_turn(call.host, call.pace_s, deadline - time.monotonic())

        def judge(reply: Reply) -> T | Request:
            onward = find_redirect(call, reply)
            if onward:
                return onward
            check_status(call, reply, self._limiter.hold_off)
            return read(reply)

        with translate_errors(call):
            self._limiter.check_turn(call.host, call.timeout_s)
        return send(call, judge, before_send=wait_for_turn)


def _read_json(call: Call, body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        pass
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise call.reply_error("HTML or XML where data was expected", "service_html")
    raise call.reply_error("what is no JSON", "service_reply")


def _store(call: Call, reply: Reply, path: Path, progress: Progress, checksum: str | None) -> Path:
    """Write the reply beside ``path``, compare it, and put it in place."""
    algorithm, _, expected = (checksum or "sha256:").partition(":")
    seen = hashlib.new(algorithm, usedforsecurity=False)
    announced = reply.headers.get("content-length", "")
    total, done = int(announced) if announced.isdecimal() else None, 0
    with write_atomically(path, code="not_writable") as draft:
        with draft.open("wb") as file:
            for piece in reply.pieces(call.max_bytes):
                file.write(piece)
                seen.update(piece)
                done += len(piece)
                progress(done, total)
        if expected and seen.hexdigest() != expected.lower():
            raise call.reply_error("a file that is not what its checksum says", "service_checksum")
    return path
