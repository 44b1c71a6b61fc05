"""One block: parse it, place its rows, find the nearest points, write the lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from locator.batch.engine import FACTS, NEAREST_PLACED, Engine
from locator.batch.intake import Block, Records, Source, parse
from locator.csv_text import escape_formulas
from locator.datum import Datum, is_position, to_wgs84
from locator.errors import LocatorError
from locator.ingest.positions import PositionFault, read_position
from locator.model import EXACT, Filter

ORIGIN = ("origin_label", "origin_lon", "origin_lat", "origin_precision", "origin_error_m")
ANSWER = ("rank", *(f"point_{name}" for name in FACTS), "distance_m", "approximate")
_EXACT = [str(precision) for precision in EXACT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of every row."""

    source: Source
    address: int | None = None
    """The column of the address; or ``lon`` and ``lat``."""
    lon: int | None = None
    lat: int | None = None
    datum: Datum = Datum.WGS84
    """What ``lon`` and ``lat`` are measured against."""
    limit: int = 5
    within_m: float | None = None
    where: Filter = NEAREST_PLACED

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the output's columns: the input's own, the origin's, the answer's."""
        return (*self.source.columns, *ORIGIN, *ANSWER)


class Refused(NamedTuple):
    """A row without an answer."""

    number: int
    """The record's number in its block, from 1."""
    column: str
    code: str
    """A key of the ``batch`` or the ``errors`` catalogue."""
    value: str


class Answered(NamedTuple):
    """The lines of a block, and what became of its rows."""

    lines: pa.Buffer | Path
    """CSV without a header, in UTF-8, or the file that holds it; a buffer travels between processes uncopied."""
    refused: list[Refused]
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


def answer_block(engine: Engine, question: Question, block: Block) -> Answered:
    """Return the output lines of a block: for every row, in order, its nearest points, nearest first.

    A row with a position but no point (nothing within reach) has one line with an empty rank.
    """
    records = parse(question.source, block)
    width = len(question.source.columns)
    refused = [
        Refused(number, "", "cells", f"{text[:80]} ({width} columns expected)") for number, text in records.broken
    ]
    usable = _without_garbled(records, question.source, refused)
    place = _place_addresses if question.address is not None else _read_positions
    origins = place(engine, question, records, usable, refused)
    rows, metres = engine.index.nearest_many(
        origins.lon, origins.lat, limit=question.limit, within_m=question.within_m, where=question.where
    )
    lines = _write(_lines(engine, records, origins, rows, metres))
    refused.sort()
    return Answered(lines, refused, records.total, int((rows[:, :1] >= 0).sum()), engine.version)


def _without_garbled(records: Records, source: Source, refused: list[Refused]) -> NDArray[np.int64]:
    if not records.garbled:
        return np.arange(len(records.numbers))
    bad = np.zeros(len(records.numbers), bool)
    for place, name in enumerate(source.columns):
        column = records.table.column(place)
        flags = pc.match_substring(column, "\ufffd").to_numpy()
        for row in np.flatnonzero(flags & ~bad).tolist():
            refused.append(Refused(records.numbers[row], name, "encoding", column[row].as_py()))
        bad |= flags
    return np.flatnonzero(~bad)


def _read_positions(
    _: Engine, question: Question, records: Records, usable: NDArray[np.int64], refused: list[Refused]
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
            refused.append(Refused(records.numbers[row], columns[question.lon or 0], "position_missing", ""))
        elif isinstance(read, PositionFault):
            column = columns[(question.lon if read.column == "lon" else question.lat) or 0]
            refused.append(Refused(records.numbers[row], column, read.code, read.value))
        else:
            lon[row], lat[row] = read
            good[row] = True
    at = np.flatnonzero(good)
    x, y = to_wgs84(lon[at], lat[at], question.datum)
    return _Origins(
        at, x, y, pa.nulls(len(at), pa.string()), pa.array(["point"] * len(at)), pa.nulls(len(at), pa.float64())
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
    engine: Engine, question: Question, records: Records, usable: NDArray[np.int64], refused: list[Refused]
) -> _Origins:
    column = question.address or 0
    name, texts = question.source.columns[column], records.table.column(column).to_pylist()
    known: dict[str, tuple[float, float, str, str, float | None] | str] = {}
    at: list[int] = []
    for row in usable.tolist():
        address = texts[row].strip()
        if address not in known:
            known[address] = _locate(engine, address)
        found = known[address]
        if isinstance(found, str):
            refused.append(Refused(records.numbers[row], name, found, address[:120]))
        else:
            at.append(row)
    placed = [known[texts[row].strip()] for row in at]
    lon, lat, label, precision, error_m = zip(*placed, strict=True) if placed else ((), (), (), (), ())
    return _Origins(
        np.asarray(at, np.int64),
        np.asarray(lon, float),
        np.asarray(lat, float),
        pa.array(label, pa.string()),
        pa.array(precision, pa.string()),
        pa.array(error_m, pa.float64()),
    )


def _locate(engine: Engine, address: str) -> tuple[float, float, str, str, float | None] | str:
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
    return place.lon, place.lat, place.label, str(place.precision), place.error_m


def _lines(
    engine: Engine, records: Records, origins: _Origins, rows: NDArray[np.int64], metres: NDArray[np.float64]
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
    about = pc.invert(
        pc.and_(pc.is_in(precision, pa.array(_EXACT)), pc.is_in(facts.column("position"), pa.array(_EXACT)))
    )
    return [
        *own.take(pa.array(origins.at[at])).columns,
        escape_formulas(origins.label).take(places),
        pa.array(lon),
        pa.array(lat),
        precision,
        origins.error_m.take(places),
        pa.array(rank + 1, mask=missing),
        *(facts.column(name) for name in FACTS),
        pa.array(np.round(metres[shown], 3), mask=missing),
        pc.if_else(pa.array(missing), None, about),
    ]


def _write(columns: Sequence[pa.Array]) -> pa.Buffer:
    import pyarrow.csv as arrow_csv

    out = pa.BufferOutputStream()
    table = pa.table(columns, names=[str(number) for number in range(len(columns))])
    arrow_csv.write_csv(table, out, arrow_csv.WriteOptions(include_header=False))
    return out.getvalue()
