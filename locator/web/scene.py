"""From an answer to what the map shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from locator.hours import describe
from locator.model import EXACT, Hit, Place, Route, ServicePoint
from locator.outputs.folium_map import MapData, MapOrigin, Pin
from locator.outputs.shapes import say_hit_distance
from locator.web.listing import is_pinned
from locator.web.state import PageState
from locator.web.words import Words

_CONTROLS = (
    "title", "zoom_in", "zoom_out", "fit", "pick", "pick_hint", "two_fingers", "tiles_failed", "no_tiles",
    "legend_origin", "legend_pin", "legend_way", "legend_estimate", "legend_cluster",
)  # fmt: skip


def read_controls(words: Words) -> dict[str, str]:
    """Return what the map's own controls say."""
    said = {name: words(f"map.{name}") for name in _CONTROLS}
    return said | {"cluster": words("map.cluster", n="{n}"), "comma": words("comma")}


def make_pin(hit: Hit, words: Words, at: datetime) -> Pin:
    """Return a hit's pin: the number of the list, and the same words."""
    point = hit.point
    lines = (
        say_hit_distance(hit, words.lang),
        words.name("kind", point.kind),
        point.address,
        describe(hit.status, at, words.lang),
    )
    return Pin(
        id=point.id,
        label=str(hit.rank),
        name=point.name,
        lines=tuple(line for line in lines if line),
        state=hit.status.state,
        lon=point.lon or 0.0,
        lat=point.lat or 0.0,
    )


def make_origin(place: Place, words: Words) -> MapOrigin | None:
    """Return where the person is, or None when that has no position."""
    if place.lon is None or place.lat is None:
        return None
    return MapOrigin(label=words("map.origin", label=place.label), lon=place.lon, lat=place.lat, error_m=place.error_m)


def make_scene(
    place: Place | None,
    hits: Sequence[Hit],
    *,
    chosen: Hit | None,
    route: Route | None,
    state: PageState,
    at: datetime,
) -> MapData:
    """Return the scene of an answer: its pins, the origin, and the way to the chosen point."""
    words = Words(state.lang)
    label = ""
    if route is not None and route.engine == "line":
        label = words("map.line_label", length=words.length(route.distance_m))
    return MapData(
        pins=tuple(make_pin(hit, words, at) for hit in hits if is_pinned(hit)),
        origin=make_origin(place, words) if place else None,
        chosen=chosen.point.id if chosen else None,
        line=route.line if route else (),
        line_is_estimate=route is None or route.engine == "line",
        line_label=label,
        steps=find_steps(route) if route is not None and route.engine != "line" else (),
        texts=read_controls(words),
        lang=state.lang,
        large=state.large,
    )


def find_steps(route: Route) -> tuple[int, ...]:
    """Return where in a route's line each of its steps begins; a step never begins before the one ahead of it."""
    found: list[int] = []
    for step in route.steps:
        start = found[-1] if found else 0
        try:
            found.append(route.line.index((step.lon, step.lat), start))
        except ValueError:  # an engine whose steps begin beside the line
            away = [(lon - step.lon) ** 2 + (lat - step.lat) ** 2 for lon, lat in route.line[start:]]
            found.append(start + away.index(min(away)))
    return tuple(found)


def make_overview(points: Sequence[ServicePoint], state: PageState) -> MapData:
    """Return the scene of a list of centers: every exact position, without numbers."""
    words = Words(state.lang)
    pins = tuple(
        Pin(
            id=point.id,
            label="",
            name=point.name,
            lines=tuple(line for line in (words.name("kind", point.kind), point.address) if line),
            state="unknown",
            lon=point.lon,
            lat=point.lat,
        )
        for point in points
        if point.position in EXACT and point.lon is not None and point.lat is not None
    )
    texts = read_controls(words) | {"legend_pin": words("map.legend_center")}
    return MapData(pins=pins, texts=texts, lang=state.lang, large=state.large)
