"""What geocoding is asked with and answers; whether a service is worth asking and may be believed."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from locator.adcode import is_inside as is_inside_region
from locator.adcode import prefecture_of
from locator.datum import distance_m
from locator.model import Notice, Place, Precision

MAX_CHARS = 120
"""Longer texts are cut before they leave the machine: no address is longer."""
_BRACKETS = re.compile(r"[(（\[【〔<《][^)）\]】〕>》]*[)）\]】〕>》]")


@dataclass(frozen=True, slots=True, kw_only=True)
class GeocodeResult:
    """A place understood, or the candidates of an ambiguous text, or neither: not understood."""

    place: Place | None = None
    """The one place meant; None when the text is ambiguous or not understood."""
    candidates: tuple[Place, ...] = ()
    """With ``place`` None: what the text may mean, best first. With a place: others it may have meant."""
    notices: tuple[Notice, ...] = ()
    """What the person should know; codes of the ``notices`` and ``places`` catalogues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What is known beside the text: the region the place must be in, and how to answer."""

    adcode: str | None = None
    """Six digits of the region asked for, or None: anywhere."""
    city: str | None = None
    """The name of its city, for services that take a city beside the address."""
    lon: float | None = None
    """WGS-84 degrees of the region's centre, where known."""
    lat: float | None = None
    radius_m: float | None = None
    lang: str = "zh"

    def box(self) -> tuple[float, float, float, float] | None:
        """Return west, south, east, north of a box around the region, or None when its place is not known."""
        if self.lon is None or self.lat is None:
            return None
        half_m = max(1.5 * (self.radius_m or 0.0), 15_000.0)
        d_lat = half_m / 111_000
        d_lon = d_lat / max(math.cos(math.radians(self.lat)), 0.1)
        return self.lon - d_lon, self.lat - d_lat, self.lon + d_lon, self.lat + d_lat


def clean_text(text: str) -> str:
    """Return the text on one line, half-width, without control characters and brackets, cut to a sane length."""
    plain = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFKC", text[: 4 * MAX_CHARS]))
    return " ".join(_BRACKETS.sub(" ", plain).split())[:MAX_CHARS].strip()


ORDER = tuple(Precision)
"""Finest first."""
LACKING = frozenset({"number_unknown", "street_unknown", "street_about", "rest_unknown"})
"""Notes of the embedded index: it understood the place around, and not all that the text asks for."""
MARGIN_M = 150.0
"""How far apart two sources may be on one street beyond their own errors; a datum mix-up is 300 m and more."""
CITY_REACH_M = 20_000.0
"""An answer farther away than three times a city's usual radius plus this lies in another city."""
SAME_PLACE_M = 5000.0


def is_finer(one: Precision, other: Precision) -> bool:
    """Tell whether ``one`` places something better than ``other``."""
    return ORDER.index(one) < ORDER.index(other)


def asks_finer(text: str, place: Place | None) -> bool:
    """Tell whether a text asks for more than what was found: a number, a street, a landmark.

    Parameters
    ----------
    place
        What the embedded index made of the text, None when it made nothing of it.
    """
    if place is None:
        return len(clean_text(text)) >= 2
    return place.note in LACKING


def is_inside(place: Place, adcode: str, centre: tuple[float, float, float] | None) -> bool:
    """Tell whether an answer lies in the city (or province) of an adcode.

    Parameters
    ----------
    place
        With a position; its adcode decides when it has one.
    centre
        lon, lat (WGS-84) and usual radius in metres of that city or province; None when not known.
    """
    if place.adcode and not is_inside_region(place.adcode, prefecture_of(adcode)):
        return False
    if centre is None or place.lon is None or place.lat is None:
        return True
    lon, lat, radius_m = centre
    return float(distance_m(lon, lat, place.lon, place.lat)) <= 3 * radius_m + CITY_REACH_M


def agrees(place: Place, known: Place | None) -> bool:
    """Tell whether an answer lies where the embedded index already knows the street or village to be."""
    if known is None or known.lon is None or known.lat is None or place.lon is None or place.lat is None:
        return True
    if known.precision not in (Precision.STREET, Precision.VILLAGE):
        return True
    allowed = (known.error_m or 0.0) + (place.error_m or 0.0) + MARGIN_M
    return float(distance_m(known.lon, known.lat, place.lon, place.lat)) <= allowed


def merge_pieces(places: Iterable[Place]) -> tuple[Place, ...]:
    """Join the pieces a map cuts a street into: one place whose error covers them all."""
    merged: list[Place] = []
    for place in places:
        for index, other in enumerate(merged):
            if place.precision is other.precision is Precision.STREET and place.label == other.label:
                apart = _apart_m(place, other)
                if apart <= SAME_PLACE_M:
                    merged[index] = replace(other, error_m=max(other.error_m or 0.0, apart + (place.error_m or 0.0)))
                    break
        else:
            merged.append(place)
    return tuple(merged)


def is_ambiguous(places: Sequence[Place]) -> bool:
    """Tell whether equally exact answers lie in different cities."""
    first = places[0]
    return any(place.precision is first.precision and _apart_m(place, first) > 50_000 for place in places[1:])


def _apart_m(one: Place, other: Place) -> float:
    return float(distance_m(one.lon or 0.0, one.lat or 0.0, other.lon or 0.0, other.lat or 0.0))
