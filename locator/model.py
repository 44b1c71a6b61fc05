"""The records everything speaks in: points, places, hits, routes, and the choices they are made of.

All are frozen. Positions are WGS-84 degrees, lon then lat. ``None`` means "not known", never "no".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from locator.datum import Datum


class Kind(StrEnum):
    """What sort of counter a point is; two authorities are kept apart."""

    HRSS_BUREAU = "hrss-bureau"
    INSURANCE_AGENCY = "insurance-agency"
    MEDICAL_INSURANCE = "medical-insurance"
    CARD_CENTER = "card-center"
    GOVERNMENT_HALL = "government-hall"
    COMMUNITY_CENTER = "community-center"
    BANK = "bank"
    OTHER = "other"


class Task(StrEnum):
    """What the person came for."""

    APPLY = "apply"
    COLLECT = "collect"
    ACTIVATE = "activate"
    REPLACE_LOST = "replace-lost"
    REPLACE_DAMAGED = "replace-damaged"
    RENEW = "renew"
    REPORT_LOSS = "report-loss"
    PIN = "pin"
    CHANGE_DATA = "change-data"
    TRANSFER = "transfer"
    E_CARD = "e-card"
    E_VOUCHER = "e-voucher"
    MEDICAL = "medical"
    ENQUIRE = "enquire"


class Person(StrEnum):
    """For whom."""

    ADULT = "adult"
    CHILD = "child"
    AGENT = "agent"
    FOREIGNER = "foreigner"
    HKMT = "hkmt"


class Mode(StrEnum):
    """How the person travels."""

    WALK = "walk"
    CYCLE = "cycle"
    DRIVE = "drive"


class Precision(StrEnum):
    """How exactly a position is known, finest first; ``point`` is a pair of coordinates somebody gave."""

    POINT = "point"
    ROOFTOP = "rooftop"
    INTERPOLATED = "interpolated"
    POI = "poi"
    STREET = "street"
    VILLAGE = "village"
    TOWNSHIP = "township"
    DISTRICT = "district"
    CITY = "city"
    PROVINCE = "province"


EXACT = frozenset({Precision.POINT, Precision.ROOFTOP, Precision.INTERPOLATED, Precision.POI, Precision.STREET})
"""Good enough for a pin and a place in the ranking."""
APPROXIMATE = frozenset({Precision.VILLAGE, Precision.TOWNSHIP})
"""Listed after the exact ones, with "about" and without a pin."""


class Phone(NamedTuple):
    """A telephone number with its area code, as ``0531-88923656`` or ``12333``, and what it is for."""

    number: str
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a fact comes from."""

    source: str
    """The source's name, as its publisher writes it."""
    url: str | None = None
    date: str | None = None
    """The day (or month, or year) of the source, ``2018-07-25``, ``2018-07`` or ``2018``."""
    verified: str | None = None
    """The day somebody checked the row, if anybody did."""
    confidence: str | None = None
    """``H`` official, ``M`` copied or agreeing, ``L`` a single unofficial page, ``live`` unchecked."""
    licence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePoint:
    """An office or counter, as the layer holds it. Field by field: ``docs/DATA_FORMAT.md``."""

    id: str
    name: str
    name_en: str | None = None
    """A translation that a source prints; never our own."""
    kind: Kind = Kind.OTHER
    kind_source: str | None = None
    """The source's own word for what this is."""
    province: str | None = None
    city: str | None = None
    district: str | None = None
    township: str | None = None
    adcode: str | None = None
    """Six digits of the finest division known down to the county level, or None."""
    address: str | None = None
    phones: tuple[Phone, ...] = ()
    hours: str | None = None
    """In OSM ``opening_hours`` syntax, or None when not known."""
    hours_text: str | None = None
    """The hours in the source's words."""
    hours_source: str | None = None
    hours_date: str | None = None
    services: str | None = None
    """What the source says is done here, in its words."""
    tasks: frozenset[Task] | None = None
    """Tasks a source says this point does (None: no source says)."""
    not_tasks: frozenset[Task] = frozenset()
    """Tasks a source says this point does not do."""
    lon: float | None = None
    lat: float | None = None
    position: Precision | None = None
    error_m: float | None = None
    serves: tuple[str, ...] = ()
    """Adcodes (6 digits) or township codes (9 digits) of the area it states it serves."""
    serves_basis: str | None = None
    """What that statement rests on: ``source`` or ``name``."""
    wheelchair: bool | None = None
    website: str | None = None
    timezone: str = "Asia/Shanghai"
    status: str = "listed"
    """``listed``, ``vanished`` (no longer at its source) or ``live`` (asked for just now, unchecked)."""
    notes: str | None = None
    """What a person should know about the row, in Chinese (or in the source's language)."""
    notes_en: str | None = None
    """The same in English."""
    provenance: Provenance = field(default_factory=lambda: Provenance(source="unknown"))
    origins: Mapping[str, Provenance] = field(default_factory=dict)
    """Fields that another source of the same office filled, by field name; the rest is ``provenance``'s."""

    @property
    def lon_lat(self) -> tuple[float, float] | None:
        """Longitude and latitude (WGS-84 degrees), or None when they are not known."""
        return None if self.lon is None or self.lat is None else (self.lon, self.lat)

    @property
    def pin(self) -> tuple[float, float] | None:
        """Longitude and latitude where they are exact enough for a pin on a map, else None."""
        return self.lon_lat if self.position in EXACT else None

    @property
    def licences(self) -> tuple[str, ...]:
        """Every licence that the row, or a field filled from another source, is under; each once."""
        sources = (self.provenance, *self.origins.values())
        return tuple(dict.fromkeys(source.licence for source in sources if source.licence))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A geocoded location."""

    label: str
    label_en: str | None = None
    """Of a division its names in English, the smallest first; else None."""
    lon: float | None = None
    """None when the place is known by name only (29 counties have no position in any source)."""
    lat: float | None = None
    precision: Precision
    error_m: float | None = None
    """Half-width of where the true position is likely to be, in metres."""
    source: str
    """Who placed it: ``coordinates``, ``gazetteer``, ``points``, or a provider's name."""
    adcode: str | None = None
    """Six digits (county, city or province), or None."""
    township: str | None = None
    """Nine digits of the township, when known."""
    note: str | None = None
    """A code of what the person should know, e.g. ``number_unknown`` (found the street's area only)."""
    also: tuple[str, ...] = ()
    """Adcodes of districts across a border that is as near as the position is uncertain; of an area that is no
    division (雄安新区), those it lies in."""
    district_probable: bool = False
    """The district is what the nearest named places say: no outline of a district holds the position."""

    @property
    def lon_lat(self) -> tuple[float, float] | None:
        """Longitude and latitude (WGS-84 degrees), or None when they are not known."""
        return None if self.lon is None or self.lat is None else (self.lon, self.lat)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursState:
    """Open, closed or unknown at one instant, and what comes next."""

    state: str
    """``open``, ``closed`` or ``unknown``."""
    reason: str | None = None
    """Why unknown: ``hours_unknown``, ``appointment`` or ``calendar``; else None."""
    until: datetime | None = None
    """When the state changes (aware, in the office's zone), or None when that is not known."""
    reopens: datetime | None = None
    """Open: when open again after ``until`` (a lunch break), if on the same day. Else: the next opening."""
    rule: str | None = None
    """The rule that decided: the expression's own rule, or a calendar note."""
    notes: tuple[str, ...] = ()
    """Codes of what to say beside it, e.g. ``makeup_workday``, ``calendar_missing``, ``stale``."""
    usual: str | None = None
    """Where an office's hours are not known: what is usual at such an hour, as a code; never the office's hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which points may be found; every part that is None does not restrict."""

    kinds: frozenset[Kind] | None = None
    regions: tuple[str, ...] | None = None
    """Adcodes; ``370000`` holds a province, ``370100`` a city, ``370104`` a county."""
    positions: frozenset[Precision] | None = None
    wheelchair: bool | None = None
    hours_known: bool | None = None
    task: Task | None = None
    """Leave out the points that a source says do not do this task."""
    predicate: Callable[[ServicePoint], bool] | None = None
    """A free condition, evaluated only on points that the rest lets through."""


class Found(NamedTuple):
    """A point with its WGS-84 geodesic distance in metres from where it was asked."""

    point: ServicePoint
    distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A point in an answer."""

    rank: int
    point: ServicePoint
    distance_m: float | None
    """None where the point or the place is known by district or city only: not ranked by distance."""
    approximate: bool
    """True when the point's or the origin's position makes the distance an "about"."""
    error_m: float | None = None
    """How far the distance may be off, from both positions' errors; None when that is not known."""
    tier: int
    """1: the task's own authority; 2: the other authority's counter."""
    status: HoursState
    can_do: bool | None
    serves_you: bool | None = None
    serves_why: str | None = None
    duration_s: float | None = None
    same_building: tuple[str, ...] = ()
    """Ids of other points at the same position."""
    area: str | None = None
    """Where the place is known by district or city only: ``own`` for a point of that area, ``other`` for one of
    another part of the city, at an unknown distance. None where distances are known."""
    may_not_handle: bool = False
    """A general neighbourhood or Party service centre of which no source says that it handles insurance at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something the person should know about the answer; ``code`` is a key of the ``notices`` catalogue."""

    code: str
    params: Mapping[str, object] = field(default_factory=dict)


class DesignatedPlace(NamedTuple):
    """Where a matter is generally handled: said to be so, never an office on record; no number, no position."""

    name: str
    """A description with the place's own township or district: 八廓街道的便民服务中心."""
    what: str
    """What is generally so there, and to ask before going."""
    basis: Provenance


class MapSearch(NamedTuple):
    """A link that opens a map app's own search for a word around the place."""

    app: str
    """``amap``, ``baidu``, ``tencent`` or ``apple``; its name for people is ``routing.app.<app>``."""
    keyword: str
    url: str
    """Holds the word and, where the place has a position, that position rounded to three decimals."""
    datum: Datum
    """The datum of the degrees in the link."""


class OnlineService(NamedTuple):
    """What can be done without going anywhere."""

    name: str
    url: str | None
    source: str


class NearestOffice(NamedTuple):
    """An office in another region."""

    id: str
    name: str
    distance_m: float | None
    """Geodesic distance from the place in metres; None where either position is not known."""


class RegionWithOffices(NamedTuple):
    """Another district of the city, or another city of the province, that has offices on record."""

    region: str
    adcode: str
    points: int
    nearest: NearestOffice | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """What helps where no office on record stands near: everything in it says what it is."""

    designated: tuple[DesignatedPlace, ...] = ()
    searches: tuple[MapSearch, ...] = ()
    """In the order of the words, the likeliest first; each word once for each app."""
    hotlines: tuple[Phone, ...] = ()
    online: tuple[OnlineService, ...] = ()
    elsewhere: tuple[RegionWithOffices, ...] = ()
    """The nearest first, then those of unknown distance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked of :class:`locator.service.Locator`."""

    text: str | None = None
    at: tuple[float, float] | None = None
    """lon, lat in ``datum``; instead of ``text``."""
    datum: Datum = Datum.WGS84
    place: Place | None = None
    """A candidate the person chose; instead of ``text`` and ``at``."""
    task: Task | None = None
    person: Person = Person.ADULT
    kinds: frozenset[Kind] | None = None
    open_now: bool = False
    open_at: datetime | None = None
    region: str | None = None
    wheelchair: bool | None = None
    limit: int = 5
    within_m: float | None = None
    mode: Mode | None = None
    online: bool = False
    """The person asked for a service elsewhere; only those the operator switched on are asked."""
    lang: str = "zh"

    @property
    def open_only(self) -> bool:
        """Whether only what is open, now or at a moment, was asked for."""
        return self.open_now or self.open_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What comes back: ``place`` None with ``candidates`` is an ambiguous text, without is one not understood."""

    query: Query
    place: Place | None
    candidates: tuple[Place, ...] = ()
    hits: tuple[Hit, ...] = ()
    """Tier 1, then tier 2; in each, for an exact place, by distance: exact before approximate before unplaced; for a
    place known by district or city only, what fits the matter best there, without distances."""
    guide: Mapping[str, Any] | None = None
    notices: tuple[Notice, ...] = ()
    may_ask: tuple[str, ...] = ()
    """Services that the operator switched on and that may place the text better: offer to ask them."""
    may_ask_live: str | None = None
    """The live source to offer where the layer has nothing near."""
    fallback: Fallback | None = None
    """What else helps where no hit is near or all of them serve others; None where real results stand near."""
