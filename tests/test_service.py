"""The one service: what it opens, what it notices while it runs, and what it says when there is little."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from servers import Answer as Reply
from servers import loopback

from locator.engines import check_engines
from locator.errors import InvalidInput, NotFound, SettingError
from locator.ingest.importing import import_source
from locator.model import Kind, Mode, Precision, Query, Task
from locator.service import Locator
from locator.settings import Secrets, Settings

NOW = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))


def codes(answer):
    return [notice.code for notice in answer.notices]


def test_an_import_beside_the_running_page_is_noticed(in_data_folder, tmp_path):
    settings = Settings(data=in_data_folder)
    locator = Locator(settings)
    asked = Query(text="拉萨市城关区测试路1号人社中心")
    assert not any(hit.point.name == "测试人社中心" for hit in locator.find(asked, NOW).hits)
    table = tmp_path / "lhasa.csv"
    table.write_text(
        "名称,类型,地址,省,市,区县,经度,纬度,坐标系,来源,来源日期\n测试人社中心,街道人社中心,测试路1号,西藏自治区,拉萨市,城关区,91.12,29.65,wgs84,made for a test,2026\n",
        "utf-8",
    )
    import_source("table", str(table), settings)
    locator.find(asked, NOW)  # answered from the old layer while the new one is loaded beside it
    with locator.engines.store._loading:  # held until that is done
        pass
    hits = locator.find(Query(at=(91.12, 29.65)), NOW).hits
    assert hits[0].point.name == "测试人社中心"
    assert locator.find(Query(text="拉萨市测试人社中心"), NOW).place.precision is Precision.POI


@pytest.mark.parametrize(("text", "parts"), [("山东省", "3701"), ("北京", "11")])
def test_a_province_offers_its_parts_with_offices(locator, text, parts):
    answer = locator.find(Query(text=text), NOW)
    assert codes(answer)[-1] == "choose_region" and not answer.hits
    assert any(region.adcode.startswith(parts) and region.points > 0 for region in answer.fallback.elsewhere)


def test_a_province_without_offices_is_too_large(locator):
    answer = locator.find(Query(text="西藏自治区"), NOW)
    assert codes(answer)[-1] == ("choose_region" if answer.fallback.elsewhere else "place_too_coarse")


def test_a_place_abroad_is_told_apart_from_an_empty_city(locator):
    assert codes(locator.find(Query(at=(9.5, 47.1)), NOW)) == ["outside_area"]


def test_narrow_limits_are_named_as_the_cause(locator):
    answer = locator.find(Query(text="济南市槐荫区经四路478号", kinds=frozenset({Kind.BANK})), NOW)
    assert codes(answer) == ["nothing_matches"]


def test_no_limit_is_blamed_where_no_office_is_on_record(locator):
    for limits in ({"kinds": frozenset({Kind.BANK})}, {"open_now": True}, {"within_m": 500.0}):
        assert codes(locator.find(Query(text="拉萨市", **limits), NOW)) == ["nothing_near"], (
            "12333, and which cities are"
        )


def test_a_region_keeps_the_search_inside(locator):
    answer = locator.find(Query(at=(116.974, 36.658), region="历下区", limit=3), NOW)
    assert {hit.point.adcode for hit in answer.hits} == {"370102"}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (Query(), InvalidInput), (Query(text="x", limit=0), InvalidInput), (Query(text="济南市", region="无此地"), NotFound),
        (Query(at=(float("nan"), 1.0)), InvalidInput), (Query(at=(36.6, 117.0)), InvalidInput),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused(locator, query, error):
    with pytest.raises(error):
        locator.find(query, NOW)


def test_without_an_engine_the_way_is_an_estimate(locator):
    route = locator.route((116.974, 36.658), "jinan-001", Mode.WALK)
    assert route.engine == "line" and route.duration_s is None


def test_a_task_names_the_city_and_brings_its_guide(locator):
    answer = locator.find(Query(text="济南市槐荫区经四路478号", task=Task.RENEW), NOW)
    assert answer.guide["region"] == "370104" and answer.guide["materials"]


def test_the_live_source_is_offered_and_asked_only_where_nothing_is_near(in_data_folder):
    reply = {
        "elements": [
            {
                "type": "node",
                "id": 7,
                "lat": 29.65,
                "lon": 91.12,
                "tags": {"office": "government", "name": "城关区人力资源和社会保障局"},
            }
        ],
        "osm3s": {"timestamp_osm_base": "2026-11-20T00:00:00Z"},
    }
    with loopback(lambda asked: Reply(reply)) as server:
        settings = Settings(data=in_data_folder, live="overpass", urls={"overpass": server.url})
        locator = Locator(settings)
        answer = locator.find(Query(text="拉萨市城关区"), NOW)
        assert answer.may_ask_live == "overpass" and server.asked == []
        assert locator.ask_surroundings(replace(answer.place, lon=91.1234567, lat=29.6512345)) == 1
        assert "91.1234" not in str(server.asked) and "29.6512" not in str(server.asked)
    hit = locator.find(Query(at=(91.12, 29.65)), NOW).hits[0]
    assert hit.point.status == "live" and hit.point.name.startswith("城关区")
    assert locator.find(Query(text="济南市槐荫区经四路478号"), NOW).may_ask_live is None


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"layer": "/no/such/layer.parquet"}, "LOCATOR_LAYER"),
        ({"geocoders": ("gazetteer", "amap")}, "LOCATOR_AMAP_KEY"),
        ({"geocoders": ("nominatim", "baidu")}, "LOCATOR_BAIDU_KEY"),
        ({"router": "osrm"}, "LOCATOR_OSRM_URL"),
        ({"router": "openrouteservice"}, "LOCATOR_OPENROUTESERVICE_KEY"),
        ({"router": "amap"}, "LOCATOR_AMAP_KEY"),
        ({"live": "amap"}, "LOCATOR_AMAP_KEY"),
    ],
)
def test_what_a_setting_names_and_is_not_there_is_told_before_anybody_comes(tmp_path, settings, name):
    with pytest.raises(SettingError) as caught:
        check_engines(Settings(data=tmp_path, **settings))
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_a_data_folder_that_is_none_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match="LOCATOR_DATA"):
        check_engines(Settings(data=tmp_path / "file"))


def test_settings_whose_parts_are_there_pass(tmp_path):
    (tmp_path / "layer.parquet").write_text("")
    keys = Secrets(amap="k", tianditu="k", tencent="k", baidu="k")
    geocoders = ("gazetteer", "nominatim", "photon", "amap", "tianditu", "tencent", "baidu")
    for more in (
        {"live": "amap"},
        {"live": "overpass"},
        {"router": "osrm", "urls": {"osrm": "http://127.0.0.1:1"}},
        {"router": "none"},
    ):
        check_engines(
            Settings(
                data=tmp_path / "new", layer=str(tmp_path / "layer.parquet"), geocoders=geocoders, keys=keys, **more
            )
        )
    assert (tmp_path / "new").is_dir()


def test_a_name_of_several_regions_offers_their_names_the_one_with_a_guide_first(locator):
    with pytest.raises(InvalidInput) as offer:
        locator.one_region("中山")
    names = str(offer.value.params["names"])
    assert offer.value.code == "region_ambiguous"
    assert names.startswith("“广东省中山市”") and "大连" in names and "442000" not in names
    assert locator.one_region("中山市") == locator.one_region("442000") == "442000"


def test_hours_that_fail_at_run_time_are_that_offices_unknown_and_the_answer_stands(locator, monkeypatch):
    query = Query(text="济南市槐荫区经四路478号", limit=20)
    before = locator.find(query, NOW)
    scheduler, fine = locator.engines.clock.scheduler, locator.engines.clock.scheduler.intervals

    def fail(expr, *rest):
        if expr is not None:
            raise RuntimeError("nobody foresaw this")
        return fine(expr, *rest)

    monkeypatch.setattr(scheduler, "intervals", fail)
    after = locator.find(query, NOW)
    assert {hit.point.id for hit in after.hits} == {hit.point.id for hit in before.hits}
    assert all(hit.status.state == "unknown" for hit in after.hits)
    assert locator.find(replace(query, open_now=True), NOW).hits
