"""Lengths, distances, durations and dates as a person says them, in the words of ``locales/<lang>/wording.yaml``.

Nothing is said more finely than it is known: a distance that is smaller than its error is "nearby" or
"within about 5 km", never "0 m", and a distance from a place known to 5 km is never "about 2 km".
"""

from __future__ import annotations

import math
from datetime import date, datetime

from locator.i18n import text

HERE_M = 15.0
"""A shorter distance is not told: a building is wider."""
OLD_YEARS = 2
"""From this age on a row says that it may have changed; from one year on it carries a sign."""
NEARBY_M = 300.0
"""Up to this error a distance within it is "nearby"; from a wider one its size has to be told."""


def say_length(metres: float, lang: str) -> str:
    """Return a length in words: to 10 m below a kilometre, to 100 m below ten, to 1 km above; at least 1 m."""
    if metres < 995:
        return text("wording.metres", lang, n=max(1, int(round(metres, -1 if metres >= 10 else 0))))
    return text(
        "wording.kilometres",
        lang,
        n=f"{metres / 1000:.1f}".removesuffix(".0") if metres < 9950 else f"{metres / 1000:,.0f}",
    )


def say_rough_length(metres: float, lang: str) -> str:
    """Return a length as somebody would say it on the way: 约 350 米, about 1.2 km.

    Rounded to 10 m below 300 m, to 50 m below 1 km, to 100 m below 10 km, to 1 km above; never to nothing.
    """
    if round(metres / 50) * 50 < 1000:
        grain = 10 if metres < 295 else 50
        rounded = float(max(10, round(metres / grain) * grain))
    else:
        rounded = round(metres, -2 if metres < 9950 else -3)
    return text("wording.about", lang, length=say_length(rounded, lang))


def say_distance(metres: float, lang: str, *, approximate: bool = False, error_m: float | None = None) -> str:
    """Return how far somewhere is, no more finely than it is known.

    Parameters
    ----------
    approximate
        Whether one of the two ends is known roughly only.
    error_m
        How far the distance may be wrong, in metres; None when no source says.
    """
    error = error_m or 0.0
    if metres < max(HERE_M, min(error, NEARBY_M)):
        return text("wording.nearby", lang) if error <= NEARBY_M else _within(error, lang)
    if not approximate:
        return say_length(metres, lang)
    if metres < error:
        return _within(error, lang)
    rounded = metres if metres < 1000 else round(metres, -3)
    if rounded < error:
        rounded = math.ceil(metres / 1000) * 1000.0
    return text("wording.about", lang, length=say_length(rounded, lang))


def _within(error_m: float, lang: str) -> str:
    return text("wording.within", lang, length=say_length(error_m, lang))


def say_duration(seconds: float, lang: str) -> str:
    """Return a duration as somebody would say it: 5 分钟, 1 hour 10 minutes."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return text("wording.under_minute", lang)
    hours, rest = divmod(minutes, 60)
    said = [_count("hour", hours, lang)] if hours else []
    if rest:
        said.append(_count("minute", rest, lang))
    return " ".join(said)


def _count(unit: str, n: int, lang: str) -> str:
    return text(f"wording.{unit}" if n == 1 else f"wording.{unit}s", lang, n=n)


def say_day(day: date, lang: str, *, year: bool = False) -> str:
    """Return ``10月8日（周四）`` or ``Thu 8 Oct``, with the year when asked."""
    weekday = text("wording.weekdays", lang).split()[day.weekday()]
    month = text("wording.months", lang).split()[day.month - 1]
    key = "wording.day_year" if year else "wording.day"
    return text(key, lang, weekday=weekday, month=month, day=day.day, year=day.year)


def say_moment(moment: datetime, at: datetime, lang: str) -> str:
    """Return a moment as a person at ``at`` says it: ``12:00``, ``tomorrow 09:00``, ``Thu 8 Oct 09:00``."""
    days = (moment.date() - at.date()).days
    clock = f"{moment:%H:%M}"
    if days == 0:
        return clock
    if days == 1:
        return text("wording.tomorrow", lang, clock=clock)
    return text("wording.on_day", lang, day=say_day(moment.date(), lang, year=moment.year != at.year), clock=clock)


def say_date(written: str, lang: str) -> str:
    """Return a source's date (``2018-07-25``, ``2018-07``, ``2018``) as this language writes it.

    What is no date is returned as it is: a source may have written anything.
    """
    parts = written.split("-")
    if not 1 < len(parts) <= 3 or not all(part.isascii() and part.isdecimal() for part in parts):
        return written
    month = int(parts[1])
    if not 1 <= month <= 12:
        return written
    name = text("wording.month_names", lang).split()[month - 1]
    if len(parts) == 2:
        return text("wording.date_month", lang, month=name, year=parts[0])
    return text("wording.date", lang, day=int(parts[2]), month=name, year=parts[0])


class Translator:
    """The texts of the page (``locales/<lang>/page.yaml``) in one language, and what is said with numbers in it."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def __call__(self, key: str, **params: object) -> str:
        """Return a text of the page."""
        return text(f"page.{key}", self.lang, **params)

    def count(self, key: str, n: int, **params: object) -> str:
        """Return a text of the page with a number in it; one has a text of its own (``key.one``)."""
        return self(f"{key}.one", **params) if n == 1 else self(key, n=n, **params)

    def name(self, what: str, value: str) -> str:
        """Return the name of a kind, task, person, precision, mode or datum."""
        return text(f"names.{what}.{value}", self.lang)

    def length(self, metres: float) -> str:
        """Return a length in words."""
        return say_length(metres, self.lang)

    def duration(self, seconds: float) -> str:
        """Return a duration in words, to the minute."""
        return say_duration(seconds, self.lang)

    def date(self, date: str) -> str:
        """Return ``2018-07-25``, ``2018-07`` or ``2018`` as a person of this language writes it."""
        return say_date(date, self.lang)


def age_years(date: str | None, now: datetime) -> float | None:
    """Return how old a source's date is in years; None when it is not known."""
    if not date:
        return None
    parts = date.split("-")
    if not all(part.isdecimal() for part in parts):
        return None
    year, month = int(parts[0]), int(parts[1]) if len(parts) > 1 else 6
    return now.year - year + (now.month - month) / 12
