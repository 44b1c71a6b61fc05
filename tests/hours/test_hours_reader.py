"""The Chinese reader: a table of phrasings, every real text at hand, and whatever else comes."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from locator.errors import InvalidInput
from locator.hours.clock import shipped_clock
from locator.hours.expression import check_hours, holds, parse
from locator.hours.reader import read_hours, read_hours_text
from locator.hours.reader_tokens import _TOKENS, AFTERNOON, MORNING, OSM_DAYS, WEEKDAYS, read_clock, read_dates
from locator.hours.schedule import Scope
from locator.hours.telling import join_weekdays
from locator.settings import parse_moment

ROOT = Path(__file__).parents[2]
PHRASINGS = yaml.safe_load((Path(__file__).parent / "phrasings.yaml").read_text("utf-8"))
KNOWN = {row["text"]: row for row in PHRASINGS}


@pytest.mark.parametrize("row", PHRASINGS, ids=[row["text"][:30] for row in PHRASINGS])
def test_phrasings(row: dict[str, str]) -> None:
    found = read_hours_text(row["text"])
    assert found.expr == row["expr"]
    assert found.note == (row.get("note") if row["expr"] else row["text"])
    if found.expr:
        assert check_hours(found.expr) == found.expr


def test_each_phrasing_says_whence_it_is() -> None:
    assert len(KNOWN) == len(PHRASINGS)
    for row in PHRASINGS:
        assert row["mark"] in ("found", "made")
        assert ("source" in row) == (row["mark"] == "found")
    assert sum(row["mark"] == "found" for row in PHRASINGS) >= 20


@pytest.mark.shared
def test_every_office_text_of_the_facts_is_in_the_table(shared_data: Path) -> None:
    texts = set()
    for path in sorted((shared_data.parent / "facts/offices").glob("*.csv")):
        rows = csv.DictReader(path.read_text("utf-8-sig").splitlines())
        texts |= {row["hours_text"].strip() for row in rows if (row.get("hours_text") or "").strip()}
    assert texts
    assert texts <= set(KNOWN), "read it, or list it as a note"


def test_every_office_text_we_ship_is_in_the_table_and_every_expression_parses() -> None:
    for path in sorted((ROOT / "data/offices").glob("*.csv")):
        for row in csv.DictReader(path.read_text("utf-8-sig").splitlines()):
            if (row.get("hours_text") or "").strip():
                assert row["hours_text"].strip() in KNOWN, (path.name, row["hours_text"])
            if (row.get("hours") or "").strip():
                assert check_hours(row["hours"])


@pytest.mark.shared
def test_every_expression_in_the_osm_extracts_is_parsed_or_listed(shared_data: Path) -> None:
    import osmium

    listed = {"+423 232 48 18"}  # a telephone number in the wrong tag
    found = set()
    for path in sorted((shared_data / "osm").glob("*.pbf")):
        for thing in osmium.FileProcessor(str(path)):
            found |= {tag.v for tag in thing.tags if tag.k == "opening_hours"}
    assert len(found) >= 10
    refused = set()
    for expr in found:
        try:
            state = shipped_clock().evaluate(expr, parse_moment("2026-11-23T10:00"), timezone="Europe/Vaduz")
        except InvalidInput:
            refused.add(expr)
        else:
            assert state.state in ("open", "closed", "unknown")
    assert refused == listed


def test_hours_of_an_epidemic_stay_out() -> None:
    text = "周一至周五9:00-12:00"
    assert read_hours_text(text).expr == "Mo-Fr 09:00-12:00"
    for remarks in ("Epidemic-resumption notice", "疫情期间", "COVID time", "复工后"):
        assert read_hours_text(text, remarks=remarks) == (None, text)


@pytest.mark.parametrize("text", ["周" * 100_000, "9" * 100_000, "9:00-" * 20_000])
def test_a_text_of_any_length_is_refused_at_once(text: str) -> None:
    assert read_hours_text(text) == (None, text)
    with pytest.raises(InvalidInput):
        read_hours(text)


@pytest.mark.parametrize(
    "text",
    ['周一至周五9:00-17:00，周六只办理"社保卡"业务', '周六"需预约"，周一至周五9:00-17:00', "周六预约9:00-12:00\0"],
)
def test_quotation_marks_in_a_comment_end_nothing(text: str) -> None:
    found = read_hours_text(text)
    assert found.expr is None or check_hours(found.expr) == found.expr


@pytest.mark.parametrize(
    ("text", "on", "hour", "state"),
    [
        ("周三下午休息，周一至周五9:00-17:00", date(2026, 11, 18), 15, "closed"),
        ("周三下午学习，周一至周五9:00-17:00", date(2026, 11, 18), 15, "unknown"),
        ("周六日需预约，周一至周日9:00-17:00", date(2026, 11, 21), 10, "unknown"),
        ("周六日仅办理领卡业务，周一至周日9:00-17:00", date(2026, 11, 21), 10, "unknown"),
        ("周一至周五9:00-17:00，每月最后一个周五下午学习不对外", date(2026, 11, 27), 15, "unknown"),
        ("周一至周五9:00-17:00，每月最后一个周五下午学习不对外", date(2026, 11, 20), 15, "open"),
        ("周一至周五9:00-17:00，每月第一、三个周六9:00-12:00", date(2026, 11, 21), 10, "open"),
        ("周一至周五9:00-17:00，每月第一、三个周六9:00-12:00", date(2026, 11, 14), 10, "closed"),
        ("周一至周六9:00-17:00，每月第一个周六休息", date(2026, 11, 14), 10, "open"),
        ("周一至周六9:00-17:00，每月第一个周六休息", date(2026, 11, 7), 10, "closed"),
        ("全年无休，周一至周五9:00-17:00，周末9:00-16:00", date(2026, 10, 1), 10, "unknown"),
        ("周一至周日9:00-17:00（包括法定节假日）", date(2026, 10, 1), 10, "open"),
        ("工作日9:00-17:00，午间12:00-13:00值班", date(2026, 10, 10), 12, "unknown"),
        ("工作日9:00-17:00，午间12:00-13:00值班", date(2026, 10, 10), 13, "open"),
        ("每天17:00-次日2:00", date(2026, 11, 17), 1, "open"),
    ],
)
def test_what_holds_at_an_hour(text: str, on: date, hour: int, state: str) -> None:
    moment = parse_moment(f"{on.isoformat()}T{hour:02d}:30")
    assert shipped_clock().evaluate(read_hours_text(text).expr, moment).state == state


HOSTILE = (
    "\0", "\x1b[31m", "\u202e周一", "(", "（", "夏季", "周", "9:00-", "、", "至", "-", "电话", "自助", "除", "除外", "休息", "预约", "每月第一、",
    "周一、", "1月、", "1、", "一", "十", "点", "早一晚", "八点", "上午", "全年无休", "提前30分钟", "夏季(5月1日-9月30日)", "(夏季)", "节假日",
    "法定的国家的", "元旦、春节、", "除节假日外", "午休12:00-13:00", "中午不休息", "延时服务：", "周六延时服务9:00-12:00", "停止取号", "<", "<p ", "<br>", "&",
    "&amp;", "\n", "Mon-", "mon to ", "closed on ", "except ", "9am-", "12:00noon", "every ", "周一9:00-10:00，", "夏季9:00-17:00，",
    "周一至周五25:00-26:00", "99月99日至100月1日9:00-17:00", "=SUM(A1:A9)", "{{7*7}}", "{% raw %}", "${x}", "<script>", "周一10:00-16:00周一休息",
    "周一除周一外9:00-17:00", "次日9:00-次日8:00", "周一至周五24:00-24:00", "每月0日至99日", "周六预约\"; Mo-Su open", "٩:٠٠", "😀", "ⅨⅩ",
)  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_words_or_can_be_evaluated(unit: str) -> None:
    for text in (unit, unit * (600 // len(unit)), f"周一至周五9:00-17:00{unit}", f"{unit}，周一至周五9:00-17:00"):
        found = read_hours_text(text)
        assert (found.expr is None and found.note == (text.strip() or None)) or check_hours(found.expr) == found.expr


@pytest.mark.parametrize("text", [None, "", "   ", "\n"])
def test_no_text_is_no_hours(text: str | None) -> None:
    assert read_hours_text(text) == (None, None)


def test_an_article_is_a_note() -> None:
    article = "周一至周五9:00-12:00。" * 100
    assert read_hours_text(article) == (None, article)


ALPHABET = "周一二三四五六日至、，；：（）-0123456789:上下午工作日节假除外休息预约夏季点半时月 "


@settings(max_examples=200)
@given(st.text(max_size=60) | st.text(alphabet=ALPHABET, max_size=40))
def test_any_text_gives_an_expression_that_parses_or_a_note(text: str) -> None:
    found = read_hours_text(text)
    if found.expr is None:
        assert found.note == (text.strip() or None)
    else:
        assert check_hours(found.expr)


intervals = st.lists(
    st.sampled_from(
        ["周一至周五", "周六", "工作日", "双休日", "法定节假日", "9:00-12:00", "上午8:30-11:30", "下午2:00-5:00", "除外", "休息", "预约",
         "（", "）", "；", "，", "及", "夏季", "冬季", "24小时自助", "16:00停止取号", "照常", "除", "外", "5月1日至9月30日", "不含", "全年无休",
         "每月第一个周六", "每月最后一个周五下午", "其他时间", "其中", "非工作日", "单休", "仅办理领卡", "午休12:00-13:00", "为午休时间",
         "中午12:00-13:00值班", "周末延时服务：", "18:00-次日2:00", "包括法定节假日", "10月1日至3日", "看情况", "17:00-0:00", "限号20个",
         "closed Monday", "except Wed", "周一至周三、五", "、", "，", ",", "下午"]
    ),
    max_size=9,
).map("".join)  # fmt: skip


@settings(max_examples=400)
@given(intervals)
def test_any_order_of_known_words_gives_an_expression_that_parses_or_a_note(text: str) -> None:
    found = read_hours_text(text)
    assert found.expr is None or check_hours(found.expr)
    assert found.expr is not None or found.note == (text.strip() or None)


days_and_times = st.lists(
    st.sampled_from(["周一至周四", "周五", "周六", "8:00-9:00", "10:00-11:00", "24小时", "，", "；", "（", "）", "、"]),
    max_size=8,
).map("".join)


@settings(max_examples=400)
@given(days_and_times)
def test_no_day_and_no_time_of_a_text_that_is_read_is_left_out(text: str) -> None:
    """A Saturday without times dropped in silence would be a Saturday told closed."""
    found = read_hours_text(text)
    if found.expr is not None:
        monday, rules = date(2026, 6, 1), parse(found.expr).rules
        told = {n for n in range(7) if any(holds(rule.selector, monday + timedelta(days=n)) for rule in rules)}
        for word, day in (("周一至周四", 0), ("周五", 4), ("周六", 5)):
            assert word not in text or day in told, (text, found)
        for word in ("08:00-09:00", "10:00-11:00"):
            assert word.lstrip("0") not in text or word in found.expr, (text, found)


def test_every_weekday_has_its_name() -> None:
    assert sorted(WEEKDAYS.values()) == list(range(7))
    for name, number in WEEKDAYS.items():
        for word in ("周", "星期", "礼拜"):
            assert read_hours_text(f"{word}{name}9:00-12:00").expr == f"{OSM_DAYS[number]} 09:00-12:00"
    assert read_hours_text("周天9:00-12:00").expr == "Su 09:00-12:00"


def test_every_kind_of_word_has_a_reader() -> None:
    from locator.hours.reader_parse import FIXED_DAYS, NOTED, SILENT, HoursReader

    for kind in {kind for kind, _ in _TOKENS} - {"window", "office", "other"} - NOTED - SILENT - set(FIXED_DAYS):
        assert hasattr(HoursReader, f"_read_{kind}"), kind


def test_every_month_is_read() -> None:
    for month in range(1, 13):
        assert read_dates(f"{month}月1日至{month}月底") is not None
    assert read_dates("13月1日至14月2日") is None
    assert read_dates("2月30日至3月1日") is None


@pytest.mark.parametrize("period", MORNING)
def test_mornings(period: str) -> None:
    assert read_clock("9:30", period) == 570
    assert read_clock("13:30", period) is None


@pytest.mark.parametrize("period", AFTERNOON)
def test_afternoons(period: str) -> None:
    assert read_clock("2点半", period) == 14 * 60 + 30
    assert read_clock("14:30", period) == 14 * 60 + 30


@pytest.mark.parametrize(
    ("cells", "expr"),
    [
        (["9:00-17:00"] * 5 + ["9:00-12:00", "休息"], "Mo-Fr 09:00-17:00; Sa 09:00-12:00; Su off"),
        (["上午8:30-11:30 下午2:00-5:00"] * 5 + ["-", "-"], "Mo-Fr 08:30-11:30,14:00-17:00; Sa-Su off"),
        (["09:00-17:00"] * 5 + ["", ""], "Mo-Fr 09:00-17:00; Sa-Su unknown"),
        (["closed"] + ["9am-5pm"] * 6, "Mo off; Tu-Su 09:00-17:00"),
        (["9:00-12:00", "13:00-17:00", "预约", "9点到17点", "9:00-16:00", None, "closed"],
         'Mo 09:00-12:00; Tu 13:00-17:00; We unknown "预约"; Th 09:00-17:00; Fr 09:00-16:00; Sa unknown; Su off'),
        (["9:00-17:00"] * 7 + ["closed"], "Mo-Su 09:00-17:00; PH off"),
        ([""] * 7, None),
    ],
)  # fmt: skip
def test_a_column_for_each_weekday(cells: list[str | None], expr: str | None) -> None:
    assert join_weekdays(dict(enumerate(cells))).expr == expr


def test_a_weekdays_cell_that_cannot_be_read_leaves_all_as_words() -> None:
    found = join_weekdays({0: "9:00-17:00", 1: "看通知", 6: "休息"})
    assert found == (None, "周一 9:00-17:00；周二 看通知；周日 休息")
    assert join_weekdays({0: "9:00-17:00，周二10:00-12:00"}).expr is None


@pytest.mark.shared
def test_at_most_fifteen_in_a_hundred_real_texts_stay_words_and_none_is_wrong(shared_data: Path) -> None:
    rows = list(csv.DictReader((shared_data.parent / "cases/hours.csv").read_text("utf-8-sig").splitlines()))
    kept = 0
    for row in rows:
        found, rules = read_hours_text(row["text"]), json.loads(row["rules"] or "[]")
        if found.expr is None:
            kept += bool(rules)
            continue
        told = {int(day): spans for days, spans in rules for day in days}
        monday = date(2026, 3, 9)
        for n in range(7):
            for interval in shipped_clock().scheduler.intervals(found.expr, monday + timedelta(days=n), Scope()):
                inside = any(
                    _minutes(start) <= interval.start and interval.end <= _minutes(end)
                    for start, end in (span.split("-") for span in filter(None, told.get(n + 1, "").split(",")))
                )
                if str(interval.state) != "unknown":
                    assert inside == (str(interval.state) == "open"), (row["text"], found)
        on_holiday = {str(i.state) for i in shipped_clock().scheduler.intervals(found.expr, date(2026, 10, 2), Scope())}
        said = {"off": {"closed"}, "open": {"open", "closed"}, "unsaid": {"unknown"}}[row["holidays"]]
        assert on_holiday <= said | {"unknown"}, (row["text"], found)
    assert kept <= 0.15 * len(rows), kept


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
