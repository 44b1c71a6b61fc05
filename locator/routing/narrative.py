"""Turn-by-turn words in Chinese and English, the same for every engine.

An engine's manoeuvres become :class:`Manoeuvre` records with one of the :data:`CODES`; the sentences are
in ``locator/locales/<lang>/routing.yaml``: ``step.<code>`` and, where a street may follow,
``step.<code>.on``. No engine knows Chinese well enough: Valhalla has no Chinese at all, and answers
``zh-CN`` in English without a word about it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from locator.i18n import load_catalogue, text
from locator.model import Step
from locator.routing.line import say_direction, say_distance, say_duration
from locator.routing.names import StreetNames

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
    distance = say_distance(distance_m, lang)
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
