"""What every geocoding service declares and does: geopy's requests through our client, its errors as ours."""

from __future__ import annotations

import contextlib
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from geopy import exc
from geopy.adapters import BaseSyncAdapter

from locator.datum import Datum, is_position, to_wgs84
from locator.errors import (
    LocatorError,
    ServiceError,
    ServiceRateLimited,
    ServiceRefused,
    ServiceReplyError,
    ServiceTimeout,
    SettingError,
)
from locator.gazetteer.text import clean_name
from locator.geocode.records import Hint, clean_text
from locator.model import Place, Precision

if TYPE_CHECKING:
    from geopy.geocoders.base import Geocoder
    from geopy.location import Location

    from locator.http import HttpClient
    from locator.settings import Settings


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
        """Refuse: every service here answers JSON.

        Raises
        ------
        NotImplementedError
            Always.
        """
        raise NotImplementedError


_REFUSED = (exc.GeocoderAuthenticationFailure, exc.GeocoderInsufficientPrivileges, exc.GeocoderQuotaExceeded)


_ODD = (KeyError, TypeError, ValueError, AttributeError, IndexError, UserWarning)
"""What reading a reply of another shape raises; geopy warns of a latitude beyond 90 before it raises."""


@contextlib.contextmanager
def _map_errors(service: str) -> Iterator[None]:
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


ERROR_M: Mapping[Precision, float] = {
    Precision.POINT: 1.0,
    Precision.ROOFTOP: 30.0,
    Precision.INTERPOLATED: 80.0,
    Precision.POI: 100.0,
    Precision.STREET: 500.0,
    Precision.VILLAGE: 1000.0,
    Precision.TOWNSHIP: 4000.0,
    Precision.DISTRICT: 15_000.0,
    Precision.CITY: 50_000.0,
    Precision.PROVINCE: 300_000.0,
}
"""What to say where a service gives no extent: half-widths in metres, on the large side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFacts:
    """What a reply says of one place, apart from its position."""

    label: str
    precision: Precision
    error_m: float | None = None
    """None: as usual for the precision."""
    adcode: str | None = None
    note: str | None = None


def doubt(precision: Precision, *, sure: bool) -> Precision:
    """Return a precision as it is when the service is sure of its match; a guess is no better than a township."""
    guess = not sure and precision in (Precision.ROOFTOP, Precision.POI, Precision.STREET)
    return Precision.TOWNSHIP if guess else precision


def with_city(text: str, hint: Hint) -> str:
    """Return a text, tidied, that begins with the region's city: for a service that has no parameter for it."""
    query = clean_text(text)
    return hint.city + query if hint.city and hint.city.removesuffix("市") not in query else query


class Provider(ABC):
    """A geocoding service: what it declares, and how its replies are read.

    A further service is a subclass in this package and a line in ``PROVIDERS``; the contract test
    in ``tests/geocode/test_providers.py`` then runs over it.
    """

    name: ClassVar[str]
    datum: ClassVar[Datum]
    """What its positions are measured against."""
    url: ClassVar[str]
    """Where it is, unless ``LOCATOR_<NAME>_URL`` says otherwise."""
    needs_key: ClassVar[bool] = True
    geocoder_class: ClassVar[Any]
    """The geopy class that asks it."""
    pace_s: ClassVar[float]
    """Least time between two requests to its public address; an address of one's own has no pace."""
    timeout_s: ClassVar[float | None] = None
    """Its own timeout for one question, all requests together; ``settings.timeout_s`` when None."""
    cache_s: ClassVar[float]
    """How long an answer is kept."""

    def __init__(self, settings: Settings, client: HttpClient) -> None:
        """Take the key and the address of the settings.

        Raises
        ------
        SettingError
            The service needs a key, and none is set.
        """
        key = settings.keys.get(self.name)
        if self.needs_key and not key:
            name = f"LOCATOR_{self.name.upper()}_KEY"
            raise SettingError(
                f"{name} is not set; {self.name} needs it", code="setting_unset", name=name, service=self.name
            )
        address = settings.urls.get(self.name, self.url)
        self.public = address == self.url
        self.limit_s = self.timeout_s if self.timeout_s is not None else settings.timeout_s
        parts = urlsplit(address)
        factory = partial(
            ClientAdapter,
            client=client,
            service=self.name,
            pace_s=self.pace_s if self.public else 0.0,
            cache_s=self.cache_s,
            keep=self.is_good,
        )
        common = {"scheme": parts.scheme, "user_agent": settings.user_agent, "adapter_factory": factory}
        self._geocoder = self.make_geocoder(parts.netloc + parts.path, key or "", common)

    def make_geocoder(self, domain: str, key: str, common: dict[str, Any]) -> Geocoder:
        """Return the geopy geocoder; ``domain`` is host, port and path without the scheme."""
        return self.geocoder_class(key, domain=domain, **common)

    @abstractmethod
    def ask(self, geocoder: Geocoder, text: str, hint: Hint, left_s: Left) -> Iterable[Location]:
        """Yield geopy's locations, best first, in the service's own datum; ``left_s()`` is the time left."""

    @abstractmethod
    def read(self, location: Location, text: str) -> ResultFacts:
        """Say what one location is."""

    def is_good(self, _content: object) -> bool:
        """Tell whether a reply with status 200 is an answer, not a fault in disguise."""
        return True

    def find(self, text: str, hint: Hint) -> tuple[Place, ...]:
        """Return the places a text may mean, best first, in WGS-84; empty when the service knows none.

        Raises
        ------
        ServiceError
            One of :mod:`locator.errors`; all of it takes no longer than the provider's timeout.
        """
        left = Left(self.name, self.limit_s)
        with _map_errors(self.name):
            return tuple(self._place(location, text) for location in self.ask(self._geocoder, text, hint, left))

    def _place(self, location: Location, text: str) -> Place:
        lon, lat = (float(v) for v in to_wgs84(location.longitude, location.latitude, self.datum))
        if not is_position(lon, lat):
            raise ServiceReplyError(f"{self.name} gave no position", code="service_reply", service=self.name)
        reading = self.read(location, text)
        return Place(
            label=clean_name(reading.label),
            lon=lon,
            lat=lat,
            precision=reading.precision,
            error_m=reading.error_m if reading.error_m is not None else ERROR_M[reading.precision],
            source=self.name,
            adcode=reading.adcode,
            note=reading.note,
        )


class Left:
    """The seconds left of a question's time; calling it raises when there are none."""

    def __init__(self, service: str, seconds: float) -> None:
        self._service, self._end = service, time.monotonic() + seconds

    def __call__(self) -> float:
        """Return the seconds left."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise ServiceTimeout(
                f"{self._service} did not answer in time", code="service_timeout", service=self._service
            )
        return seconds
