"""Replies written by hand to each geocoding service's documented form, and what the contract test asks of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from servers import Answer, Asked

TRUE = (116.946100, 36.657300)
"""Where the asked place is, WGS-84."""
TRUE_GCJ02 = (116.951733, 36.657413)
"""The same in GCJ-02, to six digits, computed from the published formula apart from ``locator.datum``."""
ASKED = "济南市槐荫区经四路478号"
KEY = "k3y-of-the-operator"


@dataclass(frozen=True)
class Service:
    """How one service answers."""

    reply: Callable[[float, float], Any]
    """Its good answer, with a position in its own datum put in."""
    nothing: Any
    faults: dict[str, Any]
    """Its documented faults: name of our error -> reply (an Answer, or content of a 200)."""
    text_of: Callable[[Asked], str]
    """What a request asked for."""
    wants: dict[str, str]
    """Parameters that every request must carry."""


def _nominatim(lon: float, lat: float) -> Any:
    return [
        {
            "place_id": 1, "licence": "Data © OpenStreetMap contributors, ODbL 1.0.", "osm_type": "node", "osm_id": 5,
            "lat": str(lat), "lon": str(lon), "class": "amenity", "type": "townhall", "place_rank": 30,
            "importance": 0.00005, "addresstype": "amenity", "name": "槐荫区政务服务中心",
            "display_name": "槐荫区政务服务中心, 478, 经四路, 槐荫区, 济南市, 山东省, 250021, 中国",
            "address": {
                "amenity": "槐荫区政务服务中心", "house_number": "478", "road": "经四路", "district": "槐荫区",
                "city": "济南市", "state": "山东省", "postcode": "250021", "country": "中国", "country_code": "cn",
            },
            "boundingbox": [str(lat - 0.0005), str(lat + 0.0005), str(lon - 0.0005), str(lon + 0.0005)],
        }
    ]  # fmt: skip


def _photon(lon: float, lat: float) -> Any:
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {
                    "osm_type": "N", "osm_id": 5, "osm_key": "amenity", "osm_value": "townhall", "type": "house",
                    "postcode": "250021", "housenumber": "478", "countrycode": "CN", "name": "槐荫区政务服务中心",
                    "country": "中国", "city": "济南市", "district": "槐荫区", "street": "经四路", "state": "山东省",
                },
                "geometry": {"type": "Point", "coordinates": [lon, lat]},
            }
        ],
    }  # fmt: skip


def _amap(lon: float, lat: float) -> Any:
    return {
        "status": "1", "info": "OK", "infocode": "10000", "count": "1",
        "geocodes": [
            {
                "formatted_address": "山东省济南市槐荫区经四路478号", "country": "中国", "province": "山东省",
                "citycode": "0531", "city": "济南市", "district": "槐荫区", "township": [],
                "neighborhood": {"name": [], "type": []}, "building": {"name": [], "type": []}, "adcode": "370104",
                "street": "经四路", "number": "478号", "location": f"{lon:.6f},{lat:.6f}", "level": "门牌号",
            }
        ],
    }  # fmt: skip


def _tianditu(lon: float, lat: float) -> Any:
    return {
        "msg": "ok",
        "location": {
            "score": 95, "level": "门址", "lon": f"{lon:.6f}", "lat": f"{lat:.6f}", "keyWord": ASKED,
        },
        "searchVersion": "6.4.9V",
        "status": "0",
    }  # fmt: skip


def _tencent(lon: float, lat: float) -> Any:
    return {
        "status": 0, "message": "Success", "request_id": "0f",
        "result": {
            "title": "经四路478号", "location": {"lng": lon, "lat": lat}, "ad_info": {"adcode": "370104"},
            "address_components": {
                "province": "山东省", "city": "济南市", "district": "槐荫区", "street": "经四路",
                "street_number": "478号",
            },
            "similarity": 0.99, "deviation": 1000, "reliability": 9, "level": 9,
        },
    }  # fmt: skip


def _baidu(lon: float, lat: float) -> Any:
    return {
        "status": 0,
        "result": {
            "location": {"lng": lon, "lat": lat}, "precise": 1, "confidence": 80, "comprehension": 100,
            "level": "门址",
        },
    }  # fmt: skip


HTTP_FAULTS = {
    "ServiceRateLimited": Answer({"error": "slow down"}, status=429, headers={"Retry-After": "1"}),
    "ServiceError": Answer({"error": "down"}, status=502),
}


def _amap_fault(code: str, info: str) -> Any:
    return {"status": "0", "info": info, "infocode": code}


SERVICES: dict[str, Service] = {
    "nominatim": Service(
        reply=_nominatim, nothing=[], text_of=lambda asked: asked.query["q"],
        faults={**HTTP_FAULTS, "ServiceRefused": Answer(b"<html>blocked</html>", status=403)},
        wants={"format": "json", "addressdetails": "1", "accept-language": "zh"},
    ),
    "photon": Service(
        reply=_photon, nothing={"type": "FeatureCollection", "features": []}, text_of=lambda asked: asked.query["q"],
        faults={**HTTP_FAULTS, "ServiceReplyError": Answer({"message": "unknown parameter"}, status=400)},
        wants={"limit": "5"},
    ),
    "amap": Service(
        reply=_amap, nothing={"status": "1", "info": "OK", "infocode": "10000", "count": "0", "geocodes": []},
        text_of=lambda asked: asked.query["address"],
        faults={
            "ServiceRefused": _amap_fault("10001", "INVALID_USER_KEY"),
            "ServiceRateLimited": _amap_fault("10021", "CUQPS_HAS_EXCEEDED_THE_LIMIT"),
            "ServiceReplyError": _amap_fault("20000", "INVALID_PARAMS"),
            "ServiceError": _amap_fault("10016", "SERVER_IS_BUSY"),
        },
        wants={"key": KEY, "output": "JSON"},
    ),
    "tianditu": Service(
        reply=_tianditu, nothing={"msg": "无结果", "status": "101", "searchVersion": "6.4.9V"},
        text_of=lambda asked: asked.query["ds"].removeprefix('{"keyWord": "').removesuffix('"}'),
        faults={
            "ServiceRefused": {"msg": "非法Key", "resolve": "请到 API控制台重新申请Key", "code": 301007},
            "ServiceError": {"msg": "服务器错误", "status": "404"},
        },
        wants={"tk": KEY},
    ),
    "tencent": Service(
        reply=_tencent, nothing={"status": 347, "message": "查询无结果", "request_id": "0f"},
        text_of=lambda asked: asked.query["address"],
        faults={
            "ServiceRefused": {"status": 311, "message": "key格式错误"},
            "ServiceRateLimited": {"status": 120, "message": "此key每秒请求量已达到上限"},
            "ServiceReplyError": {"status": 306, "message": "缺少参数"},
            "ServiceError": {"status": 500, "message": "系统错误"},
        },
        wants={"key": KEY},
    ),
    "baidu": Service(
        reply=_baidu, nothing={"status": 0, "result": {}}, text_of=lambda asked: asked.query["address"],
        faults={
            "ServiceRefused": {"status": 240, "message": "APP 服务被禁用"},
            "ServiceReplyError": {"status": 2, "message": "Parameter Invalid"},
            "ServiceError": {"status": 1, "message": "Internal Server Error"},
        },
        wants={"ak": KEY, "output": "json", "ret_coordtype": "gcj02ll"},
    ),
}  # fmt: skip
