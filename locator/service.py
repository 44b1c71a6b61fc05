"""The way in from Python: one :class:`Locator` answers the page, the API, the command and the batch.

>>> from locator.service import Locator
>>> from locator.settings import load_settings
>>> locator = Locator(load_settings())                                # doctest: +SKIP
>>> locator.find(Query(text="济南市槐荫区经四路478号"), now).hits[0]   # doctest: +SKIP
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from locator import datum as datums
from locator.errors import InvalidInput, NotFound
from locator.finder import Search, find_hits, prefecture_of
from locator.geocode.chain import Chain
from locator.guide import Guide, load_guide
from locator.hours import HoursClock, open_clock
from locator.i18n import text
from locator.ingest import ensure_data, open_data_gazetteer
from locator.model import (
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
    Route,
    ServicePoint,
    Task,
)
from locator.routing import Link, Router, open_router, straight_line
from locator.routing import links as links_into_apps
from locator.routing.positions import check_position
from locator.settings import Settings, shipped_dir
from locator.stores import open_store

if TYPE_CHECKING:
    from locator.gazetteer import Gazetteer, Suggestion
    from locator.geocode.located import Located
    from locator.stores import Store

COORDINATE_ERROR_M = 10.0
"""What a typed or shared pair of coordinates is taken to be good for, at best."""


class Locator:
    """Everything the faces ask for. One object serves all threads; its parts are opened when first used.

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
        self._lock = threading.RLock()
        ensure_data(settings)

    @cached_property
    def store(self) -> Store:
        """The geodata layer."""
        with self._lock:
            return open_store(self.settings)

    @cached_property
    def gazetteer(self) -> Gazetteer:
        """The embedded index of places."""
        with self._lock:
            return open_data_gazetteer(self.settings)

    @cached_property
    def chain(self) -> Chain:
        """Coordinates, the gazetteer, then the services the operator switched on."""
        with self._lock:
            return Chain(self.settings, self.gazetteer)

    @cached_property
    def clock(self) -> HoursClock:
        """China's working calendar, with the operator's own over it."""
        with self._lock:
            return open_clock(self.settings.data)

    @cached_property
    def guide_book(self) -> Guide:
        """Tasks, persons, materials and law."""
        with self._lock:
            return load_guide(shipped_dir() / "guide")

    @cached_property
    def router(self) -> Router | None:
        """The engine that finds ways, or None."""
        with self._lock:
            return open_router(self.settings)

    # --- places

    def locate(self, query: Query) -> Located:
        """Return what a query's text, pair of coordinates or chosen candidate stands for."""
        from locator.geocode.located import Located

        if query.place is not None:
            return Located(place=query.place)
        if query.at is not None:
            return Located(place=self.place_at(*query.at, datum=query.datum))
        if query.text is None:
            raise InvalidInput("neither a place nor a position was given", code="nothing_asked")
        regions = self.regions_of(query.region)
        return self.chain.locate(
            query.text,
            datum=query.datum,
            lang=query.lang,
            region=regions[0] if regions and len(regions) == 1 else None,
            online=query.online,
        )

    def place_at(self, lon: float, lat: float, *, datum: datums.Datum = datums.Datum.WGS84) -> Place:
        """Return the place of a pair of coordinates, lon then lat, in ``datum``.

        Raises
        ------
        InvalidInput
            The pair is no position on earth, is (0, 0), or has its parts swapped.
        """
        _check_at(lon, lat)
        x, y = (float(v) for v in datums.to_wgs84(lon, lat, datum))
        return Place(
            label=f"{lat:.5f}, {lon:.5f}",
            lon=x,
            lat=y,
            precision=Precision.POINT,
            error_m=COORDINATE_ERROR_M,
            source="coordinates",
        )

    def suggest(self, prefix: str, *, near: tuple[float, float] | None = None, limit: int = 8) -> list[Suggestion]:
        """Return suggestions for what is being typed; never asks a service."""
        return list(self.chain.suggest(prefix, near=near, limit=limit))

    def regions_of(self, name: str | None) -> tuple[str, ...] | None:
        """Return the adcodes of a region's name or adcode; None for None.

        Raises
        ------
        NotFound
            Nothing has that name or adcode.
        """
        if not name:
            return None
        if name.isdigit() and len(name) == 6:
            return (name,)
        codes = tuple(division.code for division in self.gazetteer.regions(name) if len(division.code) == 6)
        if not codes:
            raise NotFound(f"no region is called {name[:40]!r}", code="region_not_found", name=name[:40])
        return codes

    def engines(self) -> dict[str, str]:
        """Return who answers what, for the operator: the layer's store, geocoders, router, live source."""
        return {
            "store": type(self.store).__name__,
            "geocoders": ", ".join(("coordinates", "gazetteer", *self.chain.services)),
            "router": type(self.router).__name__ if self.router else "none",
            "live": self.settings.live,
        }

    # --- the main job

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
            A position that is none, a limit out of range, or nothing asked.
        """
        if not 1 <= query.limit <= 100:
            raise InvalidInput(f"limit is {query.limit}; expected 1 to 100", code="limit", value=query.limit)
        located = self.locate(query)
        place = located.place
        may_ask = () if query.online or not query.text else self.chain.may_ask(query.text, located)
        if place is None:
            code = "ambiguous_place" if located.candidates else "place_not_found"
            own = () if _has(located.notices, code) else (Notice(code=code),)
            return Answer(
                query=query,
                place=None,
                candidates=located.candidates,
                notices=(*located.notices, *own),
                may_ask=may_ask,
            )
        search = Search(
            store=self.store,
            place=place,
            query=query,
            regions=self.regions_of(query.region),
            tiers=self.guide_book.kinds_for(query.task) if query.task else (None, None),
            state_of=lambda point: self.state_of(point, query.open_at or now),
            matrix=self.router.matrix if query.mode and self.router else None,
        )
        hits, notices = find_hits(search)
        if not hits:
            notices.append(self._nothing_near(place, query))
        adcode = place.adcode or next((hit.point.adcode for hit in hits if hit.distance_m is not None), None)
        guide = self.guide(query.task, query.person, adcode, query.lang) if query.task else None
        if query.task and hits and self.guide_book.insured_city_only(query.task):
            notices.insert(0, Notice(code="insured_city_only"))
        return Answer(
            query=query,
            place=place,
            candidates=located.candidates,
            hits=tuple(hits),
            guide=guide,
            notices=(*located.notices, *notices),
            may_ask=may_ask,
        )

    def state_of(self, point: ServicePoint, at: datetime) -> HoursState:
        """Return whether a point is open at a moment; the one function behind badge, filter, CSV and batch."""
        return self.clock.evaluate_point(point, at)

    def _nothing_near(self, place: Place, query: Query) -> Notice:
        """Return the notice of an empty answer: who to call, and which cities are filled."""
        if (
            place.lon is not None
            and place.lat is not None
            and place.adcode is None
            and not datums.on_mainland(place.lon, place.lat)
        ):
            return Notice(code="outside_area", params={"cities": self.cities_filled(query.lang)})
        if query.within_m is not None or query.kinds or query.open_now or query.open_at or query.wheelchair:
            return Notice(code="nothing_matches")
        hotline = "12393" if query.task in (Task.MEDICAL, Task.E_VOUCHER) else "12333"
        division = self.gazetteer.division(prefecture_of(place.adcode)) if place.adcode else None
        where = division.name if division else place.label
        params = {"place": where, "hotline": hotline, "cities": self.cities_filled(query.lang)}
        return Notice(code="nothing_near", params=params)

    def cities_filled(self, lang: str, limit: int = 12) -> str:
        """Return the names of the cities with the most points, as one phrase."""
        counts = self.store.count_by_city()
        names = sorted(counts, key=lambda city: (-counts[city], city))
        joined = ("、" if lang == "zh" else ", ").join(names[:limit])
        return joined + (text("notices.and_more", lang, count=len(names) - limit) if len(names) > limit else "")

    # --- points, ways, rules

    def point(self, point_id: str) -> ServicePoint:
        """Return a point by its id.

        Raises
        ------
        NotFound
            The layer has no such point.
        """
        found = self.store.point(point_id)
        if found is None:
            raise NotFound(f"no point has the id {point_id[:60]!r}", code="point_not_found", id=point_id[:60])
        return found

    def points(
        self, *, region: str | None = None, kinds: frozenset[Kind] | None = None, hours_known: bool | None = None
    ) -> Iterator[ServicePoint]:
        """Yield the layer's points that fit, in the layer's order."""
        where = Filter(regions=self.regions_of(region), kinds=kinds, hours_known=hours_known)
        yield from self.store.points(where)

    def route(
        self, origin: tuple[float, float], target: tuple[float, float] | str, mode: Mode, lang: str = "zh"
    ) -> Route:
        """Return the way to a point's id or a position (WGS-84, lon then lat); without an engine, the straight line."""
        end = self.position_of(target)
        check_position(*origin)
        check_position(*end)
        if self.router is None:
            return straight_line(origin, end, mode, lang)
        return self.router.route(origin, end, mode, lang)

    def position_of(self, target: tuple[float, float] | str) -> tuple[float, float]:
        """Return the position (WGS-84, lon then lat) of a point's id, or the pair itself."""
        if not isinstance(target, str):
            return target
        point = self.point(target)
        if point.lon is None or point.lat is None:
            raise NotFound(f"the position of {target[:60]!r} is not known", code="position_unknown", id=target[:60])
        return point.lon, point.lat

    def links(
        self, origin: tuple[float, float] | None, point: ServicePoint, mode: str = "walk", lang: str = "zh"
    ) -> list[Link]:
        """Return links into navigation apps, each in the datum its app expects; none without a position."""
        if point.lon is None or point.lat is None:
            return []
        return links_into_apps(origin, (point.lon, point.lat), point.name, mode, region=point.city, lang=lang)

    def links_to(
        self, origin: tuple[float, float], target: tuple[float, float] | str, mode: str, lang: str
    ) -> list[Link]:
        """Return links to a point's id or a position (WGS-84, lon then lat)."""
        if isinstance(target, str):
            self.position_of(target)
            return self.links(origin, self.point(target), mode, lang)
        return links_into_apps(origin, target, "", mode, lang=lang)

    def guide(self, task: Task, person: Person, adcode: str | None, lang: str) -> Mapping[str, Any]:
        """Return steps, materials, channels and law for a task, a person and a region."""
        return self.guide_book.answer(task, person, adcode, lang)


def _check_at(lon: float, lat: float) -> None:
    """Refuse a pair that is no position; latitude first is the usual slip, so say so."""
    given = f"{lon:g},{lat:g}"
    if abs(lon) <= 90 < abs(lat) <= 180:
        message = f"{given} has its latitude first; expected longitude,latitude: {lat:g},{lon:g}"
        raise InvalidInput(message, code="position_swapped", given=given, swapped=f"{lat:g},{lon:g}")
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90) or lon == lat == 0:
        message = f"{given} is no position; expected longitude,latitude in degrees, as 117.02,36.67"
        raise InvalidInput(message, code="position_range", given=given)


def _has(notices: Sequence[Notice], code: str) -> bool:
    return any(notice.code == code for notice in notices)


def arrival_of(now: datetime, duration_s: float | None) -> datetime | None:
    """Return when somebody who leaves now arrives."""
    return None if duration_s is None or not math.isfinite(duration_s) else now + timedelta(seconds=duration_s)


def with_place(query: Query, place: Place) -> Query:
    """Return the query for a candidate the person chose."""
    return replace(query, text=None, at=None, place=place)
