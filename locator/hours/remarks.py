"""What to say beside a state: an office's own remark, its last ticket, the age of its hours."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from locator.hours.plan import Piece
from locator.hours.rules import State

_LAST_TICKET = re.compile(r"取号|last ticket|ticket", re.IGNORECASE)
_CLOCK = re.compile(r"(\d{1,2})[:：](\d{2})")
_BEFORE = re.compile(r"(\d+)\s*(?:分钟|min)", re.IGNORECASE)


def comment_notes(here: Piece, minute: int) -> list[str]:
    """Say an open office's own remark, or its last ticket when the remark states one."""
    if here.state is not State.OPEN or not here.comment:
        return []
    if not _LAST_TICKET.search(here.comment):
        return [f"comment:{here.comment}"]
    stated = [int(h) * 60 + int(m) for h, m in _CLOCK.findall(here.comment)]
    before = _BEFORE.search(here.comment)
    last = next((t for t in stated if here.start <= t <= here.end), here.end - int(before[1]) if before else None)
    if last is None:
        return [f"comment:{here.comment}"]
    return [f"{'last_ticket_over' if minute >= last else 'last_ticket'}:{last // 60:02d}:{last % 60:02d}"]


STALE_DAYS = 365
"""Hours whose source is older are said to be old."""


def is_stale(hours_date: str | None, at: datetime, *, days: int = STALE_DAYS) -> bool:
    """Return whether hours of a date (``2018-07-25``, ``2018-07``, ``2018``) are old; no date is not said to be."""
    if not hours_date or not hours_date[:4].isdigit():
        return False
    parts = [int(part) for part in hours_date[:10].split("-") if part.isdigit()]
    try:
        # a month or a year counts from its end: the source may be that young
        last = date(parts[0], 12, 31) if len(parts) == 1 else date(*parts) if len(parts) == 3 else _month_end(*parts)
    except (ValueError, TypeError):
        return False
    return (at.date() - last).days > days


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
