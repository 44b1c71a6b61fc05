"""Tables in files of text: CSV both ways, JSON records; no cell that a spreadsheet would run.

Encoding and separator of a CSV are found; the importer and the batch read it alike. What the program writes
(exports, rejects, a batch's answers) opens in a spreadsheet as text, whatever it says.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
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
_OTHER_SEPARATOR = "，"
"""What parts the cells only where none of the usual ones does: it stands in addresses and notes."""
FORMULA_STARTS = "=+-@\t\r＝＋－＠"
"""What a spreadsheet runs a cell for, when it starts with one of these."""
MAX_JSON = 400 << 20
"""Bytes of a JSON file or a web page."""
_IDIOM = re.compile(r'="([^"]*)"|=HYPERLINK\(\s*"(?P<link>[^"]*)"\s*(?:[,;]\s*"(?P<shown>[^"]*)"\s*)?\)', re.IGNORECASE)
"""How people keep Excel from reading a text as a number, in CSV: ``="0531-88923656"``."""
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
    count_unseen: Callable[[], tuple[int, ...]] = lambda: (0, 0, 0)
    """Counts the rows that a workbook hides and formulas without their values; 1 where cells have comments."""


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

    def score(separator: str) -> tuple[int, int]:
        counts = [len(next(csv.reader([line], delimiter=separator), [])) for line in lines if line.strip()]
        usual = max(set(counts), key=counts.count) if counts else 0
        return (counts.count(usual), usual) if usual > 1 else (0, usual)

    best = max(SEPARATORS, key=score)
    return best if score(best)[1] > 1 else max(best, _OTHER_SEPARATOR, key=score)


# --- whole files: CSV, JSON


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


@contextmanager
def open_json(path: Path, encoding: str | None) -> Iterator[list[Sheet]]:
    """Give a JSON file as its one sheet; see :func:`find_records`, or an object a line.

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
            content = [json.loads(line) for line in text.replace("\x1e", "\n").splitlines() if line.strip()]
        except (ValueError, RecursionError) as error:
            raise SourceError(f"{path.name} is no JSON: {error}", code="json_broken", file=path.name) from error
    except RecursionError as error:
        raise SourceError(f"{path.name} is nested too deeply", code="json_broken", file=path.name) from error
    records = find_records(content)
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


DEEPEST = 6
"""How far down the records of a JSON document are looked for."""
_HOISTED = frozenset({"tags", "properties", "attributes", "fields"})
"""Objects of a record whose members are the record's own: of features, of OpenStreetMap's and Esri's answers."""
_DEGREES = frozenset({"lng", "lon", "long", "longitude", "lat", "latitude", "x", "y"})


def find_records(content: object, deepest: int = DEEPEST) -> list[dict[str, object]]:
    """Return the records of a JSON document, wherever in it they are.

    An array of objects, or of rows below a row of names; objects by key; ``columns`` and ``data``; arrays in
    objects (``data.list``, one for each district) together. Features, and the answers of Overpass, are records too.
    """
    if deepest == 0:
        return []
    if isinstance(content, list):
        if content and all(isinstance(each, list) for each in content):
            names, *rows = content
            return [dict(zip(map(str, names), row, strict=False)) for row in rows]
        records = [each for each in content if isinstance(each, dict)]
        return [flat for each in records for flat in _unfold(each)]
    if not isinstance(content, dict):
        return []
    columns, data = content.get("columns"), content.get("data")
    if isinstance(columns, list) and isinstance(data, list) and all(isinstance(row, list) for row in data):
        return find_records([columns, *data])
    values = list(content.values())
    if len(values) > 1 and all(isinstance(value, dict) for value in values) and "properties" not in content:
        return [flat for key, value in content.items() for flat in _unfold({"key": key, **value})]
    found = [
        (key, find_records(value, deepest - 1)) for key, value in content.items() if isinstance(value, dict | list)
    ]
    most = max((records for _, records in found), key=len, default=[])
    usual = {name for record in most[:1] for name in record}
    same = [(key, records) for key, records in found if records and len(usual & set(records[0])) * 2 >= len(usual)]
    if len(same) < 2:
        return most or (list(_unfold(content)) if content.get("type") == "Feature" else [])
    return [{"group": key, **record} for key, records in same for record in records]


def _unfold(record: dict[str, object]) -> Iterator[dict[str, object]]:
    """Yield a record whose objects are columns of its own; for each record of an array in it, one with both's."""
    flat: dict[str, object] = {}
    inner: list[dict[str, object]] = []
    kind = str(record.get("type", ""))
    for name, value in record.items():
        if isinstance(value, dict) and isinstance(value.get("coordinates"), list):
            flat |= _read_point(value)
        elif isinstance(value, dict):
            bare = (
                name in _HOISTED
                or (value and _DEGREES.issuperset(str(key).lower() for key in value))
                or name == "center"
            )
            flat |= {str(key) if bare else f"{name}.{key}": each for key, each in value.items()}
        elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            inner += value
        else:
            flat[str(name)] = value
    if kind in ("node", "way", "relation", "Feature"):
        del flat["type"]
        if kind != "Feature":
            flat["@id"] = f"{kind}/{flat.pop('id', '')}"
    if not inner:
        yield flat
    for each in inner:
        yield from ({**flat, **child} for child in _unfold(each))


def _read_point(geometry: dict[str, object]) -> dict[str, object]:
    """Return longitude and latitude of a GeoJSON point; nothing of other shapes."""
    pair: object = geometry["coordinates"]
    while isinstance(pair, list) and len(pair) == 1:
        pair = pair[0]
    two = isinstance(pair, list) and len(pair) > 1 and all(isinstance(each, int | float) for each in pair[:2])
    return {"lon": pair[0], "lat": pair[1]} if isinstance(pair, list) and two else {}


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
