"""The way to a point: routes, travel times, the straight line, and links into navigation apps."""

from locator.routing.links import APPS, SEARCH_APPS, Link, LinkMode, address_for_driver, links, map_searches
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
