"""AMap's places (搜索POI 2.0): offices by keyword and type in a division, or around a position. GCJ-02."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from locator.datum import Datum, from_wgs84
from locator.errors import InvalidInput, ServiceReplyError, SettingError
from locator.http import HttpClient
from locator.http.amap import PACE_S, URL, check_reply, is_good
from locator.settings import load_settings
from locator.validate import RawRecord, kind_of_name

if TYPE_CHECKING:
    from locator.settings import Settings

KEYWORDS = ("社保", "人社", "医保", "政务服务中心", "社区事务受理")
"""What is asked when the operator names no keywords: AMap has no type for social security."""
TYPES = "130100|130101|130102|130103|130104|130105|130106|120304"
"""政府机关 of every level and 社区中心, of AMap's table of types."""
PAGE = 25
LAST_PAGE = 100
CACHE_S = 86_400.0
RETRIES = 2
TIMEOUT_S = 30.0
LICENCE = "AMap: for your own use under its terms; not to be passed on"
_AROUND = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*,\s*(-?\d{1,2}(?:\.\d+)?)\s*,\s*(\d{1,5}(?:\.\d+)?)\s*")
_log = logging.getLogger(__name__)


class AmapSource:
    """What AMap knows of offices in a division.

    Parameters
    ----------
    location
        Keywords with commas between (``社保,医保``) and ``region`` beside them; or, without ``region``, an
        adcode (``370104``) or a city's name, searched with :data:`KEYWORDS`; or a circle
        ``lon,lat,metres`` (WGS-84 degrees), searched likewise.
    region
        An adcode or a city's name to stay in.
    name
        What the layer calls the source; ``amap`` when None.
    settings
        The key (``LOCATOR_AMAP_KEY``, from the environment), the address, where turns and answers are kept.
    patience_s
        Seconds for each request, its retries included.

    Raises
    ------
    InvalidInput
        Nothing to look for, or nowhere.
    SettingError
        There is no key.
    """

    licence: str | None = LICENCE

    def __init__(
        self,
        location: str,
        *,
        region: str | None = None,
        name: str | None = None,
        datum: Datum | None = None,
        settings: Settings | None = None,
        patience_s: float = TIMEOUT_S,
        client: HttpClient | None = None,
    ) -> None:
        settings = settings or load_settings()
        if "amap" not in settings.keys:
            raise SettingError(
                "LOCATOR_AMAP_KEY is not set; amap needs it",
                code="setting", name="LOCATOR_AMAP_KEY", value="", expected="a key",
            )  # fmt: skip
        self.name = name or "amap"
        self.datum = datum or Datum.GCJ02
        self.skipped = 0
        """How many places AMap gave whose names tell no office of ours (bus stops, companies, shops)."""
        self._patience_s = patience_s
        self._key = settings.keys["amap"]
        self._base = settings.urls.get("amap", URL)
        self._client = client or HttpClient(settings)
        self._label = " ".join(part for part in (location.strip(), region) if part)
        self._path, self._where, self._keywords = _read_location(location.strip(), region)

    @property
    def total(self) -> int | None:
        """Not known before the last page."""
        return None

    def records(self) -> Iterator[RawRecord]:
        """Yield a record for every place whose name tells an office; a place found twice comes once.

        Raises
        ------
        ServiceError
            AMap did not answer, refused the key, or the quota is used up.
        """
        row, seen = 0, set[str]()
        for keyword in self._keywords:
            for place in self._places(keyword):
                if str(place.get("id")) in seen:
                    continue
                seen.add(str(place.get("id")))
                if kind_of_name(str(place.get("name"))) is None:
                    self.skipped += 1
                    continue
                row += 1
                yield RawRecord(source=self.name, file=f"amap: {self._label}", row=row, fields=_fields(place))

    def _places(self, keyword: str) -> Iterator[Mapping[str, Any]]:
        for page in range(1, LAST_PAGE + 1):
            places = self._page(keyword, page)
            yield from places
            if len(places) < PAGE:
                return
        _log.warning("amap gives no more than %s places for one keyword: search smaller divisions", PAGE * LAST_PAGE)

    def _page(self, keyword: str, page: int) -> list[Mapping[str, Any]]:
        reply = check_reply(
            self._client.get_json(
                "amap",
                self._base + self._path,
                params={
                    "key": self._key, "keywords": keyword, "types": TYPES, **self._where, "show_fields": "business",
                    "page_size": PAGE, "page_num": page, "output": "json",
                },
                timeout_s=self._patience_s,
                pace_s=PACE_S if self._base == URL else 0.0,
                cache_s=CACHE_S,
                retries=RETRIES,
                keep=is_good,
            )
        )  # fmt: skip
        places = reply.get("pois", [])
        if not isinstance(places, list) or not all(isinstance(place, dict) for place in places):
            raise ServiceReplyError("amap answered without pois", code="service_reply", service="amap")
        return places


def _read_location(location: str, region: str | None) -> tuple[str, dict[str, str], tuple[str, ...]]:
    """Return the path, the parameters of the place, and the keywords."""
    around = _AROUND.fullmatch(location)
    if around and region is None:
        lon, lat, radius_m = (float(v) for v in around.groups())
        if not (abs(lon) <= 180 and abs(lat) <= 90 and 0 < radius_m <= 50_000):
            raise _wrong(location)
        x, y = (float(v) for v in from_wgs84(lon, lat, Datum.GCJ02))
        return "/v5/place/around", {"location": f"{x:.6f},{y:.6f}", "radius": f"{radius_m:.0f}"}, KEYWORDS
    where, keywords = region, tuple(word.strip() for word in re.split("[,，、]", location) if word.strip())
    if region is None:
        where, keywords = location, KEYWORDS
    if not where or not keywords or len(where) > 40 or any(len(word) > 80 for word in keywords):
        raise _wrong(location)
    return "/v5/place/text", {"region": where.strip(), "city_limit": "true"}, keywords


def _fields(place: Mapping[str, Any]) -> dict[str, str]:
    """Return a place's values as fields of the layer; AMap writes [] for an empty one."""
    business = place.get("business") if isinstance(place.get("business"), dict) else {}
    lon, _, lat = _text(place, "location").partition(",")
    fields = {
        "id": f"amap-{_text(place, 'id')}" if _text(place, "id") else "",
        "name": _text(place, "name"),
        "kind_source": _text(place, "type"),
        "province": _text(place, "pname"),
        "city": _text(place, "cityname"),
        "district": _text(place, "adname"),
        "adcode": _text(place, "adcode"),
        "address": _text(place, "address"),
        "phones": _text(business, "tel"),
        "hours_text": _text(business, "opentime_week") or _text(business, "opentime_today"),
        "lon": lon,
        "lat": lat,
        "licence": LICENCE,
    }
    return {key: value for key, value in fields.items() if value}


def _text(values: Mapping[str, Any] | None, key: str) -> str:
    value = (values or {}).get(key)
    return value.strip() if isinstance(value, str) else ""


def _wrong(location: str) -> InvalidInput:
    return InvalidInput(
        f"{location[:60]!r} says not what to look for, or not where; expected an adcode, or keywords and --region",
        code="amap_location",
        given=location[:60],
    )
