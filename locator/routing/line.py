"""The straight line: what can be said without a road map, and said as the estimate it is.

A line is never drawn or read like a route: its engine is ``line``, it has no duration, and its one step
says that the way by road is longer.
"""

from __future__ import annotations

from locator.i18n import text
from locator.model import Mode, Route, Step
from locator.routing.positions import LonLat, check_position, measure

ENGINE = "line"
HERE_M = 15.0
"""Closer than this a bearing says nothing: the person is there."""
POINTS = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
"""Compass points clockwise from north; their words are ``routing.compass.<point>``."""


def compass_point(bearing: float) -> str:
    """Return the code in :data:`POINTS` of a bearing in degrees from north."""
    return POINTS[round(bearing % 360 / 45) % 8]


def say_direction(bearing: float, lang: str) -> str:
    """Return a bearing as a word: 东北, north-east."""
    return text(f"routing.compass.{compass_point(bearing)}", lang)


def say_distance(metres: float, lang: str) -> str:
    """Return a distance as somebody would say it: 约 350 米, about 1.2 km.

    Rounded to 10 m below 300 m, to 50 m below 1 km, to 100 m below 10 km, to 1 km above; never to nothing.
    """
    if round(metres / 50) * 50 < 1000:
        grain = 10 if metres < 295 else 50
        return text("routing.about_m", lang, n=max(10, round(metres / grain) * grain))
    tenths = round(metres / 1000, 1)
    return text(
        "routing.about_km", lang, n=f"{tenths:.1f}".removesuffix(".0") if tenths < 10 else f"{metres / 1000:.0f}"
    )


def say_duration(seconds: float, lang: str) -> str:
    """Return a duration as somebody would say it: 5 分钟, 1 hour 10 minutes."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return text("routing.under_minute", lang)
    hours, rest = divmod(minutes, 60)
    said = [_count("hour", hours, lang)] if hours else []
    if rest:
        said.append(_count("minute", rest, lang))
    return " ".join(said)


def _count(unit: str, n: int, lang: str) -> str:
    return text(f"routing.{unit}" if n == 1 else f"routing.{unit}s", lang, n=n)


def straight_line(
    origin: LonLat, target: LonLat, mode: Mode = Mode.WALK, lang: str = "zh", *, because: str = ""
) -> Route:
    """Return the geodesic between two positions as a route that says it is none.

    Parameters
    ----------
    origin, target
        WGS-84 (lon, lat) in degrees.
    mode
        Carried through; a straight line has no duration in any mode.
    because
        A sentence in ``lang`` to say first: why there is no route.

    Raises
    ------
    InvalidInput
        A position that is none.
    """
    start, end = check_position(*origin), check_position(*target)
    metres, bearing = measure(start, end)
    if metres < HERE_M:
        said = text("routing.line_here", lang)
    else:
        said = text("routing.line", lang, direction=say_direction(bearing, lang), distance=say_distance(metres, lang))
    said = text("routing.line_because", lang, because=because, line=said) if because else said
    step = Step(text=said, distance_m=metres, duration_s=0.0, lon=end[0], lat=end[1])
    return Route(engine=ENGINE, mode=mode, distance_m=metres, duration_s=None, line=(start, end), steps=(step,))
