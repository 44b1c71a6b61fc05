"""The check of one row, field by field: what a value becomes, or what is wrong with it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from hashlib import blake2b

from locator.adcode import ADCODE_PATTERN, is_adcode
from locator.errors import LocatorError
from locator.hours.clock import ZONE, is_zone
from locator.ingest import Draft
from locator.ingest.values import (
    clean_text,
    find_text_fault,
    kind_of_name,
    read_kind,
    read_phones,
    read_status,
    says_closed,
)
from locator.layer import COLUMNS
from locator.model import Kind, Precision, Provenance, Task

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,79}")
"""What an id may look like: it travels in addresses, file names and spreadsheets."""
_LONG_CODE = re.compile(r"[1-9]\d{5}(?:\d{3}){1,2}")
"""A code of the statistics office, of a township or a village: the county's code stands first."""
_SERVES = re.compile(f"{ADCODE_PATTERN}(?:[0-9]{{3}})?")
_URL = re.compile(r"https?://[^\s<>\"']+$")
_DATE = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?)?(?:[T ].*)?")
_LOOSE_DATE = re.compile(r"(\d{4})[./年-](\d{1,2})(?:[./月-](\d{1,2})日?)?月?(?:[T ].*)?")
_TIGHT_DATE = re.compile(r"^((?:19|20)\d{2})(\d{2})(\d{2})$")
_SERIAL = re.compile(r"[2-5]\d{4}(?:\.\d+)?")
"""Days since the end of 1899, as a spreadsheet counts: from 1954 to 2064."""
_HOURS_IS_DATE = re.compile(
    r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:[T ]\d{1,2}:\d{2}.*)?|\d{5}(?:\.\d+)?|\d{1,2}:\d{2}(?::\d{2})?"
)
_REMARK = re.compile(
    r"(?:合计|总计|小计|共计)\s*(?:[:：\d(（].*)?$|(?:注|备注|说明|附注|填表人|制表人?|审核人?|填报单位|数据来源|[填制][表报]日期)\s*\d?[:：]|共\s*\d+\s*[家个处]"
)
"""What people write under a table, in the column of the names."""
_HEADING = re.compile(
    r"^(?:[\u4e00-\u9fff]{1,8}\s*[:：]|\d{1,2}\s*[.、．)）].*[。；;]$"
    r"|\S{2,30}(?:一览表|名单|名录|目录|名册|统计表|汇总表|信息表)$|(?:社保|医保|人社|政务|银行)\S{0,3}网点$"
    r"|[一二三四五六七八九十]{1,3}[、.．]|[(（][一二三四五六七八九十]{1,3}[)）]|.*[(（]共?\s*\d+\s*[家个個处處所][)）]$"
    r"|\S{0,6}(?:电话|热线|電話|熱線|网址|网站|邮箱|联系人|负责人)\s*[:：]|[*※#]|[【\[].*[】\]]$|.*[:：]$"
    r"|(?:说明|注|来源|统计时间|截至|截止)\s*[:：.\d]|数据(?:截|来源|更新)|以上|以下|本表|此表|上述"
    r"|[\u4e00-\u9fff]{2,7}(?<!街)(?:省|市|区|县|旗|镇|乡)$)"
)
"""What stands alone in a row, over a group of rows or under all of them."""
_EXAMPLE = re.compile(
    r"^(?:填写|填报)?(?:示例|样例|范例|例如?|example)\s*[\d一二三]?(?:\s*[:：]|$)"
    r"|[(（【\[](?:填写|填报)?(?:示例|样例|范例|例|example)[)）】\]]|某某|[XxＸｘ×*＊○]{2,}(?=[\u4e00-\u9fff])",
    re.IGNORECASE,
)
"""What a form says to show how it is filled in."""
_MARKS = "★☆●○◆◇■□▲△※*＊✓√"
"""Signs before or behind a name that point to a note."""
_NUMBERED = re.compile(
    r"(?:\d{1,3}\s*[.、．)）]|[(（]\d{1,3}[)）]|[一二三四五六七八九十]{1,3}、)\s*(?=[\u4e00-\u9fff]{3})"
)
"""The number of a row, before the name in its cell."""
_AREA = re.compile(r"0?(10|2\d|[3-9]\d{2})")
_SAYS = ("address", "phones", "hours", "lon", "lat", "services")
_YES = frozenset({"yes", "true", "1", "是", "有", "可", "limited", "designated"})
_NO = frozenset({"no", "false", "0", "否", "没有", "不可"})
_PLAIN = (
    "name", "name_en", "kind_source", "province", "city", "district", "township", "address", "hours_text",
    "hours_source", "services", "notes", "notes_en",
)  # fmt: skip
_OWN = frozenset({"id", "name", "name_en", "address", "phones", "lon", "lat", "website", "notes", "notes_en"})
"""Columns whose cells are each row's own."""
_OFTEN = 200
"""A cell of more characters is not kept to be known again: a hostile file would fill the memory with them."""
_NOT_TEXT = frozenset({"lon", "lat", "error_m", "datum", "wheelchair", "status", "origins"})


def check_fields(draft: Draft) -> None:
    """Check every field of a row but its position, and fill ``draft.values``."""
    if draft.record.fault:
        draft.add_issue(*draft.record.fault, "row")
        return
    fields: dict[str, str] = {}
    for name, value in draft.record.fields.items():
        alone = name in _OWN or len(value) > _OFTEN
        fields[name], fault = (_clean if alone else _clean_again)(name, value)
        if fault:
            draft.add_issue(name, fault[0], value, fault[1], "row" if name == "name" else "value")
    name = fields.get("name", "")
    if numbered := _NUMBERED.match(name):
        fields["name"] = name[numbered.end() :]
    if marked := fields.get("name", "").strip(_MARKS).strip():
        fields["name"] = marked
    lines = [line for line in draft.text("name").splitlines() if line.strip()]
    if (
        len(lines) > 1
        and sum(kind_of_name(line) is not None or line.strip()[-1] in ")）行厅所站" for line in lines) > 1
    ):
        draft.add_issue("name", "name_several", name, "several lines that may each name an office", "doubt")
    bare = not any(text for column, text in fields.items() if column in _SAYS)
    shown = not any(map(str.isalpha, name)) or _EXAMPLE.search(name) is not None
    if name and (_REMARK.match(name) or shown or (bare and _HEADING.match(name))):
        draft.add_issue("name", "remark_row", fields["name"], "a sum or a remark under the table, not a point", "row")
    _read_closed(draft, fields)
    if not draft.refused and not fields.get("name"):
        draft.add_issue("name", "name_missing", "", "a point needs a name", "row")
    if draft.refused:
        return
    draft.values.update({name: fields.get(name) or None for name in _PLAIN})
    for read in _READERS:
        read(draft, fields)
    _read_provenance(draft, fields)
    _read_id(draft, fields)


def is_web_address(text: str) -> bool:
    """Tell whether a text is an address that a browser opens."""
    return _URL.match(text) is not None


def _read_closed(draft: Draft, fields: Mapping[str, str]) -> None:
    """Refuse a row whose name or status says that the office is closed; a note that may say so is a doubt."""
    if says_closed(fields.get("name", "")):
        draft.add_issue("name", "name_closed", fields["name"], "its name says that it is closed or moved", "row")
    status = fields.get("status", "")
    is_open = read_status(status) if status else True
    if is_open is None:
        draft.add_issue("status", "status_unknown", status, "neither a word for open nor one for closed", "doubt")
    elif not is_open:
        draft.add_issue("status", "status_closed", status, "its status says that it is closed or moved", "row")
    for column in ("notes", "address"):
        if says_closed(fields.get(column, "")):
            draft.add_issue(
                column, "says_closed", fields[column], "may say that the office is closed or moved", "doubt"
            )


def _clean(name: str, value: str) -> tuple[str, tuple[str, str] | None]:
    """Return a cell in the form it is stored in, and what is wrong with it (then it counts as blank)."""
    text = clean_text(value)
    fault = find_text_fault(name, text) if text and name not in _NOT_TEXT else None
    return ("" if fault else text), fault


_clean_again = lru_cache(maxsize=8192)(_clean)
"""For columns whose cells repeat."""


def _read_id(draft: Draft, fields: Mapping[str, str]) -> None:
    """Take the row's own id, OpenStreetMap's ``node/1`` as ``node-1``; make one where there is none."""
    own = fields.get("id", "").replace("/", "-")
    draft.own_id = bool(ID.fullmatch(own))
    if own and not draft.own_id:
        draft.add_issue("id", "id_form", fields["id"], "expected letters, digits, and . _ : - after the first")
    draft.values["id"] = own if draft.own_id else make_id(draft.record.source, fields)


def make_id(source: str, fields: Mapping[str, str]) -> str:
    """Return the id of a row that brings none: from its source, name and address alone, so that it stays.

    A further column (a city, a telephone number) does not change it, nor does another order of the rows.
    """
    parts = "\x1f".join(fields.get(name, "") for name in ("name", "address"))
    digest = blake2b(f"{source}\x1f{parts}".encode(), digest_size=5).hexdigest()
    slug = re.sub(r"[^a-z0-9]+", "-", source.lower()).strip("-")[:20].strip("-")
    return f"{slug or 'import'}-{digest}"


def _read_kind(draft: Draft, fields: Mapping[str, str]) -> None:
    word, name = fields.get("kind", ""), fields["name"]
    kind = read_kind(word) if word else None
    if word and kind is None:
        draft.add_issue("kind", "kind_unknown", word, "expected one of " + ", ".join(Kind))
    source_word = fields.get("kind_source") or word
    draft.values["kind_source"] = source_word if source_word and source_word not in set(Kind) else None
    draft.values["kind"] = kind or read_kind(fields.get("kind_source", "")) or kind_of_name(name) or Kind.OTHER


def _read_phones(draft: Draft, fields: Mapping[str, str]) -> None:
    cell = fields.get("phones", "")
    draft.values["phones"] = ()
    if not cell:
        return
    if (extension := fields.get("extension", "").removesuffix(".0")) and extension not in cell:
        alone = len(read_phones(cell).phones) == 1  # of several numbers nobody knows whose it is
        cell = f"{cell}转{extension}" if alone and extension.isdecimal() else f"{cell}; {extension}"
    area = _AREA.fullmatch(fields.get("area_code", "").strip().removesuffix(".0"))
    found = read_phones(cell, area_code=area and f"0{area[1]}", country=draft.country, abroad=draft.abroad)
    draft.values["phones"] = found.phones
    for part in found.unread:
        draft.add_issue("phones", "phone", part, "no telephone number; expected such as 0531-88923656 or +423 2366111")
    for part in found.local:
        draft.add_issue("phones", "phone_no_area_code", part, "a local number without its area code", "doubt")


def _read_hours(draft: Draft, fields: Mapping[str, str]) -> None:
    cell, words = fields.get("hours", ""), fields.get("hours_text", "")
    plain = unicodedata.normalize("NFKC", cell)
    draft.values["hours"] = None
    draft.values["hours_date"] = _date(draft, "hours_date", fields)
    if cell and _HOURS_IS_DATE.fullmatch(plain):
        draft.add_issue("hours", "hours_is_date", cell, "a date or a single clock time, not opening hours")
    elif cell and parses_as_hours(plain):
        if says_days(plain):
            draft.values["hours"] = plain
        else:
            draft.values["hours_text"] = words or cell
            draft.add_issue("hours", "hours_no_days", cell, "times without a day; expected such as Mo-Fr 09:00-17:00")
    elif cell:
        expr = read_words_as_hours(cell)
        draft.values["hours"] = expr
        draft.values["hours_text"] = words or cell
        if expr is None:
            draft.add_issue("hours", "hours_not_understood", cell, "neither OSM opening_hours nor plain Chinese hours")
    elif words and "hours" not in fields:
        draft.values["hours"] = read_words_as_hours(words)


@lru_cache(maxsize=4096)
def parses_as_hours(expr: str) -> bool:
    """Tell whether a text is an opening_hours expression the program can evaluate."""
    from locator.hours.expression import check_hours

    try:
        check_hours(expr)
    except LocatorError:
        return False
    return True


@lru_cache(maxsize=4096)
def says_days(expr: str) -> bool:
    """Tell whether a readable expression has a day for each time; a source that leaves it out says too little."""
    from locator.hours.expression import names_days

    return names_days(expr)


@lru_cache(maxsize=4096)
def read_words_as_hours(words: str) -> str | None:
    """Return the opening_hours expression of hours in words, or None when they do not say enough."""
    from locator.hours.reader import read_hours_text

    return read_hours_text(words).expr


def _read_tasks(draft: Draft, fields: Mapping[str, str]) -> None:
    for column in ("tasks", "not_tasks"):
        if not fields.get(column):
            draft.values[column] = None if column == "tasks" else frozenset()
            continue
        found: set[Task] = set()
        for word in fields.get(column, "").replace(";", " ").replace(",", " ").split():
            try:
                found.add(Task(word))
            except ValueError:
                draft.add_issue(column, "task_unknown", word, "expected words of " + ", ".join(Task))
        draft.values[column] = frozenset(found) or (None if column == "tasks" else frozenset())


def _read_codes(draft: Draft, fields: Mapping[str, str]) -> None:
    adcode = fields.get("adcode", "").removesuffix(".0")
    if _LONG_CODE.fullmatch(adcode):
        adcode = adcode[:6]
    if adcode and not is_adcode(adcode):
        draft.add_issue("adcode", "adcode_form", adcode, "expected six digits, such as 370104")
        adcode = ""
    draft.values["adcode"] = adcode or None
    serves = {word: bool(_SERVES.fullmatch(word)) for word in fields.get("serves", "").split()}
    for word in (word for word, known in serves.items() if not known):
        draft.add_issue("serves", "adcode_form", word, "expected codes of six or nine digits")
    draft.values["serves"] = tuple(word for word, known in serves.items() if known)
    basis = fields.get("serves_basis") or None
    if basis not in (None, "source", "name"):
        draft.add_issue("serves_basis", "word_unknown", str(basis), "expected source or name")
        basis = None
    draft.values["serves_basis"] = basis if draft.values["serves"] else None


def _read_rest(draft: Draft, fields: Mapping[str, str]) -> None:
    website = fields.get("website", "")
    if website.startswith("www.") and " " not in website:
        website = f"http://{website}"
    if website and not _URL.match(website):
        draft.add_issue("website", "url_form", website, "expected an address that starts with https:// or http://")
        website = ""
    wheelchair = fields.get("wheelchair", "").lower()
    if wheelchair and wheelchair not in _YES | _NO:
        draft.add_issue("wheelchair", "word_unknown", wheelchair, "expected yes or no")
    timezone = fields.get("timezone") or ZONE
    if not is_zone(timezone):
        draft.add_issue("timezone", "timezone_unknown", timezone, "expected a name such as Asia/Shanghai")
        timezone = ZONE
    draft.values.update(
        website=website or None,
        wheelchair=True if wheelchair in _YES else False if wheelchair in _NO else None,
        timezone=timezone,
        error_m=_number(draft, "error_m", fields),
        position=_position(draft, fields),
    )


def _position(draft: Draft, fields: Mapping[str, str]) -> Precision | None:
    word = fields.get("position", "")
    try:
        return Precision(word) if word else None
    except ValueError:
        draft.add_issue("position", "word_unknown", word, "expected one of " + ", ".join(Precision))
        return None


def _number(draft: Draft, column: str, fields: Mapping[str, str]) -> float | None:
    text = fields.get(column)
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e7:
        draft.add_issue(column, "not_a_number", text, "expected metres, 0 or more")
        return None
    return number


def _date(draft: Draft, column: str, fields: Mapping[str, str]) -> str | None:
    text = fields.get(column)
    if not text:
        return None
    found = _read_date(text)
    if found is None:
        draft.add_issue(column, "date_form", text, "expected a day, month or year such as 2018-07-25")
    return found


@lru_cache(maxsize=4096)
def _read_date(text: str) -> str | None:
    text = unicodedata.normalize("NFKC", text)
    match = _DATE.fullmatch(text)
    if match:
        return "-".join(part for part in match.groups() if part)
    if _SERIAL.fullmatch(text):
        return (date(1899, 12, 30) + timedelta(days=int(text[:5]))).isoformat()
    text = _TIGHT_DATE.sub(r"\1-\2-\3", text)
    match = _LOOSE_DATE.fullmatch(text)
    if match and 1 <= int(match[2]) <= 12 and 1 <= int(match[3] or 1) <= 31:
        return f"{match[1]}-{int(match[2]):02d}" + (f"-{int(match[3]):02d}" if match[3] else "")
    return None


def _read_provenance(draft: Draft, fields: Mapping[str, str]) -> None:
    url = fields.get("source_url", "")
    if url and not _URL.match(url):
        draft.add_issue("source_url", "url_form", url, "expected an address that starts with https:// or http://")
        url = ""
    confidence = fields.get("confidence") or None
    if confidence not in (None, "H", "M", "L", "live"):
        draft.add_issue("confidence", "word_unknown", str(confidence), "expected H, M or L")
        confidence = None
    draft.values["provenance"] = _provenance(
        source=fields.get("source") or draft.record.source,
        url=url or None,
        date=_date(draft, "source_date", fields),
        verified=_date(draft, "verified", fields),
        confidence=confidence,
        licence=fields.get("licence") or None,
    )


_provenance = lru_cache(maxsize=4096)(Provenance)
"""Most rows of a file share one."""


_READERS: tuple[Callable[[Draft, Mapping[str, str]], None], ...] = (
    _read_kind, _read_phones, _read_hours, _read_tasks, _read_codes, _read_rest,
)  # fmt: skip
KNOWN_COLUMNS = frozenset(COLUMNS) | {"datum", "area_code", "extension"}
"""What a record's fields may be called."""
