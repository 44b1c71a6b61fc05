"""CSV both ways: encoding and separator found by themselves, and no cell that a spreadsheet would run.

What people send is read by the importer and the batch alike; what the program writes (exports, rejects, a
batch's answers) opens in a spreadsheet as text, whatever it says.
"""

from __future__ import annotations

import codecs
import csv
import itertools
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from locator.errors import SourceError

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
"""So many Han in UTF-8 before its first fault are no accident of another encoding."""
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
FORMULA_STARTS = "=+-@\t\r＝＋－＠"
"""What a spreadsheet runs a cell for, when it starts with one of these."""
_HAN = re.compile("[\u4e00-\u9fff]")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)


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
                raise SourceError(
                    f"{file}: {len(cells)} columns; expected at most {MAX_COLUMNS}",
                    code="too_many_columns",
                    file=file,
                    count=len(cells),
                    most=MAX_COLUMNS,
                )
            yield number, cells
            number += 1
    except csv.Error as error:
        raise SourceError(f"{file}, row {number}: {error}", code="csv_broken", file=file, row=number) from error


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
