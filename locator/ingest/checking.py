"""``locator check`` and ``locator info``: what is wrong with a file or the layer, and what the layer holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from locator.arrow import is_known
from locator.datum import Datum
from locator.ingest.overlaps import find_overlaps
from locator.layer import COLUMNS, Layer
from locator.model import EXACT
from locator.sources import open_source
from locator.stores import Store
from locator.stores.files import read_layer
from locator.validate import Centre, Checker, DatumDoubt, RawRecord, Reject, doubt_datum

VECTOR_ENDINGS = frozenset({".geojson", ".json", ".gpkg", ".shp", ".fgb", ".kml"})


class CheckReport(NamedTuple):
    """What a check found."""

    rows: int
    rejects: tuple[Reject, ...]
    """Every fault and doubt, in the order of the rows."""

    @property
    def faults(self) -> tuple[Reject, ...]:
        """What makes ``locator check`` exit 1; a doubt does not."""
        return tuple(reject for reject in self.rejects if reject.severity != "doubt")


def check_file(
    path: str | Path,
    *,
    datum: Datum | None = None,
    centre_of: Callable[[str], Centre | None] | None = None,
    adcode_of: Callable[[str | None, str | None, str | None], str | None] | None = None,
    known: Mapping[str, Layer] | None = None,
    **options: object,
) -> CheckReport:
    """Check a table, a file of features or a GeoParquet layer without changing anything.

    Parameters
    ----------
    datum
        What positions are measured against, when that is not what the file declares.
    centre_of, adcode_of
        Centres of divisions and adcodes of their names, for the doubt of far positions; None leaves it out.
    known
        What other sources gave, by name (:meth:`locator.stores.Store.parts`), for the doubt of the datum.
    options
        The source kind's own: ``mapping``, ``encoding`` …

    Raises
    ------
    InvalidInput
        There is no such file.
    SourceError, DataError
        It cannot be read at all.
    """
    path = Path(path)
    if path.suffix.lower() == ".parquet":
        return check_layer(read_layer(path)[0], file=path.name, centre_of=centre_of)
    kind = "geojson" if path.suffix.lower() in VECTOR_ENDINGS else "table"
    source = open_source(kind, str(path), **options)
    checker = Checker(datum=datum or source.datum, centre_of=centre_of, adcode_of=adcode_of)
    points = list(checker.check(source.records()))
    doubt = doubt_datum(find_overlaps(points, checker.given, known or {}), checker.datum)
    rejects = [*checker.rejects, *([_tell_datum(doubt, path.name)] if doubt else [])]
    return CheckReport(checker.read, tuple(rejects))


def _tell_datum(doubt: DatumDoubt, file: str) -> Reject:
    reason = (
        f"{doubt.overlaps} known offices are {doubt.declared_m:.0f} m off as {doubt.declared}, "
        f"{doubt.likely_m:.0f} m as {doubt.likely}"
    )
    return Reject(file, 0, "datum", "datum_doubt", str(doubt.declared), reason, "doubt")


def check_layer(
    layer: Layer, *, file: str = "layer", centre_of: Callable[[str], Centre | None] | None = None
) -> CheckReport:
    """Check every point of a layer as if it came from a file; the row is its place in the layer, from 1."""
    checker = Checker(datum=Datum.WGS84, centre_of=centre_of)
    for _ in checker.check(_records_of(layer, file)):
        pass
    return CheckReport(checker.read, tuple(checker.rejects))


def _records_of(layer: Layer, file: str) -> Iterator[RawRecord]:
    row = 0
    for batch in layer.table.to_batches(max_chunksize=4096):
        for values in batch.to_pylist():
            row += 1
            fields = {name: _text(values[name]) for name in COLUMNS if name not in ("status", "origins")}
            yield RawRecord(source=fields["source"] or "layer", file=file, row=row, fields=fields)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return repr(value) if isinstance(value, float) else str(value)


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
