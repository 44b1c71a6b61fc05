"""Which column of somebody's table is which of ours: by its name, by words like it, and by what stands in it."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from locator.datum import Datum
from locator.gazetteer.text import simplify
from locator.ingest.layout import (
    ADDRESS_PHONES,
    BANK,
    LATLON,
    LONLAT,
    PAIR,
    PART,
    find_area_code,
    find_beaten,
    is_bank,
    name_all,
    number_doubles,
    plain_key,
    rank_columns,
)
from locator.ingest.osm import OWN_TAGS, TAGS
from locator.ingest.positions import datum_of_columns, find_degrees, is_pair, read_degrees
from locator.ingest.values import (
    INVISIBLE,
    YES_NO,
    kind_of_name,
    normalize_number,
    read_days,
    read_kind,
    read_status,
)
from locator.layer import COLUMNS
from locator.settings import load_yaml, shipped_dir

SAMPLE_ROWS = 200
"""How many rows below the header are looked at where a column's name is not known."""

_KNOWN_BY = load_yaml(shipped_dir() / "words" / "columns.yaml")
WORDS: Mapping[str, tuple[str, ...]] = {column: tuple(words) for column, words in _KNOWN_BY["words"].items()}
"""Other words for the layer's columns; the columns' own names go without saying."""
_LIKE = tuple((column, re.compile(pattern)) for column, pattern in _KNOWN_BY["like"].items())
"""Words in a column's name that say what it may be; what stands in it has to fit too."""
_OFFICE = re.compile(
    r"(?:局|中心|所|站|处|厅|大厅|支行|分行|分理处|营业部|营业所|网点|医院|卫生院|窗口|服务点|银行|委员会|办公室)(?:[(（].*)?$"
)
_HOUSE = r"[路街道巷弄村镇][^,，]{0,12}\d{1,5}\s*(?:号|弄|-)"
_VALUE = re.compile(_HOUSE)
"""What no column is called."""
_ADDRESS = re.compile(
    _HOUSE + r"|(?:省|市|区|县).{1,20}(?:路|街|道|巷|村|镇|号|大厦)|\d+\s+\w+\s+(?:st|street|road|rd|ave)\b",
    re.IGNORECASE,
)
_PHONE = re.compile(r"[+(]?\d[\d\-() ]*[-(). ][\d\-() ]*\d|1[3-9]\d{9}|0\d{9,11}")

_OUTLET = re.compile("网点|网點|办事点|服务点|经办点|大厅|窗口|outlet|branch|servicepoint", re.IGNORECASE)
_BRACKETS = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]")
_LOOSE = re.compile(r"[\s_\-./·*]+")
_SECOND = frozenset({"name", "address", "phones", "hours", "lon", "lat", "lonlat"})
"""Columns that a second header row may name by words like ours."""
_REPEATED = frozenset({"phones", "status"})
"""Columns of which a table may have several by words like them."""


_PART = re.compile(_KNOWN_BY["hours_part"])
_CLOCK = re.compile(r"\d\s*[:：点點时時]|\d\s*[ap]\.?m|休|不|无|closed|off", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Which column of a table is which of ours."""

    fields: tuple[str | None, ...]
    """For each column of the table the layer's column, or None for one that is left aside."""
    names: tuple[str, ...] = ()
    """The columns' names as a mapping may call them: the second 电话 is ``电话#2``."""
    ignored: tuple[str, ...] = ()
    """The names of the columns that nobody knew."""
    guessed: Mapping[str, str] = field(default_factory=dict)
    """What was taken for a column of ours by words like it, or by what stands in it."""
    datum: Datum | None = None
    """What the names of the position columns say: ``经度(GCJ-02)``."""
    mapped: frozenset[str] = frozenset()
    """The columns of ours that the mapping names."""

    order: tuple[int, ...] = ()
    """The columns in the order in which they are read: those named as ours are come before other words for it."""
    area_code: str | None = None
    """The area code that the name of a column of telephones says: 电话（区号0531）."""

    @property
    def holds_tags(self) -> bool:
        """Whether the columns are OpenStreetMap's keys."""
        return "name" in self.names and not OWN_TAGS.isdisjoint(self.names)


def _plain(name: str) -> str:
    text = INVISIBLE.sub("", unicodedata.normalize("NFKC", name)).strip().rstrip(":").casefold()
    return _LOOSE.sub("", _BRACKETS.sub("", text)) or text


_KNOWN: Mapping[str, str] = {
    _plain(word): column
    for column, words in {**{name: (name,) for name in (*COLUMNS, "datum")}, **WORDS}.items()
    for word in (column, *words)
}
_ENDS = frozenset(word[-1] for word in (*_KNOWN, *"一二三四五六日天末间ys"))
FIELDS = frozenset((*COLUMNS, "datum", "area_code", "extension", LONLAT, LATLON, ADDRESS_PHONES))
"""What a mapping may call a column, besides the days of a week."""


def names_column(cell: str, *, other: bool = False) -> bool:
    """Tell whether a cell is a word for a column, or with ``other`` for one that is not the name's: 地址, 电话."""
    found = _known(cell) if cell.strip() and _ends_known(cell.strip()[-1]) else None
    return found is not None and not (other and found == "name")


@lru_cache(maxsize=4096)
def _ends_known(character: str) -> bool:
    """Tell whether a word for a column may end so: names of offices seldom do."""
    return not character.isalnum() or not _ENDS.isdisjoint((character.casefold(), simplify(character)))


@lru_cache(maxsize=4096)
def _known(name: str) -> str | None:
    """Return the column of ours that a name stands for, written in traditional characters too."""
    plain = _plain(name)
    found = _KNOWN.get(plain)
    if found is None and not plain.isascii():
        found = _KNOWN.get(simplify(plain))
    return found or read_days(plain)


def read_header(
    cells: Sequence[str], mapping: Mapping[str, str], *, sample: Sequence[Sequence[str]] = (), guess: bool = True
) -> Header | None:
    """Return which column is which, or None when these cells are no header (nothing that is a name).

    Parameters
    ----------
    cells
        The texts of one row.
    mapping
        The operator's own words, from the table's column to ours (``ignore`` leaves one aside).
    sample
        Rows below it, for columns whose names are not known.
    guess
        False takes names that are known or mapped, and nothing else.
    """
    names = name_all(number_doubles(cells), sample)
    fields: list[str | None] = [mapping.get(name) or _known(name.partition("#")[0]) for name in names]
    mapped = frozenset(mapping[name] for name in names if name in mapping)
    guessed: dict[str, str] = {}
    if guess and ("name" in fields or _may_be_header(cells)):
        columns = [[row[place].strip() for row in sample if place < len(row)] for place in range(len(names))]
        guessed = _guess(names, fields, columns)
        fields = [found or guessed.get(name) for name, found in zip(names, fields, strict=True)]
        if outlet := _find_outlet(names, fields, columns, mapped):
            guessed[outlet] = "name"
            fields = ["name" if n == outlet else None if f == "name" else f for n, f in zip(names, fields, strict=True)]
    if "name" not in fields:
        return None
    fields = [BANK if not f and is_bank(n) else f for n, f in zip(names, fields, strict=True)]
    tagged = "name" in names and not OWN_TAGS.isdisjoint(names)
    if tagged:  # ``office=government`` is no name
        fields = [None if f == "name" and not n.startswith("name") else f for n, f in zip(names, fields, strict=True)]
    positions = [n for n, f in zip(names, fields, strict=True) if f in ("lon", "lat", LONLAT, LATLON)]
    datum = datum_of_columns(names, positions)
    return Header(
        fields=tuple(None if name == "ignore" else name for name in fields),
        names=tuple(names),
        ignored=(*_find_unknown(names, fields, tagged), *(() if tagged else find_beaten(names, fields, sample))),
        area_code=find_area_code(names, fields),
        guessed=guessed,
        datum=datum,
        mapped=mapped,
        order=rank_columns(names, fields),
    )


def _find_unknown(names: Sequence[str], fields: Sequence[str | None], tagged: bool) -> list[str]:
    return [n for n, f in zip(names, fields, strict=True) if n and not f and not (tagged and n in TAGS)]


def _may_be_header(cells: Sequence[str]) -> bool:
    """Tell whether a row of unknown words may name columns: two or more, short, and none of them a value."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if len(filled) < 2 or len(set(filled)) <= len(filled) / 2:
        return False
    values = (_PHONE.fullmatch(cell) or _VALUE.search(cell) or read_degrees(cell) is not None for cell in filled)
    return not any(len(cell) > 30 for cell in filled) and not any(values)


# --- what a column may be, by words like it and by what stands in it


def _guess(names: Sequence[str], fields: Sequence[str | None], columns: Sequence[Sequence[str]]) -> dict[str, str]:
    """Return a column of ours for names that are not known, where its cells fit."""
    taken = {field for field in fields if field}
    found: dict[str, str] = {}

    def take(name: str, column: str) -> None:
        found[name] = column
        taken.add(column)

    open_ = [place for place, name in enumerate(names) if name and fields[place] is None]
    for place in open_:
        like = _like(names[place])
        cells = [cell for cell in columns[place] if cell]
        if like and like != "ignore" and (like not in taken or like in _REPEATED) and _fits(like, cells):
            take(names[place], like)
    for column in ("phones", "lonlat", "address", "hours", "name"):
        if column not in taken and not (column == "lonlat" and {"lon", "lat"} & taken):
            scores = [
                (_share(column, columns[place]), -place)
                for place in open_
                if names[place] not in found and _like(names[place]) != "ignore"
            ]
            best = max(scores, default=(0.0, 0))
            if best[0] >= 0.6:
                take(names[-best[1]], column)
    for place in (place for place in open_ if names[place] not in found and "status" not in taken):
        said = [read_status(cell) for cell in columns[place] if cell]
        if False in said and said.count(None) <= 0.4 * len(said):
            take(names[place], "status")
    if not {"lon", "lat", "lonlat"} & taken:
        for place, column in find_degrees({p: columns[p] for p in open_ if names[p] not in found}).items():
            take(names[place], column)
    return found


def _find_outlet(
    names: Sequence[str], fields: Sequence[str | None], columns: Sequence[Sequence[str]], mapped: Collection[str]
) -> str | None:
    """Return the column of the outlets where the one taken for names says the same in all rows: whose they are."""
    own = [columns[place] for place, field in enumerate(fields) if field == "name"]
    if "name" in mapped:
        return None
    if len(own) == 2 and own[0] != own[1]:  # 单位 and 网点: the outlet is the office
        outlets = [place for place, field in enumerate(fields) if field == "name" and _OUTLET.search(names[place])]
        return names[outlets[0]] if len(outlets) == 1 and len(set(columns[outlets[0]])) > 1 else None
    if len(own) != 1 or len(own[0]) < 2 or len(set(own[0])) > 1:
        return None
    others = [place for place, field in enumerate(fields) if not field and _like(names[place]) == "name"]
    return next((names[p] for p in others if len(set(columns[p])) == len(columns[p]) == len(own[0])), None)


def _like(name: str) -> str | None:
    plain = _plain(name.partition("#")[0])
    if not plain.isascii():
        plain = simplify(plain)
    if part := _PART.fullmatch(plain):
        return PART + ("open" if part["open"] else "close" if part["close"] else part["part"])
    return next((column for column, pattern in _LIKE if pattern.search(plain)), None)


def _fits(column: str, cells: Sequence[str]) -> bool:
    """Tell whether the cells do not speak against a column that their header sounds like."""
    if not cells:
        return True
    numbers = sum(_is_number(cell) for cell in cells) / len(cells)
    if column in ("lon", "lat"):
        return sum(read_degrees(cell) is not None for cell in cells) >= len(cells) / 2
    if column == "phones":
        return sum(any(c.isdigit() for c in cell) for cell in cells) >= len(cells) / 2
    if column.startswith(PART):
        return sum(bool(_CLOCK.search(cell[:200])) for cell in cells) >= len(cells) / 2
    if column == "kind":
        return any(read_kind(cell) for cell in cells)
    if column == "status":
        return any(cell.lower() in YES_NO or read_status(cell) is not None or cell[:4].isdecimal() for cell in cells)
    return numbers <= 0.5 and not (column == "address" and sum(map(is_pair, cells)) > len(cells) / 2)


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).replace("-", "", 1).isdigit()


def _share(column: str, cells: Sequence[str]) -> float:
    """Return which share of a column's cells are of a kind, 0 where there are none."""
    filled = [cell if cell.isascii() else simplify(cell) for cell in cells if cell][:SAMPLE_ROWS]
    if not filled:
        return 0.0
    if column == "name" and len(set(filled)) < 0.5 * len(filled):
        return 0.0  # the authority that all of them belong to
    return sum(map(_TESTS[column], filled)) / len(filled)


def _is_hours(cell: str) -> bool:
    from locator.hours.reader import read_hours_text

    return any(c.isdigit() for c in cell) and read_hours_text(cell).expr is not None


_TESTS: Mapping[str, Callable[[str], bool]] = {
    "phones": lambda cell: (
        bool(_PHONE.match(cell[:200])) and normalize_number(re.split("[,，;；、/ ]", cell)[0])[0] is not None
    ),
    "lonlat": lambda cell: bool(PAIR.fullmatch(cell)) or is_pair(cell),
    "address": lambda cell: bool(_ADDRESS.search(cell[:200])),
    "hours": _is_hours,
    "name": lambda cell: len(cell) <= 60 and (kind_of_name(cell) is not None or bool(_OFFICE.search(cell[:60]))),
}


def read_values(rows: Sequence[Sequence[str]]) -> Header | None:
    """Return the columns of a table without a header, called ``#1``, ``#2`` …, known by what stands in them.

    None where the first row may be a header, or no column holds names of offices.
    """
    width = max((len(row) for row in rows), default=0)
    names = [f"#{place}" for place in range(1, width + 1)]
    columns = [[row[place].strip() for row in rows if place < len(row)] for place in range(width)]
    fields = _guess(names, [None] * width, columns)
    own = next((column for name, column in zip(names, columns, strict=True) if fields.get(name) == "name"), [""])
    if (
        not own[0]
        or set(own[0]) & set('{}[]<>="')
        or _share("name", own) < 0.8
        or not _TESTS["name"](simplify(own[0]))
        or _known(own[0])
    ):
        return None
    found = read_header(names, fields)
    return found and replace(found, guessed=fields, mapped=frozenset())


def join_headers(
    upper: Sequence[str], lower: Sequence[str], mapping: Mapping[str, str], *, sample: Sequence[Sequence[str]] = ()
) -> Header | None:
    """Return the header of two rows (联系方式 over 电话 and 手机), or None when the lower one is no header.

    Parameters
    ----------
    upper
        A row that is a header by itself, or lacks only what stands below it.
    lower
        The row under it: of a header when nothing but a word for the name is under the name, and at least two of
        its cells, and half of them, are words that are known.
    """
    known = [mapping.get(plain_key(cell)) or _known(cell) or _known_below(cell) for cell in lower]
    filled = [name for name, cell in zip(known, lower, strict=True) if cell.strip()]
    words = sum(name is not None for name in filled)
    if sum(bool(cell.strip()) for cell in upper) < 2:
        return None  # a title
    if words < 2 or 2 * words < len(filled):
        return None
    for cell, name, below in itertools.zip_longest(upper, known, lower, fillvalue=""):
        if (mapping.get(plain_key(cell)) or _known(cell)) == "name" and below.strip() and name != "name":
            return None
    both = [below if below.strip() else above for above, below in itertools.zip_longest(upper, lower, fillvalue="")]
    found = read_header(both, mapping, sample=sample)
    return replace(found, datum=datum_of_columns((), upper)) if found and found.datum is None else found


def _known_below(cell: str) -> str | None:
    """Return what a cell of a second header row says by words like it: a row of offices says no such words."""
    found = _like(cell) if 1 < len(cell.strip()) <= 12 and not any(c.isdigit() for c in cell) else None
    return found if found in _SECOND and (found != "name" or cell.strip().endswith(("名称", "名"))) else None
