"""What a cell means: telephone numbers in one form, an office's kind, days of the week; and what no text may hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from locator.files.text_files import FORMULA_STARTS
from locator.gazetteer.text import HAN, simplify
from locator.model import Kind, Phone
from locator.settings import load_yaml, shipped_dir

_EXTENSION = r"(?:\s*(?:转|轉|ext\.?|x|分机|#|-)\s*(?P<ext>\d{1,6}))?"
_FORMS = (
    # 0531-88923656, 010 12345678, (0760) 22838332, 86-531-88923656, with 转8005, -801 or #53; service numbers
    re.compile(
        r"^(?P<country>\+?0?0?86[- ]?)?\(?(?P<area>0?(?:10|2\d|[3-9]\d{2}))\)?[- ]{0,2}-?"
        r"(?P<rest>\d{7,8}|\d{3,4}[- ]\d{4})"
        + _EXTENSION
        + "$"
    ),
    re.compile(r"^(?P<country>)(?P<area>0(?:10|2\d|[3-9]\d{2}))[- ]?(?P<rest>1\d{4}|9\d{4,5})$"),
)  # fmt: skip
_USUAL = re.compile(r"0(?:10|2[0-9]|[3-9][0-9]{2})-[0-9]{7,8}")
"""A cell that is one number in the layer's form already."""
_MOBILE = re.compile(r"^(?:\+?86[- ]?)?(1[3-9]\d{9})$")
_TOLL = re.compile(r"^([48]00)[- ]?(?:(\d{3})[- ]?(\d{4})|(\d{4})[- ](\d{3}))" + _EXTENSION + "$")
_SERVICE = re.compile(r"^(1\d{2}|1\d{4}|9\d{4,5})$")
_LOCAL = re.compile(r"^([1-9]\d{2,3})[- ]?(\d{4})" + _EXTENSION + "$")
_FOREIGN = re.compile(r"^(?:\+|00)([1-9]\d{0,3})[-. ]?\(?(\d[-. ()/]?){5,13}\d$")
_WRITTEN = re.compile(r"^\(?\d[\d\-. ()]{5,18}\d$")
"""A number of a country whose forms are not known here."""
_AS_NUMBER = re.compile(r"(\d+)(?:\.(\d+))?(?:[eE]\+?(\d{1,2}))?")
_LOST_ZERO = re.compile(r"(?:10\d{8}|2\d{9}|[3-9]\d{10})(?<!0000)")
"""An area code without its zero, and eight digits; four zeros at the end have been rounded. Ten may be a 400 number."""
_SPLIT_ABROAD = re.compile(
    r"[;；\n|]+|[,，、/](?=\s*(?:[\d(+]|传真|傳真|fax))|(?<=\d)\s*或者?\s*(?=[\d(+])|(?<=[^\d]\))\s*(?=[\d(+])"
)
_SPLIT = re.compile(
    _SPLIT_ABROAD.pattern
    + r"|(?<!\s)\s++(?=\(?0\d{2,3}\)?[- ]?\d{7}|1[3-9]\d{9}|[48]00-\d{3}|1\d{4}(?!\d)|9\d{4,5}(?!\d))"
    + r"|(?<=\d{7})\s++(?=\d{7,8}(?!\d))|(?<!\s)\s++(?=[\u4e00-\u9fff]{2,6}(?::\s*[\d(+]|1[3-9]\d{9}|0\d{2,3}-))"
)
_DOT = re.compile(r"(?<=\d)[.·•](?=\d{7,8}(?![\dEe]))")  # between an area code and its number
_FAX = re.compile(r"(?:传真|傳真|fax)\b|(?:传真|傳真)", re.IGNORECASE)
_NAMES_SOMEBODY = re.compile(r"[\u4e00-\u9fff]{2,8}")
_TAIWAN = re.compile(r"^\(?(0[2-8])(?:\)[- ]?|[- ])(\d{3,4})[- ]?(\d{4})$")
"""An area code of two digits is none of the mainland's."""
_LABEL_AFTER = re.compile(r"^(?P<number>[^(（:：]*\d)\s*(?:[(（](?P<label>[^()（）]*)[)）])$")
_LABEL_BEFORE = re.compile(r"^(?P<label>[^\d+(（:：]++)[:：]?\s*+(?P<number>[\d+(（].*)$")
_LABEL_BLANK = re.compile(r"^(?P<number>[\d+()\-转][\d+()\- 转]*)(?<=\d)\s+(?P<label>[^\d\s(].*)$")


class ReadPhones(NamedTuple):
    """What a cell of telephone numbers held."""

    phones: tuple[Phone, ...]
    unread: tuple[str, ...]
    """Parts that are no telephone number."""
    local: tuple[str, ...]
    """Numbers without an area code: kept, but a caller from elsewhere cannot use them."""


def read_phones(
    cell: str, *, area_code: str | None = None, country: str | None = None, abroad: bool = False
) -> ReadPhones:
    """Read a cell that may hold several numbers with labels: ``22838332,22821788(仲裁); 12333``.

    Parameters
    ----------
    cell
        The text; numbers are parted by ``;``, ``、``, ``/`` or a comma.
    area_code
        What to put before a number that has none, ``0760``; None leaves it as it is. A number takes
        the area code of the one before it in the same cell.
    country
        The country whose numbers these are (``JP``), where that is not China: they are brought into the
        international form.
    abroad
        Whether the office stands outside mainland China: a number of another form is kept as it is written.
    """
    if not country and _USUAL.fullmatch(cell):
        return ReadPhones((Phone(cell),), (), ())
    phones: list[Phone] = []
    unread: list[str] = []
    local: list[str] = []
    split = _SPLIT_ABROAD if country else _SPLIT
    plain = _DOT.sub("-", unicodedata.normalize("NFKC", cell).replace("—", "-").replace("–", "-"))
    for part in _with_labels(split.split(plain)):
        if not part.strip() or _FAX.match(part.strip()):
            continue
        number, label = _split_label(part.strip())
        if phones and len(number) <= 2 and number.isdigit() and _USUAL.fullmatch(phones[-1].number):
            number = phones[-1].number[: -len(number)] + number  # 88923656/57
        made, needs_area = _normalize_abroad(number, country, abroad=abroad)
        if made is None:
            unread.append(part.strip())
            continue
        area_code = made.partition("-")[0] if made.startswith("0") else area_code
        if needs_area and area_code:
            made = f"{area_code}-{made}"
        elif needs_area:
            local.append(made)
        if all(made != phone.number or label != phone.label for phone in phones):
            phones.append(Phone(made, label))
    return ReadPhones(tuple(phones), tuple(unread), tuple(local))


def _with_labels(parts: Iterable[str]) -> Iterator[str]:
    """Yield parts of a cell, a name that stands before a number (王主任 13805310000) with it."""
    label = ""
    for part in parts:
        joint = ":" if any(c.isdigit() for c in part) else " "
        whole = f"{label}{joint}{part.strip()}" if label else part
        label = whole.strip() if _NAMES_SOMEBODY.fullmatch(whole.strip()) else ""
        if not label:
            yield whole
    if label:
        yield label


def _split_label(part: str) -> tuple[str, str | None]:
    for pattern in (_LABEL_AFTER, _LABEL_BLANK, _LABEL_BEFORE):
        match = pattern.match(part)
        if match:
            label = re.sub(r"[;\s]+", "", match["label"]).strip("-:()") or None
            if label and re.fullmatch(r"转|ext\.?|x|分机|#", label):
                continue
            return match["number"].strip(), None if label in ("电话", "联系电话", "办公电话", "tel", "Tel") else label
    return part, None


def _undo_number(text: str) -> str:
    """Return the digits of a number that a spreadsheet took for one: 13905310000.0, 5.3187920528E+10, 53187920528.

    The zero that an area code starts with is put back; what was rounded (5.3188E+10) is left as it is.
    """
    match = _AS_NUMBER.fullmatch(text)
    if match:
        digits = match[1] + (match[2] or "").rstrip("0")
        power = int(match[3] or 0)
        if len(digits) != power + 1 and not (power == 0 and digits == match[1]):
            return text
        text = digits
    return "0" + text if _LOST_ZERO.fullmatch(text) else text


def _normalize_abroad(text: str, country: str | None, *, abroad: bool) -> tuple[str | None, bool]:
    """Return a number as :func:`normalize_number` does, with another country's forms where they are meant."""
    if country and country.upper() != "CN":
        import phonenumbers

        try:
            parsed = phonenumbers.parse(text, country.upper())
        except phonenumbers.NumberParseException:
            return None, False
        if not phonenumbers.is_possible_number(parsed):
            return None, False
        extension = f"转{parsed.extension}" if parsed.extension else ""
        return f"+{parsed.country_code}{phonenumbers.national_significant_number(parsed)}{extension}", False
    plain = " ".join(text.split())
    if abroad and _WRITTEN.match(plain) and 7 <= sum(c.isdigit() for c in plain) <= 15:
        return re.sub(r"[ .()/-]+", "-", plain).strip("-"), False
    return normalize_number(text)


def normalize_number(text: str) -> tuple[str | None, bool]:
    """Return a number in the layer's form, and whether it lacks an area code; (None, False) for no number.

    Examples
    --------
    >>> normalize_number("(0531)8892 3656")
    ('0531-88923656', False)
    >>> normalize_number("+423 236 61 11")
    ('+4232366111', False)
    >>> normalize_number("22838332")
    ('22838332', True)
    """
    tight = re.sub(r"(?<=\d) (?=\d{4}$)", "", " ".join(text.replace("(0)", " ").split()))
    tight = _undo_number(tight)
    if match := _TOLL.match(tight):
        digits = re.sub(r"\D", "", tight[: match.start("ext")] if match["ext"] else tight)
        return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}" + (f"转{match['ext']}" if match["ext"] else ""), False
    for form in _FORMS:
        match = form.match(tight)
        if match:
            area = match["area"] if match["area"].startswith("0") else "0" + match["area"]
            extension = match.groupdict().get("ext")
            if not match["area"].startswith("0") and not match["country"]:
                continue
            return f"{area}-{re.sub(r'[- ]', '', match['rest'])}" + (f"转{extension}" if extension else ""), False
    if match := _MOBILE.match(tight.replace(" ", "").replace("-", "")):
        return match[1], False
    if _SERVICE.match(tight):
        return tight, False
    if match := _TAIWAN.match(tight):
        return f"{match[1]}-{match[2]}{match[3]}", False
    if match := _LOCAL.match(tight):
        return match[1] + match[2] + (f"转{match['ext']}" if match["ext"] else ""), True
    if _FOREIGN.match(tight) and not tight.startswith(("+86", "0086")):
        digits = re.sub(r"\D", "", tight)
        return "+" + digits.removeprefix("00" if tight.startswith("00") else ""), False
    return None, False


_TOLD_BY = load_yaml(shipped_dir() / "words" / "kinds.yaml")


def _any_of(forms: Sequence[str], flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    return re.compile("|".join(forms), flags)


KIND_WORDS: Mapping[str, Kind] = {word: Kind(kind) for kind, words in _TOLD_BY["words"].items() for word in words}
"""A source's word for what a point is; the names of :class:`~locator.model.Kind` themselves go without saying."""
_NAMES = tuple((Kind(kind), _any_of(forms)) for kind, forms in _TOLD_BY["names"].items())
_ENGLISH = tuple((Kind(kind), _any_of(forms, re.IGNORECASE)) for kind, forms in _TOLD_BY["english"].items())
_CLOSED = _any_of(_TOLD_BY["closed"], re.IGNORECASE)
_MAY_CLOSE = re.compile(r"[已(（【\[停搬遷迁撤关關移划轉转]|closed", re.IGNORECASE)  # what says so has one of these
_STATUS = tuple((_any_of([_TOLD_BY[f"{word}_status"]], re.IGNORECASE), word == "open") for word in ("open", "closed"))
_EXCLUDED = _any_of(_TOLD_BY["excluded"])
_ENGLISH_EXCLUDED = _any_of(_TOLD_BY["excluded_english"], re.IGNORECASE)


@lru_cache(maxsize=1024)
def read_kind(word: str) -> Kind | None:
    """Return the kind that a source's word stands for, or None for a word nobody knows."""
    plain = word.strip()
    try:
        return Kind(plain.lower().replace("_", "-"))
    except ValueError:
        return KIND_WORDS.get(plain) or KIND_WORDS.get(plain.lower())


def kind_of_name(name: str) -> Kind | None:
    """Return the kind that an office's name tells, or None when it tells none or is excluded.

    Notes
    -----
    Shops, hospitals, insurers, bus stops and courts of arbitration carry the same words and are
    excluded; so is a name that only says where it stands ("社保局(公交站)"). Traditional characters and
    English names are understood too.
    """
    if name.isascii():
        return None if _ENGLISH_EXCLUDED.search(name) else _first_kind(_ENGLISH, name)
    if HAN.search(name):
        name = simplify(name)
    if _EXCLUDED.search(name):
        return None
    return _first_kind(_NAMES, name)


def _first_kind(patterns: Sequence[tuple[Kind, re.Pattern[str]]], name: str) -> Kind | None:
    return next((kind for kind, pattern in patterns if pattern.search(name)), None)


def says_closed(name: str) -> bool:
    """Tell whether a name says that the office is no longer there: 丑区人社局（已搬迁）."""
    return _MAY_CLOSE.search(name) is not None and _CLOSED.search(simplify(name)) is not None


@lru_cache(maxsize=1024)
def read_status(words: str) -> bool | None:
    """Return whether a cell of a column 状态 says that an office is open; None for words that say neither.

    Of several words the one that says closed counts.
    """
    parts = [part.strip() for part in simplify(unicodedata.normalize("NFKC", words)).split(";") if part.strip()]
    said = [next((is_open for form, is_open in _STATUS if form.fullmatch(part)), None) for part in parts]
    return False if False in said else (True if True in said and None not in said else None)


_WHETHER = re.compile(r"是否(?:已|正常|对外|仍|继续)*([\u4e00-\u9fff]+)|([启在停]用)$|(?:is_?)?(?:active|open)$", re.I)
_SINCE = re.compile("(撤销|停用|关闭|停业|注销|搬迁|关停)(?:日期|时间)")
YES_NO = {"是": "", "否": "未", "yes": "", "no": "未", "1": "", "0": "未", "true": "", "false": "未"}


def answer_question(name: str, cell: str) -> str:
    """Return what 是 or 否 says under a column's question (停用 under 是否停用), and a day under 撤销日期: 撤销."""
    if since := _SINCE.search(name):
        return since[1] if any(c.isdigit() for c in cell) else cell
    asked, said = _WHETHER.match(name), YES_NO.get(cell.strip().lower())
    return said + (asked[1] or asked[2] or "营业") if asked and said is not None else cell


DAYS: Mapping[str, str] = {
    "Mo": "周一", "Tu": "周二", "We": "周三", "Th": "周四", "Fr": "周五", "Sa": "周六", "Su": "周日",
}  # fmt: skip
"""The days of a week as opening_hours writes them, and their Chinese names."""
_DAY_NAMES: Mapping[str, str] = {
    name: short
    for short, chinese, english in zip(
        DAYS,
        "一二三四五六日",
        ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        strict=True,
    )
    for name in (
        f"周{chinese}", f"星期{chinese}", f"礼拜{chinese}", f"週{chinese}", english, english[:3], english[:2],
        *(("周天", "星期天", "礼拜天") if short == "Su" else ()),
    )
}  # fmt: skip
_TIME_OF_DAY = re.compile(r"(?:的)?(?:办公|营业|工作|服务|开放)?(?:时间)?$|(?:opening)?hours$")


def read_days(header: str) -> str | None:
    """Return the day whose hours a column holds (``Mo`` for 周一, 星期一办公时间, Monday), None for other columns."""
    return _DAY_NAMES.get(_TIME_OF_DAY.sub("", header, count=1))


MAX_CHARACTERS: Mapping[str, int] = {
    "id": 80, "name": 200, "name_en": 200, "kind_source": 100, "province": 60, "city": 60, "district": 60,
    "township": 60, "address": 300, "phones": 600, "hours": 500, "hours_text": 1000, "hours_source": 500,
    "hours_date": 60, "services": 2000, "website": 500, "notes": 2000, "notes_en": 2000, "source": 200,
    "source_url": 1000, "licence": 200,
}  # fmt: skip
"""The longest text of each column, in characters; of any other column, :data:`MAX_OTHER`."""
MAX_OTHER = 200

INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff\u00ad]")
_SPACES = re.compile(r"\s+")
_UNEVEN = re.compile(f"\\s|{INVISIBLE.pattern}")
"""Where this is not, there is nothing to tidy."""
# C0, DEL and C1 controls, bidirectional overrides and isolates, lone surrogates, non-characters
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_MARKUP = re.compile(
    r"<\s*[a-z!/?%]|&(?:#\d|#x[0-9a-f]|lt;|gt;|quot;)|\{\{|\}\}|\{%|%\}|\$\{|#\{|<%|javascript\s*:", re.IGNORECASE
)
_MAY_START_SO = frozenset({"phones", "lon", "lat", "error_m"})
"""``+41 …`` is a telephone number and ``-3.7`` a longitude; exports shield them all the same."""
BLANK = frozenset({
    "", "-", "--", "—", "——", "/", "\\", "无", "暂无", "無", "暫無", "不详", "未知",
    "n/a", "N/A", "NULL", "null", "None", "nan", "NaN",
    "#N/A", "#REF!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#DIV/0!",
})  # fmt: skip
"""What people, and spreadsheets that cannot compute it, write into a cell that has nothing to say."""


def clean_text(value: str) -> str:
    """Return a text in the form it is stored in: NFC, no invisible characters, single blanks, ``""`` for none.

    Line breaks and tabs inside a cell become blanks; other control characters stay and are found by
    :func:`find_text_fault`.
    """
    text = value if value.isascii() else unicodedata.normalize("NFC", value)
    text = text.replace("&nbsp;", " ").replace("&amp;", "&")
    if _UNEVEN.search(text):
        text = _SPACES.sub(" ", INVISIBLE.sub("", text)).strip(" ")
    return "" if text in BLANK else text


def find_text_fault(column: str, text: str) -> tuple[str, str] | None:
    """Return what is wrong with a text as (code, reason), or None.

    Parameters
    ----------
    column
        The layer's column, which says how long the text may be and what it may start with.
    text
        A cleaned text.
    """
    limit = MAX_CHARACTERS.get(column, MAX_OTHER)
    if len(text) > limit:
        return "too_long", f"{len(text)} characters; {column} may have {limit}"
    if text.isalnum():
        return None
    if _CONTROL.search(text):
        return "control_character", "holds a control character or a stray half of one"
    if _MARKUP.search(text):
        return "markup", "holds HTML or template text; expected plain text"
    if text[:1] in FORMULA_STARTS and column not in _MAY_START_SO:
        return "formula_start", f"starts with {text[0]!r}, which a spreadsheet would run as a formula"
    return None


def join_days(days: Mapping[str, str]) -> str:
    """Return the hours of columns for single days: an expression, or all cells as words."""
    from locator.hours.telling import join_weekdays

    order = list(DAYS)
    days = _resolve_same(days)
    found = join_weekdays({order.index(day): cell for day, cell in days.items()})
    return found.expr or found.note or ""


_SAME_DAY = re.compile(r"(?:同上|同左|同前)|(?:与|同)?(?:周|星期|礼拜)([一二三四五六日天])(?:相同|一样)?")


def _resolve_same(days: Mapping[str, str]) -> dict[str, str]:
    """Return the cells of days with what 同周一 and 同上 stand for."""
    found: dict[str, str] = {}
    before = ""
    for day, cell in days.items():
        match = _SAME_DAY.fullmatch(cell.strip())
        named = match and match[1] and read_days("周" + match[1].replace("天", "日"))
        found[day] = before = cell if match is None else found.get(named, "") if named else before
    return found
