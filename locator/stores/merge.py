"""Several sources' words about one office become one point, and each field keeps where it came from.

The rule (written out for people in ``docs/DATA_FORMAT.md``): two rows of *different* sources are the
same office when

1. they have the same id and the same name; or
2. their names are the same once the names of their divisions and all punctuation are gone, and they
   stand within 400 m of each other — or, where a position is missing or coarse, they are
   in the same county and share a telephone number, an address, or the division that both names begin with; or
3. they stand within 60 m, are of one kind, and share a telephone number or have names
   of which one holds the other.

The row of the better source (confidence, then date, then the order of import) speaks; its blanks are
filled from the others. The id is the one of the source that was there first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from locator.datum import distance_m, to_ecef
from locator.layer import SCHEMA, Layer, concat_tables, to_numpy, to_row
from locator.model import EXACT, Provenance, ServicePoint
from locator.search.same_office import SAME_NAME_M, confidence_rank, find_within, plain_name
from locator.stores import HOTLINE

VANISHED = "vanished"
EDITS = "edits"
"""The source that operators' own corrections make: each of its rows says which fields of an office it changes."""
DECISIONS = "decisions"
"""The source of operators' words on two offices: ``name`` is :data:`SAME` or :data:`APART`, ``serves`` both ids."""
SAME, APART = "same", "apart"
OWN = (EDITS, DECISIONS)
"""Sources that say something of other sources' offices, and give none."""

_UNITS: tuple[tuple[str, ...], ...] = (
    ("lon", "lat", "position", "error_m"),
    ("hours", "hours_text", "hours_source", "hours_date"),
    ("serves", "serves_basis"),
    ("notes", "notes_en"),
    *(
        (name,)
        for name in (
            "name_en", "kind_source", "province", "city", "district", "township", "adcode", "address", "phones",
            "services", "tasks", "not_tasks", "wheelchair", "website",
        )
    ),
)  # fmt: skip
"""Fields that are filled together, from one source or not at all; the first of each says if it is blank."""
EDITED: Mapping[str, tuple[str, ...]] = {unit[0]: unit for unit in _UNITS}
"""What the edit of a field changes with it: a position and its precision, hours and their words."""


class Merged(NamedTuple):
    """The layer that several parts make."""

    layer: Layer
    joined: Mapping[str, int]
    """How many rows of each source are served as one with another source's."""


def merge_parts(parts: Mapping[str, Layer]) -> Merged:
    """Return one layer of several sources' points.

    Parameters
    ----------
    parts
        Each source's points by its name, in the order in which the sources first came.

    Returns
    -------
    Merged
        The points in the order of the parts; a point of several sources stands where the first had it.
    """
    given = {name: part for name, part in parts.items() if name not in OWN}
    decided = read_decisions(parts)
    tables = [part.table for part in given.values()]
    if len(tables) < 2 and not decided.same:
        merged = Merged(Layer(tables[0] if tables else SCHEMA.empty_table()), {})
    else:
        whole = Layer(concat_tables(tables))
        source_of = np.repeat(np.arange(len(tables)), [t.num_rows for t in tables])
        groups = find_groups(whole, source_of, decided, list(given))
        merged = _join(whole, groups, source_of, list(given)) if groups else Merged(whole, {})
        merged = merged._replace(layer=_tell_ids_apart(merged.layer))
    edits = parts.get(EDITS)
    return merged if edits is None else merged._replace(layer=apply_edits(merged.layer, edits))


class Decisions(NamedTuple):
    """What operators said of pairs of offices, by their ids."""

    same: tuple[frozenset[str], ...]
    apart: frozenset[frozenset[str]]


def read_decisions(parts: Mapping[str, Layer]) -> Decisions:
    """Return what the source :data:`DECISIONS` of a store says."""
    rows = list(parts[DECISIONS].points()) if DECISIONS in parts else []
    rows = [row for row in rows if row.status != VANISHED]
    pairs = {word: [frozenset(row.serves) for row in rows if row.name == word] for word in (SAME, APART)}
    return Decisions(tuple(pairs[SAME]), frozenset(pairs[APART]))


def apply_edits(layer: Layer, edits: Layer) -> Layer:
    """Return a layer with the fields that operators corrected, each with the origin of its correction.

    An edit of an office that is not there waits for it; one that says nothing for a field takes the value away.
    """
    import pyarrow.compute as pc

    rows: dict[int, ServicePoint] = {}
    places = pc.index_in(edits.table.column("id"), value_set=layer.table.column("id").combine_chunks())
    for edit, row in zip(edits.points(), places.to_pylist(), strict=True):
        if row is not None:
            point = layer.point(row)
            changes = {name: getattr(edit, name) for field in edit.origins for name in EDITED.get(field, (field,))}
            rows[row] = replace(point, **changes, origins={**point.origins, **edit.origins})
    if not rows:
        return layer
    place = np.arange(len(layer))
    place[list(rows)] = len(layer) + np.arange(len(rows))
    made = pa.Table.from_pylist([to_row(point) for point in rows.values()], schema=SCHEMA)
    both = concat_tables([layer.table, made])
    return Layer(both.take(pa.array(place)), version=layer.version)


def _join(whole: Layer, groups: Sequence[Sequence[int]], source_of: NDArray[Any], names: Sequence[str]) -> Merged:
    joined: dict[str, int] = defaultdict(int)
    rows: list[dict[str, Any]] = []
    for group in groups:
        rows.append(to_row(join_points([whole.point(row) for row in group])))
        for row in group:
            joined[names[source_of[row]]] += 1
    keep = np.ones(len(whole), bool)
    keep[[row for group in groups for row in group[1:]]] = False
    firsts = [group[0] for group in groups]
    place = np.arange(len(whole))
    place[firsts] = len(whole) + np.arange(len(firsts))
    made = pa.Table.from_pylist(rows, schema=SCHEMA)
    both = concat_tables([whole.table, made])
    return Merged(Layer(both.take(pa.array(place[keep]))), dict(joined))


def _tell_ids_apart(layer: Layer) -> Layer:
    """Give rows of different sources that happen to share an id, but no office, ids of their own."""
    ids: list[str] = layer.table.column("id").to_pylist()
    taken = set(ids)
    if len(taken) == len(ids):
        return layer
    seen: set[str] = set()
    for row, point_id in enumerate(ids):
        if point_id in seen:
            ids[row] = next(made for n in range(2, len(ids) + 2) if (made := f"{point_id}.{n}") not in taken)
            taken.add(ids[row])
        seen.add(point_id)
    index = layer.table.schema.get_field_index("id")
    return Layer(layer.table.set_column(index, SCHEMA.field("id"), pa.array(ids, pa.string())))


def join_points(points: Sequence[ServicePoint]) -> ServicePoint:
    """Return one point of several that are the same office, in the order in which their sources came."""
    order = sorted(range(len(points)), key=lambda i: _worth(points[i], i), reverse=True)
    best = points[order[0]]
    changes: dict[str, Any] = {"id": points[0].id}
    origins: dict[str, Provenance] = dict(best.origins)
    for unit in _UNITS:
        giver = _pick(unit, [points[i] for i in order])
        if giver is not None and giver is not best:
            changes.update({name: getattr(giver, name) for name in unit})
            origins[unit[0]] = giver.origins.get(unit[0], giver.provenance)
    if best.kind == "other":
        known = next((points[i] for i in order if points[i].kind != "other"), None)
        if known is not None:
            changes["kind"], origins["kind"] = known.kind, known.provenance
    changes["status"] = best.status if best.status != VANISHED else "listed"
    if all(p.status == VANISHED for p in points):
        changes["status"] = VANISHED
    return replace(best, **changes, origins=origins)


def _worth(point: ServicePoint, index: int) -> tuple[Any, ...]:
    source = point.provenance
    listed = point.status != VANISHED
    return listed, -confidence_rank(source), source.verified or source.date or "", -index


def _pick(unit: tuple[str, ...], ordered: Sequence[ServicePoint]) -> ServicePoint | None:
    """Return who speaks for a unit of fields: the first that has it; for positions, the first exact one."""
    having = [p for p in ordered if getattr(p, unit[0]) not in (None, (), frozenset())]
    if unit[0] == "lon":
        return next((p for p in having if p.position in EXACT), having[0] if having else None)
    return having[0] if having else None


def find_groups(
    whole: Layer, source_of: NDArray[Any], decided: Decisions, names: Sequence[str] = ()
) -> list[list[int]]:
    """Return rows that are one office, each group in the order of the parts.

    A group has at most one row of a source, but for rows that an operator said to be the same; those said to be
    apart are in no group together.
    """
    rows_of = _rows_of(whole, {i for pair in (*decided.same, *decided.apart) for i in pair}, source_of, names)
    apart = [[rows_of.get(i, frozenset()) for i in pair] for pair in decided.apart]
    leader = list(range(len(whole)))

    def find(row: int) -> int:
        while leader[row] != row:
            leader[row] = leader[leader[row]]
            row = leader[row]
        return row

    members: dict[int, list[int]] = {}

    def join(first: int, second: int, *, sure: bool) -> None:
        a, b = sorted((find(first), find(second)))
        ours, theirs = members.get(a, [a]), members.get(b, [b])
        if a == b or not (sure or {source_of[row] for row in ours}.isdisjoint(source_of[row] for row in theirs)):
            return
        if any(
            not one.isdisjoint(ours) and not other.isdisjoint(theirs)
            for x, y in apart
            for one, other in ((x, y), (y, x))
        ):
            return
        leader[b] = a
        members[a] = sorted(ours + theirs)
        members.pop(b, None)

    for first, second in _same_pairs(_Columns(whole), source_of) if len(np.unique(source_of)) > 1 else ():
        join(first, second, sure=False)
    for pair in decided.same:  # last: what was said is said of offices as they are served, joined by the rule
        first, *others = sorted(min(rows_of[i]) for i in pair if i in rows_of)[:2] or [0]
        for other in others:
            join(first, other, sure=True)
    return sorted(members.values())


def qualify(point_id: str, source: str) -> str:
    """Return how a decision names the row of one source, where several sources gave its id to different offices."""
    return f"{point_id}@{quote(source, safe='')}"


def _rows_of(whole: Layer, ids: Set[str], source_of: NDArray[Any], names: Sequence[str]) -> dict[str, frozenset[int]]:
    """Return the rows that have an id; several sources may give one, of which :func:`qualify` names one."""
    if not ids:
        return {}
    import pyarrow.compute as pc

    column = whole.table.column("id")
    plain = pa.array(sorted({point_id.partition("@")[0] for point_id in ids}))
    rows = np.flatnonzero(to_numpy(pc.is_in(column, value_set=plain)))
    found: dict[str, set[int]] = defaultdict(set)
    for row, point_id in zip(rows.tolist(), column.take(pa.array(rows)).to_pylist(), strict=True):
        found[point_id].add(row)
        if names:
            found[qualify(point_id, names[source_of[row]])].add(row)
    return {point_id: frozenset(found[point_id]) for point_id in ids if point_id in found}


class _Columns:
    """The columns that tell offices apart; what few rows are asked for is read when it is asked for."""

    def __init__(self, whole: Layer) -> None:
        names = ("name", "province", "city", "district")
        self._table = whole.table
        self.ids = whole.table.column("id")
        self.names = [plain_name(*row) for row in zip(*(_texts(whole, name) for name in names), strict=True)]
        codes, words = whole.codes("position")
        exact = np.array([word in {str(p) for p in EXACT} for word in words] + [False])
        self.lon, self.lat = whole.lon, whole.lat
        self.exact = exact[codes] & np.isfinite(self.lon)

    def text(self, name: str, row: int) -> str | None:
        """Return one cell."""
        found: str | None = self._table.column(name)[row].as_py()
        return found

    def numbers(self, row: int) -> set[str]:
        """Return a row's telephone numbers, but for those everybody shares (12333)."""
        cells = (self.text("phones", row) or "").split(";")
        return {cell.split()[0] for cell in cells if cell.strip() and len(cell.split()[0]) > HOTLINE}

    def share_phone(self, a: int, b: int) -> bool:
        """Tell whether two rows have a telephone number in common."""
        return bool(self.numbers(a) & self.numbers(b))

    def same_address(self, a: int, b: int) -> bool:
        """Tell whether two rows give the same address, one of them perhaps with the division before it."""
        first, second = (plain_name(self.text("address", row) or "") for row in (a, b))
        return bool(first and second) and (first.endswith(second) or second.endswith(first))

    def same_full_name(self, a: int, b: int) -> bool:
        """Tell whether two rows of one kind have one name that says whose office it is: 广州市政务服务中心."""
        full = plain_name(self.text("name", a) or "")
        named = full == plain_name(self.text("name", b) or "") and full != self.names[a]
        return named and self.same_kind(a, b)

    def same_kind(self, a: int, b: int) -> bool:
        """Tell whether two rows are of one kind."""
        return self.text("kind", a) == self.text("kind", b)

    def same_county(self, a: int, b: int) -> bool:
        """Tell whether two rows are in one county, or in a county and its city."""
        first, second = self.text("adcode", a), self.text("adcode", b)
        if not first or not second:
            return False
        shorter = 4 if "00" in (first[4:], second[4:]) else 6
        return bool(first[:shorter] == second[:shorter])


def _same_pairs(columns: _Columns, source_of: NDArray[Any]) -> Iterator[tuple[int, int]]:
    yield from ((a, b) for a, b in _pairs_by(columns.ids, source_of) if columns.names[a] == columns.names[b])
    for a, b in _pairs_by(pa.array(columns.names, pa.string()), source_of):
        if columns.exact[a] and columns.exact[b]:
            if distance_m(columns.lon[a], columns.lat[a], columns.lon[b], columns.lat[b]) <= SAME_NAME_M:
                yield a, b
        elif columns.same_county(a, b) and (
            columns.share_phone(a, b) or columns.same_address(a, b) or columns.same_full_name(a, b)
        ):
            yield a, b
    for a, b in _pairs_near(columns, source_of):
        if columns.same_kind(a, b) and (
            columns.share_phone(a, b)
            or min(columns.names[a], columns.names[b], key=len) in max(columns.names[a], columns.names[b], key=len)
        ):
            yield a, b


def _pairs_by(keys: pa.Array | pa.ChunkedArray, source_of: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Yield pairs of rows of different sources with the same key (at most 200 rows a key are compared)."""
    codes = to_numpy(_whole(keys).dictionary_encode().indices, blank=-1).astype(np.int64)
    order = np.argsort(codes, kind="stable")
    if len(order) == 0:
        return
    starts = np.flatnonzero(np.diff(codes[order], prepend=-2))
    ends = np.append(starts[1:], len(order))
    several = np.minimum.reduceat(source_of[order], starts) != np.maximum.reduceat(source_of[order], starts)
    firsts = np.where(several, order[starts], len(order))
    for group in np.argsort(firsts, kind="stable")[: int(several.sum())].tolist():
        yield from _across(order[starts[group] : ends[group]][:200].tolist(), source_of)


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column as one array of plain texts."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _texts(layer: Layer, name: str) -> list[str | None]:
    """Return a column of texts as a list; a text that repeats is made once."""
    codes, words = layer.codes(name)
    known = [*words, None]
    return [known[code] for code in codes.tolist()]


def _across(rows: Iterable[int], source_of: NDArray[Any]) -> Iterator[tuple[int, int]]:
    listed = list(rows)
    for i, a in enumerate(listed):
        for b in listed[i + 1 :]:
            if source_of[a] != source_of[b]:
                yield a, b


def _pairs_near(columns: _Columns, source_of: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Yield pairs of exactly placed rows of different sources within ``SAME_PLACE_M``."""
    placed = [np.flatnonzero(columns.exact & (source_of == source)) for source in np.unique(source_of)]
    some = [(rows, to_ecef(columns.lon[rows], columns.lat[rows])) for rows in placed if len(rows)]
    for later, (rows, xyz) in enumerate(some):
        for earlier_rows, earlier_xyz in some[:later]:
            few, many = sorted(((rows, xyz), (earlier_rows, earlier_xyz)), key=lambda pair: len(pair[0]))
            for row, others in zip(few[0].tolist(), find_within(few[1], many[1]), strict=True):
                for other in others:
                    a, b = sorted((row, int(many[0][other])))
                    yield a, b
