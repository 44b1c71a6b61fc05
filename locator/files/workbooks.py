"""What a file of rows is, by its content, and its sheets as rows of texts: CSV, XLSX, XLS, ODS, HTML, JSON.

Everything that depends on how openpyxl works inside stands here; it was read in version 3.1.5, and
:func:`check_openpyxl` says which part no longer fits.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import warnings
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

from locator.errors import SourceError
from locator.files import find_encoding, find_format, list_archive
from locator.files.text_files import (
    MAX_COLUMNS,
    MAX_JSON,
    Rows,
    Sheet,
    decoding,
    open_csv,
    open_json,
    to_text,
    too_wide,
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
                        yield number, _trim([_cell(value) for value in cells], path)

                try:
                    yield from fill_merged(read(), merged, single)
                finally:
                    while cells is not None:  # who asks for less than all leaves the rest in the pipe
                        cells = child.read()

            def sheet(title: str, shown: bool) -> Sheet:
                return Sheet(title, shown, lambda single: rows(title, single))

            yield [sheet(title, shown) for title, shown in child.ask(None)]
    except ChildFailed as error:
        raise _broken(path, error) from error


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
        return fill_merged(_sheet_rows(sheet, path), scan().merged, single)

    return Sheet(sheet.title, sheet.sheet_state == "visible", rows, lambda: scan()[1:])


def check_openpyxl() -> list[str]:
    """Return what this module reaches into that openpyxl no longer has: nothing, as long as all fits."""
    import openpyxl.worksheet._read_only as read_only

    wanted = ("_get_source", "reset_dimensions", "iter_rows")
    return [name for name in wanted if not hasattr(read_only.ReadOnlyWorksheet, name)]


def _sheet_rows(sheet: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            yield number, _trim([_cell(value) for value in row], path)
    except _BROKEN as error:
        raise _broken(path, error) from error


def _trim(cells: list[str], path: Path) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) > MAX_COLUMNS:
        raise too_wide(path.name, len(cells))
    return cells


class _Scan(NamedTuple):
    """What a sheet's XML says beside its cells, which a sheet that is read row by row does not tell."""

    merged: dict[int, list[tuple[int, int]]]
    """The merged cells higher than a row: by their first row, their column from 0 and last row."""
    hidden: int
    """Rows that are hidden."""
    blank: int
    """Formulas whose values are not kept: no spreadsheet has computed them."""
    comments: int
    """1 where cells have comments: their texts stand in another part of the workbook."""


def _scan_sheet(sheet: Any, path: Path) -> _Scan:
    from openpyxl.utils import column_index_from_string

    found: dict[int, list[tuple[int, int]]] = {}
    hidden = blank = comments = 0
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
                for tag in _MERGED.finditer(whole):
                    match = _SPAN.search(tag[1])
                    if match and int(match[2]) < int(match[3]):
                        column = column_index_from_string(match[1].decode()) - 1
                        found.setdefault(int(match[2]), []).append((column, int(match[3])))
    except _BROKEN as error:
        raise _broken(path, error) from error
    return _Scan(found, hidden, blank, comments)


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
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
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


# --- web pages, which many a system calls .xls


class _TableParser(HTMLParser):
    """Collects the tables of a web page: what Excel's "web page" and many systems' .xls are."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[str]]] = []
        self.merged: list[dict[int, list[tuple[int, int]]]] = []
        """Of each table, the cells higher than a row: by their first row, their column from 0 and last row."""
        self._bottoms: dict[int, int] = {}
        """Of each column of the last table, the last row that a cell of a row above reaches down to."""
        self._cell: list[str] | None = None
        self._wide = self._high = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        tag, attrs = _as_html(tag, attrs)
        if tag == "table":
            self.tables.append([])
            self.merged.append({})
            self._bottoms = {}
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
            self._pass_over()
        elif tag in ("td", "th") and self.tables and self.tables[-1]:
            self._end_cell()
            self._cell = []
            self._wide, self._high = (_read_span(dict(attrs).get(name)) for name in ("colspan", "rowspan"))
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table", "cell", "row"):
            self._end_cell()

    def parse_marked_section(self, i: int, report: bool = True) -> int:  # noqa: ARG002 - its signature
        """Pass over ``<![if …]>`` as a browser does; the library fails on words it does not know there."""
        return self.parse_bogus_comment(i, report=False)

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _end_cell(self) -> None:
        if self._cell is not None and self.tables and self.tables[-1]:
            number, row = len(self.tables[-1]), self.tables[-1][-1]
            wide = max(1, min(self._wide, MAX_COLUMNS - len(row)))
            if self._high > 1 and len(row) < MAX_COLUMNS:
                places, bottom = range(len(row), len(row) + wide), number + self._high - 1
                self.merged[-1].setdefault(number, []).extend((place, bottom) for place in places)
                self._bottoms.update((place, max(bottom, self._bottoms.get(place, 0))) for place in places)
            row += [" ".join("".join(self._cell).split()), *[""] * (wide - 1)]
            self._pass_over()
        self._cell = None

    def _pass_over(self) -> None:
        """Leave the columns blank that cells of rows above reach down into."""
        number, row = len(self.tables[-1]), self.tables[-1][-1]
        while self._bottoms.get(len(row), 0) >= number:
            row.append("")


def _as_html(tag: str, attrs: list[tuple[str, str | None]]) -> tuple[str, list[tuple[str, str | None]]]:
    """Return a tag of Excel's XML of 2003 as one of a web page's table."""
    if tag not in ("cell", "row", "ss:cell", "ss:row"):
        return tag, attrs
    further = {"ss:mergeacross": "colspan", "ss:mergedown": "rowspan"}
    spans: list[tuple[str, str | None]] = [
        (further[name], str(int(n) + 1)) for name, n in attrs if name in further and n and n.isdigit()
    ]
    return ("td" if tag.endswith("cell") else "tr"), spans


def _read_span(given: str | None) -> int:
    """Return over how many columns or rows a cell goes."""
    return max(min(int(given[:9]), MAX_COLUMNS), 1) if given and given.isascii() and given.isdigit() else 1


@contextmanager
def open_html(path: Path, encoding: str | None) -> Iterator[list[Sheet]]:
    """Give the tables of a web page that hold anything.

    Raises
    ------
    SourceError
        It holds none, or is too large.
    """
    if path.stat().st_size > MAX_JSON:
        raise SourceError(f"{path.name} is larger than {MAX_JSON >> 20} MB", code="html_no_table", file=path.name)
    with decoding(path, encoding):
        text = path.read_text(encoding or find_encoding(path))
    parser = _TableParser()
    parser.feed(text)
    parser.close()
    both = zip(parser.tables, parser.merged, strict=True)
    filled = [(table, merged) for table, merged in both if any(any(row) for row in table)]
    if not filled:
        raise SourceError(f"{path.name} is a web page without a table", code="html_no_table", file=path.name)

    def sheet(number: int, table: list[list[str]], merged: Mapping[int, Sequence[tuple[int, int]]]) -> Sheet:
        def rows(single: Collection[int]) -> Rows:
            return fill_merged(((n, _trim(list(row), path)) for n, row in enumerate(table, 1)), merged, single)

        return Sheet(f"#{number}", True, rows)

    yield [sheet(number, *both) for number, both in enumerate(filled, 1)]


def fill_merged(
    rows: Iterator[tuple[int, list[str]]], merged: Mapping[int, Sequence[tuple[int, int]]], single: Collection[int]
) -> Rows:
    """Yield rows with the texts of cells merged from above; a row with nothing of its own stays empty."""
    open_cells: dict[int, tuple[int, str]] = {}
    for number, cells in rows:
        if any(cells):
            open_cells = {column: cell for column, cell in open_cells.items() if number <= cell[0]}
            for column, (_, text) in open_cells.items():
                if column not in single:
                    cells.extend([""] * (column + 1 - len(cells)))
                    cells[column] = cells[column] or text
        for column, bottom in merged.get(number, ()):
            if column < len(cells) and cells[column]:
                open_cells[column] = bottom, cells[column]
            else:
                open_cells.pop(column, None)
        yield number, cells


_OPENERS: Mapping[str, Callable[[Path, str | None], contextlib.AbstractContextManager[list[Sheet]]]] = {
    "csv": open_csv,
    "xlsx": _open_xlsx,
    "xls": _open_in_child,
    "ods": _open_in_child,
    "html": open_html,
    "json": open_json,
}
