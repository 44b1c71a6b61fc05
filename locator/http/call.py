"""One request as it goes out, and the judgement of what comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

from locator.errors import InvalidInput, ServiceError, ServiceRateLimited, ServiceRefused, ServiceReplyError
from locator.http.transport import Reply, Request

if TYPE_CHECKING:
    type Params = Mapping[str, object]

REST_S = 60.0
"""How long a host is left alone after a 429 that does not say how long."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAFE = "%/:=&?~#+!$,;'@()*[]"


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


def texts(params: Params) -> dict[str, str]:
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
    query = "&".join(part for part in (quote(parts.query, _SAFE), urlencode(texts(params or {}))) if part)
    clean = urlunsplit((parts.scheme, parts.netloc, quote(parts.path, _SAFE), query, ""))
    return Request(method, clean, headers, body)


def redirected(call: Call, reply: Reply) -> Request | None:
    """Return the request that a redirect asks for, None when it is no redirect.

    Raises
    ------
    ServiceReplyError
        It leads to another host, from https to http, or would turn a POST into something else.
    """
    if reply.status not in _REDIRECTS or reply.status in call.accept:
        return None
    old = urlsplit(call.request.url)
    new = urlsplit(urljoin(call.request.url, reply.headers.get("location", "")))
    same = new.hostname == old.hostname and (new.port == old.port or (new.scheme, new.port) == ("https", None))
    posted = call.request.method != "GET" and reply.status not in (307, 308)
    if not same or posted or not new.scheme.startswith(old.scheme) or not new.netloc.isascii():
        raise call.reply_error("a redirect to another place", "service_redirect")
    return call.request._replace(
        url=urlunsplit(new._replace(path=quote(new.path, _SAFE), query=quote(new.query, _SAFE)))
    )


def check_status(call: Call, reply: Reply, hold_off: Callable[[str, float], None]) -> None:
    """Raise what the status code means to the caller; ``hold_off(host, seconds)`` is told of a 429."""
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
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
