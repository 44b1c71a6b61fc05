"""OpenStreetMap's Nominatim: the public one at one request a second, or one's own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, override

import geopy.geocoders
from geopy.location import Location

from locator.datum import Datum
from locator.geocode.hint import Hint
from locator.geocode.providers.provider import Left, Provider, Reading
from locator.geocode.rewriting import has_han, split_address, to_queries
from locator.model import Precision

LIMIT = 5
_STREET_RANKS = (26, 27)
"""Place ranks of streets and paths: a result as fine ends the search for better words."""
_FINER_THAN_STREET = frozenset({Precision.ROOFTOP, Precision.INTERPOLATED, Precision.POI})


class NominatimProvider(Provider):
    """Nominatim 4 and 5, through geopy's own class, with the words that Chinese addresses need.

    Asked in full first, then, when that gives nothing as fine as a street, without the divisions inside
    a box around the region. Policy: https://operations.osmfoundation.org/policies/nominatim/ (one request
    a second for the whole application, a User-Agent of one's own, cache, attribution, no autocomplete).
    """

    name = "nominatim"
    datum = Datum.WGS84
    url = "https://nominatim.openstreetmap.org"
    needs_key = False
    pace_s: ClassVar[float] = 1.1
    cache_s = 30 * 86_400.0
    attribution = "© OpenStreetMap contributors"

    @override
    def make_geocoder(self, domain: str, key: str, common: dict[str, Any]) -> geopy.geocoders.Nominatim:
        """Return geopy's stock class."""
        return geopy.geocoders.Nominatim(domain=domain, **common)

    @override
    def ask(self, geocoder: Any, text: str, hint: Hint, left_s: Left) -> Iterable[Location]:
        """Yield the results of the query in full, or else of the shorter one."""
        full, *shorter = to_queries(text, hint.city)
        number, box = split_address(text).number, hint.box()
        found = self._search(geocoder, full, None, hint, left_s)
        for query in shorter if box else ():
            if any(_answers(location, number) for location in found):
                break
            found += self._search(geocoder, query, box, hint, left_s)
        if number:  # the house, then its street, then what else lies there
            found.sort(key=lambda location: (not _answers(location, number), _rank(location) not in _STREET_RANKS))
        return found

    def _search(
        self, geocoder: Any, query: str, box: tuple[float, float, float, float] | None, hint: Hint, left_s: Left
    ) -> list[Location]:
        area = {"viewbox": [(box[1], box[0]), (box[3], box[2])], "bounded": True} if box else {}
        return list(
            geocoder.geocode(
                query,
                exactly_one=False,
                limit=LIMIT,
                addressdetails=True,
                language=hint.lang,
                timeout=left_s(),
                **area,
            )
            or ()
        )

    @override
    def read(self, location: Location, text: str) -> Reading:
        """Say what a result is, from its place rank and its address."""
        raw = location.raw
        asked = split_address(text).number
        found = str(raw.get("address", {}).get("house_number") or "")
        precision = _precision(raw, found)
        note = None
        if asked and not same_number(asked, found):
            note = "number_unknown"
            precision = Precision.STREET if precision in _FINER_THAN_STREET else precision
        return Reading(
            label=to_label(raw["display_name"], raw.get("address", {})),
            precision=precision,
            error_m=_error_m(raw) if precision not in (Precision.ROOFTOP, Precision.POI) else None,
            note=note,
        )


def same_number(asked: str, found: str) -> bool:
    """Tell whether two house numbers are one, 号 or not."""
    plain = [number.rstrip("号號栋幢").replace("－", "-").casefold() for number in (asked, found)]
    return plain[0] == plain[1]


def _answers(location: Location, number: str) -> bool:
    """Tell whether a result is what was asked for: that house number, or a street or finer where none was."""
    if number:
        return same_number(number, str(location.raw.get("address", {}).get("house_number") or ""))
    return _rank(location) >= _STREET_RANKS[0]


def _rank(location: Location) -> int:
    return int(location.raw.get("place_rank") or 0)


_RANKS = (
    (8, Precision.PROVINCE),
    (11, Precision.CITY),
    (14, Precision.DISTRICT),
    (18, Precision.TOWNSHIP),
    (25, Precision.VILLAGE),
    (27, Precision.STREET),
)
"""Highest place rank of each precision in China: twice the admin level, see Nominatim's ranking documentation."""


def _precision(raw: Mapping[str, Any], house_number: str) -> Precision:
    rank = int(raw.get("place_rank") or 0)
    if rank == 0:
        return Precision.TOWNSHIP
    for highest, precision in _RANKS:
        if rank <= highest:
            return precision
    if not house_number:
        return Precision.POI
    return Precision.INTERPOLATED if raw.get("osm_type") == "way" and raw.get("type") == "houses" else Precision.ROOFTOP


def _error_m(raw: Mapping[str, Any]) -> float | None:
    """Return half the diagonal of the result's box, in metres."""
    box = raw.get("boundingbox")
    if not box:
        return None
    south, north, west, east = (float(v) for v in box)
    width = (east - west) * 111_320 * math.cos(math.radians((south + north) / 2))
    return max(math.hypot(width, (north - south) * 110_574) / 2, 50.0)


def to_label(display_name: str, address: Mapping[str, Any]) -> str:
    """Return a result's name as people write addresses: in China from the largest part to the smallest.

    Examples
    --------
    >>> to_label("人民中学, 178, 中山路, 玄武区, 210005, 中国", {"postcode": "210005", "country": "中国"})
    '玄武区中山路178号人民中学'
    """
    if not has_han(display_name):
        return display_name
    skip = {address.get("postcode"), address.get("country")}
    parts = [part.strip() for part in display_name.split(", ") if part.strip() not in skip]
    return "".join(f"{part}号" if part.replace("-", "").isdigit() else part for part in reversed(parts))
