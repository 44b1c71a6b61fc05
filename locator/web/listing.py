"""What every part of one list of results knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from locator.model import EXACT, Hit, Route
from locator.web.state import PageState
from locator.web.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class ListContext:
    """What every card of one list needs."""

    words: Words
    state: PageState
    at: datetime
    """The moment open and closed were told at."""
    chosen: str | None
    guide: Mapping[str, Any] | None
    report: Callable[[str], str | None] | None = None
    """Gives the address where an error in a point's row is reported; None where the page takes it itself."""
    reported: str | None = None
    """The point whose error was just reported."""
    ranks: Mapping[str, int]
    """The number of each point in this list, by id."""
    share: str
    """The address that a copied link carries, without the point's id."""
    route: Route | None = None
    """The way to the chosen point, for its print sheet."""


def is_pinned(hit: Hit) -> bool:
    """Tell whether a hit has a pin on the map: only where its position is exact."""
    return hit.point.position in EXACT and hit.point.lon is not None and hit.point.lat is not None
