"""The words that Chinese sources use for opening hours, cut into tokens."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from locator.hours.expression import MONTHS

WEEKDAYS = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6}
OSM_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
MORNING = ("上午", "早上", "早晨", "清晨", "凌晨", "早", "am", "AM")
AFTERNOON = ("下午", "晚上", "傍晚", "晚", "pm", "PM")
NOON = ("中午",)
PERIODS = frozenset(MORNING + AFTERNOON + NOON)
_PERIOD = "(?:" + "|".join(MORNING + AFTERNOON + NOON) + ")"
_CLOCK = r"\d{1,2}(?::\d{2}|[点时](?:\d{1,2}分?|半|整)?)"
_DAY = "[一二三四五六日]"
_HOLIDAYS = "(?:国家)?(?:法定|公众|公共)?(?:的)?(?:节假日|节日|假日|假期)"
_MONTH_DAY = r"\d{1,2}月(?:\d{1,2}[日号]|底|末|初)?"

EPIDEMIC = re.compile(r"疫情|疫|防控|消杀|消毒|复工|epidemic|pandemic|covid", re.IGNORECASE)
"""Hours of an epidemic's time say nothing about today."""

_TOKENS: tuple[tuple[str, str], ...] = (
    ("window", r"(?:窗口|对外|前台|大厅|办事|受理|接待|业务)[窗口对外服务办公办理受理接待业务大厅的]*(?:时间)?:"
               r"|(?:服务|营业|办理|开放)时间:"),
    ("office", r"(?:办公|上班|工作|作息)时间:"),
    ("other", r"[^,;。:()\d]{0,8}(?:热线|电话|咨询|网上|自助)[^,;。:()\d]{0,6}(?:时间)?:"),
    ("last_ticket", rf"(?:最后|最晚|截止)?取号(?:截止)?(?:时间)?(?:为|至|到|是|截止|:)*(?:{_PERIOD})?{_CLOCK}(?:截止)?"
                    rf"|(?:{_PERIOD})?{_CLOCK}(?:后)?(?:停止|截止|不再)(?:取号|叫号|发号)"
                    r"|(?:下班|闭馆|结束|关门)前(?:提前)?\d+分钟(?:停止|截止|不再)(?:取号|叫号|发号|受理)"),
    ("range", rf"(?:{_PERIOD})?:?(?:{_CLOCK})[-至到](?:{_PERIOD})?(?:{_CLOCK})"),
    ("always", r"(?:全天候?)?24小时(?:全天候?)?(?:开放|营业|服务|自助(?:服务|办理)?(?:区|厅|机|终端)?)*"
               r"|7[x*×]24小时?(?:自助)?(?:服务)?"),
    ("season", r"(?:夏|冬|春|秋)(?:季|令时|时制|天)(?:作息)?(?:时间)?"
               rf"(?:\({_MONTH_DAY}[-至到](?:次年|翌年)?{_MONTH_DAY}\))?:?"),
    ("dates", rf"\(?(?:每年)?{_MONTH_DAY}[-至到](?:次年|翌年)?{_MONTH_DAY}(?:期间)?\)?"),
    ("days", rf"周{_DAY}[-至到]周?{_DAY}"),
    ("days", rf"周{_DAY}+(?:[、,和及](?:周?){_DAY}+(?![常期一二三四五六日]))*"),
    ("workdays", r"(?:国家)?(?:法定)?工作日"),
    ("weekend", r"双休日|周末|(?<!公)休息日"),
    ("daily", r"全年无休|365天|全年|每天|每日|天天"),
    ("less", r"不含|不包括|不包含"),
    ("except", r"除(?!外)"),
    ("outside", r"(?:以外|之外|外)(?!服务|办)"),
    ("holidays", _HOLIDAYS),
    ("noon", r"(?:中午|午间)(?:不休息?|无休|连续办公|不间断(?:服务|办公)?|正常(?:办公|上班|服务)|不打烊)"),
    ("perhaps", r"(?:可|支持|建议|欢迎)(?:提前)?(?:网上|电话)?预约(?:办理|服务)?"),
    ("appointment", r"(?:均|仅限|仅|只|需|须|实行|凭|提前|网上|电话|请)*预约(?:延时|错时)?(?:办理|服务|制|受理|办公)?"),
    ("off", r"除外|(?:均|都)?(?:休息|放假|闭馆|关闭|不(?:对外)?(?:办公|办理|上班|营业|受理|开放|服务))"),
    ("on", r"(?:也|都|均|仍)*(?:照常|不休息?|正常|无休|不打烊|不间断)(?:办公|上班|办理|营业|开放|服务|受理)*"),
    ("filler", r"上班|下班|办公|办理|受理|服务|营业|开放|对外|业务|窗口|大厅|时间|实行|执行"
               r"|每周(?![一二三四五六日])|每|逢|期间|包括|包含|含|均|都|也|为|是|在|从|自(?!助)|起|的|和|及|与|以及|或|、|,|:|;|。|\(|\)|-|\s|!"
               r"|[\"'“”\[\]【】]|" + _PERIOD),
)  # fmt: skip
_MASTER = re.compile("|".join(f"(?P<k{i}>{pattern})" for i, (_, pattern) in enumerate(_TOKENS)))
_SAME = str.maketrans({"–": "-", "—": "-", "－": "-", "~": "-", "～": "-", "〜": "-", "∶": ":", "︰": ":", "。": "。",
                       "時": "时", "點": "点", "週": "周", "預": "预", "約": "约", "節": "节", "雙": "双", "辦": "办",
                       "間": "间", "務": "务", "業": "业", "對": "对", "國": "国", "員": "员", "窗": "窗"})  # fmt: skip


class Token(NamedTuple):
    """A word with its meaning; ``kind`` ``unknown`` for what no pattern knows."""

    kind: str
    text: str


def tidy_text(text: str) -> str:
    """Return the text with half-width digits and punctuation and one word for each thing."""
    tidy = unicodedata.normalize("NFKC", text).translate(_SAME)
    tidy = re.sub(r"星期|礼拜", "周", tidy).replace("周天", "周日").replace("周七", "周日")
    tidy = re.sub(r"(?<=\d)\s*:\s*(?=\d)", ":", tidy)
    tidy = re.sub(rf"({_PERIOD}:?)\s+(?=\d)", r"\1", tidy)
    tidy = re.sub(r"\s*(?:-+|至|到)\s*", lambda m: "-" if "-" in m[0] else m[0].strip(), tidy)
    return tidy.strip()


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


def read_clock(text: str, period: str | None) -> int | None:
    """Return minutes since midnight of ``2:30``, ``9点半`` or ``17时``, or None when it cannot be one."""
    hours_text, _, rest = re.sub("[点时]", ":", text).partition(":")
    hours, rest = int(hours_text), rest.rstrip("分整")
    minutes = 30 if rest == "半" else int(rest or 0)
    if period in AFTERNOON and hours < 12:
        hours += 12
    if period in NOON and hours < 3:
        hours += 12
    if minutes > 59 or hours * 60 + minutes > 24 * 60 or (period in MORNING and hours > 12):
        return None
    return hours * 60 + minutes


def read_range(text: str) -> tuple[int, int] | None:
    """Return start and end in minutes of ``下午2:00-5:30``, or None when the text leaves it open."""
    parts = re.findall(rf"({_PERIOD})?:?({_CLOCK})", text)
    first_period = parts[0][0] or None
    second_period = parts[1][0] or first_period
    start = read_clock(parts[0][1], first_period)
    end = read_clock(parts[1][1], second_period if second_period not in MORNING or parts[1][0] else None)
    if start is None or end is None or end <= start:
        return None
    return start, end


def read_days(text: str) -> frozenset[int]:
    """Return the weekdays (0 is Monday) of ``周一至周五``, ``周六、日`` or ``周一三五``."""
    found = [WEEKDAYS[character] for character in text if character in WEEKDAYS]
    if re.search("[-至到]", text):
        first, last = found
        return frozenset((first + n) % 7 for n in range((last - first) % 7 + 1))
    return frozenset(found)


def read_dates(text: str) -> str | None:
    """Return ``May 01-Sep 30`` for ``5月1日至9月30日``; None when there are no dates or impossible ones."""
    lengths = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    found = re.findall(r"(\d{1,2})月(\d{1,2}|底|末|初)?", text)
    if len(found) != 2 or not all(1 <= int(month) <= 12 for month, _ in found):
        return None
    ends = list[str]()
    for place, (month, day) in enumerate(found):
        last = lengths[int(month) - 1]
        number = int(day) if day.isdigit() else last if day in ("底", "末") or (not day and place) else 1
        if not 1 <= number <= last:
            return None
        ends.append(f"{MONTHS[int(month) - 1]} {number:02d}")
    return "-".join(ends)
