"""Photon, OpenStreetMap data behind another search engine; komoot runs a public one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, override

import geopy.geocoders
from geopy.location import Location

from locator.datum import Datum
from locator.geocode.hint import Hint
from locator.geocode.providers.nominatim import same_number
from locator.geocode.providers.provider import Left, Provider, Reading
from locator.geocode.rewriting import has_han, split_address, to_queries
from locator.model import Precision

LIMIT = 5
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


class PhotonProvider(Provider):
    """Photon through geopy's own class. Public address: https://photon.komoot.io ("be fair")."""

    name = "photon"
    datum = Datum.WGS84
    url = "https://photon.komoot.io"
    needs_key = False
    pace_s: ClassVar[float] = 1.1
    cache_s = 30 * 86_400.0
    attribution = "© OpenStreetMap contributors"

    @override
    def make_geocoder(self, domain: str, key: str, common: dict[str, Any]) -> geopy.geocoders.Photon:
        """Return geopy's stock class."""
        return geopy.geocoders.Photon(domain=domain, **common)

    @override
    def ask(self, geocoder: Any, text: str, hint: Hint, left_s: Left) -> Iterable[Location]:
        """Yield the results of the query in full, or else of the shorter one inside the region's box."""
        full, *shorter = to_queries(text, hint.city)
        number, box = split_address(text).number, hint.box()
        found = self._search(geocoder, full, None, left_s)
        for query in shorter if box else ():
            if any(_answers(location, number) for location in found):
                break
            found += self._search(geocoder, query, box, left_s)
        if number:  # the house, then its street, then what else lies there
            found.sort(key=lambda location: (not _answers(location, number), _layer(location) != "street"))
        return found

    def _search(
        self, geocoder: Any, query: str, box: tuple[float, float, float, float] | None, left_s: Left
    ) -> list[Location]:
        area = {"bbox": [(box[1], box[0]), (box[3], box[2])]} if box else {}
        return list(geocoder.geocode(query, exactly_one=False, limit=LIMIT, timeout=left_s(), **area) or ())

    @override
    def read(self, location: Location, text: str) -> Reading:
        """Say what a feature is, from its layer (``type``) and its address."""
        properties = location.raw["properties"]
        asked, found = split_address(text).number, str(properties.get("housenumber") or "")
        precision = LAYERS.get(str(properties.get("type")), Precision.TOWNSHIP)
        if precision is Precision.ROOFTOP and not found:
            precision = Precision.POI
        note = None
        if asked and not same_number(asked, found):
            note = "number_unknown"
            precision = Precision.STREET if precision in (Precision.ROOFTOP, Precision.POI) else precision
        return Reading(label=_label(properties), precision=precision, note=note)


def _answers(location: Location, number: str) -> bool:
    """Tell whether a feature is what was asked for: that house number, or a street or finer where none was."""
    if number:
        return same_number(number, str(location.raw["properties"].get("housenumber") or ""))
    return _layer(location) in ("house", "street", "other")


def _layer(location: Location) -> str:
    return str(location.raw["properties"].get("type"))


def _label(properties: dict[str, Any]) -> str:
    """Return the feature's address; in China from the largest part to the smallest."""
    number = str(properties.get("housenumber") or "")
    parts = [str(properties[key]) for key in ("state", "county", "city", "district") if properties.get(key)]
    street, name = str(properties.get("street") or ""), str(properties.get("name") or "")
    if has_han("".join((*parts, street, name))):
        written = f"{number}号" if number and number[-1].isdigit() else number
        return "".join(dict.fromkeys([*parts, street, written, name]))
    line = f"{street} {number}".strip()
    return ", ".join(dict.fromkeys(part for part in (name, line, *reversed(parts)) if part))
