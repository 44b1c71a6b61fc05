"""Hours as Chinese sources write them, turned into OpenStreetMap's language, or kept as a note.

It never guesses: a text with a word left over is a note, no weekday stated is a note, an appointment is
*unknown*, and so are days of which only words are said (``周三下午政治学习``). ``工作日`` means holidays off (and
make-up days on, as the clock does it). The table in ``tests/hours/phrasings.yaml`` says what is read how.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from locator.errors import InvalidInput
from locator.hours.expression import check_hours, parse
from locator.hours.reader_parse import HoursReader
from locator.hours.reader_rules import ALL_DAYS, WORKDAYS, check_days, open_on_holidays, settle_lines
from locator.hours.reader_tokens import (
    DATES,
    EPIDEMIC,
    FEAST,
    OSM_DAYS,
    PERIOD,
    RANGE,
    WEEKDAY,
    Line,
    Ranges,
    Unclear,
    choose_section,
    cover_year,
    noon_gap,
    read_numerals,
    tokenise,
)

MAX_TEXT = 600
"""Characters; a longer text is an article, and stays a note."""


class HoursText(NamedTuple):
    """What a text says."""

    expr: str | None
    """OSM ``opening_hours``, or None when the text does not say enough."""
    note: str | None
    """What the expression does not carry, in the source's words; all of it when ``expr`` is None."""


def read_hours_text(text: str | None, *, remarks: str | None = None) -> HoursText:
    """Return the hours of a Chinese text.

    Parameters
    ----------
    text
        What the source writes, e.g. ``周一至周五 9:00-12:00,13:30-17:00(法定节假日除外)``.
    remarks
        What is known about the text; hours of an epidemic's time are kept as a note.

    Returns
    -------
    HoursText
        ``expr`` is None, and ``note`` the whole text, when it cannot be read for certain.
    """
    if not text or not text.strip():
        return HoursText(None, None)
    whole = text.strip()
    if len(whole) > MAX_TEXT or EPIDEMIC.search(f"{whole} {remarks or ''}"):
        return HoursText(None, whole)
    try:
        chosen, left = choose_section(tokenise(tidy_text(whole)))
        reader = HoursReader(chosen)
        lines, notes = settle(reader, reader.read()), reader.notes
        ticket = choose_ticket(lines, reader.tickets, notes)
        expr = write_lines(lines, ticket, notes, holidays_off=reader.holidays_off)
        parse(expr)
    except (Unclear, InvalidInput):  # InvalidInput: times that the language cannot write
        return HoursText(None, whole)
    return HoursText(expr, "；".join([*notes, *left]) or None)


def read_hours(text: str) -> HoursText:
    """Return what somebody gave as opening hours, be it an expression or a source's Chinese words.

    Words that do not say enough (no weekday, say) are a note, and their state is unknown.

    Raises
    ------
    InvalidInput
        It is neither (code ``hours_syntax``).
    """
    try:
        return HoursText(check_hours(text), None)
    except InvalidInput:
        found = read_hours_text(text)
        if found.expr is None and not (re.search(r"\d", text) and re.search("[\u4e00-\u9fff]", text)):
            raise
        return found


_DASHES = "–‐‑‒―—−─━∼⁓－~～〜"
_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u2060\ufeff\ufe0f"
_TRADITIONAL = (
    "時點週預約節雙辦間務業對國員眾館開關閉門為與兩營個禮號處樓領證電話請補調暫僅須現場準後連續無從輪轉線熱",
    "时点周预约节双办间务业对国员众馆开关闭门为与两营个礼号处楼领证电话请补调暂仅须现场准后连续无从轮转线热",
)
_WRITTEN = {"∶": ":", "︰": ":"} | dict(zip(*_TRADITIONAL, strict=True))
_SAME = str.maketrans(dict.fromkeys(_DASHES, "-") | dict.fromkeys(_UNSEEN) | _WRITTEN)
_NUMBERED_DAY = r"(?:周|(?<=周[一二三四五六日])[-至到])[1-7](?!\d|[点时]|:\d{2}(?!:)|:\d(?![\d:点时]))"
_FEASTS = rf"{FEAST}(?:[、,及和与 ]+{FEAST}){{6,}}(?:节日)?"
_FOUR_DIGITS = (r"(?<![\d:.年-])(0[6-9]|1[0-6])(00|15|30|45)", r"(1\d|2[0-3])(00|15|30|45)(?![\d:.年月-])")
_SAME_DAYS = r"\1(?(2)[-至到]\2)"
_DAYS_TWICE = (
    rf"(?<![-至到、,])(周{WEEKDAY})(?:[-至到](周{WEEKDAY}))?(?: ?\({_SAME_DAYS}\)|[ /]+{_SAME_DAYS}(?=[ \d:(]|$))"
)
_DOTTED_SEASON = r"([夏冬](?:季|令时|时制))\((\d{1,2})[.](\d{1,2})-(\d{1,2})[.](\d{1,2})\)"
_ENGLISH_DAYS = {"mo": "周一", "tu": "周二", "we": "周三", "th": "周四", "fr": "周五", "sa": "周六", "su": "周日"}
_ENGLISH_LIST = (
    "((?:周[一二三四五六日]|周末|法定节假日)(?:\\s*(?:、|-|&|and|to)\\s*(?:周[一二三四五六日]|周末|法定节假日))*)"
)
_ENGLISH = (
    (r"(?:(?<=day)|(?<=days)|(?<=[a-z])(?=\.\s+(?:closed|except|excluding|lunch)\b))\.(?=\s|$)", "。"),
    (r"\b(mo)(?:n(?:days?)?)?\b\.?", None), (r"\b(tu)(?:e(?:s(?:days?)?)?)?\b\.?", None),
    (r"\b(we)(?:d(?:nesdays?)?\b|\b(?=\s*(?:[-,.:;(\d周、]|(?:to|off|closed|thu?|fri?|sat?|sun?)\b|$)))\.?", None),
    (r"\b(th)(?:u(?:r(?:s(?:days?)?)?)?)?\b\.?", None), (r"\b(fr)(?:i(?:days?)?)?\b\.?", None),
    (r"\b(sa)(?:t(?:urdays?)?)?\b\.?", None), (r"\b(su)(?:n(?:days?)?)?\b\.?", None),
    (r"\bclosed (?:on )?(?:public |national |statutory )?holidays\b", "法定节假日休息"),
    (r"\b(?:except|excluding|not) (?:on )?(?:public |national |statutory )?holidays\b", "法定节假日除外"),
    (r"\b(?:public |national |statutory )?holidays (?:excluded|excepted)\b", "法定节假日除外"),
    (r"\b(?:public |national |statutory )holidays\b|\bPH\b", "法定节假日"),
    (r"\b(?:working days|workdays)\b", "工作日"), (r"\bweekdays\b", "平日"), (r"\bweekends?\b", "周末"),
    (r"\b(?:daily|every ?day)\b", "每天"),
    (r"(?<![日一二三四五六日末] )(?<![日一二三四五六日末])\bclosed (?:on )?(?=周|法定)" + _ENGLISH_LIST, r"\1休息"),
    (r"\b(?:except|excluding)(?: for)?(?: on)? (?=周|法定)" + _ENGLISH_LIST, r"(\1除外)"),
    (r"\b(?:closed for )?lunch(?:[ -]?(?:break|time|hour))?\b:?\s*", "午休"), (r"\.\s+(?=周|法定节假日)", "。"),
    (r"\bby appointment(?: only)?\b", "预约"), (r"\b(?:closed|off)\b", "休息"),
    (r"\b(?:last (?:admission|entry|ticket|number))(?: at| is)?\b:? ?(?=\d)", "最后取号"),
    (r"\bbeijing time\b", "北京时间"),
    (r"\b12(?::00)?\s*noon\b", "12:00"),
    (r"\bfrom\s+(?=\d|周)", ""), (r"\bnoon\b", "12:00"), (r"\bmidnight\b", "24:00"),
    (r"\s*(?:\band\b|&)\s*", "、"), (r"(周[一二三四五六日]),\s*(?=周[一二三四五六日]、)", r"\1、"),
    (r"\bevery (?=周)", "每"), (r"\btel(?:ephone)?\b[.:]*\s*", "电话"),
    (r"\b(?:opening|office|business|working) hours\b|\bopen\b", "开放"),
    (r"(?<=[\d日一二三四五六mM.])\s*\b(?:to|through|thru|until|till|til)\b\s*(?=[\d周])", "-"),
)  # fmt: skip


def tidy_text(text: str) -> str:
    """Return the text with half-width digits and punctuation and one word for each thing."""
    tidy = unicodedata.normalize("NFKC", _plain(text)).translate(_SAME)
    tidy = re.sub(r"(?<![-:,;、(~\s])\s*\n\s*(?![-:,;、)~])", ";", tidy)
    tidy = read_numerals(_english(re.sub(_DOTTED_SEASON, r"\1(\2月\3日-\4月\5日)", tidy)))
    tidy = re.sub(r"星期|礼拜|週", "周", tidy)
    tidy = (
        re.sub(rf"(?<=周)\s+(?={WEEKDAY}|天)", "", tidy)
        .replace("周天", "周日")
        .replace("周七", "周日")
        .replace("全周无休", "每天")
    )
    tidy = re.sub(_NUMBERED_DAY, lambda m: m[0][:-1] + "一二三四五六日"[int(m[0][-1]) - 1], tidy)
    tidy = re.sub(_NUMBERED_DAY, lambda m: m[0][:-1] + "一二三四五六日"[int(m[0][-1]) - 1], tidy)
    tidy = re.sub(r"(?<=\d)\s*:\s*(?=\d)", ":", tidy)
    tidy = re.sub(rf"({PERIOD}:?)\s+(?=\d)", r"\1", tidy)
    tidy = re.sub(r"\s*(?:-+|至|到)\s*", lambda m: "-" if "-" in m[0] else m[0].strip(), tidy)
    tidy = re.sub(_DAYS_TWICE, lambda m: m[1] + (f"-{m[2]}" if m[2] else ""), tidy)
    tidy = re.sub(rf"(?<=周{WEEKDAY})一(?=周{WEEKDAY})|(?<=\d)一(?=\d)", "-", tidy)
    tidy = re.sub(r"(?<=[至到-])(?:周末|双休日)", "周日", tidy)
    tidy = re.sub(_FEASTS, _all_holidays, tidy)
    tidy = re.sub(r"(?<!\d)(\d{1,2})([-至到])(\d{1,2}月)份?", r"\1月\2\3", tidy)
    tidy = re.sub(r"(?<![\d月])(\d{1,2}(?:、\d{1,2})+)月份?(?!\d{1,2}[日号])", _run_of_months, tidy)
    tidy = re.sub(rf"(?<![\d:.点时月年])(\d{{1,2}})(?=[-至到](?:{PERIOD})?\d{{1,2}}[点时](?![间段]))", r"\1点", tidy)
    tidy = re.sub(rf"{_FOUR_DIGITS[0]}([-至到]){_FOUR_DIGITS[1]}", r"\1:\2\3\4:\5", tidy)
    tidy = re.sub(rf"\(((?:夏|冬)(?:季|令时|时制)):?({RANGE}(?:[,、 ]{RANGE})*)[,、;]?({DATES})\)", r"(\1(\3)\2)", tidy)
    tidy = re.sub(r"24\s*h(?:ours|rs?)?\b", "24小时", tidy, flags=re.IGNORECASE)
    if "平日" in tidy:
        tidy = re.sub(r"(?<!节)假日", "周末", tidy)  # beside 平日 the other days are the weekend; holidays stay unsaid
    return tidy.strip()


def _plain(text: str) -> str:
    """Return a text without the tags that only lay it out; what is struck out or hidden keeps them, and stays words."""
    if "<" in text and not re.search(r"<(?:s|del|strike)\b|none|hidden|through", text, flags=re.IGNORECASE):
        text = re.sub(r"</?(?:br|p|div|span|td|th|tr|li|ul|ol|b|strong|font|em|table|tbody)(?:\s[^<>]*)?/?>", " ", text)
    return html.unescape(text) if "&" in text else text


def _all_holidays(found: re.Match[str]) -> str:
    """Return 法定节假日 for a list of all seven of them."""
    said = found[0].replace("五一", "劳动").replace("十一", "国庆")
    return (
        "法定节假日"
        if all(feast in said for feast in ("元旦", "春节", "清明", "劳动", "端午", "中秋", "国庆"))
        else found[0]
    )


def _run_of_months(found: re.Match[str]) -> str:
    """Return 7月-9月 for 7、8、9月."""
    months = [int(month) for month in found[1].split("、")]
    return f"{months[0]}月-{months[-1]}月" if months == list(range(months[0], months[-1] + 1)) else found[0]


def _english(text: str) -> str:
    """Return English days, holidays and half days in the Chinese words for them."""
    if not re.search(r"[A-Za-z]{2}", text):
        return text
    said = text
    for pattern, word in _ENGLISH:
        said = re.sub(pattern, _english_day if word is None else word, said, flags=re.IGNORECASE)
    said = re.sub(r"([ap])\.m\.?", r"\1m", said, flags=re.IGNORECASE)
    if re.match(r"[^\d]*[ap]m\b", said, flags=re.IGNORECASE):
        return said  # the half day stands before its times: am 9:00-12:00
    return re.sub(r"(\d{1,2})(?:[:.](\d{2}))?\s*([ap])m\b", _half_day_clock, said, flags=re.IGNORECASE)


def _english_day(found: re.Match[str]) -> str:
    return _ENGLISH_DAYS[found[1].lower()]


def _half_day_clock(found: re.Match[str]) -> str:
    """Return ``17:00`` for ``5pm``; what is no such clock stays as it is, and 12am too: many write it for noon."""
    hours = int(found[1])
    if not 1 <= hours <= 12 or (hours == 12 and found[3].lower() == "a"):
        return found[0]
    return f"{hours % 12 + (12 if found[3].lower() == 'p' else 0)}:{found[2] or '00'}"


def settle(reader: HoursReader, lines: list[Line]) -> list[Line]:
    """Return the lines of a text, each with its days; what was said of all of them must hold.

    Raises
    ------
    Unclear
        Days or times are missing, or something is said that the times contradict.
    """
    if reader.self_service:
        lines = place_self_service(lines, reader.self_service, reader.notes)
    if reader.no_break and any(noon_gap(part) for line in lines for part in (line.ranges, *line.seasons.values())):
        raise Unclear(reader.no_break)  # 中午不休息，周一至周五8:30-12:00，14:00-17:30
    check_days(lines, reader.excluded, too=reader.too)
    lines = settle_lines(lines, reader.excluded)
    if reader.shifted and not frozenset().union(*(line.days for line in lines)) >= WORKDAYS:
        raise Unclear("the day behind a holiday is open, or shut, in its stead: 每周三，遇节假日顺延")
    return open_on_holidays(lines, reader.tireless) if reader.tireless else lines


def choose_ticket(lines: list[Line], tickets: list[str], notes: list[str]) -> str:
    """Return the last ticket of all days; where days or halves of them may have their own, it is a note."""
    ends = {line.ranges[-1:] for line in lines if line.ranges and not line.state}
    if len(tickets) == 1 and (len({end for span in ends for _, end in span}) <= 1 or "分钟" in tickets[0]):
        return tickets[0]
    notes.extend(tickets)
    return ""


def place_self_service(lines: list[Line], said: str, notes: list[str]) -> list[Line]:
    """Return the lines; what is said of a self-service area is a note, or the hours where nothing else is said."""
    if any(line.timed or line.days for line in lines):
        notes.append(said)
        return lines
    return [Line(ALL_DAYS, True, ((0, 1440),), {}, "open", said)]


def write_rules(line: Line, ticket: str, notes: list[str]) -> list[str]:
    """Return the rules of a line: one, or one for each season.

    Raises
    ------
    Unclear
        Times that do not rise, or seasons of which one has dates and one has none.
    """
    days = _days_text(line)
    if not _rising(line.ranges) or not all(_rising(ranges) for ranges in line.seasons.values()):
        raise Unclear("times out of order")
    said = f'{line.state} "{line.comment}"' if line.state else f'open "{ticket}"' if ticket else ""
    comment = "off" if line.state == "off" else said
    if line.days == ALL_DAYS and line.holidays and line.ranges == ((0, 1440),):
        return [f"24/7 {comment}".strip()]
    if not line.seasons:
        return [" ".join(filter(None, [days, _times_text(line.ranges), comment]))]
    seasons = {name: _half_day(line.ranges, ranges) for name, ranges in line.seasons.items()}
    if _mornings(line):
        seasons, line = {name: line.ranges + ranges for name, ranges in seasons.items()}, replace(line, ranges=())
    dated = {name: ranges for name, ranges in seasons.items() if name[0].isascii()}
    if len(dated) == len(seasons):
        rules = [f"{days} {_times_text(line.ranges)} {comment}".strip()] if line.ranges else []
        return rules + [f"{name} {days} {_times_text(ranges)} {comment}".strip() for name, ranges in dated.items()]
    if dated:
        raise Unclear("one season with dates, one without")
    return _undated(days, [line.ranges, *seasons.values()] if line.ranges else list(seasons.values()), seasons, notes)


def _mornings(line: Line) -> bool:
    """Return whether all seasons share a morning and each has its own afternoon."""
    noon = 12 * 60
    dated = [name for name in line.seasons if name[0].isascii()]
    all_year = cover_year(dated) if dated else {"夏", "冬"} <= {name[0] for name in line.seasons}
    afternoons = all(len(ranges) == 1 and ranges[0][0] > noon for ranges in line.seasons.values())
    return len(line.ranges) == 1 and line.ranges[0][1] <= noon + 30 and afternoons and all_year


def _undated(days: str, variants: list[Ranges], seasons: dict[str, Ranges], notes: list[str]) -> list[str]:
    """Return what all seasons share as open, and what only some have as unknown: no source says from when."""
    named = {name[0] for name in seasons}
    if len(variants) < 2 or (len(variants) == len(seasons) and not {"夏", "冬"} <= named):
        raise Unclear("not all seasons")
    edges = sorted({edge for ranges in variants for span in ranges for edge in span})
    shared, some = list[tuple[int, int]](), list[tuple[int, int]]()
    for start, end in pairwise(edges):
        count = sum(any(a <= start and end <= b for a, b in ranges) for ranges in variants)
        if count:
            (shared if count == len(variants) else some).append((start, end))
    said = "，".join(f"{name}{_times_text(ranges)}" for name, ranges in seasons.items())
    notes.append(said)
    unknown = f'{days} {_times_text(_joined(some))} unknown "{said}"' if some else ""
    if not shared:
        raise Unclear("seasons share no time")
    known = f"{days} {_times_text(_joined(shared))}"
    return [f"{known}, {unknown}" if unknown else known]


def _half_day(ranges: Ranges, season: Ranges) -> Ranges:
    """Return a season's times: of a day in two halves it may name the one that differs."""
    if len(season) == 1 and len(ranges) == 2:
        morning, afternoon = ranges
        return (morning, season[0]) if season[0][0] >= 12 * 60 else (season[0], afternoon)
    return season


def _rising(ranges: Ranges) -> bool:
    return all(first[1] <= second[0] for first, second in pairwise(ranges))


def _joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    result = list[tuple[int, int]]()
    for start, end in ranges:
        if result and result[-1][1] == start:
            result[-1] = (result[-1][0], end)
        else:
            result.append((start, end))
    return tuple(result)


def _days_text(line: Line) -> str:
    days, parts = sorted(line.days), list[str]()
    while days:
        run = 1
        while run < len(days) and days[run] == days[0] + run:
            run += 1
        names = [OSM_DAYS[day] for day in days[:run]]
        parts += [f"{names[0]}-{names[-1]}"] if run > 2 else [name + line.nth for name in names]
        days = days[run:]
    return ",".join(parts + (["PH"] if line.holidays else []))


def _times_text(ranges: Ranges) -> str:
    return ",".join(f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in ranges)


def _spans(line: Line) -> list[tuple[int, int]]:
    return [*line.ranges, *(span for ranges in line.seasons.values() for span in ranges)]


def _overlap(line: Line, other: Line) -> bool:
    """Return whether a line speaks of times of which another one says that they are open."""
    apart = other.state or not line.days & other.days
    return not apart and any(a < d and c < b for a, b in _spans(line) for c, d in _spans(other))


def write_lines(lines: list[Line], ticket: str, notes: list[str], *, holidays_off: bool) -> str:
    """Return the expression of settled lines; a rule for days that have one already adds to it.

    Raises
    ------
    Unclear
        Of some days two different things are said.
    """
    rules, seen = list[str](), frozenset[int]()
    later = [n for n, line in enumerate(lines) if line.taken and any(line.days & o.days for o in lines[n + 1 :])]
    lines = [line for n, line in enumerate(lines) if n not in later] + [lines[n] for n in later]
    lines.sort(key=lambda line: not line.days)  # what is said of holidays stands for what Friday afternoons are
    for number, line in enumerate(lines):
        again = [other for other in lines[:number] if not line.state and _overlap(line, other)]
        part = all(line.days < o.days or (line.days == o.days and line.nth and not o.nth) for o in again)
        if not part or any(_spans(line)[0][0] > _spans(other)[0][0] + 60 for other in again):
            raise Unclear("two different times of the same days; or 周三14:00-17:00, which may be something else")
        narrower = bool(again)  # 周一至周五9:00-17:00（周一9:00-12:00）: what is said again of a day stands for it
        doubted = [other for other in lines if line.state == "unknown" and _overlap(line, other)]
        if any(_spans(line)[0][0] == _spans(other)[0][0] for other in doubted):
            raise Unclear("周一至周六9:00-17:00，周六延时服务9:00-12:00: nothing said of the afternoon")
        for rule in write_rules(line, ticket, notes):
            adds = bool(line.days & seen) and not narrower and rule.startswith(OSM_DAYS)
            rules.append((", " if adds and rules else "; " if rules else "") + rule)
            seen |= line.days
    if holidays_off and not any(line.holidays for line in lines):
        rules.append("; PH off")
    return "".join(rules)
