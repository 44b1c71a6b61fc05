"""The shipped file of named places is what its readers count on."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from shipped_divisions import DIVISIONS

from locator.datum import distance_m, on_mainland
from locator.gazetteer.districts import DistrictIndex
from locator.gazetteer.schema import load_divisions

PATH = Path(__file__).parents[2] / "data" / "gazetteer" / "osm_places.parquet"
KINDS = {
    "station", "residential", "school", "university", "hospital", "mall", "park", "sight", "government", "settlement",
    "venue", "hotel", "works", "building",
}  # fmt: skip


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return pq.read_table(PATH)


def test_columns_size_order_and_notice(table: pa.Table) -> None:
    assert PATH.stat().st_size <= 12_000_000
    assert table.schema.names == ["name", "kind", "adcode", "lon_e5", "lat_e5"]
    assert [str(t) for t in table.schema.types[2:]] == ["int32", "int32", "int32"]
    assert set(table["kind"].unique().to_pylist()) == KINDS
    assert pc.all(pc.greater_equal(table["adcode"][1:], table["adcode"][:-1])).as_py()
    assert table.schema.metadata[b"attribution"].decode() == "© OpenStreetMap contributors"


def test_names_are_one_line_of_seen_characters_with_han(table: pa.Table) -> None:
    names = table["name"].to_pylist()
    assert all(2 <= len(n) <= 40 and n == n.strip() for n in names)
    seen = set("".join(names))
    assert not [c for c in seen if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}]
    assert not [n for n in names if sum("\u3400" <= c <= "\u9fff" for c in n) < 2]


def test_positions_lie_on_the_mainland(table: pa.Table) -> None:
    inside = on_mainland(table["lon_e5"].to_numpy() / 1e5, table["lat_e5"].to_numpy() / 1e5)
    assert inside.mean() > 0.998  # the outline is half a kilometre fine: border towns and small islands
    assert pc.all(pc.less(table["adcode"], 710_000)).as_py()


@pytest.mark.parametrize(
    ("name", "adcode", "kind"),
    [
        ("深圳北站", 440309, "station"),
        ("芙蓉区政府", 430102, "government"),
        ("徐汇区救助站", 310104, "building"),
        ("北京大学", 110108, "university"),
        ("东方明珠", 310115, "sight"),
        ("绿景山庄", 440303, "residential"),
    ],
)
def test_well_known_places_are_there(table: pa.Table, name: str, adcode: int, kind: str) -> None:
    rows = table.filter(pc.equal(table["name"], name)).to_pylist()
    assert (adcode, kind) in {(r["adcode"], r["kind"]) for r in rows}


@pytest.mark.parametrize("word", ["教学楼", "停车场", "1号楼", "卫生间", "幼儿园", "监狱", "再教育营"])
def test_names_that_place_nobody_or_may_not_be_published_are_not_there(table: pa.Table, word: str) -> None:
    assert word not in set(table["name"].to_pylist())
    if word in {"监狱", "再教育营"}:
        assert not pc.any(pc.match_substring(table["name"], word)).as_py()


@pytest.fixture(scope="module")
def districts(tmp_path_factory: pytest.TempPathFactory) -> DistrictIndex:
    return DistrictIndex.open(tmp_path_factory.mktemp("districts"))


def read_rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((PATH.parent / name).read_text("utf-8").splitlines()))


def test_township_seats_lie_in_their_district_and_say_how_far_off_they_may_be(districts: DistrictIndex) -> None:
    seats = read_rows("township_seats_osm.csv")
    known = {row["code"] for row in DIVISIONS if row["level"] == "township"}
    assert {row["code"] for row in seats} <= known
    found = districts.districts_of([float(r["lon"]) for r in seats], [float(r["lat"]) for r in seats])
    own = np.array([int(r["code"][:6]) for r in seats])
    without_counties = np.isin(own // 100, [4419, 4420, 4604, 6202])  # NBS gives their townships codes of no district
    assert (found == own)[~without_counties].mean() > 0.999
    assert (found // 100 == own // 100).mean() > 0.999
    errors: dict[tuple[str, bool], set[float]] = {}
    names = {row["code"]: row["name"] for row in DIVISIONS}
    for row in seats:
        errors.setdefault((row["how"], names[row["code"]].endswith("街道")), set()).add(float(row["error_m"]))
    assert {how for how, _ in errors} == {"government", "office", "school", "full", "name"}
    assert all(len(found) == 1 for (how, _), found in errors.items() if how != "name")


def test_at_least_fifteen_thousand_townships_are_placed() -> None:
    placed = {d.code: d for d in load_divisions(PATH.parent).values() if d.level == "township" and d.lon is not None}
    assert len(placed) >= 15_000
    seats = {row["code"]: row for row in read_rows("township_seats_osm.csv")}
    own = {row["code"]: row for row in DIVISIONS}
    for code, row in seats.items():
        surer = not own[code]["error_m"] or float(row["error_m"]) < float(own[code]["error_m"])
        assert placed[code].lon == float((row if surer else own[code])["lon"])


@pytest.mark.parametrize(
    "name", ["高雄市", "台北市", "台东县", "元朗区", "湾仔区", "大堂区", "嘉模堂区", "圣方济各堂区"]
)
def test_parts_of_taiwan_hong_kong_and_macau_lie_in_themselves(name: str) -> None:
    part = next(row for row in read_rows("parts.csv") if row["name"] == name)
    true = {
        "高雄市": (120.31, 22.62),
        "台北市": (121.56, 25.04),
        "台东县": (121.15, 22.75),
        "元朗区": (114.03, 22.44),
        "湾仔区": (114.18, 22.28),
        "大堂区": (113.55, 22.19),
        "嘉模堂区": (113.56, 22.16),
        "圣方济各堂区": (113.56, 22.12),
    }[name]
    gap = float(distance_m(float(part["lon"]), float(part["lat"]), *true))
    assert gap < float(part["error_m"])


def test_a_name_of_a_part_of_hong_kong_says_the_part_it_lies_in() -> None:
    """A part has no adcode: its number is that of its row, which must not move under a name."""
    parts = list(csv.DictReader((PATH.parent / "parts.csv").read_text("utf-8").splitlines()))
    aliases = csv.DictReader((PATH.parent / "aliases.csv").read_text("utf-8").splitlines())
    named = [row for row in aliases if len(row["code"]) == 9 and row["code"][:2] in ("71", "81", "82")]
    assert len(named) > 10
    for row in named:
        part = parts[int(row["code"][6:]) - 1]
        assert row["source"].endswith(f"lies in {part['name']}") and row["code"].startswith(part["code"])
