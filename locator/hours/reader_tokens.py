"""The words that Chinese sources use for opening hours, cut into tokens, and the rule that is made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from locator.hours.expression import MONTHS, holds

WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6}
OSM_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
MORNING = ("上午", "早上", "早晨", "清晨", "凌晨", "早", "am", "AM")
AFTERNOON = ("下午", "午后", "晚上", "晚间", "夜间", "夜晚", "傍晚", "晚", "pm", "PM")
EVENING = ("晚上", "晚间", "夜间", "夜晚", "晚")
"""After these words, twelve o'clock is midnight."""
NOON = ("中午",)
PERIODS = frozenset(MORNING + AFTERNOON + NOON)
PERIOD = "(?:" + "|".join(MORNING + AFTERNOON + NOON) + ")"
_CLOCK = r"\d{1,2}(?::\d{2}分?|[点时](?:\d{1,2}分?|半|整|钟)?)"
WEEKDAY = "[一二三四五六日]"
FEAST = "(?:元旦|春节|清明|五一|劳动|端午|中秋|国庆|十一)节?"
_HOLIDAYS = (
    rf"(?:{FEAST}(?:[、,及和与]{FEAST})*等)?(?:国家|中国)?(?:规定)?(?:的)?(?:法定|国定|公众|公共)?(?:的)?"
    "(?:节假日|节日|假日|假期|(?<=[法国]定)假)(?![前后])"
)
_MONTH_DAY = r"\d{1,2}月(?:\d{1,2}[日号]|底|末|初)?"

SHORTEST_SEASON = 20
"""Days."""
EPIDEMIC = re.compile(r"疫情|疫|防控|消杀|消毒|复工|epidemic|pandemic|covid", re.IGNORECASE)
"""Hours from the time of an epidemic say nothing about today."""

NEXT_DAY = "(?:次日|翌日|第二[天日])"
RANGE = rf"(?:{PERIOD})?:?(?:{_CLOCK})[-至到]{NEXT_DAY}?(?:{PERIOD})?(?:{_CLOCK})"
DATES = rf"{_MONTH_DAY}[-至到](?:次年|翌年|来年)?{_MONTH_DAY}"
_SELF = "(?:自助|ATM机?|取款机)"
_NTH = "(?:第?(?:[一二三四1-4]|最后一?)个?|首个)"
_TOKENS: tuple[tuple[str, str], ...] = (
    ("phone", r"(?:(?:咨询|联系|服务|办公|值班|监督|投诉|预约)*(?:电话|热线|座机|手机)[为是: ]*)?"
              r"(?:\(?0\d{2,3}\)?[- ]?)?(?:\d{7,8}|\d{3,4} \d{4})(?![\d:点时])(?:[-转]\d{1,5})?"
              r"|(?:咨询|联系|服务|监督|投诉)*(?:电话|热线|手机(?=[: ]*1\d{10}))(?:(?<=手机):)?[为是 ]*"
              r"(?:1\d{4}|400-?\d{3}-?\d{4}|1\d{10})(?:转\d{1,5})?(?![\d:点时])"
              r"|(?:邮编|邮政编码):?\d{6}(?!\d)"),
    ("quota", rf"[^,;。:()\d周]{{0,6}}{_SELF}[^,;。:()\d周]{{0,8}}:?{RANGE}(?:、{RANGE})*"
              r"|(?:全天候?)?24小时(?:服务|人工|值班)?(?:电话|热线|客服|咨询|在线|网上|线上)[^,;。:()\d周]{0,8}(?::?\d[\d-]{3,13})?"
              r"|(?:请)?提前(?:\d+分钟|半个?小时|[一1]个?小时)(?:取号|到达|到场|(?:停止|截止)(?:取号|叫号|办理|受理))|"
              r"(?:每[天日])?限(?:号|量|额|流)\d+[个人号名张位份]?|(?:领完|发完|额满|约满|号满)(?:即|为)止"),
    ("self_service", rf"(?:[^,;。:()\d周]{{0,6}}{_SELF}[^,;。:()\d周]{{0,8}}:?(?:全天候?)?24小时"
                     r"(?:全天候?)?(?:开放|营业|服务|运行|办理)*"
                     rf"|(?:全天候?)?24小时(?:全天候?)?{_SELF}(?:服务|办理|银行)?(?:区|厅|机|终端|设备|网点)?"
                     r"(?:全天)?(?:开放|营业|服务)*"
                     r"|7[x*×]24(?:小时)?自助(?:服务)?)"),
    ("window", r"^[^,;。:()\d周]{0,8}(?:政务|行政|市民|便民|社保|人社)[^,;。:()\d周自]{0,6}(?:厅|中心|局|所|站)"
               r"(?:对外)?(?:办公|服务|工作|营业|办事|开放|受理)?时间:|(?:社保卡?|人社)窗口:|(?:人工|综合)?(?:窗口|对外|前台|大厅|办事|受理|接待|业务)"
               r"[窗口对外服务办公办理受理接待业务大厅的]*(?:时间)?:|(?:服务|营业|办理|开放)时间:"),
    ("office", r"(?:办公|上班|工作|作息)时间:"),
    ("other", rf"[^,;。:()\d]{{0,8}}(?:热线|电话|咨询|网上|自助)[^,;。:()\d]{{0,6}}(?:时间)?:|取号时间:(?={RANGE})"),
    ("last_ticket", rf"(?:最后|最晚|截止)?取号(?:截止)?(?:时间)?(?:为|至|到|是|截止|:)*(?:{PERIOD})?{_CLOCK}(?:截止)?"
                    rf"|(?:每[天日])?(?:{PERIOD})?{_CLOCK}(?:后)?(?:停止|截止|不再)(?:取号|叫号|发号|受理|办理|入馆|入场|入园)"
                    r"|(?:下班|闭馆|结束|关门)前(?:提前)?\d+分钟(?:停止|截止|不再)(?:取号|叫号|发号|受理|办理|入馆|入场|入园)"),
    ("on_duty", rf"(?:中午|午间)(?:安排)?(?:值班|轮值)(?:时间)?:?{RANGE}"
                rf"|(?:中午|午间)\(?{RANGE}\)?(?:安排|实行)?(?:值班|轮值|(?:仅限?|只)[^,;。()\d周]{{2,20}}"
                r"|(?:提供|实行)?(?:错时|延时|错峰|预约)+(?:服务|办理)?)"
                r"|(?:中午|午间)(?:有|安排|设)*(?:人员?)?(?:值班|轮值)(?!\d)"),
    ("lunch", rf"(?:中午|午间)?(?:午休|午餐|用餐|(?:中午|午间)(?:的)?休息|休息)(?:时间)?(?:为|是|:)*{RANGE}"
              r"(?:休息|暂停(?:对外)?(?:办公|办理|服务|营业|接待)|不(?:对外)?(?:办公|办理|营业|服务))?"),
    ("range", RANGE),
    ("always", r"(?:全天候?)?24小时(?:全天候?)?(?:开放|营业|服务|办理)*|7[x*×]24(?:小时)?(?:服务)?"),
    ("all_day", r"全天候?(?:开放|营业|服务|办理|对外)*(?!\d|不)"),
    ("season", r"(?:夏|冬|春|秋|旺|淡)(?:季|令时|时制|天)(?:作息)?(?:时间)?"
               rf"(?:\({_MONTH_DAY}[-至到](?:次年|翌年)?{_MONTH_DAY}\))?:?"),
    ("dates", rf"(?:每年)?(?:的)?{DATES}(?:期间)?:?"),
    ("month_days", r"每月(?:的)?\d{1,2}[日号]?[-至到]\d{1,2}[日号]:?"),
    ("makeup", r"(?:包?含|包括)?(?:国家|节假日)?(?:的)?调休(?:的)?(?:工作日|上班日|补班日)"
               r"(?:(?:均|都)?(?:正常|照常)(?:上班|办公|营业|开放|办理|服务))?"
               r"|(?:包?含|包括)(?:节假日)?调休(?=[),;。]|$)"
               r"|(?:节假日)?(?:调休|补班)(?:的)?(?:上班|工作|补班)?日?(?:均|都)?(?:正常|照常)(?:上班|办公|营业|开放|办理|服务)"),
    ("monthly", rf"每月(?:的)?(?:{_NTH})(?:[、,和及]{_NTH})*周{WEEKDAY}(?!{WEEKDAY})"),
    ("with_holidays", rf"(?:包括|包含|含){_HOLIDAYS}(?=[),;。]|$)"),
    ("off_days", r"非(?:国家)?(?:法定)?工作日"),
    ("six_days", r"单休(?!日)"),
    ("among", r"其中"),
    ("rest_off", r"(?:其余|其他|其它)(?:时间|时段|日子|各?天)?(?:均|都)?为?"
                 r"(?:休息|不(?:对外)?(?:办公|营业|开放)|闭馆)"),
    ("rest", rf"(?:其余|其他|其它)(?:时间|时段|日子|各?天)?:?(?=(?:{PERIOD})?\d)"),
    ("days", rf"周{WEEKDAY}[-至到]周?{WEEKDAY}(?:、{WEEKDAY}(?![常期一二三四五六日至到-]))*"),
    ("days", rf"周{WEEKDAY}(?:,周?{WEEKDAY}(?![常期、和及至到一二三四五六日-]))+"
             rf"|周{WEEKDAY}+(?:[、和及](?:周?){WEEKDAY}+(?![常期一二三四五六日]))*"),
    ("workdays", r"(?:每个)?(?:正常|国家)?(?:的)?(?:法定)?工作日"),
    ("plain_days", r"平日|平时"),
    ("weekend", r"双休日|周末|(?<!公)休息日|(?<![为是])公休日"),
    ("daily", r"全年无休|365天(?:全年)?(?:无休)?|全年|每天|每日|天天"),
    ("notice", r"(?:如?(?:有|遇)?(?:特殊|变动|变化|变更|调整|临时)[^,;。()\d周停闭关迁休撤]{0,12}"
               r"(?:,(?:请)?以[^,;。()\d周停闭关迁休撤]{0,8})?"
               r"(?:通知|公告|公示|为准)"
               r"|(?:具体|详情)?(?:请)?以?[^,;。()\d周停闭关迁休撤]{0,8}(?:另行通知|另行公告"
               r"|(?:通知|公告|公示|现场|实际|当[天日]|官方|官网|告示)(?:情况|时间|安排)?为准)|(?:以上)?(?:时间)?仅供参考)"),
    ("less", r"不含|不包括|不包含"),
    ("except", r"除(?!外)"),
    ("outside", r"(?:以外|之外|外)(?!服务|办)"),
    ("holidays", _HOLIDAYS),
    ("by_rule", r"(?:均|都)?(?:按|依|遵)照?国家(?:有关|相关|法定)?(?:规定|安排)(?:放假|休息)"),
    ("noon", r"(?:中午|午间|午休)(?:时间)?(?:不休息?|无休|不午休|连班|不断档|(?:连续|不间断)(?:服务|办公|办理|受理)?"
             r"|正常(?:办公|上班|服务)|不打烊|照常(?:办公|上班)?)"),
    ("midday", r"午休|(?:中午|午间)休息"),
    ("perhaps", r"(?:可|支持|建议|欢迎)(?:提前)?(?:网上|电话)?预约(?:办理|服务)?"),
    ("appointment", rf"(?:夜间|晚上)?(?:延时|延长)(?:服务|办公|办理|开放)*(?:时间)?[至到](?:{PERIOD})?{_CLOCK}"),
    ("extended", r"(?:早晚|午间|中午|周末|双休日|错峰)?(?:延时|错时|延长)(?:服务|办理|办公|开放)*(?:时间)?:?"),
    ("appointment", r"(?:均|仅限|只限|仅|只|限|需|须|实行|凭|提前|网上|电话|请)*预约(?:延时|错时)?"
                    r"(?:办理|服务|制|受理|办公)?"),
    ("limited", r"(?:仅限?|只)(?:能|可|供)?(?:办理?|受理|提供|开放|接待|开展|开设|处理)[^,;。()\d周]{1,20}"),
    ("off", r"除外(?!的)|(?:均|都|全天)?(?:休息|放假|暂停(?:对外)?(?:办公|办理|服务|营业|受理|接待)"
            r"|闭馆|关闭|闭门|店休|馆休|休馆|公休(?!日)|休(?=$|[,;。)\s])"
            r"|(?:暂时?|全天)?不(?:对外)?(?:办公|办理|上班|营业|受理|开放|服务|办件|接件|接待|开门)(?!时)"
            r"|(?:全天)?不对外(?=[,;。)\s]|$))"),
    ("on", rf"(?:也|还|仍)(?:上班|营业|办公|开放|开门|办理)(?!:? ?(?:{PERIOD})?\d)"
           r"|(?:也|都|均|仍)*(?:照常|不休息?|不闭馆|不放假|正常|无休|不打烊|不间断)"
           r"(?:办公|上班|办理|营业|开放|服务|受理)*"),
    ("filler", r"营业日(?=[: ])|日期(?=:)|北京时间|(?:工作|作息)(?=时间)|营业中|全天(?=\d)|常规(?=办公|工作|服务)"
               r"|(?:仅限?|只限)(?=[上下]午|周[一二三四五六日]|工作日)"
               r"|(?:其余|其他|其它)(?=周|工作日|每)|办事(?=大厅|窗口)"
               r"|综合(?=服务|窗口|柜)|人工(?=服务|窗口|柜|办理|周|工作日)|柜[台面]|网点|营业[厅部]"
               r"|上班|下班|办公|办理|受理|服务|营业|开放|对外|业务|窗口|大厅|时间|实行|执行"
               r"|统一|咨询|接待|现场|提供|推行|开设|止(?![a-z])"
               r"|每周(?![一二三四五六日])|每|逢|如?遇到?(?=法定|国家|节|假|周)|期间|包括|包含|含|均|都|也|为|是|在|从|自(?!助)|起|的|和|及|与|以及|或"
               r"|、|,|:|;|。|\(|\)|-|\s|!|/|&|\||\+"
               r"|[\"'“”\[\]【】]|" + PERIOD),
)  # fmt: skip
_MASTER = re.compile("|".join(f"(?P<k{i}>{pattern})" for i, (_, pattern) in enumerate(_TOKENS)))


type Ranges = tuple[tuple[int, int], ...]
"""Starts and ends in minutes since midnight."""


class Unclear(Exception):
    """The text does not say enough; never leaves the reader."""


@dataclass(slots=True)
class Line:
    """One rule as it is being read."""

    days: frozenset[int] = frozenset()
    holidays: bool = False
    ranges: Ranges = ()
    seasons: dict[str, Ranges] = field(default_factory=dict)
    """Times of a season, by its dates, or by its name when the text has no dates for it."""
    state: str = ""
    comment: str = ""
    nth: str = ""
    """``[1,3]`` where the day is the first and third of its month."""
    taken: bool = False
    """Whether this takes times away that other lines give, wherever it stands (周三下午学习，周一至周五9:00-17:00)."""

    @property
    def timed(self) -> bool:
        """Whether it has times, of the whole year or of a season."""
        return bool(self.ranges or self.seasons)


def merge_lines(first: Line, second: Line) -> Line:
    """Return two lines of the same days as one."""
    return replace(second, ranges=first.ranges + second.ranges, seasons=first.seasons | second.seasons)


class Token(NamedTuple):
    """A word with its meaning; ``kind`` ``unknown`` for what no pattern knows."""

    kind: str
    text: str


_CLOSING = Token("filler", ")")
_NUMERALS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_NUMERAL = "(?:[二三四五]?十[一二三四五六七八九]?|[零一二两三四五六七八九])"


def tokenise(tidy: str) -> list[Token]:
    """Return all of a tidied text as tokens; characters no pattern knows come one by one as ``unknown``."""
    tokens, at = list[Token](), 0
    while at < len(tidy):
        found = _MASTER.match(tidy, at)
        if found is None or not found[0]:
            tokens.append(Token("unknown", tidy[at]))
            at += 1
            continue
        kind = _TOKENS[int((found.lastgroup or "k0")[1:])][0]
        tokens.append(Token(kind, found[0]))
        at = found.end()
    return tokens


def read_numerals(text: str) -> str:
    """Return clocks written in Chinese numerals or with a dot (九点半, 8.30-11.30) in digits."""
    text = re.sub(r"(?:周末|实行)?双休(?![日天])", "周末休息", text)
    text = re.sub(
        rf"[朝早]({_NUMERAL}|\d{{1,2}}(?::\d\d)?)晚({_NUMERAL}|\d{{1,2}}(?::\d\d)?)(?![\d点时:])", _from_morning, text
    )
    text = re.sub(rf"(?<!周)({_NUMERAL})(?=点|时(?!间|段|候|制|令))", lambda m: str(_number(m[1])), text)
    text = re.sub(rf"(?<=[\d][点时])({_NUMERAL})(?=分)", lambda m: str(_number(m[1])), text)
    text = re.sub(r"(?<=[点时])([一三])刻", lambda m: "15分" if m[1] == "一" else "45分", text)
    dotted = rf"(?<![\d.])(\d{{1,2}})[.](\d{{2}})(\s*(?:-+|至|到)\s*(?:{PERIOD})?\s*)(\d{{1,2}})[.](\d{{2}})(?![\d.])"
    return re.sub(dotted, r"\1:\2\3\4:\5", text)


def _from_morning(found: re.Match[str]) -> str:
    """Return 朝九晚五 as its times, 9:00-17:00; words that name no hours of a day stay."""
    parts = [part.partition(":") for part in found.groups()]
    start, end = (int(hours) if hours.isdigit() else _number(hours) for hours, _, _ in parts)
    said = f"{start}:{parts[0][2] or '00'}-{end + 12}:{parts[1][2] or '00'}"
    return said if 6 <= start <= 11 and 3 <= end <= 11 else found[0]


def _number(numeral: str) -> int:
    """Return 12 for 十二, 30 for 三十."""
    tens, ten, ones = numeral.partition("十")
    if not ten:
        return _NUMERALS[numeral]
    return (_NUMERALS[tens] if tens else 1) * 10 + (_NUMERALS[ones] if ones else 0)


def read_clock(text: str, period: str | None) -> int | None:
    """Return minutes since midnight of ``2:30``, ``9点半`` or ``17时``, or None when it cannot be one.

    Twelve in the evening is the midnight that ends the day.
    """
    hours_text, _, rest = re.sub("[点时]", ":", text).partition(":")
    hours, rest = int(hours_text), rest.rstrip("分整钟")
    minutes = 30 if rest == "半" else int(rest or 0)
    if hours == 12 and period in (*EVENING, "凌晨"):
        hours = 24 if period in EVENING else 0
    if period in AFTERNOON and hours < 12:
        hours += 12
    if period in NOON and hours < 3:
        hours += 12
    if minutes > 59 or hours * 60 + minutes > 24 * 60 or (period in MORNING and hours > 12):
        return None
    return hours * 60 + minutes


def read_range(text: str) -> tuple[int, int] | None:
    """Return start and end in minutes of ``下午2:00-5:30``, or None when the text leaves it open.

    An end past midnight (``18:00-凌晨2:00``) lies beyond 1440.
    """
    parts = re.findall(rf"({PERIOD})?:?({_CLOCK})", text)[-2:]
    first_period = parts[0][0] or None
    second_period = parts[1][0] or first_period
    start = read_clock(parts[0][1], first_period)
    end = read_clock(parts[1][1], second_period if second_period not in MORNING or parts[1][0] else None)
    next_day = re.search(NEXT_DAY, text) is not None or (parts[1][0] == "凌晨" and end is not None and end < 6 * 60)
    if start and end is not None and (next_day or end == 0) and end < start and (end < 6 * 60 < start or next_day):
        end += 24 * 60
    elif re.search(NEXT_DAY, text):
        return None
    if start is None or end is None or end <= start or (first_period is None and 0 < start < 6 * 60):
        return None  # 1:30-5:00 is an afternoon that does not say so
    return start, end


def read_days(text: str) -> frozenset[int]:
    """Return the weekdays (0 is Monday) of ``周一至周五``, ``周六、日`` or ``周一三五``."""
    found = [WEEKDAYS[character] for character in text if character in WEEKDAYS]
    if re.search("[-至到].*、", text):
        return frozenset().union(*map(read_days, text.split("、")))
    if re.search("[-至到]", text):
        first, last = found
        return frozenset((first + n) % 7 for n in range((last - first) % 7 + 1))
    return frozenset(found)


def read_monthly(text: str) -> tuple[int, str]:
    """Return the weekday and ``[1,3]`` for ``每月第一、三个周六``, ``[-1]`` for the last one."""
    which, _, day = text.rpartition("周")
    found = re.findall("[一二三四1-4]|最后", re.sub("最后一?", "最后", which.replace("首", "一")))
    return WEEKDAYS[day], "[" + ",".join("-1" if n == "最后" else str(_NUMERALS.get(n, n)) for n in found) + "]"


def read_month_days(text: str) -> str | None:
    """Return ``Jan 01-25,Feb 01-25,…`` for ``每月1日至25日``; None when no month has such days."""
    first, last = (int(number) for number in re.findall(r"\d{1,2}", text))
    if not 1 <= first <= last <= 28:
        return None
    return ",".join(f"{month} {first:02d}-{last:02d}" for month in MONTHS)


def read_dates(text: str) -> str | None:
    """Return ``May 01-Sep 30`` for ``5月1日至9月30日``.

    None when there are no dates, impossible ones, or so few days that they are no season: one year's notice.
    """
    lengths = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    found = re.findall(r"(\d{1,2})月(\d{1,2}|底|末|初)?", text)
    if len(found) != 2 or not all(1 <= int(month) <= 12 for month, _ in found):
        return None
    ends, days = list[str](), list[int]()
    for place, (month, day) in enumerate(found):
        last = lengths[int(month) - 1]
        number = int(day) if day.isdigit() else last if day in ("底", "末") or (not day and place) else 1
        if not 1 <= number <= last:
            return None
        ends.append(f"{MONTHS[int(month) - 1]} {number:02d}")
        days.append(sum(lengths[: int(month) - 1]) + number)
    return "-".join(ends) if (days[1] - days[0]) % 366 >= SHORTEST_SEASON else None


def cover_year(seasons: Iterable[str]) -> bool:
    """Return whether dated seasons leave out no day."""
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(366)]
    named = list(seasons)
    return all(any(holds(season, day) for season in named) for day in days)


def name_season(text: str) -> str:
    """Return a season by its dates, or by its name where it has none.

    Raises
    ------
    Unclear
        Its dates are no season's.
    """
    name = read_dates(text) or (None if "月" in text else text.strip("():"))
    if name is None:
        raise Unclear(text)
    return name


def choose_section(tokens: Sequence[Token]) -> tuple[list[Token], list[str]]:
    """Return the counter's own hours and, as notes, what is said about office, telephone and the like."""
    sections: list[tuple[str, list[Token]]] = [("window", [])]
    for token in tokens:
        if token.kind in ("window", "office", "other"):
            sections.append((token.kind, [token]))
        else:
            sections[-1][1].append(token)
    told = [(kind, part) for kind, part in sections if any(t.kind not in ("filler",) for t in part)]
    wanted = next((kind for kind in ("window", "office") if any(k == kind for k, _ in told)), None)
    chosen = [token for kind, part in told if kind == wanted for token in part if token.kind != kind]
    left = ["".join(t.text for t in part).strip(" ;,。") for kind, part in told if kind != wanted]
    return chosen, left


def trailing_seasons(tokens: Sequence[Token]) -> frozenset[int]:
    """Return the places of seasons that belong to the times before them.

    A season alone in brackets behind times is theirs (``14:00-18:00（6月至9月）``), and so are all seasons
    of a text that begins with times and ends with a season (``8:30-17:30 冬季，8:30-18:00 夏季``).
    """
    timed = [(n, token.kind) for n, token in enumerate(tokens) if token.kind in ("range", "season", "dates")]
    seasons = {n for n, kind in timed if kind != "range"}
    if len(seasons) > 1 and timed[0][1] == "range" and timed[-1][1] != "range":
        return frozenset(seasons)
    bracketed = all(n > 0 and tokens[n - 1].text == "(" and tokens[n + 1 : n + 2] == [_CLOSING] for n in seasons)
    if len(seasons) > 1 and timed[0][1] != "range" and timed[-1][1] == "range" and bracketed:
        return frozenset()  # （冬季）8:30-17:00（夏季）8:00-17:30
    found = set[int]()
    for n in seasons:
        opened = n > 0 and tokens[n - 1].text == "("
        before = next((t.kind for t in reversed(tokens[: n - 1]) if t.kind != "filler"), "") if opened else ""
        inside = list[str]()
        for token in tokens[n + 1 :]:
            if token.text == ")":
                break
            inside.append(token.kind)
        if before == "range" and "range" not in inside:
            found.add(n)
    return frozenset(found)


def without(ranges: Ranges, start: int, end: int) -> Ranges:
    """Return the ranges less a break, which lies inside one of them or between two of them.

    Raises
    ------
    Unclear
        The break lies outside all ranges.
    """
    result = list[tuple[int, int]]()
    for a, b in ranges:
        result += [(a, start), (end, b)] if a < start and end < b else [(a, b)]
    between = any(first[1] <= start and end <= second[0] for first, second in pairwise(ranges))
    if len(result) == len(ranges) and not between:
        raise Unclear("a break outside the times")
    return tuple(result)


def noon_gap(ranges: Ranges) -> tuple[int, int] | None:
    """Return the break that times leave at noon, in minutes from midnight; None when they leave none."""
    breaks = ((before[1], after[0]) for before, after in pairwise(ranges))
    return next((gap for gap in breaks if gap[0] < gap[1] and gap[0] <= 13 * 60 and gap[1] >= 12 * 60), None)


def half_of_day(period: str) -> tuple[int, int]:
    """Return the minutes from midnight of 上午 or 下午."""
    return (0, 12 * 60) if period in MORNING else (12 * 60, 24 * 60)
