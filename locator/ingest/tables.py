"""Spreadsheets: CSV in any usual encoding and with any usual separator, and XLSX.

The header is recognised in Chinese and English (:mod:`locator.ingest.headers`), also below a title
row or two; a mapping file names what it does not know. Nothing of a file is believed before it has
been measured: a cell, a line, a row of columns and an unpacked workbook have a largest size.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from locator.csv_text import TITLE_ROWS, find_encoding, read_rows
from locator.datum import Datum
from locator.errors import InvalidInput, SourceError
from locator.ingest import RawRecord
from locator.ingest.headers import Header, join_headers, load_mapping, read_header, to_fields


class TableSource:
    """A CSV or XLSX file as records.

    Parameters
    ----------
    location
        The file. ``.xlsx`` is a workbook, everything else is read as CSV.
    name
        What the layer calls this source; the file's name without its ending when None.
    datum
        What the positions are measured against; None believes the header (``经度(GCJ-02)``), else WGS-84.
    mapping
        A YAML or JSON file with ``columns`` (theirs to ours) and ``defaults`` (values for every row).
    encoding
        ``utf-8``, ``gb18030`` …; found by itself when None.
    sheet
        A workbook's sheet; the first that has a header when None.
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
        self.other_sheets: tuple[str, ...] = ()
        """Further sheets of a workbook that have a header too, once it has been opened."""

    @property
    def _is_workbook(self) -> bool:
        return self.path.suffix.lower() in (".xlsx", ".xlsm")

    @cached_property
    def header(self) -> tuple[int, Header]:
        """The header's row number, from 1, and what its columns are."""
        columns, where = self._mapping.columns, self.path.name
        with self._rows() as rows:
            for number, cells in itertools.islice(rows, TITLE_ROWS):
                found = read_header(cells, columns, where=where)
                if found is not None:
                    below = next(rows, (number, ()))
                    both = join_headers(cells, below[1], columns, where=where)
                    return (number, found) if both is None else (below[0], both)
        raise SourceError(
            f"{self.path.name}: no row of the first {TITLE_ROWS} names its columns (at least 名称 or name)",
            code="header_unknown",
            file=self.path.name,
        )

    @property
    def datum(self) -> Datum:
        """What the positions are measured against."""
        return self._datum or self.header[1].datum or Datum.WGS84

    @property
    def ignored(self) -> tuple[str, ...]:
        """The columns that nobody knew."""
        return self.header[1].ignored

    @cached_property
    def total(self) -> int | None:
        """About how many rows there are (a cell may hold line breaks); None for a workbook."""
        if self._is_workbook:
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
        header_row, header = self.header
        width = len(header.fields)
        own = [place for place, name in enumerate(header.fields) if name in ("id", "name")]
        with self._rows(own) as rows:
            for number, cells in rows:
                if number <= header_row or not any(cell.strip() for cell in cells):
                    continue
                extra = [cell for cell in cells[width:] if cell.strip()]
                fault = ("", "cells_extra", extra[0], f"more cells than the {width} columns") if extra else None
                yield RawRecord(
                    source=self.name,
                    file=self.path.name,
                    row=number,
                    fields={**self._mapping.defaults, **_given(to_fields(header, cells), self._mapping.defaults)},
                    datum=None,
                    fault=fault,
                )

    @contextmanager
    def _rows(self, single: Sequence[int] = ()) -> Iterator[Iterator[tuple[int, Sequence[str]]]]:
        """Give the file's rows with their numbers from 1, as texts; ``single`` as of :func:`open_workbook`."""
        try:
            if self._is_workbook:
                from locator.ingest.workbooks import open_workbook

                with open_workbook(self.path, self._sheet, single=single) as (rows, self.other_sheets):
                    yield rows
            else:
                with self.path.open(encoding=self._encoding or find_encoding(self.path), newline="") as text:
                    yield read_rows(text, self.path.name)
        except LookupError as error:
            raise InvalidInput(
                f"no encoding {self._encoding!r}", code="encoding_unknown", given=self._encoding
            ) from error
        except UnicodeDecodeError as error:
            raise SourceError(
                f"{self.path.name}: not {error.encoding} text at byte {error.start}",
                code="encoding",
                file=self.path.name,
                encoding=error.encoding,
            ) from error


def _given(fields: Mapping[str, str], defaults: Mapping[str, str]) -> dict[str, str]:
    """Return the fields, without the blank ones that have a default."""
    return {name: value for name, value in fields.items() if value.strip() or name not in defaults}
