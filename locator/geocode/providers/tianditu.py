"""Tianditu (天地图), the national platform: CGCS2000, which is WGS-84 within a metre."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from typing import Any, override
from urllib.parse import urlencode

from geopy import exc
from geopy.geocoders.base import DEFAULT_SENTINEL, Geocoder
from geopy.location import Location

from locator.datum import Datum
from locator.geocode.providers.provider import Left, Provider, ResultFacts, doubt, with_city
from locator.geocode.records import Hint
from locator.model import Precision

LEVELS = (
    ("门", Precision.ROOFTOP),
    ("兴趣点", Precision.POI),
    ("POI", Precision.POI),
    ("地名地址", Precision.POI),
    ("村", Precision.VILLAGE),
    ("社区", Precision.VILLAGE),
    ("乡", Precision.TOWNSHIP),
    ("镇", Precision.TOWNSHIP),
    ("街道", Precision.TOWNSHIP),
    ("路", Precision.STREET),
    ("街", Precision.STREET),
    ("区", Precision.DISTRICT),
    ("县", Precision.DISTRICT),
    ("市", Precision.CITY),
    ("省", Precision.PROVINCE),
)
"""The words of Tianditu's ``level`` (no list of them is published), first match wins; anything else is vague."""
SURE = 70
"""A score below is a guess: no better than a township."""


class Tianditu(Geocoder):  # type: ignore[misc]
    """A geopy geocoder for Tianditu."""

    path = "/geocoder"

    def __init__(self, api_key: str, *, domain: str = "api.tianditu.gov.cn", **common: Any) -> None:
        super().__init__(**common)
        self.api_key, self.domain = api_key, domain.strip("/")

    def geocode(self, query: str, *, exactly_one: bool = True, timeout: Any = DEFAULT_SENTINEL) -> Any:
        """Return a location, or a list of one, or None."""
        question = json.dumps({"keyWord": query}, ensure_ascii=False)
        url = f"{self.scheme}://{self.domain}{self.path}?{urlencode({'ds': question, 'tk': self.api_key})}"
        return self._call_geocoder(url, partial(self._parse, query=query, exactly_one=exactly_one), timeout=timeout)

    def _parse(self, reply: dict[str, Any], query: str, exactly_one: bool) -> Any:
        status = str(reply.get("status"))
        if "code" in reply and status != "0":  # {"code": 301007, "msg": …}: key, quota, address of the caller
            raise exc.GeocoderInsufficientPrivileges(str(reply["code"]))
        if status == "101":  # 结果为空
            return None
        if status != "0":
            raise exc.GeocoderServiceError(status)
        item = reply.get("location") or {}
        if item.get("lon") in (None, "") or item.get("lat") in (None, ""):
            return None
        location = Location(str(item.get("keyWord") or query), (float(item["lat"]), float(item["lon"])), item)
        return location if exactly_one else [location]


class TiandituProvider(Provider):
    """Tianditu. Key: https://console.tianditu.gov.cn (服务端), free with a daily quota."""

    name = "tianditu"
    datum = Datum.WGS84
    url = "https://api.tianditu.gov.cn"
    geocoder_class = Tianditu
    pace_s = 0.25
    cache_s = 86_400.0

    @override
    def is_good(self, content: object) -> bool:
        """Keep no fault reported with status 200."""
        return isinstance(content, dict) and str(content.get("status")) in ("0", "101")

    @override
    def ask(self, geocoder: Any, text: str, hint: Hint, left_s: Left) -> Iterable[Location]:
        """Yield the one match; the city goes into the text, there is no parameter for it."""
        return geocoder.geocode(with_city(text, hint), exactly_one=False, timeout=left_s()) or ()

    @override
    def read(self, location: Location, text: str) -> ResultFacts:
        """Say what the match is, by level and score."""
        level, score = str(location.raw.get("level") or ""), float(location.raw.get("score") or 0)
        precision = next((precision for word, precision in LEVELS if word in level), Precision.TOWNSHIP)
        return ResultFacts(label=location.address, precision=doubt(precision, sure=score >= SURE))
