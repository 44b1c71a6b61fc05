"""Offices in files of OpenStreetMap data: a town made by hand, and the real extracts."""

from __future__ import annotations

from pathlib import Path

import osmium
import pytest
import shapely
from osm_town import OFFICES, Town, box, make_town

from locator.datum import Datum
from locator.errors import InvalidInput, SourceError
from locator.hours.clock import shipped_clock
from locator.ingest import RawRecord, open_source
from locator.ingest.osm import LICENCE, PUBLISHER, OsmSource, represent, tags_to_fields
from locator.ingest.validate import check_records
from locator.model import Kind, Phone
from locator.settings import parse_moment


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Path:
    return make_town().write(tmp_path_factory.mktemp("osm") / "town.osm")


def as_pbf(path: Path) -> Path:
    """Rewrite a file as PBF, with the header that mirrors write."""
    out = path.with_name("town-latest.osm.pbf")
    header = osmium.io.Header()
    header.set("osmosis_replication_timestamp", "2026-11-20T21:20:30Z")
    with osmium.SimpleWriter(str(out), overwrite=True, header=header) as writer:
        for thing in osmium.FileProcessor(str(path)):
            writer.add(thing)
    return out


def found_in(path: Path, **options) -> dict[str, dict[str, str]]:
    return {record.fields["id"]: dict(record.fields) for record in OsmSource(str(path), **options).records()}


def test_the_offices_are_found_and_nothing_that_only_looks_like_one(town):
    records = list(OsmSource(str(town)).records())
    assert {r.fields["id"]: r.fields["name"] for r in records} == OFFICES
    assert [r.row for r in records] == list(range(1, len(OFFICES) + 1))
    assert {(r.source, r.file) for r in records} == {("osm-town", "town.osm")}


def test_tags_become_fields(town):
    fields = found_in(town)["node/1"]
    assert (fields["lon"], fields["lat"]) == ("116.946", "36.657")
    assert fields["address"] == "济南市槐荫区经四路478号" and fields["name_en"] == "Huaiyin HRSS Bureau"
    assert fields["phones"] == "+86 531 8705 0000" and fields["wheelchair"] == "yes"
    assert fields["hours"] == "Mo-Fr 09:00-12:00,13:00-17:00; PH off" and fields["verified"] == "2026-05-01"
    assert fields["notes"] == "主管单位 济南市人力资源和社会保障局" and fields["kind_source"] == "office=government"
    assert (fields["source"], fields["licence"]) == (PUBLISHER, LICENCE) == ("© OpenStreetMap contributors", LICENCE)
    assert "ODbL" in LICENCE and fields["source_url"] == "https://www.openstreetmap.org/node/1"
    assert "source_date" not in fields, "an XML file without a date has none"
    assert "wheelchair" not in found_in(town)["node/3"], "limited is neither yes nor no"


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("09:00-17:00", "Mo-Su 09:00-17:00"),
        ("9:00-12:00,13:00-17:00; PH off", "Mo-Su 9:00-12:00,13:00-17:00; PH off"),
        ("Mo-Fr 09:00-17:00; 12:00-13:00 off", "Mo-Fr 09:00-17:00; 12:00-13:00 off"),
        ('Mo-Fr 09:00-17:00 || 17:00-18:00 unknown "预约"', 'Mo-Fr 09:00-17:00 || Mo-Su 17:00-18:00 unknown "预约"'),
        ("24/7", "24/7"),
        ("+423 232 48 18", "+423 232 48 18"),
    ],
)
def test_times_without_a_day_mean_every_day_in_openstreetmap(tag, told):
    assert tags_to_fields({"name": "甲", "opening_hours": tag}, Kind.OTHER, "x")["hours"] == told


def test_ways_and_relations_stand_where_a_point_on_them_is(town):
    fields = found_in(town)
    at = {what: (float(f["lon"]), float(f["lat"])) for what, f in fields.items() if "lon" in f}
    assert at["way/10"] == (117.1005, 36.6005), "the centre of a square"
    ell = shapely.Polygon(
        [(117.2, 36.6), (117.21, 36.6), (117.21, 36.6004), (117.2004, 36.6004), (117.2004, 36.61), (117.2, 36.61)]
    )
    assert ell.contains(shapely.Point(at["way/11"])) and not ell.contains(ell.centroid)
    assert at["way/12"] == pytest.approx((117.3015, 36.6), abs=1e-9), "half way along an open line"
    assert at["way/13"] == (117.4, 36.6), "of a way that the extract cuts, what is left of it"
    ring = shapely.box(117.5, 36.6, 117.51, 36.61)
    assert ring.contains(shapely.Point(at["relation/20"]))
    assert at["relation/21"] == (117.6, 36.62), "the entrance of a site"
    assert "relation/22" not in at, "nothing of it is in the extract: no position, and no invented one"


def test_pbf_and_compressed_xml_say_the_same(town, tmp_path):
    plain = found_in(town)
    pbf = as_pbf(town)
    source = OsmSource(str(pbf))
    assert source.name == "osm-town" and source.datum is Datum.WGS84
    dated = {r.fields["id"]: dict(r.fields) for r in source.records()}
    assert {fields.pop("source_date") for fields in dated.values()} == {"2026-11-20"}
    assert dated == plain and list(source.records()) == list(source.records())
    import gzip

    packed = tmp_path / "town.osm.gz"
    packed.write_bytes(gzip.compress(town.read_bytes()))
    assert found_in(packed) == plain


def test_the_records_pass_the_check(town):
    points, rejects = check_records(open_source("osm", str(town), name="mine").records())
    assert rejects == []
    by_id = {point.id: point for point in points}
    bureau = by_id["node-1"]
    assert bureau.kind is Kind.HRSS_BUREAU and bureau.phones == (Phone("0531-87050000"),) and bureau.wheelchair is True
    assert bureau.provenance.source == PUBLISHER and bureau.provenance.licence == LICENCE
    assert shipped_clock().evaluate(bureau.hours, parse_moment("2026-11-23T10:00")).state == "open"
    assert by_id["relation-22"].lon is None
    assert {point.kind for point in points} == {
        Kind.HRSS_BUREAU, Kind.INSURANCE_AGENCY, Kind.MEDICAL_INSURANCE, Kind.GOVERNMENT_HALL, Kind.COMMUNITY_CENTER,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([[(1.0, 2.0)]], (1.0, 2.0)),
        ([[(1.0, 2.0), (1.0, 2.0)]], (1.0, 2.0)),
        ([[(1.0, 2.0), (3.0, 2.0), (1.0, 2.0)]], (3.0, 2.0)),
        ([[(0.0, 0.0), (2.0, 0.0)], [(9.0, 9.0)]], (1.0, 0.0)),
        ([[(0.0, 0.0)], [(2.0, 4.0)]], (1.0, 2.0)),
        ([[(0, 0), (4, 0), (4, 4), (0, 4), (0, 0)], [(9, 9), (9.1, 9)]], (2.0, 2.0)),
        ([[(0, 0), (2, 2), (2, 0), (0, 2), (0, 0)]], None),
    ],
)  # fmt: skip
def test_every_drawing_has_a_position(lines, expected):
    """A single node, a line there and back, an unclosed outline, a bow tie."""
    lon, lat = represent(lines)
    assert expected is None or (lon, lat) == expected
    assert 0 <= lon <= 9.1 and 0 <= lat <= 9


# --- files that are not whole


def test_a_cut_extract_is_one_clear_error(shared_data, tmp_path):
    whole = (shared_data / "osm" / "liechtenstein-latest.osm.pbf").read_bytes()
    cut = tmp_path / "cut.osm.pbf"
    for share in (0.0, 0.00001, 0.001, 0.3, 0.5, 0.9, 0.9999):
        cut.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(SourceError) as caught:
            list(OsmSource(str(cut)).records())
        assert caught.value.code == "extract_broken" and caught.value.exit_code == 1 and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.osm.pbf", b"<html><body>captive portal</body></html>"),
        ("page.osm", b"<html><body>captive portal</body></html>"),
        ("cut.osm", b'<?xml version="1.0"?><osm version="0.6"><node id="1" lon="1" la'),
        ("wrong.osm", b'<?xml version="1.0"?><osm version="0.6"><node id="x" lon="y" lat="1"/></osm>'),
        ("bomb.osm", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><osm version="0.6"><node id="1" lon="1" lat="1"><tag k="name" v="&b;"/></node></osm>'),
        ("packed.osm.gz", b"no gzip"),
        ("nothing.osm", b""),
    ],
)  # fmt: skip
def test_what_is_no_openstreetmap_data_is_told(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        list(OsmSource(str(path)).records())
    assert caught.value.code == "extract_broken"


def test_a_missing_file_or_another_ending_is_misuse(tmp_path):
    (tmp_path / "offices.csv").write_text("name\n")
    for location, code in (
        (tmp_path / "nowhere.osm.pbf", "file_missing"),
        (tmp_path / "offices.csv", "extract_ending"),
    ):
        with pytest.raises(InvalidInput) as caught:
            OsmSource(str(location))
        assert caught.value.code == code


def test_hostile_tags_are_texts(tmp_path):
    town = Town()
    names = [
        "社保中心<script>alert(1)</script>",
        "社保中心'; DROP TABLE x; --",
        "=cmd|' /C calc'!A0 社保中心",
        "社保中心" * 62,
    ]
    for number, name in enumerate(names, 1):
        town.node(117.0, 36.6, number, office="government", name=name)
    town.way(9, box(190.0, 36.6), office="government", name="出界社保中心")
    records = list(OsmSource(str(town.write(tmp_path / "x.osm"))).records())
    assert [r.fields["name"] for r in records] == [*names, "出界社保中心"]
    points, rejects = check_records(records)
    assert [p.name for p in points if "出界" not in p.name] == [names[1]]
    assert {r.code for r in rejects} >= {"markup", "formula_start", "too_long"}


# --- the real extracts: no such office, and hours as people write them


@pytest.mark.shared
@pytest.mark.parametrize("name", ["liechtenstein-latest.osm.pbf", "nanjing-center.osm.pbf"])
def test_the_real_extracts_hold_no_office(shared_data, name):
    assert list(OsmSource(str(shared_data / "osm" / name)).records()) == []


@pytest.mark.shared
def test_hours_as_people_write_them_are_taken(shared_data):
    """Of 28 real ``opening_hours`` all but a telephone number and one with a slip (``Tu 09:00-12:00; 13:00-18:30``) are read."""
    tagged = []
    for name in ("liechtenstein-latest.osm.pbf", "nanjing-center.osm.pbf"):
        reader = osmium.FileProcessor(str(shared_data / "osm" / name))
        tagged += [dict(thing.tags) for thing in reader.with_filter(osmium.filter.KeyFilter("opening_hours"))]
    records = [
        RawRecord(source="x", file="x", row=row, fields=tags_to_fields({**tags, "name": f"{row}号"}, Kind.OTHER, "x"))
        for row, tags in enumerate(tagged, 1)
    ]
    points, rejects = check_records(records)
    assert len(tagged) == 28 and sum(point.hours is not None for point in points) == 26
    assert [(reject.column, reject.value[:31]) for reject in rejects] == [
        ("hours", "Tu 09:00-12:00; 13:00-18:30; We"),
        ("hours", "+423 232 48 18"),
    ]
