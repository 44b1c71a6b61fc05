"""The Chinese reader: a table of phrasings, every real text at hand, and whatever else comes."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from locator.errors import InvalidInput
from locator.hours import check_hours, read_hours_text, shipped_clock
from locator.hours.expression import holds, parse
from locator.hours.reader_tokens import _TOKENS, AFTERNOON, MORNING, OSM_DAYS, WEEKDAYS, read_clock, read_dates
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
         "（", "）", "；", "，", "及", "夏季", "冬季", "24小时自助", "16:00停止取号", "照常", "除", "外", "5月1日至9月30日", "不含", "全年无休"]
    ),
    max_size=9,
).map("".join)  # fmt: skip


@settings(max_examples=250)
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
    from locator.hours.reader import _Reading

    for kind in {kind for kind, _ in _TOKENS} - {"window", "office", "other"}:
        assert hasattr(_Reading, f"_read_{kind}"), kind


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
