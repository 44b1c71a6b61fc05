"""What a rule's own comment says: a remark, or the last ticket."""

from __future__ import annotations

import re

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
