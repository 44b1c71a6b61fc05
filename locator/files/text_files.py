"""Tables in files of text: CSV both ways, and no cell that a spreadsheet would run.

Encoding and separator of a CSV are found; the importer and the batch read it alike. What the program writes
(exports, rejects, a batch's answers) opens in a spreadsheet as text, whatever it says.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from locator.errors import InvalidInput, SourceError
from locator.files import find_encoding

if TYPE_CHECKING:
    import pyarrow as pa

MAX_COLUMNS = 400
"""How many columns a table may have."""
TITLE_ROWS = 20
"""How far down the header is looked for."""
MAX_LINE = 1 << 20
"""Characters in one line of a CSV file."""
SEPARATORS = ",;\t|"
_LONGEST_HEAD = 4096
"""Characters of a row over several lines, where the separator is looked for."""
_OTHER_SEPARATOR = "，"
"""What parts the cells only where none of the usual ones does: it stands in addresses and notes."""
FORMULA_STARTS = "=+-@\t\r＝＋－＠"
"""What a spreadsheet runs a cell for, when it starts with one of these."""
_IDIOM = re.compile(r'="([^"]*)"|=HYPERLINK\(\s*"(?P<link>[^"]*)"\s*(?:[,;]\s*"(?P<shown>[^"]*)"\s*)?\)', re.IGNORECASE)
"""How people keep Excel from reading a text as a number, in CSV: ``="0531-88923656"``."""
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)

Rows = Iterator[tuple[int, Sequence[str]]]


class Unseen(NamedTuple):
    """What a person who looks at a sheet does not see, or sees in another way than as text."""

    rows: int = 0
    """Rows that are hidden or filtered out."""
    formulas: int = 0
    """Formulas whose values are not kept: no spreadsheet has computed them."""
    comments: int = 0
    """1 where cells have comments: their texts stand in another part of the workbook."""
    struck: int = 0
    """Cells whose text is struck through."""
    columns: tuple[int, ...] = ()
    """Hidden columns, from 0."""


class Sheet(NamedTuple):
    """One table of a file."""

    title: str
    shown: bool
    """False for a sheet that its workbook hides."""
    rows: Callable[[Collection[int]], Rows]
    """Gives the rows with their numbers from 1, from the start each time. A cell merged over several rows is in
    each of them, as a person sees it, but for those of the given columns (from 0): they count once."""
    find_unseen: Callable[[], Unseen] = Unseen
    """Looks for what the sheet hides."""


def read_rows(text: IO[str], file: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield a CSV text's rows with their numbers from 1; ``file`` is its name, for errors.

    Raises
    ------
    SourceError
        A quotation mark that is not closed, a line too long, or too many columns.
    """
    lines = _limited(text, file)
    first = list(itertools.islice(lines, TITLE_ROWS))
    taken: list[str] = []

    def tapped() -> Iterator[str]:
        for line in itertools.chain(first, lines):
            taken.append(line)
            yield line

    separator = find_separator(first)
    reader = csv.reader(tapped(), delimiter=separator, strict=False)
    number = 1
    try:
        for cells in reader:
            if sum(line.count('"') for line in taken) % 2 and (len(taken) > 1 or _is_open(taken[0], separator)):
                raise csv.Error(f"a quotation mark that is not closed, over {len(taken)} lines")
            taken.clear()
            if len(cells) > MAX_COLUMNS:
                raise too_wide(file, len(cells))
            yield number, cells
            number += 1
    except csv.Error as error:
        raise SourceError(f"{file}, row {number}: {error}", code="csv_broken", file=file, row=number) from error


def _is_open(line: str, separator: str) -> bool:
    """Tell whether the last cell of a line starts with a quotation mark that nothing closes; at a file's end it may."""
    try:
        list(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def too_wide(file: str, count: int) -> SourceError:
    """Return the error of a table with more than :data:`MAX_COLUMNS` columns."""
    return SourceError(
        f"{file}: {count} columns; expected at most {MAX_COLUMNS}",
        code="too_many_columns", file=file, count=count, most=MAX_COLUMNS,
    )  # fmt: skip


def trim_cells(cells: list[str], path: Path) -> list[str]:
    """Return a row without the blank cells at its end.

    Raises
    ------
    SourceError
        It has more than :data:`MAX_COLUMNS`.
    """
    while cells and not cells[-1]:
        cells.pop()
    if len(cells) > MAX_COLUMNS:
        raise too_wide(path.name, len(cells))
    return cells


def _limited(text: IO[str], file: str) -> Iterator[str]:
    """Yield lines, none longer than :data:`MAX_LINE`."""
    number = 0
    while line := text.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE and not line.endswith(("\n", "\r")):
            columns = max(line.count(separator) for separator in SEPARATORS)
            if columns > MAX_COLUMNS:
                raise SourceError(
                    f"{file}: more than {columns} columns; expected at most {MAX_COLUMNS}",
                    code="too_many_columns",
                    file=file,
                    count=columns,
                    most=MAX_COLUMNS,
                )
            message = f"{file}, row {number}: a line of more than {MAX_LINE} characters"
            raise SourceError(message, code="line_long", file=file, row=number)
        yield line


def find_separator(lines: Sequence[str]) -> str:
    """Return what parts the cells: of ``, ; tab |`` the one that is in most lines most evenly, else ``，``."""

    whole: list[str] = []  # a cell may go over several lines
    for line in lines:
        if whole and whole[-1].count('"') % 2 and len(whole[-1]) < _LONGEST_HEAD:
            whole[-1] += line
        else:
            whole.append(line)

    def score(separator: str) -> tuple[int, int]:
        counts = [
            len(next(csv.reader(line.splitlines(True), delimiter=separator), [])) for line in whole if line.strip()
        ]
        usual = max(set(counts), key=counts.count) if counts else 0
        return (counts.count(usual), usual) if usual > 1 else (0, usual)

    best = max(SEPARATORS, key=score)
    return best if score(best)[1] > 1 else max(best, _OTHER_SEPARATOR, key=score)


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


# --- whole files


@contextmanager
def open_csv(path: Path, encoding: str | None) -> Iterator[list[Sheet]]:
    """Give a CSV file as its one sheet."""

    def rows(_single: Collection[int]) -> Rows:
        with decoding(path, encoding), path.open(encoding=encoding or find_encoding(path), newline="") as text:
            for number, cells in read_rows(text, path.name):
                yield number, [undo_idiom(cell) if cell.startswith("=") else cell for cell in cells]

    yield [Sheet("", True, rows)]


@contextmanager
def decoding(path: Path, encoding: str | None) -> Iterator[None]:
    """Tell what is wrong with the text that is read inside.

    Raises
    ------
    InvalidInput
        There is no such encoding.
    SourceError
        The text is in another one.
    """
    try:
        yield
    except LookupError as error:
        raise InvalidInput(f"no encoding {encoding!r}", code="encoding_unknown", given=encoding) from error
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{path.name}: not {error.encoding} text at byte {error.start}",
            code="encoding",
            file=path.name,
            encoding=error.encoding,
        ) from error


def undo_idiom(cell: str) -> str:
    """Return the text of a cell that keeps Excel from reading it as a number, or that shows a link."""
    match = _IDIOM.fullmatch(cell)
    return (
        next((part for part in (match[1], match["shown"], match["link"]) if part is not None), cell) if match else cell
    )


def to_text(value: object) -> str:
    """Return a field's value as text; lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


# --- cells that a spreadsheet would run


def escape_formula(text: str) -> str:
    """Return a cell that no spreadsheet runs: an apostrophe goes before what would start a formula.

    A plain number may start with its sign; :func:`unescape_formula` takes the apostrophe away again.
    """
    first = text.lstrip()[:1]
    if (first and first in FORMULA_STARTS) or text[:1] in ("\t", "\r", "\n"):
        return text if _NUMBER.fullmatch(text) and text[0] == "-" else "'" + text
    return "'" + text if text.startswith("'") and escape_formula(text[1:]) != text[1:] else text


def unescape_formula(cell: str) -> str:
    """Return the text that :func:`escape_formula` made a cell of."""
    return cell[1:] if cell.startswith("'") and escape_formula(cell[1:]) == cell else cell


def escape_formulas(texts: pa.Array) -> pa.Array:
    """Return a column of cells as :func:`escape_formula` does; plain numbers stay."""
    import pyarrow.compute as pc

    formula = pc.match_substring_regex(texts, r"^(?:[\s\p{Z}]*[=+\-@＝＋－＠]|[\t\r\n])")
    if not pc.any(formula).as_py():
        return texts
    number = pc.match_substring_regex(texts, r"^[+-]?[0-9]*\.?[0-9]+$")
    return pc.if_else(pc.and_not(formula, number), pc.binary_join_element_wise("'", texts, ""), texts)
