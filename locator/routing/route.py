"""A route as a record, the positions it can start or end at, what no engine is asked, and the errors of no route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from locator.datum import distance_m, geod, is_position
from locator.errors import InvalidInput, NotFound
from locator.model import Mode

type LonLat = tuple[float, float]
"""WGS-84 degrees, longitude then latitude."""

FARTHEST_LAT = 85.0
"""There are no roads beyond it, and Mercator maps end there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One manoeuvre of a route."""

    text: str
    distance_m: float
    duration_s: float
    lon: float
    lat: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A way from the origin to a point."""

    engine: str
    """``valhalla``, ``osrm`` …; ``line`` for the straight line, which is an estimate and no route."""
    mode: Mode
    distance_m: float
    duration_s: float | None
    line: tuple[tuple[float, float], ...]
    """(lon, lat) pairs."""
    steps: tuple[Step, ...] = ()
    gap_start_m: float = 0.0
    gap_end_m: float = 0.0


def check_position(lon: float, lat: float) -> LonLat:
    """Return longitude and latitude (WGS-84 degrees) as floats, or refuse them.

    Raises
    ------
    InvalidInput
        Not a number, out of range, latitude before longitude, or (0, 0): the mark of a position that
        was never filled in, which no road reaches.
    """
    lon, lat = float(lon), float(lat)
    if not is_position(lon, lat, farthest_lat=FARTHEST_LAT):
        given = f"{lon:g},{lat:g}"
        raise InvalidInput(
            f"{given} is no position to start or end at; expected longitude,latitude in degrees, as 117.02,36.67",
            code="route_position",
            given=given,
        )
    return lon, lat


def measure(origin: LonLat, target: LonLat) -> tuple[float, float]:
    """Return the geodesic distance in metres and the bearing at the origin in degrees from north, 0 to 360."""
    azimuth, _, metres = geod().inv(*origin, *target)
    return float(metres), float(azimuth) % 360


SEARCH_M = 2000
"""How far from a position its road may be. Engines' own limits would answer for the next town in silence."""
MAX_M: Mapping[Mode, float] = {Mode.WALK: 200_000.0, Mode.CYCLE: 200_000.0, Mode.DRIVE: 400_000.0}
"""Farther by the straight line is not asked: it takes seconds and is of no use."""


def check_ends(origin: LonLat, target: LonLat, mode: Mode) -> tuple[LonLat, LonLat]:
    """Return both ends as floats.

    Raises
    ------
    InvalidInput
        One is no position (``route_position``), or they are too far apart (``route_too_far``).
    """
    ends = check_position(*origin), check_position(*target)
    if float(distance_m(*ends[0], *ends[1])) > MAX_M[mode]:
        raise too_far(ends, mode)
    return ends


def askable(start: LonLat, targets: Sequence[LonLat], mode: Mode) -> list[int]:
    """Return which targets are positions near enough to be asked for."""
    if not targets:
        return []
    pairs = np.asarray(targets, float).reshape(-1, 2)
    lon, lat = pairs[:, 0], pairs[:, 1]
    known = is_position(lon, lat, farthest_lat=FARTHEST_LAT)
    away = distance_m(*start, np.where(known, lon, 0), np.where(known, lat, 0))
    return [int(row) for row in np.flatnonzero(known & (away <= MAX_M[mode]))]


def too_far(ends: tuple[LonLat, LonLat], mode: Mode) -> InvalidInput:
    """Return the error of two ends too far apart."""
    away, most = float(distance_m(*ends[0], *ends[1])) / 1000, MAX_M[mode] / 1000
    return InvalidInput(
        f"start and end are {away:.0f} km apart; a way of this kind is sought up to {most:.0f} km",
        code="route_too_far",
        km=f"{away:.0f}",
        most=f"{most:.0f}",
    )


def off_roads(end: str | None) -> NotFound:
    """Return the error of an end (``start`` or ``end``, None where the engine does not say) without a road near it."""
    code = f"route_{end}_off_roads" if end else "route_off_roads"
    return NotFound(f"no road within {SEARCH_M} m of the {end or 'start or the end'}", code=code)


def unreachable(mode: Mode) -> NotFound:
    """Return the error of two ends with no way between them."""
    return NotFound(f"no way to {mode} from start to end", code="route_unreachable")
