"""AMap (高德): the geocoding web service, version 3."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, override
from urllib.parse import urlencode

from geopy.geocoders.base import DEFAULT_SENTINEL, Geocoder
from geopy.location import Location

from locator.adcode import is_adcode, is_province, is_province_administered, prefecture_of
from locator.datum import Datum
from locator.geocode.providers.provider import Left, Provider, ResultFacts
from locator.geocode.records import Hint, clean_text
from locator.http.amap import PACE_S, URL, check_reply, is_good
from locator.model import Precision

LEVELS = {
    "国家": Precision.PROVINCE,
    "省": Precision.PROVINCE,
    "市": Precision.CITY,
    "区县": Precision.DISTRICT,
    "开发区": Precision.TOWNSHIP,
    "乡镇": Precision.TOWNSHIP,
    "村庄": Precision.VILLAGE,
    "热点商圈": Precision.VILLAGE,
    "兴趣点": Precision.POI,
    "门牌号": Precision.ROOFTOP,
    "门址": Precision.ROOFTOP,
    "单元号": Precision.ROOFTOP,
    "道路": Precision.STREET,
    "道路交叉路口": Precision.POI,
    "公交站台、地铁站": Precision.POI,
    "公交站台、地铁站出入口": Precision.POI,
    "未知": Precision.TOWNSHIP,
}
"""AMap's match levels (地理编码匹配级别列表) as precisions; a level not listed counts as 未知."""


class AMap(Geocoder):  # type: ignore[misc]
    """A geopy geocoder for AMap; its locations are GCJ-02, as AMap gives them."""

    path = "/v3/geocode/geo"

    def __init__(self, api_key: str, *, domain: str = "restapi.amap.com", **common: Any) -> None:
        super().__init__(**common)
        self.api_key, self.domain = api_key, domain.strip("/")

    def geocode(
        self, query: str, *, exactly_one: bool = True, city: str | None = None, timeout: Any = DEFAULT_SENTINEL
    ) -> Any:
        """Return a location, or a list of them, or None.

        Parameters
        ----------
        city
            A city's name or the adcode of a city; AMap takes no county here.
        """
        parameters = {"key": self.api_key, "address": query, "output": "JSON", **({"city": city} if city else {})}
        url = f"{self.scheme}://{self.domain}{self.path}?{urlencode(parameters)}"
        return self._call_geocoder(url, partial(self._parse, exactly_one=exactly_one), timeout=timeout)

    def _parse(self, reply: Any, exactly_one: bool) -> Any:
        check_reply(reply)
        found = []
        for item in reply.get("geocodes") or ():
            if isinstance(item.get("location"), str) and "," in item["location"]:  # an empty value is []
                lon, lat = item["location"].split(",")
                found.append(Location(str(item.get("formatted_address") or ""), (float(lat), float(lon)), item))
        return (found[0] if exactly_one else found) if found else None


class AmapProvider(Provider):
    """AMap. Key: https://lbs.amap.com (Web服务). Its terms bind the results to its own map's attribution."""

    name = "amap"
    datum = Datum.GCJ02
    url = URL
    geocoder_class = AMap
    pace_s = PACE_S
    cache_s = 600.0

    @override
    def is_good(self, content: object) -> bool:
        """Keep no fault reported with status 200."""
        return is_good(content)

    @override
    def ask(self, geocoder: Any, text: str, hint: Hint, left_s: Left) -> Iterable[Location]:
        """Yield AMap's matches, within the region's city where one is asked for."""
        code = hint.adcode
        in_city = code is not None and not is_province(code) and not is_province_administered(code)
        city = prefecture_of(code) if code is not None and in_city else hint.city
        return geocoder.geocode(clean_text(text), exactly_one=False, city=city, timeout=left_s()) or ()

    @override
    def read(self, location: Location, text: str) -> ResultFacts:
        """Say what a match is, by AMap's level."""
        raw = location.raw
        adcode = raw.get("adcode")
        return ResultFacts(
            label=location.address,
            precision=LEVELS.get(str(raw.get("level")), LEVELS["未知"]),
            adcode=adcode if isinstance(adcode, str) and is_adcode(adcode) else None,
        )
