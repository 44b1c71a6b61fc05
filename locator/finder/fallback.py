"""What helps where no office on record stands near, and what is said of it; never against what is shown below.

General places, map apps, hotlines, online services, elsewhere: nothing here is a found office. What is said of a
kind of place in general names its source (``data/fallback/designated.yaml``); a map app's search is the app's own;
the offices of other districts are on record and say where they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from locator.adcode import (
    SPECIAL_REGIONS,
    holds_cities,
    is_inside,
    is_one_city,
    is_province,
    prefecture_of,
    province_of,
)
from locator.datum import distance_m, on_mainland
from locator.errors import DataError
from locator.finder.fitness import UNPLACED, kind_rank, own_areas
from locator.guide.records import NATIONAL_HOTLINE
from locator.i18n import choose, language, text
from locator.model import (
    DesignatedPlace,
    Fallback,
    Filter,
    Hit,
    Kind,
    MapSearch,
    NearestOffice,
    Notice,
    OnlineService,
    Phone,
    Place,
    Precision,
    Provenance,
    Query,
    RegionWithOffices,
    ServicePoint,
    Task,
)
from locator.routing.links import map_searches
from locator.settings import load_yaml, shipped_dir
from locator.wording import say_length

if TYPE_CHECKING:
    from locator.gazetteer.query import Gazetteer
    from locator.guide.book import Guide
    from locator.stores import Store

FAR_M = 10_000.0
"""An office farther than this is no longer near: what else there is to do is shown beside it."""
CITIES_NAMED = 12
ELSEWHERE = 8
"""How many other regions are named."""
COUNTED = 20_000
"""No more points than this are counted in one city or province."""
_ONLINE = frozenset({"app", "website", "mini-program", "wechat"})
_MEDICAL = ("医保服务", "政务服务中心")
_CARD = ("社保服务中心", "政务服务中心", "便民服务中心")
_WORDS: Mapping[Task, tuple[str, ...]] = {
    Task.MEDICAL: _MEDICAL, Task.E_VOUCHER: _MEDICAL, Task.ACTIVATE: ("银行", "社保服务中心"),
    Task.TRANSFER: ("社保服务中心", "政务服务中心"), Task.ENQUIRE: ("社保服务中心", "政务服务中心"),
}  # fmt: skip
"""What a map app is asked for, by task, the likeliest word first; the rest is :data:`_CARD`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What a fallback is made from."""

    guide: Guide
    gazetteer: Gazetteer
    store: Store


def is_near(hit: Hit, place: Place) -> bool:
    """Tell whether a hit is a real result for a place: of the right authority, not far, not for others only."""
    if hit.tier != 1 or hit.serves_you is False or hit.may_not_handle:
        return False
    if hit.distance_m is not None:
        return hit.distance_m <= FAR_M
    known = hit.point.adcode
    return bool(known and any(is_inside(known, own) or is_inside(own, known) for own in own_areas(place)))


def build_fallback(
    place: Place, query: Query, hits: Sequence[Hit], records: Records, *, kinds: frozenset[Kind] | None
) -> Fallback | None:
    """Return what helps besides the hits, or None where a hit is near or the place is outside the mainland.

    Parameters
    ----------
    kinds
        The kinds of office that the task does not exclude, None without a task.
    """
    if any(is_near(hit, place) for hit in hits):
        return None
    if is_outside(place) or (place.adcode is None and place.lon is None):
        return None
    others = find_elsewhere(place, query, records, kinds)
    narrowed = (query.within_m, query.kinds, query.open_now, query.open_at, query.wheelchair, query.region)
    if any(narrowed) and not hits and has_offices(place, records.store):
        return None  # the offices are there, what was asked of them is not
    task = query.task or Task.ENQUIRE
    answer = records.guide.answer(task, query.person, place.adcode, query.lang)
    return Fallback(
        designated=tuple(list_designated(place, task, query.lang, records)),
        searches=tuple(list_searches(place, task, records.gazetteer)),
        hotlines=tuple(Phone(h["from_elsewhere"] or h["number"], h["name"]) for h in answer["hotlines"]),
        online=tuple(
            OnlineService(channel["name"], channel["url"], channel["source"])
            for channel in answer["channels"]
            if channel["type"] in _ONLINE
        ),
        elsewhere=tuple(others),
    )


def is_outside(place: Place) -> bool:
    """Tell whether a place is known to lie outside the mainland, whose offices the data is about."""
    if place.adcode is not None:
        return place.adcode[:2] in {"71", *SPECIAL_REGIONS}
    return place.lon is not None and not on_mainland(place.lon, place.lat or 0.0)


def has_offices(place: Place, store: Store) -> bool:
    """Tell whether the place's district, or its city, has offices on record at all."""
    area = place.adcode and (place.adcode if place.precision is Precision.PROVINCE else prefecture_of(place.adcode))
    return bool(area) and any(store.points(Filter(regions=(str(area),))))


# ---- what is generally so


@cache
def read_designated(path: Path | None = None) -> tuple[Mapping[str, Any], ...]:
    """Return the general places of ``data/fallback/designated.yaml``.

    Raises
    ------
    DataError
        The file is missing or broken.
    """
    found = path or shipped_dir() / "fallback" / "designated.yaml"
    try:
        places = load_yaml(found)["places"]
        for item in places:
            item["tasks"] = frozenset(Task(task) for task in item["tasks"])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise DataError(f"{found} is broken: {error}", code="fallback_file", path=str(found)) from error
    return tuple(places)


def list_designated(place: Place, task: Task, lang: str, records: Records) -> list[DesignatedPlace]:
    """Return where a task is generally handled around a place, the nation's lines less those a region replaces."""
    fitting = [item for item in read_designated() if task in item["tasks"]]
    own = [item for item in fitting if "region" in item and place.adcode and is_inside(place.adcode, item["region"])]
    replaced = {item["id"] for item in own}
    chosen = own + [item for item in fitting if "region" not in item and item["id"] not in replaced]
    order = {name: number for number, name in enumerate(dict.fromkeys(item["id"] for item in read_designated()))}
    made = []
    for item in sorted(chosen, key=lambda item: order[item["id"]]):
        source = records.guide.source(item["source"])
        date = source.date if source.date and source.date != "unknown" else None
        name = str(choose(item["name"], lang)).format(area=_area_name(place, item["area"], lang, records.gazetteer))
        basis = Provenance(source=source.name, url=source.url, date=date)
        made.append(DesignatedPlace(name, str(choose(item["what"], lang)), basis))
    return made


def _area_name(place: Place, level: str, lang: str, gazetteer: Gazetteer) -> str:
    """Return the name of the place's township or district, or "yours" where it is not known."""
    code = place.township if level == "township" else place.adcode
    if level == "district" and code and (is_province(code) or place.precision in (Precision.CITY, Precision.PROVINCE)):
        code = None
    name = _name_in(code[:9], gazetteer, lang) if code else None
    return name or ("" if level == "none" else text(f"fallback.{level}", lang))


def _name_in(code: str, gazetteer: Gazetteer, lang: str) -> str | None:
    """Return a division's name in a language, 城关区 or Chengguan; None when no division has the code."""
    division = gazetteer.division(code)
    if division is None:
        return None
    return choose({"zh": division.name, "en": gazetteer.describe(code, "en").partition(",")[0]}, lang)


# ---- map apps


def list_searches(place: Place, task: Task, gazetteer: Gazetteer) -> list[MapSearch]:
    """Return links into the map apps' own search, around the place or, of a coarse one, in its district or city."""
    division = gazetteer.division(place.adcode) if place.adcode and place.precision in UNPLACED else None
    city = prefecture_of(place.adcode) if place.adcode and not holds_cities(place.adcode) else None
    known = gazetteer.division(city) if city else division
    city_name = known.name if known else None
    words = [f"{division.name}{word}" if division else word for word in _WORDS.get(task, _CARD)]
    return [
        link
        for word in words
        for link in map_searches(word, place.lon_lat, exact=division is None, city=city, city_name=city_name)
    ]


# ---- the nearest offices one level up


def find_elsewhere(
    place: Place, query: Query, records: Records, kinds: frozenset[Kind] | None
) -> list[RegionWithOffices]:
    """Return the other districts of the city that have offices, or else the other cities of the province."""
    if not place.adcode:
        return []
    own = place.adcode
    levels = [own] if is_province(own) else [prefecture_of(own), province_of(own)]
    for area in dict.fromkeys(levels):
        where = Filter(regions=(area,), kinds=kinds, task=query.task)
        by_region: dict[str, list[ServicePoint]] = {}
        for point in islice(records.store.points(where), COUNTED):
            region = _part_of(point.adcode, area)
            if region is not None and (region != own or is_province(own)):
                by_region.setdefault(region, []).append(point)
        if by_region:
            found = [_region_of(code, points, place, query, records) for code, points in by_region.items()]
            # The city itself stands among its districts: of these offices no source says in which one they are.
            found = [
                region._replace(region=text("fallback.whole_area", query.lang, region=region.region))
                if region.adcode == area
                else region
                for region in found
            ]
            found.sort(key=_by_distance)
            return found[:ELSEWHERE]
    return []


def _by_distance(region: RegionWithOffices) -> tuple[bool, float, int, str]:
    metres = region.nearest.distance_m if region.nearest else None
    return metres is None, metres or 0.0, -region.points, region.adcode


def _part_of(adcode: str | None, area: str) -> str | None:
    """Return the district (in a city) or the city (in a province) of an area that a point's adcode lies in."""
    if not adcode:
        return None
    return prefecture_of(adcode) if is_province(area) and not is_one_city(area) else adcode


def _region_of(
    code: str, points: Sequence[ServicePoint], place: Place, query: Query, records: Records
) -> RegionWithOffices:
    name = _name_in(code, records.gazetteer, query.lang)
    authority = records.guide.rule(query.task).authority if query.task else None
    exact = [(point, pin) for point in points if (pin := point.pin)]
    if exact and place.lon_lat and place.precision is not Precision.PROVINCE:
        metres = distance_m(*place.lon_lat, *zip(*(pin for _, pin in exact), strict=True))
        first = int(metres.argmin())
        grain = -3 if place.precision in UNPLACED else 0
        nearest = NearestOffice(exact[first][0].id, exact[first][0].name, round(float(metres[first]), grain))
    else:
        best = min(points, key=lambda p: (kind_rank(p, authority), p.id))
        nearest = NearestOffice(best.id, best.name, None)
    return RegionWithOffices(name or code, code, len(points), nearest)


# ---- what is said


def no_result_notices(
    place: Place, query: Query, *, hits: Sequence[Hit], fallback: Fallback | None, records: Records
) -> list[Notice]:
    """Return what a person should know about a place's answer.

    Parameters
    ----------
    fallback
        What is shown besides the hits, None where some of them are near.
    """
    if is_outside(place) and not hits:
        return [Notice(code="outside_area", params={"cities": name_cities(records, query.lang)})]
    if place.precision is Precision.PROVINCE:
        known = fallback is not None and fallback.elsewhere
        return [Notice(code="choose_region" if known else "place_too_coarse", params={"place": place.label})]
    if hits:
        known_place = place.lon is not None
        return [] if known_place and fallback is None else _of_hits(place, query, hits, fallback, records)
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
    name = _name_in(area, records.gazetteer, query.lang) if area is not None else None
    hotline = fallback.hotlines[0] if fallback.hotlines else NATIONAL_HOTLINE
    params = {"place": name or place.label, "hotline": hotline.number}
    if code == "nothing_near":
        own = division.name if division else ""
        params["cities"] = name_cities(records, query.lang, but=own)
    return Notice(code=code, params=params)


def name_cities(records: Records, lang: str, *, but: str = "") -> str:
    """Return the names of the cities with the most points, as one phrase, without the one that is asked about."""
    counts = {city: count for city, count in records.store.count_by_city().items() if city != but}
    names = sorted(counts, key=lambda city: (-counts[city], city))
    gazetteer = records.gazetteer
    found = ((city, gazetteer.regions(city)) for city in names[:CITIES_NAMED])
    joined = language(lang).join((_name_in(d[0].code, gazetteer, lang) if d else None) or city for city, d in found)
    more = len(names) - CITIES_NAMED
    return joined + (text("notices.and_more", lang, count=more) if more > 0 else "")
