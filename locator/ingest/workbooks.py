"""XLSX workbooks as rows of texts, weighed before they are unpacked."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from locator.csv_text import MAX_COLUMNS, TITLE_ROWS
from locator.errors import InvalidInput, SourceError
from locator.ingest.headers import read_header

MAX_UNPACKED = 600 << 20
"""Bytes that a workbook may unpack to."""
MAX_RATIO = 250
"""How many times larger than packed a sheet of more than 20 MB may be; real ones are about 10 to 50."""
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"')
_ESCAPED = re.compile("_x000[9AaDd]_")
"""How Excel writes a line break of another system into a cell."""
_BROKEN = (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, OSError, SyntaxError, EOFError)
"""What openpyxl lets through when a workbook is not one."""


@contextmanager
def open_workbook(
    path: Path, sheet: str | None, *, single: Collection[int] = ()
) -> Iterator[tuple[Iterator[tuple[int, Sequence[str]]], tuple[str, ...]]]:
    """Give the rows of a workbook's sheet with their numbers from 1, as texts, and the sheets left aside.

    A cell merged over several rows is in each of them, as a person sees it.

    Parameters
    ----------
    sheet
        The sheet's name; the first that has a header when None.
    single
        Columns (from 0) in which a merged cell counts for its first row only.

    Yields
    ------
    rows, others
        ``others`` names the further sheets that have a header too.

    Raises
    ------
    InvalidInput
        No such sheet.
    SourceError
        No workbook, or one that would unpack to far more than a table of offices ever does.
    """
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    _weigh(path)
    with path.open("rb") as file:  # ours to close: openpyxl leaves a broken workbook's file open
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about styles and extensions, which are not read
                book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except (InvalidFileException, *_BROKEN) as error:
            raise _broken(path, error) from error
        try:
            if sheet is not None and sheet not in book.sheetnames:
                raise InvalidInput(
                    f"{path.name} has no sheet {sheet!r}; it has {', '.join(book.sheetnames)}",
                    code="sheet_missing",
                    file=path.name,
                    sheet=sheet,
                )
            sheets = [book[sheet]] if sheet else book.worksheets
            for each in sheets:
                each.reset_dimensions()  # what a file says of its size is often wrong
            headed = [each for each in sheets if _has_header(each)] or sheets[:1]
            if not headed:
                raise SourceError(f"{path.name} has no sheet of cells", code="header_unknown", file=path.name)
            rows = _fill_merged(_sheet_rows(headed[0], path), _find_merged(headed[0], path), single)
            yield rows, tuple(each.title for each in headed[1:])
        finally:
            book.close()


def _has_header(sheet: Any) -> bool:
    rows = sheet.iter_rows(max_row=TITLE_ROWS, max_col=MAX_COLUMNS, values_only=True)
    return any(read_header([_cell(value) for value in row], {}, where=sheet.title) for row in rows)


def _sheet_rows(sheet: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            cells = [_cell(value) for value in row]
            while cells and not cells[-1]:
                cells.pop()
            if len(cells) > MAX_COLUMNS:
                raise SourceError(
                    f"{path.name}: {len(cells)} columns; expected at most {MAX_COLUMNS}",
                    code="too_many_columns",
                    file=path.name,
                    count=len(cells),
                    most=MAX_COLUMNS,
                )
            yield number, cells
    except _BROKEN as error:
        raise _broken(path, error) from error


def _find_merged(sheet: Any, path: Path) -> dict[int, list[tuple[int, int]]]:
    """Return the merged cells higher than a row: by their first row, their column from 0 and last row.

    A sheet that is read row by row does not tell them; they stand behind its rows in the file.
    """
    from openpyxl.utils import column_index_from_string

    found: dict[int, list[tuple[int, int]]] = {}
    rest = b""
    try:
        with sheet._get_source() as source:
            while block := source.read(1 << 20):
                text = rest + block
                for match in _MERGED.finditer(text):
                    column, top, bottom = match[1].decode(), int(match[2]), int(match[3])
                    if top < bottom:
                        found.setdefault(top, []).append((column_index_from_string(column) - 1, bottom))
                rest = text[-200:] if b"mergeCell" in text[-200:] else b""
    except _BROKEN as error:
        raise _broken(path, error) from error
    return found


def _fill_merged(
    rows: Iterator[tuple[int, list[str]]], merged: Mapping[int, Sequence[tuple[int, int]]], single: Collection[int]
) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield rows with the texts of cells merged from above; a row with nothing of its own stays empty."""
    open_cells: dict[int, tuple[int, str]] = {}
    for number, cells in rows:
        if any(cells):
            for column, (bottom, text) in open_cells.items():
                if number <= bottom and column not in single:
                    cells.extend([""] * (column + 1 - len(cells)))
                    cells[column] = cells[column] or text
        for column, bottom in merged.get(number, ()):
            open_cells[column] = bottom, cells[column] if column < len(cells) else ""
        yield number, cells


def _broken(path: Path, error: Exception) -> SourceError:
    return SourceError(f"{path.name} is no XLSX workbook: {error}", code="workbook_broken", file=path.name)


def _weigh(path: Path) -> None:
    """Refuse a workbook that unpacks to more than a spreadsheet of offices ever would."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _broken(path, error) from error
    unpacked = sum(member.file_size for member in members)
    swollen = any(m.file_size > 20 << 20 and m.file_size > MAX_RATIO * max(m.compress_size, 1) for m in members)
    if unpacked > MAX_UNPACKED or swollen or len(members) > 10_000:
        raise SourceError(
            f"{path.name} would unpack to {unpacked >> 20} MB from {path.stat().st_size >> 10} kB",
            code="workbook_swollen",
            file=path.name,
            megabytes=unpacked >> 20,
        )


def _cell(value: object) -> str:
    """Return a workbook's cell as the text a person sees in it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return _ESCAPED.sub(" ", str(value))
