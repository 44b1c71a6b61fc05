"""What is said of a place when there is little or nothing to show for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from locator.adcode import SPECIAL_REGIONS, prefecture_of
from locator.datum import on_mainland
from locator.i18n import language, text
from locator.model import Filter, Notice, Place, Precision, Query, Task

if TYPE_CHECKING:
    from locator.gazetteer import Gazetteer
    from locator.stores import Store

CITIES_NAMED = 12


def no_result_notices(place: Place, query: Query, *, empty: bool, gazetteer: Gazetteer, store: Store) -> list[Notice]:
    """Return what a person should know about a place's answer.

    Parameters
    ----------
    empty
        Whether nothing was found.
    """
    if place.precision is Precision.PROVINCE:
        return [Notice(code="place_too_coarse")]
    if not empty:
        return [Notice(code="place_without_position")] if place.lon is None else []
    cities = {"cities": name_cities(store, query.lang)}
    abroad = not place.adcode or place.adcode[:2] in {"71", *SPECIAL_REGIONS}
    if place.lon is not None and place.lat is not None and abroad and not on_mainland(place.lon, place.lat):
        return [Notice(code="outside_area", params=cities)]
    if place.adcode and query.region is None and not any(store.points(Filter(regions=(prefecture_of(place.adcode),)))):
        return [_send_elsewhere(place, query, cities, gazetteer)]
    narrowed = (query.within_m, query.kinds, query.open_now, query.open_at, query.wheelchair, query.region)
    if any(narrowed):
        return [Notice(code="nothing_matches")]
    return [_send_elsewhere(place, query, cities, gazetteer)]


def _send_elsewhere(place: Place, query: Query, cities: Mapping[str, str], gazetteer: Gazetteer) -> Notice:
    """Return whom to call where no office is on record, and which cities are."""
    division = gazetteer.division(prefecture_of(place.adcode)) if place.adcode else None
    hotline = "12393" if query.task in (Task.MEDICAL, Task.E_VOUCHER) else "12333"
    params = {"place": division.name if division else place.label, "hotline": hotline, **cities}
    return Notice(code="nothing_near", params=params)


def name_cities(store: Store, lang: str) -> str:
    """Return the names of the cities with the most points, as one phrase."""
    counts = store.count_by_city()
    names = sorted(counts, key=lambda city: (-counts[city], city))
    joined = language(lang).join(names[:CITIES_NAMED])
    more = len(names) - CITIES_NAMED
    return joined + (text("notices.and_more", lang, count=more) if more > 0 else "")
