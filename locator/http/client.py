"""The door itself: what colleagues call."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, urlencode

from locator.errors import LocatorError, ServiceError, ServiceRateLimited, ServiceTimeout
from locator.http.call import REST_S, Call, build_request, check_status, redirected, texts
from locator.http.download import store
from locator.http.ledger import Busy, Ledger
from locator.http.transport import CutReply, Reply, Request, TooLarge, exchange

if TYPE_CHECKING:
    from locator.http.call import Params
    from locator.http.download import Progress
    from locator.settings import Settings

MAX_BYTES = 8_000_000
_REDIRECTS = 3


class HttpClient:
    """Ask services elsewhere, politely and without giving away more than the question.

    Parameters
    ----------
    settings
        ``data`` (where turns and past replies are kept, for all threads and processes), ``timeout_s``,
        ``user_agent`` and ``keys`` (blotted out of the names under which replies are kept).

    Notes
    -----
    - A timeout is for the whole call: waiting for the turn, retries, redirects and reading included.
    - No proxy of the environment is used, no cookie kept, no retry made unless asked for.
    - A redirect to another host is refused, and so is an answer in HTML where data was expected.
    - No message, log line or ``repr`` holds an address (URL) beyond its host.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ledger = Ledger(settings.data / "services")

    def get_json(
        self,
        service: str,
        url: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        cache_s: float = 0.0,
        pace_s: float = 0.0,
        retries: int = 0,
        max_bytes: int = MAX_BYTES,
        accept: Collection[int] = (200,),
        keep: Callable[[object], bool] = lambda _content: True,
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
        timeout_s
            Seconds for all of it; ``settings.timeout_s`` when None.
        cache_s
            Keep a good answer for so many seconds, and answer from there; 0 keeps nothing.
        pace_s
            Least time between two requests to this host, over all threads and processes that share
            ``settings.data``. A turn that cannot come within the timeout is refused at once.
        retries
            Further tries after a timeout of the server's, 429, 502, 503 or 504, within ``timeout_s``.
        max_bytes
            Of the unpacked reply.
        accept
            Status codes whose JSON is returned; routers explain themselves in a 400.
        keep
            Tells of a reply's content whether it may be kept: some services report faults with status 200.

        Raises
        ------
        ServiceTimeout, ServiceRateLimited, ServiceRefused, ServiceReplyError, ServiceError
        InvalidInput
            ``url`` is none that can be asked.
        """
        request = self._request("GET", url, params, headers, None)
        call = Call(service, request, self._seconds(timeout_s), pace_s, max_bytes, frozenset(accept))
        return self._cached(call, cache_s, retries, lambda body: _read_json(call, body), keep)

    def post_json(
        self,
        service: str,
        url: str,
        *,
        content: object = None,
        form: Params | None = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        cache_s: float = 0.0,
        pace_s: float = 0.0,
        retries: int = 0,
        max_bytes: int = MAX_BYTES,
        accept: Collection[int] = (200,),
        keep: Callable[[object], bool] = lambda _content: True,
    ) -> object:
        """Return what a service answers to a POST of ``content`` (as JSON) or ``form``; else like :meth:`get_json`."""
        if form is not None:
            body, kind = urlencode(texts(form)).encode(), "application/x-www-form-urlencoded"
        else:
            body, kind = json.dumps(content, ensure_ascii=False).encode(), "application/json"
        request = self._request("POST", url, params, {"Content-Type": kind, **(headers or {})}, body)
        call = Call(service, request, self._seconds(timeout_s), pace_s, max_bytes, frozenset(accept))
        return self._cached(call, cache_s, retries, lambda body: _read_json(call, body), keep)

    def get_bytes(
        self,
        service: str,
        url: str,
        *,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        cache_s: float = 0.0,
        pace_s: float = 0.0,
        retries: int = 0,
        max_bytes: int = MAX_BYTES,
    ) -> bytes:
        """Return the bytes of a GET; else like :meth:`get_json`."""
        request = self._request("GET", url, params, headers, None)
        call = Call(service, request, self._seconds(timeout_s), pace_s, max_bytes, frozenset({200}))
        return self._cached(call, cache_s, retries, bytes)

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
        return self._follow(call, lambda reply: store(call, reply, path, progress, checksum), stall_s)

    # ---- inside

    def _request(
        self, method: str, url: str, params: Params | None, headers: Mapping[str, str] | None, body: bytes | None
    ) -> Request:
        usual = {"User-Agent": self._settings.user_agent, "Accept-Encoding": "gzip", "Connection": "close"}
        return build_request(method, url, params, {**usual, **(headers or {})}, body)

    def _seconds(self, timeout_s: float | None) -> float:
        return self._settings.timeout_s if timeout_s is None else timeout_s

    def _cached[T](
        self,
        call: Call,
        cache_s: float,
        retries: int,
        read: Callable[[bytes], T],
        keep: Callable[[T], bool] = lambda _content: True,
    ) -> T:
        name = self._cache_name(call.request) if cache_s > 0 else b""
        if name and (kept := self._ledger.recall(name)) is not None:
            return read(kept)
        body = self._retry(call, retries)
        result = read(body)
        if name and keep(result):
            self._ledger.keep(name, body, cache_s)
        return result

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

    def _follow[T](self, call: Call, read: Callable[[Reply], T], stall_s: float | None = None) -> T:
        deadline = time.monotonic() + call.timeout_s
        for _ in range(_REDIRECTS + 1):
            result = self._once(call, read, stall_s)
            if not isinstance(result, Request):
                return result
            call = call._replace(request=result, timeout_s=max(deadline - time.monotonic(), 0.001))
        raise call.reply_error("too many redirects", "service_redirect")

    def _once[T](self, call: Call, read: Callable[[Reply], T], stall_s: float | None) -> T | Request:
        """Return what ``read`` makes of the reply, or the request that a redirect asks for."""
        deadline = time.monotonic() + call.timeout_s

        def wait_for_turn() -> None:
            if call.pace_s > 0:
                self._ledger.take_turn(call.host, call.pace_s, deadline - time.monotonic())

        with _translated(call):
            self._ledger.check_turn(call.host, call.timeout_s)
            with exchange(call.request, timeout_s=call.timeout_s, stall_s=stall_s, before_send=wait_for_turn) as reply:
                onward = redirected(call, reply)
                if onward:
                    return onward
                check_status(call, reply, self._ledger.hold_off)
                return read(reply)


@contextlib.contextmanager
def _translated(call: Call) -> Iterator[None]:
    """Turn what can go wrong on the way into the errors callers know, without the address in them."""
    service, where = call.service, f"{call.service} ({call.host})"
    try:
        yield
    except Busy as busy:
        raise ServiceRateLimited(
            f"{where} is busy: {busy}", retry_after_s=busy.wait_s, code="service_busy", service=service
        ) from None
    except TooLarge:
        raise call.reply_error(f"more than {call.max_bytes} bytes", "service_too_large") from None
    except (CutReply, http.client.HTTPException) as error:
        raise call.reply_error(f"with a broken reply ({type(error).__name__})", "service_reply") from None
    except LocatorError:
        raise
    except TimeoutError as error:
        raise ServiceTimeout(f"{where} did not answer in time", code="service_timeout", service=service) from error
    except OSError as error:
        reason = type(error).__name__
        raise ServiceError(
            f"{where} cannot be reached: {reason}", code="service_unreachable", service=service
        ) from error


def _read_json(call: Call, body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        pass
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise call.reply_error("HTML or XML where data was expected", "service_html")
    raise call.reply_error("what is no JSON", "service_reply")
