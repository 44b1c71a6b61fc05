"""The way to a point: routes, travel times, the straight line, and links into navigation apps.

But for the links, its names are imported when they are asked for: a link needs no engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from locator import import_when_asked
from locator.routing.links import APPS, SEARCH_APPS, Link, LinkMode, address_for_driver, links, map_searches

if TYPE_CHECKING:
    from locator.routing.narrative import (
        Arrival,
        find_arrival,
        say_arrival,
        say_direction,
        say_gaps,
        say_sent_to,
    )
    from locator.routing.osm_files import download_extract
    from locator.routing.router import Router, open_router, route_or_line, straight_line
    from locator.routing.tiles import build_tiles

__all__ = [
    "APPS",
    "SEARCH_APPS",
    "Arrival",
    "Link",
    "LinkMode",
    "Router",
    "address_for_driver",
    "build_tiles",
    "download_extract",
    "find_arrival",
    "links",
    "map_searches",
    "open_router",
    "route_or_line",
    "say_arrival",
    "say_direction",
    "say_gaps",
    "say_sent_to",
    "straight_line",
]
_HOMES = {
    "Arrival": "narrative", "find_arrival": "narrative", "say_arrival": "narrative", "say_direction": "narrative",
    "say_gaps": "narrative", "say_sent_to": "narrative", "download_extract": "osm_files", "Router": "router",
    "open_router": "router", "route_or_line": "router", "straight_line": "router", "build_tiles": "tiles",
}  # fmt: skip
__getattr__ = import_when_asked(__name__, _HOMES)
