"""The geodata layer in memory: points as columns, read lazily as records.

A layer of a million points stays an Arrow table; only the positions become arrays, and a
:class:`~locator.model.ServicePoint` is made when somebody asks for one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache, cached_property, lru_cache
from itertools import batched
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from locator.model import Kind, Phone, Precision, Provenance, ServicePoint, Task

LAYER_VERSION = 1
"""Raised when a column changes its meaning; a file of another version is built again."""
KEPT_POINTS = 4096
"""How many points a layer keeps as records (about 3 KB each): the same offices are near to many people."""

_STRING, _NUMBER, _LIST = pa.string(), pa.float64(), pa.list_(pa.string())
COLUMNS: Mapping[str, pa.DataType] = {
    "id": _STRING, "name": _STRING, "name_en": _STRING, "kind": _STRING, "kind_source": _STRING,
    "province": _STRING, "city": _STRING, "district": _STRING, "township": _STRING, "adcode": _STRING,
    "address": _STRING, "phones": _STRING, "hours": _STRING, "hours_text": _STRING, "hours_source": _STRING,
    "hours_date": _STRING, "services": _STRING, "tasks": _STRING, "not_tasks": _STRING,
    "lon": _NUMBER, "lat": _NUMBER, "position": _STRING, "error_m": _NUMBER,
    "serves": _STRING, "serves_basis": _STRING, "wheelchair": pa.bool_(), "website": _STRING, "timezone": _STRING,
    "status": _STRING, "notes": _STRING, "notes_en": _STRING,
    "source": _STRING, "source_url": _STRING, "source_date": _STRING,
    "verified": _STRING, "confidence": _STRING, "licence": _STRING, "origins": _STRING,
}  # fmt: skip
"""Column names and types of every layer; all but ``id``, ``name``, ``kind``, ``status``, ``source`` may be null."""
SCHEMA = pa.schema(list(COLUMNS.items()))
_SAME = (
    "id", "name", "name_en", "kind_source", "province", "city", "district", "township", "adcode", "address", "hours",
    "hours_text", "hours_source", "hours_date", "services", "lon", "lat", "error_m", "serves_basis", "wheelchair",
    "website", "notes", "notes_en",
)  # fmt: skip
"""The columns that are the point's own fields as they are."""


def phones_to_text(phones: Iterable[Phone]) -> str | None:
    """Return telephone numbers as one cell: ``0531-88923656 人才服务; 12333``."""
    return "; ".join(f"{p.number} {p.label}" if p.label else p.number for p in phones) or None


def phones_from_text(text: str | None) -> tuple[Phone, ...]:
    """Read the cell that :func:`phones_to_text` writes."""
    cells = [cell.strip() for cell in (text or "").split(";")]
    pairs = [cell.partition(" ") for cell in cells if cell]
    return tuple(Phone(number, label.strip() or None) for number, _, label in pairs)


def origins_to_text(origins: Mapping[str, Provenance]) -> str | None:
    """Return the sources of single fields as one cell: a JSON object by field name."""
    if not origins:
        return None
    plain = {name: {k: v for k, v in asdict(o).items() if v is not None} for name, o in sorted(origins.items())}
    return json.dumps(plain, ensure_ascii=False)


def origins_from_text(text: str | None) -> dict[str, Provenance]:
    """Read the cell that :func:`origins_to_text` writes."""
    return {name: Provenance(**value) for name, value in json.loads(text).items()} if text else {}


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word for word in (text or "").split(" ") if word)


def to_row(point: ServicePoint) -> dict[str, Any]:
    """Return the columns of a point."""
    row = {name: getattr(point, name) for name in (*_SAME, "timezone", "status")}
    source = point.provenance
    row |= {
        "kind": str(point.kind),
        "phones": phones_to_text(point.phones),
        "tasks": None if point.tasks is None else " ".join(sorted(point.tasks)),
        "not_tasks": " ".join(sorted(point.not_tasks)) or None,
        "position": str(point.position) if point.position else None,
        "serves": " ".join(point.serves) or None,
        "source": source.source,
        "source_url": source.url,
        "source_date": source.date,
        "verified": source.verified,
        "confidence": source.confidence,
        "licence": source.licence,
        "origins": origins_to_text(point.origins),
    }
    return {name: row[name] for name in COLUMNS}


def from_row(row: Mapping[str, Any]) -> ServicePoint:
    """Return the point of a row's columns."""
    return ServicePoint(
        **{name: row[name] for name in _SAME},
        kind=Kind(row["kind"]),
        phones=phones_from_text(row["phones"]),
        tasks=None if row["tasks"] is None else frozenset(Task(word) for word in _words(row["tasks"])),
        not_tasks=frozenset(Task(word) for word in _words(row["not_tasks"])),
        position=Precision(row["position"]) if row["position"] else None,
        serves=_words(row["serves"]),
        timezone=row["timezone"] or "Asia/Shanghai",
        status=row["status"] or "listed",
        provenance=Provenance(
            source=row["source"],
            url=row["source_url"],
            date=row["source_date"],
            verified=row["verified"],
            confidence=row["confidence"],
            licence=row["licence"],
        ),
        origins=origins_from_text(row["origins"]),
    )


def _typed(table: pa.Table) -> pa.Table:
    """Return a table without rows whose names and ids are texts all the same: they are compared with others'."""
    for name in ("id", "name"):
        if name in table.column_names and pa.types.is_null(table.column(name).type):
            table = table.set_column(table.column_names.index(name), name, pa.array([], pa.string()))
    return table


class Layer:
    """Points as columns. Rows keep their order; ``row`` below is a row's number from 0.

    Parameters
    ----------
    table
        An Arrow table with the columns of :data:`COLUMNS`.
    version
        What changes when the content does: a hash or a counter.
    """

    def __init__(self, table: pa.Table, *, version: str = "") -> None:
        self.table = table if table.num_rows else _typed(table)
        self._all_kept = False
        self.version = version

    @classmethod
    def from_points(cls, points: Iterable[ServicePoint]) -> Layer:
        """Return a layer of the given points, in their order."""
        rows = (list(map(to_row, some)) for some in batched(points, 4096))
        batches = [pa.RecordBatch.from_pylist(some, schema=SCHEMA) for some in rows]
        return cls(pa.Table.from_batches(batches, schema=SCHEMA))

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def _numbers(self, name: str) -> NDArray[np.float64]:
        return np.asarray(to_numpy(self.table.column(name)), dtype=float)

    @cached_property
    def lon(self) -> NDArray[np.float64]:
        """WGS-84 longitudes in degrees, shape ``(n,)``; NaN where the position is not known."""
        return self._numbers("lon")

    @cached_property
    def lat(self) -> NDArray[np.float64]:
        """WGS-84 latitudes in degrees, shape ``(n,)``; NaN where the position is not known."""
        return self._numbers("lat")

    def codes(self, name: str) -> tuple[NDArray[np.int32], list[str | None]]:
        """Return a text column as small numbers and the texts they stand for (-1 for null)."""
        coded = self.table.column(name).combine_chunks().dictionary_encode()
        return to_numpy(coded.indices, blank=-1).astype(np.int32), coded.dictionary.to_pylist()

    @cached_property
    def _read(self) -> Callable[[int], ServicePoint]:
        columns = zip(self.table.column_names, self.table.columns, strict=True)
        found = [(name, column) for name, column in columns if column.null_count < len(column)]
        # of one chunk a cell is read faster than of a chunked column
        known = [(name, column.chunk(0) if column.num_chunks == 1 else column) for name, column in found]
        blank = dict.fromkeys(self.table.column_names)
        # not self: nothing that holds on to itself, so that a replaced layer goes at once
        return lru_cache(KEPT_POINTS)(lambda row: from_row(blank | {name: cells[row].as_py() for name, cells in known}))

    def read_ahead(self) -> bool:
        """Read every point once and keep them all; a large layer stays as it is. Return whether all are kept."""
        if len(self) > KEPT_POINTS:
            return False
        if not self._all_kept:
            self.__dict__["_read"], self._all_kept = list(self.points()).__getitem__, True
        return True

    def point(self, row: int) -> ServicePoint:
        """Return the point in a row; those asked for lately are kept."""
        return self._read(row)

    def points(self) -> Iterator[ServicePoint]:
        """Yield every point in order."""
        for batch in self.table.to_batches(max_chunksize=4096):
            yield from map(from_row, batch.to_pylist())

    @cached_property
    def _rows_by_id(self) -> dict[str, int]:
        return {value: row for row, value in enumerate(self.table.column("id").to_pylist())}

    def row_of(self, point_id: str) -> int | None:
        """Return the row of a point's id, or None."""
        return self._rows_by_id.get(point_id)


def to_numpy(column: pa.Array | pa.ChunkedArray, *, blank: float = np.nan) -> NDArray[Any]:
    """Return a column of numbers or truth values as an array of its own type, to be read only.

    Parameters
    ----------
    column
        Of a fixed width: numbers, truth values, or null throughout (then float64).
    blank
        What stands where a column of numbers is null; a truth value that is null is False.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_null(array.type):
        return np.full(len(array), blank, float)
    valid, content = array.buffers()
    if pa.types.is_boolean(array.type):
        values = _bits(content, array)
        return values & _bits(valid, array) if array.null_count else values
    values = np.frombuffer(content or b"", array.type.to_pandas_dtype())[array.offset :][: len(array)]
    return values if not array.null_count else np.where(_bits(valid, array), values, blank).astype(values.dtype)


def is_known(column: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return which rows of a column are not null."""
    return np.asarray(to_numpy(column.is_valid()), bool)


def to_arrow(values: NDArray[Any]) -> pa.Array:
    """Return an array of numbers or truth values as a column without nulls."""
    flat = np.packbits(values, bitorder="little") if values.dtype == bool else np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(flat)])


def _bits(content: pa.Buffer | None, array: pa.Array) -> NDArray[np.bool_]:
    bits = np.frombuffer(content or b"", np.uint8)
    return np.unpackbits(bits, bitorder="little")[array.offset :][: len(array)].astype(bool)


def concat_tables(tables: Sequence[pa.Table]) -> pa.Table:
    """Return tables of the layer's columns as one: a column that one keeps as small numbers, all of them do."""
    small = {name for name in SCHEMA.names if any(pa.types.is_dictionary(t.schema.field(name).type) for t in tables)}

    def column(table: pa.Table, name: str) -> pa.ChunkedArray:
        found = table.column(name)
        if pa.types.is_null(found.type):
            found = found.cast(SCHEMA.field(name).type)
        return found.dictionary_encode() if name in small else found

    alike = [pa.table([column(table, name) for name in SCHEMA.names], names=SCHEMA.names) for table in tables]
    return pa.concat_tables(alike).unify_dictionaries()


def give_back_memory() -> None:
    """Return to the system what a crowd or a large step took: the allocator keeps its freed pages, arrow its pool."""
    pa.default_memory_pool().release_unused()
    trim = _find_trim()
    if trim is not None:
        trim(0)


@cache
def _find_trim() -> Callable[[int], int] | None:
    """Return glibc's ``malloc_trim``; other systems have none."""
    import ctypes

    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return None
