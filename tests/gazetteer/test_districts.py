"""The district of a position: polygons, borders, and the vote where there is no polygon."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from shipped_divisions import DIVISIONS

from locator.gazetteer import districts
from locator.gazetteer.districts import District, DistrictIndex, add_district, read_voters
from locator.model import Place, Precision

SHIPPED = Path(__file__).parents[2] / "data" / "gazetteer"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> DistrictIndex:
    return DistrictIndex.open(tmp_path_factory.mktemp("districts"), voters=lambda: read_voters(SHIPPED))


@pytest.mark.parametrize(
    ("lon", "lat", "adcode"),
    [
        (91.12, 29.65, "540102"), (116.3975, 39.9087, "110101"), (113.82, 22.92, "441900"), (117.12, 36.651, "370102"),
        (87.62, 43.79, "650102"), (120.30, 22.63, "710000"), (114.17, 22.31, "810000"), (113.55, 22.19, "820000"),
        (94.2, 29.22, "540481"), (109.5, 18.25, "460204"),
    ],
)  # fmt: skip
def test_a_position_lies_in_its_district(index: DistrictIndex, lon: float, lat: float, adcode: str) -> None:
    found = index.district_of(lon, lat)
    assert found is not None
    assert (found.adcode, found.probable) == (adcode, False)


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(102.6, 17.97), (126.98, 37.57), (0, 0), (-74, 40.7), (float("nan"), 30), (116, float("inf")), (116, 91)],
)
def test_abroad_at_sea_and_no_number_have_no_district(index: DistrictIndex, lon: float, lat: float) -> None:
    assert index.district_of(lon, lat) is None


def test_a_border_names_both_sides_the_nearer_the_better_the_position_is_known(index: DistrictIndex) -> None:
    dongcheng, xicheng = 116.394, 116.380  # the border of 东城区 and 西城区 lies between them
    border = next(x for x in np.arange(xicheng, dongcheng, 0.0005) if index.districts_of(x, 39.92)[0] == 110101)
    near = index.district_of(border + 0.0005, 39.92)
    away = index.district_of(border + 0.008, 39.92)
    vague = index.district_of(border + 0.008, 39.92, error_m=1000)
    assert near is not None and near.also == ("110102",)
    assert away is not None and away.also == ()
    assert vague is not None and "110102" in vague.also
    assert index.district_of(border, 39.92, error_m=30_000).also == ()  # type: ignore[union-attr]


def test_arrays_answer_as_single_positions_do(index: DistrictIndex) -> None:
    lon, lat = np.array([91.12, np.nan, 116.3975, 0.0]), np.array([29.65, 30, 39.9087, 0.0])
    assert index.districts_of(lon, lat).tolist() == [540102, 0, 110101, 0]


def test_without_polygons_the_nearest_named_places_vote_and_say_probably() -> None:
    nothing = DistrictIndex(lambda: (np.empty(0, np.int32), np.empty(0, object)), voters=lambda: read_voters(SHIPPED))
    assert nothing.districts_of([116.3975], [39.9087]).tolist() == [0]
    found = nothing.district_of(116.405, 39.915)
    assert found is not None and found.probable and found.adcode == "110101"
    assert nothing.district_of(126.98, 37.57) is None
    assert DistrictIndex(lambda: (np.empty(0, np.int32), np.empty(0, object))).district_of(116.4, 39.9) is None


def test_an_even_vote_is_the_nearest_places_and_names_the_others() -> None:
    voters = (np.array([116.40, 116.41, 116.42]), np.full(3, 39.9), np.array([110101, 110102, 110105], np.int32))
    index = DistrictIndex(lambda: (np.empty(0, np.int32), np.empty(0, object)), voters=lambda: voters)
    assert index.district_of(116.40, 39.9) == District("110101", ("110102", "110105"), probable=True)


def test_the_package_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(districts, "PACKAGE", "a-package-that-nobody-installed")
    index = DistrictIndex.open(tmp_path, voters=lambda: read_voters(SHIPPED))
    found = index.district_of(91.12, 29.65)
    assert found is not None and found.adcode == "540102" and found.probable
    assert not list(tmp_path.iterdir())


def test_prepared_polygons_that_are_broken_are_prepared_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    square = districts.Outlines(np.array([540102], np.int32), np.array([shapely.box(91, 29, 92, 30)], object))
    monkeypatch.setattr(districts, "_read_package", lambda _: square)
    DistrictIndex.open(tmp_path).districts_of(91.12, 29.65)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for content in (b"", b"PAR1", b"PAR1" + bytes(1000) + b"PAR1", whole[: len(whole) // 2]):
        path.write_bytes(content)
        assert DistrictIndex.open(tmp_path).districts_of(91.12, 29.65)[0] == 540102
        assert path.read_bytes() == whole


def test_every_polygon_is_a_district_of_the_gazetteer(index: DistrictIndex) -> None:
    known = {row["code"] for row in DIVISIONS}
    assert {f"{code:06d}" for code in index._known.codes.tolist()} <= known


def test_a_folder_that_cannot_be_written_still_answers(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert DistrictIndex.open(tmp_path / "file" / "folder").districts_of(91.12, 29.65)[0] == 540102


def test_a_corner_on_a_shared_border_has_one_answer() -> None:
    squares = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], object)
    index = DistrictIndex(lambda: (np.array([110101, 110102], np.int32), squares))
    assert index.districts_of([1.0, 0.5, 1.5], [0.5, 0.5, 0.5]).tolist() == [110101, 110101, 110102]


def test_few_positions_and_many_have_the_same_districts(index: DistrictIndex) -> None:
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(73, 135, 400), rng.uniform(18, 54, 400)
    many = index.districts_of(lon, lat)
    few = [index.districts_of(lon[i : i + 10], lat[i : i + 10]) for i in range(0, 400, 10)]
    assert np.concatenate(few).tolist() == many.tolist() and np.count_nonzero(many) > 100


def place(**values: object) -> Place:
    return Place(
        **{
            "label": "39.92000, 116.39000",
            "precision": Precision.POINT,
            "source": "coordinates",
            "error_m": 10.0,
            **values,
        }
    )  # type: ignore[arg-type]


NAMES = {"110101": "北京市东城区", "110102": "北京市西城区"}


def two_districts() -> DistrictIndex:
    squares = np.array([shapely.box(116.3, 39.9, 116.4, 40.0), shapely.box(116.4, 39.9, 116.5, 40.0)], object)
    return DistrictIndex(lambda: (np.array([110102, 110101], np.int32), squares))


def test_a_bare_position_gets_the_name_of_its_district() -> None:
    found = add_district(place(lon=116.35, lat=39.95), two_districts(), NAMES.__getitem__)
    assert (found.label, found.adcode, found.also) == ("北京市西城区 (39.92000, 116.39000)", "110102", ())


def test_a_place_keeps_its_own_district_and_names_the_one_its_position_says() -> None:
    given = place(lon=116.35, lat=39.95, adcode="110101", label="某处", source="amap")
    found = add_district(given, two_districts(), NAMES.__getitem__)
    assert (found.label, found.adcode, found.also) == ("某处", "110101", ("110102",))


def test_a_place_of_a_city_learns_nothing_of_its_districts_border() -> None:
    found = add_district(place(lon=116.3999, lat=39.95, adcode="110000"), two_districts(), NAMES.__getitem__)
    assert (found.adcode, found.also) == ("110000", ())


@pytest.mark.parametrize(
    "values",
    [{"lon": None, "lat": None}, {"lon": 116.35, "lat": 39.95, "precision": Precision.CITY}, {"lon": 0.0, "lat": 0.0}],
)
def test_what_is_vague_or_abroad_stays_as_it_is(values: dict[str, object]) -> None:
    given = place(**values)
    assert add_district(given, two_districts(), NAMES.__getitem__) is given
