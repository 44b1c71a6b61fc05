"""Anything may be typed; a broken file is a clear error; every answer comes at once."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from locator.errors import DataError
from locator.gazetteer.query import open_gazetteer

HOSTILE = [
    "", " ", "\x00", "\x00\x01\x1f", "😀" * 50, "'", '"', "*", '" OR *', '"" OR ""', "' OR 1=1; DROP TABLE place; --",
    "zh : 深*", "NEAR(深圳 福田, 2)", "NOT", "AND", "OR OR OR", "{zh py} : x", "^深", "深*", "-深", "+深", "((((", "))))",
    "a" * 100_000, "深" * 100_000, "深圳市" * 40_000, "1" * 100_000, "路" * 500, "1号" * 300, "-" * 100_000, "\u202e深圳",
    "深\u0301圳\u0301", "ﷺ" * 200, "𠮷" * 300, "<script>alert(1)</script>", "{{7*7}}", "${alert(1)}", "%s%s%n", "../../etc/passwd",
    "ı" * 300, "ß" * 300, "\ufeff深圳", "a" * 60, "shi" * 60, "zhuang" * 40, "大道" * 90, "一" * 200, "号弄" * 90, "市" * 200,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_costs_no_more_than_any_other(gazetteer, text):
    gazetteer.warm()
    for ask in (gazetteer.resolve, gazetteer.suggest, lambda t: gazetteer.resolve(t, region="440300")):
        spent = []
        for _ in range(3):
            start = time.thread_time()  # of this thread: a busy machine is not a fault
            ask(text)
            spent.append(time.thread_time() - start)
        assert min(spent) < 0.5  # 50 ms is what a quiet machine takes; ten times that is a blow-up


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=80))
def test_any_text_is_answered(gazetteer, text):
    gazetteer.resolve(text, near=(114.0, 22.5))
    gazetteer.suggest(text, region="440300")
    gazetteer.regions(text)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="深圳市福田区莲花路2006号中山省县街道 ,()-*\"':市江苏镇ahnszu", max_size=24))
def test_any_mixture_of_address_parts_is_answered(gazetteer, text):
    for meaning in gazetteer.resolve(text).meanings:
        assert meaning.place.precision
        assert (meaning.place.lon is None) == (meaning.place.lat is None)
    assert len(gazetteer.suggest(text)) <= 8


@pytest.mark.parametrize("content", [b"", b"no database at all, " * 100, b"SQLite format 3\x00" + b"\xff" * 8000])
def test_a_file_that_is_no_index_is_a_data_error(tmp_path, content):
    path = tmp_path / "broken.sqlite"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.sqlite"):
        open_gazetteer(path)


def test_a_missing_index_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="nowhere"):
        open_gazetteer(tmp_path / "nowhere.sqlite")


def test_an_index_cut_off_or_overwritten_is_a_data_error_and_never_another(tmp_path, index_file):
    whole = index_file.read_bytes()
    path = tmp_path / "cut.sqlite"
    for damage in (whole[: len(whole) // 2], whole[:200_000] + b"\x5a" * 2_000_000 + whole[2_200_000:]):
        path.write_bytes(damage)
        seen = False
        for text in ("深圳市福田区莲花路2006号", "shenzhen futian", "鼓楼区", "五里沟人社中心"):
            try:
                index = open_gazetteer(path)
                index.resolve(text)
                index.suggest(text)
            except DataError:
                seen = True
        assert seen
        path.unlink()
