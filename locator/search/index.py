"""The exact nearest points of a layer that pass a filter.

A query takes one of two ways. Where the filter lets enough through, the tree of all points is asked
for a few more than wanted and those that fail are dropped. Where it does not (a rare kind, a far
district), the points that pass get a tree of their own, kept for the next query. A condition that is
no field (a free predicate, open at a time) is tried on the nearest first until enough have passed.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from threading import RLock

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike

from locator.errors import InvalidInput
from locator.layer import Layer, from_row, to_arrow
from locator.model import Filter
from locator.search.bulk import nearest_many
from locator.search.columns import Allowed, Columns, Selection
from locator.search.ellipsoid import Floats
from locator.search.tree import (
    Neighbour,
    PointTree,
    Rows,
    RowTest,
    filtered_knn,
    lazy_filtered_knn,
    place_origin,
)

OWN_TREE_SHARE = 0.02
"""Below this share of points that pass, they get a tree of their own at once."""
MOST_FETCHED = 512
"""How many candidates the tree of all points gives up before the filter gets its own tree after all."""
MOST_SELECTIONS = 1024

ANYTHING = Filter()


class Index:
    """Finds the nearest points of a layer, exactly; does not change for its users, safe between threads.

    Parameters
    ----------
    layer
        The points. Those without a position, and those that vanished from their source, are never found.
    tree
        The tree of the layer's living rows, when somebody has grown it already.
    spare_rows
        How many rows the trees of filters may hold together (about 90 bytes each) before the one
        unused longest is dropped; twice the layer, at least a million, when None.
    """

    def __init__(self, layer: Layer, *, tree: PointTree | None = None, spare_rows: int | None = None) -> None:
        self.layer = layer
        self.tree = self._tree_of(_living_rows(layer)) if tree is None else tree
        self.tree.tie_keys = self._ids
        self._columns = Columns(layer, self.tree.rows)
        self._selections: OrderedDict[Filter, Selection] = OrderedDict()
        self._spare_rows = max(2 * len(layer), 1_000_000) if spare_rows is None else spare_rows
        self._lock = RLock()

    def __len__(self) -> int:
        return self.tree.size

    def rows_passing(self, where: Filter) -> Rows:
        """Return the rows whose fields pass a filter, its predicate left aside; with or without a position."""
        passed = np.ones(len(self.layer), bool)
        for column, allowed in self._columns.parts(where):
            passed &= allowed[column.codes]
        return np.flatnonzero(passed)

    def nearest(
        self,
        lon: float,
        lat: float,
        *,
        limit: int = 5,
        within_m: float | None = None,
        where: Filter = ANYTHING,
    ) -> list[Neighbour]:
        """Return the nearest rows as ``(row, distance_m)``, by WGS-84 geodesic, then by id.

        Parameters
        ----------
        lon, lat
            WGS-84 degrees.
        limit
            How many at most, 0 or more.
        within_m
            No farther than this, in metres; None does not restrict.
        where
            Which points; its predicate is tried last and on as few points as the answer allows.

        Raises
        ------
        InvalidInput
            The position is nowhere on earth, or ``limit`` or ``within_m`` is negative.
        """
        origin = place_origin(lon, lat)
        reach = check_bounds(limit, within_m)
        if limit == 0 or self.tree.size == 0:
            return []
        if where is ANYTHING:
            return self.tree.nearest(origin, limit, within_m=reach)
        selection = self._select(where)
        if selection is not None and selection.at_most == 0:
            return []
        slow = self._point_test(where)
        tree, fast = self.tree, None
        if selection is not None:
            own = selection.tree
            if own is None and selection.share >= OWN_TREE_SHARE:
                fast = selection.test
            else:
                tree = own or self._own_tree(selection)
        if slow is not None:
            return lazy_filtered_knn(tree, origin, limit, _both(fast, slow), within_m=reach)
        if fast is None or selection is None:
            return tree.nearest(origin, limit, within_m=reach)
        most = max(MOST_FETCHED, 4 * limit)
        hits = filtered_knn(tree, origin, limit, fast, within_m=reach, share=selection.share, most=most)
        return self._own_tree(selection).nearest(origin, limit, within_m=reach) if hits is None else hits

    def nearest_many(
        self,
        lon: ArrayLike,
        lat: ArrayLike,
        *,
        limit: int = 5,
        within_m: float | None = None,
        where: Filter = ANYTHING,
        threads: int = 1,
    ) -> tuple[Rows, Floats]:
        """Return the nearest rows and distances for many positions: what :meth:`nearest` gives for each.

        Parameters
        ----------
        lon, lat
            WGS-84 degrees, shape ``(m,)``. A position that is NaN or nowhere on earth finds nothing.
        threads
            How many threads share the work.

        Returns
        -------
        rows, distances
            int64 and float64, shape ``(m, limit)``; -1 and NaN where there is nothing more.

        Raises
        ------
        InvalidInput
            ``lon`` and ``lat`` differ in shape, or a bound is invalid.
        """
        x, y = np.atleast_1d(np.asarray(lon, float)), np.atleast_1d(np.asarray(lat, float))
        if x.shape != y.shape or x.ndim != 1:
            raise InvalidInput(f"lon and lat differ in shape: {x.shape}, {y.shape}", code="search_shapes")
        reach = check_bounds(limit, within_m)
        selection = self._select(where)
        tree = self.tree if selection is None else self._own_tree(selection)
        slow = self._point_test(where)
        if slow is not None:
            passed = slow(tree.rows) if len(tree.rows) else np.zeros(0, bool)
            tree = self._subtree(tree.rows[passed])
        return nearest_many(tree, x, y, limit, within_m=reach, threads=threads, rank_ties=self._rank_ids)

    def warm(self, where: Filter) -> None:
        """Make now what a filter's first slow query would make."""
        selection = self._select(where)
        if selection is not None and selection.at_most:
            self._own_tree(selection)

    def warm_filters(self) -> list[Filter]:
        """Return the filters that have trees of their own, used longest ago first."""
        with self._lock:
            return [where for where, selection in self._selections.items() if selection.tree is not None]

    def _ids(self, rows: Sequence[int]) -> list[str]:
        column = self.layer.table.column("id")
        return [column[row].as_py() for row in rows]

    def _rank_ids(self, rows: Rows) -> Rows:
        """Return the place of each row's id among theirs, in order."""
        import pyarrow.compute as pc

        order = np.asarray(pc.sort_indices(self.layer.table.column("id").take(pa.array(rows))), np.int64)
        ranks = np.empty(len(order), np.int64)
        ranks[order] = np.arange(len(order))
        return ranks

    def _point_test(self, where: Filter) -> RowTest | None:
        """Return the test of a filter's predicate, or None where it has none."""
        predicate = where.predicate
        if predicate is None:
            return None

        def point_test(rows: Rows) -> Allowed:
            points = map(from_row, self.layer.table.take(to_arrow(rows)).to_pylist())
            return np.fromiter(map(predicate, points), bool, len(rows))

        return point_test

    def _select(self, where: Filter) -> Selection | None:
        key = replace(where, predicate=None)
        if key == ANYTHING:
            return None
        with self._lock:
            selection = self._selections.get(key)
            if selection is not None:
                self._selections.move_to_end(key)
                return selection
        made = Selection(self._columns, key, self.tree.size)
        with self._lock:
            selection = self._selections.setdefault(key, made)
            while len(self._selections) > MOST_SELECTIONS:
                self._selections.popitem(last=False)
            return selection

    def _tree_of(self, rows: Rows | None) -> PointTree:
        if rows is None:
            return PointTree(self.layer.lon, self.layer.lat, tie_keys=self._ids)
        return PointTree(self.layer.lon[rows], self.layer.lat[rows], rows=rows, tie_keys=self._ids)

    def _subtree(self, rows: Rows) -> PointTree:
        return self.tree if len(rows) == self.tree.size else self._tree_of(rows)

    def _own_tree(self, selection: Selection) -> PointTree:
        tree = selection.tree
        if tree is None:
            tree = selection.grow_tree(self._subtree)
            self._drop_unused()
        return tree

    def _drop_unused(self) -> None:
        """Drop trees of filters, unused longest first, until the others fit."""
        with self._lock:
            held = 0
            for selection in reversed(self._selections.values()):
                tree = selection.tree
                if tree is None or tree is self.tree:
                    continue
                held += tree.size
                if held > self._spare_rows:
                    selection.forget()
                    held -= tree.size


def _living_rows(layer: Layer) -> Rows | None:
    """Return the rows still at their source, or None for all of them."""
    status, words = layer.codes("status")
    return np.flatnonzero(status != words.index("vanished")) if "vanished" in words else None


def check_bounds(limit: int, within_m: float | None) -> float:
    """Return ``within_m`` as a bound, infinite for None; refuse what cannot be one.

    Raises
    ------
    InvalidInput
        A limit or a distance below zero, or not a number.
    """
    if limit < 0:
        raise InvalidInput(f"limit is {limit}; expected 0 or more", code="search_limit", value=limit)
    if within_m is None:
        return math.inf
    if not within_m >= 0:
        raise InvalidInput(f"within_m is {within_m}; expected metres, 0 or more", code="search_within", value=within_m)
    return within_m


def _both(first: RowTest | None, then: RowTest) -> RowTest:
    """Return a test that asks ``then`` only about rows that pass ``first``."""
    if first is None:
        return then

    def row_test(rows: Rows) -> Allowed:
        passed = np.array(first(rows), bool)
        passed[passed] = then(rows[passed])
        return passed

    return row_test
