"""A CSV file as blocks of whole records, each with the byte at which it ends.

Blocks are cut without parsing (a record ends at a newline that closes an even number of quotes), so
the file is read once, from any byte on, and the parsing is shared by those who answer.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from locator.errors import DataError, InvalidInput, NotFound

SAMPLE = 1 << 20
LONGEST_RECORD = 16 << 20
"""A quote that stays open longer than this is taken for a stray one."""
DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvFile:
    """A CSV file and how to read it."""

    path: Path
    columns: tuple[str, ...]
    encoding: str
    """``utf-8`` or, as Excel writes it on a Chinese Windows, ``gb18030``."""
    delimiter: str
    start: int
    """The byte at which the first record after the header begins."""
    size: int

    def column(self, name: str) -> int:
        """Return the number of a column by its name.

        Raises
        ------
        InvalidInput
            The file has no such column.
        """
        if name not in self.columns:
            known = ", ".join(self.columns)
            message = f"{self.path} has no column {name!r}; it has: {known}"
            raise InvalidInput(message, code="batch_column", path=str(self.path), name=name, columns=known)
        return self.columns.index(name)


class CsvBlock(NamedTuple):
    """Whole records, as they stand in the file."""

    data: bytes
    end: int
    """The byte of the file at which the next record begins."""


class CsvRecords(NamedTuple):
    """The parsed records of a block."""

    table: pa.Table
    """Text columns ``0``, ``1`` …; an empty cell is an empty text."""
    numbers: list[int]
    """Each record's number in the block, from 1."""
    total: int
    """How many records the block has, with the broken ones."""
    broken: list[tuple[int, str]]
    """Number and text of the records whose cells are too many or too few."""
    garbled: bool
    """True when some bytes are not in the file's encoding; they read as U+FFFD."""


def open_csv(path: Path, *, encoding: str | None = None, delimiter: str | None = None) -> CsvFile:
    """Return a CSV file's columns and form.

    Parameters
    ----------
    encoding
        UTF-8 (with or without the mark), or GB18030 where the start of the file is not UTF-8, when None.
    delimiter
        The one of ``, ; tab |`` that the header has most of, when None.

    Raises
    ------
    NotFound
        There is no such file.
    DataError
        It cannot be read.
    InvalidInput
        It is empty, or its header has the same name twice.
    """
    try:
        with path.open("rb") as stream:
            sample = stream.read(SAMPLE)
            size = stream.seek(0, io.SEEK_END)
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {path}", code="file_not_found", path=str(path)) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}", code="file_unreadable", path=str(path)) from error
    mark = len(codecs.BOM_UTF8) if sample.startswith(codecs.BOM_UTF8) else 0
    if encoding is None:
        encoding = "utf-8" if mark or _is_utf8(sample) else "gb18030"
    header = sample[mark : _record_end(sample, mark, last=False) or len(sample)]
    text = header.decode(encoding, "replace").rstrip("\r\n")
    if not text.strip():
        raise InvalidInput(f"{path} has no header", code="batch_empty", path=str(path))
    if delimiter is None:
        delimiter = max(DELIMITERS, key=text.count)
    columns = tuple(name.strip() for name in next(csv.reader([text], delimiter=delimiter)))
    if len(set(columns)) < len(columns):
        raise InvalidInput(f"{path} names a column twice", code="batch_columns_twice", path=str(path))
    return CsvFile(
        path=path, columns=columns, encoding=encoding, delimiter=delimiter, start=mark + len(header), size=size
    )


def _is_utf8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _record_end(data: bytes, start: int, *, last: bool) -> int | None:
    """Return where the first (or last) record that ends in ``data`` ends, None when none does."""
    if last:
        end, quotes = len(data), data.count(b'"', start)
        while (newline := data.rfind(b"\n", start, end)) >= 0:
            quotes -= data.count(b'"', newline + 1, end)
            if quotes % 2 == 0:
                return newline + 1
            end = newline
        return None
    newline, quotes, counted = start - 1, 0, start
    while (newline := data.find(b"\n", newline + 1)) >= 0:
        quotes += data.count(b'"', counted, newline)
        counted = newline
        if quotes % 2 == 0:
            return newline + 1
    return None


def read_blocks(source: CsvFile, *, start: int, size: int) -> Iterator[CsvBlock]:
    """Yield the file's records from byte ``start`` on, in blocks of about ``size`` bytes."""
    with source.path.open("rb") as stream:
        stream.seek(start)
        held, position = b"", start
        while True:
            more = stream.read(size)
            held += more
            cut = _record_end(held, 0, last=True) if more else len(held)
            if cut is None and len(held) > LONGEST_RECORD:
                cut = held.rfind(b"\n") + 1 or len(held)
            if cut:
                position += cut
                yield CsvBlock(held[:cut], position)
                held = held[cut:]
            if not more:
                return


def parse(source: CsvFile, block: CsvBlock) -> CsvRecords:
    """Return the records of a block."""
    import pyarrow.csv as arrow_csv

    data, garbled = block.data, False
    try:
        decoded = data.decode(source.encoding)
    except UnicodeDecodeError:
        decoded, garbled = data.decode(source.encoding, "replace"), True
    if garbled or source.encoding != "utf-8":
        data = decoded.encode()
    broken: list[tuple[int, str]] = []
    names = [str(number) for number in range(len(source.columns))]
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(data),
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            parse_options=arrow_csv.ParseOptions(
                delimiter=source.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=len(names) > 1,
                invalid_row_handler=_note(broken),
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, null_values=[]
            ),
        )
    except pa.ArrowInvalid:
        broken.clear()
        table = _parse_slowly(decoded, source.delimiter, names, broken)
    bad = {number for number, _ in broken}
    total = table.num_rows + len(bad)
    numbers = [number for number in range(1, total + 1) if number not in bad]
    return CsvRecords(table, numbers, total, broken, garbled)


def _note(broken: list[tuple[int, str]]) -> Callable[[object], str]:
    def note(row: object) -> str:
        broken.append((row.number, row.text))  # type: ignore[attr-defined]
        return "skip"

    return note


def _parse_slowly(text: str, delimiter: str, names: list[str], broken: list[tuple[int, str]]) -> pa.Table:
    """Parse what Arrow cannot (a quote that never closes) with Python's more patient reader."""
    kept: list[list[str]] = []
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for number, row in enumerate((row for row in rows if row or len(names) == 1), 1):
        if len(row) == len(names):
            kept.append(row)
        else:
            broken.append((number, delimiter.join(row)))
    columns = [pa.array([row[place] for row in kept], pa.string()) for place in range(len(names))]
    return pa.table(columns, names=names)
