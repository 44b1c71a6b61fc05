"""The clock on an office's wall: its zone, and what happens when clocks are put forward or back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from locator.hours.day import Scope


class Moment(NamedTuple):
    """An instant as the office's clock shows it."""

    at: datetime
    """Aware, in the office's zone."""
    zone: ZoneInfo
    scope: Scope

    @property
    def minute(self) -> int:
        """Minutes since midnight by the clock on the wall."""
        return self.at.hour * 60 + self.at.minute


def first_shown(day: date, minute: int, now: Moment) -> datetime:
    """Return the instant at which the clock on the wall first shows a time, not before now."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    at = wall.replace(tzinfo=now.zone)
    if at.astimezone(UTC).astimezone(now.zone).replace(tzinfo=None) != wall:
        before = Moment(at.replace(fold=1).astimezone(UTC).astimezone(now.zone), now.zone, now.scope)
        turn = clock_change(before)
        return turn.at if turn else at
    return at if at.astimezone(UTC) > now.at.astimezone(UTC) else at.replace(fold=1)


def clock_change(now: Moment, hours: int = 3) -> Moment | None:
    """Return when the zone's clocks are next put forward or back, if within some hours."""
    start = now.at.astimezone(UTC)
    offsets = [(start + timedelta(minutes=n)).astimezone(now.zone) for n in (0, hours * 60)]
    if offsets[0].utcoffset() == offsets[1].utcoffset():
        return None
    low, high = 0, hours * 60
    while high - low > 1:
        middle = (low + high) // 2
        same = (start + timedelta(minutes=middle)).astimezone(now.zone).utcoffset() == offsets[0].utcoffset()
        low, high = (middle, high) if same else (low, middle)
    turn = (start + timedelta(minutes=high)).replace(second=0, microsecond=0)
    return now._replace(at=turn.astimezone(now.zone))
