"""How a table lies on its sheet: the names of its columns, tables side by side, headings over rows, sums, 同上."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from locator.adcode import LEVELS
from locator.files.text_files import MAX_COLUMNS, TITLE_ROWS, Rows, Sheet, Unseen, unescape_formula
from locator.gazetteer.text import read_division_names
from locator.ingest.positions import split_pair
from locator.ingest.values import DAYS, INVISIBLE, answer_question, join_days, kind_of_name, read_status

if TYPE_CHECKING:
    from locator.ingest.headers import Header

_TOTAL = re.compile(
    r"\S{0,8}?(?:小计|合计|总计|共计|總計|合計|小計|共計|汇总|subtotal|total)(?:[:：]?共?[\d,.]*[家个個处處]?(?:网点|机构|單位|单位)?|[(（][^()（）]*[)）])",
    re.IGNORECASE,
)
"""A row with such a cell in any column is a sum."""
SUMS = ("计", "計", "汇总", "total")
"""What a row with a word for a sum holds."""
_COUNTED = re.compile("共?\\s?\\d{1,6}\\s?[家个處处所]?|[一二三四五六七八九十]{1,3}[、.．]?")
"""A running number or a number of offices beside a heading."""
_MOST_CELLS = 3
"""A heading, its number and how many offices follow."""
_ORNAMENT = re.compile(
    "^(?:[一二三四五六七八九十]{1,3}[、.．]|[(（][一二三四五六七八九十\\d]{1,3}[)）]|[#*●■◆▲★【\\[<《]|\\s)+"
    "|[(（]\\s*共?\\s?\\d{1,6}\\s?[家个處处所][)）]|[:：】\\]>》\\s]+$"
)
"""What is around the words of a heading: 一、…（2家）, 【…】, …："""
_JOINED = frozenset({"phones", "address", "status"})
"""Columns that two of a table's may fill together; of any other, the first that is not blank counts."""
PART = "hours:"
"""Begins the name of a column that holds the hours of some days, of a season or a half of the day: ``hours:周末``."""
_AREA_CODE = re.compile(r"(?<!\d)(0(?:10|2\d|[3-9]\d{2}))(?!\d)")
SHORT = 24
"""A word for a sum or a column is no longer."""
DITTO = frozenset({"同上", "〃", "″", "同前"})
"""What stands for the cell above."""


def plain_key(name: str) -> str:
    """Return a column's name as a mapping and a header are compared: blanks around it and double ones do not count."""
    return " ".join(INVISIBLE.sub("", unicodedata.normalize("NFKC", name)).split())


def name_all(names: Sequence[str], sample: Sequence[Sequence[str]]) -> list[str]:
    """Return the names with ``#4`` for a fourth column that has none but holds something else than running numbers."""
    named = list(names)
    for place in (place for place, name in enumerate(names) if not name):
        cells = [cell for row in sample for cell in row[place : place + 1] if cell.strip()]
        if cells and not _count_up(cells):
            named[place] = f"#{place + 1}"
    return named


def _count_up(cells: Sequence[str]) -> bool:
    """Tell whether cells are running numbers: 1, 2, 3 …"""
    numbers = [int(cell) for cell in cells if cell.isdecimal() and len(cell) < 7]
    return len(numbers) == len(cells) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def number_doubles(cells: Sequence[str]) -> list[str]:
    """Return the columns' names; one that was there before gets its number: ``电话#2``."""
    counts: dict[str, int] = {}
    names = []
    for cell in cells:
        name = plain_key(cell)
        counts[name] = counts.get(name, 0) + 1
        names.append(name if counts[name] == 1 or not name else f"{name}#{counts[name]}")
    return names


class Block(NamedTuple):
    """The columns of a table from one on."""

    first: int
    header: Header


def own_places(blocks: Sequence[Block]) -> list[int]:
    """Return the columns of ids and names, which count once where cells are merged."""
    return [b.first + p for b in blocks for p, name in enumerate(b.header.fields) if name in ("id", "name")]


def to_blocks(header: Header) -> tuple[Block, ...]:
    """Return the tables that stand side by side under one header (名称 地址 名称 地址): each is one."""
    plain = [name.partition("#")[0] for name in header.names]
    first = next(p for p, field in enumerate(header.fields) if field == "name")
    starts = [p for p, name in enumerate(plain) if name == plain[first]]
    if len(starts) < 2:
        return _part_at_gaps(header)
    step = starts[1] - starts[0]
    pieces = [plain[p : p + step] for p in range(0, len(plain), step)]
    alike = all(one == other for piece in pieces[1:] for one, other in zip(piece, pieces[0], strict=False) if one)
    if step < 2 or not alike:
        return (Block(0, header),)
    made = []
    for begin in range(0, len(plain), step):
        part = slice(begin, begin + step)
        fields = tuple(header.fields[p] or header.fields[p % step] for p in range(len(plain))[part])
        names = tuple(plain[part])
        order = tuple(p for p in sorted(range(step), key=header.order.index) if p < len(names))
        made.append(Block(begin, replace(header, fields=fields, names=names, order=order)))
    return tuple(block for block in made if "name" in block.header.fields)


def _part_at_gaps(header: Header) -> tuple[Block, ...]:
    """Return tables of different columns that stand side by side with an empty column between them."""
    ends = [place for place, name in enumerate(header.names) if not name]
    spans = list(zip([0, *(end + 1 for end in ends)], [*ends, len(header.names)], strict=True))
    named = [(begin, end) for begin, end in spans if "name" in header.fields[begin:end]]
    if len(named) < 2 or any(len(set(header.fields[b:e]) - {None}) < 2 for b, e in named):
        return (Block(0, header),)
    made = []
    for begin, end in named:
        order = tuple(place - begin for place in header.order if begin <= place < end)
        names, fields = header.names[begin:end], header.fields[begin:end]
        made.append(Block(begin, replace(header, fields=fields, names=names, order=order)))
    return tuple(made)


HINT = re.compile(
    r"^(?:[(（][^()（）]*[)）]|文本型?|字符(?:串|型)?|数字|数值|日期|整数|小数|(?:必|选|非必)填项?|可选|必选|可空|单选|下拉(?:选择)?"
    r"|string|text|number|integer|float|date|varchar\S{0,9}|required|optional|mandatory)$",
    re.IGNORECASE,
)
"""What a form says under the names of its columns: （全称）, 必填, 文本."""


def stand_up(sheet: Sheet, names_column: Callable[..., bool]) -> Sheet:
    """Return a sheet with its offices in rows, where they stand in columns or each in lines of its own.

    Parameters
    ----------
    names_column
        Tells whether a cell is a word for a column; with ``other``, for one that is not the name's.
    """
    rows = [cells for _, cells in itertools.islice(sheet.rows(()), TITLE_ROWS + 1) if any(cells)]
    lines = [_pair_up(row, names_column) for row in rows]
    named = sum(names_column(label) and not names_column(label, other=True) for line in lines for label, _ in line)
    if named > 1 and 2 * sum(map(bool, lines)) > len(rows):
        return sheet._replace(rows=lambda _single: _deal(sheet, names_column), find_unseen=Unseen)
    words = sum(names_column(row[0]) for row in rows[1:])
    across = any(names_column(cell) for row in rows for cell in row[1:])
    if not 2 < len(rows) <= TITLE_ROWS or across or words < 2 or 2 * words < len(rows) - 1:
        return sheet
    if not names_column(rows[0][0]):
        rows[0] = ["name", *rows[0][1:]]
    columns = list(itertools.zip_longest(*rows, fillvalue=""))
    return sheet._replace(rows=lambda _single: enumerate(columns, 1), find_unseen=Unseen)


def _pair_up(row: Sequence[str], names_column: Callable[..., bool]) -> list[tuple[str, str]]:
    """Return the labels and values of a line 单位名称： 甲社保中心 电话： 12333; nothing of another row."""
    filled = [cell.strip() for cell in row if cell.strip()]
    labels, values = filled[::2], filled[1::2]
    said = len(labels) == len(values) and all(names_column(one) or one.endswith((":", "：")) for one in labels)
    return list(zip(labels, values, strict=True)) if said and not any(map(names_column, values)) else []


def _deal(sheet: Sheet, names_column: Callable[..., bool]) -> Rows:
    """Yield a row of labels, then one for each office: its values, from one label of the name to the next."""
    offices: list[tuple[int, dict[str, str]]] = []
    for number, cells in sheet.rows(()):
        for label, value in _pair_up(cells, names_column):
            key = plain_key(label).rstrip(":")
            if not offices or key in offices[-1][1]:
                offices.append((number, {}))
            offices[-1][1][key] = value
    labels = list(dict.fromkeys(label for _, office in offices for label in office))[:MAX_COLUMNS]
    yield 1, labels
    for number, office in offices:
        yield number + 1, [office.get(label, "") for label in labels]


def is_total(cell: str) -> bool:
    """Tell whether a cell is a word for a sum: 合计, 总 计, 历下区小计（3家）."""
    return len(cell) < SHORT and _TOTAL.fullmatch("".join(cell.split())) is not None


def repeat_above(cells: Sequence[str], above: Sequence[str], own: Collection[int]) -> list[str]:
    """Return a row in which 同上 is what the row above says; in the columns ``own`` (id and name) it says nothing.

    Nothing is above the first row: there it may stand for the cell on the left, as in columns of days.
    """

    def meant(place: int, cell: str) -> str:
        if cell.strip() not in DITTO:
            return cell
        if place in own:
            return ""
        return cell if not above else above[place] if place < len(above) else ""

    return [meant(place, cell) for place, cell in enumerate(cells)]


_CLOCK_TIME = 8
"""No time of day, such as 09:00:00, is longer."""
_FIRST_PHONE = re.compile(
    r"(?<![\d-])(?:(?:联系|咨询|服务|办公)?(?:电话|热线)[:：]?\s?)?"
    r"(?=\(?0\d{2,3}\)?[- ]?\d{7,8}(?!\d)|1[3-9]\d{9}(?!\d)|\d{7,8}(?!\d)|1\d{4}(?!\d|\s?[号弄-]))"
)


def split_address_phones(cell: str) -> tuple[str, str]:
    """Return the address and the telephones of a cell that holds both: 经十路1号 电话：0531-88923656."""
    match = _FIRST_PHONE.search(unicodedata.normalize("NFKC", cell)[:400])
    if match is None:
        return cell, ""
    plain = unicodedata.normalize("NFKC", cell)
    return plain[: match.start()].strip(" ,;/、。(\n"), plain[match.end() :].strip().rstrip(")")


def join_cells(column: str, first: str, second: str) -> str:
    """Return two cells of one row as one: telephones behind each other, addresses as one line."""
    one, other = first.strip(), second.strip()
    if not other or other in one:
        return first
    if column != "address":
        return f"{one}; {other}"
    if one in other:
        return other
    return first if any(c.isdigit() for c in one) else one + other  # two houses are two addresses: the first counts


def join_hours(found: dict[str, str], days: Mapping[str, str], parts: dict[str, str]) -> None:
    """Put the hours of several columns into one text: of days, ``工作日 9:00-17:00；周末 休息``, ``9:00-17:00``."""
    if any(cell.strip() for cell in days.values()) and not found.get("hours", "").strip():
        found["hours"] = join_days(days)
    if not any(parts.values()):
        return
    if "close" in parts and "open" not in parts and len(found.get("hours", "")) <= _CLOCK_TIME:
        parts["open"] = found.pop("hours", "")  # 上班时间, which is all of the hours where no 下班时间 stands beside it
    first, last = parts.pop("open", ""), parts.pop("close", "")
    span = [f"{first}-{last}" if first and last else first or last]
    told = [found.get("hours", "").strip(), *span, *(f"{part} {cell}" for part, cell in parts.items() if cell)]
    found["hours"] = "；".join(filter(None, told))


def find_area_code(names: Sequence[str], fields: Sequence[str | None]) -> str | None:
    """Return the area code that the name of a column of telephones says: 电话（区号0531）."""
    phones = (_AREA_CODE.search(name) for name, f in zip(names, fields, strict=True) if f == "phones")
    return next((match[1] for match in phones if match), None)


_NEWER = re.compile("^(?:新|现|最新|搬迁后)")


def rank_columns(names: Sequence[str], fields: Sequence[str | None]) -> tuple[int, ...]:
    """Return the places of columns in the order in which they are read: the newer address (新地址), our own names."""
    return tuple(
        sorted(range(len(names)), key=lambda p: (not _NEWER.match(names[p]), names[p].casefold() != fields[p]))
    )


BANK = "bank"
"""A column that says whose outlet a row's 解放路支行 is."""
_IS_BANK = re.compile("(?:所属|开户|合作|服务|经办|发卡)?(?:银行|金融机构)(?:名称)?|bank(?: name)?", re.IGNORECASE)
_OUTLET = re.compile("(?:支行|分行|分理处|营业部|营业所|营业室|储蓄所|网点|社)(?:[(（].*)?$")


def is_bank(name: str) -> bool:
    """Tell whether a column names the bank of an outlet."""
    return _IS_BANK.fullmatch(name) is not None


def name_bank(bank: str, name: str) -> str:
    """Return the name of a bank's outlet with the bank's before it, where it lacks it: 工商银行 and 解放路支行."""
    bare = not any(word in name for word in ("银行", "信用社", "农商", "邮储", bank))
    return bank + name if bare and _OUTLET.search(name) else name


def find_beaten(names: Sequence[str], fields: Sequence[str | None], sample: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the columns that another one with the same meaning goes before, and that say something else."""
    first: dict[str, int] = {}
    for place in rank_columns(names, fields):
        name = fields[place]
        if name is None or name in _JOINED or name.startswith(PART) or "#" in names[place][1:]:
            continue
        other = first.setdefault(name, place)
        pairs = ((row[other].strip(), row[place].strip()) for row in sample if max(other, place) < len(row))
        if other != place and any(one and second and second not in one for one, second in pairs):
            yield names[place]


def add_cell(found: dict[str, str], column: str, cell: str) -> None:
    """Add a cell to what a row says: to the one before it, or where it is the first that is not blank."""
    earlier = found.get(column)
    if not earlier or not earlier.strip():
        found[column] = cell
    elif column in _JOINED:
        found[column] = join_cells(column, earlier, cell)


LONLAT, LATLON, ADDRESS_PHONES = "lonlat", "latlon", "address_phones"
"""Columns that hold a whole position, ``117.02,36.67``, longitude or latitude first; an address with its telephones."""
PAIR = re.compile(r"\d{1,3}\.\d{2,}\s*[,，]\s*\d{1,3}\.\d{2,}|\{[^{}]*lat[^{}]*\}")
"""A map service's ``location`` is a pair of degrees, other people's an address."""
_TEXT_MARK = re.compile(r"^\s*['’‘`](?=[\d+])")
"""What keeps a spreadsheet from reading a text as a number, in a cell that is text anyway."""


_READ_OTHERWISE = frozenset({*DAYS, LONLAT, LATLON, ADDRESS_PHONES, BANK, "address", "id", "status"})
"""Columns whose cells are more, or less, than a text for the column of that name."""


def to_fields(header: Header, cells: Sequence[str]) -> dict[str, str]:
    """Return a row's texts by our columns' names."""
    found: dict[str, str] = {"area_code": header.area_code} if header.area_code else {}
    days: dict[str, str] = {}
    parts: dict[str, str] = {}
    bank = ""
    for place in header.order:
        name = header.fields[place]
        if name is None or place >= len(cells):
            continue
        cell = cells[place]
        if cell and not cell[0].isalnum():
            cell = _TEXT_MARK.sub("", unescape_formula(cell))
        if name not in _READ_OTHERWISE and not name.startswith(PART):
            add_cell(found, name, cell)
        elif name in DAYS:
            days[name] = cell
        elif name.startswith(PART):
            parts[name.removeprefix(PART)] = cell.strip()
        elif name in (LONLAT, LATLON) or (name == "address" and PAIR.fullmatch(cell.strip())):
            if cell.strip():
                found["lon"], found["lat"] = split_pair(cell, lat_first=name == LATLON)
        elif name == BANK:
            bank = cell.strip()
        elif name == ADDRESS_PHONES:
            address, phones = split_address_phones(cell)
            add_cell(found, "address", address)
            add_cell(found, "phones", phones)
        elif name != "id" or "id" in header.mapped or not cell.strip().removesuffix(".0").isdigit():
            # a running number is no name for ever
            add_cell(found, name, answer_question(header.names[place], cell) if name == "status" else cell)
    join_hours(found, days, parts)
    if bank:
        found["name"] = name_bank(bank, found.get("name", ""))
    return found


class Headings:
    """The headings of a table: what 历下区： in a row of its own says of the rows below it.

    Parameters
    ----------
    title
        The sheet's, which is a heading over all of its rows.
    """

    def __init__(self, title: str) -> None:
        self.divisions: dict[str, str] = {}
        """Names of divisions by level, the largest first."""
        self.closed = ""
        """The words of a heading by which the offices below it are closed."""
        self.read([title])

    def read(self, cells: Sequence[str]) -> str | None:
        """Take a row that is a heading and return its text; None for any other row."""
        filled = [cell.strip() for cell in cells if cell and not cell.isspace()]
        if len(filled) > _MOST_CELLS:
            return None
        said = {cell for cell in filled if not _COUNTED.fullmatch(cell)}
        whole = said.pop() if len(said) == 1 else ""
        if not 1 < len(whole) <= 40:
            return None
        bare = _ORNAMENT.sub("", whole)
        names = read_division_names(bare)
        closed = read_status(bare) is False
        if not names and not closed and (bare == whole or kind_of_name(bare) is not None):
            return None
        self.closed = bare if closed else ""
        coarser = LEVELS[: min((LEVELS.index(level) for level in names), default=0)]
        self.divisions = {level: name for level, name in self.divisions.items() if level in coarser} | names
        return whole

    def fill(self, fields: dict[str, str]) -> None:
        """Give a row what its headings say, where it says nothing itself or nothing else."""
        if not self.divisions and not self.closed:
            return
        if self.closed and not fields.get("status", "").strip():
            fields["status"] = self.closed
        own = {level: fields[level].strip() for level in LEVELS if fields.get(level, "").strip()}
        others = any(self.divisions.get(level, name) != name for level, name in own.items())
        if others or fields.get("adcode", "").strip():
            return
        fields.update({level: name for level, name in self.divisions.items() if level not in own})
