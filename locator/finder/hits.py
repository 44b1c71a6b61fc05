"""The main job: from a place to the counters that may handle the matter, nearest first.

Points come in groups, each under its own heading: ``near`` (an exact position), ``about`` (placed by
village or township: no pin, the distance is an "about") and ``unplaced`` (placed by district or city:
not ranked by distance); those that state that they serve the place come before them all. All of that
twice: tier 1 is every kind the task does not exclude, tier 2 the other authority's counters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from locator.adcode import prefecture_of
from locator.model import (
    APPROXIMATE,
    EXACT,
    Filter,
    Found,
    Hit,
    HoursState,
    Kind,
    Notice,
    Place,
    Precision,
    Query,
    ServicePoint,
    Task,
)
from locator.search.ranking import CANDIDATES, Matrix, rank_by_travel_time, serves_you
from locator.search.same_office import group_by_building, merge_same_offices

if TYPE_CHECKING:
    from locator.stores import Store

NEAR_M = 50_000.0
"""Nothing farther is offered as near unless the person asked for a wider circle."""
UNPLACED = frozenset({Precision.DISTRICT, Precision.CITY, Precision.PROVINCE})


StateOf = Callable[[ServicePoint], HoursState]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search: where it starts, what it looks for, and what tells open from closed."""

    store: Store
    place: Place
    query: Query
    regions: tuple[str, ...] | None
    """Adcodes the person asked to stay in, or None."""
    tiers: tuple[frozenset[Kind] | None, frozenset[Kind] | None]
    state_of: StateOf
    matrix: Matrix | None = None
    """A router's travel times, or None where there is no router."""


def find_hits(search: Search) -> tuple[list[Hit], list[Notice]]:
    """Return the hits of both tiers in their order, and what to say about them."""
    hits: list[Hit] = []
    notices: list[Notice] = []
    first, second = search.tiers
    for tier, kinds in ((1, first), (2, second)):
        if tier == 2 and (kinds is None or search.query.kinds is not None):
            continue
        hits += _find_tier(search, tier, kinds)
    if (search.query.open_now or search.query.open_at) and any(hit.status.state == "unknown" for hit in hits):
        notices.append(Notice(code="hours_unknown_kept"))
    if search.query.mode is not None and hits and all(hit.duration_s is None for hit in hits):
        notices.append(Notice(code="travel_time_unavailable"))
    if search.place.precision in UNPLACED and hits:
        notices.append(Notice(code="origin_coarse", params={"precision": search.place.precision}))
    numbered = [replace(hit, rank=rank) for rank, hit in enumerate(hits, 1)]
    return group_by_building(numbered), notices


def _where(search: Search, kinds: frozenset[Kind] | None, positions: frozenset[Precision]) -> Filter:
    """Return the filter of one group; the other prefecture's points are nobody's near ones."""
    regions, adcode = search.regions, search.place.adcode
    if regions is None and search.query.within_m is None and adcode:
        regions = tuple(dict.fromkeys(prefecture_of(code) for code in (adcode, *search.place.also)))
    return Filter(
        kinds=search.query.kinds if search.query.kinds is not None else kinds,
        regions=regions,
        positions=positions,
        wheelchair=search.query.wheelchair,
        task=search.query.task,
    )


def _find_tier(search: Search, tier: int, kinds: frozenset[Kind] | None) -> list[Hit]:
    """Return one tier's hits: yours, then near, about, unplaced."""
    place, query = search.place, search.query
    hits: list[Hit] = []
    if place.lon is not None and place.lat is not None and place.precision is not Precision.PROVINCE:
        within = query.within_m if query.within_m is not None else NEAR_M
        hits += _near_hits(search, tier, _where(search, kinds, EXACT), within)
        about = _nearest(search, _where(search, kinds, APPROXIMATE), query.limit, within)
        hits += [_make_hit(search, tier, found, None) for found in about]
    unplaced = _find_unplaced(search, kinds, whole_city=not hits)
    hits += [_make_hit(search, tier, Found(point, math.nan), None) for point in unplaced]
    hits.sort(key=lambda hit: hit.serves_you is not True)
    if query.open_now or query.open_at:
        hits.sort(key=lambda hit: hit.status.state != "open")
    return hits


def _nearest(search: Search, where: Filter, limit: int, within_m: float) -> list[Found]:
    """Return the nearest points; asked for the open ones, the open first and then the unknown, never the closed."""
    if not (search.query.open_now or search.query.open_at):
        return _nearest_offices(search, where, limit, within_m)
    found: list[Found] = []
    for wanted in ("open", "unknown"):
        matching = replace(
            where,
            predicate=lambda point, wanted=wanted: search.state_of(point).state == wanted,  # type: ignore[misc]
            hours_known=True if wanted == "open" else None,
        )
        found += _nearest_offices(search, matching, limit, within_m)
    return found


def _near_hits(search: Search, tier: int, where: Filter, within_m: float) -> list[Hit]:
    """Return the exactly placed: each office once, by distance, or by travel time where that is asked and known."""
    query, place = search.query, search.place
    if query.mode is None:
        return [_make_hit(search, tier, found, None) for found in _nearest(search, where, query.limit, within_m)]
    origin = (place.lon or 0.0, place.lat or 0.0)
    nearest = _nearest(search, where, max(query.limit, CANDIDATES), within_m)
    ranking = rank_by_travel_time(nearest, origin, query.mode, matrix=search.matrix, limit=query.limit)
    return [_make_hit(search, tier, found, duration) for found, duration in ranking.points]


def _nearest_offices(search: Search, where: Filter, limit: int, within_m: float) -> list[Found]:
    """Return the nearest offices, each once: entries that are one office under two names count as one."""
    lon, lat = search.place.lon or 0.0, search.place.lat or 0.0
    wanted = limit + 5
    while True:
        found = search.store.nearest(lon, lat, limit=wanted, within_m=within_m, where=where)
        offices = [office.found for office in merge_same_offices(found)]
        if len(offices) >= limit or len(found) < wanted:
            return offices[:limit]
        wanted *= 2


def _find_unplaced(search: Search, kinds: frozenset[Kind] | None, *, whole_city: bool) -> list[ServicePoint]:
    """Return points known to be in the place's district, but not where; the city's too where nothing is near."""
    adcode = search.place.adcode
    if adcode is None or search.place.precision is Precision.PROVINCE:
        return []
    where = replace(_where(search, kinds, UNPLACED), regions=search.regions or (prefecture_of(adcode),))
    points = [p for p in islice(search.store.points(where), 1000) if _same_area(p, adcode, whole_city=whole_city)]
    if search.query.open_now or search.query.open_at:
        points = [p for p in points if search.state_of(p).state != "closed"]
    points.sort(key=lambda p: (p.adcode != adcode, p.id))
    return points[: search.query.limit]


def _same_area(point: ServicePoint, adcode: str, *, whole_city: bool) -> bool:
    """Tell whether a point may be in the place's own county (a city's own office is in any of its counties)."""
    if point.adcode is None or point.adcode == adcode:
        return point.adcode is not None
    city = prefecture_of(adcode)
    return whole_city and city in (point.adcode, adcode)


def _make_hit(search: Search, tier: int, found: Found, duration_s: float | None) -> Hit:
    """Return one hit with its state and what is claimed of it; the rank comes later."""
    point, query = found.point, search.query
    yours, why = serves_you(point, search.place)
    rough = search.place.precision in APPROXIMATE | UNPLACED or point.position not in EXACT
    return Hit(
        rank=0,
        point=point,
        distance_m=None if point.position not in EXACT | APPROXIMATE else found.distance_m,
        approximate=rough or search.place.note == "number_unknown",
        tier=tier,
        status=search.state_of(point),
        can_do=_can_do(point, query.task),
        serves_you=yours,
        serves_why=why,
        duration_s=duration_s,
        error_m=sum(errors)
        if (errors := [e for e in (point.error_m, search.place.error_m) if e is not None])
        else None,
    )


def _can_do(point: ServicePoint, task: Task | None) -> bool | None:
    """Return what the sources say: True, False, or None where none does."""
    if task is None:
        return None
    if task in point.not_tasks:
        return False
    return True if point.tasks and task in point.tasks else None
