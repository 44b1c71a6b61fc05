"""Baidu (百度地图): the geocoding web service, version 3, asked for GCJ-02."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, override
from urllib.parse import urlencode

from geopy.geocoders import BaiduV3
from geopy.geocoders.base import DEFAULT_SENTINEL
from geopy.location import Location

from locator.datum import Datum
from locator.geocode.providers.provider import Left, Provider, ResultFacts, doubt
from locator.geocode.records import Hint, clean_text
from locator.model import Precision

MAX_BYTES = 84
"""Baidu's limit for an address."""
LEVELS = {
    "国家": Precision.PROVINCE,
    "省": Precision.PROVINCE,
    "城市": Precision.CITY,
    "区县": Precision.DISTRICT,
    "乡镇": Precision.TOWNSHIP,
    "村庄": Precision.VILLAGE,
    "商圈": Precision.VILLAGE,
    "道路": Precision.STREET,
    "门址": Precision.ROOFTOP,
    "UNKNOWN": Precision.TOWNSHIP,
    "": Precision.TOWNSHIP,
}
"""Baidu's ``level`` (地址类型) as precisions; every other level names a sort of place: a POI."""
SURE = 50
"""A ``comprehension`` (地址理解程度) below is a guess: no better than a township."""


class Baidu(BaiduV3):  # type: ignore[misc]
    """geopy's BaiduV3 without its three faults.

    The stock class gives BD-09 without saying so, the precision word as the address, and crashes on
    ``exactly_one=False``. This one asks for GCJ-02, returns the query as the address, and lists.
    """

    def __init__(self, api_key: str, *, domain: str = "api.map.baidu.com", **common: Any) -> None:
        super().__init__(api_key, **common)
        self.api = f"{self.scheme}://{domain.strip('/')}{self.api_path}"

    def geocode(
        self, query: str, *, exactly_one: bool = True, city: str | None = None, timeout: Any = DEFAULT_SENTINEL
    ) -> Any:
        """Return a location in GCJ-02, or a list of one, or None."""
        parameters = {"ak": self.api_key, "output": "json", "address": query, "ret_coordtype": "gcj02ll"}
        if city:
            parameters["city"] = city
        url = f"{self.api}?{urlencode(parameters)}"
        return self._call_geocoder(url, partial(self._read, query=query, exactly_one=exactly_one), timeout=timeout)

    def _read(self, reply: dict[str, Any], query: str, exactly_one: bool) -> Any:
        result = reply.get("result")
        if not result:
            self._check_status(int(reply["status"]))
            return None
        position = (float(result["location"]["lat"]), float(result["location"]["lng"]))
        location = Location(query, position, result)
        return location if exactly_one else [location]


class BaiduProvider(Provider):
    """Baidu. Key: https://lbsyun.baidu.com (服务端, checked by IP white list)."""

    name = "baidu"
    datum = Datum.GCJ02
    url = "https://api.map.baidu.com"
    geocoder_class = Baidu
    pace_s = 0.35
    cache_s = 600.0

    @override
    def is_good(self, content: object) -> bool:
        """Keep no fault reported with status 200."""
        return isinstance(content, dict) and content.get("status") == 0

    @override
    def ask(self, geocoder: Any, text: str, hint: Hint, left_s: Left) -> Iterable[Location]:
        """Yield the one match, within the region's city where one is asked for."""
        query = clean_text(text).encode()[:MAX_BYTES].decode(errors="ignore")
        return geocoder.geocode(query, exactly_one=False, city=hint.city, timeout=left_s()) or ()

    @override
    def read(self, location: Location, text: str) -> ResultFacts:
        """Say what the match is, by level and comprehension."""
        raw = location.raw
        precision = LEVELS.get(str(raw.get("level") or ""), Precision.POI)
        sure = int(raw.get("comprehension") or 0) >= SURE
        return ResultFacts(label=location.address, precision=doubt(precision, sure=sure))
