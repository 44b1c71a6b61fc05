"""OpenStreetMap's offices through the Overpass API: of a place by name, of a box, or around a position."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from locator.datum import Datum
from locator.errors import InvalidInput, ServiceReplyError, ServiceTimeout
from locator.http import HttpClient
from locator.settings import load_settings
from locator.sources.osm_tags import GOVERNMENT, LICENCE, NAMED, find_kind, to_fields
from locator.validate import RawRecord

if TYPE_CHECKING:
    from locator.settings import Settings

URL = "https://overpass-api.de/api/interpreter"
PACE_S = 5.0
"""Between two questions to the public address; it counts slots for each address that asks."""
QUERY_S = 120
"""What Overpass itself may take for one question."""
TIMEOUT_S = 300.0
"""For all tries of one question together."""
RETRIES = 4
CACHE_S = 86_400.0
MAX_BYTES = 64_000_000
MAX_RADIUS_M = 50_000.0
WORDS = (
    "社保|社会保险|社会保障|医保|医疗保障|医疗保险|人社|人力社保|人力资源|劳动保障|政务服务|政务大厅|行政服务|行政审批|市民之家"
    "|市民中心|市民服务|市民卡|事务受理|便民服务|党群服务|办事大厅"
)
"""Names worth reading; :func:`locator.sources.osm_tags.find_kind` decides."""
_NUMBER = r"-?\d{1,3}(?:\.\d+)?"
_BOX = re.compile(rf"\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*")
_AROUND = re.compile(rf"\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*(\d{{1,6}}(?:\.\d+)?)\s*")


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
        patience_s: float = TIMEOUT_S,
        client: HttpClient | None = None,
    ) -> None:
        settings = settings or load_settings()
        self.name = name or "overpass"
        self.datum = datum or Datum.WGS84
        self._location = location.strip()
        self._patience_s = patience_s
        self.query = to_query(self._location, min(QUERY_S, int(patience_s) or 1))
        self._url = settings.urls.get("overpass", URL)
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
            **to_fields(element["tags"], kind, said_by),
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
            pace_s=PACE_S if self._url == URL else 0.0,
            retries=RETRIES,
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


def to_query(location: str, seconds: int = QUERY_S) -> str:
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
    box, around = _BOX.fullmatch(location), _AROUND.fullmatch(location)
    if box:
        west, south, east, north = (float(v) for v in box.groups())
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise _wrong(location)
        return "", f"({south},{west},{north},{east})"
    if around:
        lon, lat, radius_m = (float(v) for v in around.groups())
        if not (abs(lon) <= 180 and abs(lat) <= 90 and 0 < radius_m <= MAX_RADIUS_M):
            raise _wrong(location)
        return "", f"(around:{radius_m:g},{lat},{lon})"
    if not location or len(location) > 100 or not any(c.isalpha() for c in location):
        raise _wrong(location)
    name = "".join(c for c in location if c.isprintable()).replace("\\", "\\\\").replace('"', '\\"')
    named = "".join(f'area["boundary"="administrative"]["{key}"="{name}"];' for key in ("name", "name:zh", "name:en"))
    return f"({named})->.place;", "(area.place)"


def _wrong(location: str) -> InvalidInput:
    return InvalidInput(
        f"{location[:60]!r} is no place for overpass; expected a name, west,south,east,north or lon,lat,metres",
        code="overpass_location",
        given=location[:60],
    )
