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
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from locator.datum import Datum
from locator.errors import InvalidInput, SourceError
from locator.files.text_files import TITLE_ROWS, Sheet
from locator.files.workbooks import find_format, open_sheets
from locator.ingest import RawRecord
from locator.ingest.headers import (
    SAMPLE_ROWS,
    Header,
    describe_columns,
    join_headers,
    load_mapping,
    read_header,
    to_fields,
)
from locator.layer import COLUMNS

Rows = Sequence[tuple[int, Sequence[str]]]


_TOTAL = re.compile(r"(?:\S{0,8})(?:小计|合计|总计|共计|總計|合計|小計)(?:\s*[:：]?\s*[\d,]*\s*[家个個处處]?)")
"""A row with such a cell in any column is a sum."""
SHORT = 24
_DITTO = frozenset({"同上", "〃", "″", "同前"})
"""What stands for the cell above."""


class _Table(NamedTuple):
    """A sheet that holds offices, and where its header is."""

    title: str
    row: int
    header: Header


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

    @cached_property
    def _tables(self) -> list[_Table]:
        """The sheets that hold offices; those whose name column is known, else the one that may have it."""
        with open_sheets(self.path, self._encoding) as sheets:
            named = [sheet for sheet in sheets if sheet.title == self._sheet] if self._sheet else []
            if self._sheet and not named:
                titles = ", ".join(sheet.title for sheet in sheets)
                raise InvalidInput(
                    f"{self.path.name} has no sheet {self._sheet!r}; it has {titles}",
                    code="sheet_missing",
                    file=self.path.name,
                    sheet=self._sheet,
                )
            self.hidden_sheets = tuple(s.title for s in sheets if not s.shown and s.title != self._sheet)
            heads = [(s.title, _read_head(s)) for s in named or [s for s in sheets if s.shown] or sheets]
        tables = [table for title, head in heads if (table := self._find_header(title, head, guess=False))]
        if not tables:
            guessed = (self._find_header(title, head, guess=True) for title, head in heads)
            tables = [table for table in guessed if table is not None][:1]
        if not tables:
            raise self._refuse([row for _, head in heads for row in head])
        return tables

    def _find_header(self, title: str, head: Rows, *, guess: bool) -> _Table | None:
        columns = self._mapping.columns
        for place, (number, cells) in enumerate(head[:TITLE_ROWS]):
            sample = [cells for _, cells in head[place + 1 :]]
            if guess or read_header(cells, columns, guess=False) is not None:
                if sample and (both := join_headers(cells, sample[0], columns, sample=sample[1:])) is not None:
                    return _Table(title, head[place + 1][0], both)
                if (found := read_header(cells, columns, sample=sample)) is not None:
                    return _Table(title, number, found)
        return None

    def _refuse(self, head: Rows) -> SourceError:
        """Return the error that says which columns there are, for a mapping to name them."""
        filled = [(number, cells) for number, cells in head if sum(bool(cell.strip()) for cell in cells) > 1]
        first = filled[0][1] if filled else (head[0][1] if head else ())
        columns = list(describe_columns(first, [cells for _, cells in filled[1:]]))
        shown = "; ".join(f"{name} ({value[:20]})" if value else name for name, value in columns[:12]) or "—"
        error = SourceError(
            f"{self.path.name}: no column of the first {TITLE_ROWS} rows is a name; columns: {shown}",
            code="header_unknown",
            file=self.path.name,
            columns=shown,
        )
        error.seen_columns = columns  # type: ignore[attr-defined]
        return error

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
                    yield from self._read(sheet, tables[sheet.title], alone=len(tables) == 1)

    def _read(self, sheet: Sheet, table: _Table, *, alone: bool) -> Iterator[RawRecord]:
        header, defaults = table.header, self._mapping.defaults
        width = len(header.fields)
        file = self.path.name if alone else f"{self.path.name} [{sheet.title}]"
        own = [place for place, name in enumerate(header.fields) if name in ("id", "name")]
        above: Sequence[str] = ()
        for number, cells in sheet.rows(own):
            if number <= table.row or not any(cell and not cell.isspace() for cell in cells):
                continue
            extra = [cell for cell in cells[width:] if cell.strip()]
            fault = ("", "cells_extra", extra[0], f"more cells than the {width} columns") if extra else None
            if total := next((cell for cell in cells if len(cell) < SHORT and _TOTAL.fullmatch(cell.strip())), None):
                fault = ("name", "remark_row", total, "a sum or a remark under the table, not a point")
            said = cells if _DITTO.isdisjoint(map(str.strip, cells)) else _repeat(cells, above, own)
            above = above if fault else said
            fields = to_fields(header, said)
            if defaults:
                given = {name: value for name, value in fields.items() if value.strip() or name not in defaults}
                fields = {**defaults, **given}
            yield RawRecord(source=self.name, file=file, row=number, fields=fields, datum=None, fault=fault)


def _repeat(cells: Sequence[str], above: Sequence[str], own: Collection[int]) -> list[str]:
    """Return a row in which 同上 is what the row above says; in the columns ``own`` (id and name) it says nothing.

    Nothing is above the first row: there it may stand for the cell on the left, as in columns of days.
    """

    def meant(place: int, cell: str) -> str:
        if cell.strip() not in _DITTO:
            return cell
        if place in own:
            return ""
        return cell if not above else above[place] if place < len(above) else ""

    return [meant(place, cell) for place, cell in enumerate(cells)]


def _read_head(sheet: Sheet) -> Rows:
    return list(itertools.islice(sheet.rows(()), TITLE_ROWS + SAMPLE_ROWS))


def write_mapping(path: Path, file: str, columns: Iterable[tuple[str, str]]) -> None:
    """Write a mapping file to start from: every column of a table that could not be read, with its first value.

    Parameters
    ----------
    file
        The table's name, for the command in the first lines.
    """
    lines = [
        "# Write the layer's column after each of the table's, or ignore; one of them must be: name",
        f"# then: locator import table {file} --mapping {path.name}",
        f"# columns: {', '.join(name for name in COLUMNS if name != 'origins')}",
        "columns:",
    ]
    for name, value in columns:
        shown = " ".join(value.split())[:40]
        lines.append(f"  {json.dumps(name, ensure_ascii=False)}: ignore" + (f"  # {shown}" if shown else ""))
    path.write_text("\n".join([*lines, "defaults: {}", ""]), "utf-8")
