"""Tables in files of text: CSV both ways, JSON records; no cell that a spreadsheet would run.

Encoding and separator of a CSV are found; the importer and the batch read it alike. What the program writes
(exports, rejects, a batch's answers) opens in a spreadsheet as text, whatever it says.
"""

from __future__ import annotations

import codecs
import csv
import itertools
import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from locator.errors import InvalidInput, SourceError

if TYPE_CHECKING:
    import pyarrow as pa

MAX_COLUMNS = 400
"""How many columns a table may have."""
TITLE_ROWS = 20
"""How far down the header is looked for."""
MAX_LINE = 1 << 20
"""Characters in one line of a CSV file."""
SEPARATORS = ",;\t|"
SURE_OF_UTF8 = 4
"""A text with this many Han in UTF-8 before its first fault is in no other encoding by accident."""
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
FORMULA_STARTS = "=+-@\t\r＝＋－＠"
"""What a spreadsheet runs a cell for, when it starts with one of these."""
MAX_JSON = 400 << 20
"""Bytes of a JSON file or a web page."""
_IDIOM = re.compile(r'="([^"]*)"')
"""How people keep Excel from reading a text as a number, in CSV: ``="0531-88923656"``."""
_HAN = re.compile("[\u4e00-\u9fff]")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)

Rows = Iterator[tuple[int, Sequence[str]]]


class Sheet(NamedTuple):
    """One table of a file."""

    title: str
    shown: bool
    """False for a sheet that its workbook hides."""
    rows: Callable[[Collection[int]], Rows]
    """Gives the rows with their numbers from 1, from the start each time. A cell merged over several rows is in
    each of them, as a person sees it, but for those of the given columns (from 0): they count once."""


def find_encoding(path: Path) -> str:
    """Return the encoding of a text file; see :func:`_find_encoding`. Asked twice, it is read once.

    Raises
    ------
    SourceError
        It is no text.
    """
    stat = path.stat()
    return _find_encoding(path, (stat.st_ino, stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=8)
def _find_encoding(path: Path, _mark: tuple[int, int, int]) -> str:
    """Return the encoding of a text file: what its mark says, else UTF-8 if all of it is, else GB18030.

    A text that was UTF-8 up to a fault is broken UTF-8: as GB18030 it would be read as other words.

    Raises
    ------
    SourceError
        It is neither.
    """
    with path.open("rb") as handle:
        start = handle.read(4)
        marked = next((encoding for mark, encoding in _MARKS.items() if start.startswith(mark)), None)
        for encoding in (marked,) if marked else ("utf-8", "gb18030"):
            handle.seek(0)
            fault, han = _decode_all(handle, encoding)
            if fault is None:
                return encoding
            if han >= SURE_OF_UTF8:
                raise SourceError(
                    f"{path.name}: UTF-8 text with a fault at byte {fault}; save it again as CSV UTF-8",
                    code="encoding",
                    file=path.name,
                    encoding="UTF-8",
                )
    raise SourceError(
        f"{path.name} is no text in UTF-8 or GB18030; save it again as CSV UTF-8",
        code="encoding",
        file=path.name,
        encoding="UTF-8, GB18030",
    )


def _decode_all(handle: IO[bytes], encoding: str) -> tuple[int | None, int]:
    """Return where a file stops being text of an encoding, None for nowhere, and how many Han came before."""
    decoder = codecs.getincrementaldecoder(encoding)()
    han = done = 0
    block = b""
    try:
        while block := handle.read(1 << 20):
            if b"\0" in block and encoding != "utf-16":
                return done + block.index(b"\0"), 0
            text = decoder.decode(block)
            han += _count_han(text) if han < SURE_OF_UTF8 else 0  # no more are needed, and counting is slow
            done += len(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return done + error.start, han + _count_han(bytes(error.object[: error.start]).decode(encoding, "ignore"))
    return None, han


def _count_han(text: str) -> int:
    return 0 if text.isascii() else len(_HAN.findall(text))


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

    reader = csv.reader(tapped(), delimiter=find_separator(first), strict=False)
    number = 1
    try:
        for cells in reader:
            if len(taken) > 1 and sum(line.count('"') for line in taken) % 2:
                raise csv.Error(f"a quotation mark that is not closed, over {len(taken)} lines")
            taken.clear()
            if len(cells) > MAX_COLUMNS:
                raise too_wide(file, len(cells))
            yield number, cells
            number += 1
    except csv.Error as error:
        raise SourceError(f"{file}, row {number}: {error}", code="csv_broken", file=file, row=number) from error


def too_wide(file: str, count: int) -> SourceError:
    """Return the error of a table with more than :data:`MAX_COLUMNS` columns."""
    return SourceError(
        f"{file}: {count} columns; expected at most {MAX_COLUMNS}",
        code="too_many_columns", file=file, count=count, most=MAX_COLUMNS,
    )  # fmt: skip


def _limited(text: IO[str], file: str) -> Iterator[str]:
    """Yield lines, none longer than :data:`MAX_LINE`."""
    while line := text.readline(MAX_LINE):
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
            raise SourceError(f"{file}: a line of more than {MAX_LINE} characters", code="line_long", file=file)
        yield line


def find_separator(lines: Sequence[str]) -> str:
    """Return what parts the cells: of ``, ; tab |`` the one that is in most lines most evenly."""

    def score(separator: str) -> tuple[int, int]:
        counts = [len(next(csv.reader([line], delimiter=separator), [])) for line in lines if line.strip()]
        usual = max(set(counts), key=counts.count) if counts else 0
        return (counts.count(usual), usual) if usual > 1 else (0, usual)

    return max(SEPARATORS, key=score)


# --- whole files: CSV, JSON


@contextmanager
def open_csv(path: Path, encoding: str | None) -> Iterator[list[Sheet]]:
    """Give a CSV file as its one sheet."""

    def rows(_single: Collection[int]) -> Rows:
        with decoding(path, encoding), path.open(encoding=encoding or find_encoding(path), newline="") as text:
            for number, cells in read_rows(text, path.name):
                yield number, [undo_idiom(cell) for cell in cells] if '="' in "".join(cells) else cells

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
    """Return the text of a cell that keeps Excel from reading it as a number."""
    match = _IDIOM.fullmatch(cell)
    return match[1] if match else cell


@contextmanager
def open_json(path: Path, encoding: str | None) -> Iterator[list[Sheet]]:
    """Give a JSON file as its one sheet: an array of objects, an object that holds one, or an object a line.

    Raises
    ------
    SourceError
        It is no JSON, too large, nested too deeply, or holds no records.
    """
    if path.stat().st_size > MAX_JSON:
        raise SourceError(f"{path.name} is larger than {MAX_JSON >> 20} MB", code="json_broken", file=path.name)
    with decoding(path, encoding):
        text = path.read_text(encoding or find_encoding(path)).lstrip("\ufeff")
    try:
        content: object = json.loads(text)
    except ValueError:
        try:
            content = [json.loads(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{path.name} is no JSON: {error}", code="json_broken", file=path.name) from error
    except RecursionError as error:
        raise SourceError(f"{path.name} is nested too deeply", code="json_broken", file=path.name) from error
    if isinstance(content, dict):
        content = next((v for v in content.values() if isinstance(v, list) and v and isinstance(v[0], dict)), [])
    records = [each for each in content if isinstance(each, dict)] if isinstance(content, list) else []
    if not records:
        raise SourceError(f"{path.name} holds no records", code="json_broken", file=path.name)
    names = list(dict.fromkeys(str(name) for record in records for name in record))
    if len(names) > MAX_COLUMNS:
        raise too_wide(path.name, len(names))

    def rows(_single: Collection[int]) -> Rows:
        yield 1, names
        for number, record in enumerate(records, 2):
            yield number, [_to_cell(record.get(name)) for name in names]

    yield [Sheet("", True, rows)]


def _to_cell(value: object) -> str:
    """Return a field's value as a cell: what a list of single values says, one behind the other."""
    if isinstance(value, list) and all(isinstance(each, str | int) for each in value):
        return "; ".join(map(to_text, value))
    return to_text(value)


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
