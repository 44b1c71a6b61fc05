"""The k nearest of a set of positions, exactly, one query or millions.

A k-d tree over earth-centred positions finds neighbours by chord; :mod:`locator.search.ellipsoid`
turns chords into geodesics and says when nothing unseen can come before the k-th. When that is not
yet so (ties at the border, thousands of kilometres), one ball query brings in everything that could.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from locator.datum import ECCENTRICITY_SQUARED, SEMI_MAJOR_M, to_ecef
from locator.errors import InvalidInput
from locator.search import ellipsoid
from locator.search.ellipsoid import DIGITS, EPSILON_M, FAR_M, NEAR_M, Floats

Rows = NDArray[np.int64]
TieKeys = Callable[[Sequence[int]], Sequence[str]]
"""Given rows, the texts that order those of equal distance."""


class Neighbour(NamedTuple):
    """A row with its WGS-84 geodesic distance in metres."""

    row: int
    distance_m: float


class Origin(NamedTuple):
    """Where a query stands: degrees, earth-centred metres, and the local bend of the earth."""

    lon: float
    lat: float
    xyz: tuple[float, float, float]
    bend: float


def place_origin(lon: float, lat: float) -> Origin:
    """Return the origin at WGS-84 degrees; :class:`~locator.errors.InvalidInput` if that is nowhere on earth."""
    if not (-360 <= lon <= 360 and -90 <= lat <= 90):  # also refuses NaN
        raise InvalidInput(f"no such position: lon {lon!r}, lat {lat!r}", code="position_range", given=f"{lon},{lat}")
    phi, lam = math.radians(lat), math.radians(lon)
    sine, cosine = math.sin(phi), math.cos(phi)
    w2 = 1 - ECCENTRICITY_SQUARED * sine * sine
    normal = SEMI_MAJOR_M / math.sqrt(w2)
    ring = normal * cosine
    xyz = (ring * math.cos(lam), ring * math.sin(lam), normal * (1 - ECCENTRICITY_SQUARED) * sine)
    return Origin(lon, lat, xyz, w2 * w2 / (24 * SEMI_MAJOR_M * SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED)))


class PointTree:
    """Positions, ready for exact nearest queries. Immutable and safe to share between threads.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, shape ``(n,)``. Positions that are NaN are left out.
    rows
        What answers call the positions; their number from 0 when None.
    tie_keys
        Orders rows of equal distance; by row number when None.
    """

    def __init__(self, lon: Floats, lat: Floats, *, rows: Rows | None = None, tie_keys: TieKeys | None = None) -> None:
        known = np.isfinite(lon) & np.isfinite(lat)
        named = np.arange(len(lon)) if rows is None else rows
        whole = bool(known.all())
        self.lon, self.lat = (lon, lat) if whole else (lon[known], lat[known])
        self.rows: Rows = np.asarray(named if whole else named[known], np.int64)
        self.size = len(self.lon)
        self._tree = cKDTree(to_ecef(self.lon, self.lat))
        self.xyz: Floats = self._tree.data
        self._tie_keys = tie_keys

    def nearest(self, origin: Origin, limit: int, *, within_m: float = math.inf) -> list[Neighbour]:
        """Return the ``limit`` nearest rows, by distance, then tie key; fewer when there are fewer."""
        if self.size == 0 or limit < 1:
            return []
        fetch = min(limit + 1, self.size)
        chords, found = self.fetch(origin, fetch)
        metres = self.measure(origin, chords, found)
        if fetch < self.size:
            kth = max(metres[:limit])
            if not ellipsoid.at_least(chords[-1]) > kth + EPSILON_M:
                if ellipsoid.at_least(chords[0]) > within_m + EPSILON_M:
                    return []
                found = self.within(origin, ellipsoid.reach(min(kth, within_m) + EPSILON_M))
                metres = self.measure(origin, self.chords(origin, np.asarray(found)), found)
        return self.ranked(metres, found, limit, within_m)

    def fetch(self, origin: Origin, count: int) -> tuple[list[float], list[int]]:
        """Return the chords and places in this tree of the ``count`` nearest by chord."""
        chords, found = self._tree.query(origin.xyz, count)
        return ([float(chords)], [int(found)]) if count == 1 else (chords.tolist(), found.tolist())

    def fetch_many(self, xyz: Floats, count: int) -> tuple[Floats, Rows]:
        """Return the chords and places of the ``count`` nearest by chord, shapes ``(m, count)``."""
        chords, found = self._tree.query(xyz, count)
        return (chords[:, None], found[:, None]) if count == 1 else (chords, found)

    def within(self, origin: Origin, chord_m: float) -> list[int]:
        """Return the places in this tree of everything within a chord, in no order."""
        return list(self._tree.query_ball_point(origin.xyz, chord_m))

    def chords(self, origin: Origin, found: Rows) -> list[float]:
        """Return the chords in metres to places in this tree."""
        way = self.xyz[found] - np.asarray(origin.xyz)
        return list(np.sqrt(np.einsum("ij,ij->i", way, way)).tolist())

    def measure(self, origin: Origin, chords: Sequence[float], found: Sequence[int]) -> list[float]:
        """Return the geodesics in metres to places of which the chords are known."""
        bend = origin.bend
        metres = [round(c * (1 + c * c * bend), DIGITS) for c in chords]
        far = [j for j, c in enumerate(chords) if c > NEAR_M]
        if far:
            span, places = np.asarray(chords)[far], np.asarray(found)[far]
            exact = np.empty(len(far))
            close = span <= FAR_M
            exact[close] = np.round(ellipsoid.arcs(np.asarray(origin.xyz), self.xyz[places[close]]), DIGITS)
            away = places[~close]
            exact[~close] = ellipsoid.geodesics(origin.lon, origin.lat, self.lon[away], self.lat[away])
            for j, value in zip(far, exact.tolist(), strict=True):
                metres[j] = value
        return metres

    def ranked(
        self, metres: Sequence[float], found: Sequence[int], limit: int, within_m: float = math.inf
    ) -> list[Neighbour]:
        """Return rows by distance, then tie key, at most ``limit`` of them and none beyond ``within_m``."""
        rows = self.rows[np.asarray(found, np.int64)].tolist()
        hits = sorted(zip(metres, rows, strict=True))
        last = hits[min(limit, len(hits)) - 1][0] if hits else 0.0
        hits = [hit for hit in hits if hit[0] <= last and hit[0] <= within_m]
        if self._tie_keys and any(a[0] == b[0] for a, b in pairwise(hits)):
            keys = self._tie_keys([row for _, row in hits])
            order = sorted(range(len(hits)), key=lambda j: (hits[j][0], keys[j]))
            hits = [hits[j] for j in order]
        return [Neighbour(row, distance) for distance, row in hits[:limit]]
