"""Offices that services know: OpenStreetMap through Overpass, and AMap's places."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from locator.datum import Datum, from_wgs84, is_position
from locator.errors import InvalidInput, ServiceReplyError, ServiceTimeout, SettingError
from locator.http import HttpClient
from locator.http.amap import PACE_S, URL, check_reply, is_good
from locator.ingest import RawRecord
from locator.ingest.osm import GOVERNMENT, LICENCE, NAMED, find_kind, tags_to_fields
from locator.ingest.values import kind_of_name
from locator.settings import load_settings

if TYPE_CHECKING:
    from locator.settings import Settings

OVERPASS_URL = "https://overpass-api.de/api/interpreter"
OVERPASS_PACE_S = 5.0
"""Between two questions to the public address; it counts slots for each address that asks."""
OVERPASS_QUERY_S = 120
"""What Overpass itself may take for one question."""
OVERPASS_TIMEOUT_S = 300.0
"""For all tries of one question together."""
OVERPASS_RETRIES = 4
CACHE_S = 86_400.0
MAX_BYTES = 64_000_000
MAX_RADIUS_M = 50_000.0
WORDS = (
    "社保|社会保险|社会保障|医保|医疗保障|医疗保险|人社|人力社保|人力资源|劳动保障|政务服务|政务大厅|行政服务|行政审批|市民之家"
    "|市民中心|市民服务|市民卡|事务受理|便民服务|党群服务|办事大厅|社會保|醫療保|人力資源|勞動|政務|行政服務"
    "|[Ss]ocial [SsIi]|[Mm]edical [Ii]nsurance|[Hh]uman [Rr]esources|[Ss]ervice [Cc]ent"
)
"""Names worth reading; :func:`locator.ingest.osm.find_kind` decides."""
_NUMBER = r"-?\d{1,3}(?:\.\d+)?"
_BOX = re.compile(rf"\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*")
_AROUND = re.compile(rf"\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*(\d{{1,6}}(?:\.\d+)?)\s*")
_log = logging.getLogger(__name__)


class OverpassSource:
    """What OpenStreetMap knows of offices somewhere.

    Parameters
    ----------
    location
        A place's name as OpenStreetMap has it (``济南市``); a box ``west,south,east,north``; or a circle
        ``lon,lat,metres``. Degrees are WGS-84.
    name
        What the layer calls the source; ``overpass`` when None.
    settings
        The address (``LOCATOR_OVERPASS_URL``) and where turns and answers are kept.
    patience_s
        Seconds for all tries together.

    Raises
    ------
    InvalidInput
        The box or circle is none.
    """

    datum = Datum.WGS84
    licence: str | None = LICENCE

    def __init__(
        self,
        location: str,
        *,
        name: str | None = None,
        datum: Datum | None = None,
        settings: Settings | None = None,
        patience_s: float = OVERPASS_TIMEOUT_S,
        client: HttpClient | None = None,
    ) -> None:
        settings = settings or load_settings()
        self.name = name or "overpass"
        self.datum = datum or Datum.WGS84
        self._location = location.strip()
        self._patience_s = patience_s
        self.query = to_query(self._location, min(OVERPASS_QUERY_S, int(patience_s) or 1))
        self._url = settings.urls.get("overpass", OVERPASS_URL)
        self._client = client or HttpClient(settings)

    @property
    def total(self) -> int | None:
        """How many objects Overpass gave; None before it is asked."""
        return len(self._elements) if "_elements" in self.__dict__ else None

    def records(self) -> Iterator[RawRecord]:
        """Yield a record for every object that is an office.

        Raises
        ------
        ServiceError
            Overpass did not answer, not in time, or not with all it has.
        """
        row = 0
        for element in self._elements:
            tags = element.get("tags")
            found = find_kind(tags) if isinstance(tags, dict) else None
            if found is None:
                continue
            row += 1
            yield RawRecord(
                source=self.name, file=f"overpass: {self._location}", row=row, fields=self._fields(element, *found)
            )

    def _fields(self, element: Mapping[str, Any], kind: Any, said_by: str) -> dict[str, str]:
        centre = element.get("center") or element
        what = f"{element['type']}/{element['id']}"
        return {
            "id": what,
            **tags_to_fields(element["tags"], kind, said_by),
            "lon": str(centre.get("lon", "")),
            "lat": str(centre.get("lat", "")),
            "source_url": f"https://www.openstreetmap.org/{what}",
            "source_date": self._date,
            "licence": LICENCE,
        }

    @cached_property
    def _elements(self) -> list[dict[str, Any]]:
        reply = self._client.post_json(
            "overpass",
            self._url,
            form={"data": self.query},
            timeout_s=self._patience_s,
            cache_s=CACHE_S,
            pace_s=OVERPASS_PACE_S if self._url == OVERPASS_URL else 0.0,
            retries=OVERPASS_RETRIES,
            max_bytes=MAX_BYTES,
            keep=lambda content: isinstance(content, dict) and "remark" not in content,
        )
        if not isinstance(reply, dict) or not isinstance(reply.get("elements"), list):
            raise ServiceReplyError("overpass answered without elements", code="service_reply", service="overpass")
        if "remark" in reply:  # status 200, and only a part of the answer
            raise ServiceTimeout("overpass gave up half way", code="service_timeout", service="overpass")
        self._date = str((reply.get("osm3s") or {}).get("timestamp_osm_base") or "")[:10]
        usable = (e for e in reply["elements"] if isinstance(e, dict) and {"type", "id"} <= e.keys())
        return sorted(usable, key=lambda e: (str(e["type"]), str(e["id"])))


def to_query(location: str, seconds: int = OVERPASS_QUERY_S) -> str:
    """Return the question in Overpass QL; ``seconds`` is what Overpass itself may take.

    Raises
    ------
    InvalidInput
        The location is empty, or its numbers are no box and no circle on earth.
    """
    area, where = _area(location)
    names = f'["name"~"{WORDS}"]'
    lines = [f'nwr["government"~"^({"|".join(GOVERNMENT)})$"]{where};']
    lines += [f'nwr["{key}"~"^({"|".join(values)})$"]{names}{where};' for key, values in NAMED.items()]
    return f"[out:json][timeout:{seconds}];{area}({''.join(lines)});out center qt;"


def _area(location: str) -> tuple[str, str]:
    """Return what comes before the question, and the filter of each of its lines."""
    box, around = _BOX.fullmatch(location[:200]), _AROUND.fullmatch(location[:200])
    if box:
        west, south, east, north = (float(v) for v in box.groups())
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise _overpass_wrong(location)
        return "", f"({south},{west},{north},{east})"
    if around:
        lon, lat, radius_m = _circle(around, _overpass_wrong(location))
        return "", f"(around:{radius_m:g},{lat},{lon})"
    if not location or len(location) > 100 or not any(c.isalpha() for c in location):
        raise _overpass_wrong(location)
    name = "".join(c for c in location if c.isprintable()).replace("\\", "\\\\").replace('"', '\\"')
    named = "".join(f'area["boundary"="administrative"]["{key}"="{name}"];' for key in ("name", "name:zh", "name:en"))
    return f"({named})->.place;", "(area.place)"


def _circle(around: re.Match[str], wrong: InvalidInput) -> tuple[float, float, float]:
    """Return longitude, latitude (WGS-84 degrees) and metres of a circle; raise ``wrong`` where it is none on earth."""
    lon, lat, radius_m = (float(v) for v in around.groups())
    if not (is_position(lon, lat) and 0 < radius_m <= MAX_RADIUS_M):
        raise wrong
    return lon, lat, radius_m


def _overpass_wrong(location: str) -> InvalidInput:
    return InvalidInput(
        f"{location[:60]!r} is no place for overpass; expected a name, west,south,east,north or lon,lat,metres",
        code="overpass_location",
        given=location[:60],
    )


KEYWORDS = ("社保", "人社", "医保", "政务服务中心", "社区事务受理")
"""What is asked when the operator names no keywords: AMap has no type for social security."""
TYPES = "130100|130101|130102|130103|130104|130105|130106|120304"
"""政府机关 of every level and 社区中心, of AMap's table of types."""
PAGE = 25
LAST_PAGE = 100
AMAP_RETRIES = 2
AMAP_TIMEOUT_S = 30.0
AMAP_LICENCE = "AMap: for your own use under its terms; not to be passed on"


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

    licence: str | None = AMAP_LICENCE

    def __init__(
        self,
        location: str,
        *,
        region: str | None = None,
        name: str | None = None,
        datum: Datum | None = None,
        settings: Settings | None = None,
        patience_s: float = AMAP_TIMEOUT_S,
        client: HttpClient | None = None,
    ) -> None:
        settings = settings or load_settings()
        if "amap" not in settings.keys:
            raise SettingError(
                "LOCATOR_AMAP_KEY is not set; amap needs it",
                code="setting_unset", name="LOCATOR_AMAP_KEY", service="amap",
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
                yield RawRecord(source=self.name, file=f"amap: {self._label}", row=row, fields=_amap_fields(place))

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
                retries=AMAP_RETRIES,
                keep=is_good,
            )
        )  # fmt: skip
        places = reply.get("pois", [])
        if not isinstance(places, list) or not all(isinstance(place, dict) for place in places):
            raise ServiceReplyError("amap answered without pois", code="service_reply", service="amap")
        return places


def _read_location(location: str, region: str | None) -> tuple[str, dict[str, str], tuple[str, ...]]:
    """Return the path, the parameters of the place, and the keywords."""
    around = _AROUND.fullmatch(location[:200])
    if around and region is None:
        lon, lat, radius_m = _circle(around, _amap_wrong(location))
        x, y = (float(v) for v in from_wgs84(lon, lat, Datum.GCJ02))
        return "/v5/place/around", {"location": f"{x:.6f},{y:.6f}", "radius": f"{radius_m:.0f}"}, KEYWORDS
    where, keywords = region, tuple(word.strip() for word in re.split("[,，、]", location) if word.strip())
    if region is None:
        where, keywords = location, KEYWORDS
    if not where or not keywords or len(where) > 40 or any(len(word) > 80 for word in keywords):
        raise _amap_wrong(location)
    return "/v5/place/text", {"region": where.strip(), "city_limit": "true"}, keywords


def _amap_fields(place: Mapping[str, Any]) -> dict[str, str]:
    """Return a place's values as fields of the layer; AMap writes [] for an empty one."""
    business = place.get("business") if isinstance(place.get("business"), dict) else {}
    lon, _, lat = _amap_text(place, "location").partition(",")
    fields = {
        "id": f"amap-{_amap_text(place, 'id')}" if _amap_text(place, "id") else "",
        "name": _amap_text(place, "name"),
        "kind_source": _amap_text(place, "type"),
        "province": _amap_text(place, "pname"),
        "city": _amap_text(place, "cityname"),
        "district": _amap_text(place, "adname"),
        "adcode": _amap_text(place, "adcode"),
        "address": _amap_text(place, "address"),
        "phones": _amap_text(business, "tel"),
        "hours_text": _amap_text(business, "opentime_week") or _amap_text(business, "opentime_today"),
        "lon": lon,
        "lat": lat,
        "licence": AMAP_LICENCE,
    }
    return {key: value for key, value in fields.items() if value}


def _amap_text(values: Mapping[str, Any] | None, key: str) -> str:
    value = (values or {}).get(key)
    return value.strip() if isinstance(value, str) else ""


def _amap_wrong(location: str) -> InvalidInput:
    return InvalidInput(
        f"{location[:60]!r} says not what to look for, or not where; expected an adcode, or keywords and --region",
        code="amap_location",
        given=location[:60],
    )
