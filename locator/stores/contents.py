"""What a store holds, and what a source's new points change in it: the same for every store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace as change
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from locator.datum import distance_m
from locator.layer import SCHEMA, Layer, concat_tables, is_known, to_arrow, to_numpy
from locator.model import EXACT
from locator.stores import HOTLINE, Near, Store, Summary
from locator.stores.merge import EDITS, OWN, VANISHED, Decisions, Merged, apply_edits, read_decisions


def mark_vanished(old: Layer | None, new: Layer, *, partial: bool = False) -> Layer:
    """Return a source's new points, and after them those it had before and no longer has.

    Parameters
    ----------
    partial
        True keeps what is missing as it was; False marks it ``vanished``.
    """
    if old is None or not len(old):
        return new
    import pyarrow.compute as pc

    gone = old.table.filter(pc.invert(pc.is_in(old.table.column("id"), value_set=_ids(new))))
    if not gone.num_rows:
        return new
    if not partial:
        index = SCHEMA.get_field_index("status")
        gone = gone.set_column(index, SCHEMA.field("status"), pa.repeat(VANISHED, gone.num_rows))
    return Layer(concat_tables([new.table, gone]))


def _ids(layer: Layer) -> pa.Array:
    return layer.table.column("id").combine_chunks()


def count_changes(old: Layer | None, new: Layer, kept: Layer, *, partial: bool) -> Summary:
    """Return how many of a source's points are new, changed, as they were, or gone.

    Parameters
    ----------
    old
        What the source gave before, None the first time.
    new
        What it gives now.
    kept
        What the store will hold of it: ``new`` and what vanished.
    """
    unchanged = changed = 0
    if old is not None and len(old):
        import pyarrow.compute as pc

        places = pc.index_in(new.table.column("id"), value_set=_ids(old))
        same = _same_rows(old.table.take(places.drop_null()), new.table.filter(places.is_valid()))
        unchanged, changed = int(same.sum()), len(same) - int(same.sum())
    vanished = 0 if partial else len(kept) - len(new)
    return Summary(
        kept=len(new), added=len(new) - unchanged - changed, changed=changed, unchanged=unchanged, vanished=vanished
    )


def compare_rows(old: Layer, new: Layer, columns: Sequence[str]) -> tuple[Layer, Layer]:
    """Return the rows of one layer that another does not have, and the other way about, with some columns alone.

    Parameters
    ----------
    columns
        What makes two rows the same; ``id`` must be among them, and no layer has an id twice.
    """
    import pyarrow.compute as pc

    places = pc.index_in(new.table.column("id"), value_set=old.table.column("id").combine_chunks())
    known = np.flatnonzero(is_known(places))
    at = to_numpy(places.filter(places.is_valid())).astype(np.int64)
    one, other = (table.select(columns) for table in (old.table, new.table))
    same = _same_rows(one.take(pa.array(at)), other.take(pa.array(known)))
    left, came = np.ones(len(old), bool), np.ones(len(new), bool)
    left[at[same]], came[known[same]] = False, False
    schema = pa.schema([SCHEMA.field(name) for name in columns])
    gone, fresh = old.table.select(columns).filter(to_arrow(left)), new.table.select(columns).filter(to_arrow(came))
    return Layer(gone.cast(schema)), Layer(fresh.cast(schema))


def find_changed(
    before: Mapping[str, Layer], parts: Mapping[str, Layer], columns: Sequence[str]
) -> tuple[Layer, Layer] | None:
    """Return the offices that some sources have lost, and those they have gained; None where most are lost.

    Parameters
    ----------
    before
        What the sources gave, corrections among it.
    parts
        What they give now.
    columns
        The columns whose change counts.
    """
    old, new = edit_parts(before), edit_parts(parts)
    none = Layer(SCHEMA.empty_table())
    pairs = [(old.get(name, none), new.get(name, none)) for name in dict.fromkeys((*old, *new))]
    changes = [compare_rows(one, other, ("id", *columns)) for one, other in pairs if one is not other]
    if not changes:
        return none, none
    gone, fresh = (Layer(pa.concat_tables([layer.table for layer in side])) for side in zip(*changes, strict=True))
    return (gone, fresh) if len(gone) <= sum(map(len, new.values())) - len(fresh) else None


def edit_parts(parts: Mapping[str, Layer]) -> dict[str, Layer]:
    """Return what sources gave, with the corrections of their offices."""
    edits = parts.get(EDITS)
    return {n: part if edits is None else apply_edits(part, edits) for n, part in parts.items() if n not in OWN}


def _same_rows(one: pa.Table, other: pa.Table) -> NDArray[np.bool_]:
    """Return which rows of two tables are the same, two nulls being the same."""
    import pyarrow.compute as pc

    same = np.ones(one.num_rows, bool)
    for name in one.column_names:
        kind = SCHEMA.field(name).type
        a, b = one.column(name).cast(kind), other.column(name).cast(kind)
        equal = pc.or_(pc.fill_null(pc.equal(a, b), False), pc.and_(a.is_null(), b.is_null()))
        same &= np.asarray(to_numpy(equal), bool)
    return same


def is_same(one: Layer, other: Layer) -> bool:
    """Tell whether two layers hold the same rows in the same order."""
    return len(one) == len(other) and bool(one.table.cast(SCHEMA).equals(other.table.cast(SCHEMA)))


def count_listed(layer: Layer) -> int:
    """Return how many points of a layer have not vanished."""
    status, words = layer.codes("status")
    return int((status != words.index(VANISHED)).sum()) if VANISHED in words else len(layer)


def count_lost(old: Layer, new: Layer) -> tuple[int, int]:
    """Return how many listed points of a source its new ones do not name, and how many were listed."""
    import pyarrow.compute as pc

    listed = old.table.column("id").filter(to_arrow(_listed(old)))
    named = pc.is_in(listed, value_set=new.table.column("id").combine_chunks())
    return len(listed) - int(pc.sum(named).as_py() or 0), len(listed)


TWIN_SHARE = 0.6
"""A file that has this many of another source's offices is most likely that source under a new name."""


def find_twins(new: Layer, parts: Mapping[str, Layer], *, leave: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Yield each other source of which most offices, by name and address, are in a new one; how many, and of how many.

    Parameters
    ----------
    leave
        Sources that are not compared.
    """
    import pyarrow.compute as pc

    keys = set(_pairs(new.table))
    names = new.table.column("name").combine_chunks()
    for other, part in parts.items():
        if other in leave or len(part) < 2:
            continue
        named = part.table.filter(pc.is_in(part.table.column("name"), value_set=names))
        same = len(keys & set(_pairs(named)))
        if same > len(part) * TWIN_SHARE:
            yield other, same, len(part)


def _pairs(table: pa.Table) -> Iterable[tuple[str, str | None]]:
    return zip(table.column("name").to_pylist(), table.column("address").to_pylist(), strict=True)


NEAR_M = 150.0
"""Offices of one kind that share a telephone number and stand no farther apart may be one."""
MANY = 20
"""A number that more offices of a kind have is a hotline, and no office's own."""


def sum_up(summary: Summary, merged: Merged, parts: Mapping[str, Layer], source: str, version: str) -> Summary:
    """Return a summary with what a store serves once a source has changed."""
    near = (
        find_near(merged.layer, parts[source], read_decisions(parts)) if source in parts and source not in OWN else ()
    )
    total, joined = count_listed(merged.layer), merged.joined.get(source, 0)
    several = select_joined(merged.layer) if joined else None
    return change(summary, total=total, version=version, merged=joined, near=near, several=several)


def select_joined(layer: Layer) -> Layer:
    """Return the points of a layer that have fields of several sources."""
    return Layer(layer.table.filter(layer.table.column("origins").is_valid()))


def find_near(layer: Layer, among: Layer | None, decided: Decisions) -> tuple[Near, ...]:
    """Return pairs of listed offices that may be one: of a kind, with one telephone number, within :data:`NEAR_M`.

    Parameters
    ----------
    layer
        A layer as it is served.
    among
        Offices of which one at least is in each pair; None for all.
    decided
        Pairs of which an operator has said that they are two.
    """
    import pyarrow.compute as pc

    words = layer.table.column("position").cast(pa.string())
    exact = to_numpy(pc.fill_null(pc.is_in(words, value_set=pa.array([str(p) for p in EXACT])), False))
    rows = np.flatnonzero(exact & _listed(layer) & np.isfinite(layer.lon))
    row, code = _numbers_of(layer, rows)
    order = np.lexsort((row, code))
    row, code = row[order], code[order]
    few = np.bincount(code)[code] <= MANY if len(code) else np.zeros(0, bool)
    row, code = row[few], code[few]
    shifts = [(row[:-k], row[k:]) for k in range(1, MANY) if len(row) > k]
    alike = [(a[same], b[same]) for k, (a, b) in enumerate(shifts, 1) if (same := code[:-k] == code[k:]).any()]
    if not alike:
        return ()
    pairs = np.unique(np.stack([np.concatenate(side) for side in zip(*alike, strict=True)], axis=1), axis=0)
    if among is not None:
        own = to_numpy(pc.is_in(layer.table.column("id"), value_set=among.table.column("id").combine_chunks()))
        pairs = pairs[own[pairs[:, 0]] | own[pairs[:, 1]]]
    a, b = pairs.T
    metres = np.asarray(distance_m(layer.lon[a], layer.lat[a], layer.lon[b], layer.lat[b]))
    near = (a != b) & (metres <= NEAR_M)
    found = (
        (layer.point(i), layer.point(j), m)
        for i, j, m in zip(a[near].tolist(), b[near].tolist(), metres[near].tolist(), strict=True)
    )
    return tuple(Near(one, other, m) for one, other, m in found if frozenset((one.id, other.id)) not in decided.apart)


def _numbers_of(layer: Layer, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each telephone number of some rows the row, and a code of the number and the row's kind."""
    import pyarrow.compute as pc

    cells = layer.table.column("phones").cast(pa.string()).take(pa.array(rows)).combine_chunks()
    split = pc.split_pattern(pc.fill_null(cells, ""), ";")
    at = to_numpy(pc.list_parent_indices(split)).astype(np.int64)
    numbers = pc.replace_substring_regex(pc.list_flatten(split), r"^\s*(\S*).*$", r"\1")
    own = to_numpy(pc.greater(pc.utf8_length(numbers), HOTLINE))
    at, numbers = at[own], numbers.filter(to_arrow(own))
    kinds = layer.table.column("kind").cast(pa.string()).take(pa.array(rows[at])).combine_chunks()
    keys = pc.binary_join_element_wise(kinds, numbers, " ").dictionary_encode()
    return rows[at], to_numpy(keys.indices).astype(np.int64)


# --- what a layer holds, for people


def list_sources(store: Store) -> list[dict[str, Any]]:
    """Return each source of a layer, in the order in which they came.

    Returns
    -------
    list of dict
        ``name``, ``rows`` (listed points), ``vanished``, ``date`` (the newest of its rows), ``licences``, and
        ``file``, what it was imported from (None where that is not known).
    """
    found = []
    for name, part in store.parts().items():
        rows = _listed(part)
        dates = [date for date in _count(part, "source_date", rows, "") if date]
        stamp = store.stamp(name) or None
        file = None if name in ("shipped", *OWN) else stamp
        licences = [word for word in _count(part, "licence", rows, "") if word]
        found.append(
            {"name": name, "rows": int(rows.sum()), "vanished": len(part) - int(rows.sum()),
             "date": max(dates, default=None), "licences": licences, "file": file}
        )  # fmt: skip
    return found


def describe_layer(store: Store, *, now: datetime) -> dict[str, Any]:
    """Return what a layer holds, for ``locator info``.

    Parameters
    ----------
    now
        The moment (aware) against which the age of rows is told.

    Returns
    -------
    dict
        ``points`` (count, without the vanished), ``vanished``, ``version``, ``kinds``, ``cities`` and
        ``provinces`` (counts), ``with_hours`` and ``with_phone`` (shares from 0 to 1), ``positions``
        (counts by precision, ``none`` for no position), ``exact`` (share), ``age`` (oldest and newest
        source date, count by year, and how many are older than a year or undated), ``sources`` (points
        and licences of each source), ``licences`` (counts).
    """
    layer = store.layer()
    listed = _listed(layer)
    total = int(listed.sum())
    positions = _count(layer, "position", listed, "none")
    exact = sum(count for word, count in positions.items() if word in {str(p) for p in EXACT})
    return {
        "points": total,
        "vanished": len(layer) - total,
        "version": store.version,
        "kinds": _count(layer, "kind", listed),
        "provinces": _count(layer, "province", listed),
        "cities": _count(layer, "city", listed),
        "with_hours": _share(layer, "hours", listed),
        "with_phone": _share(layer, "phones", listed),
        "positions": positions,
        "exact": exact / total if total else 0.0,
        "age": _age(layer, listed, now),
        "sources": _sources(store),
        "licences": _count(layer, "licence", listed),
    }


def _listed(layer: Layer) -> np.ndarray[Any, np.dtype[np.bool_]]:
    codes, words = layer.codes("status")
    return codes != words.index("vanished") if "vanished" in words else np.ones(len(layer), bool)


def _count(
    layer: Layer, column: str, rows: np.ndarray[Any, np.dtype[np.bool_]], blank: str = "unknown"
) -> dict[str, int]:
    codes, words = layer.codes(column)
    counts = Counter(codes[rows].tolist())
    named = {str(words[code]) if code >= 0 else blank: count for code, count in counts.items()}
    return dict(sorted(named.items(), key=lambda pair: (-pair[1], pair[0])))


def _share(layer: Layer, column: str, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    known = is_known(layer.table.column(column))
    return float(known[rows].mean()) if rows.any() else 0.0


def _age(layer: Layer, rows: np.ndarray[Any, np.dtype[np.bool_]], now: datetime) -> dict[str, Any]:
    dates = _count(layer, "source_date", rows, "")
    undated = dates.pop("", 0)
    year_ago = f"{now.year - 1}-{now.month:02d}-{now.day:02d}"
    by_year: Counter[str] = Counter()
    for date, count in dates.items():
        by_year[date[:4]] += count
    return {
        "oldest": min(dates, default=None),
        "newest": max(dates, default=None),
        "by_year": dict(sorted(by_year.items())),
        "older_than_a_year": sum(count for date, count in dates.items() if date < year_ago[: len(date)]),
        "undated": undated,
    }


def _sources(store: Store) -> Mapping[str, Any]:
    """Return what each import gave: its points, the publishers its rows name, and their licences."""
    found = {}
    for name, part in store.parts().items():
        rows = _listed(part)
        found[name] = {
            "points": int(rows.sum()),
            "vanished": len(part) - int(rows.sum()),
            "publishers": _count(part, "source", rows),
            "licences": _count(part, "licence", rows),
        }
    return found
