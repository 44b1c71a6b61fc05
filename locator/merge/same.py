"""Which rows of different sources are the same office: the rule of :mod:`locator.merge`, as code."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from locator.datum import distance_m, to_ecef
from locator.layer import Layer
from locator.model import EXACT

SAME_NAME_M = 400.0
SAME_PLACE_M = 60.0
_NOT_NAME = re.compile(r"[\W_]+")


def plain_name(name: str, *divisions: str | None) -> str:
    """Return a name without punctuation, blanks and the leading names of its divisions."""
    plain = _NOT_NAME.sub("", unicodedata.normalize("NFKC", name)).casefold()
    for division in divisions:
        if division and len(plain) > len(division):
            plain = plain.removeprefix(division.casefold())
    return plain


def find_groups(whole: Layer, source_of: NDArray[Any]) -> list[list[int]]:
    """Return rows that are one office, each group in the order of the parts, at most one row a source."""
    columns = _Columns(whole)
    leader = list(range(len(whole)))

    def find(row: int) -> int:
        while leader[row] != row:
            leader[row] = leader[leader[row]]
            row = leader[row]
        return row

    members: dict[int, list[int]] = {}
    for first, second in _same_pairs(columns, source_of):
        a, b = sorted((find(first), find(second)))
        rows = members.get(a, [a]) + members.get(b, [b])
        if a == b or len({source_of[row] for row in rows}) < len(rows):
            continue
        leader[b] = a
        members[a] = sorted(rows)
        members.pop(b, None)
    return sorted(members.values())


class _Columns:
    """The columns that tell offices apart, as plain lists and arrays."""

    def __init__(self, whole: Layer) -> None:
        names = ("id", "name", "province", "city", "district", "adcode", "address", "kind", "phones")
        lists: dict[str, list[Any]] = {name: whole.table.column(name).to_pylist() for name in names}
        self.ids = lists["id"]
        self.names = [
            plain_name(name, province, city, district)
            for name, province, city, district in zip(
                lists["name"], lists["province"], lists["city"], lists["district"], strict=True
            )
        ]
        self.adcodes, self.kinds, self.phones = lists["adcode"], lists["kind"], lists["phones"]
        self.addresses, self.districts = lists["address"], lists["district"]
        codes, words = whole.codes("position")
        exact = np.array([word in {str(p) for p in EXACT} for word in words] + [False])
        self.lon, self.lat = whole.lon, whole.lat
        self.exact = exact[codes] & np.isfinite(self.lon)

    def numbers(self, row: int) -> set[str]:
        """Return a row's telephone numbers, but for those everybody shares (12333)."""
        cells = (self.phones[row] or "").split(";")
        return {cell.split()[0] for cell in cells if cell.strip() and len(cell.split()[0]) > 6}

    def share_phone(self, a: int, b: int) -> bool:
        """Tell whether two rows have a telephone number in common."""
        return bool(self.numbers(a) & self.numbers(b))

    def same_address(self, a: int, b: int) -> bool:
        """Tell whether two rows give the same address, one of them perhaps with the division before it."""
        first, second = (plain_name(self.addresses[row] or "") for row in (a, b))
        return bool(first and second) and (first.endswith(second) or second.endswith(first))

    def same_county(self, a: int, b: int) -> bool:
        """Tell whether two rows are in one county, or in a county and its city."""
        first, second = self.adcodes[a], self.adcodes[b]
        if not first or not second:
            return False
        shorter = 4 if "00" in (first[4:], second[4:]) else 6
        return bool(first[:shorter] == second[:shorter])


def _same_pairs(columns: _Columns, source_of: NDArray[Any]) -> Iterator[tuple[int, int]]:
    yield from ((a, b) for a, b in _pairs_by(columns.ids, source_of) if columns.names[a] == columns.names[b])
    for a, b in _pairs_by(columns.names, source_of):
        if columns.exact[a] and columns.exact[b]:
            if distance_m(columns.lon[a], columns.lat[a], columns.lon[b], columns.lat[b]) <= SAME_NAME_M:
                yield a, b
        elif columns.same_county(a, b) and (columns.share_phone(a, b) or columns.same_address(a, b)):
            yield a, b
    for a, b in _pairs_near(columns, source_of):
        if columns.kinds[a] == columns.kinds[b] and (
            columns.share_phone(a, b)
            or min(columns.names[a], columns.names[b], key=len) in max(columns.names[a], columns.names[b], key=len)
        ):
            yield a, b


def _pairs_by(keys: Sequence[str], source_of: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Yield pairs of rows of different sources with the same key (at most 20 rows a key are compared)."""
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, key in enumerate(keys):
        rows_of[key].append(row)
    for rows in rows_of.values():
        if len(rows) > 1:
            yield from _across(rows[:200], source_of)


def _across(rows: Iterable[int], source_of: NDArray[Any]) -> Iterator[tuple[int, int]]:
    listed = list(rows)
    for i, a in enumerate(listed):
        for b in listed[i + 1 :]:
            if source_of[a] != source_of[b]:
                yield a, b


def _pairs_near(columns: _Columns, source_of: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Yield pairs of exactly placed rows of different sources within :data:`SAME_PLACE_M`."""
    from scipy.spatial import cKDTree

    placed = [np.flatnonzero(columns.exact & (source_of == source)) for source in np.unique(source_of)]
    some = [(rows, to_ecef(columns.lon[rows], columns.lat[rows])) for rows in placed if len(rows)]
    for later, (rows, xyz) in enumerate(some):
        for earlier_rows, earlier_xyz in some[:later]:
            few, many = sorted(((rows, xyz), (earlier_rows, earlier_xyz)), key=lambda pair: len(pair[0]))
            near = cKDTree(many[1]).query_ball_point(few[1], SAME_PLACE_M, return_sorted=True)
            for row, others in zip(few[0].tolist(), near, strict=True):
                for other in others:
                    a, b = sorted((row, int(many[0][other])))
                    yield a, b
