"""Whether the office is still open on arrival."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from locator.model import HoursState, Mode
from locator.routing.narrative import find_arrival, say_arrival, say_gaps, say_sent_to
from locator.routing.route import Route
from locator.routing.router import straight_line

CHINA = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 11, 30, tzinfo=CHINA)


def route(seconds: float, *, start_m: float = 0.0, end_m: float = 0.0) -> Route:
    return Route(
        engine="valhalla",
        mode=Mode.WALK,
        distance_m=1,
        duration_s=seconds,
        line=((117, 36), (117, 36)),
        gap_start_m=start_m,
        gap_end_m=end_m,
    )


def at(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("state", "zh", "en"),
    [
        (HoursState(state="open", until=at(17)), "现在出发，11:45 左右到，到时还开着。", "Leaving now you get there at about 11:45; it will be open."),
        (HoursState(state="open"), "现在出发，11:45 左右到，到时还开着。", "Leaving now you get there at about 11:45; it will be open."),
        (HoursState(state="open", until=at(12)), "现在出发，11:45 左右到，离关门只剩 15 分钟。", "Leaving now you get there at about 11:45; it closes 15 minutes later."),
        (HoursState(state="closed", until=at(13, 30)), "现在出发，11:45 左右到，到时不开门，13:30 再开。", "Leaving now you get there at about 11:45; it is closed then and opens at 13:30."),
        (HoursState(state="closed", until=at(9, 0, 24)), "现在出发，11:45 左右到，到时已关门，2026-11-24 09:00 再开。", "Leaving now you get there at about 11:45; it is closed then and opens on 2026-11-24 at 09:00."),
        (HoursState(state="closed"), "现在出发，11:45 左右到，到时已关门。", "Leaving now you get there at about 11:45; it will be closed."),
        (HoursState(state="unknown", reason="hours_unknown"), "现在出发，11:45 左右到；办公时间未知，去前先打电话。", "Leaving now you get there at about 11:45; its hours are not known: call first."),
    ],
)  # fmt: skip
def test_sentences(state: HoursState, zh: str, en: str) -> None:
    asked: list[datetime] = []

    def evaluate(moment: datetime) -> HoursState:
        asked.append(moment)
        return state

    arrival = find_arrival(route(900), NOW, evaluate, timezone="Asia/Shanghai")
    assert arrival is not None and asked == [NOW + timedelta(minutes=15)]
    assert say_arrival(arrival, "zh") == zh and say_arrival(arrival, "en") == en


def test_the_clock_is_the_offices() -> None:
    arrival = find_arrival(
        route(0),
        datetime.fromisoformat("2026-11-23T02:00:00+00:00"),
        lambda _: HoursState(state="open"),
        timezone="Asia/Urumqi",
    )
    assert arrival is not None and f"{arrival.at:%H:%M}" == "08:00"


def test_a_straight_line_has_no_arrival() -> None:
    line, state = straight_line((117, 36), (117.1, 36)), HoursState(state="open")
    assert find_arrival(line, NOW, lambda _: state, timezone="Asia/Shanghai") is None


def test_gaps_worth_telling_are_told() -> None:
    assert say_gaps(route(1, start_m=180, end_m=12), "zh") == ("路线的起点离你约 180 米。",)
    assert say_gaps(route(1, start_m=1110, end_m=90), "en") == (
        "The route starts about 1.1 km from you.",
        "The route ends about 90 m from the destination.",
    )
    assert say_gaps(route(1, start_m=20), "zh") == ()


def test_who_learns_the_positions_is_said() -> None:
    assert say_sent_to("restapi.amap.com", "zh") == "查这条路线会把起点和终点发给restapi.amap.com。"
