"""What goes into the place index and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from locator.model import Place, Precision


class PlaceKind(StrEnum):
    """What a place in the index is; divisions in order of size, then the rest."""

    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    ZONE = "zone"
    TOWNSHIP = "township"
    VILLAGE = "village"
    STATION = "station"
    POI = "poi"
    OFFICE = "office"
    STREET = "street"
    RESIDENTIAL = "residential"
    SCHOOL = "school"
    UNIVERSITY = "university"
    HOSPITAL = "hospital"
    MALL = "mall"
    PARK = "park"
    SIGHT = "sight"
    GOVERNMENT = "government"
    HOTEL = "hotel"
    WORKS = "works"
    VENUE = "venue"
    BUILDING = "building"


@dataclass(frozen=True, slots=True)
class PlaceRecord:
    """A named place of an import, as any source may yield it. WGS-84 degrees."""

    name: str
    kind: PlaceKind
    lon: float
    lat: float
    aliases: tuple[str, ...] = ()
    """Other names: English, old, short, in the source's own words."""
    pinyin: str | None = None
    """Syllables with spaces, when the source knows them."""
    adcode: str | None = None
    """Six digits of the district, or of the city where only that is known."""
    error_m: float | None = None
    """Half the extent: a street's half length, a village's radius."""
    precision: Precision | None = None
    """How exact the position is; None for what the kind promises."""
    rank: float = 0.0
    """Importance from 0 to 1; the more important of two equal names is offered first."""
    locality: str | None = None
    """City, village, postcode or district words of an address, where no adcode is known."""


@dataclass(frozen=True, slots=True)
class NumberRecord:
    """A house number with its position, WGS-84 degrees."""

    street: str
    number: str
    lon: float
    lat: float
    adcode: str | None = None
    locality: str | None = None
    name: str | None = None
    """What stands there, if it has a name."""
    interpolate: bool = True
    """False where the street has no extent but this number: nothing is placed between two of these."""
    error_m: float = 15.0


class Division(NamedTuple):
    """An administrative division."""

    code: str
    """Six digits; nine for a township."""
    name: str
    level: str
    """``province``, ``city``, ``district``, ``zone`` (a statistical area without an adcode) or ``township``."""
    parent: str | None
    """The code of the division above it, None for a province."""
    lon: float | None
    """WGS-84 degrees; None when no source places it."""
    lat: float | None
    name_en: str
    pinyin: str
    """Syllables with spaces."""
    error_m: float | None


class Suggestion(NamedTuple):
    """What to show under the box for a text being typed."""

    text: str
    """What the box holds when the person picks it."""
    place: Place


class Meaning(NamedTuple):
    """One place that a text may mean, and how it was reached."""

    place: Place
    notes: tuple[str, ...] = ()
    """Codes of what the person should know, e.g. ``renamed``, ``number_unknown``, ``corrected``."""
    score: float = 0.0
