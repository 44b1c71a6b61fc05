"""Documents with tables in them: web pages, which many a system calls .xls, Excel's XML of 2003, JSON records."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from locator.errors import SourceError
from locator.files import find_encoding
from locator.files.text_files import (
    MAX_COLUMNS,
    Rows,
    Sheet,
    Unseen,
    decoding,
    fill_merged,
    to_text,
    too_wide,
    trim_cells,
)

MAX_JSON = 400 << 20
"""Bytes of a JSON file or a web page."""


_NOT_SHOWN = re.compile(r"display\s*:\s*none", re.IGNORECASE)


@dataclass(slots=True)
class _Grid:
    """A table of a web page while it is read."""

    rows: list[list[str]] = field(default_factory=list)
    merged: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """The cells higher than a row: by their first row, their column from 0 and last row."""
    bottoms: dict[int, int] = field(default_factory=dict)
    """Of each column, the last row that a cell of a row above reaches down to."""
    cell: list[str] | None = None
    wide: int = 1
    high: int = 1
    hidden: int = 0
    """Rows that a browser does not show."""
    struck: int = 0
    columns: set[int] = field(default_factory=set)
    """Columns with cells that a browser does not show."""

    def begin_cell(self, attrs: Mapping[str, str | None]) -> None:
        """Begin a cell of the last row."""
        self.end_cell()
        self.cell = []
        self.wide, self.high = (_read_span(attrs.get(name)) for name in ("colspan", "rowspan"))
        if _is_hidden(attrs):
            self.columns.add(len(self.rows[-1]))

    def end_cell(self) -> None:
        """Put the cell that is read into its row."""
        if self.cell is not None and self.rows:
            number, row = len(self.rows), self.rows[-1]
            wide = max(1, min(self.wide, MAX_COLUMNS - len(row)))
            if self.high > 1 and len(row) < MAX_COLUMNS:
                places, bottom = range(len(row), len(row) + wide), number + self.high - 1
                self.merged.setdefault(number, []).extend((place, bottom) for place in places)
                self.bottoms.update((place, max(bottom, self.bottoms.get(place, 0))) for place in places)
            row += [" ".join("".join(self.cell).split()), *[""] * (wide - 1)]
            self.pass_over()
        self.cell = None

    def pass_over(self) -> None:
        """Leave the columns blank that cells of rows above reach down into."""
        number, row = len(self.rows), self.rows[-1]
        while self.bottoms.get(len(row), 0) >= number:
            row.append("")


class _TableParser(HTMLParser):
    """Collects the tables of a web page, those inside another table's cells too."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.grids: list[_Grid] = []
        self._open: list[_Grid] = []
        """The tables that the text stands in, the innermost last."""

    @property
    def _grid(self) -> _Grid | None:
        return self._open[-1] if self._open else self.grids[-1] if self.grids else None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        tag, attrs = _as_html(tag, attrs)
        if tag == "table":
            self.grids.append(_Grid())
            self._open.append(self.grids[-1])
        elif (grid := self._grid) is None:
            return
        elif tag == "tr":
            grid.end_cell()
            grid.rows.append([])
            grid.hidden += _is_hidden(dict(attrs))
            grid.pass_over()
        elif tag in ("td", "th") and grid.rows:
            grid.begin_cell(dict(attrs))
        elif tag == "br" and grid.cell is not None:
            grid.cell.append(" ")
        elif tag in ("s", "strike", "del") and grid.cell is not None:
            grid.struck += 1

    def handle_endtag(self, tag: str) -> None:
        grid = self._grid
        if grid is not None and tag in ("td", "th", "tr", "table", "cell", "row"):
            grid.end_cell()
        if tag == "table" and self._open:
            self._open.pop()

    def parse_marked_section(self, i: int, report: bool = True) -> int:  # noqa: ARG002 - its signature
        """Pass over ``<![if …]>`` as a browser does; the library fails on words it does not know there."""
        return self.parse_bogus_comment(i, report=False)

    def handle_data(self, data: str) -> None:
        grid = self._grid
        if grid is not None and grid.cell is not None and self.cdata_elem is None:  # not a script
            grid.cell.append(data)


def _is_hidden(attrs: Mapping[str, str | None]) -> bool:
    return "hidden" in attrs or _NOT_SHOWN.search((attrs.get("style") or "")[:1000]) is not None


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
    filled = [grid for grid in parser.grids if any(any(row) for row in grid.rows)]
    if not filled:
        raise SourceError(f"{path.name} is a web page without a table", code="html_no_table", file=path.name)

    def sheet(number: int, grid: _Grid) -> Sheet:
        def rows(single: Collection[int]) -> Rows:
            trimmed = ((n, trim_cells(list(row), path)) for n, row in enumerate(grid.rows, 1))
            return fill_merged(trimmed, grid.merged, single)

        unseen = Unseen(rows=grid.hidden, struck=grid.struck, columns=tuple(sorted(grid.columns)))
        return Sheet(f"#{number}", True, rows, lambda: unseen)

    yield [sheet(number, grid) for number, grid in enumerate(filled, 1)]


# --- JSON


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
_HOISTED = frozenset({"tags", "properties", "attributes", "fields", "ad_info"})
"""Objects of a record whose members are its own: of features, of OpenStreetMap's, Esri's and Tencent's answers."""
_OSM = ("node", "way", "relation")
_FACT = re.compile("addr|location|tel|phone|^lo?ng?$|^lat|地址|住址|位置|电话|電話|坐标|经度", re.IGNORECASE)
"""Names of what an office says of itself; a photograph, or a member of a relation, says none of it."""
_WIDEST = 0.02
"""Degrees of a building at most: the middle of a wider box is nobody's position."""
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
    arrays: dict[str, list[dict[str, object]]] = {}
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
            arrays[str(name)] = value
        else:
            flat[str(name)] = value
    if kind in (*_OSM, "Feature"):
        del flat["type"]
    if kind in _OSM:
        flat["@id"] = f"{kind}/{flat.pop('id', '')}"
        yield flat | _middle_of(record.get("bounds"))
        return
    alone = any(map(_FACT.search, flat))
    inner: list[dict[str, object]] = []
    for name, children in arrays.items():
        if alone and not any(_FACT.search(str(key)) for child in children for key in child):
            flat[name] = children
        else:
            inner += children
    if not inner:
        yield flat
    for each in inner:
        yield from ({**flat, **child} for child in _unfold(each))


def _middle_of(box: object) -> dict[str, object]:
    """Return the middle of the box that an answer of Overpass gives a building, nothing of a wider one."""
    if not isinstance(box, dict):
        return {}
    told = [box.get(name) for name in ("minlon", "minlat", "maxlon", "maxlat")]
    sides = [float(each) for each in told if isinstance(each, int | float)]
    if len(sides) < len(told):
        return {}
    west, south, east, north = sides
    small = max(east - west, north - south) <= _WIDEST
    return {"lon": (west + east) / 2, "lat": (south + north) / 2} if small else {}


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
