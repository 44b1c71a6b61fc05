"""A point survives the trip through the layer's columns, and columns stay what the format says."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from locator.layer import COLUMNS, Layer, phones_from_text, phones_to_text, to_row
from locator.model import Kind, Phone, Precision, Provenance, ServicePoint, Task

words = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=12)
maybe = st.none() | words
numbers = st.from_regex(r"0\d{2,3}-\d{7,8}", fullmatch=True) | st.just("12333")
labels = st.none() | st.from_regex(r"[^\s;]{1,6}", fullmatch=True)
provenances = st.builds(
    Provenance, source=words, url=maybe, date=maybe, verified=maybe, confidence=maybe, licence=maybe
)
points = st.builds(
    ServicePoint,
    id=words, name=words, name_en=maybe, kind=st.sampled_from(Kind), kind_source=maybe, province=maybe, city=maybe,
    district=maybe, township=maybe, adcode=st.none() | st.just("370104"), address=maybe,
    phones=st.lists(st.builds(Phone, numbers, labels), max_size=3).map(tuple),
    hours=maybe, hours_text=maybe, hours_source=maybe, hours_date=maybe, services=maybe,
    tasks=st.none() | st.frozensets(st.sampled_from(Task)), not_tasks=st.frozensets(st.sampled_from(Task)),
    lon=st.none() | st.floats(-180, 180), lat=st.none() | st.floats(-90, 90),
    position=st.none() | st.sampled_from(Precision), error_m=st.none() | st.floats(0, 1e5),
    serves=st.lists(st.just("370104"), max_size=2).map(tuple), serves_basis=maybe, wheelchair=st.none() | st.booleans(),
    website=maybe, status=st.sampled_from(["listed", "vanished", "live"]), notes=maybe, notes_en=maybe,
    provenance=provenances, origins=st.dictionaries(st.sampled_from(["phones", "hours", "position"]), provenances),
)  # fmt: skip


@given(st.lists(points, max_size=5))
def test_points_round_trip(some):
    layer = Layer.from_points(some)
    assert list(layer.points()) == some
    assert [layer.point(row) for row in range(len(layer))] == some


@given(st.lists(st.builds(Phone, numbers, labels), max_size=4))
def test_phones_round_trip(phones):
    assert phones_from_text(phones_to_text(phones)) == tuple(phones)


def test_a_point_fills_every_column():
    assert set(to_row(ServicePoint(id="x", name="y"))) == set(COLUMNS)


def test_unknown_positions_are_nan_and_ids_are_found():
    layer = Layer.from_points([ServicePoint(id="a", name="n"), ServicePoint(id="b", name="n", lon=1.0, lat=2.0)])
    assert layer.lon[0] != layer.lon[0] and layer.lat[1] == 2.0
    assert (layer.row_of("b"), layer.row_of("c")) == (1, None)


def test_codes_stand_for_texts():
    layer = Layer.from_points(
        [ServicePoint(id=i, name="n", adcode=a) for i, a in (("a", "1"), ("b", None), ("c", "1"))]
    )
    numbers, texts = layer.codes("adcode")
    assert numbers.tolist() == [0, -1, 0] and texts == ["1"]


def test_points_read_ahead_are_the_points():
    points = [ServicePoint(id=f"p{n}", name=f"点{n}", kind=Kind.BANK, lon=117.0, lat=36.0) for n in range(5)]
    layer, other = Layer.from_points(points), Layer.from_points(points)
    layer.read_ahead()
    assert [layer.point(row) for row in range(5)] == [other.point(row) for row in range(5)]
    assert layer.point(np.int64(3)).id == "p3"


def test_a_layer_without_points_is_compared_with_others_all_the_same():
    """A source that gave nothing is kept as columns without a type."""
    empty = Layer(pa.table({"id": pa.array([]), "name": pa.array([]), "lon": pa.array([])}))
    assert [str(empty.table.column(name).type) for name in ("id", "name")] == ["string", "string"]
    assert len(empty) == 0 and empty.lon.size == 0
