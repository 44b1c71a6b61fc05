"""A route in words, Chinese and English, the same for every engine.

An engine's manoeuvres become :class:`Manoeuvre` records with one of the :data:`CODES`; the sentences are
in ``locator/locales/<lang>/routing.yaml``: ``step.<code>`` and, where a street may follow,
``step.<code>.on``. No engine knows Chinese well enough: Valhalla has no Chinese at all, and answers
``zh-CN`` in English without a word about it.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from locator.datum import distance_m
from locator.i18n import load_catalogue, text
from locator.model import HoursState, Mode
from locator.routing.route import LonLat, Route, Step
from locator.wording import HERE_M, say_duration, say_rough_length

MAX_POINTS = 200_000
CODES = (
    "none", "start", "start_right", "start_left", "destination", "destination_right", "destination_left",
    "becomes", "continue", "slight_right", "right", "sharp_right", "uturn_right", "uturn_left", "sharp_left",
    "left", "slight_left", "ramp_straight", "ramp_right", "ramp_left", "exit_right", "exit_left",
    "stay_straight", "stay_right", "stay_left", "merge", "roundabout_enter", "roundabout_exit",
    "ferry_enter", "ferry_exit", "transit", "transit_transfer", "transit_remain_on",
    "transit_connection_start", "transit_connection_transfer", "transit_connection_destination",
    "post_transit_connection_destination", "merge_right", "merge_left", "elevator_enter", "steps_enter",
    "escalator_enter", "building_enter", "building_exit", "level_change", "park_vehicle",
)  # fmt: skip
"""Every manoeuvre, in the order of Valhalla's numbers (``DirectionsLeg.Maneuver.Type`` of 3.9)."""
ARRIVALS = frozenset({"destination", "destination_right", "destination_left"})
_NEARLY_NOTHING_M = 1.0
_LONG_ENOUGH_TO_TIME_S = 60.0
_ROAD_NUMBER = re.compile(r"[A-Z]{1,3} ?-?\d{1,4}[A-Z]?")
_NAME_LENGTH = 60
WORTH_SAYING_M = 50.0
"""A shorter gap between a position and the route is not mentioned."""
POINTS = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
"""Compass points clockwise from north; their words are ``routing.compass.<point>``."""
TIGHT = timedelta(minutes=30)
"""Less than this between arriving and closing is said in minutes: a queue may take longer."""


# ---- amounts and directions


def say_direction(bearing: float, lang: str) -> str:
    """Return a bearing in degrees from north as a word: 东北, north-east."""
    return text(f"routing.compass.{POINTS[round(bearing % 360 / 45) % 8]}", lang)


# ---- street names


@dataclass(frozen=True, slots=True)
class StreetNames:
    """For each language, what a ``name`` is called in it."""

    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def say(self, name: str, lang: str) -> str:
        """Return the name in ``lang`` where the map has one, else as it is on the sign."""
        return self.tables.get(lang, {}).get(name, name)


NO_NAMES = StreetNames()


def write_street_names(names: StreetNames, path: Path) -> None:
    """Write the table as JSON."""
    path.write_text(json.dumps(names.tables, ensure_ascii=False, indent=0), "utf-8")


def load_street_names(path: Path) -> StreetNames:
    """Read the table; a missing or broken one is an empty one, for a route without it is still a route."""
    try:
        tables = json.loads(path.read_text("utf-8"))
        return StreetNames({str(lang): {str(k): str(v) for k, v in table.items()} for lang, table in tables.items()})
    except (OSError, ValueError, AttributeError):
        return StreetNames()


# ---- manoeuvres


@dataclass(frozen=True, slots=True, kw_only=True)
class Manoeuvre:
    """What an engine says happens at one place, before it is put into words."""

    code: str
    lon: float
    lat: float
    distance_m: float
    """To the next manoeuvre."""
    duration_s: float
    streets: tuple[str, ...] = ()
    """Names of the street taken, as the map has them; the first is the one on the sign."""
    bearing: float | None = None
    """Degrees from north after the manoeuvre, where the engine tells."""
    exit_count: int | None = None
    """Which exit of a roundabout."""
    toward: str | None = None
    """Where the sign at a ramp or exit points."""


def clean_words(words: object) -> str:
    """Return a name from a map or a service as one short line without control characters."""
    line = "".join(" " if unicodedata.category(sign).startswith(("C", "Z")) else sign for sign in str(words))
    return " ".join(line.split())[:_NAME_LENGTH]


def pick_street(streets: Iterable[str], names: StreetNames, lang: str) -> str | None:
    """Return the street's name for a reader: a name before a road number, in the reader's language if known."""
    cleaned = [name for name in map(clean_words, streets) if name]
    named = [name for name in cleaned if not _ROAD_NUMBER.fullmatch(name)]
    for name in named or cleaned:
        return clean_words(names.say(name, lang))
    return None


def say_amount(distance_m: float, duration_s: float, lang: str) -> str:
    """Return 约 350 米，5 分钟 / about 350 m, 5 minutes; a stretch of less than a minute without its time."""
    distance = say_rough_length(distance_m, lang)
    if duration_s < _LONG_ENOUGH_TO_TIME_S:
        return distance
    return text("routing.amount", lang, distance=distance, duration=say_duration(duration_s, lang))


def say_action(step: Manoeuvre, names: StreetNames, lang: str) -> str:
    """Return what to do, without how far: 右转进入延龄巷, Turn right onto Yanling Lane."""
    texts, code = load_catalogue(lang), step.code if step.code in CODES else "continue"
    key, values = f"routing.step.{code}", dict[str, object]()
    if code.startswith("start"):
        key += "" if step.bearing is None else ".heading"
        values["direction"] = "" if step.bearing is None else say_direction(step.bearing, lang)
    if code == "roundabout_enter" and step.exit_count:
        key, values["n"] = key + ".exit", step.exit_count
    street = pick_street(step.streets, names, lang)
    if street and key + ".on" in texts:
        key, values["street"] = key + ".on", street
    said = text(key, lang, **values) if values else texts[key]
    toward = clean_words(names.say(clean_words(step.toward), lang)) if step.toward else ""
    return said + text("routing.toward", lang, toward=toward) if toward else said


def say_step(step: Manoeuvre, names: StreetNames, lang: str) -> str:
    """Return one manoeuvre as one sentence that reads aloud: what to do, then how far and how long."""
    action = say_action(step, names, lang)
    if step.code in ARRIVALS or step.distance_m < _NEARLY_NOTHING_M:
        return text("routing.sentence", lang, action=action)
    amount = say_amount(step.distance_m, step.duration_s, lang)
    return text("routing.sentence_amount", lang, action=action, amount=amount)


def to_steps(manoeuvres: Iterable[Manoeuvre], names: StreetNames, lang: str) -> tuple[Step, ...]:
    """Return the manoeuvres in words, in their order."""
    return tuple(
        Step(
            text=say_step(step, names, lang),
            distance_m=step.distance_m,
            duration_s=step.duration_s,
            lon=step.lon,
            lat=step.lat,
        )
        for step in manoeuvres
    )


# ---- routes


def finite(value: Any) -> float:
    """Return a number that is not negative, or ValueError.

    Raises
    ------
    ValueError
        Not a number, not finite, or below zero.
    """
    number = float(value)
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"{number} is no distance or duration")
    return number


def check_line(line: Sequence[LonLat]) -> list[LonLat]:
    """Return the line if it is one on the globe: at least one point, not beyond any sense.

    Raises
    ------
    ValueError
        No point, too many, or one that is not on the globe.
    """
    if not 1 <= len(line) <= MAX_POINTS:
        raise ValueError(f"a line of {len(line)} points")
    if not all(-180 <= lon <= 180 and -90 <= lat <= 90 for lon, lat in line):
        raise ValueError("a line that leaves the globe")
    return list(line)


def make_route(
    *, engine: str, mode: Mode, ends: tuple[LonLat, LonLat], line: Sequence[LonLat],
    manoeuvres: Sequence[Manoeuvre], length_m: float, duration_s: float, lang: str, names: StreetNames = NO_NAMES,
) -> Route:  # fmt: skip
    """Return a route with its words, and with how far it starts and ends from where it was asked."""
    (x1, y1), (x2, y2) = ends
    first, last = line[0], line[-1]
    here = Step(text=text("routing.line_here", lang), distance_m=length_m, duration_s=duration_s, lon=x2, lat=y2)
    shape = (first, last) if len(line) == 1 else tuple(line)
    return Route(
        engine=engine,
        mode=mode,
        distance_m=length_m,
        duration_s=duration_s,
        line=tuple(shape),
        steps=(here,) if length_m < HERE_M else to_steps(manoeuvres, names, lang),
        gap_start_m=float(distance_m(x1, y1, *first)),
        gap_end_m=float(distance_m(x2, y2, *last)),
    )


# ---- arriving


class Arrival(NamedTuple):
    """When the person gets there and what they find."""

    at: datetime
    """In the office's zone."""
    state: HoursState
    """The office at that moment."""


def find_arrival(
    route: Route, now: datetime, evaluate: Callable[[datetime], HoursState], *, timezone: str
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


def say_gaps(route: Route, lang: str) -> tuple[str, ...]:
    """Return sentences on how far from the person the route starts, and how far from the office it ends."""
    gaps = (("routing.gap_start", route.gap_start_m), ("routing.gap_end", route.gap_end_m))
    return tuple(text(code, lang, distance=say_rough_length(gap, lang)) for code, gap in gaps if gap >= WORTH_SAYING_M)


def say_sent_to(sent_to: str, lang: str) -> str:
    """Return the sentence that tells who learns the two positions of a route."""
    return text("routing.sent_to", lang, who=sent_to)
