"""The file behind the embedded store: whole after every accident, readable by others, and of others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import geopandas as gpd
import pyarrow.parquet as pq
import pytest
import shapely

from locator.disk import write_atomically
from locator.errors import DataError
from locator.layer import Layer
from locator.model import Filter, Kind, Precision, ServicePoint
from locator.settings import Settings
from locator.stores import open_store
from locator.stores.files import read_manifest, read_undo
from locator.stores.parquet import ParquetStore

ROOT = Path(__file__).parents[2]


def offices(count: int, text: str = "x") -> Layer:
    """Return some offices whose address is the given text."""
    return Layer.from_points(
        ServicePoint(id=f"o-{n}", name=f"{n}号", address=text, lon=100 + n / 1e4, lat=30.0, position=Precision.POI)
        for n in range(count)
    )


def run(code: str, *args: object) -> subprocess.Popen[str]:
    """Start a Python of its own."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, args)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


REPLACE_FOREVER = """
    import sys
    from pathlib import Path
    from locator.stores.parquet import ParquetStore
    from tests.stores.test_parquet import offices
    store = ParquetStore(Path(sys.argv[1]))
    layers = [offices(2000, "old"), offices(2000, "new")]
    print("ready", flush=True)
    while True:
        for layer in layers:
            store.replace("a", layer)
"""


def test_kill_9_at_any_moment_leaves_a_whole_layer(tmp_path):
    path = tmp_path / "layer.parquet"
    ParquetStore(path).replace("a", offices(2000, "old"))
    ParquetStore(path).replace("b", offices(3, "other"))
    for round_ in range(6):
        writer = run(REPLACE_FOREVER, path)
        assert writer.stdout.readline() == "ready\n", writer.stderr.read()
        time.sleep(0.003 + 0.017 * round_)
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
        store = ParquetStore(path)
        addresses = {p.address for p in store.parts()["a"].points()}
        assert addresses in ({"old"}, {"new"}) and len(store.parts()["a"]) == 2000
        assert {p.address for p in store.points()} <= addresses | {"other"}
        assert len(store.layer()) == 2000, "three are merged"
    for written in ("layer.parquet", "layer.undo.json"):  # what a kill leaves at the worst moments
        (tmp_path / f".{written}.dead.tmp").write_text("half")
    ParquetStore(path).replace("a", offices(2000, "last"))
    left = {p.name for p in tmp_path.rglob("*") if p.is_file() and not p.name.endswith(".lock")}
    kept = [*read_manifest(path).parts, *read_undo(path).parts]
    assert left == {"layer.parquet", "layer.undo.json", *(part.file for part in kept)}, "no litter stays"


def test_a_full_disk_is_told_and_changes_nothing(tmp_path):
    path = tmp_path / "layer.parquet"
    before = ParquetStore(path).replace("a", offices(500, "old"))
    code = """
        import resource, sys
        from pathlib import Path
        from locator.errors import DataError
        from locator.layer import Layer
        from locator.model import ServicePoint
        from locator.stores.parquet import ParquetStore
        import os
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))   # a disk that is full after 20 kB
        points = [ServicePoint(id=f"n-{i}", name=os.urandom(40).hex()) for i in range(5000)]
        try:
            ParquetStore(Path(sys.argv[1])).replace("a", points)
        except DataError as error:
            print(error.code, error.exit_code)
    """
    out, err = run(code, path).communicate()
    assert out == "disk_full 1\n", err
    store = ParquetStore(path)
    assert store.version == before.version and len(list(store.points())) == 500
    assert [p.suffix for p in tmp_path.rglob("*") if p.name.endswith(".tmp")] == []


def test_a_folder_without_the_right_to_write_is_told(tmp_path, monkeypatch):
    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "no right")

    store = ParquetStore(tmp_path / "layer.parquet")
    store.replace("a", offices(3, "old"))
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(DataError) as caught:
        store.replace("a", offices(3, "new"))
    assert caught.value.code == "data_write" and {p.address for p in store.points()} == {"old"}


def test_two_writers_take_turns(tmp_path):
    path = tmp_path / "layer.parquet"
    code = """
        import sys
        from pathlib import Path
        from locator.stores.parquet import ParquetStore
        from tests.stores.test_parquet import offices
        for n in range(4):
            ParquetStore(Path(sys.argv[1])).replace(sys.argv[2] + str(n), offices(5 + n, sys.argv[2]))
    """
    writers = [run(code, path, name) for name in "ab"]
    for writer in writers:
        _, err = writer.communicate()
        assert writer.returncode == 0, err
    assert sorted(ParquetStore(path).parts()) == ["a0", "a1", "a2", "a3", "b0", "b1", "b2", "b3"]


def wait_for_the_new_layer(store):
    """Wait until nobody loads what another process wrote, be it that the thread which does so has yet to start."""
    with store._loading:
        pass


def test_a_running_reader_follows_the_file_and_no_query_waits(tmp_path):
    reader, writer = (ParquetStore(tmp_path / "layer.parquet") for _ in range(2))
    assert reader.nearest(100, 30) == []
    writer.replace("a", offices(3, "one"))
    assert writer.nearest(100, 30)[0].point.address == "one", "who writes sees it at once"
    assert reader.nearest(100, 30) == [], "the first to notice is answered from the old layer"
    wait_for_the_new_layer(reader)
    assert reader.nearest(100, 30)[0].point.address == "one"
    writer.replace("a", offices(3, "two"))
    reader.nearest(100, 30)
    wait_for_the_new_layer(reader)
    assert reader.nearest(100, 30)[0].point.address == "two" and reader.version == writer.version


def test_a_new_layer_that_is_broken_leaves_the_old_one_in_use(tmp_path, caplog):
    path = tmp_path / "layer.parquet"
    reader, writer = ParquetStore(path), ParquetStore(path)
    writer.replace("a", offices(3, "one"))
    assert len(reader.nearest(100, 30)) == 3
    with write_atomically(path) as part:
        part.write_bytes(b"PAR1 nonsense")
    for _ in range(3):
        assert len(reader.nearest(100, 30)) == 3
        wait_for_the_new_layer(reader)
    assert [record.args for record in caplog.records] == [("layer_broken",)], "told once"
    writer.recover()
    reader.nearest(100, 30)
    wait_for_the_new_layer(reader)
    assert reader.version == ParquetStore(path).version


def test_queries_under_a_change_of_layers_see_one_layer_each_and_stay_warm(tmp_path):
    path = tmp_path / "layer.parquet"
    reader, writer = ParquetStore(path), ParquetStore(path)
    layers = [
        [
            ServicePoint(
                id=f"o-{row:04d}", name="x", kind=Kind.BANK if row % 90 else Kind.OTHER, address=f"v{number}",
                lon=116 + row / 900, lat=39.9, position=Precision.POI,
            )
            for row in range(900)
        ]
        for number in range(4)
    ]  # fmt: skip
    where = Filter(kinds=frozenset({Kind.OTHER}))
    writer.replace("a", layers[0])
    reader.nearest(116.5, 39.9, where=where)
    assert reader.index().warm_filters() == [where]
    stop, mixed, versions = threading.Event(), [], set()

    def ask():
        while not stop.is_set():
            found = reader.nearest(116.5, 39.9, where=where)
            seen = {item.point.address for item in found}
            versions.update(seen)
            if len(found) != 5 or len(seen) != 1:
                mixed.append(found)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for points in [*layers[1:], *layers]:
        writer.replace("a", points)
        for _ in range(100):  # who renews may have looked at the file just before this: then the next query does again
            if reader.version == writer.version:
                break
            wait_for_the_new_layer(reader)
        assert reader.version == writer.version, "the new layer is taken up while others ask"
        assert where in reader.index().warm_filters(), "the new index starts with the old one's trees"
    stop.set()
    for thread in threads:
        thread.join()
    assert mixed == [] and len(versions) > 1


def test_the_file_is_geoparquet_that_others_read(tmp_path):
    points = [*offices(2).points(), ServicePoint(id="nowhere", name="无")]
    ParquetStore(tmp_path / "layer.parquet").replace("a", points)
    frame = gpd.read_parquet(tmp_path / "layer.parquet")
    assert frame.geometry.geom_type.tolist()[:2] == ["Point", "Point"] and frame.geometry.isna().tolist()[2]
    assert (frame.geometry.x[1], frame.geometry.y[1]) == (100.0001, 30.0) and frame.crs.to_epsg() in (4326, None)
    geo = json.loads(pq.read_schema(tmp_path / "layer.parquet").metadata[b"geo"])
    assert geo["version"] == "1.1.0" and geo["columns"]["geometry"]["bbox"] == [100.0, 30.0, 100.0001, 30.0]


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
def test_a_geoparquet_of_somebody_else_is_a_layer(tmp_path, encoding):
    path = tmp_path / "libraries.parquet"
    shapes = [shapely.Point(9.52, 47.14), shapely.Point(9.5, 47.2)]
    frame = gpd.GeoDataFrame({"id": ["a", "b"], "name": ["A", "B"], "colour": [1, 2]}, geometry=shapes, crs=4326)
    frame.to_parquet(path, geometry_encoding=encoding)
    store = open_store(Settings(data=tmp_path / "data", layer=str(path)))
    (found,) = store.nearest(9.52, 47.14, limit=1)
    assert found.point.id == "a" and found.distance_m == 0.0 and found.point.provenance.source == "unknown"
    assert store.parts() == {} and len(list(store.points())) == 2


@pytest.mark.parametrize("content", [b"", b"garbage", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_a_broken_file_is_one_clear_error(tmp_path, content):
    path = tmp_path / "layer.parquet"
    path.write_bytes(content)
    for ask in (lambda s: s.nearest(1, 1), lambda s: s.version, lambda s: s.stamp("a"), lambda s: list(s.points())):
        with pytest.raises(DataError) as caught:
            ask(ParquetStore(path))
        assert caught.value.code == "layer_broken"
    with pytest.raises(DataError) as caught:
        open_store(Settings(data=tmp_path, layer=str(tmp_path / "no.parquet")))
    assert caught.value.code == "layer_missing"


def test_a_file_of_another_version_is_not_guessed_at(tmp_path, monkeypatch):
    ParquetStore(tmp_path / "layer.parquet").replace("a", offices(1))
    monkeypatch.setattr("locator.stores.files.LAYER_VERSION", 999)
    with pytest.raises(DataError) as caught:
        list(ParquetStore(tmp_path / "layer.parquet").points())
    assert caught.value.code == "layer_version"


def test_a_broken_layer_is_made_again_from_its_parts(tmp_path):
    path = tmp_path / "layer.parquet"
    store = ParquetStore(path)
    store.replace("a", offices(4, "a"), stamp="s")
    store.replace("b", [ServicePoint(id="z", name="乙")])
    path.write_bytes(b"lightning")
    store.recover()
    assert {p.id for p in store.points()} == {"o-0", "o-1", "o-2", "o-3", "z"} and store.stamp("a") == "s"
    assert (tmp_path / "layer.broken").read_bytes() == b"lightning"
    version = store.version
    store.recover()
    assert store.version == version, "a whole layer is left alone"
