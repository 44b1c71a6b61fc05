"""AMap's (Gaode's) directions, by ``LOCATOR_AMAP_KEY``: GCJ-02 on its side, WGS-84 on ours.

Format: https://lbs.amap.com/api/webservice/guide/api/newroute (v5: driving, walking, bicycling; lon,lat
with at most six decimals). There is no one-to-many in it: ``v3/distance`` measures many starts to one end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from locator.datum import Datum, from_wgs84, to_wgs84
from locator.errors import LocatorError, ServiceError
from locator.http import amap
from locator.model import Mode
from locator.routing.narrative import Manoeuvre, check_line, finite, make_route
from locator.routing.route import LonLat, Route, check_ends, check_position, off_roads, too_far, unreachable
from locator.routing.router import RemoteEngine

KINDS: Mapping[Mode, str] = {Mode.WALK: "walking", Mode.CYCLE: "bicycling", Mode.DRIVE: "driving"}
ACTIONS: Mapping[str, str] = {
    "左转": "left", "右转": "right", "左转调头": "uturn_left", "右转调头": "uturn_right", "调头": "uturn_left",
    "掉头": "uturn_left", "直行": "continue", "减速行驶": "continue", "继续直行": "continue", "往前走": "continue",
    "向左前方行驶": "slight_left", "向右前方行驶": "slight_right", "向左后方行驶": "sharp_left",
    "向右后方行驶": "sharp_right", "向左前方行走": "slight_left", "向右前方行走": "slight_right",
    "向左后方行走": "sharp_left", "向右后方行走": "sharp_right", "靠左": "stay_left", "靠右": "stay_right",
    "靠左行驶": "stay_left", "靠右行驶": "stay_right", "进入环岛": "roundabout_enter", "离开环岛": "roundabout_exit",
    "驶出环岛": "roundabout_exit", "通过人行横道": "continue", "通过过街天桥": "steps_enter",
    "通过地下通道": "steps_enter", "通过广场": "continue", "到道路斜对面": "continue", "乘坐电梯": "elevator_enter",
    "乘坐扶梯": "escalator_enter", "进入匝道": "ramp_straight", "汇入主路": "merge",
}  # fmt: skip
"""Our codes for AMap's actions (its manual of 2024, and what its answers in public code show)."""
_ORIENTATIONS = {"北": 0, "东北": 45, "东": 90, "东南": 135, "南": 180, "西南": 225, "西": 270, "西北": 315}
_OUTSIDE, _NO_ROADS, _NO_WAY, _TOO_LONG = "20800", "20801", "20802", "20803"


class AMapDirections(RemoteEngine):
    """Routes from AMap; travel times to many are not known to it."""

    engine = "amap"
    service = "amap"
    default_url = amap.URL
    needs_key = True

    def route(self, origin: LonLat, target: LonLat, mode: Mode, lang: str = "zh") -> Route:
        """Return the way from ``origin`` to ``target`` (WGS-84, lon then lat).

        Raises
        ------
        InvalidInput, NotFound
            As the embedded engine.
        ServiceError
            AMap did not give a usable answer in time, or refuses the key.
        """
        ends = check_ends(origin, target, mode)
        start, end = (from_wgs84(*place, Datum.GCJ02) for place in ends)
        params = {
            "key": self._key,
            "origin": f"{float(start[0]):.6f},{float(start[1]):.6f}",
            "destination": f"{float(end[0]):.6f},{float(end[1]):.6f}",
            "show_fields": "cost,navi,polyline",
        }
        address = f"{self.url}/v5/direction/{KINDS[mode]}"
        with self._map_errors():
            pace_s = amap.PACE_S if self.url == amap.URL else 0.0
            reply: Any = amap.check_reply(self._client.get_json(self.engine, address, params=params, pace_s=pace_s))
            if not amap.is_good(reply):
                raise _explained(str(reply["infocode"]), ends, mode)
            paths = reply["route"]["paths"]
            if not paths:
                raise unreachable(mode)
            return self._read(paths[0], ends, mode, lang)

    def _read(self, path: Mapping[str, Any], ends: tuple[LonLat, LonLat], mode: Mode, lang: str) -> Route:
        steps = [(step, _read_line(step["polyline"])) for step in path["steps"]]
        line = [place for _, part in steps for place in part]
        total = _seconds(path)
        length = finite(path["distance"])
        manoeuvres = [
            _read_step(step, part[0], before[0] if before else None, speed=length / total if total else 1.0)
            for before, (step, part) in zip([None, *steps], steps, strict=False)
        ]
        arrived = Manoeuvre(code="destination", lon=line[-1][0], lat=line[-1][1], distance_m=0.0, duration_s=0.0)
        return make_route(
            engine=self.engine,
            mode=mode,
            ends=ends,
            line=check_line(line),
            manoeuvres=[*manoeuvres, arrived],
            length_m=length,
            duration_s=total,
            lang=lang,
        )

    def matrix(self, origin: LonLat, targets: Sequence[LonLat], mode: Mode) -> list[float | None]:  # noqa: ARG002 - as every router's
        """Return None for each target: AMap has no durations from one start to many ends."""
        check_position(*origin)
        return [None] * len(targets)


def _explained(code: str, ends: tuple[LonLat, LonLat], mode: Mode) -> LocatorError:
    """Return our error for an infocode that only says that there is no way."""
    if code == _TOO_LONG:
        return too_far(ends, mode)
    if code in (_OUTSIDE, _NO_ROADS):
        return off_roads(None)
    if code == _NO_WAY:
        return unreachable(mode)
    return ServiceError(f"amap answered infocode {code}", code="service_unavailable", service="amap")


def _seconds(path: Mapping[str, Any]) -> float:
    """Return a path's seconds: beside its distance for a bicycle, under its cost otherwise."""
    cost = path.get("cost") or {}
    return finite(cost["duration"] if "duration" in cost else path["duration"])


def _read_line(polyline: Any) -> list[LonLat]:
    text = polyline["polyline"] if isinstance(polyline, Mapping) else str(polyline)
    pairs = np.array([[float(part) for part in pair.split(",")] for pair in text.split(";") if pair])
    lon, lat = to_wgs84(pairs[:, 0], pairs[:, 1], Datum.GCJ02)
    return list(zip(lon.tolist(), lat.tolist(), strict=True))


def _read_step(step: Mapping[str, Any], at: LonLat, before: Mapping[str, Any] | None, *, speed: float) -> Manoeuvre:
    """Return a step as what happens at its start, which AMap says at the end of the step before."""
    action = str((before.get("navi") or {}).get("action") or "") if before else ""
    length = finite(step["step_distance"] if "step_distance" in step else step["distance"])
    cost = step.get("cost") or {}
    return Manoeuvre(
        code=ACTIONS.get(action, "continue") if before else "start",
        lon=at[0],
        lat=at[1],
        distance_m=length,
        duration_s=finite(cost["duration"]) if "duration" in cost else length / speed,
        streets=(str(step["road_name"]),) if step.get("road_name") else (),
        bearing=_ORIENTATIONS.get(str(step.get("orientation") or "")) if before is None else None,
    )
