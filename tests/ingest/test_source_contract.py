"""What every source of files promises; the online ones pass it in their own tests against a server of the tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from locator.datum import Datum
from locator.errors import InvalidInput, LocatorError
from locator.ingest import SOURCES, Source, open_source
from locator.ingest.fields import KNOWN_COLUMNS
from locator.ingest.validate import check_records

ROWS = [("甲所", "一路1号", 117.0, 36.6), ("乙所", "二路2号", 117.1, 36.7), ("", "无名路", 117.2, 36.8)]


def make_csv(folder: Path) -> Path:
    path = folder / "offices.csv"
    path.write_text("名称,地址,经度,纬度\n" + "".join(f"{n},{a},{x},{y}\n" for n, a, x, y in ROWS), "gb18030")
    return path


def make_workbook(folder: Path) -> Path:
    book = openpyxl.Workbook()
    for row in (("名称", "地址", "经度", "纬度"), *ROWS):
        book.active.append(row)
    book.save(folder / "offices.xlsx")
    return folder / "offices.xlsx"


def make_geojson(folder: Path) -> Path:
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [x, y]}, "properties": {"名称": n, "地址": a}}
        for n, a, x, y in ROWS
    ]
    path = folder / "offices.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    return path


CASES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "csv": ("table", make_csv),
    "xlsx": ("table", make_workbook),
    "geojson": ("geojson", make_geojson),
}


@pytest.fixture(params=CASES)
def case(request, tmp_path) -> tuple[str, Path]:
    kind, make = CASES[request.param]
    return kind, make(tmp_path)


def test_it_declares_itself(case):
    source: Source = open_source(case[0], str(case[1]))
    assert source.name == "offices" and source.datum is Datum.WGS84 and source.licence is None
    assert source.total in (None, 3)
    named = open_source(case[0], str(case[1]), name="mine", datum=Datum.GCJ02, licence="CC0-1.0")
    assert (named.name, named.datum, named.licence) == ("mine", Datum.GCJ02, "CC0-1.0")


def test_it_yields_every_row_unjudged_with_its_place(case):
    records = list(open_source(case[0], str(case[1]), name="mine").records())
    assert [r.fields["name"] for r in records] == ["甲所", "乙所", ""]
    assert len({r.row for r in records}) == 3 and {(r.source, r.file) for r in records} == {("mine", case[1].name)}
    for record in records:
        assert set(record.fields) <= KNOWN_COLUMNS and all(isinstance(v, str) for v in record.fields.values())


def test_it_can_be_read_twice(case):
    source = open_source(case[0], str(case[1]))
    assert list(source.records()) == list(source.records())


def test_its_rows_become_points_and_rejects(case):
    points, rejects = check_records(open_source(case[0], str(case[1])).records())
    assert [p.name for p in points] == ["甲所", "乙所"] and [(r.column, r.code) for r in rejects] == [
        ("name", "name_missing")
    ]
    assert (points[0].lon, points[0].lat) == (117.0, 36.6)


def test_a_cut_file_is_an_error_of_ours_or_rows_never_a_crash(case):
    kind, path = case
    whole = path.read_bytes()
    for length in range(0, len(whole), max(len(whole) // 25, 1)):
        path.write_bytes(whole[:length])
        try:
            check_records(open_source(kind, str(path)).records())
        except LocatorError as error:
            assert "\n" not in str(error)


def test_a_missing_file_is_misuse(case, tmp_path):
    with pytest.raises(InvalidInput):
        open_source(case[0], str(tmp_path / "nowhere"))


def test_every_kind_is_named_with_a_class():
    assert all(":" in target for target in SOURCES.values())
    with pytest.raises(InvalidInput):
        open_source("telegraph", "x")


@pytest.mark.parametrize("kind", SOURCES)
def test_an_option_of_another_kind_is_misuse(kind):
    with pytest.raises(InvalidInput, match="--shoe_size") as caught:
        open_source(kind, "x", shoe_size="44")
    assert caught.value.exit_code == 2 and caught.value.code == "option_kind"
