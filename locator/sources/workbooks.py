"""XLSX workbooks as rows of texts, weighed before they are unpacked."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from locator.errors import InvalidInput, SourceError
from locator.sources.headers import MAX_COLUMNS, TITLE_ROWS, read_header

MAX_UNPACKED = 600 << 20
"""Bytes that a workbook may unpack to."""
MAX_RATIO = 250
"""How many times larger than packed a sheet of more than 20 MB may be; real ones are about 10 to 50."""
_BROKEN = (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, OSError, SyntaxError, EOFError)
"""What openpyxl lets through when a workbook is not one."""


@contextmanager
def open_workbook(path: Path, sheet: str | None) -> Iterator[Iterator[tuple[int, Sequence[str]]]]:
    """Give the rows of a workbook's sheet with their numbers from 1, as texts.

    Parameters
    ----------
    sheet
        The sheet's name; the first that has a header when None.

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
            yield _sheet_rows(_with_header(sheets), path)
        finally:
            book.close()


def _with_header(sheets: Sequence[Any]) -> Any:
    for sheet in sheets:
        rows = sheet.iter_rows(max_row=TITLE_ROWS, max_col=MAX_COLUMNS, values_only=True)
        if any(read_header([_cell(value) for value in row], {}, where=sheet.title) for row in rows):
            return sheet
    return sheets[0]


def _sheet_rows(sheet: Any, path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    if (sheet.max_column or 0) > MAX_COLUMNS:
        raise SourceError(
            f"{path.name}: {sheet.max_column} columns; expected at most {MAX_COLUMNS}",
            code="too_many_columns",
            file=path.name,
            count=sheet.max_column,
            most=MAX_COLUMNS,
        )
    try:
        for number, row in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True), 1):
            cells = [_cell(value) for value in row]
            while cells and not cells[-1]:
                cells.pop()
            yield number, cells
    except _BROKEN as error:
        raise _broken(path, error) from error


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
    return str(value)
