"""The main job: from a place to the counters that may handle the matter, nearest first.

Points come in groups, each under its own heading: ``near`` (an exact position), ``about`` (placed by
village or township: no pin, the distance is an "about") and ``unplaced`` (placed by district or city:
not ranked by distance); those that state that they serve the place come before them all. Of two at like
distance the one that fits the matter better is first (:mod:`locator.finder.fitness`). Where only the district
or city of the place is known, there are no distances: the offices of the area are ordered by what is known of them
(:func:`find_in_area`). All of that twice: tier 1 is every kind the task does not exclude, tier 2 the other
authority's counters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from locator.adcode import is_inside, prefecture_of
from locator.finder.fitness import (
    HALLS,
    KIND_ORDER,
    LIKE_DISTANCE_M,
    UNPLACED,
    is_of_a_township,
    kind_rank,
    may_not_handle,
    own_areas,
    settle_like_distances,
)
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
"""An office farther away is not offered as near unless the person asked for a wider circle."""
KEPT_OF_A_KIND = 200
"""How many points of a kind compete where an area is all that is known."""


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
    authority: str | None = None
    """Whose matter the task is: ``hrss``, ``medical`` or ``both``; None without a task."""
    reopens_today: Callable[[ServicePoint], bool] = lambda _: False
    """Tells whether a point that is closed was open earlier today and opens again: at lunch."""

    def is_kept(self, point: ServicePoint) -> bool:
        """Tell whether a point is one of those asked for: of the open ones, if the person asked for those."""
        if not self.query.open_only:
            return True
        return self.state_of(point).state != "closed" or self.reopens_today(point)


def find_hits(search: Search) -> tuple[list[Hit], list[Notice]]:
    """Return the hits of both tiers in their order, and what to say about them."""
    hits: list[Hit] = []
    notices: list[Notice] = []
    first, second = search.tiers
    for tier, kinds in ((1, first), (2, second)):
        if tier == 2 and (kinds is None or search.query.kinds is not None):
            continue
        hits += _find_tier(search, tier, kinds)
    if search.query.open_only and any(hit.status.state == "unknown" for hit in hits):
        notices.append(Notice(code="hours_unknown_kept"))
    if search.query.mode is not None and hits and all(hit.duration_s is None for hit in hits):
        notices.append(Notice(code="travel_time_unavailable"))
    if search.place.precision in UNPLACED and hits:
        notices.append(Notice(code="origin_coarse", params={"precision": search.place.precision}))
    numbered = [replace(hit, rank=rank) for rank, hit in enumerate(hits, 1)]
    return group_by_building(numbered), notices


def _where(search: Search, kinds: frozenset[Kind] | None, positions: frozenset[Precision] | None) -> Filter:
    """Return the filter of one group; points of another prefecture do not count as near."""
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
    """Return one tier's hits: yours, then near, about, unplaced; of a coarse place those of the area."""
    place, query = search.place, search.query
    if place.precision is Precision.PROVINCE:
        return []
    if place.precision in UNPLACED and query.within_m is None and place.adcode:
        hits = [_make_hit(search, tier, Found(p, math.nan), None, ranked=False) for p in find_in_area(search, kinds)]
    else:
        hits = _find_around(search, tier, kinds)
        hits.sort(key=lambda hit: hit.serves_you is not True)
    if query.open_only:
        hits.sort(key=lambda hit: hit.status.state == "unknown")
    return hits


def _find_around(search: Search, tier: int, kinds: frozenset[Kind] | None) -> list[Hit]:
    """Return one tier's hits around a place whose position is known: near, about, unplaced."""
    place, query = search.place, search.query
    hits: list[Hit] = []
    if place.lon_lat:
        within = query.within_m if query.within_m is not None else NEAR_M
        hits += _near_hits(search, tier, _where(search, kinds, EXACT), within)
        about = _nearest(search, _where(search, kinds, APPROXIMATE), query.limit, within)
        hits += [_make_hit(search, tier, found, None) for found in about]
    unplaced = _find_unplaced(search, kinds, whole_city=not hits)
    return hits + [_make_hit(search, tier, Found(point, math.nan), None) for point in unplaced]


def _nearest(search: Search, where: Filter, limit: int, within_m: float) -> list[Found]:
    """Return the nearest points; asked for the open ones, those first (a lunch break counts), then the unknown."""
    if not search.query.open_only:
        return _nearest_offices(search, where, limit, within_m)
    found: list[Found] = []
    for known in (True, False):
        matching = replace(
            where,
            predicate=lambda point, known=known: search.is_kept(point) and is_known(search, point) is known,  # type: ignore[misc]
            hours_known=True if known else None,
        )
        found += _nearest_offices(search, matching, limit, within_m)
    return found


def is_known(search: Search, point: ServicePoint) -> bool:
    """Tell whether a point is known to be open or closed."""
    return search.state_of(point).state != "unknown"


def _near_hits(search: Search, tier: int, where: Filter, within_m: float) -> list[Hit]:
    """Return the exactly placed: each office once, by distance, or by travel time where that is asked and known."""
    query, place = search.query, search.place
    if query.mode is None:
        found = _nearest(search, where, 2 * query.limit + 5, within_m)
        groups = [found]
        if query.open_only:
            groups = [[f for f in found if is_known(search, f.point) is known] for known in (True, False)]
        settled = [settle_like_distances(group, query.task, search.authority)[: query.limit] for group in groups]
        return [_make_hit(search, tier, item, None) for group in settled for item in group]
    origin = (place.lon or 0.0, place.lat or 0.0)
    nearest = _nearest(search, where, max(query.limit, CANDIDATES), within_m)
    ranking = rank_by_travel_time(nearest, origin, query.mode, matrix=search.matrix, limit=query.limit)
    return [_make_hit(search, tier, found, duration) for found, duration in ranking]


def _nearest_offices(search: Search, where: Filter, limit: int, within_m: float) -> list[Found]:
    """Return the nearest offices, each once: entries that are one office under two names count as one."""
    lon, lat = search.place.lon or 0.0, search.place.lat or 0.0
    wanted = limit + 5
    while True:
        found = search.store.nearest(lon, lat, limit=wanted, within_m=within_m, where=where)
        offices = merge_same_offices(found)
        if len(offices) >= limit or len(found) < wanted:
            return offices[:limit]
        wanted *= 2


def _find_unplaced(search: Search, kinds: frozenset[Kind] | None, *, whole_city: bool) -> list[ServicePoint]:
    """Return points known to be in the place's district, but not where; the city's too where nothing is near."""
    adcode = search.place.adcode
    if adcode is None:
        return []
    where = replace(_where(search, kinds, UNPLACED), regions=search.regions or (prefecture_of(adcode),))
    points = [p for p in islice(search.store.points(where), 1000) if _same_area(p, adcode, whole_city=whole_city)]
    points = [p for p in points if search.is_kept(p)]
    points.sort(key=lambda p: (p.adcode != adcode, kind_rank(p, search.authority), p.id))
    return points[: search.query.limit]


def _same_area(point: ServicePoint, adcode: str, *, whole_city: bool) -> bool:
    """Tell whether a point may be in the place's own county (a city's own office is in any of its counties)."""
    if point.adcode is None or point.adcode == adcode:
        return point.adcode is not None
    city = prefecture_of(adcode)
    return whole_city and city in (point.adcode, adcode)


def find_in_area(search: Search, kinds: frozenset[Kind] | None) -> list[ServicePoint]:
    """Return the offices to ask first where only the district or city of a place is known; no distance is claimed.

    The area's own bureau, agency and hall first, by how close their kind is to the matter; then those of the
    township, where one was named; then the others, those that serve another area last; where that is not enough,
    the city's own offices and those of its other districts.
    """
    adcode, limit = search.place.adcode or "", search.query.limit
    areas = search.regions or tuple(dict.fromkeys((*own_areas(search.place), adcode, prefecture_of(adcode))))
    listed: dict[str, ServicePoint] = {}
    for area in areas:
        if len(listed) < limit:
            listed |= {point.id: point for point in _points_of(search, kinds, area) if point.id not in listed}
    ordered = sorted(listed.values(), key=lambda point: _place_in_area(search, point))
    some = (Found(point, math.nan) for point in ordered[: 4 * limit])
    return [office.point for office in merge_same_offices(some)][:limit]


def _points_of(search: Search, kinds: frozenset[Kind] | None, area: str) -> Iterator[ServicePoint]:
    """Yield the points of an area kind by kind, as far as the search keeps them; no more of a kind than needed."""
    where = replace(_where(search, kinds, None), regions=(area,))
    for kind in KIND_ORDER[search.authority or "both"]:
        if where.kinds is None or kind in where.kinds:
            found = search.store.points(replace(where, kinds=frozenset({kind})))
            yield from islice(filter(search.is_kept, found), KEPT_OF_A_KIND)


def is_own_area(point: ServicePoint, place: Place) -> bool:
    """Tell whether a point lies in the district or city that is all that is known of a place."""
    return any(is_inside(point.adcode or "", area) for area in own_areas(place))


def _place_in_area(search: Search, point: ServicePoint) -> tuple[object, ...]:
    place, serves = search.place, serves_you(point, search.place).serves
    own = is_own_area(point, place)
    if own and point.kind in HALLS and serves is not False and not is_of_a_township(point):
        group = 0
    elif serves is True:
        group = 1
    else:
        group = 2 if own else 3
    city = point.adcode != prefecture_of(place.adcode or "")
    return group, serves is False, city, kind_rank(point, search.authority), point.hours is None, point.id


def _make_hit(search: Search, tier: int, found: Found, duration_s: float | None, *, ranked: bool = True) -> Hit:
    """Return one hit with its state and what is claimed of it; the rank comes later, without ``ranked`` no distance."""
    point, query = found.point, search.query
    yours, why = serves_you(point, search.place)
    rough = search.place.precision in APPROXIMATE | UNPLACED or point.position not in EXACT
    rough = rough or (search.place.error_m or 0.0) > LIKE_DISTANCE_M
    return Hit(
        rank=0,
        point=point,
        distance_m=found.distance_m if ranked and point.position in EXACT | APPROXIMATE else None,
        approximate=rough or search.place.note == "number_unknown",
        tier=tier,
        status=search.state_of(point),
        can_do=_can_do(point, query.task),
        serves_you=yours,
        serves_why=why,
        duration_s=duration_s,
        area=None if ranked else "own" if is_own_area(point, search.place) else "other",
        may_not_handle=may_not_handle(point),
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
