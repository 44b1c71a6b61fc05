"""An import, from the file to the layer: counted, placed, told, repeated, and harmless when it fails."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from servers import Answer, loopback

from locator.cli import main
from locator.datum import Datum, from_wgs84
from locator.errors import InvalidInput, LocatorError
from locator.geocode.index_files import open_data_gazetteer
from locator.i18n import LANGS, load_catalogue
from locator.ingest import shipped
from locator.ingest.importing import import_source
from locator.ingest.shipped import ensure_data
from locator.ingest.validate import check_file, check_layer
from locator.model import EXACT, Precision
from locator.settings import Settings, parse_moment, shipped_dir
from locator.stores import open_store
from locator.stores.contents import describe_layer

WULIGOU = "jinan-044"
NOW = parse_moment("2026-11-23T10:00")
OFFICES = 1064
"""How many offices are shipped, each once."""


@pytest.fixture
def settings(data_folder, tmp_path) -> Settings:
    """Settings of a copy of the built data folder."""
    return Settings(data=Path(shutil.copytree(data_folder, tmp_path / "data")))


def save(path: Path, rows: list[list[str]], encoding: str = "utf-8") -> str:
    """Save rows as CSV and return the path as text."""
    with path.open("w", encoding=encoding, newline="") as handle:
        csv.writer(handle).writerows(rows)
    return str(path)


@pytest.fixture(autouse=True)
def quick_gazetteer(request, monkeypatch):
    """Leave the gazetteer as it is after an import, but in the tests that ask it (it takes seconds)."""
    if "gazetteer" not in request.node.name:
        monkeypatch.setattr(shipped, "rebuild_gazetteer", lambda *_args, **_options: None)


HEAD = ["名称", "地址", "电话", "办公时间", "经度", "纬度", "城市", "区县"]
GOOD = [
    ["甲区社保中心", "甲路1号", "0531-12345678", "周一至周五 9:00-17:00(法定节假日除外)", "117.1", "36.7", "济南市", "历城区"],
    ["乙区医保中心", "乙路2号", "12393", "", "117.2", "36.7", "济南市", "历城区"],
]  # fmt: skip


def test_an_import_counts_stores_and_repeats_without_a_change(settings, tmp_path):
    path = save(
        tmp_path / "mine.csv", [HEAD, *GOOD, ["", "", "", "", "", "", "", ""], ["", "无名路", "", "", "", "", "", ""]]
    )
    first = import_source("table", path, settings, rejects=tmp_path / "r.csv")
    assert (first.read, first.kept, first.refused, first.stored.added) == (3, 2, 1, 2)
    store = open_store(settings)
    found = store.nearest(117.1, 36.7, limit=1)[0]
    assert found.point.name == "甲区社保中心" and found.point.adcode == "370112" and found.point.province == "山东省"
    assert found.point.hours == "Mo-Fr 09:00-17:00; PH off"
    again = import_source("table", path, settings)
    assert again.stored.version == first.stored.version == store.version
    assert (again.stored.added, again.stored.changed, again.stored.unchanged) == (0, 0, 2)
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as handle:
        (reject,) = [row for row in csv.DictReader(handle) if row["severity"] != "doubt"]
    assert (reject["file"], reject["row"], reject["column"], reject["code"]) == (
        "mine.csv",
        "5",
        "name",
        "name_missing",
    )


def test_a_row_that_vanished_is_marked(settings, tmp_path):
    import_source("table", save(tmp_path / "mine.csv", [HEAD, *GOOD]), settings)
    gone = next(p for p in open_store(settings).points() if p.name == "乙区医保中心")
    summary = import_source("table", save(tmp_path / "mine.csv", [HEAD, GOOD[0]]), settings)
    assert summary.stored.vanished == 1
    store = open_store(settings)
    assert store.point(gone.id).status == "vanished"
    assert describe_layer(store, now=NOW)["vanished"] == 1


def test_the_gazetteer_knows_an_imported_office(settings, tmp_path):
    import_source("table", save(tmp_path / "mine.csv", [HEAD, *GOOD]), settings)
    found = open_data_gazetteer(settings).find("甲区社保中心", limit=3)
    assert found and abs(found[0].lon - 117.1) < 1e-6


@pytest.mark.slow
def test_an_import_killed_before_the_gazetteer_is_built_is_made_good_at_the_next_start(settings, tmp_path):
    path = save(tmp_path / "mine.csv", [HEAD, ["星河社保服务厅", "", "", "", "117.1", "36.7", "济南市", "历城区"]])
    code = (
        "import os, signal, sys; from pathlib import Path; from locator.ingest import importing;"
        "from locator.settings import Settings;"
        "importing.index_offices = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL);"
        "importing.import_source('table', sys.argv[1], Settings(data=Path(sys.argv[2])))"
    )
    done = subprocess.run([sys.executable, "-c", code, path, str(settings.data)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert open_store(settings).nearest(117.1, 36.7, limit=1)[0].point.name == "星河社保服务厅", "in the layer, whole"
    assert "星河社保服务厅" not in [
        place.label for place in open_data_gazetteer(settings).find("星河社保服务厅", limit=3)
    ]
    ensure_data(settings)
    assert open_data_gazetteer(settings).find("星河社保服务厅", limit=3)[0].label == "星河社保服务厅"
    before = (settings.data / "gazetteer.sqlite").stat().st_mtime_ns
    assert import_source("table", path, settings).stored.unchanged == 1
    assert (settings.data / "gazetteer.sqlite").stat().st_mtime_ns == before and not list(
        settings.data.glob("*.pending")
    )


def test_a_missing_position_is_found_with_its_precision(settings, tmp_path):
    rows = [
        ["名称", "地址", "城市", "区县"],
        ["同楼的所", "经四路478号", "济南市", "槐荫区"],   # an address that the layer knows
        ["小榄的所", "小榄镇某某路9号", "中山市", ""],
        ["只知道区的所", "", "济南市", "槐荫区"],
        ["什么都不知道的所", "", "", ""],
    ]  # fmt: skip
    summary = import_source("table", save(tmp_path / "mine.csv", rows), settings)
    placed = {p.name: p.position for p in open_store(settings).points() if p.provenance.source == "mine"}
    assert placed["同楼的所"] in EXACT
    assert placed["小榄的所"] is Precision.TOWNSHIP and placed["只知道区的所"] is Precision.DISTRICT
    assert placed["什么都不知道的所"] is None
    assert summary.geocoded == 3 and summary.placed["none"] == 1
    assert dict(summary.notices)["unplaced"] == {"count": 1}


def test_a_dry_run_changes_nothing(settings, tmp_path):
    before = open_store(settings).version
    summary = import_source("table", save(tmp_path / "mine.csv", [HEAD, *GOOD]), settings, dry_run=True)
    assert summary.kept == 2 and summary.stored is None and open_store(settings).version == before


@pytest.mark.parametrize(("declared", "doubted"), [(Datum.WGS84, True), (Datum.GCJ02, False)])
def test_a_wrong_datum_is_noticed_where_known_offices_overlap(settings, tmp_path, declared, doubted):
    known = [p for p in open_store(settings).points() if p.position in EXACT][:20]
    rows = [["name", "lon", "lat"]]
    for point in known:
        x, y = from_wgs84(point.lon, point.lat, Datum.GCJ02)
        rows.append([point.name, repr(float(x)), repr(float(y))])
    summary = import_source("table", save(tmp_path / "mine.csv", rows), settings, datum=declared, dry_run=True)
    assert ("datum_doubt" in dict(summary.notices)) is doubted
    if doubted:
        assert dict(summary.notices)["datum_doubt"]["likely"] == "gcj02"
    report = check_file(tmp_path / "mine.csv", datum=declared, known=open_store(settings).parts())
    assert [(r.column, r.code, r.severity) for r in report.rejects] == [("datum", "datum_doubt", "doubt")][
        : int(doubted)
    ]


def test_merging_keeps_the_origin_of_each_field_and_tells_of_licences(settings, tmp_path):
    rows = [["name", "address", "lon", "lat", "办公时间", "licence"]]
    office = open_store(settings).point(WULIGOU)
    rows.append([office.name, "", repr(office.lon), repr(office.lat), "Mo-Fr 08:30-16:30", "ODbL-1.0"])
    summary = import_source("table", save(tmp_path / "osm.csv", rows), settings)
    assert summary.stored.merged == 1
    assert dict(summary.notices)["licences_mixed"]["count"] == 1
    merged = open_store(settings).point(WULIGOU)
    assert merged.hours == "Mo-Fr 08:30-16:30" and merged.address == "经四路478号"
    assert merged.origins["hours"].licence == "ODbL-1.0" and merged.provenance == office.provenance


def test_boundaries_of_the_operator_make_a_fault(settings, tmp_path):
    area = {"type": "Polygon", "coordinates": [[[116, 36], [117.15, 36], [117.15, 37], [116, 37], [116, 36]]]}
    boundaries = tmp_path / "areas.geojson"
    features = [{"type": "Feature", "properties": {"adcode": 370112}, "geometry": area}]
    boundaries.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    rows = [[*HEAD, "adcode"], *[[*row, "370112"] for row in GOOD]]
    summary = import_source("table", save(tmp_path / "mine.csv", rows), settings, boundaries=boundaries, dry_run=True)
    assert "outside_boundary" in [r.code for r in summary.rejects] and summary.kept == 1
    boundaries.write_text("[]", "utf-8")
    with pytest.raises(InvalidInput, match=r"areas\.geojson"):
        import_source("table", save(tmp_path / "mine.csv", rows), settings, boundaries=boundaries)


def test_a_position_far_from_its_region_is_told(settings, tmp_path):
    rows = [HEAD, ["远所", "", "", "", "104", "30.6", "济南市", "历城区"]]
    summary = import_source("table", save(tmp_path / "mine.csv", rows), settings, dry_run=True)
    assert [(r.code, r.severity) for r in summary.rejects] == [("far_from_region", "doubt")] and summary.kept == 1


def test_a_check_tells_what_an_import_would_tell(in_data_folder, tmp_path, capsys):
    rows = [HEAD, ["远所", "", "", "", "104", "30.6", "济南市", "历城区"]]
    assert main(["check", str(save(tmp_path / "mine.csv", rows)), "--format", "json"]) == 0, "a doubt is no fault"
    assert [found["code"] for found in json.loads(capsys.readouterr().out)["rejects"]] == ["far_from_region"]


def test_values_for_every_row(settings, tmp_path):
    path = save(tmp_path / "mine.csv", [HEAD, *GOOD])
    import_source("table", path, settings, name="bureau", defaults={"licence": "CC-BY-4.0", "source_date": "2026-11"})
    (point,) = [p for p in open_store(settings).points() if p.name == "甲区社保中心"]
    assert (point.provenance.source, point.provenance.licence, point.provenance.date) == (
        "bureau",
        "CC-BY-4.0",
        "2026-11",
    )


BROKEN = {
    "wide.csv": "name," + ",".join(map(str, range(1_000_000))),
    "nameless.csv": "one,two,three\nA,B,C\n",
    "bytes.csv": b"\x00\x01\xff\xfe",
    "empty.csv": "name,address\n",
    "fake.xlsx": b"PK\x03\x04",
    "cut.geojson": '{"type": "FeatureCollection", "features": [',
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_one_line_and_exit_1(settings, tmp_path, name):
    path = tmp_path / name
    content = BROKEN[name]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = open_store(settings).version
    with pytest.raises(LocatorError) as caught:
        import_source("geojson" if name.endswith("json") else "table", str(path), settings)
    assert caught.value.exit_code == 1 and "\n" not in str(caught.value)
    assert open_store(settings).version == before
    for lang in LANGS:
        assert f"errors.{caught.value.code}" in load_catalogue(lang)


@pytest.mark.parametrize("answer", [Answer(b"<!DOCTYPE html><title>log in</title>"), Answer({}, delay_s=30)])
def test_a_service_that_answers_html_or_hangs_leaves_the_layer_as_it_was(settings, answer):
    before = open_store(settings).version
    with loopback(lambda _: answer) as server:
        asked = dataclasses.replace(settings, urls={"overpass": server.url})
        with pytest.raises(LocatorError) as caught:
            import_source("overpass", "济南市", asked, patience_s=0.5)
    assert caught.value.exit_code == 1 and "\n" not in str(caught.value)
    assert open_store(settings).version == before


def test_bad_values_are_rejects_not_ends(settings, tmp_path):
    rows = [
        HEAD,
        ["日期所", "", "", "2018-07-25", "117.1", "36.7", "", ""],
        ["反了所", "", "", "", "36.7", "117.1", "", ""],
        ["{{7*7}}", "", "", "", "117.1", "36.7", "", ""],
        ["=1+1", "", "", "", "117.1", "36.7", "", ""],
        GOOD[0],
    ]
    summary = import_source("table", save(tmp_path / "mine.csv", rows, "gb18030"), settings, rejects=tmp_path / "r.csv")
    assert (summary.read, summary.kept, summary.refused, summary.values_left_out) == (5, 3, 2, 2)
    text = (tmp_path / "r.csv").read_text("utf-8-sig")
    assert all(code in text for code in ("hours_is_date", "position_swapped", "markup", "formula_start"))
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as handle:
        assert not any(cell[:1] in "=+-@" for row in csv.reader(handle) for cell in row if cell)


@pytest.mark.parametrize("name", ["jinan.csv", "dalian.csv"])
def test_rows_that_name_their_datum_are_no_doubt_of_the_files(settings, name):
    report = check_file(shipped_dir() / "offices" / name, known=open_store(settings).parts())
    assert report.rejects == () and report.rows > 0


def test_every_notice_has_a_sentence():
    codes = {
        "columns_ignored",
        "columns_guessed",
        "sheets_hidden",
        "datum_doubt",
        "unplaced",
        "placed_coarsely",
        "licences_mixed",
    }
    for lang in LANGS:
        assert {f"import.{code}" for code in codes} <= set(load_catalogue(lang))


# --- check and info


def test_check_prints_every_fault_of_a_file(tmp_path):
    path = save(tmp_path / "t.csv", [HEAD, GOOD[0], ["坏", "", "abc", "", "0", "0", "", ""]])
    report = check_file(path)
    assert report.rows == 2 and [(r.row, r.column, r.code) for r in report.faults] == [
        (3, "phones", "phone"), (3, "lon", "null_island")
    ]  # fmt: skip


def test_the_built_layer_has_no_fault(data_folder):
    store = open_store(Settings(data=data_folder))
    report = check_layer(store.layer())
    assert report.rows == OFFICES and report.faults == ()
    assert check_file(data_folder / "layer.parquet").faults == ()


def test_info_tells_what_the_layer_holds(data_folder):
    info = describe_layer(open_store(Settings(data=data_folder)), now=NOW)
    assert info["points"] == OFFICES == sum(info["kinds"].values()) == sum(info["positions"].values())
    assert info["cities"]["济南市"] == 112 and info["positions"]["poi"] == 629
    assert info["with_hours"] == pytest.approx(5 / OFFICES) and 0.1 < info["with_phone"] < 0.3
    assert info["age"]["oldest"][:4] == "2011" and info["age"]["newest"] == "2026-02-09"
    assert info["age"]["older_than_a_year"] + info["age"]["undated"] < OFFICES
    assert info["sources"]["shipped"]["points"] == OFFICES and sum(info["licences"].values()) == OFFICES
    json.dumps(info)


def test_info_of_an_empty_store(tmp_path):
    from locator.stores.parquet import ParquetStore

    info = describe_layer(ParquetStore(tmp_path / "layer.parquet"), now=NOW)
    assert info["points"] == 0 and info["age"]["oldest"] is None and info["with_hours"] == 0.0
