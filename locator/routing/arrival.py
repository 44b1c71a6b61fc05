"""Whether the office will still be open when the person gets there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from locator.i18n import text
from locator.model import HoursState, Route
from locator.routing.line import say_distance

TIGHT = timedelta(minutes=30)
"""Less than this between arriving and closing is said in minutes: a queue may take longer."""


class Arrival(NamedTuple):
    """When the person gets there and what they find."""

    at: datetime
    """In the office's zone."""
    state: HoursState
    """The office at that moment."""


def find_arrival(
    route: Route, now: datetime, evaluate: Callable[[datetime], HoursState], *, timezone: str = "Asia/Shanghai"
) -> Arrival | None:
    """Return the arrival of somebody who leaves now, or None where the route has no duration (a straight line).

    Parameters
    ----------
    now
        Aware.
    evaluate
        Returns the office's state at a moment: ``HoursClock.evaluate`` with everything else filled in.
    """
    if route.duration_s is None:
        return None
    at = (now + timedelta(seconds=route.duration_s)).astimezone(ZoneInfo(timezone))
    return Arrival(at, evaluate(at))


def say_arrival(arrival: Arrival, lang: str) -> str:
    """Return one sentence: 10:25 左右到，到时还开着。/ You get there at about 10:25; it will be open."""
    state, clock = arrival.state, f"{arrival.at:%H:%M}"
    if state.state == "unknown":
        return text("routing.arrival_unknown", lang, clock=clock)
    if state.state == "open":
        left = None if state.until is None else state.until - arrival.at
        if left is not None and left <= TIGHT:
            return text("routing.arrival_tight", lang, clock=clock, minutes=max(0, int(left.total_seconds() // 60)))
        return text("routing.arrival_open", lang, clock=clock)
    if state.until is None:
        return text("routing.arrival_closed", lang, clock=clock)
    opens = state.until.astimezone(arrival.at.tzinfo)
    if opens.date() == arrival.at.date():
        return text("routing.arrival_closed_until", lang, clock=clock, opens=f"{opens:%H:%M}")
    return text("routing.arrival_closed_day", lang, clock=clock, day=f"{opens:%Y-%m-%d}", opens=f"{opens:%H:%M}")


def say_gaps(route: Route, lang: str, *, worth_m: float = 50.0) -> tuple[str, ...]:
    """Return sentences on how far from the person the route starts, and how far from the office it ends."""

    gaps = (("routing.gap_start", route.gap_start_m), ("routing.gap_end", route.gap_end_m))
    return tuple(text(code, lang, distance=say_distance(gap, lang)) for code, gap in gaps if gap >= worth_m)


def say_sent_to(sent_to: str, lang: str) -> str:
    """Return the sentence that tells who learns the two positions of a route."""
    return text("routing.sent_to", lang, who=sent_to)
