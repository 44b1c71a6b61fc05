"""The k nearest of a set of positions, exactly, one query or millions.

A k-d tree over earth-centred positions finds neighbours by chord; :mod:`locator.search.ellipsoid`
turns chords into geodesics and says when nothing unseen can come before the k-th. When that is not
yet so (ties at the border, thousands of kilometres), one ball query brings in everything that could.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from locator.datum import ECCENTRICITY_SQUARED, FAR_M, SEMI_MAJOR_M, arcs, geod, to_ecef
from locator.errors import InvalidInput
from locator.search import ellipsoid
from locator.search.ellipsoid import DIGITS, EPSILON_M, NEAR_M, Floats, morton_keys

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

Rows = NDArray[np.int64]
RowTest = Callable[[Rows], NDArray[np.bool_]]
"""Tells which of some rows pass a condition."""
TieKeys = Callable[[Sequence[int]], Sequence[str]]
"""Given rows, the texts that order those of equal distance."""


FIRST_FETCHED = 64
SLICE = 64
"""How many candidates an expensive test is given at once, at most: at first a few more than wanted."""
FEW = 4096
"""Up to so many positions a single query measures the chords to all of them: no tree is grown, and SciPy (a third of a
second) is not loaded."""
MANY = 20
"""Above this many distances one call on arrays is faster than one call each."""


class Neighbour(NamedTuple):
    """A row with its WGS-84 geodesic distance in metres."""

    row: int
    distance_m: float


class Origin(NamedTuple):
    """Where a query stands: degrees, earth-centred metres, and the local curvature of the earth."""

    lon: float
    lat: float
    xyz: tuple[float, float, float]
    curvature: float


def place_origin(lon: float, lat: float) -> Origin:
    """Return the origin at WGS-84 degrees; :class:`~locator.errors.InvalidInput` if that is nowhere on earth.

    Raises
    ------
    InvalidInput
        The position is nowhere on earth.
    """
    if not (-360 <= lon <= 360 and -90 <= lat <= 90):  # also refuses NaN
        raise InvalidInput(f"no such position: lon {lon!r}, lat {lat!r}", code="position_range", given=f"{lon},{lat}")
    lon, lat = float(lon), float(lat)
    phi, lam = math.radians(lat), math.radians(lon)
    sine, cosine = math.sin(phi), math.cos(phi)
    w2 = 1 - ECCENTRICITY_SQUARED * sine * sine
    normal = SEMI_MAJOR_M / math.sqrt(w2)
    ring = normal * cosine
    xyz = (ring * math.cos(lam), ring * math.sin(lam), normal * (1 - ECCENTRICITY_SQUARED) * sine)
    return Origin(lon, lat, xyz, w2 * w2 / (24 * SEMI_MAJOR_M * SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED)))


class Placed(NamedTuple):
    """Known positions in the order of a tree: neighbours on earth are neighbours in memory, a third faster."""

    lon: Floats
    lat: Floats
    rows: Rows
    xyz: Floats
    """Earth-centred metres, shape ``(n, 3)``."""


def place_rows(lon: Floats, lat: Floats, rows: Rows | None = None) -> Placed:
    """Return positions in the order of a tree, those that are NaN left out; see :class:`PointTree`."""
    known = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    xyz = to_ecef(lon[known], lat[known])
    order = np.argsort(morton_keys(xyz))
    places = known[order]
    named = np.asarray(places if rows is None else rows[places], np.int64)
    return Placed(lon[places], lat[places], named, xyz.take(order, axis=0))


class PointTree:
    """Positions, ready for exact nearest queries. Immutable and safe to share between threads.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, shape ``(n,)``. Positions that are NaN are left out.
    rows
        What answers call the positions; their number from 0 when None.
    xyz
        The same positions as earth-centred metres, when all are :class:`Placed` already.
    tie_keys
        Orders rows of equal distance; by row number when None.
    """

    def __init__(
        self,
        lon: Floats,
        lat: Floats,
        *,
        rows: Rows | None = None,
        xyz: Floats | None = None,
        tie_keys: TieKeys | None = None,
    ) -> None:
        placed = Placed(lon, lat, rows, xyz) if rows is not None and xyz is not None else place_rows(lon, lat, rows)
        self.lon, self.lat, self.rows, self.xyz = placed
        self.size = len(self.rows)
        self._row_at = memoryview(self.rows)
        self.tie_keys = tie_keys
        if self.size > FEW:
            _ = self._tree  # grown now, not by the first query

    @cached_property
    def _tree(self) -> cKDTree:
        from scipy.spatial import cKDTree

        return cKDTree(self.xyz)

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
        """Return the chords and places in this tree of the ``count`` nearest by chord; none of an empty tree."""
        if count == 0:
            return [], []
        if self.size <= FEW:
            all_chords = self._all_chords(origin)
            near = np.argpartition(all_chords, count - 1)[:count] if count < self.size else np.arange(self.size)
            near = near[np.argsort(all_chords[near], kind="stable")]
            return all_chords[near].tolist(), near.tolist()
        chords, found = self._tree.query(origin.xyz, count)
        return ([float(chords)], [int(found)]) if count == 1 else (chords.tolist(), found.tolist())

    def fetch_many(self, xyz: Floats, count: int) -> tuple[Floats, Rows]:
        """Return the chords and places of the ``count`` nearest by chord, shapes ``(m, count)``."""
        chords, found = self._tree.query(xyz, count)
        return (chords[:, None], found[:, None]) if count == 1 else (chords, found)

    def within(self, origin: Origin, chord_m: float) -> list[int]:
        """Return the places in this tree of everything within a chord, in no order."""
        if self.size <= FEW:
            return list(np.flatnonzero(self._all_chords(origin) <= chord_m).tolist())
        return list(self._tree.query_ball_point(origin.xyz, chord_m))

    def chords(self, origin: Origin, found: Rows) -> list[float]:
        """Return the chords in metres to places in this tree."""
        return list(_chords(origin, self.xyz[found]).tolist())

    def _all_chords(self, origin: Origin) -> Floats:
        return _chords(origin, self.xyz)

    def measure(self, origin: Origin, chords: Sequence[float], found: Sequence[int]) -> list[float]:
        """Return the geodesics in metres to places of which the chords are known."""
        curvature = origin.curvature
        metres = [round(c * (1 + c * c * curvature), DIGITS) for c in chords]
        far = [j for j, c in enumerate(chords) if c > NEAR_M]
        if len(far) > MANY:
            places = np.asarray([found[j] for j in far], np.int64)
            exact = self._measure_far(origin, np.asarray([chords[j] for j in far]), places)
            for j, value in zip(far, exact.tolist(), strict=True):
                metres[j] = value
        else:
            for j in far:
                metres[j] = round(self._measure_one(origin, chords[j], found[j]), DIGITS)
        return metres

    def _measure_one(self, origin: Origin, chord: float, place: int) -> float:
        if chord <= FAR_M:
            return ellipsoid.arc(origin.xyz, self.xyz[place].tolist())
        return float(geod().inv(origin.lon, origin.lat, self.lon[place], self.lat[place])[2])

    def _measure_far(self, origin: Origin, chords: Floats, places: Rows) -> Floats:
        metres = np.empty(len(chords))
        close = chords <= FAR_M
        metres[close] = arcs(np.asarray(origin.xyz), self.xyz[places[close]])
        away = places[~close]
        here = np.full(len(away), origin.lon), np.full(len(away), origin.lat)
        metres[~close] = geod().inv(*here, self.lon[away], self.lat[away])[2]
        return np.round(metres, DIGITS)

    def ranked(
        self, metres: Sequence[float], found: Sequence[int], limit: int, within_m: float = math.inf
    ) -> list[Neighbour]:
        """Return rows by distance, then tie key, at most ``limit`` of them and none beyond ``within_m``."""
        pairs = zip(metres, [self._row_at[place] for place in found], strict=True)
        hits = list(pairs) if _ascends(metres) else self._settle_ties(sorted(pairs), limit)
        return [Neighbour(row, distance) for distance, row in hits[:limit] if distance <= within_m]

    def _settle_ties(self, hits: list[tuple[float, int]], limit: int) -> list[tuple[float, int]]:
        last = hits[min(limit, len(hits)) - 1][0]
        hits = [hit for hit in hits if hit[0] <= last]
        if self.tie_keys is None or _ascends([distance for distance, _ in hits]):
            return hits
        keys = self.tie_keys([row for _, row in hits])
        order = sorted(range(len(hits)), key=lambda j: (hits[j][0], keys[j]))
        return [hits[j] for j in order]


def _chords(origin: Origin, xyz: Floats) -> Floats:
    way = xyz - np.asarray(origin.xyz)
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", way, way)))


def _ascends(numbers: Sequence[float]) -> bool:
    before = -1.0
    for number in numbers:
        if number <= before:
            return False
        before = number
    return True


def filtered_knn(
    tree: PointTree, origin: Origin, limit: int, test: RowTest, *, within_m: float, share: float, most: int
) -> list[Neighbour] | None:
    """Return the nearest rows that pass a cheap test, or None when ``most`` candidates do not settle it.

    Parameters
    ----------
    share
        About which part of the rows passes, above 0: sets how many are fetched at first.
    """
    fetch = min(math.ceil((limit + 1) / share * 1.3) + 4, most, tree.size)
    while True:
        chords, found = tree.fetch(origin, fetch)
        passed = np.flatnonzero(test(tree.rows[np.asarray(found)])).tolist()
        near = [chords[j] for j in passed]
        places = [found[j] for j in passed]
        border = math.inf if fetch == tree.size else ellipsoid.at_least(chords[-1]) - EPSILON_M
        kth = max(tree.measure(origin, near[:limit], places[:limit])) if len(near) >= limit else math.inf
        if border > min(kth, within_m):
            reach = ellipsoid.reach(kth + EPSILON_M) if kth < math.inf else math.inf
            count = sum(chord <= reach for chord in near)
            metres = tree.measure(origin, near[:count], places[:count])
            return tree.ranked(metres, places[:count], limit, within_m)
        if fetch >= min(most, tree.size):
            return (
                tree.ranked(tree.measure(origin, near, places), places, limit, within_m) if border == math.inf else None
            )
        fetch = min(4 * fetch, most, tree.size)


def lazy_filtered_knn(
    tree: PointTree, origin: Origin, limit: int, test: RowTest, *, within_m: float
) -> list[Neighbour]:
    """Return the nearest rows that pass an expensive test: tried nearest first, each row once.

    Goes on through every row when too few pass.
    """
    metres: list[float] = []
    places: list[int] = []
    tried: set[int] = set()
    fetch = min(max(FIRST_FETCHED, 2 * limit), tree.size)
    tries = limit + 3
    while True:
        chords, found = tree.fetch(origin, fetch)
        fresh = [(c, place) for c, place in zip(chords, found, strict=True) if place not in tried]
        start = 0
        while start < len(fresh):
            some = fresh[start : start + tries]
            start, tries = start + tries, min(2 * tries, SLICE)
            kth = sorted(metres)[limit - 1] if len(metres) >= limit else math.inf
            if ellipsoid.at_least(some[0][0]) - EPSILON_M > min(kth, within_m):
                return tree.ranked(metres, places, limit, within_m)
            tried.update(place for _, place in some)
            passed = test(tree.rows[np.asarray([place for _, place in some])])
            kept = [pair for pair, good in zip(some, passed.tolist(), strict=True) if good]
            metres += tree.measure(origin, [c for c, _ in kept], [place for _, place in kept])
            places += [place for _, place in kept]
        if fetch == tree.size:
            return tree.ranked(metres, places, limit, within_m)
        fetch = min(4 * fetch, tree.size)
