"""What a file of rows is, by its content, and its sheets as rows of texts: CSV, XLSX, XLS, ODS, HTML, JSON.

Everything that depends on how openpyxl works inside stands here; it was read in version 3.1.5, and
:func:`check_openpyxl` says which part no longer fits.
"""

from __future__ import annotations

import contextlib
import html
import itertools
import re
import warnings
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from locator.errors import SourceError
from locator.files import ZIPPED, find_format, list_archive
from locator.files.documents import open_html, open_json
from locator.files.text_files import (
    MAX_COLUMNS,
    Rows,
    Sheet,
    Unseen,
    fill_merged,
    open_csv,
    to_text,
    trim_cells,
    undo_idiom,
)

MAX_UNPACKED = 600 << 20
"""Bytes that a workbook may unpack to."""
MAX_RATIO = 250
"""How many times larger than packed a sheet of more than 20 MB may be; real ones are about 10 to 50."""
MAX_STRINGS = 1_500_000
"""How many texts a workbook may keep; openpyxl takes 8 s for a million."""
_MERGED = re.compile(rb"mergeCell\s([^<>]{1,200})")
_HIDDEN = re.compile(rb"<row\s[^<>]*\bhidden=\"(?:1|true)\"")
_COLUMN = re.compile(rb"<col\s([^<>]{1,300})")
_ATTRIBUTE = re.compile(rb'\b(min|max|hidden)="([^"]{1,9})"')
_STYLED = re.compile(rb'<c\s[^<>]*\bs="(\d{1,6})"[^<>]*(?<!/)>')
_NO_VALUE = re.compile(
    rb'<c(?![^<>]*\bt="str")\s[^<>]*>\s*<f\b[^<>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>'
)
_SPAN = re.compile(rb'ref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"')
_ESCAPED = re.compile("_x000[9AaDd]_")
"""How Excel writes a line break of another system into a cell."""
_BROKEN = (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, OSError, SyntaxError, EOFError)
"""What openpyxl lets through when a workbook is not one."""


@contextmanager
def open_sheets(path: Path, encoding: str | None = None) -> Iterator[list[Sheet]]:
    """Give the tables of a file.

    Raises
    ------
    InvalidInput
        No such encoding.
    SourceError
        The file is not one of rows (the message says what it is), is broken, or would unpack to far more than
        a table of offices ever does.
    """
    form = find_format(path)
    locked = form == "xls" and path.suffix.lower() in (".xlsx", ".xlsm", ".ods")
    inside = ", ".join(list_archive(path)) if form == "zip" else ""
    told = {"file": path.name, "form": form, "expected": ", ".join(_OPENERS), "inside": inside}
    if form == "empty":
        raise SourceError(f"{path.name} is empty", code="format_empty", **told)
    if locked:
        raise SourceError(f"{path.name} is locked by a password, or an .xls", code="workbook_locked", **told)
    if inside:
        raise SourceError(f"{path.name} is a ZIP archive of {inside}: unpack it first", code="format_archive", **told)
    if form == "csv" and path.suffix.lower() in (".json", ".jsonl", ".ndjson"):
        raise SourceError(f"{path.name} is no JSON", code="json_broken", **told)
    if form == "zip":
        raise _broken(path, "a ZIP archive that is cut short")
    if form not in _OPENERS:
        raise SourceError(f"{path.name} is {form}, no table", code="format_other", **told)
    with _OPENERS[form](path, encoding) as sheets:
        yield sheets


# --- XLS and ODS, read by a child


@contextmanager
def _open_in_child(path: Path, _encoding: str | None) -> Iterator[list[Sheet]]:
    from locator.files.isolated import ChildFailed, open_child

    if zipfile.is_zipfile(path):
        _weigh(path)
    try:
        with open_child("workbook", path) as child:

            def rows(title: str, single: Collection[int]) -> Rows:
                spans = child.ask([title, None])
                merged: dict[int, list[tuple[int, int]]] = {}
                for top, left, bottom in spans:
                    merged.setdefault(top + 1, []).append((left, bottom + 1))

                cells: list[object] | None = []

                def read() -> Iterator[tuple[int, list[str]]]:
                    nonlocal cells
                    for number in itertools.count(1):
                        cells = child.read()
                        if cells is None:
                            return
                        yield number, trim_cells([_cell(value) for value in cells], path)

                try:
                    yield from fill_merged(read(), merged, single)
                finally:
                    while cells is not None:  # who asks for less than all leaves the rest in the pipe
                        cells = child.read()

            scan = cache(lambda: _scan_ods(path) if zipfile.is_zipfile(path) else {})

            def sheet(title: str, shown: bool) -> Sheet:
                return Sheet(title, shown, lambda single: rows(title, single), lambda: scan().get(title, Unseen()))

            yield [sheet(title, shown) for title, shown in child.ask(None)]
    except ChildFailed as error:
        raise _broken(path, error) from error


_ODS_TAG = re.compile(rb"<(table:table|table:table-row|table:table-column|office:annotation)(\s[^<>]*)?/?>")
_ODS_SAID = re.compile(rb'table:(name|visibility|number-(?:rows|columns)-repeated)="([^"]*)"')
_WHOLE_SHEET = 50_000
"""So many blank rows are hidden together where the rest of a sheet is."""


def _scan_ods(path: Path) -> dict[str, Unseen]:
    """Return what each sheet of an OpenDocument hides, which its reader does not tell."""
    found: dict[str, Unseen] = {}
    title, column, rest = "", 0, b""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("content.xml") as source:
            while block := source.read(1 << 20):
                text = rest + block
                cut = max(text.rfind(b"<"), 0)
                rest = text[cut:][: 1 << 16]
                for tag in _ODS_TAG.finditer(text[:cut]):
                    said = dict(_ODS_SAID.findall(tag[2] or b""))
                    if tag[1] == b"table:table":
                        title, column = html.unescape(said.get(b"name", b"").decode(errors="replace")), 0
                    found[title], column = _add_hidden(found.get(title, Unseen()), tag[1], said, column)
    except ZIPPED as error:
        raise _broken(path, error) from error
    return found


def _add_hidden(unseen: Unseen, tag: bytes, said: Mapping[bytes, bytes], column: int) -> tuple[Unseen, int]:
    """Return what a sheet hides with a further tag, and the column after it."""
    repeated = next((n for name, n in said.items() if name.startswith(b"number") and n.isdigit()), b"1")
    times, hidden = int(repeated[:9]), said.get(b"visibility") in (b"collapse", b"filter")
    if tag == b"office:annotation":
        return unseen._replace(comments=1), column
    if tag == b"table:table-row" and hidden and times < _WHOLE_SHEET:
        return unseen._replace(rows=unseen.rows + times), column
    if tag != b"table:table-column":
        return unseen, column
    hidden_ones = range(column, min(column + times, MAX_COLUMNS)) if hidden else ()
    return unseen._replace(columns=(*unseen.columns, *hidden_ones)), column + times


# --- XLSX


@contextmanager
def _open_xlsx(path: Path, _encoding: str | None) -> Iterator[list[Sheet]]:
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
            for each in book.worksheets:
                each.reset_dimensions()  # what a file says of its size is often wrong
            if not book.worksheets:
                raise SourceError(
                    f"{path.name} has no sheet of cells", code="header_unknown", file=path.name, columns="—"
                )
            yield [_xlsx_sheet(each, path) for each in book.worksheets]
        finally:
            book.close()


def _xlsx_sheet(sheet: Any, path: Path) -> Sheet:
    scan = cache(lambda: _scan_sheet(sheet, path))

    def rows(single: Collection[int]) -> Rows:
        return fill_merged(_sheet_rows(sheet, path), scan()[0], single)

    return Sheet(sheet.title, sheet.sheet_state == "visible", rows, lambda: scan()[1])


def check_openpyxl() -> list[str]:
    """Return what this module reaches into that openpyxl no longer has: nothing, as long as all fits."""
    import openpyxl
    from openpyxl.worksheet import _read_only as read_only

    wanted = ("_get_source", "reset_dimensions", "iter_rows")
    book = openpyxl.Workbook()
    missing = [name for name in ("_fonts", "_cell_styles") if not hasattr(book, name)]
    return [*missing, *(name for name in wanted if not hasattr(read_only.ReadOnlyWorksheet, name))]


def _sheet_rows(sheet: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            yield number, trim_cells([_cell(value) for value in row], path)
    except _BROKEN as error:
        raise _broken(path, error) from error


def _scan_sheet(sheet: Any, path: Path) -> tuple[dict[int, list[tuple[int, int]]], Unseen]:
    """Return what a sheet's XML says beside its cells, which a sheet that is read row by row does not tell.

    Returns
    -------
    merged
        The cells higher than a row: by their first row, their column from 0 and last row.
    unseen
        What the sheet hides.
    """
    from openpyxl.utils import column_index_from_string

    merged: dict[int, list[tuple[int, int]]] = {}
    struck_styles = _find_struck(sheet.parent)
    hidden = blank = comments = struck = 0
    columns: list[int] = []
    rest = b""
    try:
        with sheet._get_source() as source:
            while block := source.read(1 << 20):
                text = rest + block
                cut = text.rfind(b"<c ") if b"<c " in text[-4096:] else text.rfind(b"<", len(text) - 250)
                whole, rest = (text[:cut], text[cut:]) if cut > 0 and len(block) == 1 << 20 else (text, b"")
                hidden += len(_HIDDEN.findall(whole))
                blank += len(_NO_VALUE.findall(whole))
                comments |= b"<legacyDrawing " in whole
                struck += sum(style in struck_styles for style in _STYLED.findall(whole)) if struck_styles else 0
                columns += [place for tag in _COLUMN.finditer(whole) for place in _hidden_columns(tag[1])]
                for tag in _MERGED.finditer(whole):
                    match = _SPAN.search(tag[1])
                    if match and int(match[2]) < int(match[3]):
                        column = column_index_from_string(match[1].decode()) - 1
                        merged.setdefault(int(match[2]), []).append((column, int(match[3])))
    except _BROKEN as error:
        raise _broken(path, error) from error
    return merged, Unseen(hidden, blank, comments, struck, tuple(columns))


def _hidden_columns(attributes: bytes) -> range:
    """Return the columns that a tag ``<col min="2" max="3" hidden="1"/>`` hides."""
    told = dict(_ATTRIBUTE.findall(attributes))
    if told.get(b"hidden") not in (b"1", b"true"):
        return range(0)
    return range(int(told.get(b"min", b"1")) - 1, min(int(told.get(b"max", b"0")), MAX_COLUMNS))


def _find_struck(book: Any) -> set[bytes]:
    """Return the numbers of a workbook's styles whose text is struck through."""
    fonts = {number for number, font in enumerate(book._fonts) if font.strike}
    return {b"%d" % number for number, style in enumerate(book._cell_styles) if style.fontId in fonts}


def _broken(path: Path, error: object) -> SourceError:
    return SourceError(f"{path.name} is no workbook: {error}", code="workbook_broken", file=path.name)


def _weigh(path: Path) -> None:
    """Refuse a workbook that unpacks to more, or keeps more texts, than a spreadsheet of offices ever would."""
    strings = 0
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            swollen = any(m.file_size > 20 << 20 and m.file_size > MAX_RATIO * max(m.compress_size, 1) for m in members)
            if unpacked <= MAX_UNPACKED and not swollen:
                for member in members:
                    if member.filename.lower().endswith("sharedstrings.xml"):
                        with archive.open(member) as texts:
                            strings += sum(b.count(b"<si") for b in iter(lambda: texts.read(1 << 20), b""))
    except ZIPPED as error:
        raise _broken(path, error) from error
    if unpacked > MAX_UNPACKED or swollen or len(members) > 10_000 or strings > MAX_STRINGS:
        raise SourceError(
            f"{path.name} would unpack to {unpacked >> 20} MB from {path.stat().st_size >> 10} kB, {strings} texts",
            code="workbook_swollen",
            file=path.name,
            megabytes=unpacked >> 20,
        )


def _cell(value: object) -> str:
    """Return a workbook's cell as the text a person sees in it."""
    text = to_text(value)
    return undo_idiom(_ESCAPED.sub(" ", text)) if isinstance(value, str) else text


_OPENERS: Mapping[str, Callable[[Path, str | None], contextlib.AbstractContextManager[list[Sheet]]]] = {
    "csv": open_csv,
    "xlsx": _open_xlsx,
    "xls": _open_in_child,
    "ods": _open_in_child,
    "html": open_html,
    "json": open_json,
}
