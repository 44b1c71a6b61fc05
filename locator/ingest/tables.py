"""Tables: CSV in any usual encoding, workbooks of Excel and OpenDocument, tables of web pages, JSON records.

What a file is shows in its content, whatever its name ends with. The header is recognised in Chinese and
English (:mod:`locator.ingest.headers`), also below a title row or two; a mapping file names what it does not
know. Nothing of a file is believed before it has been measured: a cell, a line, a row of columns and an
unpacked workbook have a largest size.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import yaml

from locator.datum import Datum
from locator.errors import InvalidInput, SourceError
from locator.files import find_format
from locator.files.text_files import TITLE_ROWS, Sheet, Unseen
from locator.files.workbooks import open_sheets
from locator.ingest import RawRecord
from locator.ingest.headers import (
    FIELDS,
    SAMPLE_ROWS,
    Header,
    join_headers,
    names_column,
    read_header,
    read_values,
)
from locator.ingest.layout import (
    DITTO,
    HINT,
    SHORT,
    SUMS,
    Block,
    Headings,
    is_total,
    number_doubles,
    own_places,
    plain_key,
    repeat_above,
    stand_up,
    to_blocks,
    to_fields,
)
from locator.ingest.osm import read_tags
from locator.ingest.positions import datum_of_columns
from locator.ingest.values import DAYS, read_status, says_closed

Rows = Sequence[tuple[int, Sequence[str]]]


_OF_POSITIONS = re.compile("坐标|座標|经纬|經緯|coordinate")
"""What a line speaks of that may say the datum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """A mapping file: the operator's own words for columns, and values for every row."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Ours by theirs, as :func:`plain_key` writes them."""
    defaults: Mapping[str, str] = field(default_factory=dict)


def load_mapping(path: Path | None) -> ColumnMapping:
    """Read a mapping file (YAML or JSON): ``columns`` from their names to ours, ``defaults`` for every row.

    Raises
    ------
    InvalidInput
        The file is missing, is no mapping, or names a column that the layer does not have.
    """
    if path is None:
        return ColumnMapping()
    if not path.is_file():
        raise InvalidInput(f"there is no file {path}", code="file_missing", path=str(path))
    try:
        text = path.read_text("utf-8")
        content = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
        made = ColumnMapping(
            columns={plain_key(str(k)): str(v) for k, v in (content.get("columns") or {}).items()},
            defaults={str(k): str(v) for k, v in (content.get("defaults") or {}).items()},
        )
    except (OSError, ValueError, yaml.YAMLError, AttributeError) as error:
        raise InvalidInput(f"{path}: {error}", code="mapping_file", path=str(path), fault=str(error)) from error
    for name in (*made.columns.values(), *made.defaults):
        if name not in FIELDS and name not in ("ignore", *DAYS):
            fault = f"{name!r} is no column; expected one of {', '.join(sorted(FIELDS))}"
            raise InvalidInput(f"{path}: {fault}", code="mapping_file", path=str(path), fault=fault)
    return made


class _Table(NamedTuple):
    """A sheet that holds offices, and where its header is."""

    title: str
    row: int
    header: Header

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Its columns; several where tables stand side by side."""
        return to_blocks(self.header)


class TableSource:
    """A file of rows as records.

    Parameters
    ----------
    location
        The file.
    name
        What the layer calls this source; the file's name without its ending when None.
    datum
        What the positions are measured against; None believes the header (``经度(GCJ-02)``), else WGS-84.
    mapping
        A YAML or JSON file with ``columns`` (theirs to ours) and ``defaults`` (values for every row).
    encoding
        ``utf-8``, ``gb18030`` …; found by itself when None.
    sheet
        A workbook's sheet; all those that are not hidden and have a header when None.
    licence
        The licence of the rows.

    Raises
    ------
    InvalidInput
        There is no such file, or the mapping is wrong.
    """

    def __init__(
        self,
        location: str,
        *,
        name: str | None = None,
        datum: Datum | None = None,
        mapping: str | None = None,
        encoding: str | None = None,
        sheet: str | None = None,
        licence: str | None = None,
    ) -> None:
        self.path = Path(location)
        if not self.path.is_file():
            raise InvalidInput(f"there is no file {location}", code="file_missing", path=location)
        self.name = name or self.path.stem
        self.licence = licence
        self._mapping = load_mapping(Path(mapping) if mapping else None)
        self._encoding, self._sheet, self._datum = encoding, sheet, datum
        self.hidden_sheets: tuple[str, ...] = ()
        """Hidden sheets of a workbook, which are not read, once it has been opened."""
        self.unseen = Unseen()
        """What its sheets hide, once it has been opened; the columns are in :attr:`hidden_columns`."""
        self.hidden_columns: tuple[str, ...] = ()
        """The names of hidden columns that are read."""

    @cached_property
    def _tables(self) -> list[_Table]:
        """The sheets that hold offices; those whose name column is known, else the one that may have it."""
        with open_sheets(self.path, self._encoding) as opened:
            sheets = [stand_up(sheet, names_column) for sheet in opened]
            named = [sheet for sheet in sheets if sheet.title == self._sheet] if self._sheet else []
            if self._sheet and not named:
                titles = ", ".join(sheet.title for sheet in sheets if sheet.title) or "–"
                raise InvalidInput(
                    f"{self.path.name} has no sheet {self._sheet!r}; it has {titles}",
                    code="sheet_missing",
                    file=self.path.name,
                    sheet=self._sheet,
                    sheets=titles,
                )
            self.hidden_sheets = tuple(s.title for s in sheets if not s.shown and s.title != self._sheet)
            shown = named or [s for s in sheets if s.shown] or sheets
            unseen = {s.title: s.find_unseen() for s in shown}
            heads = [(s.title, _read_head(s)) for s in shown]
        tables = [table for title, head in heads if (table := self._find_header(title, head, guess=False))]
        if not tables:
            guessed = (self._find_header(title, head, guess=True) for title, head in heads)
            tables = [table for table in guessed if table is not None][:1]
        if not tables:
            bare = ((title, read_values([cells for _, cells in head if any(cells)])) for title, head in heads)
            tables = [_Table(title, 0, header) for title, header in bare if header is not None]
        if not tables:
            raise self._refuse([row for _, head in heads for row in head])
        self._note_unseen(tables, unseen)
        return tables

    def _note_unseen(self, tables: Sequence[_Table], unseen: Mapping[str, Unseen]) -> None:
        """Note what a person does not see of the sheets that are read."""
        told = [unseen[table.title] for table in tables]
        rows, formulas, comments, struck = (sum(counts) for counts in zip(*(each[:4] for each in told), strict=True))
        self.unseen = Unseen(rows, formulas, comments, struck)
        self.hidden_columns = tuple(
            table.header.names[place]
            for table in tables
            for place in unseen[table.title].columns
            if place < len(table.header.names) and table.header.fields[place]
        )

    def _find_header(self, title: str, head: Rows, *, guess: bool) -> _Table | None:
        columns = self._mapping.columns
        for place, (number, cells) in enumerate(head[:TITLE_ROWS]):
            sample = [cells for _, cells in head[place + 1 :]]
            if guess or read_header(cells, columns, guess=False) is not None:
                if sample and (both := join_headers(cells, sample[0], columns, sample=sample[1:])) is not None:
                    return _Table(title, head[place + 1][0], _add_datum(both, head))
                if (found := read_header(cells, columns, sample=sample)) is not None:
                    return _Table(title, number, _add_datum(found, head))
        return None

    def _refuse(self, head: Rows) -> SourceError:
        """Return the error that says which columns there are, for a mapping to name them."""
        filled = [(number, cells) for number, cells in head if sum(bool(cell.strip()) for cell in cells) > 1]
        first = filled[0][1] if filled else (head[0][1] if head else ())
        columns = list(describe_columns(first, [cells for _, cells in filled[1:]]))
        shown = "; ".join(f"{name} ({value[:20]})" if value else name for name, value in columns[:12]) or "—"
        error = SourceError(
            f"{self.path.name}: no column of the first {TITLE_ROWS} rows is a name; columns: {shown}",
            code="header_unknown" if columns else "header_blank",
            file=self.path.name,
            columns=shown,
        )
        error.seen_columns = columns  # type: ignore[attr-defined]
        return error

    @property
    def sheets_read(self) -> tuple[str, ...]:
        """The sheets that are read, where they are several."""
        titles = tuple(table.title for table in self._tables)
        return titles if len(titles) > 1 else ()

    @property
    def datum(self) -> Datum:
        """What the positions are measured against."""
        found = next((table.header.datum for table in self._tables if table.header.datum), None)
        return self._datum or found or Datum.WGS84

    @property
    def ignored(self) -> tuple[str, ...]:
        """The columns that nobody knew."""
        return tuple(dict.fromkeys(name for table in self._tables for name in table.header.ignored))

    @property
    def guessed(self) -> Mapping[str, str]:
        """The columns that were taken for ours by words like them, or by what stands in them."""
        return {name: ours for table in self._tables for name, ours in table.header.guessed.items()}

    @cached_property
    def total(self) -> int | None:
        """About how many rows there are (a cell may hold line breaks); None for a workbook."""
        if find_format(self.path) != "csv":
            return None
        with self.path.open("rb") as handle:
            lines = sum(block.count(b"\n") for block in iter(lambda: handle.read(1 << 20), b""))
        return max(lines - 1, 0)

    def records(self) -> Iterator[RawRecord]:
        """Yield a record for every row below the header that is not empty.

        Raises
        ------
        SourceError
            The file is not what its name says, too large in some way, or has no header.
        """
        tables = {table.title: table for table in self._tables}
        with open_sheets(self.path, self._encoding) as sheets:
            for sheet in sheets:
                if sheet.title in tables:
                    yield from self._read(stand_up(sheet, names_column), tables[sheet.title], alone=len(tables) == 1)

    def _read(self, sheet: Sheet, table: _Table, *, alone: bool) -> Iterator[RawRecord]:
        """Yield the rows of a sheet; a header that comes again, or another one, holds for the rows below it."""
        blocks: Sequence[Block] = table.blocks
        file = self.path.name if alone else f"{self.path.name} [{sheet.title}]"
        own = own_places(blocks)
        closed = read_status(sheet.title) is False or says_closed(f"({sheet.title})")
        above: Sequence[str] = ()
        headings = Headings(sheet.title)
        for number, cells in sheet.rows(own):
            if number <= table.row or not any(cell and not cell.isspace() for cell in cells):
                if number < table.row:
                    headings.read(cells)
                continue
            if again := self._find_again(cells, blocks):
                blocks, own, above = again, own_places(again), ()
                continue
            fault = _find_fault(cells, blocks)
            if fault is None and (heading := headings.read(cells)):
                fault = ("name", "remark_row", heading, "a heading over the rows below, not a point")
            said = cells if DITTO.isdisjoint(map(str.strip, cells)) else repeat_above(cells, above, own)
            above = above if fault else said
            for block in blocks if fault is None else blocks[:1]:
                part = said[block.first : block.first + len(block.header.fields)]
                if block.first and not any(cell.strip() for cell in part):
                    continue
                fields = to_fields(block.header, part)
                headings.fill(fields)
                if closed and not fields.get("status", "").strip():
                    fields["status"] = sheet.title
                if block.header.holds_tags:
                    fields |= read_tags(block.header.names, map(str.strip, part))
                fields = {**self._mapping.defaults, **self._given(fields)}
                yield RawRecord(source=self.name, file=file, row=number, fields=fields, datum=None, fault=fault)

    def _given(self, fields: Mapping[str, str]) -> Mapping[str, str]:
        """Return what a row says, without the blanks that a default fills."""
        if not self._mapping.defaults:
            return fields
        return {name: text for name, text in fields.items() if text.strip() or name not in self._mapping.defaults}

    def _find_again(self, cells: Sequence[str], blocks: Sequence[Block]) -> Sequence[Block] | None:
        """Return the columns that a row in the middle of a table names; None for a row that is no header."""
        header = blocks[0].header
        place = header.fields.index("name")
        name = cells[place] if place < len(cells) else ""
        if len(name) > SHORT or not names_column(name):
            if plain_key(name) != header.names[place]:
                return None
            known = [plain_key(cell) for cell in cells if cell.strip()]
            return blocks if len(known) > 1 and known == [n.partition("#")[0] for n in header.names if n] else None
        found = read_header(cells, self._mapping.columns, guess=False)
        if found is None or sum(field is not None for field in found.fields) < 2:
            return None
        return blocks if found.fields == header.fields else to_blocks(found)


def _find_fault(cells: Sequence[str], blocks: Sequence[Block]) -> tuple[str, str, str, str] | None:
    """Return why no office stands in a row."""
    row = "".join(cells).lower()
    if any(sign in row for sign in SUMS) and (total := next((cell for cell in cells if is_total(cell)), None)):
        return ("name", "remark_row", total, "a sum or a remark under the table, not a point")
    width = blocks[-1].first + len(blocks[-1].header.fields)
    if extra := next((cell for cell in cells[width:] if cell.strip()), None):
        return ("", "cells_extra", extra, f"more cells than the {width} columns")
    header = blocks[0].header
    name = next((cells[p] for p, field in enumerate(header.fields) if field == "name" and p < len(cells)), "")
    if HINT.fullmatch(name.strip()) or (len(name) <= SHORT and names_column(name, other=True)):
        return ("name", "header_row", name, "a word for a column or what to write into it, not the name of an office")
    return None


def _add_datum(header: Header, head: Rows) -> Header:
    """Return a header with the datum that a line of its own says: 注：坐标为高德坐标."""
    if header.datum is not None:
        return header
    lines = ("".join(cells) for _, cells in head if sum(bool(cell.strip()) for cell in cells) == 1)
    return replace(header, datum=datum_of_columns((), filter(_OF_POSITIONS.search, lines)))


def _read_head(sheet: Sheet) -> Rows:
    return list(itertools.islice(sheet.rows(()), TITLE_ROWS + SAMPLE_ROWS))


def describe_columns(header_cells: Sequence[str], sample: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield each column's name, as a mapping may call it, and its first value that is not blank."""
    for place, name in enumerate(number_doubles(header_cells)):
        if name:
            yield name, next((row[place].strip() for row in sample if place < len(row) and row[place].strip()), "")
