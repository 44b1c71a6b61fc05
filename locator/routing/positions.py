"""Positions that a way can start or end at: checked once, where they come in."""

from __future__ import annotations

import math

from locator.datum import GEOD
from locator.errors import InvalidInput

type LonLat = tuple[float, float]
"""WGS-84 degrees, longitude then latitude."""

FARTHEST_LAT = 85.0
"""Beyond it no road map of ours has a street, and Mercator maps end."""


def check_position(lon: float, lat: float) -> LonLat:
    """Return longitude and latitude (WGS-84 degrees) as floats, or refuse them.

    Raises
    ------
    InvalidInput
        Not a number, out of range, latitude before longitude, or (0, 0): the mark of a position that
        was never filled in, which no route of ours can reach.
    """
    lon, lat = float(lon), float(lat)
    ranged = math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= FARTHEST_LAT
    if not ranged or (lon == 0 and lat == 0):
        given = f"{lon:g},{lat:g}"
        raise InvalidInput(
            f"{given} is no position to start or end at; expected longitude,latitude in degrees, as 117.02,36.67",
            code="route_position",
            given=given,
        )
    return lon, lat


def measure(origin: LonLat, target: LonLat) -> tuple[float, float]:
    """Return the geodesic distance in metres and the bearing at the origin in degrees from north, 0 to 360."""
    azimuth, _, metres = GEOD.inv(*origin, *target)
    return float(metres), float(azimuth) % 360
