"""What came of the searches, counted for the operator: kinds of outcome only, nothing of what was asked."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from locator.model import Answer

OUTCOMES = ("answered", "nothing_near", "ambiguous_place", "place_not_found")
"""What an answer can be; a search that failed counts under its error's code."""


class SearchMetrics:
    """How many searches ended how, since the process started; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = Counter(dict.fromkeys(OUTCOMES, 0))

    def count(self, outcome: str) -> None:
        """Count one search."""
        with self._lock:
            self._counts[outcome] += 1

    def read(self) -> Mapping[str, int]:
        """Return the counts so far, by outcome."""
        with self._lock:
            return dict(self._counts)


def outcome_of(answer: Answer) -> str:
    """Return which of :data:`OUTCOMES` an answer is."""
    if answer.hits:
        return "answered"
    if answer.place is not None:
        return "nothing_near"
    return "ambiguous_place" if answer.candidates else "place_not_found"
