"""Tencent's location service (腾讯位置服务): the geocoder, version 1."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, override
from urllib.parse import urlencode

from geopy import exc
from geopy.geocoders.base import DEFAULT_SENTINEL, Geocoder
from geopy.location import Location

from locator.adcode import is_adcode
from locator.datum import Datum
from locator.geocode.providers.provider import Left, Provider, ResultFacts, doubt, with_city
from locator.geocode.records import Hint
from locator.model import Precision

LEVELS = {
    1: Precision.CITY,
    2: Precision.DISTRICT,
    3: Precision.TOWNSHIP,
    4: Precision.VILLAGE,
    5: Precision.TOWNSHIP,
    6: Precision.VILLAGE,
    7: Precision.STREET,
    8: Precision.POI,
    9: Precision.ROOFTOP,
    10: Precision.POI,
    11: Precision.POI,
}
"""Tencent's ``level`` (解析精度级别) as precisions; another number counts as a township."""
SURE = 7
"""Tencent's own word: a ``reliability`` of 7 and more is a result to rely on."""

FAULTS: dict[int, type[exc.GeocoderServiceError]] = {
    110: exc.GeocoderInsufficientPrivileges,
    111: exc.GeocoderAuthenticationFailure,
    112: exc.GeocoderInsufficientPrivileges,
    113: exc.GeocoderInsufficientPrivileges,
    120: exc.GeocoderRateLimited,
    121: exc.GeocoderQuotaExceeded,
    190: exc.GeocoderAuthenticationFailure,
    199: exc.GeocoderAuthenticationFailure,
    300: exc.GeocoderQueryError,
    306: exc.GeocoderQueryError,
    310: exc.GeocoderQueryError,
    311: exc.GeocoderAuthenticationFailure,
}
"""Tencent's status codes (状态码说明) as geopy's errors; another code is a fault of the service."""
NOTHING = frozenset({347, 348})
"""查询无结果, and an address too vague or without a city."""


class Tencent(Geocoder):  # type: ignore[misc]
    """A geopy geocoder for Tencent; its locations are GCJ-02, as Tencent gives them."""

    path = "/ws/geocoder/v1/"

    def __init__(self, api_key: str, *, domain: str = "apis.map.qq.com", **common: Any) -> None:
        super().__init__(**common)
        self.api_key, self.domain = api_key, domain.strip("/")

    def geocode(self, query: str, *, exactly_one: bool = True, timeout: Any = DEFAULT_SENTINEL) -> Any:
        """Return a location, or a list of one, or None; the query must name its city."""
        parameters = urlencode({"address": query, "key": self.api_key, "output": "json"})
        url = f"{self.scheme}://{self.domain}{self.path}?{parameters}"
        return self._call_geocoder(url, partial(self._parse, query=query, exactly_one=exactly_one), timeout=timeout)

    def _parse(self, reply: dict[str, Any], query: str, exactly_one: bool) -> Any:
        status = int(reply["status"])
        if status in NOTHING:
            return None
        if status != 0:
            raise FAULTS.get(status, exc.GeocoderServiceError)(str(status))
        result = reply["result"]
        position = (float(result["location"]["lat"]), float(result["location"]["lng"]))
        location = Location(_label(result) or str(result.get("title") or query), position, result)
        return location if exactly_one else [location]


def _label(result: dict[str, Any]) -> str:
    parts = result.get("address_components") or {}
    wanted = ("province", "city", "district", "street", "street_number")
    return "".join(dict.fromkeys(str(parts[key]) for key in wanted if parts.get(key)))


class TencentProvider(Provider):
    """Tencent. Key: https://lbs.qq.com (WebServiceAPI switched on for it)."""

    name = "tencent"
    datum = Datum.GCJ02
    url = "https://apis.map.qq.com"
    geocoder_class = Tencent
    pace_s = 0.25
    cache_s = 600.0

    @override
    def is_good(self, content: object) -> bool:
        """Keep no fault reported with status 200."""
        return isinstance(content, dict) and content.get("status") in (0, *NOTHING)

    @override
    def ask(self, geocoder: Any, text: str, hint: Hint, left_s: Left) -> Iterable[Location]:
        """Yield the one match; the city goes into the text, where it must be."""
        return geocoder.geocode(with_city(text, hint), exactly_one=False, timeout=left_s()) or ()

    @override
    def read(self, location: Location, text: str) -> ResultFacts:
        """Say what the match is, by level and reliability."""
        raw = location.raw
        precision = LEVELS.get(int(raw.get("level") or 0), Precision.TOWNSHIP)
        precision = doubt(precision, sure=int(raw.get("reliability") or 0) >= SURE)
        adcode = str((raw.get("ad_info") or {}).get("adcode") or "")
        return ResultFacts(label=location.address, precision=precision, adcode=adcode if is_adcode(adcode) else None)
