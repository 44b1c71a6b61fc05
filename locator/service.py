"""The way in from Python: one :class:`Locator` answers the page, the API, the command and the batch.

>>> from locator.service import Locator
>>> from locator.settings import load_settings
>>> locator = Locator(load_settings())                                # doctest: +SKIP
>>> locator.find(Query(text="济南市槐荫区经四路478号"), now).hits[0]   # doctest: +SKIP
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from locator.adcode import is_adcode, prefecture_of
from locator.datum import Datum, to_wgs84
from locator.engines import Engines, ask_surroundings, keep_surroundings
from locator.errors import InvalidInput, LocatorError, NotFound
from locator.geocode.coordinates import check_degrees
from locator.geocode.records import GeocodeResult
from locator.i18n import language
from locator.model import (
    EXACT,
    Answer,
    Filter,
    HoursState,
    Kind,
    Mode,
    Notice,
    Person,
    Place,
    Precision,
    Query,
    ServicePoint,
    Task,
)
from locator.routing.route import Route

if TYPE_CHECKING:
    from locator.gazetteer.places import Suggestion
    from locator.routing.links import Link
    from locator.settings import Settings

COORDINATE_ERROR_M = 10.0
"""What a typed or shared pair of coordinates is taken to be good for, at best."""
BREAK = timedelta(hours=3)
"""No break at noon is longer: an office that was open this long before, and opens again today, is on its break."""
KEPT_GUIDES = 256
"""How many of the guide's answers are kept: many people ask the same of the same city."""

OUTCOMES = ("answered", "nothing_near", "ambiguous_place", "place_not_found")
"""What an answer can be; a search that failed counts under its error's code."""


class Locator:
    """Everything the faces ask for. One object serves all threads.

    Parameters
    ----------
    settings
        What the operator decided. The data folder is filled from the shipped data if it must be.

    Raises
    ------
    DataError
        The data folder cannot be filled or read.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engines = Engines(settings)
        self.metrics = SearchMetrics()

    def locate(self, query: Query) -> GeocodeResult:
        """Return what a query's text, pair of coordinates or chosen candidate stands for, with its district."""
        located = self._locate(query)
        place = located.place
        if place is None or (place.adcode is not None and place.precision not in EXACT):
            return located
        from locator.gazetteer.districts import add_district

        gazetteer = self.engines.gazetteer
        placed = add_district(place, self.engines.districts, lambda code: gazetteer.describe(code, query.lang))
        return replace(located, place=placed, notices=(*located.notices, *self._district_notices(placed, query.lang)))

    def _district_notices(self, place: Place, lang: str) -> list[Notice]:
        """Return what to say of a district that is only probable, or of a border that is near."""
        own = self.engines.gazetteer.describe(place.adcode, lang) if place.adcode else ""
        others = [name for code in place.also if (name := self.engines.gazetteer.describe(code, lang))]
        if not own:
            return []
        if place.district_probable:
            return [Notice(code="district_probable", params={"place": own})]
        joined = language(lang).join(others)
        return [Notice(code="near_border", params={"place": own, "others": joined})] if others else []

    def _locate(self, query: Query) -> GeocodeResult:
        if query.place is not None:
            return GeocodeResult(place=query.place)
        if query.at is not None:
            return GeocodeResult(place=self.place_at(*query.at, datum=query.datum))
        if query.text is None:
            raise InvalidInput("neither a place nor a position was given", code="nothing_asked")
        regions = self.regions_of(query.region)
        return self.engines.geocoder.locate(
            query.text,
            datum=query.datum,
            lang=query.lang,
            region=regions[0] if regions and len(regions) == 1 else None,
            online=query.online,
        )

    def place_at(self, lon: float, lat: float, *, datum: Datum = Datum.WGS84) -> Place:
        """Return the place of a pair of coordinates, lon then lat, in ``datum``.

        Raises
        ------
        InvalidInput
            The pair is no position on earth, is (0, 0), or has its parts swapped.
        """
        check_degrees(lon, lat)
        x, y = (float(v) for v in to_wgs84(lon, lat, datum))
        return Place(
            label=f"{lat:.5f}, {lon:.5f}",
            lon=x,
            lat=y,
            precision=Precision.POINT,
            error_m=COORDINATE_ERROR_M,
            source="coordinates",
        )

    def suggest(
        self, prefix: str, *, near: tuple[float, float] | None = None, region: str | None = None, limit: int = 8
    ) -> list[Suggestion]:
        """Return suggestions for what is being typed, those in ``region`` (an adcode) first; never asks a service."""
        return list(self.engines.geocoder.suggest(prefix, near=near, region=region, limit=limit))

    def regions_of(self, name: str | None) -> tuple[str, ...] | None:
        """Return the adcodes of a region's name or adcode; None for None.

        Raises
        ------
        NotFound
            Nothing has that name or adcode.
        """
        if not name:
            return None
        codes = tuple(division.code for division in self.engines.gazetteer.regions(name) if len(division.code) == 6)
        if not codes and is_adcode(name) and any(self.engines.store.points(Filter(regions=(name,)))):
            return (name,)  # a code of another country's, or one that was retired
        if not codes:
            raise NotFound(f"no region is called {name[:40]!r}", code="region_not_found", name=name[:40])
        return codes

    def one_region(self, name: str | None, lang: str = "zh") -> str | None:
        """Return the adcode of the one region with a name or adcode; None for None.

        Raises
        ------
        NotFound
            Nothing has that name or adcode.
        InvalidInput
            More than one region has it (code ``region_ambiguous``): the message offers their full names, those
            with an entry of their own in the guide first.
        """
        codes = self.regions_of(name)
        if not codes or len(codes) == 1:
            return codes[0] if codes else None
        told = self.engines.guide.regions
        codes = tuple(sorted(codes, key=lambda code: (code not in told, prefecture_of(code) not in told)))
        full = [language(lang).quote(self.engines.gazetteer.describe(code, lang)) for code in codes[:8]]
        shown, names = str(name)[:40], language(lang).join(full)
        raise InvalidInput(
            f"{shown!r} is more than one region: {names}", code="region_ambiguous", name=shown, names=names
        )

    def find(self, query: Query, now: datetime) -> Answer:
        """Return the counters for a query.

        Parameters
        ----------
        query
            What is asked; see :class:`locator.model.Query`.
        now
            The moment (aware) at which open and closed are told, unless the query names another.

        Raises
        ------
        InvalidInput
            An invalid position, a limit out of range, or nothing asked.
        """
        try:
            answer = self._find(query, now)
        except LocatorError as error:
            self.metrics.count(error.code)
            raise
        self.metrics.count(outcome_of(answer))
        return answer

    def _find(self, query: Query, now: datetime) -> Answer:
        if not 1 <= query.limit <= 100:
            raise InvalidInput(f"limit is {query.limit}; expected 1 to 100", code="limit", value=query.limit)
        located = self.locate(query)
        may_ask = () if query.online or not query.text else self.engines.geocoder.may_ask(query.text, located)
        if located.place is None:
            code = "ambiguous_place" if located.candidates else "place_not_found"
            own = () if any(notice.code == code for notice in located.notices) else (Notice(code=code),)
            return Answer(
                query=query,
                place=None,
                candidates=located.candidates,
                notices=(*located.notices, *own),
                may_ask=may_ask,
            )
        found = self._search_near(located.place, query, query.open_at or now)
        return replace(
            found, candidates=located.candidates, notices=(*located.notices, *found.notices), may_ask=may_ask
        )

    def _search_near(self, place: Place, query: Query, at: datetime) -> Answer:
        """Return what is found from a known place, and what helps where nothing is."""
        from locator.finder import Records, Search, build_fallback, find_hits, no_result_notices

        engines = self.engines
        rule = engines.guide.rule(query.task) if query.task else None
        search = Search(
            store=engines.store,
            place=place,
            query=query,
            regions=self.regions_of(query.region),
            tiers=(rule.first, rule.second) if rule else (None, None),
            authority=rule.authority if rule else None,
            state_of=lambda point: self.state_of(point, at),
            reopens_today=lambda point: self._reopens_today(point, at),
            matrix=engines.router.matrix if query.mode and engines.router else None,
        )
        hits, notices = find_hits(search)
        records = Records(guide=engines.guide, gazetteer=engines.gazetteer, store=engines.store)
        fallback = build_fallback(place, query, hits, records, kinds=rule.first if rule else None)
        notices += no_result_notices(place, query, hits=hits, fallback=fallback, records=records)
        if rule and hits and rule.insured_city_only:
            notices.insert(0, Notice(code="insured_city_only"))
        adcode = place.adcode or next((hit.point.adcode for hit in hits if hit.distance_m is not None), None)
        live = self.settings.live
        return Answer(
            query=query,
            place=place,
            hits=tuple(hits),
            guide=self.guide(query.task, query.person, adcode, query.lang) if query.task else None,
            notices=tuple(notices),
            may_ask_live=None if hits or place.lon is None or live == "off" else live,
            fallback=fallback,
        )

    def state_of(self, point: ServicePoint, at: datetime) -> HoursState:
        """Return whether a point is open at a moment; the one function behind badge, filter, CSV and batch."""
        return self.engines.clock.evaluate_point(point, at)

    def _reopens_today(self, point: ServicePoint, at: datetime) -> bool:
        """Tell whether a point is closed for a break: it was open earlier in the day and opens again on it."""
        state = self.state_of(point, at)
        if state.state != "closed" or state.reopens is None:
            return False
        here = at.astimezone(state.reopens.tzinfo)
        return state.reopens.date() == here.date() and self.state_of(point, at - BREAK).state == "open"

    def ask_surroundings(self, place: Place) -> int:
        """Ask the live source for the offices around a place, keep them, and return how many it knew.

        The operator named the source (``LOCATOR_LIVE``) and the person asked for it now; it sees the
        position rounded to about a kilometre.

        Raises
        ------
        InvalidInput
            The place has no position.
        SettingError
            No live source is named, or its key is missing.
        ServiceError
            The source gave no usable answer; nothing is kept.
        """
        if place.lon_lat is None:
            raise InvalidInput("the place has no position", code="position_unknown", id=place.label[:40])
        points = ask_surroundings(*place.lon_lat, self.settings)
        if points:
            keep_surroundings(points, self.engines.store, self.settings)
        return len(points)

    def point(self, point_id: str) -> ServicePoint:
        """Return a point by its id.

        Raises
        ------
        NotFound
            The layer has no such point.
        """
        found = self.engines.store.point(point_id)
        if found is None:
            raise NotFound(f"no point has the id {point_id[:60]!r}", code="point_not_found", id=point_id[:60])
        return found

    def points(
        self, *, region: str | None = None, kinds: frozenset[Kind] | None = None, hours_known: bool | None = None
    ) -> Iterator[ServicePoint]:
        """Yield the layer's points that fit, in the layer's order."""
        where = Filter(regions=self.regions_of(region), kinds=kinds, hours_known=hours_known)
        yield from self.engines.store.points(where)

    def route(
        self, origin: tuple[float, float], target: tuple[float, float] | str, mode: Mode, lang: str = "zh"
    ) -> Route:
        """Return the way to a point's id or a position (WGS-84, lon then lat); without an engine, the straight line."""
        from locator.routing.router import route_or_line

        return route_or_line(self.engines.router, origin, self.position_of(target), mode, lang)

    def position_of(self, target: tuple[float, float] | str) -> tuple[float, float]:
        """Return the position (WGS-84, lon then lat) of a point's id, or the pair itself.

        Raises
        ------
        NotFound
            No such office, or its position is not known.
        """
        if not isinstance(target, str):
            return target
        position = self.point(target).lon_lat
        if position is None:
            raise NotFound(f"the position of {target[:60]!r} is not known", code="position_unknown", id=target[:60])
        return position

    def links(
        self, origin: tuple[float, float] | None, point: ServicePoint, mode: str = "walk", lang: str = "zh"
    ) -> list[Link]:
        """Return links into navigation apps, each in the datum its app expects; none without a position."""
        from locator.routing.links import links as links_into_apps

        at = point.lon_lat
        return links_into_apps(origin, at, point.name, mode, region=point.city, lang=lang) if at else []

    def links_to(
        self, origin: tuple[float, float], target: tuple[float, float] | str, mode: str, lang: str
    ) -> list[Link]:
        """Return links to a point's id or a position (WGS-84, lon then lat)."""
        if isinstance(target, str):
            self.position_of(target)
            return self.links(origin, self.point(target), mode, lang)
        from locator.routing.links import links as links_into_apps

        return links_into_apps(origin, target, "", mode, lang=lang)

    def guide(self, task: Task, person: Person, adcode: str | None, lang: str) -> Mapping[str, Any]:
        """Return steps, materials, channels and law for a task, a person and a region; to be read, not changed."""
        return self._guides(task, person, adcode, lang)

    @cached_property
    def _guides(self) -> Callable[[Task, Person, str | None, str], Mapping[str, Any]]:
        return lru_cache(KEPT_GUIDES)(self.engines.guide.answer)


class SearchMetrics:
    """How many searches ended how, since the process started; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = Counter(dict.fromkeys(OUTCOMES, 0))

    def count(self, outcome: str) -> None:
        """Count one search."""
        with self._lock:
            self._counts[outcome] += 1

    def read(self) -> Mapping[str, int]:
        """Return the counts so far, by outcome."""
        with self._lock:
            return dict(self._counts)


def outcome_of(answer: Answer) -> str:
    """Return which of :data:`OUTCOMES` an answer is."""
    if answer.hits:
        return "answered"
    if answer.place is not None:
        return "nothing_near"
    return "ambiguous_place" if answer.candidates else "place_not_found"
