"""Suggestions while a person types; never a service, never more than a few milliseconds."""

from __future__ import annotations

from locator.gazetteer.places import Places
from locator.gazetteer.records import Suggestion


class Suggester:
    """Suggestions of an index."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def suggest(self, prefix: str, codes: tuple[str, ...], limit: int) -> list[Suggestion]:
        """Return the likeliest continuations."""
        return []
