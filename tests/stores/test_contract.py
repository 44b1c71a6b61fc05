"""What every store promises, whichever it is.

A further store adds one fixture to :data:`STORES` that gives an empty store, and a way to open the same
one again (as another process would).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from locator.datum import distance_m
from locator.layer import Layer
from locator.model import Filter, Kind, Phone, Precision, Provenance, ServicePoint, Task
from locator.stores import Store
from locator.stores.parquet import ParquetStore
from locator.stores.postgis import PostgisStore

Opener = Callable[[], Store]


@contextmanager
def parquet(tmp_path, request) -> Iterator[Opener]:
    """The embedded store."""
    yield lambda: ParquetStore(tmp_path / "layer.parquet")


@contextmanager
def postgis(tmp_path, request) -> Iterator[Opener]:
    """The store in PostgreSQL, in an empty database of the test's own."""
    address = request.getfixturevalue("empty_database")
    opened: list[PostgisStore] = []

    def opener() -> Store:
        opened.append(PostgisStore(address))
        return opened[-1]

    yield opener
    for each in opened:
        each.close()


STORES = {"parquet": parquet, "postgis": postgis}


@pytest.fixture(params=["parquet", pytest.param("postgis", marks=pytest.mark.postgis)])
def reopen(request, tmp_path) -> Iterator[Opener]:
    """A function that opens the same store anew."""
    with STORES[request.param](tmp_path, request) as opener:
        yield opener


@pytest.fixture
def store(reopen) -> Store:
    return reopen()


def office(number: int, **fields) -> ServicePoint:
    """Return an office; they stand a hundredth of a degree from each other."""
    usual = {
        "id": f"o-{number:03d}", "name": f"{number}号社保所", "kind": Kind.INSURANCE_AGENCY, "province": "山东省",
        "city": "济南市", "district": "槐荫区", "adcode": "370104", "lon": 116.9 + number / 100, "lat": 36.65,
        "position": Precision.POI, "provenance": Provenance(source="表", date="2020", licence="facts"),
    }  # fmt: skip
    return ServicePoint(**(usual | fields))


def full() -> ServicePoint:
    """Return an office with every field filled."""
    return office(
        77, name_en="Office 77", kind=Kind.CARD_CENTER, kind_source="卡中心", township="五里沟街道", address="一路'1\"号, 乙",
        phones=(Phone("0531-88923656", "办公室"), Phone("12333")), hours="Mo-Fr 09:00-17:00; PH off", hours_text="周一至周五",
        hours_source="https://x.cn", hours_date="2020-01", services="补卡;换卡", tasks=frozenset({Task.APPLY, Task.PIN}),
        not_tasks=frozenset({Task.MEDICAL}), error_m=12.5, serves=("370104005",), serves_basis="name", wheelchair=True,
        website="https://x.cn/a", timezone="Asia/Urumqi", notes="注", notes_en="note",
        provenance=Provenance(
            source="表", url="https://x.cn", date="2020-01-02", verified="2021-01-01", confidence="H", licence="facts"
        ),
        origins={"phones": Provenance(source="另一个", licence="ODbL-1.0")},
    )  # fmt: skip


def test_an_empty_store_answers(store):
    assert store.nearest(116.9, 36.6) == [] and list(store.points()) == [] and store.point("x") is None
    assert len(store.layer()) == 0 and store.parts() == {} and store.stamp("x") is None and store.count_by_city() == {}


def test_points_come_back_whole(store, reopen):
    points = [office(1), full(), office(2, lon=None, lat=None, position=None, phones=())]
    summary = store.replace("a", points)
    assert (summary.kept, summary.added, summary.total) == (3, 3, 3)
    for each in (store, reopen()):
        assert sorted(each.points(), key=lambda p: p.id) == sorted(points, key=lambda p: p.id)
        assert each.point("o-077") == full() and each.version == summary.version
        assert sorted(each.layer().points(), key=lambda p: p.id) == sorted(points, key=lambda p: p.id)
        assert each.count_by_city() == {"济南市": 3}


def test_the_nearest_by_geodesic_ties_by_id(store):
    store.replace("a", [office(n) for n in range(20)] + [office(50, lon=116.95), office(60, lon=None, lat=None)])
    found = store.nearest(116.9501, 36.65, limit=4)
    assert [f.point.id for f in found] == ["o-005", "o-050", "o-006", "o-004"]
    for point, metres in found:
        assert metres == pytest.approx(float(distance_m(116.9501, 36.65, point.lon, point.lat)), abs=1e-6)
    assert [f.point.id for f in store.nearest(116.9501, 36.65, limit=50, within_m=50)] == ["o-005", "o-050"]
    assert len(store.nearest(116.9501, 36.65, limit=50)) == 21


FILTERS = [
    (Filter(kinds=frozenset({Kind.BANK})), {2}),
    (Filter(regions=("370000",)), {1, 2, 3, 4, 6}),
    (Filter(regions=("370100", "210202")), {1, 2, 3, 5, 6}),
    (Filter(regions=("370104",)), {1, 3, 6}),
    (Filter(positions=frozenset({Precision.TOWNSHIP})), {3}),
    (Filter(wheelchair=True), {4}),
    (Filter(wheelchair=False), {5}),
    (Filter(hours_known=True), {1}),
    (Filter(hours_known=False), {2, 3, 4, 5, 6}),
    (Filter(task=Task.PIN), {1, 2, 3, 4, 6}),
    (Filter(predicate=lambda p: p.name.startswith("3")), {3}),
    (Filter(regions=("370000",), kinds=frozenset({Kind.INSURANCE_AGENCY}), hours_known=False), {3, 4, 6}),
    (Filter(), {1, 2, 3, 4, 5, 6}),
]


@pytest.mark.parametrize(("where", "expected"), FILTERS)
def test_a_filter_means_the_same_in_a_list_and_in_a_search(store, where, expected):
    store.replace(
        "a",
        [
            office(1, hours="24/7"), office(2, kind=Kind.BANK, adcode="370105"), office(3, position=Precision.TOWNSHIP),
            office(4, adcode="371302", wheelchair=True),
            office(5, adcode="210202", wheelchair=False, not_tasks=frozenset({Task.PIN})), office(6),
        ],
    )  # fmt: skip
    wanted = {f"o-{n:03d}" for n in expected}
    assert {p.id for p in store.points(where)} == wanted
    assert {f.point.id for f in store.nearest(116.9, 36.65, limit=20, where=where)} == wanted


def test_the_same_again_changes_nothing(store):
    points = [office(n) for n in range(5)]
    first = store.replace("a", points, stamp="s1")
    again = store.replace("a", points, stamp="s1")
    assert again.version == first.version and (again.unchanged, again.added, again.changed, again.vanished) == (
        5,
        0,
        0,
        0,
    )
    assert store.stamp("a") == "s1"
    store.replace("a", points, stamp="s2")
    assert store.stamp("a") == "s2" and store.stamp("b") is None


def test_what_changes_is_counted_and_what_vanishes_is_marked(store, reopen):
    store.replace("a", [office(n) for n in range(4)])
    summary = store.replace("a", [office(0), replace(office(1), address="新路"), office(9)])
    assert (summary.kept, summary.added, summary.changed, summary.unchanged, summary.vanished) == (3, 1, 1, 1, 2)
    for each in (store, reopen()):
        assert {p.id for p in each.points()} == {"o-000", "o-001", "o-009"}
        assert each.point("o-002").status == "vanished"
        assert "o-002" not in {f.point.id for f in each.nearest(116.92, 36.65, limit=9)}
        assert {p.id for p in each.layer().points() if p.status == "vanished"} == {"o-002", "o-003"}
    back = store.replace("a", [office(n) for n in range(4)])
    assert back.kept == 4 and store.point("o-002").status == "listed" and store.point("o-009").status == "vanished"


def test_a_partial_answer_marks_nothing_as_vanished(store):
    store.replace("live", [office(0), office(1)])
    summary = store.replace("live", [office(1), office(2)], partial=True)
    assert summary.vanished == 0 and {p.id for p in store.points()} == {"o-000", "o-001", "o-002"}


def test_sources_stay_apart_and_meet_in_one_point(store):
    store.replace("a", [office(1), office(2)])
    better = office(
        1,
        id="b-1",
        name="济南市1号社保所",
        services="补卡",
        provenance=Provenance(source="官网", confidence="H", licence="x"),
    )
    summary = store.replace("b", [better])
    assert (summary.merged, summary.total) == (1, 2)
    merged = store.point("o-001")
    assert merged.services == "补卡" and merged.provenance.source == "官网" and store.point("b-1") is None
    assert set(store.parts()) == {"a", "b"} and [p.id for p in store.parts()["b"].points()] == ["b-1"]
    store.remove("b")
    assert store.point("o-001") == office(1) and set(store.parts()) == {"a"}
    store.remove("nobody")


def held(store: Store) -> list[tuple[str, str | None, list[tuple[str, str]]]]:
    """Return what each source gave, in their order, with its stamp."""
    return [(n, store.stamp(n), [(p.id, p.status) for p in part.points()]) for n, part in store.parts().items()]


def test_the_last_change_is_undone_and_done_again(store, reopen):
    assert store.undo() is None and len(store.layer()) == 0
    store.replace("a", [office(1), office(2)], stamp="first")
    store.replace("b", [office(3)], stamp="other")
    before = held(store)
    changes: list[Callable[[], object]] = [
        lambda: store.replace("a", [office(1, address="二路2号")], stamp="second"),
        lambda: store.remove("a"),
        lambda: store.replace("c", [office(4)]),
    ]
    for change in changes:
        version = store.version
        change()
        after = held(store)
        assert after != before
        assert store.undo() == reopen().undo() == ("c" if change is changes[2] else "a")
        assert held(store) == after, "undone twice, it is done again"
        assert reopen().undo() and held(store) == before and store.version == version
        assert {p.id for p in store.points()} == {
            i for _, _, rows in before for i, status in rows if status == "listed"
        }


def test_what_has_vanished_is_not_served_also_where_nothing_changed(store):
    store.replace("a", [office(1), office(2)])
    changed, unchanged = (store.replace("a", [office(1)]) for _ in range(2))
    assert changed.total == unchanged.total == len(list(store.points())) == 1


def test_what_changes_by_itself_is_not_undone(store):
    store.replace("a", [office(1)])
    store.replace("live-amap", [office(2)], partial=True)
    assert store.undo() == "a"
    assert {p.id for p in store.points()} <= {office(2).id}


def test_an_unchanged_source_leaves_the_undo_as_it_is(store):
    store.replace("a", [office(1)], stamp="x")
    store.replace("b", [office(2)], stamp="x")
    store.replace("a", [office(1)], stamp="x")
    assert store.undo() == "b" and [p.id for p in store.points()] == [office(1).id]


def test_a_layer_is_as_good_as_a_list(store):
    summary = store.replace("a", Layer.from_points([office(1), office(2)]))
    assert summary.kept == 2 and store.point("o-001") == office(1)


def test_a_reader_sees_the_old_or_the_new_never_a_mixture(store, reopen):
    """While one writes, others read: each answer is of one version."""
    versions = [[office(n, address=f"第{v}版") for n in range(50)] for v in range(2)]
    store.replace("a", versions[0])
    faults: list[object] = []
    done = threading.Event()

    def read() -> None:
        reader = reopen()
        while not done.is_set():
            seen = {f.point.address for f in reader.nearest(117.1, 36.65, limit=50)}
            if len(seen) != 1:
                faults.append(seen)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in readers:
        thread.start()
    for number in range(12):
        store.replace("a", versions[number % 2])
    done.set()
    for thread in readers:
        thread.join()
    assert faults == []


def test_hostile_texts_are_texts(store):
    names = ["'; DROP TABLE points; --", "{{7*7}}", "${alert(1)}", "<script>", "100%", "\\x", "a\u2028b", "🏢"]
    store.replace("a';--", [office(n, name=name) for n, name in enumerate(names)])
    assert [p.name for p in sorted(store.points(), key=lambda p: p.id)] == names
    assert list(store.points(Filter(regions=("' OR 1=1 --",)))) == []
