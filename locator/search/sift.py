"""Nearest points that pass a test, taken from a tree that knows nothing of the test."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from locator.search import ellipsoid
from locator.search.ellipsoid import EPSILON_M
from locator.search.tree import Neighbour, Origin, PointTree, Rows

RowTest = Callable[[Rows], NDArray[np.bool_]]
"""Tells which of some rows pass a condition."""

FIRST_FETCHED = 64
SLICE = 64
"""How many candidates an expensive test is given at once, at most: at first a few more than wanted."""


def sift(
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


def walk(tree: PointTree, origin: Origin, limit: int, test: RowTest, *, within_m: float) -> list[Neighbour]:
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
