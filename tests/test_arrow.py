"""Arrow columns as arrays and back, and that loading a layer needs no pandas."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from locator.layer import Layer, is_known, to_arrow, to_numpy
from locator.model import Kind, Provenance, ServicePoint
from locator.stores.files import write_layer


@pytest.mark.parametrize(
    ("column", "blank", "expected"),
    [
        (pa.array([1.5, None, 2.5]), np.nan, [1.5, np.nan, 2.5]),
        (pa.array([1.5, None, 2.5])[1:], np.nan, [np.nan, 2.5]),
        (pa.array([4, None], pa.int32()), -1, [4, -1]),
        (pa.array([True, None, False, True])[1:], 0, [False, False, True]),
        (pa.array([True, False] * 9)[7:], 0, [False, True] * 5 + [False]),
        (pa.nulls(2), np.nan, [np.nan, np.nan]),
        (pa.chunked_array([[1.0], [None, 3.0]]), np.nan, [1.0, np.nan, 3.0]),
        (pa.chunked_array([], pa.float64()), np.nan, []),
    ],
)
def test_a_column_is_the_array_that_arrow_says(column, blank, expected):
    assert np.array_equal(to_numpy(column, blank=blank), expected, equal_nan=True)


@pytest.mark.parametrize("values", [[], [3, -1, 7], [0.5, -0.0], [True] * 9 + [False]])
def test_an_array_is_the_column_that_arrow_makes(values):
    array = np.array(values)
    assert to_arrow(array).equals(pa.array(array))
    assert to_arrow(array[::-1]).equals(pa.array(array[::-1]))


def test_what_is_known_is_not_null():
    assert is_known(pa.chunked_array([["a", None], [""]])).tolist() == [True, False, True]


def test_loading_and_asking_a_layer_needs_neither_pandas_nor_geopandas(tmp_path):
    path = tmp_path / "layer.parquet"
    known = {"kind": Kind.OTHER, "lon": 117.0, "lat": 36.6, "provenance": Provenance(source="made up")}
    points = [ServicePoint(id="a", name="甲", **known), ServicePoint(id="b", name="乙", status="vanished", **known)]
    write_layer(path, Layer.from_points(points), (), {})
    asked = (
        "import sys; from pathlib import Path; from locator.stores.parquet import ParquetStore;"
        "store = ParquetStore(Path(sys.argv[1]));"
        "print([found.point.id for found in store.nearest(117.0, 36.6)], store.point('b').status,"
        " {'pandas', 'geopandas'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", asked, str(path)], check=True, capture_output=True, text=True)
    assert said.stdout.split() == ["['a']", "vanished", "set()"]
