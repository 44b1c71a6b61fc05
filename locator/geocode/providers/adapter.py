"""geopy's HTTP through our client, and its errors as ours."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from geopy import exc
from geopy.adapters import BaseSyncAdapter

from locator.errors import (
    LocatorError,
    ServiceError,
    ServiceRateLimited,
    ServiceRefused,
    ServiceReplyError,
    ServiceTimeout,
)

if TYPE_CHECKING:
    from locator.http import HttpClient


class _Mute(logging.Filter):
    """geopy logs every request's whole address: what a person typed, and the key. It may log warnings only."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING


logging.getLogger("geopy").addFilter(_Mute())


class ClientAdapter(BaseSyncAdapter):  # type: ignore[misc]
    """geopy's requests sent through :class:`locator.http.HttpClient`: no retry, total timeout, pace, cache.

    Parameters
    ----------
    keep
        Tells of a reply whether it may be kept; see :meth:`locator.http.HttpClient.get_json`.
    """

    def __init__(
        self,
        *,
        client: HttpClient,
        service: str,
        pace_s: float,
        cache_s: float,
        keep: Callable[[object], bool],
        proxies: object,
        ssl_context: object,
    ) -> None:
        super().__init__(proxies=proxies, ssl_context=ssl_context)
        self._client, self._service = client, service
        self._pace_s, self._cache_s, self._keep = pace_s, cache_s, keep

    def get_json(self, url: str, *, timeout: float, headers: Mapping[str, str]) -> object:
        """Return the JSON at ``url``; errors are the client's own, geopy lets them pass."""
        return self._client.get_json(
            self._service,
            url,
            headers=headers,
            timeout_s=timeout,
            pace_s=self._pace_s,
            cache_s=self._cache_s,
            keep=self._keep,
        )

    def get_text(self, url: str, *, timeout: float, headers: Mapping[str, str]) -> str:
        """Refuse: every service here answers JSON."""
        raise NotImplementedError


_REFUSED = (exc.GeocoderAuthenticationFailure, exc.GeocoderInsufficientPrivileges, exc.GeocoderQuotaExceeded)


_ODD = (KeyError, TypeError, ValueError, AttributeError, IndexError, UserWarning)
"""What reading a reply of another shape raises; geopy warns of a latitude beyond 90 before it raises."""


@contextlib.contextmanager
def translated(service: str) -> Iterator[None]:
    """Raise geopy's errors, and what a reply of another shape makes parsers raise, as ours."""
    try:
        yield
    except LocatorError:
        raise
    except exc.GeocoderRateLimited as error:
        raise ServiceRateLimited(f"{service} wants fewer requests", retry_after_s=error.retry_after) from None
    except _REFUSED as error:
        message = f"{service} refuses: {type(error).__name__}"
        raise ServiceRefused(message, code="service_refused", service=service) from None
    except exc.GeocoderTimedOut:
        raise ServiceTimeout(f"{service} did not answer in time", code="service_timeout", service=service) from None
    except (exc.GeocoderQueryError, exc.GeocoderParseError) as error:
        message = f"{service} answered {type(error).__name__}"
        raise ServiceReplyError(message, code="service_reply", service=service) from None
    except exc.GeopyError as error:
        message = f"{service} has a fault: {type(error).__name__}"
        raise ServiceError(message, code="service_unavailable", service=service) from None
    except _ODD as error:
        message = f"{service} answered in a form it does not document ({type(error).__name__})"
        raise ServiceReplyError(message, code="service_reply", service=service) from None
