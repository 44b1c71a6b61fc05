"""The data folder fills itself: once, whole, again when the shipped files change, and without losing imports."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from locator.adcode import is_inside
from locator.datum import Datum, distance_m, to_wgs84
from locator.errors import DataError
from locator.geocode.index_files import open_data_gazetteer
from locator.ingest import shipped
from locator.ingest.shipped import SHIPPED, ensure_data
from locator.layer import Layer
from locator.model import APPROXIMATE, EXACT, Precision, ServicePoint
from locator.settings import Settings
from locator.stores import open_store
from locator.stores.parquet import ParquetStore

WULIGOU = "jinan-044"
JOINED = 8
"""Rows of two files that are one office."""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(data_folder, tmp_path) -> Path:
    """A copy of the built data folder."""
    return Path(shutil.copytree(data_folder, tmp_path / "data"))


@pytest.fixture(scope="module")
def points(data_folder):
    return {point.id: point for point in open_store(Settings(data=data_folder)).points()}


def test_a_built_folder_is_left_alone(folder):
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}
    ensure_data(Settings(data=folder))
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()} == before


def test_every_office_is_there_with_the_position_its_source_gives(points):
    assert len(points) == sum(map(len, shipped.load_parts().values())) - JOINED
    nearest = points[WULIGOU]
    assert nearest.name == "五里沟街道人社中心"
    lon, lat = to_wgs84(116.98, 36.658517, Datum.GCJ02)
    assert distance_m(nearest.lon, nearest.lat, lon, lat) < 0.01


def test_the_positionless_get_what_the_gazetteer_knows_and_no_more(points):
    given = {point.id: point for points in shipped.load_parts().values() for point in points}
    for point in points.values():
        if "lon" in point.origins or point.provenance != given[point.id].provenance:
            assert point.position in EXACT  # another file of ours knows where it is
        elif given[point.id].lon is None:
            assert point.position not in EXACT or point.address, f"{point.id} is placed exactly out of nothing"
            assert point.lon is None or point.error_m is None or point.error_m >= 500 or point.position in EXACT
            assert is_inside(point.adcode, given[point.id].adcode), point.id
        else:
            assert point.position == given[point.id].position
    assert points["zhongshan-002"].position is Precision.TOWNSHIP and points["zhongshan-002"].position in APPROXIMATE
    hall = points["guangzhou-001"]  # 珠江新城, where its address says it is, is no 珠江街道
    assert (hall.position, hall.district) == (Precision.POI, "天河区") and "lon" in hall.origins
    assert points["tianjin-001"].position is Precision.DISTRICT, "咸阳北路 is a road"


@pytest.mark.slow
def test_changed_shipped_files_are_built_again_and_imports_stay(folder, tmp_path, monkeypatch):
    changed = Path(shutil.copytree(shipped.shipped_dir(), tmp_path / "shipped", ignore=shutil.ignore_patterns("guide")))
    table = changed / "offices" / "jinan.csv"
    lines = table.read_text("utf-8").splitlines(keepends=True)
    table.write_text("".join(lines[:-1]).replace("经四路478号", "经四路480号"), "utf-8")
    settings = Settings(data=folder)
    ParquetStore(folder / "layer.parquet").replace("mine", [ServicePoint(id="m-1", name="我的所")])
    monkeypatch.setattr(shipped, "shipped_dir", lambda: changed)
    shipped._stamp_of.cache_clear()
    ensure_data(settings)
    store = open_store(settings)
    assert store.point(WULIGOU).address == "经四路480号"
    assert store.point("jinan-106").status == "vanished" and store.point("m-1").name == "我的所"
    assert store.stamp(SHIPPED) == shipped.shipped_stamp()
    assert [path.name for path in folder.glob("divisions-*")] == [f"divisions-{shipped.shipped_stamp()}.sqlite"]


@pytest.mark.parametrize("what", ["layer.parquet", "gazetteer.sqlite"])
@pytest.mark.parametrize("accident", ["lost", "broken"])
def test_what_is_lost_or_broken_is_made_again(folder, what, accident):
    ParquetStore(folder / "layer.parquet").replace("mine", [ServicePoint(id="m-1", name="我的所")])
    if accident == "lost":
        (folder / what).unlink()
    else:
        (folder / what).write_bytes(b"lightning")
    settings = Settings(data=folder)
    ensure_data(settings)
    assert open_store(settings).point(WULIGOU) is not None
    assert open_data_gazetteer(settings).division("370104").name == "槐荫区"
    if not (what == "layer.parquet" and accident == "lost"):
        assert open_store(settings).point("m-1") is not None, "an import is lost with its layer only"


def test_a_named_layer_is_the_operators_own(folder, tmp_path):
    own = tmp_path / "own.parquet"
    settings = Settings(data=folder, layer=str(own))
    ensure_data(settings)  # the first import makes the file; whoever reads before it is told that there is none
    with pytest.raises(DataError) as caught:
        open_store(settings)
    assert caught.value.code == "layer_missing"
    ParquetStore(own).replace("mine", Layer.from_points([ServicePoint(id="m-1", name="我的所")]))
    ensure_data(settings)
    assert [p.id for p in open_store(settings).points()] == ["m-1"]
    own.write_bytes(b"lightning")
    with pytest.raises(DataError) as caught:
        open_store(settings).version  # noqa: B018
    assert caught.value.code == "layer_broken" and own.read_bytes() == b"lightning"


@pytest.mark.slow
def test_several_processes_build_once(tmp_path):
    code = """
        import sys
        from pathlib import Path
        from locator.ingest import shipped
        from locator.ingest.shipped import ensure_data
        from locator.settings import Settings
        built = []
        build = shipped._build
        shipped._build = lambda *args: (built.append(1), build(*args))
        ensure_data(Settings(data=Path(sys.argv[1])))
        print(len(built))
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "data")]
    started = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert sorted(process.communicate()[0].strip() for process in started) == ["0", "0", "1"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError) as caught:
        ensure_data(Settings(data=tmp_path / "file" / "data"))
    assert caught.value.code == "data_write"


def test_a_fault_in_the_shipped_rows_is_told_with_its_place(tmp_path, monkeypatch):
    folder = tmp_path / "shipped" / "offices"
    folder.mkdir(parents=True)
    (folder / "bad.csv").write_text("name,lon,lat\n甲,36.65,117.02\n", "utf-8")
    monkeypatch.setattr(shipped, "shipped_dir", lambda: tmp_path / "shipped")
    with pytest.raises(DataError, match=r"bad\.csv, row 2, lon: position_swapped"):
        shipped.load_parts()


@pytest.mark.parametrize(
    "changed", ["hours/reader.py", "ingest/headers.py", "ingest/values.py", "gazetteer/build.py", "stores/merge.py"]
)
def test_the_stamp_follows_what_the_build_imports(tmp_path, monkeypatch, changed):
    code = tmp_path / "locator"
    shutil.copytree(ROOT / "locator", code, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(shipped, "__file__", str(code / "ingest" / "shipped.py"))

    def stamp():
        shipped._stamp_of.cache_clear()
        return shipped.shipped_stamp()

    try:
        first = stamp()
        (code / "web" / "markup.py").write_text("# the page builds nothing\n")
        assert stamp() == first
        (code / changed).write_text((code / changed).read_text("utf-8") + "\n# another version\n", "utf-8")
        assert stamp() != first
    finally:
        shipped._stamp_of.cache_clear()


def test_what_the_build_imports_is_found_whole():
    """Every module that building loads in a fresh process is one of those the stamp is made of."""
    code = (
        "import sys; from locator.ingest.shipped import load_parts; load_parts();"
        "print(*(m for m in sys.modules if m.startswith('locator.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    rooms = {"hours", "layer", "datum", "model", "files"}
    known = shipped.find_imported(ROOT / "locator", shipped._BUILDERS)
    for module in done.stdout.split():
        if module.split(".")[1] in rooms:
            path = ROOT.joinpath(*module.split("."))
            assert (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")) in known


def test_a_start_where_nothing_changed_reads_no_file_of_the_program(folder, monkeypatch):
    ensure_data(Settings(data=folder))
    monkeypatch.setattr(shipped, "shipped_stamp", lambda: pytest.fail("every file is read again"))
    ensure_data(Settings(data=folder))


@pytest.mark.parametrize("name", ["layer.parquet", "gazetteer.sqlite"])
def test_a_start_looks_closely_where_a_file_is_another(folder, monkeypatch, name):
    ensure_data(Settings(data=folder))
    asked = []
    monkeypatch.setattr(shipped, "shipped_stamp", lambda: asked.append(1) or shipped._stamp_of(shipped.shipped_dir()))
    (folder / name).touch()
    ensure_data(Settings(data=folder))
    assert asked


def test_every_builder_of_the_stamp_is_there():
    for module in shipped._BUILDERS:
        assert shipped._files_of(ROOT / "locator", module), module
