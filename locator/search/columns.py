"""Filters as tables of allowed codes, and the rows that pass them.

Every field a filter restricts is a column of small codes (:meth:`locator.layer.Layer.codes`), coded
when a filter first asks for it. A filter is then a few lookup tables: to test a row is to look up its
codes; to list the rows is to start from the rarest field's posting lists.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from locator.adcode import stem
from locator.layer import Layer, is_known, to_numpy
from locator.model import Filter
from locator.search.tree import PointTree, Rows

Codes = NDArray[np.int32]
Allowed = NDArray[np.bool_]
"""One flag for each code of a column, and a last one for null (code -1)."""
KEPT_TABLES = 512
"""How many lookup tables are kept; each has a flag for each region of the layer at most."""


class Column:
    """A field of the layer as codes, with how often each occurs and, on demand, where.

    Rows without a position are not counted: no nearest query can find them.
    """

    def __init__(self, codes: Codes, values: list[str | None], placed: Rows) -> None:
        self.codes, self.values = codes, values
        self._placed = placed
        self.counts = np.bincount(codes[placed] + 1, minlength=len(values) + 1)

    @cached_property
    def _postings(self) -> tuple[Rows, NDArray[np.int64]]:
        order = np.argsort(self.codes[self._placed], kind="stable")
        return self._placed[order], np.concatenate(([0], np.cumsum(self.counts)))

    def allow(self, test: Callable[[str | None], bool]) -> Allowed:
        """Return which codes a test of their value lets through."""
        return np.fromiter((test(value) for value in [*self.values, None]), bool, len(self.values) + 1)

    def count(self, allowed: Allowed) -> int:
        """Return how many placed rows have an allowed code."""
        return int(self.counts[1:][allowed[:-1]].sum()) + (int(self.counts[0]) if allowed[-1] else 0)

    def rows(self, allowed: Allowed) -> Rows:
        """Return the placed rows that have an allowed code."""
        rows, starts = self._postings
        codes = np.flatnonzero(np.roll(allowed, 1))
        if len(codes) == 0:
            return rows[:0]
        return np.concatenate([rows[starts[code] : starts[code + 1]] for code in codes.tolist()])


class Columns:
    """The columns of a layer, each coded when first asked for."""

    def __init__(self, layer: Layer, placed: Rows) -> None:
        self._layer, self._placed = layer, placed
        self._made: dict[str, Column] = {}
        self._allowed: dict[tuple[str, Hashable], Allowed] = {}
        self._lock = RLock()

    def column(self, name: str) -> Column:
        """Return a column by its name in :data:`locator.layer.COLUMNS`."""
        made = self._made.get(name)
        if made is None:
            with self._lock:
                made = self._made.get(name)
                if made is None:
                    made = self._made[name] = Column(*self._coded(name), self._placed)
        return made

    def _coded(self, name: str) -> tuple[Codes, list[str | None]]:
        if name in ("wheelchair", "hours_known"):
            texts = self._layer.table.column("hours" if name == "hours_known" else name)
            numbers = is_known(texts) if name == "hours_known" else to_numpy(texts.cast("int32"), blank=-1)
            return numbers.astype(np.int32), ["no", "yes"]
        return self._layer.codes(name)

    def parts(self, where: Filter) -> list[tuple[Column, Allowed]]:
        """Return the lookup tables of a filter, its predicate left aside; those asked for lately are kept."""
        return [(self.column(name), self._allow(name, wanted)) for name, wanted in _restrictions(where)]

    def _allow(self, name: str, wanted: Hashable) -> Allowed:
        found = self._allowed.get((name, wanted))
        if found is None:
            if len(self._allowed) >= KEPT_TABLES:
                self._allowed.clear()
            found = self._allowed[name, wanted] = self.column(name).allow(_make_test(name, wanted))
        return found


def _restrictions(where: Filter) -> list[tuple[str, Hashable]]:
    """Return which columns a filter restricts, and what it wants of each."""
    wanted = (
        ("kind", where.kinds),
        ("adcode", where.regions),
        ("position", where.positions),
        ("not_tasks", where.task),
        ("wheelchair", where.wheelchair),
        ("hours_known", where.hours_known),
    )
    return [(name, value) for name, value in wanted if value is not None]


def _make_test(name: str, wanted: Any) -> Callable[[str | None], bool]:
    """Return the test of a column's value that a filter means."""
    if name in ("kind", "position"):
        return frozenset(map(str, wanted)).__contains__
    if name == "adcode":
        prefixes = tuple(stem(region) for region in wanted)
        return lambda value: value is not None and value.startswith(prefixes)
    if name == "not_tasks":
        return lambda value: wanted not in (value or "").split(" ")
    return lambda value: value == ("yes" if wanted else "no")


class Selection:
    """The placed rows that pass a filter's fields: tested one by one, listed, or as a tree of their own."""

    def __init__(self, columns: Columns, where: Filter, size: int) -> None:
        self._parts = columns.parts(where)
        counts = [column.count(allowed) for column, allowed in self._parts]
        self._first = int(np.argmin(counts))
        self.at_most = counts[self._first]
        self.share = float(np.prod([count / max(size, 1) for count in counts]))
        self._lock = RLock()
        self._rows: Rows | None = None
        self.tree: PointTree | None = None

    def test(self, rows: Rows) -> Allowed:
        """Return which of the rows pass."""
        passed = np.ones(len(rows), bool)
        for column, allowed in self._parts:
            passed &= allowed[column.codes[rows]]
        return passed

    def rows(self) -> Rows:
        """Return all rows that pass; listed once."""
        with self._lock:
            if self._rows is None:
                column, allowed = self._parts[self._first]
                rows = column.rows(allowed)
                self._rows = rows[self.test(rows)]
            return self._rows

    def grow_tree(self, make: Callable[[Rows], PointTree]) -> PointTree:
        """Return the tree of these rows alone, made once; others who ask wait for it."""
        with self._lock:
            if self.tree is None:
                self.tree = make(self.rows())
            return self.tree

    def forget(self) -> None:
        """Drop the rows and their tree; a query that is using them keeps them until it is done."""
        self._rows = None
        self.tree = None
