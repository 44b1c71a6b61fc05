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

from locator.datum import FAR_M, arcs, geod, to_ecef
from locator.search import ellipsoid
from locator.search.ellipsoid import DIGITS, EPSILON_M, NEAR_M, Floats, morton_keys
from locator.search.tree import PointTree, Rows, place_origin

BLOCK = 16_384
"""Queries in a block: long enough to leave Python alone, short enough for the cache."""
SLAB = 1 << 20
"""Queries sorted at once: memory stays the same however many there are."""
ROUNDS = (1, 4)
"""How many times ``limit + 1`` candidates the whole block is given before queries are settled one by one."""


def nearest_many(
    tree: PointTree,
    lon: Floats,
    lat: Floats,
    limit: int,
    *,
    within_m: float = math.inf,
    threads: int = 1,
    rank_ties: Callable[[Rows], Rows] | None = None,
) -> tuple[Rows, Floats]:
    """Return the ``limit`` nearest rows of a tree for every position, and the geodesics in metres.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, shape ``(m,)``; a position that is NaN or nowhere on earth finds nothing.
    rank_ties
        Called with the rows whose distances tie: their places in order; by row number when None.

    Returns
    -------
    rows, distances
        Shapes ``(m, limit)``, nearest first; -1 and NaN where there is nothing more.
    """
    task = _Task(tree, lon, lat, limit, rank_ties)
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
        self, tree: PointTree, lon: Floats, lat: Floats, limit: int, rank_ties: Callable[[Rows], Rows] | None
    ) -> None:
        self.tree, self.lon, self.lat, self.rank_ties = tree, lon, lat, rank_ties
        self.limit = limit
        self.rows = np.full((len(lon), limit), -1, np.int64)
        self.metres = np.full((len(lon), limit), np.nan)

    def answer(self, asked: Rows, threads: int) -> None:
        """Answer the queries ``asked``, in the order of the curve."""
        xyz = to_ecef(self.lon[asked], self.lat[asked])
        order = np.argsort(morton_keys(xyz))

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
        for factor in ROUNDS:
            unsettled = self._answer_all(mine, xyz, factor * (self.limit + 1))
            mine, xyz = mine[unsettled], xyz[unsettled]
            if len(mine) == 0:
                return
        for query in mine.tolist():
            self._answer_one(query)

    def _answer_all(self, mine: Rows, xyz: Floats, fetch: int) -> NDArray[np.intp]:
        """Answer queries from as many candidates, and return which may have a nearer one unseen."""
        fetch = min(fetch, self.tree.size)
        first = fetch == self.limit + 1 < self.tree.size
        seen = self.limit if first else fetch  # at first the last one only says what lies beyond
        chords, found = self.tree.fetch_many(xyz, fetch)
        metres = self._measure(mine, xyz, chords[:, :seen], found[:, :seen])
        rows = self.tree.rows[found[:, :seen]]
        _order_ties(rows, metres, self.rank_ties)
        kept = min(self.limit, seen)
        self.rows[mine, :kept], self.metres[mine, :kept] = rows[:, :kept], metres[:, :kept]
        return _unsettled(chords[:, -1], metres[:, kept - 1]) if fetch < self.tree.size else np.zeros(0, np.intp)

    def _answer_one(self, query: int) -> None:
        """Answer a query that the first look did not settle (ties at its border, great distances)."""
        hits = self.tree.nearest(place_origin(float(self.lon[query]), float(self.lat[query])), self.limit)
        self.rows[query, : len(hits)] = [hit.row for hit in hits]
        self.metres[query, : len(hits)] = [hit.distance_m for hit in hits]

    def _measure(self, mine: Rows, xyz: Floats, chords: Floats, found: Rows) -> Floats:
        metres = chords * chords
        metres *= ellipsoid.mean_curvature(self.lat[mine])[:, None]
        metres += 1
        metres *= chords
        far = np.flatnonzero(chords[:, -1] > NEAR_M)  # chords ascend
        if len(far):
            query, rank = np.nonzero(chords[far] > NEAR_M)
            query = far[query]
            close = chords[query, rank] <= FAR_M
            at, to, place = query[close], rank[close], found[query[close], rank[close]]
            metres[at, to] = arcs(xyz[at], self.tree.xyz[place])
            at, to, place = query[~close], rank[~close], found[query[~close], rank[~close]]
            metres[at, to] = geod().inv(
                self.lon[mine[at]], self.lat[mine[at]], self.tree.lon[place], self.tree.lat[place]
            )[2]
        return np.round(metres, DIGITS, out=metres)


def _order_ties(rows: Rows, metres: Floats, rank_ties: Callable[[Rows], Rows] | None) -> None:
    """Sort, in place, the queries whose distances tie or came out of order."""
    mixed = np.flatnonzero((metres[:, 1:] <= metres[:, :-1]).any(axis=1))
    if len(mixed):
        some = rows[mixed]
        ranks = some
        if rank_ties is not None:
            rows_tied, which = np.unique(some, return_inverse=True)
            ranks = rank_ties(rows_tied)[which.reshape(some.shape)]
        order = np.lexsort((ranks, metres[mixed]), axis=1)
        rows[mixed] = np.take_along_axis(some, order, 1)
        metres[mixed] = np.take_along_axis(metres[mixed], order, 1)


def _unsettled(last_chord: Floats, kth: Floats) -> NDArray[np.intp]:
    """Return which queries may have an unseen point nearer than their k-th, or as near."""
    doubtful = np.flatnonzero(last_chord <= kth + EPSILON_M)
    bounds = [ellipsoid.at_least(chord) for chord in last_chord[doubtful].tolist()]
    return doubtful[np.asarray(bounds) <= kth[doubtful] + EPSILON_M]
