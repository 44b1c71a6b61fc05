"""Words for people: the page's texts in one language, and lengths, dates and durations in words."""

from __future__ import annotations

from datetime import datetime

from locator.i18n import text
from locator.wording import say_date, say_duration, say_length

OLD_YEARS = 2
"""From this age on a row says that it may have changed; from one year on it carries a sign."""


class Translator:
    """The texts of ``locales/<lang>/page.yaml`` and what is said with numbers."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def __call__(self, key: str, **params: object) -> str:
        """Return a text of the page."""
        return text(f"page.{key}", self.lang, **params)

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
