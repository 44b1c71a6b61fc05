"""The shipped facts, and how an index is built of them and replaced."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import threading
from dataclasses import replace

import pytest
from shipped_divisions import DIVISIONS, SHIPPED

from locator.adcode import is_inside
from locator.errors import DataError
from locator.gazetteer.build import build_gazetteer, change_gazetteer
from locator.gazetteer.divisions import LEVELS, NumberRecord, PlaceKind, PlaceRecord
from locator.gazetteer.query import open_gazetteer
from locator.gazetteer.schema import FORMER_FILES, read_csv
from locator.gazetteer.sources import ERRORS_M, PRECISIONS
from locator.layer import Layer
from locator.model import Kind, Precision, ServicePoint

CODES = {row["code"] for row in DIVISIONS}


def test_every_code_is_written_once_and_lies_in_another():
    assert len(CODES) == len(DIVISIONS)
    for row in DIVISIONS:
        assert re.fullmatch(r"\d{6}|\d{9}", row["code"])
        if row["level"] != "province":
            outer = {row["code"][:6], row["code"][:4] + "00", row["code"][:2] + "0000"} - {row["code"]}
            assert outer & CODES


def test_as_many_divisions_as_the_ministry_counts():
    levels = [row["level"] for row in DIVISIONS]
    assert (levels.count("province"), levels.count("city"), levels.count("district")) == (34, 333, 2849)
    assert levels.count("township") > 41_000


def test_a_position_has_a_source_and_an_error_and_lies_in_china():
    for row in DIVISIONS:
        assert bool(row["lon"]) == bool(row["lat"]) == bool(row["error_m"]) == bool(row["position_source"])
        if row["lon"]:
            assert 73 < float(row["lon"]) < 136, row["name"]
            assert 3 < float(row["lat"]) < 54, row["name"]


def test_nearly_every_district_has_a_position():
    without = [row["name"] for row in DIVISIONS if row["level"] == "district" and not row["lon"]]
    assert len(without) <= 20


@pytest.mark.parametrize("file", FORMER_FILES)
def test_what_a_retired_name_became_exists(file):
    for row in read_csv(SHIPPED / file):
        assert row["successor"] in CODES, row
        assert row["within"] in CODES, row
        assert row["level"] in {"city", "district", "township"}
        assert row["source"]


def test_an_alias_names_a_division():
    for row in read_csv(SHIPPED / "aliases.csv"):
        part = row["code"][:6] in {"710000", "810000", "820000"}  # test_places_data looks at it
        assert part or row["code"] in CODES
        assert row["kind"] in {"short", "english", "popular", "nickname", "former", "part"}
        assert row["source"]


def test_the_nineteen_national_new_areas_are_understood_by_every_name(gazetteer):
    national = [row for row in read_csv(SHIPPED / "new_areas.csv") if row["since"]]
    assert len(national) == 19
    for row in national:
        codes = row["codes"].split(";")
        assert set(codes) <= set(CODES) and row["source"], row["name"]
        for name in (row["name"], *filter(None, row["short"].split(";"))):
            place = gazetteer.resolve(name).one.place
            assert all(is_inside(code, place.adcode) for code in codes), name
            assert place.lon is not None and place.error_m > 0, name


def test_every_division_is_found_by_its_full_name(gazetteer):
    for row in DIVISIONS[::37]:
        label = gazetteer.describe(row["code"], "zh")
        found = gazetteer.resolve(label).meanings
        codes = {m.place.township or m.place.adcode for m in found}
        if row["level"] == "zone":
            codes |= {row["code"]} if any(row["name"] in m.place.label for m in found) else set()
        assert row["code"] in codes, label


def test_every_kind_has_a_precision_and_an_error():
    assert set(PRECISIONS) == set(ERRORS_M) == set(PlaceKind) - {*LEVELS}


def test_divisions_by_code_name_and_description(gazetteer):
    futian = gazetteer.division("440304")
    assert (futian.name, futian.level, futian.parent, futian.pinyin) == ("福田区", "district", "440300", "fu tian qu")
    assert gazetteer.division("999999") is None
    assert gazetteer.division("440304008").name == "莲花街道"
    assert [d.code for d in gazetteer.regions("深圳")] == ["440300"]
    assert [d.code for d in gazetteer.regions("440304")] == ["440304"]
    assert {d.code for d in gazetteer.regions("鼓楼区")} == {"320106", "320302", "350102", "410204"}
    assert [d.code for d in gazetteer.regions("shenzhen")] == ["440300"]
    assert gazetteer.regions("没有这个地方") == []
    assert gazetteer.describe("440304", "en") == "Futian, Shenzhen, Guangdong"
    assert gazetteer.describe("440304", "zh") == "广东省深圳市福田区"
    assert gazetteer.describe("999999", "zh") == ""


def test_the_townships_of_a_district_or_city(gazetteer):
    assert "莲花街道" in {d.name for d in gazetteer.townships("440304")}
    assert len(gazetteer.townships("442000")) == 23


def records():
    yield PlaceRecord("新建路", PlaceKind.STREET, 114.05, 22.55, adcode="440304")
    yield NumberRecord("新建路", "1", 114.05, 22.55)


def test_an_index_is_replaced_whole_while_somebody_reads(tmp_path, small_shipped):
    path = tmp_path / "g.sqlite"
    build_gazetteer(path, small_shipped)
    reader = open_gazetteer(path)
    assert reader.resolve("深圳市福田区新建路1号").meanings[0].place.precision == "district"
    build_gazetteer(path, small_shipped, extracts=[records()])
    assert reader.resolve("深圳市福田区新建路1号").meanings[0].place.precision == "district"
    assert open_gazetteer(path).resolve("深圳市福田区新建路1号").meanings[0].place.precision == "rooftop"
    assert [p.name for p in tmp_path.iterdir()] == ["g.sqlite"]


def test_a_failed_build_leaves_the_old_index(tmp_path, small_shipped):
    path = tmp_path / "g.sqlite"
    build_gazetteer(path, small_shipped)
    before = path.read_bytes()
    broken = shutil.copytree(small_shipped, tmp_path / "broken")
    (broken / "divisions.csv").unlink()
    with pytest.raises(DataError, match=r"divisions\.csv"):
        build_gazetteer(path, broken)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["broken", "g.sqlite"]


def tables_of(path) -> dict[str, list[str]]:
    """Return the rows of every table of an index but those that the full-text search keeps for itself."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        plain = [name for name in names if name != "meta" and not name.startswith(("fts", "letters"))]
        found = {name: sorted(map(repr, connection.execute(f"SELECT * FROM {name}"))) for name in plain}
        for word in ("福田", "lian hua", "bei jing"):
            rows = connection.execute("SELECT rowid FROM fts WHERE fts MATCH ? LIMIT 20", (word,))
            found[f"fts {word}"] = [repr(row) for row in rows]
        return found


def test_divisions_that_are_kept_give_the_same_index(tmp_path, small_shipped):
    kept = tmp_path / "divisions.sqlite"
    double = PlaceRecord("福田区", PlaceKind.POI, 114.05, 22.5, adcode="440304")  # named as a division is
    extracts = [[double, *records()]]
    whole, first, again = (tmp_path / name for name in ("whole", "first", "again"))
    build_gazetteer(whole, small_shipped, extracts=extracts)
    build_gazetteer(first, small_shipped, extracts=extracts, divisions=kept)
    before = kept.read_bytes()
    (tmp_path / "none").mkdir()
    places = build_gazetteer(again, tmp_path / "none", extracts=extracts, divisions=kept)
    assert kept.read_bytes() == before, "the shipped files were not asked for again"
    assert tables_of(whole) == tables_of(first) == tables_of(again) and places == len(tables_of(whole)["place"])
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("content", [b"", b"lightning", None], ids=["empty", "other", "cut"])
def test_divisions_that_were_not_kept_whole_are_made_again(tmp_path, small_shipped, content):
    kept, path = tmp_path / "divisions.sqlite", tmp_path / "g.sqlite"
    build_gazetteer(path, small_shipped, divisions=kept)
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2] if content is None else content)
    build_gazetteer(path, small_shipped, divisions=kept)
    assert kept.stat().st_size == len(whole) and open_gazetteer(path).division("370104").name == "槐荫区"


def test_an_index_of_another_version_is_refused(tmp_path, small_shipped):
    path = tmp_path / "g.sqlite"
    build_gazetteer(path, small_shipped)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '0' WHERE key = 'version'")
    connection.close()
    with pytest.raises(DataError, match="another version"):
        open_gazetteer(path)


def test_a_place_without_an_adcode_gets_the_city_around_it(tmp_path, small_shipped):
    path = tmp_path / "g.sqlite"
    far = PlaceRecord("很远的地方", PlaceKind.POI, 9.5, 47.1)
    near = PlaceRecord("附近的地方", PlaceKind.POI, 114.05, 22.55)
    build_gazetteer(path, small_shipped, extracts=[[far, near]])
    index = open_gazetteer(path)
    assert index.resolve("附近的地方").one.place.adcode == "440300"
    assert index.resolve("很远的地方").one.place.adcode is None


def test_an_import_without_districts_is_found_in_its_district(tmp_path, small_shipped):
    path = tmp_path / "g.sqlite"
    records = [
        PlaceRecord("试验路", PlaceKind.STREET, 121.44, 31.19), NumberRecord("试验路", "5", 121.44, 31.19),
        PlaceRecord("试验路", PlaceKind.STREET, 114.05, 22.55), NumberRecord("试验路", "5", 114.05, 22.55),
        PlaceRecord("试验路", PlaceKind.STREET, 113.45, 30.36), NumberRecord("试验路", "5", 113.45, 30.36),
    ]  # fmt: skip
    build_gazetteer(path, small_shipped, extracts=[records])
    index = open_gazetteer(path)
    for around, lon in (("上海市徐汇区", 121.44), ("上海", 121.44), ("深圳市福田区", 114.05), ("湖北省仙桃市", 113.45)):
        place = index.resolve(f"{around}试验路5号").one.place
        assert (place.precision, place.lon) == ("rooftop", lon), around
        assert any(s.place.lon == lon for s in index.suggest("shiyanlu", region=around)), around


def test_threads_ask_at_once(gazetteer):
    wrong = []

    def ask(number: int) -> None:
        text, label = [("深圳", "广东省深圳市"), ("Lhasa", "西藏自治区拉萨市"), ("经四路478号", "经四路478号")][
            number % 3
        ]
        for _ in range(20):
            (place,) = gazetteer.find(text)
            if label not in place.label or not gazetteer.suggest(text):
                wrong.append(text)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def offices(*numbers: int, **more) -> list[ServicePoint]:
    """Return offices of which some share a name, a street, or both."""
    return [
        ServicePoint(
            id=f"o{n}", name=f"历下区第{n % 3}服务大厅", kind=Kind.GOVERNMENT_HALL, adcode="370102",
            lon=117.0 + n / 1000, lat=36.6,
            **{"name_en": f"Hall {n}", "address": f"解放{n % 2}路{n}号", "position": Precision.POI, **more},
        )
        for n in numbers
    ]  # fmt: skip


def twins(number: int, **more) -> list[ServicePoint]:
    """Return an office of another source that has the name and the position of one of :func:`offices`."""
    return [replace(office, **{"id": "o8", **more}) for office in offices(number)]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Return where the index of the divisions alone is kept between the builds of this file."""
    return tmp_path_factory.mktemp("kept") / "divisions.sqlite"


def content_of(path) -> dict[str, list[str]]:
    """Return what an index says, without the numbers that it gives places and streets; terms with their counts."""
    asked = {
        "place": "SELECT name, kind, code, context, lon, lat, error_m, precision, pinyin, city FROM place",
        "key": "SELECT k.key, k.code, p.name, p.lon FROM place_key k JOIN place p USING (id)",
        "slip": "SELECT s.variant, s.places, p.name FROM slip s JOIN place p USING (id)",
        "street": "SELECT s.key, s.name, a.key FROM street s LEFT JOIN street_alias a ON a.street = s.id",
        "number": "SELECT s.key, n.area, n.value, n.suffix, n.lon, n.lat, n.code, n.name, n.interpolate, n.error_m"
        " FROM number n JOIN street s ON s.id = n.street",
        "letters": "SELECT term, places FROM letter_count",
        "meta": "SELECT * FROM meta",
        "fts": "SELECT term, doc, cnt FROM temp.terms",
        "runs": "SELECT term, doc FROM temp.runs",
    }
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, fts, 'row')")
        connection.execute("CREATE VIRTUAL TABLE temp.runs USING fts5vocab(main, letters, 'row')")
        return {name: sorted(map(repr, connection.execute(query))) for name, query in asked.items()}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (offices(1, 2, 3, 4, 5), offices(1, 2, 3, 4, 5, 6)),
        (offices(1, 2, 3, 4, 5), offices(1, 2)),
        (offices(1, 2, 3), [*offices(1, 2), *offices(3, name_en="Other hall")]),
        (offices(1, 2, 3), []),
        (offices(1, 4), [*offices(1), *offices(4, address="解放1路40号")]),
        (offices(1), offices(1, position=Precision.TOWNSHIP, error_m=900.0)),
        (offices(1, 2), [*offices(1), *offices(2, status="vanished")]),
        ([], offices(7)),
        ([*offices(1), *twins(1), *twins(1, id="o9")], offices(1)),
        ([*twins(1, name_en="Twin"), *twins(1, id="o9", name_en=None)], twins(1, name_en="Twin")),
        ([*twins(1, error_m=20.0), *twins(1, id="o9", error_m=70.0)], twins(1, error_m=20.0)),
    ],
)
def test_an_index_that_is_changed_says_what_one_built_anew_does(tmp_path, small_shipped, kept, before, after):
    changed, anew = tmp_path / "changed", tmp_path / "anew"
    extracts = [[*records(), PlaceRecord("解放1路", PlaceKind.STREET, 117.0, 36.6, adcode="370100")]]
    build_gazetteer(changed, small_shipped, layer=Layer.from_points(before), extracts=extracts, divisions=kept)
    build_gazetteer(anew, small_shipped, layer=Layer.from_points(after), extracts=extracts, divisions=kept)
    gone, fresh = ([p for p in side if p not in other] for side, other in ((before, after), (after, before)))
    count = change_gazetteer(changed, Layer.from_points(gone), Layer.from_points(fresh))
    assert content_of(changed) == content_of(anew)
    assert count == len(content_of(anew)["place"])
    with contextlib.closing(sqlite3.connect(changed)) as connection:
        connection.execute("INSERT INTO fts(fts) VALUES ('integrity-check')")
        connection.execute("INSERT INTO letters(letters) VALUES ('integrity-check')")


def test_an_index_that_lacks_what_is_to_go_stays_as_it_is(tmp_path, small_shipped):
    path = tmp_path / "g.sqlite"
    build_gazetteer(path, small_shipped, layer=Layer.from_points(offices(1)))
    before = path.read_bytes()
    with pytest.raises(DataError):
        change_gazetteer(path, Layer.from_points(offices(2)), Layer.from_points(offices(3)))
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["g.sqlite"]
