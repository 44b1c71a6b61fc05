"""One block answered: parse it, place its rows, find the nearest points, write the lines.

What answers is an :class:`Engine`, made once in each process: the index of a layer, and somebody who knows where
addresses are.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from locator.batch.csv_blocks import CsvBlock, CsvFile, CsvRecords, parse
from locator.datum import Datum, is_position, to_wgs84
from locator.errors import LocatorError
from locator.files.text_files import escape_formulas
from locator.finder.fitness import LIKE_DISTANCE_M, UNPLACED
from locator.finder.hits import NEAR_M, Search, find_hits
from locator.ingest.positions import PositionFault, read_position
from locator.model import APPROXIMATE, EXACT, Filter, HoursState, Place, Query
from locator.search import Index
from locator.settings import Settings

NEAREST_PLACED = Filter(positions=EXACT | APPROXIMATE)
"""Every point but those known by district or city only: their distance would say nothing."""

FACTS = ("id", "name", "kind", "address", "adcode", "lon", "lat", "position")
"""The columns of a point that go into the output, as ``point_id`` and so on."""
ORIGIN = ("origin_label", "origin_lon", "origin_lat", "origin_precision", "origin_error_m")
ANSWER = ("rank", *(f"point_{name}" for name in FACTS), "distance_m", "approximate", "notice")
_EXACT = [str(precision) for precision in EXACT]


class LocatedText(Protocol):
    """What :class:`locator.geocode.GeocodeResult` is: a place, or candidates, or neither."""

    @property
    def place(self) -> Place | None:
        """The one place meant."""

    @property
    def candidates(self) -> tuple[Place, ...]:
        """What an ambiguous text may mean."""


Locate = Callable[[str], LocatedText]
ListArea = Callable[[Place, Filter, int], Sequence[str]]
"""Returns the ids of the offices to ask first where only a place's district or city is known, as ``find`` does."""


@dataclass(frozen=True)
class Engine:
    """Answers blocks; made once in each process."""

    index: Index
    locate: Locate | None = None
    """Understands addresses; None where only positions are asked."""
    list_area: ListArea | None = None

    @cached_property
    def rows_by_id(self) -> dict[str, int]:
        """The layer's rows by the id of their point."""
        return {key: row for row, key in enumerate(self.index.layer.table.column("id").to_pylist())}

    @cached_property
    def facts(self) -> pa.Table:
        """The layer's columns for the output, in one piece, safe for a spreadsheet."""
        facts = self.index.layer.table.select(list(FACTS)).combine_chunks()
        for name in ("lon", "lat"):
            place = facts.column_names.index(name)
            facts = facts.set_column(place, name, pc.round(facts.column(name), ndigits=7))
        for place, column in enumerate(facts.columns):
            if pa.types.is_string(column.type):
                facts = facts.set_column(place, facts.column_names[place], escape_formulas(column))
        return facts

    @property
    def version(self) -> str:
        """What changes when the layer does."""
        return f"{self.index.layer.version}/{len(self.index.layer)}"


Opener = Callable[[], Engine]
"""Makes the engine where it is needed, in another process too: a function of a module, or a ``partial`` of one."""


def open_engine(settings: Settings) -> Engine:
    """Return the engine over the layer and the geocoders of these settings."""
    from locator.service import Locator
    from locator.stores.parquet import ParquetStore

    locator = Locator(settings)
    store = locator.engines.store
    index = store.index() if isinstance(store, ParquetStore) else Index(store.layer())

    def locate(text: str) -> LocatedText:
        located: LocatedText = locator.engines.geocoder.locate(text, lang=settings.lang)
        return located

    def list_area(place: Place, where: Filter, limit: int) -> list[str]:
        query = Query(kinds=where.kinds, wheelchair=where.wheelchair, task=where.task, limit=limit)
        search = Search(store=store, place=place, query=query, regions=where.regions, tiers=(where.kinds, None),
                        state_of=lambda _: HoursState(state="unknown"))  # fmt: skip
        return [hit.point.id for hit in find_hits(search)[0]]

    return Engine(index, locate, list_area)


@lru_cache(maxsize=2)
def opened(pickled: bytes) -> Engine:
    """Return the engine of a pickled opener, made once in this process."""
    opener: Opener = pickle.loads(pickled)  # noqa: S301 - written by the process that gives the work
    return opener()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchQuestion:
    """What is asked of every row."""

    source: CsvFile
    address: int | None = None
    """The column of the address; or ``lon`` and ``lat``."""
    lon: int | None = None
    lat: int | None = None
    datum: Datum = Datum.WGS84
    """What ``lon`` and ``lat`` are measured against."""
    limit: int = 5
    within_m: float | None = NEAR_M
    """Offices farther away are not named; None for no bound."""
    where: Filter = NEAREST_PLACED

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the output's columns: the input's own, the origin's, the answer's."""
        return (*self.source.columns, *ORIGIN, *ANSWER)


class RefusedRow(NamedTuple):
    """A row without an answer."""

    number: int
    """The record's number in its block, from 1."""
    column: str
    code: str
    """A key of the ``batch`` or the ``errors`` catalogue."""
    value: str


class BlockAnswer(NamedTuple):
    """The lines of a block, and what became of its rows."""

    lines: pa.Buffer | Path
    """CSV without a header, in UTF-8, or the file that holds it; a buffer travels between processes uncopied."""
    refused: list[RefusedRow]
    rows: int
    answered: int
    """Rows with at least one point."""
    version: str
    """The layer's, so that answers of two layers never mix."""


class _Origins(NamedTuple):
    """The rows that have a position, with it."""

    at: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    label: pa.Array
    precision: pa.Array
    error_m: pa.Array
    coarse: dict[int, Place]
    """The rows of which only the district or city is known: no distance is measured from its middle."""


def answer_block(engine: Engine, question: BatchQuestion, block: CsvBlock) -> BlockAnswer:
    """Return the output lines of a block: for every row, in order, its nearest points, nearest first.

    A row with a position but no point has one line with an empty rank; its ``notice`` says why: ``only_coarse``
    (offices near here are known by their district or city only) or ``nothing_near`` (none is on record).
    Of a place of which only the district or city is known the offices of that area are named, in the order of
    ``find``, without a distance; the notice is ``origin_coarse``.
    """
    records = parse(question.source, block)
    width = len(question.source.columns)
    refused = [
        RefusedRow(number, "", "cells", f"{text[:80]} ({width} columns expected)") for number, text in records.broken
    ]
    usable = _without_garbled(records, question.source, refused)
    place = _place_addresses if question.address is not None else _read_positions
    origins = place(engine, question, records, usable, refused)
    rows, metres = engine.index.nearest_many(
        origins.lon, origins.lat, limit=question.limit, within_m=question.within_m, where=question.where
    )
    _answer_coarse(engine, question, origins, rows, metres)
    notices = _explain_empty(engine, question, origins, rows[:, 0] < 0)
    lines = _write([*_lines(engine, records, origins, rows, metres), notices.take(pa.array(_line_origins(rows)))])
    refused.sort()
    return BlockAnswer(lines, refused, records.total, int((rows[:, :1] >= 0).sum()), engine.version)


def _without_garbled(records: CsvRecords, source: CsvFile, refused: list[RefusedRow]) -> NDArray[np.int64]:
    if not records.garbled:
        return np.arange(len(records.numbers))
    bad = np.zeros(len(records.numbers), bool)
    for place, name in enumerate(source.columns):
        column = records.table.column(place)
        flags = pc.match_substring(column, "\ufffd").to_numpy()
        for row in np.flatnonzero(flags & ~bad).tolist():
            refused.append(RefusedRow(records.numbers[row], name, "encoding", column[row].as_py()))
        bad |= flags
    return np.flatnonzero(~bad)


def _read_positions(
    _: Engine, question: BatchQuestion, records: CsvRecords, usable: NDArray[np.int64], refused: list[RefusedRow]
) -> _Origins:
    columns = question.source.columns
    texts = [pc.utf8_trim_whitespace(records.table.column(c or 0)) for c in (question.lon, question.lat)]
    lon, lat = _numbers(texts[0]), _numbers(texts[1])
    sure = is_position(lon, lat, farthest_lat=70)
    good = np.zeros(len(lon), bool)
    good[usable] = sure[usable]
    for row in usable[~sure[usable]].tolist():
        read = read_position(texts[0][row].as_py(), texts[1][row].as_py())
        if read is None:
            refused.append(RefusedRow(records.numbers[row], columns[question.lon or 0], "position_missing", ""))
        elif isinstance(read, PositionFault):
            column = columns[(question.lon if read.column == "lon" else question.lat) or 0]
            refused.append(RefusedRow(records.numbers[row], column, read.code, read.value))
        else:
            lon[row], lat[row] = read
            good[row] = True
    at = np.flatnonzero(good)
    x, y = to_wgs84(lon[at], lat[at], question.datum)
    return _Origins(
        at, x, y, pa.nulls(len(at), pa.string()), pa.array(["point"] * len(at)), pa.nulls(len(at), pa.float64()), {}
    )


def _numbers(texts: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return texts as numbers, NaN where they are none."""
    try:
        return np.asarray(pc.cast(texts, pa.float64()).to_numpy(), float).copy()
    except pa.ArrowInvalid:
        plain = pc.match_substring_regex(texts, r"^[+-]?[0-9]+(\.[0-9]*)?$")
        numbers = pc.cast(pc.if_else(plain, texts, "nan"), pa.float64())
        return np.asarray(numbers.to_numpy(), float).copy()


def _place_addresses(
    engine: Engine, question: BatchQuestion, records: CsvRecords, usable: NDArray[np.int64], refused: list[RefusedRow]
) -> _Origins:
    column = question.address or 0
    name, texts = question.source.columns[column], records.table.column(column).to_pylist()
    known: dict[str, Place | str] = {}
    at: list[int] = []
    for row in usable.tolist():
        address = texts[row].strip()
        if address not in known:
            known[address] = _locate(engine, address)
        found = known[address]
        if isinstance(found, str):
            refused.append(RefusedRow(records.numbers[row], name, found, address[:120]))
        else:
            at.append(row)
    places = [place for row in at if isinstance(place := known[texts[row].strip()], Place)]
    return _Origins(
        np.asarray(at, np.int64),
        np.asarray([place.lon for place in places], float),
        np.asarray([place.lat for place in places], float),
        pa.array([place.label for place in places], pa.string()),
        pa.array([str(place.precision) for place in places], pa.string()),
        pa.array([place.error_m for place in places], pa.float64()),
        {number: place for number, place in enumerate(places) if place.precision in UNPLACED},
    )


def _locate(engine: Engine, address: str) -> Place | str:
    """Return where an address is, or the code of why that is not known."""
    if not address:
        return "address_missing"
    if engine.locate is None:
        return "no_geocoder"
    try:
        located = engine.locate(address)
    except LocatorError as error:
        return error.code
    place = located.place
    if place is None:
        return "ambiguous_place" if located.candidates else "place_not_found"
    if place.lon is None or place.lat is None:
        return "place_without_position"
    return place


def _answer_coarse(
    engine: Engine, question: BatchQuestion, origins: _Origins, rows: NDArray[np.int64], metres: NDArray[np.float64]
) -> None:
    """Give each origin known by its area only the offices of that area, without distances."""
    listed: dict[tuple[object, ...], list[int]] = {}
    for number, place in origins.coarse.items():
        rows[number], metres[number] = -1, np.nan
        key = (place.adcode, place.township, place.also, place.precision)
        if key not in listed and engine.list_area is not None:
            ids = engine.list_area(place, question.where, question.limit)
            listed[key] = [row for key in ids if (row := engine.rows_by_id.get(key)) is not None]
        found = listed.get(key, [])[: rows.shape[1]]
        rows[number, : len(found)] = found


def _explain_empty(engine: Engine, question: BatchQuestion, origins: _Origins, empty: NDArray[np.bool_]) -> pa.Array:
    """Return for each origin why nothing was found for it, null where something was."""
    said = np.full(len(empty), None, object)
    said[list(origins.coarse)] = "origin_coarse"
    empty = empty & (origins.precision.to_numpy(zero_copy_only=False) != "province")
    if empty.any():
        where = replace(question.where, positions=UNPLACED)
        lon, lat = origins.lon[empty], origins.lat[empty]
        coarse, _ = engine.index.nearest_many(lon, lat, limit=1, within_m=question.within_m, where=where)
        said[empty] = np.where(coarse[:, 0] >= 0, "only_coarse", "nothing_near")
    return pa.array(said.tolist(), pa.string())


def _line_origins(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which origin each line of the output belongs to: one line for each point, or one for none."""
    shown = rows >= 0
    shown[:, :1] = True
    return np.nonzero(shown)[0]


def _lines(
    engine: Engine, records: CsvRecords, origins: _Origins, rows: NDArray[np.int64], metres: NDArray[np.float64]
) -> list[pa.Array]:
    """Return the output's columns: the input's own, the origin's, the answer's."""
    shown = rows >= 0
    shown[:, :1] = True
    at, rank = np.nonzero(shown)
    row, missing = rows[shown], rows[shown] < 0
    facts = engine.facts.take(pa.array(row, mask=missing))
    own = pa.table([escape_formulas(column) for column in records.table.columns], names=records.table.column_names)
    lon, lat = np.round(origins.lon[at], 7), np.round(origins.lat[at], 7)
    places = pa.array(at)
    precision = origins.precision.take(places)
    sure = pc.and_(pc.is_in(precision, pa.array(_EXACT)), pc.is_in(facts.column("position"), pa.array(_EXACT)))
    error_m = pc.fill_null(origins.error_m.take(places), 0.0)
    about = pc.invert(pc.and_(sure, pc.less_equal(error_m, LIKE_DISTANCE_M)))
    return [
        *own.take(pa.array(origins.at[at])).columns,
        escape_formulas(origins.label).take(places),
        pa.array(lon),
        pa.array(lat),
        precision,
        origins.error_m.take(places),
        pa.array(rank + 1, mask=missing),
        *(facts.column(name) for name in FACTS),
        pa.array(np.round(metres[shown], 3), mask=missing | np.isnan(metres[shown])),
        pc.if_else(pa.array(missing), None, about),
    ]


def _write(columns: Sequence[pa.Array]) -> pa.Buffer:
    import pyarrow.csv as arrow_csv

    out = pa.BufferOutputStream()
    table = pa.table(columns, names=[str(number) for number in range(len(columns))])
    arrow_csv.write_csv(table, out, arrow_csv.WriteOptions(include_header=False))
    return out.getvalue()
