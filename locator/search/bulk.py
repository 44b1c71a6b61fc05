"""Exact nearest queries by the million.

Queries are taken in the order of a space-filling curve, so that neighbours in the queue walk the same
branches of the tree while they are in the processor's cache, and in blocks that threads share: the
tree and the arithmetic run outside Python's lock.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from locator.datum import GEOD, to_ecef
from locator.search import ellipsoid
from locator.search.ellipsoid import DIGITS, EPSILON_M, FAR_M, NEAR_M, Floats
from locator.search.tree import PointTree, Rows, place_origin

BLOCK = 16_384
"""Queries in a block: long enough to leave Python alone, short enough for the cache."""
SLAB = 1 << 20
"""Queries sorted at once: memory stays the same however many there are."""

_SPREAD = (
    (32, 0x1F00000000FFFF),
    (16, 0x1F0000FF0000FF),
    (8, 0x100F00F00F00F00F),
    (4, 0x10C30C30C30C30C3),
    (2, 0x1249249249249249),
)


def curve_keys(xyz: Floats) -> NDArray[np.uint64]:
    """Return places on a Morton (Z-order) curve through earth-centred positions, 6 m apart."""
    keys = np.zeros(len(xyz), np.uint64)
    for axis in range(3):
        part = ((xyz[:, axis] + 6.4e6) * (2_097_151 / 12.8e6)).astype(np.uint64)
        for shift, mask in _SPREAD:
            part = (part | (part << np.uint64(shift))) & np.uint64(mask)
        keys |= part << np.uint64(axis)
    return keys


def nearest_many(
    tree: PointTree,
    lon: Floats,
    lat: Floats,
    limit: int,
    *,
    within_m: float = math.inf,
    threads: int = 1,
    tie_ranks: Callable[[], Rows] | None = None,
) -> tuple[Rows, Floats]:
    """Return the ``limit`` nearest rows of a tree for every position, and the geodesics in metres.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, shape ``(m,)``; a position that is NaN or nowhere on earth finds nothing.
    tie_ranks
        Called when distances tie: the order of rows among equals; by row number when None.

    Returns
    -------
    rows, distances
        Shapes ``(m, limit)``, nearest first; -1 and NaN where there is nothing more.
    """
    task = _Task(tree, lon, lat, limit, tie_ranks)
    asked = np.flatnonzero((np.abs(lon) <= 360) & (np.abs(lat) <= 90))
    if tree.size and limit > 0:
        for start in range(0, len(asked), SLAB):
            task.answer(asked[start : start + SLAB], threads)
    if within_m < math.inf:
        beyond = task.metres > within_m
        task.rows[beyond], task.metres[beyond] = -1, np.nan
    return task.rows, task.metres


class _Task:
    """One call of :func:`nearest_many`: its questions, and the answers as they come."""

    def __init__(
        self, tree: PointTree, lon: Floats, lat: Floats, limit: int, tie_ranks: Callable[[], Rows] | None
    ) -> None:
        self.tree, self.lon, self.lat, self.tie_ranks = tree, lon, lat, tie_ranks
        self.limit = limit
        self.rows = np.full((len(lon), limit), -1, np.int64)
        self.metres = np.full((len(lon), limit), np.nan)

    def answer(self, asked: Rows, threads: int) -> None:
        """Answer the queries ``asked``, in the order of the curve."""
        xyz = to_ecef(self.lon[asked], self.lat[asked])
        order = np.argsort(curve_keys(xyz))

        def block(start: int) -> None:
            places = order[start : start + BLOCK]
            self._answer_block(asked[places], xyz[places])

        starts = range(0, len(asked), BLOCK)
        if threads <= 1 or len(starts) == 1:
            for start in starts:
                block(start)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(block, starts))

    def _answer_block(self, mine: Rows, xyz: Floats) -> None:
        fetch = min(self.limit + 1, self.tree.size)
        kept = min(self.limit, fetch)
        chords, found = self.tree.fetch_many(xyz, fetch)
        metres = self._measure(mine, xyz, chords[:, :kept], found[:, :kept])
        rows = self.tree.rows[found[:, :kept]]
        _order_ties(rows, metres, self.tie_ranks)
        self.rows[mine, :kept], self.metres[mine, :kept] = rows, metres
        if fetch > kept:
            for query in mine[_unsettled(chords[:, -1], metres[:, -1])].tolist():
                self._answer_one(query)

    def _answer_one(self, query: int) -> None:
        """Answer a query that the first look did not settle (ties at its border, great distances)."""
        hits = self.tree.nearest(place_origin(float(self.lon[query]), float(self.lat[query])), self.limit)
        self.rows[query, : len(hits)] = [hit.row for hit in hits]
        self.metres[query, : len(hits)] = [hit.distance_m for hit in hits]

    def _measure(self, mine: Rows, xyz: Floats, chords: Floats, found: Rows) -> Floats:
        metres = chords * (1 + chords * chords * ellipsoid.mean_bend(self.lat[mine])[:, None])
        far = chords > NEAR_M
        if far.any():
            query, rank = np.nonzero(far)
            close = chords[query, rank] <= FAR_M
            at, to, place = query[close], rank[close], found[query[close], rank[close]]
            metres[at, to] = ellipsoid.arcs(xyz[at], self.tree.xyz[place])
            at, to, place = query[~close], rank[~close], found[query[~close], rank[~close]]
            metres[at, to] = GEOD.inv(
                self.lon[mine[at]], self.lat[mine[at]], self.tree.lon[place], self.tree.lat[place]
            )[2]
        return np.round(metres, DIGITS)


def _order_ties(rows: Rows, metres: Floats, tie_ranks: Callable[[], Rows] | None) -> None:
    """Sort, in place, the queries whose distances tie or came out of order."""
    mixed = np.flatnonzero((metres[:, 1:] <= metres[:, :-1]).any(axis=1))
    if len(mixed):
        some = rows[mixed]
        ranks = some if tie_ranks is None else tie_ranks()[some]
        order = np.lexsort((ranks, metres[mixed]), axis=1)
        rows[mixed] = np.take_along_axis(some, order, 1)
        metres[mixed] = np.take_along_axis(metres[mixed], order, 1)


def _unsettled(last_chord: Floats, kth: Floats) -> NDArray[np.bool_]:
    """Return which queries may have an unseen point nearer than their k-th."""
    unsettled = ~(last_chord > kth + EPSILON_M)
    for query in np.flatnonzero(unsettled).tolist():
        unsettled[query] = not ellipsoid.at_least(float(last_chord[query])) > kth[query] + EPSILON_M
    return unsettled
