"""From the order of PostGIS's sphere to the nearest by WGS-84 geodesic, with certainty.

Notes
-----
PostGIS takes latitudes and longitudes onto a sphere of radius (2a + b) / 3 as they are. Of that map the
scale along a meridian is M / R, along a parallel N / R, with M from 6335.439 to 6399.594 km and N from
6378.137 to 6399.594 km; so no geodesic is shorter than :data:`LEAST_RATIO` of the distance on the sphere.
"""

from __future__ import annotations

import math
from typing import Any

from locator.datum import GEOD
from locator.layer import from_row
from locator.model import Filter, Found, ServicePoint
from locator.stores.questions import FIELDS

LEAST_RATIO = 6_335_439.0 / 6_371_009.0 - 1e-6
"""A geodesic is at least this share of PostGIS's distance on the sphere."""
EPSILON_M = 1e-6
DIGITS = 7
"""As in :mod:`locator.search.ellipsoid`: equal distances are equal however they were computed."""
_ID, _LON, _LAT = (FIELDS.index(name) for name in ("id", "lon", "lat"))


class Candidates:
    """Gathers candidates in the order of the sphere until the nearest by geodesic are certain."""

    def __init__(self, lon: float, lat: float, limit: int, reach: float, where: Filter) -> None:
        self._lon, self._lat, self._limit, self._reach, self._where = lon, lat, limit, reach, where
        self._hits: list[tuple[float, str, tuple[Any, ...]]] = []
        self._seen: set[str] = set()

    def take(self, rows: list[tuple[Any, ...]]) -> bool:
        """Take rows of ``(sphere_m, fields …)``, nearest first; True when no further ones are needed."""
        fresh = [row for row in rows if row[1 + _ID] not in self._seen]
        if fresh:
            here = [self._lon] * len(fresh), [self._lat] * len(fresh)
            metres = GEOD.inv(*here, [row[1 + _LON] for row in fresh], [row[1 + _LAT] for row in fresh])[2]
            for row, metre in zip(fresh, metres, strict=True):
                self._seen.add(row[1 + _ID])
                if self._where.predicate is None or self._where.predicate(to_point(row[1:])):
                    self._hits.append((round(float(metre), DIGITS), row[1 + _ID], row))
        self._hits.sort(key=lambda hit: hit[:2])
        last = self._hits[self._limit - 1][0] if len(self._hits) >= self._limit else math.inf
        return bool(rows) and float(rows[-1][0]) * LEAST_RATIO > min(last, self._reach) + EPSILON_M

    def answer(self) -> list[Found]:
        """Return the nearest of what was taken."""
        nearest = self._hits[: self._limit]
        return [Found(to_point(row[1:]), metres) for metres, _, row in nearest if metres <= self._reach]


def to_point(row: tuple[Any, ...]) -> ServicePoint:
    """Return the point of a row with the columns of :data:`locator.stores.questions.FIELDS`."""
    return from_row(dict(zip(FIELDS, row, strict=True)))
