"""OpenStreetMap's geocoders, Nominatim and Photon, and the words in which they understand Chinese addresses.

Both find nothing for 深圳市福田区莲花路2006号 and find 莲花路 2006: their indexes hold street and number apart,
and most divisions of China are missing there or drawn elsewhere.
"""

from __future__ import annotations

import math
import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple, override

import geopy.geocoders
from geopy.location import Location

from locator.datum import METRES_PER_DEGREE, Datum
from locator.gazetteer.address import find_number
from locator.geocode.providers.provider import Left, Provider, ResultFacts
from locator.geocode.records import Hint, clean_text
from locator.model import Precision

LIMIT = 5
_FINER_THAN_STREET = frozenset({Precision.ROOFTOP, Precision.INTERPOLATED, Precision.POI})
_DIVISION = re.compile(
    r"(?:[\u4e00-\u9fff]{2,9}?(?:特别行政区|自治区|省|自治州|地区|盟|自治县|自治旗|林区|街道办事处|街道)"
    r"|[\u4e00-\u9fff]{1,6}?(?:市|区|县|旗|镇|乡))"
    r"(?![路街道巷弄场局厅民]|政府|政务|委会|中心)"
)
_HAN = re.compile(r"[\u4e00-\u9fff]")


class Parts(NamedTuple):
    """An address taken apart; a part that is not there is empty."""

    divisions: str
    """省市区县镇 as written, without spaces."""
    street: str
    """The street; where the text has no house number, all that follows the divisions."""
    number: str
    """The house number without 号; of a lane (弄), the lane's."""
    rest: str
    """What follows the number: building, floor, a landmark. Never part of a query by address."""


def has_han(text: str) -> bool:
    """Tell whether any character is Chinese."""
    return _HAN.search(text) is not None


def split_address(text: str) -> Parts:
    """Take a Chinese address apart.

    Examples
    --------
    >>> split_address("深圳市福田区莲花路2006号3栋501室")
    Parts(divisions='深圳市福田区', street='莲花路', number='2006', rest='3栋501室')
    >>> split_address("西园8路12号")
    Parts(divisions='', street='西园8路', number='12', rest='')
    """
    joined = re.sub(r"(?<=[\u4e00-\u9fff])[\s,，、]+|[\s,，、]+(?=[\u4e00-\u9fff])", "", clean_text(text))
    divisions, body = _take_divisions(joined)
    numbered = find_number(body)
    if numbered is None:
        return Parts(divisions, body, "", "")
    start, end, number = numbered
    return Parts(divisions, body[:start].rstrip(" 第"), number, body[end:].strip(" ,"))


def _take_divisions(text: str) -> tuple[str, str]:
    end = 0
    while match := _DIVISION.match(text, end):
        if match.end() == len(text) and end:
            break  # the last division is what is asked for
        end = match.end()
    return text[:end], text[end:]


def to_queries(text: str, city: str | None = None) -> tuple[str, ...]:
    """Return ways to put an address to an OpenStreetMap geocoder: in full, then without its divisions.

    All but the first are for a search inside a known area. OpenStreetMap has most Chinese house numbers
    bare and some with 号, so the last asks for the latter.

    Parameters
    ----------
    city
        The city the place is in, if known; a text may name it without 市.

    Examples
    --------
    >>> to_queries("南京管家桥85号3栋", "南京市")
    ('南京管家桥 85', '管家桥 85', '管家桥 85号')
    """
    if not has_han(text):
        return (clean_text(text),)
    parts = split_address(text)
    street = parts.street
    for name in (city or "", (city or "").removesuffix("市")):
        if len(name) > 1 and street.startswith(name) and len(street) > len(name) + 1:
            street = street.removeprefix(name)
    numbers = (f" {parts.number}", f" {parts.number}号") if parts.number else ("",)
    full = f"{parts.divisions}{parts.street}{numbers[0]}"
    short = [f"{street}{number}" for number in numbers] if street else []
    return tuple(dict.fromkeys((full, *short)))


def same_number(asked: str, found: str) -> bool:
    """Tell whether two house numbers are one, 号 or not."""
    plain = [number.rstrip("号號栋幢").replace("－", "-").casefold() for number in (asked, found)]
    return plain[0] == plain[1]


class OsmProvider(Provider):
    """What both do: asked in full, then, unless that found the house or the street, in fewer words inside a box."""

    datum = Datum.WGS84
    needs_key = False
    pace_s: ClassVar[float] = 1.1
    cache_s = 30 * 86_400.0

    @abstractmethod
    def search_options(self, box: tuple[float, float, float, float] | None, hint: Hint) -> dict[str, Any]:
        """Return what geopy's ``geocode`` is given beside the query; ``box`` is west, south, east, north."""

    @abstractmethod
    def house_number(self, raw: Mapping[str, Any]) -> str:
        """Return the house number of a result, empty where it has none."""

    @abstractmethod
    def road_rank(self, raw: Mapping[str, Any]) -> int:
        """Return 0 for a street, 1 for what is finer than a street, 2 for what is coarser."""

    @abstractmethod
    def read_result(self, raw: Mapping[str, Any], number: str) -> ResultFacts:
        """Say what a result is, whatever number was asked for; ``number`` is its own."""

    @override
    def ask(self, geocoder: Any, text: str, hint: Hint, left_s: Left) -> Iterable[Location]:
        """Return the results of the query in full, and of the shorter ones until one answers."""
        full, *shorter = to_queries(text, hint.city)
        number, box = split_address(text).number, hint.box()
        found = self._search(geocoder, full, None, hint, left_s)
        for query in shorter if box else ():
            if any(self._answers(location.raw, number) for location in found):
                break
            found += self._search(geocoder, query, box, hint, left_s)
        if number:  # the house, then its street, then what else lies there
            found.sort(key=lambda at: (not self._answers(at.raw, number), self.road_rank(at.raw) != 0))
        return found

    def _search(
        self, geocoder: Any, query: str, box: tuple[float, float, float, float] | None, hint: Hint, left_s: Left
    ) -> list[Location]:
        options = self.search_options(box, hint)
        return list(geocoder.geocode(query, exactly_one=False, limit=LIMIT, timeout=left_s(), **options) or ())

    def _answers(self, raw: Mapping[str, Any], number: str) -> bool:
        """Tell whether a result is what was asked for: that house number, or a street or finer where none was."""
        return same_number(number, self.house_number(raw)) if number else self.road_rank(raw) < 2

    @override
    def read(self, location: Location, text: str) -> ResultFacts:
        """Say what a result is; without the number asked for it is its street at best."""
        asked, found = split_address(text).number, self.house_number(location.raw)
        reading = self.read_result(location.raw, found)
        if not asked or same_number(asked, found):
            return reading
        coarse = reading.precision not in _FINER_THAN_STREET
        return replace(reading, precision=reading.precision if coarse else Precision.STREET, note="number_unknown")


class NominatimProvider(OsmProvider):
    """Nominatim 4 and 5, through geopy's own class.

    Policy: https://operations.osmfoundation.org/policies/nominatim/ (one request a second for the whole
    application, a User-Agent of one's own, cache, attribution, no autocomplete).
    """

    name = "nominatim"
    url = "https://nominatim.openstreetmap.org"

    @override
    def make_geocoder(self, domain: str, key: str, common: dict[str, Any]) -> geopy.geocoders.Nominatim:
        """Return geopy's stock class."""
        return geopy.geocoders.Nominatim(domain=domain, **common)

    @override
    def search_options(self, box: tuple[float, float, float, float] | None, hint: Hint) -> dict[str, Any]:
        """Ask for the address in its parts, in the person's language."""
        area = {"viewbox": [(box[1], box[0]), (box[3], box[2])], "bounded": True} if box else {}
        return {"addressdetails": True, "language": hint.lang, **area}

    @override
    def house_number(self, raw: Mapping[str, Any]) -> str:
        """Return the number in the address."""
        return str(raw.get("address", {}).get("house_number") or "")

    @override
    def road_rank(self, raw: Mapping[str, Any]) -> int:
        """Place ranks 26 and 27 are streets and paths."""
        rank = int(raw.get("place_rank") or 0)
        return 2 if rank < 26 else int(rank > 27)

    @override
    def read_result(self, raw: Mapping[str, Any], number: str) -> ResultFacts:
        """Say what a result is, from its place rank, its box and its address."""
        precision = _precision(raw, number)
        return ResultFacts(
            label=to_label(raw["display_name"], raw.get("address", {})),
            precision=precision,
            error_m=_error_m(raw) if precision not in (Precision.ROOFTOP, Precision.POI) else None,
        )


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
    width = (east - west) * METRES_PER_DEGREE * math.cos(math.radians((south + north) / 2))
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


LAYERS = {
    "house": Precision.ROOFTOP,
    "street": Precision.STREET,
    "locality": Precision.VILLAGE,
    "district": Precision.TOWNSHIP,
    "city": Precision.CITY,
    "county": Precision.DISTRICT,
    "state": Precision.PROVINCE,
    "country": Precision.PROVINCE,
    "other": Precision.POI,
}
"""Photon's layers (docs/api-v1.md) as precisions."""


class PhotonProvider(OsmProvider):
    """Photon through geopy's own class. Public address: https://photon.komoot.io ("be fair")."""

    name = "photon"
    url = "https://photon.komoot.io"

    @override
    def make_geocoder(self, domain: str, key: str, common: dict[str, Any]) -> geopy.geocoders.Photon:
        """Return geopy's stock class."""
        return geopy.geocoders.Photon(domain=domain, **common)

    @override
    def search_options(self, box: tuple[float, float, float, float] | None, hint: Hint) -> dict[str, Any]:
        """Photon takes a box and no language of ours."""
        return {"bbox": [(box[1], box[0]), (box[3], box[2])]} if box else {}

    @override
    def house_number(self, raw: Mapping[str, Any]) -> str:
        """Return the number among the properties."""
        return str(raw["properties"].get("housenumber") or "")

    @override
    def road_rank(self, raw: Mapping[str, Any]) -> int:
        """The layer tells."""
        return {"street": 0, "house": 1, "other": 1}.get(str(raw["properties"].get("type")), 2)

    @override
    def read_result(self, raw: Mapping[str, Any], number: str) -> ResultFacts:
        """Say what a feature is, from its layer (``type``)."""
        properties = raw["properties"]
        precision = LAYERS.get(str(properties.get("type")), Precision.TOWNSHIP)
        if precision is Precision.ROOFTOP and not number:
            precision = Precision.POI
        return ResultFacts(label=_label(properties), precision=precision)


def _label(properties: Mapping[str, Any]) -> str:
    """Return the feature's address; in China from the largest part to the smallest."""
    number = str(properties.get("housenumber") or "")
    parts = [str(properties[key]) for key in ("state", "county", "city", "district") if properties.get(key)]
    street, name = str(properties.get("street") or ""), str(properties.get("name") or "")
    if has_han("".join((*parts, street, name))):
        written = f"{number}号" if number and number[-1].isdigit() else number
        return "".join(dict.fromkeys([*parts, street, written, name]))
    line = f"{street} {number}".strip()
    return ", ".join(dict.fromkeys(part for part in (name, line, *reversed(parts)) if part))
