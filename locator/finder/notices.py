"""What is said of a place when there is little or nothing to show for it; never against what is shown below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from locator.adcode import is_inside, prefecture_of
from locator.finder.fallback import FAR_M, Records, has_offices, is_outside
from locator.i18n import choose, language, text
from locator.model import Fallback, Hit, Notice, Place, Precision, Query
from locator.wording import say_length

if TYPE_CHECKING:
    from locator.stores import Store

CITIES_NAMED = 12


def no_result_notices(
    place: Place, query: Query, *, hits: Sequence[Hit], fallback: Fallback | None, records: Records
) -> list[Notice]:
    """Return what a person should know about a place's answer.

    Parameters
    ----------
    fallback
        What is shown besides the hits, None where some of them are near.
    """
    if place.precision is Precision.PROVINCE:
        known = fallback is not None and fallback.elsewhere
        return [Notice(code="choose_region" if known else "place_too_coarse", params={"place": place.label})]
    if hits:
        known_place = place.lon is not None
        return [] if known_place and fallback is None else _of_hits(place, query, hits, fallback, records)
    if is_outside(place):
        return [Notice(code="outside_area", params={"cities": name_cities(records.store, query.lang)})]
    if fallback is None:
        return [Notice(code="nothing_matches")]
    return [_send_elsewhere(place, query, fallback, records)]


def _of_hits(
    place: Place, query: Query, hits: Sequence[Hit], fallback: Fallback | None, records: Records
) -> list[Notice]:
    notices = [Notice(code="place_without_position")] if place.lon is None else []
    own = [hit for hit in hits if hit.tier == 1]
    if own and all(hit.area == "other" for hit in own):
        return [*notices, *([_send_elsewhere(place, query, fallback, records)] if fallback else [])]
    distances = [hit.distance_m for hit in own if hit.distance_m is not None]
    if fallback is not None and own:
        if all(hit.serves_you is False for hit in own):
            notices.append(Notice(code="only_others"))
        elif len(distances) == len(own) and min(distances) > FAR_M:
            notices.append(Notice(code="only_far", params={"distance": say_length(min(distances), query.lang)}))
    return notices


def _send_elsewhere(place: Place, query: Query, fallback: Fallback, records: Records) -> Notice:
    """Return whom to call where no office is on record: for the district, or for the whole city."""
    code, area = "nothing_near", place.adcode
    if area is not None and has_offices(place, records.store) and fallback.elsewhere:
        same_city = all(is_inside(region.adcode, prefecture_of(area)) for region in fallback.elsewhere)
        code = "nothing_in_district" if same_city else code
    if area is not None and code == "nothing_near":
        area = prefecture_of(area)
    division = records.gazetteer.division(area) if area is not None else None
    name = choose({"zh": division.name, "en": division.name_en}, query.lang) if division else None
    hotline = fallback.hotlines[0].number if fallback.hotlines else "12333"
    params = {"place": name or place.label, "hotline": hotline}
    if code == "nothing_near":
        own = division.name if division else ""
        params["cities"] = name_cities(records.store, query.lang, but=own)
    return Notice(code=code, params=params)


def name_cities(store: Store, lang: str, *, but: str = "") -> str:
    """Return the names of the cities with the most points, as one phrase, without the one that is asked about."""
    counts = {city: count for city, count in store.count_by_city().items() if city != but}
    names = sorted(counts, key=lambda city: (-counts[city], city))
    joined = language(lang).join(names[:CITIES_NAMED])
    more = len(names) - CITIES_NAMED
    return joined + (text("notices.and_more", lang, count=more) if more > 0 else "")
