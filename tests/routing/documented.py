"""Replies of services that cannot be run here, written by hand after their documentation.

Both answer for the made-up town: along the first street and then up, in two stretches, at walking pace.
"""

from __future__ import annotations

import json
from typing import Any

import town
from servers import Answer, Asked

from locator.datum import Datum, distance_m, from_wgs84, to_wgs84

PACE_M_S = 1.4


def bend(start: tuple[float, float], end: tuple[float, float]) -> list[tuple[float, float]]:
    return [start, (end[0], start[1]), end]


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(distance_m(*a, *b))


def in_first_town(place: tuple[float, float]) -> bool:
    return -0.02 < place[0] - town.LON < 0.05 and -0.02 < place[1] - town.LAT < 0.04


def in_second_town(place: tuple[float, float]) -> bool:
    return metres(place, town.SECOND) < 3000


def openrouteservice(asked: Asked) -> Any:
    """https://openrouteservice.org/dev/#/api-docs: v2 directions (geojson) and matrix."""
    content = json.loads(asked.body)
    if asked.headers.get("authorization") != "ors-secret":
        return Answer({"error": "Access to this API has been disallowed"}, status=403)
    if "/matrix/" in asked.path:
        places = [tuple(p) for p in content["locations"]]
        assert content["sources"] == ["0"] and content["metrics"] == ["duration"]
        ends = [places[int(n)] for n in content["destinations"]]
        known = [in_first_town(end) for end in ends]
        durations = [walked(places[0], end) / PACE_M_S if good else None for end, good in zip(ends, known, strict=True)]
        targets = [
            {"location": list(end), "snapped_distance": 4.2} if good else None
            for end, good in zip(ends, known, strict=True)
        ]
        return {
            "durations": [durations],
            "destinations": targets,
            "sources": [{"location": list(places[0]), "snapped_distance": 1.0}],
        }
    start, end = (tuple(p) for p in content["coordinates"])
    assert content["radiuses"] == [2000, 2000]
    for number, place in enumerate((start, end)):
        if not in_first_town(place) and not in_second_town(place):
            message = f"Could not find routable point within a radius of 2000.0 meters of specified coordinate {number}: {place[1]} {place[0]}."
            return Answer(
                {"error": {"code": 2010, "message": message}, "info": {"engine": {"version": "9.0"}}}, status=404
            )
    if in_second_town(end):
        return Answer(
            {
                "error": {
                    "code": 2009,
                    "message": "Route could not be found - Unable to find a route between points 1 and 2.",
                }
            },
            status=404,
        )
    line = bend(start, end)
    east, north = metres(line[0], line[1]), metres(line[1], line[2])
    steps = [
        {
            "distance": east,
            "duration": east / PACE_M_S,
            "type": 11,
            "instruction": "Head east on 经一路",
            "name": "经一路",
            "way_points": [0, 1],
        },
        {
            "distance": north,
            "duration": north / PACE_M_S,
            "type": 0,
            "instruction": "Turn left onto 纬二路",
            "name": "纬二路",
            "way_points": [1, 2],
        },
        {
            "distance": 0.0,
            "duration": 0.0,
            "type": 10,
            "instruction": "Arrive at 纬二路",
            "name": "-",
            "way_points": [2, 2],
        },
    ]
    total = east + north
    summary = {"distance": total, "duration": total / PACE_M_S} if total else {}
    properties = {"segments": [{**summary, "steps": steps}], "summary": summary, "way_points": [0, 2]}
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": properties,
                "geometry": {"type": "LineString", "coordinates": [list(p) for p in line]},
            }
        ],
    }


def walked(start: tuple[float, float], end: tuple[float, float]) -> float:
    line = bend(start, end)
    return metres(line[0], line[1]) + metres(line[1], line[2])


def amap(asked: Asked) -> Any:
    """https://lbs.amap.com/api/webservice/guide/api/newroute: numbers are texts, positions GCJ-02, errors HTTP 200."""
    assert asked.query["show_fields"] == "cost,navi,polyline"
    if asked.query["key"] != "amap-secret":
        return {"status": "0", "info": "INVALID_USER_KEY", "infocode": "10001"}
    given = [tuple(map(float, asked.query[name].split(","))) for name in ("origin", "destination")]
    assert all(
        len(part.split(".")[1]) <= 6 for name in ("origin", "destination") for part in asked.query[name].split(",")
    )
    start, end = (tuple(map(float, to_wgs84(*place, Datum.GCJ02))) for place in given)
    if not all(in_first_town(place) or in_second_town(place) for place in (start, end)):
        return {"status": "0", "info": "OVER_DIRECTION_RANGE", "infocode": "20801"}
    if in_second_town(end):
        return {"status": "0", "info": "ROUTE_FAIL", "infocode": "20802"}
    line = bend(start, end)
    shifted = [tuple(map(float, from_wgs84(*place, Datum.GCJ02))) for place in line]
    text = [f"{lon:.6f},{lat:.6f}" for lon, lat in shifted]
    east, north = round(metres(line[0], line[1])), round(metres(line[1], line[2]))
    steps = [
        {"instruction": "沿经一路向东步行", "orientation": "东", "road_name": "经一路", "step_distance": str(east),
         "cost": {"duration": str(round(east / PACE_M_S))}, "navi": {"action": "左转", "assistant_action": ""}, "polyline": f"{text[0]};{text[1]}"},
        {"instruction": "步行到达目的地", "orientation": "北", "road_name": [], "step_distance": str(north),
         "cost": {"duration": str(round(north / PACE_M_S))}, "navi": {"action": "", "assistant_action": "到达目的地"}, "polyline": f"{text[1]};{text[2]}"},
    ]  # fmt: skip
    path = {"distance": str(east + north), "steps": steps}
    if asked.path.endswith("bicycling"):
        path["duration"] = str(round((east + north) / PACE_M_S))
    else:
        path["cost"] = {"duration": str(round((east + north) / PACE_M_S))}
    route = {"origin": asked.query["origin"], "destination": asked.query["destination"], "paths": [path]}
    return {"status": "1", "info": "OK", "infocode": "10000", "count": "1", "route": route}
