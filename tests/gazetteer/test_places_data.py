"""The shipped file of named places is what its readers count on."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from locator.datum import on_mainland

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
