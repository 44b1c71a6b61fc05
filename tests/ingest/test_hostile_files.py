"""Files made to break their reader: GeoParquet that lies, GeoJSON of endless depth, and too little memory to read any."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest

from locator.errors import LocatorError
from locator.files.isolated import DRIVERS
from locator.ingest import open_source
from locator.ingest.validate import Checker

POINT = bytes.fromhex("0101000000000000000000405d400000000000004240")
"""POINT (117 36) as WKB."""
ENDLESS = bytes.fromhex("0102000000ffffffff") + b"\0" * 64
"""A line that says it has four thousand million points."""


def nested(depth: int) -> bytes:
    """Return a collection in a collection in a collection, as WKB."""
    return bytes.fromhex("010700000001000000") * depth + POINT


def geo(**column: object) -> dict[bytes, bytes]:
    said = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", **column}}}
    return {b"geo": json.dumps(said).encode()}


def table(geometry: pa.Array, metadata: dict[bytes, bytes] | None = None, **columns: pa.Array) -> pa.Table:
    names = pa.array([f"{n}局" for n in range(len(geometry))])
    made = pa.table({"name": names, **columns, "geometry": geometry})
    return made.replace_schema_metadata(metadata if metadata is not None else geo())


def binary(*values: bytes | None) -> pa.Array:
    return pa.array(values, pa.binary())


LIES = {
    "wkb of nothing": table(binary(b"", b"\1", b"\xff" * 40)),
    "an endless line": table(binary(ENDLESS)),
    "collections in collections": table(binary(nested(200_000))),
    "numbers for shapes": table(pa.array([1, 2])),
    "words for shapes": table(pa.array(["POINT (1 2)", "x"])),
    "points without x": table(pa.array([{"a": 1.0}, {"a": 2.0}])),
    "points of words": table(pa.array([{"x": "a", "y": "b"}])),
    "positions that are none": table(pa.array([{"x": float("nan"), "y": float("inf")}, None])),
    "metadata of endless depth": table(binary(POINT), {b"geo": b"[" * 100_000}),
    "metadata that is a list": table(binary(POINT), {b"geo": b"[1]"}),
    "metadata that is no text": table(binary(POINT), {b"geo": b"\xff\xfe"}),
    "a primary column that is a list": table(binary(POINT), {b"geo": b'{"primary_column": ["name"]}'}),
    "a system that reads a file": table(binary(POINT), geo(crs="+proj=longlat +nadgrids=@/etc/passwd,null +type=crs")),
    "a system that asks a server": table(binary(POINT), geo(crs="http://127.0.0.1:9/crs")),
    "a system of endless depth": table(binary(POINT), geo(crs=json.loads('{"a":' * 500 + "1" + "}" * 500))),
    "cells of every kind": table(
        binary(POINT), address=pa.array([[["x"]]]), phones=pa.array([{"a": {"b": b"\xff"}}]), hours=pa.array([2.5])
    ),
    "columns of one name": pa.Table.from_arrays(
        [pa.array(["甲局"]), pa.array(["乙局"]), binary(POINT)], names=["name", "name", "geometry"]
    ),
    "a thousand columns": table(binary(POINT), **{f"c{n}": pa.array(["x"]) for n in range(1000)}),
    "a name of a megabyte": pa.table({"name": ["甲" * 1_000_000], "geometry": binary(POINT)}),
}


def take_all(path: Path) -> Checker:
    """Read and check a file as an import does."""
    checker = Checker()
    checker.points = list(checker.check(open_source("geojson", str(path)).records()))  # type: ignore[attr-defined]
    return checker


@pytest.mark.parametrize("lie", LIES)
def test_a_hostile_geoparquet_is_points_with_faults_or_one_clear_line(tmp_path, lie):
    path = tmp_path / "t.parquet"
    pq.write_table(LIES[lie], path)
    try:
        checker = take_all(path)
    except LocatorError as error:
        assert str(tmp_path) not in str(error) and "\n" not in str(error) and len(str(error)) < 600
        return
    for point in checker.points:  # type: ignore[attr-defined]
        assert len(point.name) <= 200
        assert point.lon is None or (round(point.lon), round(point.lat)) == (117, 36)


@pytest.mark.parametrize("at", [4, 60, 200, -60, -12, -8, -4])
@pytest.mark.parametrize("how", ["flipped", "cut"])
def test_a_damaged_geoparquet_is_one_clear_line(tmp_path, at, how):
    path = tmp_path / "t.parquet"
    pq.write_table(table(binary(*[POINT] * 50)), path, write_page_checksum=True)
    content = bytearray(path.read_bytes())
    if how == "cut":
        content = content[:at]
    else:
        content[at : at + 4 if at != -4 else None] = bytes(
            byte ^ 255 for byte in content[at : at + 4 if at != -4 else None]
        )
    path.write_bytes(content)
    try:
        points = take_all(path).points  # type: ignore[attr-defined]
    except LocatorError as error:
        assert "\n" not in str(error)
    else:
        assert [point.name for point in points] == [f"{n}局" for n in range(50)], "what was damaged says nothing"


def test_a_billion_rows_of_one_value_are_refused_before_they_are_read(tmp_path):
    path = tmp_path / "t.parquet"
    with pq.ParquetWriter(path, pa.schema([("name", pa.string())])) as writer:
        block = pa.table(
            {"name": pa.DictionaryArray.from_arrays(pa.repeat(0, 2_000_000), pa.array(["甲局"])).cast(pa.string())}
        )
        for _ in range(6):
            writer.write_table(block)
    assert path.stat().st_size < 100_000
    with pytest.raises(LocatorError) as caught:
        take_all(path)
    assert caught.value.code == "too_many_features"


@pytest.mark.parametrize("ending", [".geojson", ".json"])
@pytest.mark.parametrize(
    "document",
    [
        "[" * 100_000,
        '{"type":"FeatureCollection","features":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"甲局","more":'
        + '{"a":' * 100_000 + "1" + "}" * 100_000
        + '},"geometry":{"type":"Point","coordinates":[117,36]}}]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"甲局"},"geometry":'
        + '{"type":"GeometryCollection","geometries":[' * 100_000 + "]}" * 100_000 + "}]}",
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"甲局"},'
        '"geometry":{"type":"Point","coordinates":' + "[" * 100_000 + "]" * 100_000 + "}}]}",
    ],
    ids=["brackets", "features", "properties", "geometries", "coordinates"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["geojson", "table"])
def test_json_nested_a_hundred_thousand_times_is_one_clear_line(tmp_path, document, ending, kind):
    path = tmp_path / f"t{ending}"
    path.write_text(document, "utf-8")
    with pytest.raises(LocatorError) as caught:
        list(Checker().check(open_source(kind, str(path)).records()))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


def test_every_driver_of_gdal_is_off_but_the_one_of_the_ending(tmp_path):
    """The whole list: as the beginning of a location, and as what the reader has."""
    drivers = list(pyogrio.list_drivers())
    assert len(drivers) >= 50
    for name in drivers:
        for location in (
            f"{name}:/etc/passwd",
            f"{name.upper()}:http://127.0.0.1:9/",
            f"/vsicurl/http://127.0.0.1:9/{name}.geojson",
        ):
            with pytest.raises(LocatorError):
                list(open_source("geojson", location).records())
    from locator.files.isolated import open_child

    for ending, own in DRIVERS.items():
        path = tmp_path / f"t{ending}"
        path.write_bytes(b"")
        with open_child("vector", path) as child:
            assert child.ask("drivers") == [own], "none of the others is there to be chosen by the content"


LIMITED = """
    import resource, sys
    import pyarrow, pyarrow.parquet, shapely, numpy, locator.service, locator.ingest.importing  # what is there before
    from locator.cli import main
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MORE, used + MORE))
    sys.exit(main(ARGUMENTS))
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the size is read from /proc")
@pytest.mark.parametrize("more_mb", [8, 64, 192])
@pytest.mark.parametrize("command", ["find", "import", "export"])
def test_too_little_memory_is_one_clear_line_and_loses_nothing(in_data_folder, tmp_path, command, more_mb):
    path = tmp_path / "t.csv"
    path.write_text(
        "名称,地址,经度,纬度\n" + "\n".join(f"{n}区社保中心,经四路{n}号,116.9{n:04d},36.65" for n in range(3000)),
        "utf-8",
    )
    arguments = {
        "find": ["find", "济南市槐荫区经四路478号"],
        "import": ["import", "table", str(path), "--yes"],
        "export": ["export", "-o", str(tmp_path / "o.gpkg")],
    }[command]
    layer = in_data_folder / "layer.parquet"
    before = layer.read_bytes()
    code = textwrap.dedent(LIMITED).replace("MORE", str(more_mb << 20)).replace("ARGUMENTS", repr(arguments))
    environ = {**os.environ, "LOCATOR_DATA": str(in_data_folder), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, env=environ, timeout=300
    )
    if (
        done.returncode == -signal.SIGABRT
    ):  # a C++ library ended the process itself: nothing can be said, nothing is lost
        assert "bad_alloc" in done.stderr and layer.read_bytes() == before
        return
    assert done.returncode in (0, 1), (done.returncode, done.stderr[-500:])
    assert "Traceback" not in done.stderr
    if done.returncode:
        assert done.stderr.splitlines()[-1].startswith("locator: "), done.stderr[-500:]
        assert layer.read_bytes() == before
