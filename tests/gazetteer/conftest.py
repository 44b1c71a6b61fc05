"""One index for every test of this folder: the shipped divisions, three offices, and a small invented import."""

from __future__ import annotations

from pathlib import Path

import pytest
from shipped_divisions import SHIPPED, write_small

from locator.datum import Datum, to_wgs84
from locator.gazetteer import suggest
from locator.gazetteer.build import build_gazetteer
from locator.gazetteer.divisions import NumberRecord, PlaceKind, PlaceRecord
from locator.gazetteer.query import Gazetteer, open_gazetteer
from locator.layer import Layer
from locator.model import Kind, Precision, ServicePoint


def office(number: str, name: str, adcode: str, lon: float, lat: float, datum: Datum, **more) -> ServicePoint:
    x, y = (float(v) for v in to_wgs84(lon, lat, datum))
    return ServicePoint(
        id=number, name=name, kind=Kind.COMMUNITY_CENTER, adcode=adcode, lon=x, lat=y, position=Precision.POI, **more
    )


OFFICES = (
    office("a", "五里沟街道人社中心", "370104", 116.98, 36.658517, Datum.GCJ02, address="经四路478号"),
    office("b", "沙河口区行政服务大厅", "210204", 121.605, 38.9183, Datum.BD09),
    ServicePoint(
        id="c", name="中山市人力资源和社会保障局小榄分局", adcode="442000", address="小榄镇裕洲路63号",
        lon=113.2313, lat=22.6783, position=Precision.TOWNSHIP, error_m=5000.0,
    ),
    ServicePoint(id="d", name="没有位置的服务大厅", adcode="370102", address="解放路1号"),
)  # fmt: skip


def records():
    """Yield an invented import around real cities."""
    street, poi = PlaceKind.STREET, PlaceKind.POI
    futian, luohu, jinan, xuhui = "440304", "440303", "370100", "310104"
    yield PlaceRecord("莲花路", street, 114.05, 22.556, aliases=("Lianhua Road",), adcode=futian, error_m=1000.0)
    for number in range(2000, 2030, 2):
        yield NumberRecord("莲花路", f"{number}号", 114.04 + (number - 2000) * 0.0006, 22.5563, adcode=futian)
    yield PlaceRecord("深南大道", street, 114.0, 22.54, adcode=futian, error_m=9000.0)
    yield NumberRecord("深南大道", "6008", 114.05, 22.5402, adcode=futian)
    yield PlaceRecord("特区报业大厦", poi, 114.05, 22.5402, adcode=futian)
    yield PlaceRecord("深圳北站", PlaceKind.STATION, 114.0294, 22.6097, adcode="440300")
    yield PlaceRecord("科技园", PlaceKind.VILLAGE, 113.95, 22.538, adcode="440305")
    yield PlaceRecord("望云庄", PlaceKind.VILLAGE, 117.2, 36.7, adcode="370112")
    yield NumberRecord("华山路2088弄", "3", 121.43, 31.198, adcode=xuhui)
    yield PlaceRecord("人民路", street, 114.12, 22.54, adcode="440300")
    yield NumberRecord("人民路", "12", 114.12, 22.54, adcode=luohu)
    yield PlaceRecord("人民路", street, 117.0, 36.65, adcode=jinan)
    yield NumberRecord("人民路", "12", 117.0, 36.65, adcode=jinan)
    for town, lat in (("Vaduz", 47.14), ("Schaan", 47.165)):
        yield PlaceRecord("Landstrasse", street, 9.515, lat, locality=town)
        yield NumberRecord("Landstrasse", "5", 9.515, lat, locality=f"{town} {9490 if town == 'Vaduz' else 9494}")
    yield PlaceRecord("Städtle", street, 9.521, 47.139, locality="Vaduz")
    yield NumberRecord("Städtle", "43", 9.521, 47.1385, locality="Vaduz 9490")


@pytest.fixture(scope="session")
def index_file(tmp_path_factory) -> Path:
    """The index, built once."""
    path = tmp_path_factory.mktemp("gazetteer") / "gazetteer.sqlite"
    build_gazetteer(path, SHIPPED, layer=Layer.from_points(OFFICES), extracts=[records()])
    return path


@pytest.fixture(scope="session")
def small_shipped(tmp_path_factory) -> Path:
    """The shipped files without townships, for tests that build an index of their own."""
    return write_small(tmp_path_factory.mktemp("small") / "gazetteer")


@pytest.fixture(scope="session")
def gazetteer(index_file) -> Gazetteer:
    """The index, open and warm, with time to finish: a slow machine is not a fault."""
    opened = open_gazetteer(index_file)
    opened.warm()
    return opened


@pytest.fixture(autouse=True, scope="session")
def unhurried_suggestions():
    """Let every way of reading a slip be tried: the budget that keeps keystrokes quick is measured in benchmarks."""
    patch = pytest.MonkeyPatch()
    patch.setattr(suggest, "BUDGET_S", 1.0)
    yield
    patch.undo()
